"""`python -m archive all|api|worker|relay|migrate|…`."""

from chassis.service import main

from archive.app import service

main(service)
