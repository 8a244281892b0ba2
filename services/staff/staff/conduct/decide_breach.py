"""Somebody decides what a breach costs for which the originals hold no sanction, with their reasons (P04.11, P04.12).

The department manager may until the term ends; then, and about the manager, the general manager decides.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import no_nul
from chassis.http import post
from chassis.problems import Forbidden, NotFound
from chassis.tx import Tx
from contracts.roles import Role
from policy.access import GROUP, branch_of
from policy.directory import Directory
from policy.obligations import met
from policy.policies import policy
from policy.terms import reckon
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from staff.conduct import tables
from staff.conduct.ledger import Because
from staff.conduct.model import BREACHES, Breach
from staff.conduct.permissions import DECIDE_BREACH, sees
from staff.conduct.policy import DECIDE, ConductPolicy, Sanction
from staff.conduct.read_breach import BreachView, texts_of, view_of
from staff.conduct.recount import Recount

RULES = ("P04.11", "P04.12")

#: a typing slip is more likely than a fine above this
MOST = Decimal(1_000_000)
#: what a decider writes: no blanks
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=4, max_length=2000), AfterValidator(no_nul)]
Amount = Annotated[Decimal, Field(ge=0, le=MOST, max_digits=18, decimal_places=2)]


class NotTheDecider(Forbidden):
    """Another role decides this breach, or decides it now."""

    title = "Somebody else decides this"
    zh = "此违规由其他岗位决定。请转由其办理。"


class Ruling(BaseModel):
    """What a breach costs, and why. The text is kept sealed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"fine": "500.00", "points": 15, "company_notice": True, "text": "辱骂客户, 情节严重, 予以罚款并通报"}
            ]
        },
    )

    fine: Amount = Decimal(0)
    share: Amount = Decimal(0)
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "CNY"
    points: Annotated[int, Field(ge=0, le=100)] = 0
    performance_pay: Annotated[int, Field(ge=0, le=100, description="percent of the month's")] = 0
    sanction: Sanction | None = None
    company_notice: bool = False
    text: Annotated[Words, Field(description="kept sealed")]

    def kept(self) -> dict[str, Any]:
        """The amounts as a breach keeps them."""
        return {
            "fine": {"amount": str(self.fine), "currency": self.currency},
            "share": {"amount": str(self.share), "currency": self.currency},
            "points": self.points,
            "performance_pay": self.performance_pay,
            "sanction": self.sanction,
            "company_notice": self.company_notice,
        }


@post("/v1/conduct/breaches/{breach_id}/decide", needs=DECIDE_BREACH)
async def decide_breach(breach_id: UUID, ruling: Ruling, principal: Principal, tx: Tx) -> BreachView:
    """Decide what a breach costs where nothing is set; never about oneself."""
    one = await tx.get(BREACHES, breach_id)
    if not sees(DECIDE_BREACH, principal, one.branch, one.department, one.person):
        raise NotFound("There is no such breach, or none at a place of yours. Check the id.")
    refuse_unless_decider(one, principal, tx)
    one.decide({**ruling.kept(), "by": principal.subject, "at": tx.now.isoformat()})
    await keep_text(tx, one, ruling.text, principal)
    met(tx, DECIDE, one.id, at=tx.now)
    tx.extension(Recount).want(one, Because.DECIDED)
    await tx.flush()
    return await view_of(tx, one)


def refuse_unless_decider(one: Breach, principal: Principal, tx: Tx) -> None:
    """`NotTheDecider` for the person concerned, for a manager about a manager, and for a manager after the term."""
    if principal.subject == one.person:
        raise NotTheDecider("Nobody decides about themselves. The general manager does.", rules=("P04.12",))
    if any(g.role is Role.GENERAL_MANAGER and branch_of(g.place) in (one.branch, GROUP) for g in principal.grants):
        return
    person = Directory.of(tx.runtime).people.get(one.person)
    if person is not None and any(held.role is Role.DEPARTMENT_MANAGER and held.at(tx.now) for held in person.held):
        raise NotTheDecider("About a department manager the general manager decides.", rules=("P04.12",))
    deadline = policy(tx, ConductPolicy, one.branch, one.decided_at).decide
    if deadline.within is not None:
        due = reckon(deadline.within, one.decided_at, Directory.of(tx.runtime).calendar(one.branch)).at
        if due is not None and tx.now > due:
            raise NotTheDecider("The term to decide has passed: the general manager decides now.", rules=("P04.12",))


async def keep_text(tx: Tx, one: Breach, text: str, principal: Principal) -> None:
    """Seal what was written with the breach, after what was written before."""
    before = await texts_of(tx, one)
    subject = one.subject_id if before is not None and one.subject_id is not None else tx.new_subject()
    texts = [*(before or []), {"by": principal.subject, "at": tx.now.isoformat(), "text": text}]
    one.written(subject, await tx.seal(tables.breaches, one.id, subject, {"texts": texts}))
