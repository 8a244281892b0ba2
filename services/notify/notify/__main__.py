"""`python -m notify all|api|worker|relay|migrate|…`."""

from chassis.service import main

from notify.app import service

main(service)
