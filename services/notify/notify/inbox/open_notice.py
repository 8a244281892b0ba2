"""Opens a notice, which is its receipt, and confirms it (P12.6, P12.7)."""

from __future__ import annotations

from uuid import UUID

from chassis.auth import Principal
from chassis.http import get, post
from chassis.problems import NotFound
from chassis.tx import Tx
from contracts.notify import NoticeRead
from policy.directory import Directory
from policy.obligations import met

from notify.inbox.views import InboxView, inbox_view
from notify.notice import NOTICES, ORDERS, Notice, Order
from notify.permissions import READ_INBOX
from notify.policy import CONFIRM

RULES = ("P12.6", "P12.7")


@get("/v1/inbox/{notice_id}", needs=READ_INBOX)
async def open_notice(notice_id: UUID, principal: Principal, tx: Tx) -> InboxView:
    """Open one of your notices: it counts as read from now on."""
    order, notice = await _mine(tx, notice_id, principal)
    if notice.read(tx.now):
        _say(tx, order, notice, confirmed=False)
    return inbox_view(notice, Directory.of(tx.runtime))


@post("/v1/inbox/{notice_id}/confirm", needs=READ_INBOX)
async def confirm_notice(notice_id: UUID, principal: Principal, tx: Tx) -> InboxView:
    """Confirm that a notice has arrived; again changes nothing."""
    order, notice = await _mine(tx, notice_id, principal)
    if notice.confirm(tx.now):
        met(tx, CONFIRM, notice.id, at=tx.now)
        _say(tx, order, notice, confirmed=True)
    return inbox_view(notice, Directory.of(tx.runtime))


async def _mine(tx: Tx, identifier: UUID, principal: Principal) -> tuple[Order, Notice]:
    """The caller's notice and its send, locked in the order in which all lock them; `NotFound` for another's."""
    row = await tx.driver.fetchrow(
        "SELECT send_id, person FROM notices WHERE id = $1 AND withdrawn_at IS NULL", identifier
    )
    if row is None or row["person"] != principal.subject:
        raise NotFound("There is no such notice, or it is not yours.")
    order = await tx.get(ORDERS, row["send_id"])
    return order, await tx.get(NOTICES, identifier)


def _say(tx: Tx, order: Order, notice: Notice, *, confirmed: bool) -> None:
    at = notice.confirmed_at if confirmed else notice.read_at
    assert at is not None
    tx.publish(
        order,
        NoticeRead(send_id=order.id, notice_id=notice.id, person=notice.person, confirmed=confirmed, read_at=at),
    )
