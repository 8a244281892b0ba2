"""Compensation is offered or changed, and approved by the branch's table for all of it together (P12.10, P17.8)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Invalid, NotFound
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import CompensationAsked, CompensationKind
from contracts.money import Money
from policy.access import Permission, excluded_from
from policy.approvals import Chain, Matrix, NoChain, Seat, ask, total
from pydantic import BaseModel, ConfigDict, Field

from complaint.case import Case, NotNow
from complaint.compensation import tables
from complaint.compensation.model import COMPENSATIONS, Compensation, CompensationOpen, CompensationState
from complaint.compensation.policy import COMPENSATION, CompensationPolicy
from complaint.compensation.views import CompensationView, view_of
from complaint.keeping import within
from complaint.permissions import OFFER_COMPENSATION
from complaint.redirect import matter_of
from complaint.timeline import Said
from complaint.way import CaseState

RULES = ("P12.10", "P17.8")

CURRENCY = "CNY"

_OPEN = "SELECT id FROM compensations WHERE case_id = $1 AND state IN ('asked', 'granted')"


class Line(BaseModel):
    """One kind of redress and what it is worth; a repair or an exchange has its cost."""

    model_config = ConfigDict(extra="forbid")

    kind: CompensationKind
    amount: Money


class Offer(BaseModel):
    """What is offered, and why; the words stay sealed and are not shown to who signs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"lines": [{"kind": "repair", "amount": {"amount": "1800.00"}}], "reason": "三次维修未解决, 免费更换"}
            ]
        },
    )

    lines: Annotated[list[Line], Field(min_length=1, max_length=20)]
    reason: Annotated[Said, Field(min_length=2, max_length=2000, description="kept sealed")]


@post("/v1/complaints/{case_id}/compensations", needs=OFFER_COMPENSATION, status=201)
async def offer_compensation(case_id: UUID, offer: Offer, principal: Principal, tx: Tx) -> CompensationView:
    """Offer compensation. Nothing of the case is paid, answered or closed until it is decided.

    A case has one open offer: change that one, or have it decided first (409).
    """
    case = await within(tx, case_id, OFFER_COMPENSATION, principal, lock=True)
    excluded = await _excluded(tx, case, principal)
    if (found := await tx.driver.fetchval(_OPEN, case.id)) is not None:
        raise CompensationOpen(
            "Change the open offer, or have it decided and paid first.", rules=RULES, path=f"/v1/compensations/{found}"
        )
    amount = _sum(offer.lines)
    identifier = uuid7()
    compensation = Compensation(
        id=identifier,
        case_id=case.id,
        branch=case.branch,
        lines=_kept(offer.lines),
        amount=amount,
        currency=CURRENCY,
        state=CompensationState.ASKED,
        offered_by=principal.subject,
        offered_at=tx.now,
        subject_id=case.subject_id,
        sealed=await tx.seal(tables.compensations, identifier, case.subject_id, {"reason": offer.reason}),
    )
    tx.add(compensation)
    await ask_for(tx, case, compensation, excluded)
    await tx.flush()
    return view_of(compensation)


@post("/v1/compensations/{compensation_id}/change", needs=OFFER_COMPENSATION)
async def change_compensation(compensation_id: UUID, offer: Offer, principal: Principal, tx: Tx) -> CompensationView:
    """Change an offer that has not been paid: it is asked anew, and whatever was signed does not carry over."""
    case, compensation = await compensation_within(tx, compensation_id, OFFER_COMPENSATION, principal)
    excluded = await _excluded(tx, case, principal)
    lines, amount = _kept(offer.lines), _sum(offer.lines)
    standing = compensation.state in (CompensationState.ASKED, CompensationState.GRANTED)
    if standing and lines == compensation.lines:
        return view_of(compensation)
    if not standing and await tx.driver.fetchval(_OPEN, case.id) is not None:
        raise CompensationOpen("Another offer of this case is open. Change that one.", rules=RULES)
    sealed = await tx.seal(tables.compensations, compensation.id, compensation.subject_id, {"reason": offer.reason})
    compensation.change(lines, amount, sealed, principal.subject, tx.now)
    await ask_for(tx, case, compensation, excluded)
    await tx.flush()
    return view_of(compensation)


async def compensation_within(
    tx: Tx, identifier: UUID, permission: Permission, principal: Principal
) -> tuple[Case, Compensation]:
    """The offer with its case, which is locked first, as the approval does; else 404."""
    case_id = await tx.driver.fetchval("SELECT case_id FROM compensations WHERE id = $1", identifier)
    if case_id is None:
        raise NotFound("There is no such compensation, or none at a branch that you may see. Check the id.")
    case = await within(tx, case_id, permission, principal, lock=True)
    await _excluded(tx, case, principal)
    return case, await tx.get(COMPENSATIONS, identifier)


async def ask_for(tx: Tx, case: Case, compensation: Compensation, excluded: Sequence[str]) -> None:
    """Ask those who may grant all that this case, its customer and its repeats have been offered together.

    Not of a closed one: what is offered and signed belongs into the dossier (P04.8).
    """
    if case.state is CaseState.CLOSED:
        raise NotNow("It is closed and in the archive. Reopen it, and offer then.", state=case.state.value)
    policy = case.policy(tx, CompensationPolicy)
    matrix = policy.matrix
    parties = await parties_of(tx, case)
    further = compensation.further
    together = await total(tx, COMPENSATION, parties, subject=case.id, amount=further)
    asked = ask(
        tx,
        COMPENSATION,
        case,
        {
            "compensation_id": str(compensation.id),
            "number": case.number,
            "lines": list(compensation.lines),
            "currency": compensation.currency,
            "offered": str(compensation.amount),
            "together": str(together),
            "by": policy.by,
        },
        chain=chain_for(matrix, compensation.kinds, together),
        by=compensation.offered_by,
        branch=case.branch,
        path=f"/v1/compensations/{compensation.id}",
        amount=further,
        parties=parties,
        excluded=excluded,
    )
    compensation.asked(asked.id)
    compensation.hold(COMPENSATION.name, asked.id, COMPENSATION.blocks & {"pay"}, COMPENSATION.rules)
    tx.publish(
        case,
        CompensationAsked(
            case_id=case.id,
            compensation_id=compensation.id,
            kinds=[CompensationKind(kind) for kind in compensation.kinds],
            amount=compensation.money,
            together=Money(amount=together, currency=compensation.currency),
        ),
    )


async def parties_of(tx: Tx, case: Case) -> list[str]:
    """For whom amounts add up: the customer where known, and the matter with all its repeats and what was merged."""
    customer = [] if case.customer_id is None else [f"customer:{case.customer_id}"]
    return [*customer, await matter_of(tx, case)]


def chain_for(matrix: Matrix, kinds: Sequence[str], together: Decimal) -> Chain:
    """Who signs an offer of these kinds: what each of them asks for at the total of all, no seat twice.

    So neither splitting over cases nor over kinds makes a chain shorter. `NoChain` where a kind is not in the table.
    """
    stages: list[tuple[Seat, ...]] = []
    for kind in kinds:
        chain = matrix.for_total(kind, together)
        if not chain:
            raise NoChain(
                f"The table of this branch names nobody who decides on {kind} of this amount. Have it set first.",
                rules=RULES,
                kind=kind,
            )
        for stage in chain:
            new = tuple(s for s in stage if all((s.role, s.place) != (o.role, o.place) for st in stages for o in st))
            if new:
                stages.append(new)
    return tuple(stages)


async def _excluded(tx: Tx, case: Case, principal: Principal) -> list[str]:
    """Who has no part in this case (P12.2); one of them sees nothing of it."""
    excluded = {*await excluded_from(tx, case.id), *case.concerned}
    if principal.subject in excluded:
        raise NotFound("There is no such complaint, or none at a branch that you may see. Check the id.")
    return sorted(excluded)


def _sum(lines: Sequence[Line]) -> Decimal:
    for n, line in enumerate(lines):
        if line.amount.currency != CURRENCY:
            raise Invalid("An amount does not fit.", errors=[Wrong.MUST_BE.at(f"/lines/{n}/amount", limit=CURRENCY)])
        if line.amount.amount <= 0:
            raise Invalid("An amount does not fit.", errors=[Wrong.GREATER_THAN.at(f"/lines/{n}/amount", limit="0.00")])
    return sum((line.amount.amount for line in lines), Decimal(0))


def _kept(lines: Sequence[Line]) -> tuple[dict[str, str], ...]:
    return tuple({"kind": line.kind.value, "amount": str(line.amount.amount)} for line in lines)
