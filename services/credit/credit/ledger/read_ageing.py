"""How old what is open is, by document: what is not due, and how long the rest has been (P02.4)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.tx import Tx
from policy.calendar import civil
from pydantic import BaseModel

from credit.account import account_of
from credit.permissions import READ_ACCOUNT

RULES = ("P02.4",)

_OPEN = """SELECT id, kind, dated_on, amount, open FROM documents
    WHERE account_id = $1 AND open > 0 ORDER BY dated_on, id"""
#: the bands of every ageing list: how many days past due
_BANDS = ((30, "1-30"), (60, "31-60"), (90, "61-90"))


class AgedView(BaseModel):
    """An open document, since when it is due, and how many days that is."""

    document_id: UUID
    kind: str
    dated_on: date
    due_on: date
    days_over: int
    band: str
    amount: Decimal
    open: Decimal


class AgeingView(BaseModel):
    """What is open by band; `unused` is money that has paid nothing yet. Bands less unused make the balance."""

    on: date
    balance: Decimal
    bands: dict[str, Decimal]
    unused: Decimal
    documents: list[AgedView]


def band_of(days_over: int) -> str:
    """The band of a document that many days past due."""
    if days_over <= 0:
        return "not_due"
    return next((name for most, name in _BANDS if days_over <= most), "over_90")


@get("/v1/accounts/{account_id}/ageing", needs=READ_ACCOUNT)
async def read_ageing(account_id: UUID, principal: Principal, tx: Tx) -> AgeingView:
    """What is open today, the oldest first; due is a document's date and the payment term of the contract."""
    return await ageing_of(tx, account_id, principal)


async def ageing_of(tx: Tx, account_id: UUID, principal: Principal) -> AgeingView:
    """The ageing of an account within reach; else 404."""
    account = await account_of(tx, account_id, READ_ACCOUNT, principal, lock=False)
    today, aged, unused = civil(tx.now), [], Decimal("0.00")
    bands = dict.fromkeys(("not_due", *(name for _, name in _BANDS), "over_90"), Decimal("0.00"))
    for row in await tx.driver.fetch(_OPEN, account_id):
        if row["kind"] not in ("invoice", "opening"):
            unused += row["open"]
            continue
        due = row["dated_on"] + timedelta(days=account.term_days)
        band = band_of((today - due).days)
        bands[band] += row["open"]
        aged.append(AgedView(
            document_id=row["id"], kind=row["kind"], dated_on=row["dated_on"], due_on=due,
            days_over=max((today - due).days, 0), band=band, amount=row["amount"], open=row["open"],
        ))  # fmt: skip
    return AgeingView(on=today, balance=account.balance, bands=bands, unused=unused, documents=aged)
