"""Leave, and who acts meanwhile."""
