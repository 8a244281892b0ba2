"""Takes back a wrong line of the warehouse's list: what it booked and found is undone by its contrary (P11.11).

Nothing is deleted. The other lines of its shipment are compared anew; the right line may be listed under its number.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from chassis.auth import Principal
from chassis.http import post
from chassis.problems import Busy, Refused
from chassis.tx import Tx
from policy.obligations import met
from pydantic import BaseModel, ConfigDict

from credit.losses.model import LOSSES, Loss, LossState
from credit.losses.tell_people import tell_deciders, tell_posts
from credit.permissions import BOOK
from credit.policy import LOSS
from credit.shipments.deciding import shipment_of
from credit.shipments.issue_goods import note_not_issued
from credit.shipments.model import Shipment, ShipmentState
from credit.shipments.release_shipment import decide_all_again
from credit.warehouse.list_issues import issue_of
from credit.warehouse.model import GOODS_ISSUES, Finding, GoodsIssue, IssueState, IssueView, Mistake, issue_view
from credit.warehouse.reconcile_issues import reconcile_account

RULES = ("P02.3", "P11.2", "P11.6", "P11.11")

_OF_SHIPMENT = "SELECT id FROM goods_issues WHERE shipment_id = $1 AND state <> 'withdrawn'"
_STANDING = "SELECT EXISTS (SELECT FROM goods_issues WHERE loss_id = $1 AND state <> 'withdrawn')"
# lines that were listed before the goods were noted as issued; those after it were only compared with that
_SAID_BY_LISTS = """SELECT coalesce(sum(covered), 0) FROM goods_issues WHERE shipment_id = $1 AND id < (SELECT id
    FROM movements WHERE shipment_id = $1 AND from_holder = 'warehouse' ORDER BY id DESC LIMIT 1)"""


class CaseVerified(Refused):
    """The case that the line is in is past its finding."""

    title = "The case about this line is verified"
    zh = "该出库行所涉案件已查实，不能撤销。请向裁定分担的人说明，由其驳回或调整。"


class WithdrawForm(BaseModel):
    """What is wrong about the line."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mistake: Mistake


@post("/v1/goods-issues/{issue_id}/withdraw", needs=BOOK)
async def withdraw_issue(issue_id: UUID, form: WithdrawForm, principal: Principal, tx: Tx) -> IssueView:
    """Take a wrong line back; one that is withdrawn stays as it is.

    Goods that had left by it have not; a case that rests on it alone is dismissed. 409 when the case is verified, or
    the goods were delivered or came back.
    """
    issue = await issue_of(tx, issue_id, BOOK, principal)
    if issue.withdrawn:
        return issue_view(issue)
    of = issue.shipment_id
    if of is not None:
        account, shipment, _ = await shipment_of(tx, of, BOOK, principal)
    ids = [] if of is None else [row[0] for row in await tx.driver.fetch(_OF_SHIPMENT, of)]
    found = await tx.load(GOODS_ISSUES, [issue_id, *ids])
    if issue.shipment_id != of:
        raise Busy("The line is being compared. Send the request again.")
    if issue.withdrawn:
        return issue_view(issue)
    cases = await tx.load(LOSSES, [one.loss_id for one in found.values() if one.loss_id is not None])
    if issue.loss_id is not None and cases[issue.loss_id].state not in (LossState.FOUND, LossState.DISMISSED):
        raise CaseVerified(
            "The case about this line is verified. Tell who decides about its shares: they can refuse them.",
            rules=RULES,
        )
    anew: list[GoodsIssue] = []
    if of is not None:
        if issue.covered > 0 and await _left_by_lists(tx, shipment):
            await note_not_issued(tx, account, shipment)
        anew = [one for one in found.values() if one is not issue and _may_change(one, cases)]
    for one in (issue, *anew):
        if one.loss_id is not None and cases[one.loss_id].state is LossState.FOUND:
            cases[one.loss_id].grow(-min(one.lost, cases[one.loss_id].amount))
    touched = {one.loss_id for one in (issue, *anew)}
    issue.withdraw(form.mistake, principal.subject, tx.now)
    for one in anew:
        one.compare_anew()
    await tx.flush()
    await _dismiss_empty(tx, [case for case in cases.values() if case.id in touched], issue)
    if of is not None:
        tx.later(reconcile_account, account.id)
        tx.later(decide_all_again, account.id)
    await tx.flush()
    return issue_view(issue)


async def _left_by_lists(tx: Tx, shipment: Shipment) -> bool:
    """Whether lists said that all of it has left, and nobody by hand."""
    if shipment.state not in (ShipmentState.ISSUED, ShipmentState.DELIVERED):
        return False
    said = await tx.driver.fetchval(_SAID_BY_LISTS, shipment.id)
    return bool(said >= sum(Decimal(line["quantity"]) for line in shipment.lines))


def _may_change(one: GoodsIssue, cases: dict[UUID, Loss]) -> bool:
    """Whether what was found about another line may rest on the wrong one; a verified case stands."""
    if one.loss_id is not None and cases[one.loss_id].state is not LossState.FOUND:
        return False
    return one.state in (IssueState.PART, IssueState.MATCHED) or one.finding is Finding.MORE_THAN_RELEASED


async def _dismiss_empty(tx: Tx, cases: Iterable[Loss], issue: GoodsIssue) -> None:
    """A case that nothing is left of ends here, and who knows of it learns that."""
    for case in cases:
        if case.state is LossState.FOUND and case.amount == 0 and not await tx.driver.fetchval(_STANDING, case.id):
            case.dismiss(tx.now)
            met(tx, LOSS, case.id, at=tx.now)
            tell_deciders(tx, case, "loss_dismissed")
            tell_posts(tx, case, "loss_dismissed", f"/v1/goods-issues/{issue.id}")
