"""`python -m complaint all|api|worker|relay|migrate|…`."""

from chassis.service import main

from complaint.app import service

main(service)
