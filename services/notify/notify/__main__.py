"""`python -m notify all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("notify.app")
