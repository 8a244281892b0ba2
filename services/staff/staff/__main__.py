"""`python -m staff all|api|worker|relay|migrate|…`."""

from chassis.service import main

from staff.app import service

main(service)
