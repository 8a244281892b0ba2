"""Six hundred real complaints through the running system, read back from whoever received something."""
