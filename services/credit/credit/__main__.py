"""`python -m credit all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("credit.app")
