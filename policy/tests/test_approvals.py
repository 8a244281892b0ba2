"""Approvals: chains, vacancies, delegation, splitting; what is held is refused on every way in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from itertools import chain, combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from chassis.ids import uuid7
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.probe import probe
from chassis.kit.stage import Stage, staged
from chassis.runtime import Runtime
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.customer import CustomerChanged
from contracts.roles import Role
from contracts.staff import Employment, Profile
from contracts.work import WorkItem, WorkState
from policy.access import exclude
from policy.approvals import Chain, NoChain, Seat, actions_of, add_party, ask, total, undeclared
from policy.directory import Directory
from policy.engines import ENGINES
from policy.keep_out import keep_from
from policy.kit import Clock, hire, open_branch
from policy.obligations import Timer
from policy.policies import Version
from policy.reasons import forget_reasons

from chassis import consume

from .deals import (
    ACTS,
    BRANCH,
    CREATE,
    DISCOUNT,
    HEAD_THEN_GM,
    Deal,
    act_by_http,
    act_by_job,
    act_by_message,
    log_of,
    offer_discount,
)


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(
        "customer",
        libraries=[ENGINES],
        routes=[*ACTS.routes, act_by_http, offer_discount],
        reactions=[act_by_message],
        jobs=[act_by_job, ACTS.job],
    )


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """The service with its deals; what people may do, the staff directory says."""
    async with staged(service, database, keys, issuer, grants_from="staff") as stage:
        await stage.rows(CREATE)
        yield stage


async def dealt(
    stage: Stage, chain: Chain | None = HEAD_THEN_GM, by: str = "agent-7", **more: Any
) -> tuple[UUID, UUID]:
    """A deal, and what was asked about it."""
    deal = Deal(uuid7())
    async with stage.runtime.transaction() as tx:
        tx.add(deal)
        asked = ask(
            tx, DISCOUNT, deal, {"kind": "discount"}, chain=chain, by=by, branch=BRANCH, path=f"/v1/deals/{deal.id}",
            **more,
        )  # fmt: skip
    return deal.id, asked.id


async def shown(stage: Stage, approval: UUID, who: str) -> dict[str, Any]:
    async with stage.client(subject=who) as person:
        answer = await person.get(f"/v1/approvals/{approval}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decide(stage: Stage, approval: UUID, who: str, *, grant: bool = True, **changes: Any) -> Any:
    async with stage.client(subject=who) as person:
        read = await person.get(f"/v1/approvals/{approval}")
        digest = read.json().get("digest", "0" * 64)
        body = {"grant": grant, "digest": digest, **({} if grant else {"reason": "too much"}), **changes}
        return await person.post(f"/v1/approvals/{approval}/decide", json=body)


async def staffed(stage: Stage) -> None:
    await hire(stage, "agent-7", f"service_agent@{BRANCH}")
    await hire(stage, "head-1", f"department_head@{BRANCH}")
    await hire(stage, "gm-1", f"general_manager@{BRANCH}")
    await hire(stage, "law-1", "legal@group")
    await hire(stage, "ceo-1", "ceo@group")


@pytest.mark.rule("P12.10")
async def test_a_chain_is_signed_stage_by_stage_and_then_the_subject_may_act(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    deal, approval = await dealt(stage)
    async with stage.client(subject="agent-7") as agent:
        held = await agent.post(f"/v1/deals/{deal}", json={"act": "pay"})
        assert (held.status_code, held.json()["type"]) == (409, "/problems/held")
        assert (held.json()["rules"], held.json()["path"]) == (["P12.10"], f"/v1/approvals/{approval}")
        assert (await agent.post(f"/v1/deals/{deal}", json={"act": "change"})).status_code == 200

    too_early = await decide(stage, approval, "gm-1")
    assert (too_early.status_code, too_early.json()["type"]) == (403, "/problems/not-yours")
    first = await decide(stage, approval, "head-1")
    assert first.status_code == 200, first.text
    assert first.json()["state"] == "open"
    for who in ("law-1", "gm-1"):
        answer = await decide(stage, approval, who)
    assert answer.json()["state"] == "granted"
    assert await log_of(stage, deal) == ["change", "pay"]
    assert (await decide(stage, approval, "ceo-1")).json()["type"] == "/problems/decided-already"

    said = [told.message for told in await stage.outbox(WorkItem)]
    work = [(one.role, one.place, one.state) for one in said if isinstance(one, WorkItem)]
    assert sorted(work) == sorted(
        (role, place, state)
        for role, place in (("department_head", BRANCH), ("general_manager", BRANCH), ("legal", "group"))
        for state in (WorkState.OPEN, WorkState.DONE)
    )
    item = said[0]
    assert isinstance(item, WorkItem)
    assert (item.kind, item.subject, item.path) == ("approve.test.discount", str(deal), f"/v1/approvals/{approval}")
    assert item.why_due is not None
    assert "1 working day" in item.why_due
    records = [told.message for told in await stage.outbox(AccessRecorded)]
    assert [r.actor for r in records if isinstance(r, AccessRecorded)] == ["head-1", "law-1", "gm-1"]


@pytest.mark.rule("P12.10")
async def test_a_signature_that_does_not_come_in_time_is_missed_passed_up_and_still_to_be_given(
    stage: Stage, clock: Clock
) -> None:
    await staffed(stage)
    deal, approval = await dealt(stage)
    clock.at("2026-03-03 18:00")
    while await Timer(stage.runtime).fire():
        pass
    step = (await stage.outbox(WorkItem))[-1].message
    assert isinstance(step, WorkItem)
    assert (step.kind, step.state, step.role) == ("approve.test.discount", WorkState.MISSED, "department_head")
    assert step.escalated_to == ["general_manager"]
    async with stage.client(subject="agent-7") as agent:
        assert (await agent.post(f"/v1/deals/{deal}", json={"act": "pay"})).status_code == 409, "silence is no consent"
    assert (await decide(stage, approval, "head-1")).status_code == 200


async def test_a_refusal_says_why_and_lets_go(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    deal, approval = await dealt(stage)
    assert (await decide(stage, approval, "head-1", grant=False, reason=None)).status_code == 422
    answer = (await decide(stage, approval, "head-1", grant=False)).json()
    assert (answer["state"], answer["reason"]) == ("refused", "too much")
    async with stage.client(subject="agent-7") as agent:
        assert (await agent.post(f"/v1/deals/{deal}", json={"act": "close"})).status_code == 200
    assert await log_of(stage, deal) == ["close"]


@pytest.mark.rule("P05.9", "P05.14")
async def test_words_of_a_decision_are_sealed_shown_to_who_may_and_forgotten_with_what_they_are_about(
    stage: Stage, clock: Clock
) -> None:
    await staffed(stage)
    await hire(stage, "gm-0", "general_manager@group")
    said = "欧阳致远 138 0000 0000 已撤诉"
    signed, approval = await dealt(stage)
    await decide(stage, approval, "head-1", reason=f"一 {said}")
    await decide(stage, approval, "law-1", reason=f"二 {said}")
    await decide(stage, approval, "gm-1", grant=False, reason=f"三 {said}")
    _, taken_back = await dealt(stage)
    change = {"policy": "policies", "layer": "group", "values": {}, "reason": said}
    async with stage.client(subject="agent-7") as agent, stage.client(subject="gm-0") as manager:
        await agent.post(f"/v1/approvals/{taken_back}/withdraw", json={"reason": said})
        proposed = (await manager.post("/v1/policies/versions", json=change)).json()
        assert proposed["reason"] == said
        (version,) = (await manager.get("/v1/policies/versions")).json()["items"]
        assert version["reason"] == said

    def words(of: dict[str, Any]) -> list[str | None]:
        return [*(seat["reason"] for stage in of["stages"] for seat in stage), of["reason"]]

    assert words(await shown(stage, approval, "head-1")) == [f"一 {said}", None, f"二 {said}", f"三 {said}"]
    assert (await shown(stage, taken_back, "head-1"))["reason"] == said
    asked = await shown(stage, UUID(proposed["approval"]), "gm-0")
    assert asked["offer"]["reason"] == said
    reads = [told.message for told in await stage.outbox(AccessRecorded)]
    last = [one for one in reads if isinstance(one, AccessRecorded)][-1]
    assert (last.actor, last.action, last.table, last.ids) == ("gm-0", "read", "reasons", [proposed["id"]])

    tables = await stage.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'kehu'")
    for (table,) in tables:
        kept = "\n".join(row[0] for row in await stage.rows(f"SELECT t::text FROM kehu.{table} t"))
        assert not any(part in kept for part in ("欧阳致远", "138 0000 0000", "已撤诉")), table
    async with stage.runtime.transaction() as tx:
        assert await forget_reasons(tx, [signed]) == 3
    assert words(await shown(stage, approval, "head-1")) == [None, None, None, None]
    assert (await shown(stage, taken_back, "head-1"))["reason"] == said


async def test_only_who_asked_takes_it_back(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    deal, approval = await dealt(stage)
    async with stage.client(subject="head-1") as head, stage.client(subject="agent-7") as agent:
        body = {"reason": "no longer wanted"}
        assert (await head.post(f"/v1/approvals/{approval}/withdraw", json=body)).status_code == 403
        answer = await agent.post(f"/v1/approvals/{approval}/withdraw", json=body)
        assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn"), answer.text
        assert (await agent.post(f"/v1/approvals/{approval}/withdraw", json=body)).status_code == 409
        assert (await agent.post(f"/v1/deals/{deal}", json={"act": "pay"})).status_code == 200
    last = (await stage.outbox(WorkItem))[-1].message
    assert isinstance(last, WorkItem)
    assert last.state == WorkState.WAIVED


async def test_two_signers_at_the_same_instant_count_once(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    await hire(stage, "head-2", f"department_head@{BRANCH}")
    for _ in range(5):
        _, approval = await dealt(stage)
        answers = await asyncio.gather(decide(stage, approval, "head-1"), decide(stage, approval, "head-2"))
        assert sorted(answer.status_code for answer in answers) in ([200, 403], [200, 409])
        (signed,) = [seat["signed_by"] for seat in (await shown(stage, approval, "gm-1"))["stages"][0]]
        assert signed in ("head-1", "head-2")


async def test_a_vacant_post_moves_the_seat_on_and_says_so(stage: Stage, clock: Clock) -> None:
    await hire(stage, "gm-1", f"general_manager@{BRANCH}")
    await hire(stage, "law-1", "legal@group")
    _, approval = await dealt(stage)
    (seat,) = (await shown(stage, approval, "gm-1"))["stages"][0]
    assert (seat["role"], seat["moved"]) == (
        "general_manager",
        [{"role": "department_head", "because": "nobody holds it"}],
    )
    assert (await decide(stage, approval, "gm-1")).status_code == 200
    # the general manager has signed: the second stage is not his as well, and there is no chief executive
    seats = (await shown(stage, approval, "gm-1"))["stages"][1]
    assert [(seat["role"], seat["nobody"]) for seat in seats] == [("general_manager", True), ("legal", False)]
    assert (await decide(stage, approval, "gm-1")).json()["type"] == "/problems/not-yours"


async def test_who_is_hired_later_gets_the_seat_that_nobody_could_sign(stage: Stage, clock: Clock) -> None:
    await hire(stage, "gm-1", f"general_manager@{BRANCH}")
    await hire(stage, "law-1", "legal@group")
    _, approval = await dealt(stage)
    await decide(stage, approval, "gm-1")
    await decide(stage, approval, "law-1")
    await hire(stage, "ceo-1", "ceo@group")
    clock.later(seconds=6)

    async def moved() -> bool:
        return (await shown(stage, approval, "gm-1"))["stages"][1][0]["role"] == "ceo"  # type: ignore[no-any-return]

    async with at_work(stage.runner()):
        await eventually(moved)
    assert (await decide(stage, approval, "ceo-1")).json()["state"] == "granted"


async def test_many_people_who_come_are_one_round_through_the_seats(
    stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds = []

    class Counted:
        """A round looks first who is there; that the directory looks by itself now and then is none."""

        @staticmethod
        def of(runtime: Runtime) -> Directory:
            rounds.append(runtime)
            return Directory.of(runtime)

    for n in range(20):
        await hire(stage, f"clerk-{n}", f"branch_clerk@{BRANCH}")
    monkeypatch.setattr("policy.place_seats.Directory", Counted)
    clock.later(seconds=6)
    async with at_work(stage.runner()):
        await eventually(lambda: ended(stage, but="none"))
    assert len(rounds) == 1


async def test_the_applicant_who_is_the_only_holder_does_not_sign_his_own(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    _, approval = await dealt(stage, by="head-1")
    (seat,) = (await shown(stage, approval, "gm-1"))["stages"][0]
    assert (seat["role"], seat["moved"][0]["because"]) == (
        "general_manager",
        "whoever holds it asked, has signed or is excluded",
    )
    assert (await decide(stage, approval, "head-1")).status_code == 403
    assert (await decide(stage, approval, "gm-1")).status_code == 200


@pytest.mark.rule("P04.12")
async def test_who_is_excluded_from_the_subject_never_signs(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    await hire(stage, "head-2", f"department_head@{BRANCH}")
    deal, approval = await dealt(stage, excluded=["head-1"])
    await sees_nothing_of(stage, deal, approval, "head-1")
    assert (await decide(stage, approval, "head-2")).status_code == 200


async def sees_nothing_of(stage: Stage, deal: UUID, approval: UUID, who: str) -> None:
    """Neither by its id nor in a list, and whatever this person sends about it."""
    async with stage.client(subject=who) as person:
        assert (await person.get("/v1/approvals")).json()["items"] == []
        assert (await person.get(f"/v1/approvals?subject={deal}")).json()["items"] == []
        assert (await person.get(f"/v1/approvals/{approval}")).status_code == 404
    assert (await decide(stage, approval, who)).status_code == 404


@pytest.mark.rule("P12.2")
async def test_who_is_kept_from_the_subject_after_it_was_asked_neither_sees_nor_signs_it(
    stage: Stage, clock: Clock
) -> None:
    await staffed(stage)
    deal, approval = await dealt(stage)
    assert (await shown(stage, approval, "head-1"))["yours"]
    async with stage.runtime.transaction() as tx:
        keep_from(tx, deal, "head-1", at=tx.now)
    await sees_nothing_of(stage, deal, approval, "head-1")

    async def moved() -> bool:
        (seat,) = (await shown(stage, approval, "gm-1"))["stages"][0]
        return bool(seat["role"] == "general_manager")

    async with at_work(stage.runner()):
        await eventually(moved)
    assert (await decide(stage, approval, "gm-1")).status_code == 200


@pytest.mark.rule("P12.2")
async def test_who_is_found_responsible_later_sees_nothing_of_what_was_asked(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    deal, approval = await dealt(stage)
    async with stage.runtime.transaction() as tx:
        exclude(tx, deal, ["head-1"], because="found responsible")
    await sees_nothing_of(stage, deal, approval, "head-1")


async def test_a_delegate_signs_for_whom_he_stands_and_not_around_the_rules(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    await hire(stage, "head-1", employment=Employment.ON_LEAVE)
    until = clock.now + timedelta(days=3)
    await hire(stage, "deputy", f"department_head@{BRANCH}", on_behalf_of="head-1", until=until)
    _, approval = await dealt(stage)
    answer = await decide(stage, approval, "deputy")
    (seat,) = answer.json()["stages"][0]
    assert (seat["signed_by"], seat["on_behalf_of"]) == ("deputy", "head-1")

    # who stands for the applicant is no second pair of eyes
    _, own = await dealt(stage, by="head-1")
    assert (await decide(stage, own, "deputy")).status_code == 403
    clock.later(days=4)
    _, late = await dealt(stage)
    assert (await decide(stage, late, "deputy")).status_code in (403, 404), "the delegation is over"


@pytest.mark.rule("P12.10")
async def test_splitting_an_amount_asks_whom_the_whole_would_ask(stage: Stage, clock: Clock) -> None:
    await staffed(stage)

    async def offered(deal: UUID, amount: str, customer: str = "c1") -> dict[str, Any]:
        async with stage.client(subject="agent-7") as agent:
            answer = await agent.post(f"/v1/deals/{deal}/offer", json={"amount": amount, "customer": customer})
            assert answer.status_code == 200, answer.text
            (newest,) = (await agent.get(f"/v1/approvals?subject={deal}&limit=1")).json()["items"]
        return dict(newest)

    deals = [Deal(uuid7()) for _ in range(4)]
    async with stage.runtime.transaction() as tx:
        for deal in deals:
            tx.add(deal)
    one, two, three, four = (deal.id for deal in deals)
    small = await offered(one, "1000.00")
    assert small["stages"][0][0]["role"] == "department_head", "exactly the edge of the band lies in it"
    split = await offered(two, "0.01")
    assert split["stages"][0][0]["role"] == "general_manager"
    assert (await offered(three, "900", customer="c2"))["stages"][0][0]["role"] == "department_head"
    assert (await offered(four, "99999.99", customer="c3"))["stages"][0][0]["role"] == "ceo"
    # asked anew for the same deal: the earlier asking makes way instead of adding up
    again = await offered(one, "900.00")
    assert again["id"] != small["id"]
    assert again["stages"][0][0]["role"] == "department_head"
    assert (await shown(stage, UUID(small["id"]), "gm-1"))["state"] == "superseded"
    assert (await decide(stage, UUID(small["id"]), "head-1")).status_code == 409
    # what was refused does not count
    await decide(stage, UUID(again["id"]), "head-1", grant=False)
    assert (await offered(two, "0.01"))["stages"][0][0]["role"] == "department_head"


@pytest.mark.rule("P12.10")
async def test_what_was_asked_for_one_party_adds_up_with_another_one_it_turns_out_to_be(
    stage: Stage, clock: Clock
) -> None:
    await staffed(stage)
    await dealt(stage, amount=Decimal(600), parties=["matter:a"])
    await dealt(stage, amount=Decimal(300), parties=["matter:b"])

    async def together(party: str) -> Decimal:
        async with stage.runtime.transaction() as tx:
            return await total(tx, DISCOUNT, [party], subject=uuid7(), amount=Decimal(1))

    assert [await together("matter:a"), await together("matter:b")] == [601, 301]
    for _ in range(2):
        async with stage.runtime.transaction() as tx:
            await add_party(tx, DISCOUNT, "matter:a", "matter:b")
    assert [await together("matter:a"), await together("matter:b")] == [601, 901]


async def test_many_who_split_at_the_same_instant_do_not_slip_through(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    deals = [Deal(uuid7()) for _ in range(6)]
    async with stage.runtime.transaction() as tx:
        for deal in deals:
            tx.add(deal)
    async with stage.client(subject="agent-7") as agent:
        answers = await asyncio.gather(
            *[agent.post(f"/v1/deals/{deal.id}/offer", json={"amount": "600"}) for deal in deals]
        )
        assert {answer.status_code for answer in answers} == {200}
        listed = (await agent.get("/v1/approvals")).json()["items"]
    roles = sorted(one["stages"][0][0]["role"] for one in listed)
    assert roles == ["department_head"] + ["general_manager"] * 5


async def test_a_signature_holds_only_for_what_was_shown(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    _, approval = await dealt(stage)
    answer = await decide(stage, approval, "head-1", digest="0" * 64)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/shown-otherwise")
    assert (await shown(stage, approval, "head-1"))["stages"][0][0]["signed_by"] is None


async def test_what_nobody_decides_is_not_asked(stage: Stage, clock: Clock) -> None:
    with pytest.raises(NoChain, match="names nobody"):
        await dealt(stage, chain=None)
    assert await stage.rows("SELECT 1 FROM deals") == []


async def test_an_approval_of_another_branch_is_not_there(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    await hire(stage, "stranger", "department_head@bj-chaoyang")
    _, approval = await dealt(stage)
    async with stage.client(subject="stranger") as stranger:
        assert (await stranger.get(f"/v1/approvals/{approval}")).status_code == 404
        assert (await stranger.get("/v1/approvals")).json()["items"] == []
        body = {"grant": True, "digest": "0" * 64}
        assert (await stranger.post(f"/v1/approvals/{approval}/decide", json=body)).status_code == 404
    async with stage.client(subject="nobody-knows") as nobody:
        assert (await nobody.get("/v1/approvals")).status_code == 403


async def test_what_waits_for_me_is_marked_as_mine(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    _, approval = await dealt(stage)
    assert (await shown(stage, approval, "head-1"))["yours"] is True
    assert (await shown(stage, approval, "gm-1"))["yours"] is False


WAYS_IN = ("http", "import", "job", "message")
ACTIONS = sorted(set(actions_of(Deal).values()))
SUBSETS = list(chain.from_iterable(combinations(ACTIONS, n) for n in range(len(ACTIONS) + 1)))


@pytest.mark.rule("P12.10")
async def test_what_is_held_is_refused_on_every_way_in_and_nothing_else_is(
    stage: Stage, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consume, "RETRIES", ())
    await hire(stage, "agent-7", f"service_agent@{BRANCH}")
    refused, done = [], []
    tried: list[tuple[str, str, tuple[str, ...], Deal]] = []
    for held in SUBSETS:
        deals = {(way, act): Deal(uuid7()) for way in WAYS_IN for act in ACTIONS}
        tried += [(way, act, held, deal) for (way, act), deal in deals.items()]
        async with stage.runtime.transaction() as tx:
            for deal in deals.values():
                deal.hold("test", uuid7(), held, ["P12.10"])
                tx.add(deal)
            for act in ACTIONS:
                tx.later(act_by_job, f"{deals['job', act].id}:{act}")
        async with stage.client(subject="agent-7") as agent:
            for act in ACTIONS:
                status = (await agent.post(f"/v1/deals/{deals['http', act].id}", json={"act": act})).status_code
                assert status == (409 if act in held else 200)
                told = deals["message", act].id
                event = CustomerChanged(customer_id=told, what=[act], changed_by="somebody")
                await stage.receive(event, key=str(told))
    table = [(act, held, deal) for way, act, held, deal in tried if way == "import"]
    async with stage.client(subject="agent-7") as agent:
        text = "".join(f"{deal.id},{act}\n" for act, _, deal in table)
        begun = await agent.post("/v1/deals/imports", content=f"编号,操作\n{text}".encode())
        assert begun.status_code == 202, begun.text
        async with at_work(stage.runner()):
            await eventually(lambda: ended(stage))
        outcomes = await results(agent, begun.json()["path"])
    assert outcomes == [("refused", "held") if act in held else ("changed", None) for act, held, _ in table]
    for way, act, held, deal in tried:
        (refused if act in held else done).append(way)
        assert await log_of(stage, deal.id) == ([] if act in held else [act]), (way, act, held)
    assert set(refused) == set(done) == set(WAYS_IN)
    parked = await stage.rows("SELECT DISTINCT error FROM kehu.parked")
    assert [row[0] for row in parked] == ["Held"]


async def results(caller: httpx.AsyncClient, path: str) -> list[tuple[str, str | None]]:
    """Of each row of a table the outcome, and the type of the problem where it was refused."""
    found: list[tuple[str, str | None]] = []
    page: dict[str, Any] = {"next": ""}
    while page["next"] is not None:
        page = (await caller.get(f"{path}/rows?limit=100" + (f"&cursor={page['next']}" if page["next"] else ""))).json()
        found += [(row["outcome"], row["type"] and row["type"].rpartition("/")[2]) for row in page["items"]]
    return found


async def ended(stage: Stage, but: str = "place_seats") -> bool:
    return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE state = 'waiting' AND kind <> $1", but)


@pytest.mark.parametrize("kind", [Deal, Version])
def test_every_method_that_changes_an_aggregate_is_declared(kind: type) -> None:
    assert undeclared(kind) == []


def test_a_method_that_was_forgotten_is_found() -> None:
    class Careless(Deal):
        def slip(self) -> None:
            self.log = []

        def look(self) -> int:
            return len(self.log)

    assert undeclared(Careless) == ["slip"]


async def test_a_step_is_on_the_work_topic_in_the_transaction_that_asks(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    deal = Deal(uuid7())

    async def asking() -> None:
        async with stage.runtime.transaction() as tx:
            tx.add(deal)
            ask(tx, DISCOUNT, deal, {}, chain=((Seat(role=Role.CEO, place="group"),),), by="x", branch=BRANCH, path="/")
            await tx.flush()
            assert len(await tx.driver.fetch("SELECT 1 FROM kehu.outbox")) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await asking()
    assert await stage.outbox(WorkItem) == []
    assert await stage.rows("SELECT 1 FROM kehu.approvals") == []


@pytest.mark.rule("P11.7")
async def test_a_seat_of_the_area_is_signed_by_who_holds_the_role_there(stage: Stage, clock: Clock) -> None:
    await staffed(stage)
    await open_branch(stage, BRANCH, Profile.DISTRIBUTION, region="east")
    await hire(stage, "area-1", "area_manager@area:east")
    await hire(stage, "area-2", "area_manager@area:north")
    _, approval = await dealt(stage, chain=((Seat(role=Role.AREA_MANAGER, place="area"),),))
    (step,) = [t.message for t in await stage.outbox(WorkItem)]
    assert isinstance(step, WorkItem)
    assert (step.role, step.place) == ("area_manager", "area:east")
    assert (await decide(stage, approval, "area-2")).status_code == 404
    assert (await decide(stage, approval, "area-1")).json()["state"] == "granted"


@pytest.mark.rule("P04.4")
async def test_a_seat_of_a_department_is_its_heads_and_the_branchs_where_it_has_none(
    stage: Stage, clock: Clock
) -> None:
    await staffed(stage)
    await hire(stage, "head-2", f"department_head@{BRANCH}/after_sales")
    chain: Chain = ((Seat(role=Role.DEPARTMENT_HEAD, place="department"),),)
    _, theirs = await dealt(stage, chain=chain, department="after_sales")
    _, others = await dealt(stage, chain=chain, department="sales")
    assert (await decide(stage, theirs, "head-1")).json()["type"] == "/problems/not-yours"
    assert (await decide(stage, theirs, "head-2")).json()["state"] == "granted"
    assert (await decide(stage, others, "head-2")).json()["type"] == "/problems/not-yours"
    assert (await decide(stage, others, "head-1")).json()["state"] == "granted"
