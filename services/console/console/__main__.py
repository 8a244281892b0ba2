"""`python -m console all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("console.app")
