"""THE TERMINAL. Textual lives here and nowhere else."""
