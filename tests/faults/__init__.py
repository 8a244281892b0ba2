"""Proof under faults: real processes are killed and paused while complaints come in, then everything is counted."""
