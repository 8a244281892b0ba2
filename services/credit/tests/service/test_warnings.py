"""Fund risks: seen every night and at once after a broken promise, told, acted on, ended; once an episode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.credit import WarningEnded, WarningRaised
from contracts.notify import Send
from contracts.work import WorkState
from credit import tables
from credit.warnings.weigh_risks import weigh_risks
from policy.kit import hire

from .nights import nights, until, worked
from .test_overruns import work_of
from .trade import Distributor, at, done, send, today

PATH = "/v1/risk-warnings"
ACT = {"measure": "visited", "note": "与王总面谈, 承诺本周付款"}
CLOSE = {"reason": "disputed", "note": "对账有争议, 由财务跟进"}


async def warned(stage: Stage, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await done(stage, "sales-1", "GET", f"{PATH}{query}"))["items"]
    return found


async def aged(stage: Stage) -> tuple[Distributor, dict[str, Any]]:
    """An account whose oldest invoice is fourteen days past due today."""
    shop = await Distributor.opened(stage)
    return shop, await shop.bought("500.00", 44, paid=False)


@pytest.mark.rule("P02.4")
async def test_what_ages_is_warned_of_overnight_and_its_evidence_opens_into_documents(stage: Stage) -> None:
    shop, invoice = await aged(stage)
    await worked(stage)
    assert await warned(stage) == []
    await nights(stage, 1)
    (line,) = await warned(stage)
    assert (line["kind"], line["amount"], line["state"]) == ("ageing", "500.00", "open")
    opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert opened["raised"]["figures"] == {"overdue": "500.00", "open": "500.00", "oldest_days_over": "15"}
    assert opened["raised"]["thresholds"] == {"days_over": 15, "percent": 10}
    assert opened["rules"] == ["P02.4"]
    (path,) = opened["raised"]["documents"]
    assert (await done(stage, "sales-1", "GET", path))["id"] == invoice["id"]
    (told,) = [one.message for one in await stage.outbox(WarningRaised)]
    assert isinstance(told, WarningRaised)
    assert (told.warning_id, told.documents) == (UUID(line["id"]), [UUID(invoice["id"])])
    assert told.account_id == shop.account


@pytest.mark.rule("P02.4")
async def test_acting_is_owed_by_the_salesperson_until_the_end_of_the_next_working_day_and_told(stage: Stage) -> None:
    await hire(stage, "seller-1", "salesperson@hz-dist-1")
    shop, _ = await aged(stage)
    await done(stage, "manager-1", "POST", f"{shop.path}/salespeople", json={"person": "seller-1"})
    await nights(stage, 1)
    (line,) = await warned(stage)
    (owed,) = await work_of(stage, "credit.risk_warning")
    assert (owed.person, owed.role, owed.rules) == ("seller-1", "salesperson", ["P02.4"])
    # raised on Tuesday: by the end of Wednesday's working time in Shanghai
    assert str(owed.due_at) == "2026-03-04 10:00:00+00:00"
    (told,) = [one.message for one in await stage.outbox(Send)]
    assert isinstance(told, Send)
    assert told.to == ["person:seller-1", "sales_manager@hz-dist-1", "finance@hz-dist-1"]
    assert (told.template, told.path) == ("fund_risk_warning", f"{PATH}/{line['id']}")
    acted = await done(stage, "seller-1", "POST", f"{PATH}/{line['id']}/act", json=ACT)
    assert (acted["state"], acted["steps"][0]["code"], acted["steps"][0]["note"]) == ("acted", "visited", ACT["note"])
    assert (await work_of(stage, "credit.risk_warning"))[-1].state == WorkState.DONE


@pytest.mark.rule("P02.4")
async def test_who_looks_after_nobody_is_stood_in_for_by_the_role(stage: Stage) -> None:
    await aged(stage)
    await nights(stage, 1)
    (told,) = [one.message for one in await stage.outbox(Send)]
    assert isinstance(told, Send)
    assert told.to == ["salesperson@hz-dist-1", "sales_manager@hz-dist-1", "finance@hz-dist-1"]


@pytest.mark.rule("P02.4")
async def test_a_warning_is_raised_once_an_episode_and_ended_by_the_figures(stage: Stage) -> None:
    shop, invoice = await aged(stage)
    await nights(stage, 3)
    (line,) = await warned(stage)
    assert (line["raised_on"], line["seen_on"]) == ("2026-03-03", "2026-03-05")
    await shop.book("payment", "500.00", pays=[{"document_id": invoice["id"], "amount": "500.00"}])
    await nights(stage, 1)
    (line,) = await warned(stage)
    assert (line["state"], line["over_on"]) == ("ended", "2026-03-06")
    assert (await work_of(stage, "credit.risk_warning"))[-1].state == WorkState.WAIVED
    (told,) = [one.message for one in await stage.outbox(WarningEnded)]
    assert isinstance(told, WarningEnded)
    assert told.closed is False
    over = await send(stage, "sales-1", "POST", f"{PATH}/{line['id']}/act", json=ACT)
    assert (over.status_code, over.json()["type"]) == (409, "/problems/warning-over")
    await shop.book("opening", "70.00", date(2026, 1, 1))
    await nights(stage, 1)
    assert [one["amount"] for one in await warned(stage, "?running=true")] == ["70.00"]
    assert len(await warned(stage)) == 2


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.5")
async def test_who_approves_a_longer_term_is_told_what_is_not_overdue_by_it_and_the_warning_ends(stage: Stage) -> None:
    shop, _ = await aged(stage)
    await shop.book("invoice", "70.00", date(2025, 12, 31))
    await nights(stage, 1)
    assert [(one["amount"], one["state"]) for one in await warned(stage)] == [("570.00", "open")]
    # due on 31 January + 28: 500.00 of 17 January are due on 17 March, 70.00 of 31 December on 28 February
    body = {"amount": "900.00", "until": "2026-12-31", "term_days": 59}
    await done(stage, "sales-1", "POST", f"{shop.path}/terms", json=body)
    asked = await done(stage, "manager-1", "GET", f"/v1/approvals?subject={shop.account}&state=open")
    offer = asked["items"][0]["offer"]
    assert (offer["term_days_before"], offer["term_days"], offer["overdue_no_more"]) == (30, 59, "500.00")
    assert (await shop.signs({"id": str(shop.account)}, "manager-1")).status_code == 200
    await nights(stage, 1)
    assert [(one["amount"], one["state"]) for one in await warned(stage)] == [("570.00", "ended")]


@pytest.mark.rule("P02.4")
async def test_one_that_a_person_closed_is_not_raised_again_before_the_figures_have_changed(stage: Stage) -> None:
    shop, invoice = await aged(stage)
    await nights(stage, 1)
    (line,) = await warned(stage)
    refused = await send(stage, "sales-1", "POST", f"{PATH}/{line['id']}/close", json=CLOSE)
    assert refused.status_code == 403
    empty = await send(stage, "finance-1", "POST", f"{PATH}/{line['id']}/close", json={"reason": "disputed"})
    assert empty.status_code == 422
    closed = await done(stage, "finance-1", "POST", f"{PATH}/{line['id']}/close", json=CLOSE)
    assert (closed["state"], closed["steps"][0]["step"], closed["steps"][0]["by"]) == ("closed", "closed", "finance-1")
    await nights(stage, 2)
    assert [one["state"] for one in await warned(stage)] == ["closed"]
    await shop.book("payment", "500.00", pays=[{"document_id": invoice["id"], "amount": "500.00"}])
    await nights(stage, 1)
    (line,) = await warned(stage)
    assert (line["state"], line["over_on"]) == ("closed", "2026-03-06")
    assert len(await stage.outbox(WarningEnded)) == 1
    await shop.book("opening", "70.00", date(2026, 1, 1))
    await nights(stage, 1)
    assert [one["state"] for one in await warned(stage)] == ["open", "closed"]


@pytest.mark.rule("P02.4")
async def test_looks_at_the_same_instant_raise_one(stage: Stage) -> None:
    shop, _ = await aged(stage)
    at(stage, "2026-03-03T10:00:00")
    async with stage.runtime.transaction() as tx:
        for _ in range(8):
            tx.later(weigh_risks, shop.account)
        await tx.flush()
    await worked(stage)
    assert len(await warned(stage)) == 1
    assert len(await stage.outbox(WarningRaised)) == 1


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.14")
async def test_a_bounced_payment_of_a_promise_warns_at_once(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.book("opening", "400.00", date(2026, 2, 20))
    body = {"instalments": [{"due_on": "2026-03-03", "amount": "400.00"}]}
    await done(stage, "sales-1", "POST", f"{shop.path}/plans", json=body)
    at(stage, "2026-03-02T11:00:00")
    paid = await shop.book("payment", "400.00")
    await until(stage, "2026-03-05T09:30:00")
    assert await warned(stage) == []
    await shop.reverses(paid)
    await worked(stage)
    (line,) = await warned(stage, f"?account_id={shop.account}")
    assert (line["kind"], line["amount"], line["raised_on"]) == ("broken_promises", "400.00", "2026-03-05")
    opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert opened["latest"]["plans"] == f"{shop.path}/plans"
    assert opened["latest"]["figures"]["unpaid"] == "1"
    # and again it is owed, and missed, and passed up
    assert (await work_of(stage, "credit.instalment"))[-1].state in (WorkState.OPEN, WorkState.MISSED)


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.14")
async def test_an_instalment_that_passes_its_day_unpaid_warns_that_very_midnight(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    await shop.book("opening", "400.00", date(2026, 2, 20))
    body = {"instalments": [{"due_on": "2026-03-02", "amount": "400.00"}]}
    await done(stage, "sales-1", "POST", f"{shop.path}/plans", json=body)
    await until(stage, "2026-03-02T23:59:00")
    assert await warned(stage) == []
    await until(stage, "2026-03-03T00:00:01")
    assert [one["kind"] for one in await warned(stage)] == ["broken_promises"]


@pytest.mark.rule("P02.4")
async def test_payments_that_shrink_name_the_payments_they_are_seen_by(stage: Stage) -> None:
    shop = await Distributor.opened(stage)
    for month in (3, 4, 5):
        at(stage, f"2026-0{month}-10T10:00:00")
        await shop.book("invoice", "100.00")
        await shop.book("payment", "100.00")
    await shop.book("invoice", "900.00")
    await until(stage, "2026-06-12T09:00:00")
    (line,) = await warned(stage)
    assert (line["kind"], line["amount"]) == ("shrinking_payments", "900.00")
    opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert opened["raised"]["figures"]["received_before"] == "300.00"
    kinds = [(await done(stage, "sales-1", "GET", path))["kind"] for path in opened["raised"]["documents"]]
    assert kinds == ["payment"] * 3


@contextmanager
def additions(stage: Stage) -> Iterator[list[str]]:
    """The statements that add up accounts while the block runs."""
    found: list[str] = []

    def note(said: Any) -> None:
        if "sum(balance)" in said.query:
            found.append(said.query)

    def listen(connection: Any, *_: object) -> None:
        connection.driver_connection.add_query_logger(note)

    def leave(connection: Any, *_: object) -> None:
        connection.driver_connection.remove_query_logger(note)

    pool = stage.runtime.engine.sync_engine.pool
    sa.event.listen(pool, "checkout", listen)
    sa.event.listen(pool, "checkin", leave)
    try:
        yield found
    finally:
        sa.event.remove(pool, "checkout", listen)
        sa.event.remove(pool, "checkin", leave)


@pytest.mark.rule("P02.4")
async def test_who_owes_much_of_a_branch_is_seen_and_the_branch_is_added_up_once_a_night(stage: Stage) -> None:
    amounts = ("400.00", "200.00", "150.00", "150.00", "100.00")
    shops = [await Distributor.opened(stage) for _ in amounts]
    for shop, amount in zip(shops, amounts, strict=True):
        await shop.book("opening", amount, today(stage))
    await (await Distributor.opened(stage)).book("payment", "70.00")
    with additions(stage) as summed:
        await nights(stage, 1)
        assert len(summed) == 1
        (line,) = await warned(stage)
        assert (line["kind"], line["account_id"], line["amount"]) == ("concentration", str(shops[0].account), "400.00")
        opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
        assert opened["raised"]["figures"] == {"owed": "400.00", "branch_owed": "1000.00", "debtors": "5"}
        assert opened["raised"]["thresholds"] == {"percent": 40, "accounts": 5}
        await shops[1].book("opening", "0.01", today(stage))
        await nights(stage, 1)
        assert len(summed) == 2
    assert [(one["state"], one["over_on"]) for one in await warned(stage)] == [("ended", "2026-03-04")]


@pytest.mark.rule("P02.4")
async def test_a_look_at_once_is_beside_what_the_branch_is_owed_by_then(stage: Stage) -> None:
    shops = [await Distributor.opened(stage) for _ in range(5)]
    for shop in shops:
        await shop.book("opening", "100.00", today(stage))
    await nights(stage, 1)
    assert await warned(stage) == []
    await shops[0].book("opening", "300.00", today(stage))
    async with stage.runtime.transaction() as tx:
        tx.later(weigh_risks, shops[0].account)
        await tx.flush()
    await worked(stage)
    (line,) = await warned(stage)
    opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert opened["raised"]["figures"] == {"owed": "400.00", "branch_owed": "800.00", "debtors": "5"}


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P05.15")
async def test_notes_are_sealed_read_on_record_and_other_branches_see_nothing(stage: Stage) -> None:
    await aged(stage)
    await nights(stage, 1)
    (line,) = await warned(stage)
    await done(stage, "sales-1", "POST", f"{PATH}/{line['id']}/act", json=ACT)
    told = len(await stage.outbox(AccessRecorded))
    await warned(stage)
    assert len(await stage.outbox(AccessRecorded)) == told
    await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert len(await stage.outbox(AccessRecorded)) == told + 1
    assert "王总" not in str(await stage.rows("SELECT * FROM warning_steps"))
    assert "王总" not in str([one.message for one in await stage.outbox()])
    assert (await done(stage, "sales-2", "GET", PATH))["items"] == []
    assert (await send(stage, "sales-2", "GET", f"{PATH}/{line['id']}")).status_code == 404
    assert (await send(stage, "sales-2", "POST", f"{PATH}/{line['id']}/act", json=ACT)).status_code == 404


@pytest.mark.rule("P02.4")
async def test_two_who_close_a_warning_at_once_close_it_once(stage: Stage) -> None:
    await aged(stage)
    await nights(stage, 1)
    (line,) = await warned(stage)
    path = f"{PATH}/{line['id']}/close"
    both = await asyncio.gather(*(send(stage, "finance-1", "POST", path, json=CLOSE) for _ in range(2)))
    assert sorted(one.status_code for one in both) == [200, 409]
    assert len(await stage.outbox(WarningEnded)) == 1


COLUMN = tables.risk_warnings.c


@pytest.mark.parametrize(
    ("where", "index"),
    [
        ([COLUMN.branch == "b-7", COLUMN.state.in_(["open", "acted"])], "risk_warnings_open"),
        ([COLUMN.branch == "b-7"], "risk_warnings_branch"),
        ([COLUMN.account_id == UUID(int=5)], "risk_warnings_account"),
    ],
)
async def test_warnings_are_found_by_an_index(stage: Stage, where: list[sa.ColumnElement[bool]], index: str) -> None:
    await stage.rows(
        """INSERT INTO risk_warnings (id, account_id, branch, kind, amount, raised_on, raised_at, evidence, latest,
            seen_on, state, over_on, version, sequence)
        SELECT uuidv7(), lpad(to_hex(n % 5000), 32, '0')::uuid, 'b-' || n % 1000, 'ageing', 1, current_date, now(),
            '{}', '{}', current_date, CASE WHEN n % 7 = 0 THEN 'open' ELSE 'ended' END, current_date, 1, 0
        FROM generate_series(1, 50000) n"""
    )
    plan = await stage.plan(sa.select(COLUMN.id).where(*where).order_by(COLUMN.id.desc()).limit(51))
    assert index in plan, plan
    assert "Seq Scan" not in plan
