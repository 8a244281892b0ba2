"""The tools of the repository itself."""
