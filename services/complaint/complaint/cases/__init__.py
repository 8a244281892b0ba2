"""Cases as they are kept: read, listed, found again."""
