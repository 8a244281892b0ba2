"""Complaints that come as a list: of another system, or of the years before this one."""
