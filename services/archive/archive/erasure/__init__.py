"""Erasure: the papers of a forgotten customer are unreadable for good."""
