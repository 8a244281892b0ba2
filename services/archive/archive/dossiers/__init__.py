"""Dossiers: opened, filed, placed, classified, found."""
