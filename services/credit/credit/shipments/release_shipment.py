"""Decides again about goods that are held or released: after a payment, a signature, a paper (P11.4–P11.9)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.jobs import Work, job
from chassis.tx import Tx
from contracts.credit import ReleaseStep

from credit.account import ACCOUNTS, Account, bring_to_today
from credit.accounts.eligibility import facts_of
from credit.permissions import REQUEST_SHIPMENT
from credit.shipments.decide_invoiced import decide_invoiced
from credit.shipments.deciding import answered, decide_on, decide_shipment, shipment_of
from credit.shipments.model import SHIPMENTS, ShipmentState
from credit.shipments.views import ShipmentView
from credit.tables import STOPPED

#: how many shipments of an account are decided in one transaction: who needs the account waits that long
_AT_ONCE = 50
RULES = ("P11.4", "P11.5", "P11.6", "P11.7", "P11.8", "P11.9")

_WAITING = f"""SELECT id FROM shipments WHERE account_id = $1 AND (({STOPPED}) OR (state = 'released' AND $2))
    ORDER BY id"""  # noqa: S608
_HELD = f"SELECT DISTINCT account_id FROM shipments WHERE account_id = ANY($1::uuid[]) AND ({STOPPED})"  # noqa: S608


@post("/v1/shipments/{shipment_id}/release", needs=REQUEST_SHIPMENT)
async def release_shipment(shipment_id: UUID, principal: Principal, tx: Tx) -> Answer[ShipmentView]:
    """Have it decided again, on what is known now. 409 with every reason and way out while it is held."""
    account, shipment, sums = await shipment_of(tx, shipment_id, REQUEST_SHIPMENT, principal)
    decision = await decide_shipment(tx, account, shipment, ReleaseStep.RELEASE, sums)
    return await answered(tx, shipment, decision)


@job(retry=("1s", "10s", "1m", "10m", "1h"), shared=True)
async def decide_held_again(ref: str, work: Work) -> None:
    """What an account's held goods waited for may be there: they are decided again, the oldest request first.

    So are invoiced goods that were held on their way out.
    """
    await _decide_again(UUID(ref), work, released_too=False)


@job(retry=("1s", "10s", "1m", "10m", "1h"), shared=True)
async def decide_all_again(ref: str, work: Work) -> None:
    """A fact about an account's customers has changed: released goods that are not invoiced are decided again too."""
    await _decide_again(UUID(ref), work, released_too=True)


async def decide_later(tx: Tx, *accounts: Account) -> None:
    """Have what is held decided again after this transaction, if anything is.

    A file of payments is mostly of accounts without. The accounts are locked: nothing becomes held meanwhile.
    """
    for row in await tx.driver.fetch(_HELD, [account.id for account in accounts]):
        tx.later(decide_held_again, row[0])


async def _decide_again(account_id: UUID, work: Work, *, released_too: bool) -> None:
    async with work.runtime.transaction() as tx:
        waiting = [row[0] for row in await tx.driver.fetch(_WAITING, account_id, released_too)]
    for first in range(0, len(waiting), _AT_ONCE):
        async with work.runtime.transaction() as tx:
            account = await tx.get(ACCOUNTS, account_id)
            sums = await bring_to_today(tx, account)
            facts = await facts_of(tx, account)
            shipments = await tx.load(SHIPMENTS, waiting[first : first + _AT_ONCE])
            for _, shipment in sorted(shipments.items()):
                if shipment.state in (ShipmentState.HELD, ShipmentState.RELEASED):
                    decide_on(tx, account, shipment, ReleaseStep.RELEASE, sums, facts)
                elif shipment.stopped:
                    await decide_invoiced(tx, account, shipment, sums, leaving=False)
        if first + _AT_ONCE < len(waiting):
            await work.report(decided=first + _AT_ONCE)
