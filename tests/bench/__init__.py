"""Measures the paths that must be fast, as ratios within one run: `make bench`."""
