"""Misconduct of staff that a case has shown: proposed by its tier, decided, booked by staff."""
