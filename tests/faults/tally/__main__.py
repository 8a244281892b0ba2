"""`python -m tests.faults.tally worker|migrate`."""

from chassis.service import main

from tests.faults.tally.app import service

main(service)
