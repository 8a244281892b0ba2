"""`python -m customer all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("customer.app")
