"""The unit of work keeps what FACTS of the driver and the database would break."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from chassis.ids import uuid7
from chassis.kit.probe import PROBES, Probe, changed, probe, probes
from chassis.kit.stage import Stage
from chassis.problems import NotFound, Stale
from chassis.sealing import Unreadable
from chassis.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return probe()


async def made(stage: Stage, **more: Any) -> UUID:
    probe = Probe(uuid7(), **more)
    async with stage.runtime.transaction() as tx:
        tx.add(probe)
    return probe.id


async def test_a_raw_statement_before_the_adapter_begins_would_stay_so_tx_begins_first(stage: Stage) -> None:
    sql = "INSERT INTO probes VALUES ($1, '[]', NULL, NULL, 1, 0)"
    async with stage.runtime.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        await driver.execute(sql, uuid7())
        await connection.rollback()
    assert len(await stage.rows("SELECT 1 FROM probes")) == 1, "the trap is not there any more"
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with stage.runtime.transaction() as tx:
            await tx.driver.execute(sql, uuid7())
            raise ZeroDivisionError
    assert len(await stage.rows("SELECT 1 FROM probes")) == 1


async def test_a_transaction_may_not_last_longer_than_the_relays_floor_allows(stage: Stage) -> None:
    async with stage.runtime.transaction() as tx:
        assert await tx.driver.fetchval("SHOW transaction_timeout") == "1min"
        assert await tx.driver.fetchval("SHOW lock_timeout") == "5s"


async def test_a_glance_sees_what_is_committed_and_gives_no_broken_connection_back(stage: Stage) -> None:
    await made(stage)
    ((seen,),) = await stage.runtime.glance("SELECT count(*) FROM probes WHERE id <> $1", uuid7())
    assert seen == 1
    for _ in range(stage.runtime.settings.pool_size + 1):
        with pytest.raises((asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)):
            await stage.runtime.glance("SELECT pg_terminate_backend(pg_backend_pid())")
    assert await stage.runtime.glance("SELECT 1")


async def test_an_append_to_a_jsonb_list_is_written(stage: Stage) -> None:
    identifier = await made(stage, notes=["one"])
    async with stage.runtime.transaction() as tx:
        (await tx.get(PROBES, identifier)).notes.append("two")
    (row,) = await stage.rows("SELECT notes, version FROM probes")
    assert (row["notes"], row["version"]) == (["one", "two"], 2)


async def test_an_id_in_a_jsonb_column_is_its_text(stage: Stage) -> None:
    identifier = uuid7()
    await made(stage, notes=[identifier])
    assert await stage.rows("SELECT notes FROM probes") == [([str(identifier)],)]
    with pytest.raises(TypeError):
        await made(stage, notes=[object()])


async def test_what_was_only_looked_at_is_not_written(stage: Stage) -> None:
    identifier = await made(stage)
    async with stage.runtime.transaction() as tx:
        await tx.get(PROBES, identifier)
    assert (await stage.rows("SELECT version FROM probes"))[0][0] == 1


async def test_a_change_of_what_someone_else_has_changed_is_refused_as_stale(stage: Stage) -> None:
    identifier = await made(stage)
    with pytest.raises(Stale):  # noqa: PT012
        async with stage.runtime.transaction() as tx:
            probe = await tx.get(PROBES, identifier, lock=False)
            await stage.rows("UPDATE probes SET version = version + 1")
            probe.notes.append("late")


async def test_what_was_looked_at_before_it_is_locked_is_read_again_with_the_lock(stage: Stage) -> None:
    identifier = await made(stage)
    async with stage.runtime.transaction() as tx:
        seen = await tx.get(PROBES, identifier, lock=False)
        await stage.rows("""UPDATE probes SET notes = '["between"]', version = version + 1""")
        probe = await tx.get(PROBES, identifier)
        assert probe is seen
        assert probe.notes == ["between"]
        probe.notes.append("after")
        assert (await tx.get(PROBES, identifier)).notes == ["between", "after"]
    assert (await stage.rows("SELECT notes FROM probes"))[0][0] == ["between", "after"]


async def test_what_was_changed_before_it_is_locked_is_not_overwritten_by_what_is_read(stage: Stage) -> None:
    identifier = await made(stage)
    with pytest.raises(Stale):  # noqa: PT012
        async with stage.runtime.transaction() as tx:
            probe = await tx.get(PROBES, identifier, lock=False)
            probe.notes.append("mine")
            await stage.rows("UPDATE probes SET version = version + 1")
            assert (await tx.get(PROBES, identifier)).notes == ["mine"]


async def test_batches_over_the_same_aggregates_queue_and_do_not_deadlock(stage: Stage) -> None:
    ids = [await made(stage) for _ in range(20)]

    async def batch(order: list[UUID]) -> None:
        async with stage.runtime.transaction() as tx:
            for probe in (await tx.load(PROBES, order)).values():
                probe.notes.append("x")

    await asyncio.gather(*[batch(ids if n % 2 else ids[::-1]) for n in range(6)])
    assert {len(row[0]) for row in await stage.rows("SELECT notes FROM probes")} == {6}


async def test_what_is_published_goes_with_the_transaction_or_not_at_all(stage: Stage) -> None:
    identifier = await made(stage)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with stage.runtime.transaction() as tx:
            probe = await tx.get(PROBES, identifier)
            tx.publish(probe, changed(identifier))
            await tx.flush()
            raise ZeroDivisionError
    assert await stage.outbox() == []
    for _ in range(2):
        async with stage.runtime.transaction() as tx:
            probe = await tx.get(PROBES, identifier)
            tx.publish(probe, changed(identifier))
            tx.publish(probe, changed(identifier))
    assert [told.sequence for told in await stage.outbox()] == [1, 2, 3, 4]


async def sealed_probe(stage: Stage) -> UUID:
    identifier = uuid7()
    async with stage.runtime.transaction() as tx:
        subject = tx.new_subject()
        await tx.flush()
        sealed = await tx.seal(probes, identifier, subject, {"name": "王小芳"})
        tx.add(Probe(identifier, subject_id=subject, sealed=sealed))
    return identifier


async def test_reading_clear_text_is_recorded_in_the_same_transaction_and_not_when_it_fails(stage: Stage) -> None:
    identifier = await sealed_probe(stage)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with stage.runtime.transaction(actor="agent-7") as tx:
            await tx.unseal(await tx.get(PROBES, identifier), why="handling")  # type: ignore[type-var]
            raise ZeroDivisionError
    assert await stage.outbox() == []
    async with stage.runtime.transaction(actor="agent-7") as tx:
        clear = await tx.unseal(await tx.get(PROBES, identifier), why="handling")  # type: ignore[type-var]
    (record,) = await stage.outbox()
    assert clear == {"name": "王小芳"}
    assert record.message is not None
    said = record.message.model_dump()
    assert (said["actor"], said["ids"], said["purpose"]) == ("agent-7", [str(identifier)], "handling")
    assert "王小芳" not in str(said)


async def test_a_ciphertext_moved_to_another_row_does_not_open(stage: Stage) -> None:
    first, second = await sealed_probe(stage), await sealed_probe(stage)
    await stage.rows(
        "UPDATE probes p SET sealed = q.sealed, subject_id = q.subject_id FROM probes q WHERE p.id = $1 AND q.id = $2",
        first,
        second,
    )
    with pytest.raises(Unreadable):
        async with stage.runtime.transaction() as tx:
            await tx.unseal(await tx.get(PROBES, first), why="handling")  # type: ignore[type-var]


async def test_the_data_of_an_erased_subject_is_not_found(stage: Stage) -> None:
    identifier = await sealed_probe(stage)
    await stage.rows("UPDATE kehu.subject_keys SET wrapped = NULL")
    with pytest.raises(NotFound):
        async with stage.runtime.transaction() as tx:
            await tx.unseal(await tx.get(PROBES, identifier), why="handling")  # type: ignore[type-var]
    async with stage.runtime.transaction() as tx:
        subject = (await tx.get(PROBES, identifier)).subject_id
        assert subject is not None
        with pytest.raises(NotFound):
            await tx.data_key(subject, "file")
