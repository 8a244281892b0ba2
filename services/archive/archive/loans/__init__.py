"""Loans: papers that leave the archive for three days at most."""
