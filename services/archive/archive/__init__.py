"""The archive of the group: dossiers and what is in them, who saw them, and the audit log."""
