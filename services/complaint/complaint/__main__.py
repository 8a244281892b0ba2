"""`python -m complaint all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("complaint.app")
