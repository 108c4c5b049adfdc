"""HOW WE TALK: find the gateway, sign in, ask within a budget, act over a link of its own."""
