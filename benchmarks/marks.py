"""The names of the events that measure, and nothing else: a measured client loads no more."""

START, MARK, END = "bench.start", "bench.mark", "bench.end"
