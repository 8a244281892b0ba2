"""Customer files: opened, changed, found, read (P01.2, P01.4)."""
