"""A case as others see it: in lists without persons, opened with what was taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.complaint import Match
from pydantic import BaseModel

from complaint.case import Case
from complaint.way import GATES


class CaseLine(BaseModel):
    """A case in a list: no name, no number of a person."""

    id: UUID
    number: str
    branch: str
    channel: str
    state: str
    taken_at: datetime
    brand: str
    series: str | None
    model: str | None
    text: str
    customer_id: UUID | None
    serious: bool
    serious_kinds: list[str]
    repeat_of: UUID | None
    merged_into: UUID | None
    path: str


class Judgement(BaseModel):
    """What was decided (P04.3), about what (P04.1), asked for by whom (P17.1); founded when reason and demand hold."""

    reason_holds: bool
    demand_holds: bool
    founded: bool
    by: str
    at: datetime
    respondent_department: str | None
    matter: str | None = None
    demands: list[str] = []
    claimant: str | None = None


class CaseView(CaseLine):
    """A case as its handlers open it; `caller` and `vehicle` are clear text, and that they were read is recorded."""

    region: str | None
    model_year: int | None
    fault_codes: list[str]
    match: Match
    matched_at: datetime | None
    directory_as_of: datetime | None
    serious_at: datetime | None
    caller: dict[str, str | None]
    vehicle: dict[str, str | None]
    words: str
    demand: str | None
    profile: str
    judgement: Judgement | None
    opinion: str | None
    respondent: str | None
    taken_by: str | None
    source: str | None
    held: dict[str, Any]
    version: int


class CaseProgress(BaseModel):
    """Where a case stands on its way, without persons but staff; answered by every step of the handling.

    `gates` are those that it must pass, in order, each with when it did.
    """

    id: UUID
    number: str
    branch: str
    state: str
    founded: bool | None
    level: str | None
    department: str | None
    handler: str | None
    participants: list[str]
    gates: dict[str, datetime | None]
    round: int
    reaction: str | None
    waiting_for_customer: bool
    closed_at: datetime | None
    held: dict[str, Any]
    path: str
    version: int


def progress_of(case: Case) -> CaseProgress:
    """Where the case stands."""
    return CaseProgress(
        id=case.id,
        number=case.number,
        branch=case.branch,
        state=case.state.value,
        founded=None if case.judgement is None else case.founded,
        level=case.level,
        department=case.department,
        handler=case.handler,
        participants=list(case.participants),
        gates={gate: None if at is None else datetime.fromisoformat(at) for gate, at in in_order(case.gates)},
        round=case.round,
        reaction=case.course.get("reaction"),
        waiting_for_customer="waiting_since" in case.course,
        closed_at=case.closed_at,
        held=case.held,
        path=f"/v1/complaints/{case.id}",
        version=case.version,
    )


def in_order(gates: dict[str, Any]) -> list[tuple[str, Any]]:
    """The gates of a case in the order of the way: the database keeps them in another."""
    return [(gate.value, gates[gate]) for gate in GATES if gate in gates]


def line_of(case: Case) -> CaseLine:
    """The case in a list."""
    return CaseLine(**_public(case))


def view_of(case: Case, personal: dict[str, Any]) -> CaseView:
    """The case opened, with what was sealed."""
    return CaseView(
        **_public(case),
        region=case.region,
        model_year=case.facts.get("model_year"),
        fault_codes=case.facts.get("fault_codes", []),
        match=case.match,
        matched_at=case.matched_at,
        directory_as_of=case.directory_as_of,
        serious_at=case.serious_at,
        caller={name: personal.get(name) for name in ("name", "phone", "address")},
        vehicle={name: personal.get(name) for name in ("plate", "vin")},
        words=personal["text"],
        demand=personal.get("demand"),
        profile=case.profile,
        judgement=None if case.judgement is None else Judgement.model_validate(case.judgement),
        opinion=personal.get("opinion"),
        respondent=case.respondent,
        taken_by=case.people.get("taken_by"),
        source=case.people.get("source"),
        held=case.held,
        version=case.version,
    )


def _public(case: Case) -> dict[str, Any]:
    return {
        "id": case.id,
        "number": case.number,
        "branch": case.branch,
        "channel": case.channel,
        "state": case.state.value,
        "taken_at": case.taken_at,
        "brand": case.brand,
        "series": case.facts.get("series"),
        "model": case.facts.get("model"),
        "text": case.text,
        "customer_id": case.customer_id,
        "serious": case.serious,
        "serious_kinds": list(case.serious_kinds),
        "repeat_of": case.repeat_of,
        "merged_into": case.merged_into,
        "path": f"/v1/complaints/{case.id}",
    }
