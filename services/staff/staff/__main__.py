"""`python -m staff all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("staff.app")
