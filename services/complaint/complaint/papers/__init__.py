"""The papers of a case, read from the open case or printed for the archive: record form, investigation report."""
