"""投诉统计表: weekly and monthly statistics from facts with their times, frozen, filled in and reviewed."""
