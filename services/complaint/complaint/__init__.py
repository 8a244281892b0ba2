"""Complaints: taken once, numbered, matched to their customer, watched for repeats."""
