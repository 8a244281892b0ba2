"""The audit log: every record once and in order, under a signed head, provable to whoever trusts nobody here."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from archive.audit.keep_records import Sequencer
from archive.audit.signer import Signer
from archive.audit.verify import Wrong, check, verify_head
from chassis.ids import uuid7
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded

from .papers import filed, opened

AUDITOR = "information_supervisor@group"


def access(stage: Stage, **changes: Any) -> AccessRecorded:
    """Somebody read something."""
    said = {
        "service": "customer",
        "actor": "agent-7",
        "action": "read",
        "table": "customers",
        "ids": [str(uuid7())],
        "purpose": "handling",
        "rules": ["P05.9"],
        "at": stage.runtime.clock(),
        "digests": ["00" * 32],
    }
    return AccessRecorded(**{**said, **changes})


async def recorded(stage: Stage, count: int, **changes: Any) -> list[UUID]:
    """Records come over the topic; their ids."""
    ids = [uuid7() for _ in range(count)]
    records = [stage.record(access(stage, **changes), key=str(identifier), event_id=identifier) for identifier in ids]
    await stage.consumer.consume(records)
    return ids


async def asked(stage: Stage, path: str, grant: str = AUDITOR) -> Any:
    async with stage.client(grant, subject="auditor-1") as auditor:
        answer = await auditor.get(f"/v1/audit/{path}")
    return answer.json() if answer.status_code == 200 else answer


@pytest.mark.rule("P05.9")
@pytest.mark.rule("P15.1")
async def test_a_record_is_in_the_log_once_and_provable_however_often_it_comes(stage: Stage) -> None:
    (identifier,) = await recorded(stage, 1)
    record = stage.record(access(stage), key="k", event_id=identifier)
    await stage.consumer.consume([record])
    await recorded(stage, 6)
    await Sequencer(stage.runtime).append()
    head = await asked(stage, "head")
    assert head["size"] == 7
    proof = await asked(stage, f"inclusion?record_id={identifier}")
    assert check(proof, head["verifier_key"]) == "record 0 is in the log of 7 records"
    leaf = json.loads(proof["leaf"])
    assert (leaf["id"], leaf["actor"], leaf["rules"]) == (str(identifier), "agent-7", ["P05.9"])
    by_hash = await asked(stage, f"inclusion?leaf_hash={proof['leaf_hash']}")
    assert by_hash == proof
    forged = {**proof, "leaf": proof["leaf"].replace("agent-7", "agent-8")}
    with pytest.raises(Wrong):
        check(forged, head["verifier_key"])


async def test_what_was_signed_once_is_the_beginning_of_everything_signed_later(stage: Stage) -> None:
    heads = []
    for count in (3, 1, 9, 20):
        await recorded(stage, count)
        await Sequencer(stage.runtime).append()  # each time a process that knows nothing of the one before
        heads.append(await asked(stage, "head"))
    assert [head["size"] for head in heads] == [3, 4, 13, 33]
    key = heads[0]["verifier_key"]
    for old in heads:
        for new in (head for head in heads if head["size"] >= old["size"]):
            proof = await asked(stage, f"consistency?first={old['size']}&second={new['size']}")
            assert proof["first"] == old["note"]
            assert "unchanged" in check(proof, key)
    entries = (await asked(stage, "entries?start=30"))["items"]
    assert [entry["index"] for entry in entries] == [30, 31, 32]
    assert (await asked(stage, "head?size=5")).status_code == 404
    assert (await asked(stage, "consistency?first=13&second=3")).status_code == 422


async def test_many_sequencers_make_one_log_without_gap_or_double(stage: Stage) -> None:
    ids = [identifier for _ in range(5) for identifier in await recorded(stage, 40)]
    sequencers = [Sequencer(stage.runtime) for _ in range(4)]
    await asyncio.gather(*[one.append() for one in sequencers for _ in range(3)])
    rows = await stage.rows("SELECT n, record_id FROM log_leaves ORDER BY n")
    assert [(row["n"], row["record_id"]) for row in rows] == list(enumerate(ids))
    assert await stage.rows("SELECT 1 FROM log_waiting") == []


async def test_a_reading_here_stands_under_a_signed_head_a_second_later(stage: Stage) -> None:
    dossier = await opened(stage)
    await filed(stage, dossier, None)
    async with stage.client("information_specialist@sh-pudong", subject="specialist-2") as keeper:
        await keeper.get(dossier["path"])
    began = time.monotonic()
    async with at_work(Sequencer(stage.runtime)):
        await stage.deliver_outbox()

        async def signed() -> bool:
            return bool(await stage.rows("SELECT 1 FROM log_heads"))

        await eventually(signed)
    assert time.monotonic() - began < 5
    found = await asked(stage, "search?actor=specialist-2")
    assert [one["record"]["purpose"] for one in found["items"]] == ["keeping"]
    assert "王小芳" not in str(found)


async def test_the_log_is_searched_by_who_what_why_and_when_and_the_search_is_recorded(stage: Stage) -> None:
    await recorded(stage, 3)
    await recorded(stage, 2, actor="agent-9", purpose="viewing", ids=["case-1", "case-2"])
    await Sequencer(stage.runtime).append()
    for query, count in (
        ("actor=agent-9", 2),
        ("about=case-2", 2),
        ("purpose=handling", 3),
        ("actor=agent-9&purpose=handling", 0),
        ("since=2020-01-01T00:00:00Z", 5),
        ("until=2020-01-01T00:00:00Z", 0),
        ("actor=' OR true --", 0),
    ):
        found = await asked(stage, f"search?{query}")
        assert len(found["items"]) == count, query
    first = await asked(stage, "search?limit=2")
    second = await asked(stage, f"search?limit=4&cursor={first['next']}")
    assert [one["index"] for one in [*first["items"], *second["items"]]] == [4, 3, 2, 1, 0]
    said = [t.message for t in await stage.outbox(AccessRecorded)]
    assert {(one.actor, one.action) for one in said if isinstance(one, AccessRecorded)} == {("auditor-1", "search")}


@pytest.mark.rule("P15.1")
@pytest.mark.parametrize(
    ("grant", "status"),
    [
        ("information_supervisor@group", 200),
        ("general_manager@group", 200),
        ("information_supervisor@sh-pudong", 403),
        ("general_manager@sh-pudong", 403),
        ("administrator@group", 403),
        ("information_specialist@group", 403),
    ],
)
async def test_the_log_is_read_by_auditors_of_the_group_alone(stage: Stage, grant: str, status: int) -> None:
    await recorded(stage, 1)
    await Sequencer(stage.runtime).append()
    async with stage.client(grant) as person:
        for path in ("head", "entries", "search", "consistency?first=1"):
            assert (await person.get(f"/v1/audit/{path}")).status_code == status


@pytest.mark.parametrize("table", ["log_leaves", "log_nodes", "log_heads"])
async def test_nothing_in_the_log_is_changed_or_taken_away(stage: Stage, table: str) -> None:
    await recorded(stage, 2)
    await Sequencer(stage.runtime).append()
    column = "size" if table == "log_heads" else "n"
    for sql in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column} + 1", f"TRUNCATE {table}"):
        with pytest.raises(asyncpg.PostgresError, match="only appended to"):
            await stage.rows(sql)


async def test_who_changes_the_log_behind_the_databases_back_is_found(stage: Stage) -> None:
    ids = await recorded(stage, 9)
    await Sequencer(stage.runtime).append()
    head = await asked(stage, "head")
    await stage.rows("ALTER TABLE log_leaves DISABLE TRIGGER log_leaves_stay")
    await stage.rows("UPDATE log_leaves SET leaf = replace(leaf, 'agent-7', 'agent-8') WHERE n = 4")
    proof = await asked(stage, f"inclusion?record_id={ids[4]}")
    with pytest.raises(Wrong):
        check(proof, head["verifier_key"])


async def test_the_auditors_tool_checks_what_was_saved_and_names_what_proves_nothing(
    stage: Stage, tmp_path: Path
) -> None:
    ids = await recorded(stage, 5)
    await Sequencer(stage.runtime).append()
    head = await asked(stage, "head")
    proof = await asked(stage, f"inclusion?record_id={ids[2]}")
    for name, content in (("head", head), ("proof", proof), ("forged", {**proof, "index": 3})):
        (tmp_path / name).write_text(json.dumps(content))

    def run(*names: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "archive.audit.verify", head["verifier_key"]]
        return subprocess.run(
            [*command, *[str(tmp_path / name) for name in names]], capture_output=True, text=True, check=False
        )

    good, bad = run("head", "proof"), run("forged")
    assert (good.returncode, "record 2 is in the log of 5 records" in good.stdout) == (0, True)
    assert (bad.returncode, "NOT PROVED" in bad.stdout) == (1, True)


async def test_a_head_of_another_key_or_with_another_number_is_refused(stage: Stage, tmp_path: Path) -> None:
    mine = Signer.of(stage.runtime)
    other = Signer.load(mine.name, tmp_path / "other.pem", may_make=True)
    note = mine.head(7, b"r" * 32, stage.runtime.clock())
    assert verify_head(note, mine.verifier_key).size == 7
    for forged, key in ((note, other.verifier_key), (note.replace("\n7\n", "\n8\n"), mine.verifier_key), ("x", "y")):
        with pytest.raises(Wrong):
            verify_head(forged, key)
    again = Signer.load(mine.name, tmp_path / "other.pem", may_make=False)
    assert again.verifier_key == other.verifier_key
    (tmp_path / "other.pem").chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        Signer.load(mine.name, tmp_path / "other.pem", may_make=False)


async def test_100_000_records_are_appended_in_seconds_and_proved_from_a_few_rows(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO log_waiting (record_id, leaf)
        SELECT uuidv7(), json_build_object('id', n, 'actor', 'a', 'purpose', 'p', 'ids', json_build_array(n::text),
            'at', '2026-03-02T09:15:00Z') FROM generate_series(1, 100000) AS n
    """)
    began = time.monotonic()
    sequencer = Sequencer(stage.runtime)
    while await sequencer.append():
        pass
    spent = time.monotonic() - began
    head = await asked(stage, "head")
    assert head["size"] == 100_000
    assert spent < 60, f"{spent:.1f} s"
    leaf = (await stage.rows("SELECT leaf_hash FROM log_leaves WHERE n = 77777"))[0][0].hex()
    began = time.monotonic()
    proof = await asked(stage, f"inclusion?leaf_hash={leaf}")
    assert len(proof["proof"]) <= 17
    assert check(proof, head["verifier_key"]) == "record 77777 is in the log of 100000 records"
    old = await asked(stage, "consistency?first=5000")
    assert "unchanged" in check(old, head["verifier_key"])
    assert time.monotonic() - began < 2
