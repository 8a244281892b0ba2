"""`python -m customer all|api|worker|relay|migrate|…`."""

from chassis.service import main

from customer.app import service

main(service)
