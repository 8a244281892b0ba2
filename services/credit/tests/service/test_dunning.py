"""Dunning letters: from frozen figures, by level, signed as policy says, sealed papers, never two of one level."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import python_calamine
import sqlalchemy as sa
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.keys import TestIssuer
from chassis.kit.pdf import characters
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.credit import DunningLetterSent
from contracts.customer import CustomerErased
from contracts.notify import Send
from contracts.staff import Profile
from contracts.work import WorkState
from credit import tables
from credit.dunning.dun_account import dun_account
from credit.dunning.model import Letter
from policy.approvals import undeclared
from policy.calendar import ZONE
from policy.kit import Clock, hire, open_branch

from .nights import nights, worked
from .test_overruns import work_of
from .trade import Distributor, at, done, send

PATH = "/v1/dunning-letters"
NAME = "杭州春风商贸有限公司"


@dataclass
class Directory:
    """The customer service, as far as letters go: how they are addressed, and what it was asked."""

    unknown: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            assert b"scope=customer.address" in request.body
            return answered({"access_token": "t", "expires_in": 300})
        self.asked.append(request.path)
        return Reply(404) if self.unknown else answered({"id": request.path.split("/")[3], "name": NAME})


@pytest.fixture
def directory() -> Directory:
    return Directory()


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, directory: Directory
) -> AsyncIterator[Stage]:
    """The service beside a customer directory; it is Monday morning, 2 March 2026."""
    async with counterpart(directory.answer) as url:
        more = {"peers": {"customer": url}, "token_endpoint": f"{url}/token", "grants_from": "staff"}
        async with staged(service, database, keys, issuer, **more) as stage:
            stage.runtime.clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
            await open_branch(stage, "hz-dist-1", Profile.DISTRIBUTION, region="east", title="杭州配送中心")
            for subject, role in (
                ("sales-1", "sales"),
                ("finance-1", "finance"),
                ("manager-1", "sales_manager"),
                ("seller-1", "salesperson"),
            ):
                await hire(stage, subject, f"{role}@hz-dist-1")
            await hire(stage, "sales-2", "sales@bj-dist-2")
            yield stage


async def letters(stage: Stage, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await done(stage, "sales-1", "GET", f"{PATH}{query}"))["items"]
    return found


async def owing(stage: Stage, days_over: int, amount: str = "500.00") -> Distributor:
    """A distributor with an invoice so many days past due, looked after by seller-1."""
    shop = await Distributor.opened(stage)
    await done(stage, "manager-1", "POST", f"{shop.path}/salespeople", json={"person": "seller-1"})
    await shop.bought(amount, 30 + days_over, paid=False)
    return shop


@pytest.mark.rule("P02.4")
async def test_a_first_letter_goes_out_by_itself_with_a_statement_and_a_notice_of_ids(
    stage: Stage, directory: Directory
) -> None:
    shop = await owing(stage, 6)
    await worked(stage)
    assert await letters(stage) == []
    await nights(stage, 1)
    (line,) = await letters(stage)
    assert (line["level"], line["state"], line["total"], line["days_over"]) == (1, "sent", "500.00", 7)
    assert directory.asked == [f"/v1/customers/{shop.customer}/addressee?purpose=dunning-letter"]
    opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert [(one["days_over"], one["open"]) for one in opened["lines"]] == [(7, "500.00")]
    pdf = await send(stage, "seller-1", "GET", opened["papers"]["letter"]["path"])
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    assert hashlib.sha256(pdf.content).hexdigest() == opened["papers"]["letter"]["sha256"]
    xlsx = await send(stage, "seller-1", "GET", opened["papers"]["statement"]["path"])
    assert hashlib.sha256(xlsx.content).hexdigest() == opened["papers"]["statement"]["sha256"]
    rows = python_calamine.load_workbook(io.BytesIO(xlsx.content)).get_sheet_by_index(0).to_python()
    assert (rows[0][0], rows[2][0]) == (f"对账单 {NAME}", "出具 杭州配送中心")
    assert rows[5][:7] == [
        opened["lines"][0]["document"], "发票", date(2026, 1, 25), date(2026, 2, 24), 7, 500.0, 500.0,
    ]  # fmt: skip
    assert rows[6][6] == 500.0
    told = [one.message for one in await stage.outbox(Send) if one.message.template == "dunning_letter"]  # type: ignore[union-attr]
    assert [one.to for one in told if isinstance(one, Send)] == [["person:seller-1"]]
    (sent,) = [one.message for one in await stage.outbox(DunningLetterSent)]
    assert isinstance(sent, DunningLetterSent)
    assert (sent.level, sent.digest) == (1, opened["papers"]["letter"]["sha256"])


@pytest.mark.rule("P02.4")
async def test_a_letter_bears_the_title_that_its_branch_had_when_it_was_printed(stage: Stage) -> None:
    await owing(stage, 7)
    await nights(stage, 1)
    (line,) = await letters(stage)
    path = f"{PATH}/{line['id']}/letter"
    letter = (await send(stage, "finance-1", "GET", path)).content
    drawn = characters(letter)
    assert set("催款函杭州配送中心") <= drawn
    assert "z" not in drawn  # of the code
    await open_branch(stage, "hz-dist-1", Profile.DISTRIBUTION, region="east", title="改名以后")
    assert (await send(stage, "finance-1", "GET", path)).content == letter


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P05.15")
async def test_the_name_is_in_the_sealed_papers_only_and_each_reading_is_recorded(stage: Stage) -> None:
    await owing(stage, 7)
    await nights(stage, 1)
    (line,) = await letters(stage)
    before = len(await stage.outbox(AccessRecorded))
    assert (await send(stage, "finance-1", "GET", f"{PATH}/{line['id']}/letter")).status_code == 200
    records = await stage.outbox(AccessRecorded)
    assert len(records) == before + 1
    assert isinstance(records[-1].message, AccessRecorded)
    assert (records[-1].message.actor, records[-1].message.purpose) == ("finance-1", "dunning letter")
    for table in ("dunning_letters", "dunning_papers", "kehu.jobs", "kehu.obligations"):
        assert NAME not in str([dict(row) for row in await stage.rows(f"SELECT * FROM {table}")])
    assert NAME not in str([one.message for one in await stage.outbox()])
    assert NAME not in str(await letters(stage))


@pytest.mark.rule("P02.4")
async def test_a_level_comes_once_an_episode_and_the_next_when_it_is_reached(stage: Stage) -> None:
    shop = await owing(stage, 7)
    await nights(stage, 3)
    assert [one["level"] for one in await letters(stage)] == [1]
    await shop.bought("80.00", 38, paid=False)
    await nights(stage, 1)
    assert [one["level"] for one in await letters(stage)] == [1]
    at(stage, "2026-03-26T10:00:00")
    await worked(stage)
    assert [(one["level"], one["total"], one["state"]) for one in await letters(stage)] == [
        (2, "580.00", "printed"),
        (1, "500.00", "sent"),
    ]
    assert len({one["episode_id"] for one in await letters(stage)}) == 1
    await shop.book("payment", "580.00")
    await nights(stage, 1)
    # who has paid gets none any more, though the first one was given out already
    assert [one["state"] for one in await letters(stage)] == ["void", "void"]
    assert {one.state for one in (await work_of(stage, "credit.dunning"))[-2:]} == {WorkState.WAIVED}
    assert await letters(stage, "?waiting=true") == []
    handed = {"on": "2026-03-26", "way": "by_hand"}
    first = (await letters(stage))[1]["id"]
    late = await done(stage, "sales-1", "POST", f"{PATH}/{first}/hand-over", json=handed)
    assert (late["state"], late["void_because"]) == ("handed_over", None)
    await shop.book("invoice", "40.00", date(2026, 2, 17))
    await nights(stage, 1)
    found = await letters(stage, f"?account_id={shop.account}")
    assert [one["level"] for one in found] == [1, 2, 1]
    assert found[0]["episode_id"] != found[1]["episode_id"]


@pytest.mark.rule("P02.4")
async def test_looks_at_the_same_instant_make_one_letter(stage: Stage) -> None:
    shop = await owing(stage, 10)
    async with stage.runtime.transaction() as tx:
        for _ in range(8):
            tx.later(dun_account, shop.account)
        await tx.flush()
    await worked(stage)
    assert [one["state"] for one in await letters(stage)] == ["sent"]
    assert len(await stage.outbox(DunningLetterSent)) == 1


@pytest.mark.rule("P02.4")
async def test_a_second_letter_is_signed_by_sales_on_the_digest_of_its_papers(stage: Stage) -> None:
    shop = await owing(stage, 30)
    await nights(stage, 1)
    (line,) = await letters(stage, "?waiting=true")
    assert (line["level"], line["state"]) == (2, "printed")
    early = await send(
        stage, "sales-1", "POST", f"{PATH}/{line['id']}/hand-over", json={"on": "2026-03-03", "way": "courier"}
    )
    assert early.status_code == 409
    listed = await done(stage, "manager-1", "GET", f"/v1/approvals?subject={line['id']}&state=open")
    (approval,) = listed["items"]
    opened = await done(stage, "sales-1", "GET", f"{PATH}/{line['id']}")
    assert approval["offer"]["letter"] == opened["papers"]["letter"]["sha256"]
    assert (await shop.signs(line, "manager-1")).status_code == 200
    await worked(stage)
    (line,) = await letters(stage)
    assert (line["state"], line["person"]) == ("sent", "seller-1")
    over = await done(
        stage, "seller-1", "POST", f"{PATH}/{line['id']}/hand-over", json={"on": "2026-03-03", "way": "courier"}
    )
    assert (over["state"], over["way"], over["handed_by"]) == ("handed_over", "courier", "seller-1")
    assert (await work_of(stage, "credit.dunning"))[-1].state == WorkState.DONE


@pytest.mark.rule("P02.4")
@pytest.mark.parametrize("meanwhile", ["paid in part", "bounced", "a longer term"])
async def test_a_letter_that_is_signed_when_its_figures_hold_no_more_is_made_anew(stage: Stage, meanwhile: str) -> None:
    shop = await owing(stage, 35)
    paid = await shop.book("payment", "50.00")
    await nights(stage, 1)
    (stale,) = await letters(stage)
    assert (stale["level"], stale["state"], stale["total"]) == (2, "printed", "450.00")
    if meanwhile == "paid in part":
        await shop.book("payment", "150.00")
    elif meanwhile == "bounced":
        await shop.reverses(paid)
    else:
        await stage.rows("UPDATE accounts SET term_days = 32 WHERE id = $1 RETURNING 1", shop.account)
    assert (await shop.signs(stale, "manager-1")).status_code == 200
    await worked(stage)
    (stale,) = await letters(stage)
    assert (stale["state"], stale["sent_at"]) == ("void", None)
    assert (await work_of(stage, "credit.dunning"))[-1].state == WorkState.WAIVED
    assert await stage.outbox(DunningLetterSent) == []
    await nights(stage, 1)
    fresh = (await letters(stage))[0]
    total = {"paid in part": "300.00", "bounced": "500.00"}.get(meanwhile, "450.00")
    assert (fresh["level"], fresh["state"], fresh["total"], fresh["made_on"]) == (2, "printed", total, "2026-03-04")
    assert (await shop.signs(fresh, "manager-1")).status_code == 200
    await nights(stage, 2)
    assert [one["state"] for one in await letters(stage)] == ["sent", "void"]


@pytest.mark.rule("P02.4")
async def test_a_letter_to_nobody_is_void(stage: Stage, directory: Directory) -> None:
    directory.unknown = True
    await owing(stage, 10)
    await nights(stage, 1)
    (line,) = await letters(stage)
    assert (line["state"], line["void_because"]) == ("void", "the customer is not known any more")
    assert (await work_of(stage, "credit.dunning"))[-1].state == WorkState.WAIVED
    assert (await send(stage, "sales-1", "GET", f"{PATH}/{line['id']}/letter")).status_code == 409


@pytest.mark.rule("P05.14")
async def test_papers_of_a_forgotten_customer_are_read_by_nobody(stage: Stage) -> None:
    shop = await owing(stage, 10)
    await nights(stage, 1)
    (line,) = await letters(stage)
    await shop.book("payment", "500.00")
    said = CustomerErased(erasure_id=uuid4(), customer_id=shop.customer, erased_at=stage.runtime.clock())
    await stage.receive(said, key=str(shop.customer))
    await worked(stage)
    assert (await send(stage, "sales-1", "GET", f"{PATH}/{line['id']}/letter")).status_code == 404
    (line,) = await letters(stage)
    assert (line["total"], line["customer_id"] == str(shop.customer)) == ("500.00", False)


@pytest.mark.rule("P02.4")
async def test_letters_of_other_branches_are_not_seen(stage: Stage) -> None:
    await owing(stage, 10)
    await nights(stage, 1)
    (line,) = await letters(stage)
    body = {"on": "2026-03-03", "way": "courier"}
    both = await asyncio.gather(
        send(stage, "sales-2", "GET", f"{PATH}/{line['id']}"),
        send(stage, "sales-2", "GET", f"{PATH}/{line['id']}/letter"),
        send(stage, "sales-2", "POST", f"{PATH}/{line['id']}/hand-over", json=body),
    )
    assert [one.status_code for one in both] == [404, 404, 404]
    assert (await done(stage, "sales-2", "GET", PATH))["items"] == []


def test_every_change_of_a_letter_is_declared() -> None:
    assert undeclared(Letter) == []


COLUMN = tables.dunning_letters.c


#: what is asked for, and the index that it is read from
LETTERS: list[tuple[list[sa.ColumnElement[bool]], str]] = [
    ([COLUMN.branch == "b-7", COLUMN.state.in_(["made", "printed", "sent"])], "dunning_letters_waiting"),
    ([COLUMN.branch == "b-7"], "dunning_letters_branch"),
    ([COLUMN.account_id == UUID(int=5)], "dunning_letters_account"),
]


async def test_letters_are_found_by_an_index(stage: Stage) -> None:
    await stage.rows(
        """INSERT INTO dunning_letters (id, episode_id, account_id, customer_id, branch, level, made_on, made_at,
            total, days_over, lines, state, papers, held, version, sequence)
        SELECT uuidv7(), gen_random_uuid(), lpad(to_hex(n % 5000), 32, '0')::uuid, gen_random_uuid(), 'b-' || n % 1000,
            1, current_date, now(), 1, 7, '[]', CASE WHEN n % 7 = 0 THEN 'sent' ELSE 'handed_over' END, '{}', '{}', 1, 0
        FROM generate_series(1, 50000) n"""
    )
    for where, index in LETTERS:
        plan = await stage.plan(sa.select(COLUMN.id).where(*where).order_by(COLUMN.id.desc()).limit(51))
        assert index in plan, plan
        assert "Seq Scan" not in plan, plan
