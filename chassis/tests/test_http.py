"""Every write may be repeated, every error is a problem that says what to do, every route says what it needs."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import httpx
import pytest
from chassis.auth import Principal
from chassis.fields import Text
from chassis.http import ANYONE, Answer, Cursor, Health, Limit, Page, build, cursor_of, get, if_match, post
from chassis.ids import uuid7
from chassis.kit.probe import PROBES, Probe, probe
from chassis.kit.stage import Stage
from chassis.lists import newest_first
from chassis.problems import Stale
from chassis.runtime import Runtime
from chassis.service import Service
from chassis.tx import Tx
from contracts.roles import Role
from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, Field

AGENT = "call_centre@group"


@dataclass(frozen=True)
class Needs:
    """Whoever has the role."""

    name: str
    role: Role

    def allows(self, principal: Principal) -> bool:
        return any(grant.role is self.role for grant in principal.grants)


WRITE = Needs("probe.write", Role.CALL_CENTRE)


class NewProbe(BaseModel):
    model_config = ConfigDict(extra="forbid")

    note: Annotated[Text, Field(max_length=20)]


class ProbeView(BaseModel):
    id: UUID
    notes: list[Any]
    version: int


@post("/v1/streams", needs=WRITE, body_limit=3_000_000)
async def stream_bytes(request: Request) -> int:
    """Count what comes, piece by piece."""
    return sum([len(piece) async for piece in request.stream()])


@post("/v1/probes", needs=WRITE, status=201)
async def make_probe(new: NewProbe, tx: Tx) -> Answer[ProbeView]:
    """Make a probe."""
    if new.note == "boom":
        raise ValueError("王小芳 13800000000")
    made = Probe(uuid7(), [new.note])
    tx.add(made)
    return Answer(ProbeView(id=made.id, notes=made.notes, version=1), headers={"Location": f"/v1/probes/{made.id}"})


@post("/v1/probes/{probe_id}/notes", needs=WRITE)
async def add_note(
    probe_id: UUID, new: NewProbe, tx: Tx, version: Annotated[int | None, Depends(if_match)]
) -> ProbeView:
    """Add a note."""
    found = await tx.get(PROBES, probe_id)
    if version is not None and version != found.version:
        raise Stale("It was changed in the meantime. Read it again and repeat the change.")
    found.notes.append(new.note)
    await tx.flush()
    return ProbeView(id=found.id, notes=found.notes, version=found.version)


@get("/v1/probes", needs=WRITE)
async def list_probes(tx: Tx, limit: Limit = 2, cursor: Cursor = None) -> Page[ProbeView]:
    """List the probes."""
    found, following = await newest_first(tx, PROBES, [], limit, cursor)
    return Page(items=[ProbeView(id=p.id, notes=p.notes, version=p.version) for p in found], next=following)


@pytest.fixture(scope="session")
def service() -> Service:
    return probe(routes=[stream_bytes, make_probe, add_note, list_probes])


async def count(stage: Stage) -> int:
    return int((await stage.rows("SELECT count(*) FROM probes"))[0][0])


async def test_a_write_that_is_sent_again_with_its_key_happens_once_and_answers_the_same(stage: Stage) -> None:
    async with stage.client(AGENT, **{"Idempotency-Key": "k1"}) as agent:
        first = await agent.post("/v1/probes", json={"note": "one"})
        again = await agent.post("/v1/probes", json={"note": "one"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert await count(stage) == 1


async def test_a_key_that_was_used_for_something_else_is_refused(stage: Stage) -> None:
    async with stage.client(AGENT, **{"Idempotency-Key": "k1"}) as agent:
        await agent.post("/v1/probes", json={"note": "one"})
        other = await agent.post("/v1/probes", json={"note": "two"})
    assert other.status_code == 409
    assert other.json()["type"] == "/problems/key-reused"
    assert await count(stage) == 1


async def test_the_keys_of_two_people_are_not_the_same_key(stage: Stage) -> None:
    for subject in ("agent-1", "agent-2"):
        async with stage.client(AGENT, subject=subject, **{"Idempotency-Key": "k1"}) as agent:
            assert (await agent.post("/v1/probes", json={"note": "one"})).status_code == 201
    assert await count(stage) == 2


async def test_ten_at_once_with_one_key_make_one(stage: Stage) -> None:
    async with stage.client(AGENT, **{"Idempotency-Key": "k1"}) as agent:
        answers = await asyncio.gather(*[agent.post("/v1/probes", json={"note": "one"}) for _ in range(10)])
    assert {answer.status_code for answer in answers} <= {201, 503}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code == 503)
    assert await count(stage) == 1


async def test_a_stored_answer_is_not_readable_in_the_database(stage: Stage) -> None:
    async with stage.client(AGENT, **{"Idempotency-Key": "k1"}) as agent:
        await agent.post("/v1/probes", json={"note": "unmistakable"})
    ((body,),) = await stage.rows("SELECT body FROM kehu.idempotency")
    assert b"unmistakable" not in body


async def test_a_write_that_failed_may_be_sent_again_with_its_key(stage: Stage) -> None:
    async with stage.client(AGENT, **{"Idempotency-Key": "k1"}) as agent:
        assert (await agent.post("/v1/probes", json={"note": "boom"})).status_code == 500
        assert await stage.rows("SELECT 1 FROM kehu.idempotency") == []


async def test_an_update_that_would_be_lost_is_refused(stage: Stage) -> None:
    async with stage.client(AGENT) as agent:
        path = (await agent.post("/v1/probes", json={"note": "one"})).headers["location"] + "/notes"
        two = await agent.post(path, json={"note": "two"}, headers={"If-Match": '"1"'})
        assert (two.status_code, two.headers["etag"]) == (200, '"2"')
        late = await agent.post(path, json={"note": "late"}, headers={"If-Match": '"1"'})
        assert late.status_code == 412
        odd = await agent.post(path, json={"note": "odd"}, headers={"If-Match": "yesterday"})
        assert odd.status_code == 422


async def test_a_list_is_read_to_its_end_and_a_strange_cursor_is_refused(stage: Stage) -> None:
    async with stage.client(AGENT) as agent:
        made = [(await agent.post("/v1/probes", json={"note": str(n)})).json()["id"] for n in range(5)]
        seen, cursor = [], None
        for _ in range(3):
            page = (await agent.get("/v1/probes", params={"cursor": cursor} if cursor else {})).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        assert (seen, cursor) == (made[::-1], None)
        for strange in ("x", cursor_of("no uuid"), cursor_of(1, 2), cursor_of([]), "é"):
            assert (await agent.get("/v1/probes", params={"cursor": strange})).status_code == 422
        assert (await agent.get("/v1/probes", params={"limit": 101})).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", "/nowhere", None, 404),
        ("GET", "/v1/probes/", None, 404),
        ("DELETE", "/v1/probes", None, 405),
        ("POST", "/v1/probes", b"{", 422),
        ("POST", "/v1/probes", b'{"note": "a\\u0000"}', 422),
        ("POST", "/v1/probes", b'{"note": "x", "more": 1}', 422),
        ("POST", "/v1/probes", b'{"note": "' + b"x" * 1_100_000 + b'"}', 413),
        ("POST", "/v1/probes", b'{"note": "boom"}', 500),
    ],
)
async def test_every_error_is_a_problem_with_a_trace(
    stage: Stage, method: str, path: str, content: bytes | None, status: int
) -> None:
    async with stage.client(AGENT) as agent:
        answer = await agent.request(method, path, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert {"type", "title", "status", "detail", "instance", "trace_id"} <= said.keys()
    assert said["status"] == status
    assert "王小芳" not in answer.text


@pytest.mark.parametrize("said", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_that_does_not_say_it_is_json_is_told_which_header_to_send(stage: Stage, said: str | None) -> None:
    async with stage.client(AGENT) as agent:
        headers = {} if said is None else {"Content-Type": said}
        answer = await agent.post("/v1/probes", content=b'{"note": "one"}', headers=headers)
        vendor = await agent.post(
            "/v1/probes", content=b'{"note": "one"}', headers={"Content-Type": "application/x+json"}
        )
    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/not-json")
    assert "Content-Type: application/json" in answer.json()["detail"]
    assert vendor.status_code == 201


async def test_who_has_no_token_or_no_role_is_told_what_to_send(stage: Stage) -> None:
    async with stage.client() as nobody:
        forbidden = await nobody.get("/v1/probes")
        assert (forbidden.status_code, "probe.write" in forbidden.json()["detail"]) == (403, True)
        del nobody.headers["Authorization"]
        unknown = await nobody.get("/v1/probes")
        assert unknown.status_code == 401
        assert unknown.headers["www-authenticate"].startswith("Bearer")


async def test_every_route_says_what_it_needs(stage: Stage) -> None:
    async with stage.client(AGENT) as agent:
        paths = (await agent.get("/openapi.json")).json()["paths"]
    needs = {
        (method, path): declared["x-needs"] for path, methods in paths.items() for method, declared in methods.items()
    }
    assert needs.pop(("get", "/livez")) == needs.pop(("get", "/readyz")) == ANYONE.name
    assert needs
    assert set(needs.values()) == {"probe.write"}


async def test_a_route_that_streams_reads_its_body_piece_by_piece(stage: Stage) -> None:
    async with stage.client(AGENT) as agent:
        taken = await agent.post("/v1/streams", content=b"x" * 3_000_000)
        refused = await agent.post("/v1/streams", content=b"x" * 3_000_001)
    assert (taken.status_code, taken.json()) == (200, 3_000_000)
    assert (refused.status_code, refused.json()["type"]) == (413, "/problems/too-large")


async def test_a_process_that_stands_still_or_drains_says_so(stage: Stage) -> None:
    stuck: list[str] = []
    health = Health(alive=lambda: stuck[0] if stuck else None)
    app = build(stage.runtime, None, [], health, title="Probe")  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service.test") as anyone:
        assert [(await anyone.get(path)).status_code for path in ("/livez", "/readyz")] == [200, 200]
        stuck.append("relay")
        assert (await anyone.get("/livez")).status_code == 503
        health.draining = True
        draining = await anyone.get("/readyz")
        assert (draining.status_code, draining.headers["retry-after"]) == (503, "1")


async def test_a_database_that_is_away_is_busy_and_not_our_mistake(stage: Stage) -> None:
    await stage.runtime.engine.dispose()
    nowhere = stage.runtime.engine.url.set(port=1).render_as_string(hide_password=False).replace("+asyncpg", "")
    settings = stage.runtime.settings.model_copy(update={"database_url": nowhere})
    stage.runtime.engine = Runtime.of("probe", settings).engine
    async with stage.client(AGENT) as agent:
        answer = await agent.get("/v1/probes")
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
        assert (await agent.get("/readyz")).status_code == 503
        assert (await agent.get("/livez")).status_code == 200
