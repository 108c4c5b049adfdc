"""Ratios of speed within one run: ``python -m benchmarks``. README.md says how to read them."""
