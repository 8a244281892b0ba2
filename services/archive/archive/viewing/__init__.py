"""Viewing: a dossier is opened to one person for a time, on request and reason."""
