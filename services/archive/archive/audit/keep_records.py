"""Takes access records in the order of their topic, and appends them to the tree (P05.9, P05.11, P15.1)."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime

import orjson
import structlog
from chassis.failures import passes_by_itself
from chassis.handlers import Received, on
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.archive import AccessRecorded

from archive.audit.signer import Signer
from archive.audit.tree import Edge, leaf_hash, nodes_of
from archive.tables import log_waiting
from chassis import failpoints

log = structlog.get_logger()

RULES = ("P05.9", "P05.11", "P15.1")

#: how many records one head is signed for at most
BATCH = 5_000
#: seconds between looks: a record is under a signed head at most a second after it has come
PAUSE = 0.5

_NODE = "SELECT hash FROM log_nodes WHERE level = $1 AND n = $2"


@on(AccessRecorded)
def keep_access_record(event: Received[AccessRecorded], tx: Tx) -> None:
    """The record waits to be appended, once, in the order in which the log's only partition brings it."""
    tx.insert(log_waiting, record_id=event.id, leaf=canonical(event))


def canonical(event: Received[AccessRecorded]) -> str:
    """The leaf: the record and its id as JSON with sorted names and no spaces (RFC 8785 for what a record holds)."""
    said = event.said.model_dump(mode="json")
    return orjson.dumps({"id": str(event.id), **said}, option=orjson.OPT_SORT_KEYS).decode()


class Sequencer:
    """Appends what waits and signs a head for it; any number may run, one at a time does."""

    def __init__(self, runtime: Runtime) -> None:
        self.name = "sequencer"
        self.last_progress = time.monotonic()
        self._runtime = runtime

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                ((waiting,),) = await self._runtime.glance("SELECT EXISTS (SELECT FROM log_waiting)")
                full = waiting and await self.append() == BATCH
            except Exception as error:
                if not passes_by_itself(error):
                    log.error("the audit log is not appended to", exc_info=error)
                full = False
            self.last_progress = time.monotonic()
            if not full:
                await asyncio.sleep(PAUSE)

    async def append(self) -> int:
        """Append a batch and sign a head, in one transaction; how many records there were."""
        async with self._runtime.transaction() as tx:
            driver = tx.driver
            if not await driver.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('audit log', 0))"):
                return 0
            rows = await driver.fetch("SELECT n, record_id, leaf FROM log_waiting ORDER BY n LIMIT $1", BATCH)
            if not rows:
                return 0
            size = int(await driver.fetchval("SELECT coalesce(max(size), 0) FROM log_heads"))
            edge = Edge(size, [await driver.fetchval(_NODE, *node) for node in nodes_of(0, size)])
            hashes = [leaf_hash(row["leaf"].encode()) for row in rows]
            made = edge.append(hashes)
            leaves = [
                (size + k, row["record_id"], found, row["leaf"], *_searched(row["leaf"]))
                for k, (row, found) in enumerate(zip(rows, hashes, strict=True))
            ]
            columns = ["n", "record_id", "leaf_hash", "leaf", "actor", "purpose", "ids", "at"]
            await driver.copy_records_to_table("log_leaves", records=leaves, columns=columns)
            await driver.copy_records_to_table("log_nodes", records=made, columns=["level", "n", "hash"])
            root = edge.root()
            note = Signer.of(self._runtime).head(edge.size, root, tx.now)
            await driver.execute("INSERT INTO log_heads VALUES ($1, $2, $3, $4)", edge.size, root, tx.now, note)
            await failpoints.reach("audit.appended")
            await driver.execute("DELETE FROM log_waiting WHERE n = ANY($1::bigint[])", [row["n"] for row in rows])
        return len(rows)


def _searched(leaf: str) -> tuple[str, str, str, datetime]:
    """By what a record is found: actor, purpose, ids, time."""
    said = orjson.loads(leaf)
    return said["actor"], said["purpose"], orjson.dumps(said["ids"]).decode(), datetime.fromisoformat(said["at"])
