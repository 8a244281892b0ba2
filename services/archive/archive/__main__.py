"""`python -m archive all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("archive.app")
