"""Who is on duty (P06.2)."""
