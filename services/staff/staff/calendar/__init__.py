"""The decreed holidays and make-up days, year by year."""
