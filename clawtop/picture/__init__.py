"""WHAT WE KNOW: frozen records kept by id in one store. No clock, no I/O, no screen."""
