"""A service with one reaction and one local copy, as `python -m tests.bench.probed worker|all`: the plumbing alone."""

from __future__ import annotations

from chassis.handlers import Received, on
from chassis.ids import uuid7
from chassis.kit.probe import keep_copy, probe, probes
from chassis.service import main
from chassis.tx import Tx
from contracts.customer import CustomerChanged


@on(CustomerChanged)
def note_change(event: Received[CustomerChanged], tx: Tx) -> None:
    """The smallest effect: one row."""
    tx.insert(probes, id=uuid7(), notes=[event.key, event.sequence], version=1, sequence=event.sequence)


service = probe(reactions=[note_change], projections=[keep_copy])

if __name__ == "__main__":
    main(service)
