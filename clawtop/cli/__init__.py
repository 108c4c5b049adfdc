"""THE SHELL: one small module a command; each builds a picture or a plan and prints it."""
