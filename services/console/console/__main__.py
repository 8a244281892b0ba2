"""`python -m console all|api|worker|relay|migrate|…`."""

from chassis.service import main

from console.app import service

main(service)
