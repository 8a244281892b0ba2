"""An aggregate to hold: a deal that is paid, answered, closed or changed, by every way into a service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from chassis.auth import Principal
from chassis.handlers import Received, on
from chassis.http import post
from chassis.imports import Import, Outcome, Taken
from chassis.jobs import Work, job
from chassis.kit.stage import Stage
from chassis.store import Store
from chassis.tx import Tx
from contracts.customer import CustomerChanged
from contracts.roles import Role
from policy.access import PERMISSIONS, Permission, Reach
from policy.approvals import Approval, Asked, Band, Chain, Holdable, Matrix, Seat, action, ask, fact, granted, total
from policy.terms import Term
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.dialects.postgresql import JSONB

BRANCH = "sh-pudong"

deals = sa.Table(
    "deals",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("log", JSONB, nullable=False),
    sa.Column("held", JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
CREATE = """CREATE TABLE deals (id uuid PRIMARY KEY, log jsonb NOT NULL, held jsonb NOT NULL, version integer NOT NULL,
    sequence bigint NOT NULL)"""


@dataclass
class Deal(Holdable):
    """What was done to it, in order."""

    id: UUID
    log: list[str] = field(default_factory=list)
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @action("pay")
    def pay(self) -> None:
        self.log = [*self.log, "pay"]

    @action("answer")
    def answer(self) -> None:
        self.log = [*self.log, "answer"]

    @action("close")
    def close(self) -> None:
        self.log = [*self.log, "close"]

    @action("change")
    def change(self, what: str = "change") -> None:
        self.log = [*self.log, what]

    @fact
    def noted(self) -> None:
        self.log = [*self.log, "noted"]


DEALS = Store(deals, Deal)

DISCOUNT = Approval("test.discount", ("P12.10",), frozenset({"pay", "answer", "close"}), "折扣", "a discount")
HEAD_THEN_GM: Chain = (
    (Seat(role=Role.DEPARTMENT_HEAD, within=Term.parse("1 working day"), otherwise=(Role.GENERAL_MANAGER,)),),
    (Seat(role=Role.GENERAL_MANAGER, otherwise=(Role.CEO,)), Seat(role=Role.LEGAL, place="group")),
)
MATRIX = Matrix(
    kinds={
        "discount": (
            Band(up_to=Decimal(1000), chain=((Seat(role=Role.DEPARTMENT_HEAD),),)),
            Band(up_to=Decimal(10000), chain=((Seat(role=Role.GENERAL_MANAGER),),)),
            Band(chain=((Seat(role=Role.CEO, place="group"),),)),
        )
    }
)

_name = "test.deals.act"
ACT = PERMISSIONS.get(_name) or Permission(_name, dict.fromkeys(Role, Reach.BRANCH))


class Act(BaseModel):
    """What is to be done."""

    act: str


def do(deal: Deal, act: str) -> None:
    """One of the actions, by its name."""
    getattr(deal, act)()


@post("/v1/deals/{deal_id}", needs=ACT)
async def act_by_http(deal_id: UUID, act: Act, tx: Tx) -> Act:
    do(await tx.get(DEALS, deal_id), act.act)
    return act


class Offer(BaseModel):
    """What is offered."""

    amount: Decimal
    customer: str = "c1"


@post("/v1/deals/{deal_id}/offer", needs=ACT)
async def offer_discount(deal_id: UUID, offer: Offer, principal: Principal, tx: Tx) -> Offer:
    deal = await tx.get(DEALS, deal_id)
    parties = [f"customer:{offer.customer}"]
    together = await total(tx, DISCOUNT, parties, subject=deal.id, amount=offer.amount)
    ask(
        tx,
        DISCOUNT,
        deal,
        {"kind": "discount"},
        chain=MATRIX.for_total("discount", together),
        by=principal.subject,
        branch=BRANCH,
        path=f"/v1/deals/{deal.id}",
        amount=offer.amount,
        parties=parties,
    )
    return offer


@granted(DISCOUNT, DEALS)
def pay_discount(deal: Deal, asked: Asked, tx: Tx) -> None:
    deal.pay()


async def named(tx: Tx, events: Sequence[Received[CustomerChanged]]) -> list[Deal]:
    found = await tx.load(DEALS, [event.said.customer_id for event in events])
    return [found[event.said.customer_id] for event in events]


@on(CustomerChanged, loads=named)
def act_by_message(event: Received[CustomerChanged], deal: Deal, tx: Tx) -> None:
    do(deal, event.said.what[0])


@job(retry=(), keep=True)
async def act_by_job(ref: str, work: Work) -> None:
    identifier, _, act = ref.partition(":")
    async with work.runtime.transaction() as tx:
        do(await tx.get(DEALS, UUID(identifier)), act)


class Line(BaseModel):
    """A row of a table: what is to be done with which deal."""

    model_config = ConfigDict(extra="forbid")

    deal: Annotated[UUID, Field(title="编号")]
    act: Annotated[str, Field(title="操作")]


async def act_by_row(line: Line, by: Principal, tx: Tx) -> Taken:
    """One of the actions, as a table says."""
    do(await tx.get(DEALS, line.deal), line.act)
    return Taken(Outcome.CHANGED, str(line.deal))


ACTS = Import("acts", "/v1/deals/imports", Line, act_by_row, ACT)


async def log_of(stage: Stage, deal: UUID) -> list[str]:
    """What was done to a deal."""
    ((log,),) = await stage.rows("SELECT log FROM deals WHERE id = $1", deal)
    return list(log)
