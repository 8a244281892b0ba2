"""`python -m credit all|api|worker|relay|migrate|…`."""

from chassis.service import main

from credit.app import service

main(service)
