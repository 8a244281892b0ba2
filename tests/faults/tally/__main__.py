"""`python -m tests.faults.tally worker|migrate`."""

from chassis.start import start

start("tests.faults.tally.app")
