"""Checks a case against customer data (P12.3): after its intake, and again when the customer appears later."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintMatched, ComplaintOpened
from contracts.customer import CustomerEntry

from complaint.case import CASES, Case
from complaint.matching.directory import bytes_of

RULES = ("P12.3",)

#: The one customer with this token; null where nobody has it, or more than one: a person decides then.
ONE_CUSTOMER = """(SELECT CASE WHEN count(*) = 1 THEN (array_agg(customer_id))[1] END
    FROM (SELECT DISTINCT customer_id FROM known_tokens WHERE token = {column} LIMIT 2) k)"""

#: Whose case it is: the caller's phone first, then the vehicle.
WHOSE = "coalesce({phone}, {plate}, {vin})".format(
    phone=ONE_CUSTOMER.format(column="c.phone_token"),
    plate=ONE_CUSTOMER.format(column="c.plate_token"),
    vin=ONE_CUSTOMER.format(column="c.vin_token"),
)

_UNMATCHED = f"""
SELECT id, customer FROM (
    SELECT c.id, {WHOSE} AS customer FROM cases c WHERE c.id = ANY($1::uuid[]) AND c.customer_id IS NULL
) c WHERE customer IS NOT NULL
"""  # noqa: S608

_WITH_TOKEN = f"""
SELECT id, customer FROM (
    SELECT c.id, {WHOSE} AS customer FROM cases c WHERE c.customer_id IS NULL AND (
        c.phone_token = ANY($1::bytea[]) OR c.plate_token = ANY($1::bytea[]) OR c.vin_token = ANY($1::bytea[]))
) c WHERE customer IS NOT NULL
"""  # noqa: S608


async def opened_and_unmatched(tx: Tx, events: Sequence[Received[ComplaintOpened]]) -> list[tuple[Case, UUID] | None]:
    """The opened cases that intake could not match and the directory knows by now."""
    unmatched = [e.said.case_id for e in events if e.said.customer_id is None]
    found = dict(list(await tx.driver.fetch(_UNMATCHED, unmatched))) if unmatched else {}
    cases = await tx.load(CASES, found)
    return [(cases[e.said.case_id], found[e.said.case_id]) if e.said.case_id in cases else None for e in events]


@on(ComplaintOpened, loads=opened_and_unmatched)
def match_opened_case(event: Received[ComplaintOpened], found: tuple[Case, UUID] | None, tx: Tx) -> None:
    """Look once more when the case is there for all: its customer may have come while it was written."""
    if found is not None:
        match(*found, event, tx)


async def cases_of_customer(tx: Tx, events: Sequence[Received[CustomerEntry]]) -> list[list[tuple[Case, UUID]]]:
    """For each entry: the unmatched cases with one of its tokens, and whose each is."""
    tokens = [{bytes_of(t.token) for t in e.said.tokens} for e in events]
    rows = dict(list(await tx.driver.fetch(_WITH_TOKEN, list(set().union(*tokens)))))
    cases = await tx.load(CASES, rows)
    return [
        [
            (case, rows[case.id])
            for case in cases.values()
            if rows[case.id] == e.said.customer_id and {case.phone_token, case.plate_token, case.vin_token} & its
        ]
        for e, its in zip(events, tokens, strict=True)
    ]


@on(CustomerEntry, loads=cases_of_customer)
def match_cases_of_customer(event: Received[CustomerEntry], found: list[tuple[Case, UUID]], tx: Tx) -> None:
    """A customer has come into the directory: the cases that waited for one are theirs."""
    for case, customer_id in found:
        match(case, customer_id, event, tx)


def match(case: Case, customer_id: UUID, event: Received[ComplaintOpened] | Received[CustomerEntry], tx: Tx) -> None:
    """Say whose case it is, once."""
    if case.matched(customer_id, tx.now):
        tx.publish(case, ComplaintMatched(case_id=case.id, customer_id=customer_id, matched_at=tx.now), at=event.time)
