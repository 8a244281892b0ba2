"""Requests that wait at the same time are done together, and each is answered as if it had come alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest
import pytest_asyncio
from chassis.auth import Principal
from chassis.http import Answer, post
from chassis.ids import uuid7
from chassis.kit.probe import PROBES, Probe, changed, probe
from chassis.kit.stage import Stage
from chassis.problems import NotFound, Problem, Refused
from chassis.repeats import Repeat
from chassis.service import Service
from chassis.together import BATCH, Asked, Finds, Together
from chassis.tx import Tx
from contracts.roles import Role
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from chassis import failpoints

AGENT = "call_centre@group"


@dataclass(frozen=True)
class Needs:
    """Whoever has the role."""

    name: str = "probe.note"

    def allows(self, principal: Principal) -> bool:
        return any(grant.role is Role.CALL_CENTRE for grant in principal.grants)


class NoteForm(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: str
    probe: UUID | None = None


class NoteView(BaseModel):
    id: UUID
    notes: list[str]
    version: int


#: how many each transaction was for
batches: list[int] = []


async def probes_of(tx: Tx, asked: Sequence[Asked[NoteForm]]) -> list[Probe | None]:
    """The probe that each is about, locked; the one that a request has made itself before."""
    batches.append(len(asked))
    failpoints.arm("together.committed=fail" if any(one.form.note == "lost" for one in asked) and len(batches) == 1
                   else "", "test")  # fmt: skip
    found = await tx.load(PROBES, [one.form.probe or one.id for one in asked])
    return [found.get(one.form.probe or one.id) for one in asked]


FINDS = Finds(probes_of, lane=lambda form: form.probe)


@post("/v1/notes", needs=Needs(), status=201, finds=FINDS)
def add_note(asked: Asked[NoteForm], found: Probe | None, tx: Tx) -> Answer[NoteView] | Problem:
    """Write a note on a probe, or on a new one."""
    form = asked.form
    if form.note == "no":
        return Refused("No is no note. Write something else.")
    if found is None and form.probe is not None:
        return NotFound("There is no such probe.")
    if found is None or found.id != asked.id:
        if found is None:
            found = Probe(asked.id)
            tx.add(found)
        found.notes.append(f"{form.note} by {tx.actor}")
        tx.publish(found, changed(found.id, form.note))
    if form.note == "boom":
        raise ValueError("after it was changed")
    if form.note == "late":
        raise Refused("Found out too late.")
    return Answer(NoteView(id=found.id, notes=found.notes, version=found.version))


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(routes=[add_note])


@pytest_asyncio.fixture
async def together(stage: Stage) -> AsyncIterator[Together]:
    """The route without HTTP before it: what is submitted at once is one batch."""
    batches.clear()

    def render(answer: Answer[NoteView]) -> Response:
        return Response(answer.body.model_dump_json(), status_code=201)

    yield Together(stage.runtime, add_note.endpoint, FINDS, render)
    failpoints.arm("", "test")


def asked(note: str, about: UUID | None = None, subject: str = "agent-1") -> Asked[NoteForm]:
    principal = Principal(subject, "here", frozenset(), frozenset(), 0.0)
    return Asked(uuid7(), NoteForm(note=note, probe=about), principal)


async def answers(
    together: Together, *given: Asked[NoteForm], repeats: Sequence[Repeat | None] = ()
) -> list[Response | BaseException]:
    keys = repeats or [None] * len(given)
    waiting = [together.submit(one, key) for one, key in zip(given, keys, strict=True)]
    return await asyncio.gather(*waiting, return_exceptions=True)


async def probed(stage: Stage) -> UUID:
    """A probe to write on."""
    made = Probe(uuid7())
    async with stage.runtime.transaction() as tx:
        tx.add(made)
    return made.id


async def notes(stage: Stage, about: UUID) -> list[str]:
    ((found,),) = await stage.rows("SELECT notes FROM probes WHERE id = $1", about)
    return [note.partition(" by ")[0] for note in found]


def statuses(found: Sequence[Response | BaseException]) -> list[int]:
    return [one.status_code if isinstance(one, Response) else getattr(one, "status", 500) for one in found]


async def test_what_waits_at_the_same_time_is_one_transaction_and_everybody_is_told_of_their_own(
    stage: Stage, together: Together
) -> None:
    about = await probed(stage)
    found = await answers(together, *[asked(str(n), about, f"agent-{n}") for n in range(BATCH)])
    assert batches == [BATCH]
    assert statuses(found) == [201] * BATCH
    ((written, version),) = await stage.rows("SELECT notes, version FROM probes WHERE id = $1", about)
    assert written == [f"{n} by agent-{n}" for n in range(BATCH)]
    assert version == 2
    assert [told.sequence for told in await stage.outbox()] == list(range(1, BATCH + 1))


async def test_who_is_refused_takes_nobody_along(stage: Stage, together: Together) -> None:
    about = await probed(stage)
    given = [asked("one", about), asked("no", about), asked("two", about), asked("three", uuid7())]
    found = await answers(together, *given)
    assert statuses(found) == [201, 409, 201, 404]
    assert batches == [4]
    assert await notes(stage, about) == ["one", "two"]


@pytest.mark.parametrize(("note", "status"), [("boom", 500), ("late", 409), ("\x00", 500)])
async def test_what_fails_in_the_middle_of_its_work_is_undone_alone(
    stage: Stage, together: Together, note: str, status: int
) -> None:
    about = await probed(stage)
    found = await answers(together, asked("one", about), asked(note, about), asked("two", about))
    assert statuses(found) == [201, status, 201]
    assert batches == [3, 1, 1, 1]
    assert sorted(await notes(stage, about)) == ["one", "two"]
    assert len(await stage.outbox()) == 2


async def test_one_that_fails_alone_is_not_done_again(stage: Stage, together: Together) -> None:
    assert statuses(await answers(together, asked("late"))) == [409]
    assert batches == [1]


async def test_those_of_one_key_in_a_batch_make_one_and_get_one_answer(stage: Stage, together: Together) -> None:
    about = await probed(stage)
    same, other = [Repeat.of("agent-1", "POST", "/v1/notes", b"", "k1", body) for body in (b"one", b"two")]
    given = [asked("one", about), asked("two", about), asked("one", about), asked("one", about)]
    found = await answers(together, *given, repeats=[same, other, same, None])
    assert statuses(found) == [201, 409, 201, 201]
    first, again = found[0], found[2]
    assert isinstance(first, Response)
    assert isinstance(again, Response)
    assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
    assert "idempotent-replayed" not in first.headers
    assert await notes(stage, about) == ["one", "one"]
    later = await answers(together, asked("one", about), asked("one", about), repeats=[same, other])
    assert statuses(later) == [201, 409]
    assert await notes(stage, about) == ["one", "one"]


async def test_two_processes_with_one_key_make_one(stage: Stage, together: Together) -> None:
    about = await probed(stage)
    other = Together(stage.runtime, add_note.endpoint, FINDS, together._render)
    key = Repeat.of("agent-1", "POST", "/v1/notes", b"", "k1", b"one")
    sent = [(process, asked("one", about)) for process in (together, other) for _ in range(5)]
    found = await asyncio.gather(*[process.submit(one, key) for process, one in sent])
    assert {bytes(one.body) for one in found} == {bytes(found[0].body)}
    assert await notes(stage, about) == ["one"]


async def test_a_batch_whose_commit_was_lost_finds_what_it_had_made(stage: Stage, together: Together) -> None:
    given = [asked("one"), asked("lost"), asked("two")]
    found = await answers(together, *given)
    assert statuses(found) == [201, 201, 201]
    assert batches == [3, 1, 1, 1]
    assert {row[0] for row in await stage.rows("SELECT id FROM probes")} == {one.id for one in given}
    assert len(await stage.outbox()) == 3


async def test_who_needs_a_locked_row_waits_for_it_together_and_nobody_else_does(
    stage: Stage, together: Together
) -> None:
    stuck, free = await probed(stage), await probed(stage)
    async with stage.runtime.transaction() as tx:
        await tx.get(PROBES, stuck)
        sent = [asyncio.create_task(answers(together, *[asked("stuck", stuck) for _ in range(5)]))]
        assert statuses(await answers(together, asked("free", free), asked("more", free))) == [201, 201]
        sent.append(asyncio.create_task(answers(together, asked("later", stuck))))
        assert statuses(await answers(together, asked("again", free))) == [201]
        assert [one.done() for one in sent] == [False, False]
        batches.clear()
    assert [statuses(one) for one in await asyncio.gather(*sent)] == [[201] * 5, [201]]
    assert await notes(stage, stuck) == ["stuck"] * 5 + ["later"]
    assert await notes(stage, free) == ["free", "more", "again"]
    assert batches == [1]
    assert statuses(await answers(together, asked("a", stuck), asked("b", free))) == [201, 201]
    assert batches == [1, 2]


async def test_over_http_each_keeps_its_trace_its_key_and_its_person(stage: Stage) -> None:
    traces = [f"{n:032x}" for n in range(1, 21)]
    async with stage.client(AGENT) as agent:
        sent = [
            agent.post(
                "/v1/notes",
                json={"note": trace},
                headers={"traceparent": f"00-{trace}-{1:016x}-00", "Idempotency-Key": trace},
            )
            for trace in [*traces, *traces]
        ]
        found = await asyncio.gather(*sent)
    assert {one.status_code for one in found} == {201}
    assert all(one.headers["etag"] == '"1"' for one in found)
    assert [one.json() for one in found[20:]] == [one.json() for one in found[:20]]
    told = await stage.outbox()
    assert sorted(one.traceparent[3:35] for one in told if one.traceparent) == traces
    for one in told:
        assert one.message is not None
        assert one.traceparent is not None
        assert one.message.model_dump()["what"] == [one.traceparent[3:35]]
    assert {row[0] for row in await stage.rows("SELECT notes->>0 FROM probes")} == {f"{t} by agent-7" for t in traces}


async def test_over_http_it_refuses_as_every_route_does(stage: Stage) -> None:
    async with stage.client(AGENT) as agent, stage.client("sales@group") as other:
        anonymous = await agent.post("/v1/notes", json={"note": "a"}, headers={"Authorization": ""})
        assert (anonymous.status_code, anonymous.json()["type"]) == (401, "/problems/unauthenticated")
        assert "Bearer" in anonymous.headers["www-authenticate"]
        forbidden = await other.post("/v1/notes", json={"note": "a"})
        assert (forbidden.status_code, forbidden.json()["type"]) == (403, "/problems/forbidden")
        invalid = await agent.post("/v1/notes", json={"note": 1, "more": 2})
        assert invalid.status_code == 422
        assert sorted(error["pointer"] for error in invalid.json()["errors"]) == ["/more", "/note"]
        garbled = await agent.post("/v1/notes", content=b"{")
        assert (garbled.status_code, garbled.json()["errors"][0]["pointer"]) == (422, "")
        large = await agent.post("/v1/notes", json={"note": "x" * 2_000_000})
        assert large.status_code == 413
        assert (await agent.get("/v1/notes")).status_code == 405
        shown = (await agent.get("/openapi.json")).json()["paths"]["/v1/notes"]["post"]
    assert shown["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/NoteForm")
    assert shown["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("/NoteView")
    assert shown["x-needs"] == "probe.note"


async def test_what_a_batch_reads_and_writes_is_not_planned_anew_each_time(stage: Stage) -> None:
    plans: dict[int, tuple[int, int]] = {}

    async def read(tx: Tx, given: Sequence[Asked[NoteForm]]) -> list[Probe | None]:
        found = await probes_of(tx, given)
        # not of this statement itself, which has no parameters
        pid, custom, generic = await tx.driver.fetchrow(
            """SELECT pg_backend_pid(), custom_plans, generic_plans FROM pg_prepared_statements
            WHERE statement LIKE 'SELECT "id"%FROM probes WHERE id = ANY%'"""
        )
        plans[pid] = (custom, generic)
        return found

    finds = Finds(read, lane=lambda form: form.probe)
    together = Together(stage.runtime, add_note.endpoint, finds, lambda answer: Response(status_code=201))
    for n in range(20):
        assert statuses(await answers(together, *[asked(f"{n}") for _ in range(1 + n % 3)])) == [201] * (1 + n % 3)
    assert sum(generic for _, generic in plans.values()) == 20
    assert {custom for custom, _ in plans.values()} == {0}
    async with stage.runtime.transaction() as tx:
        assert await tx.driver.fetchval("SELECT current_setting('plan_cache_mode')") == "auto"
