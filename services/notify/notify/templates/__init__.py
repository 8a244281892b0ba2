"""The words people are told, Chinese first: a reference, a link, what to do, and no personal data."""
