"""Hours of a busy night in minutes, and what is left of memory, tasks and file descriptors."""
