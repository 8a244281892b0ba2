"""Three worker processes on the real Kafka, killed in the middle: each is told once, and nothing personal is left."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from chassis.kit.counterpart import Reply, Request, counterpart
from chassis.kit.eventually import eventually
from chassis.kit.keys import ISSUER, TestIssuer
from chassis.kit.process import ServiceProcess
from chassis.kit.stage import Stage
from chassis.runtime import utc_now
from chassis.service import Service
from chassis.topics import ensure
from contracts.notify import NoticeSent
from contracts.topics import STAFF_STATE
from policy.kit import hire

from .people import MAIL, MOBILE, Staff, serious, told

MANAGER = "general_manager@sh-pudong"
NAME = "欧阳晓明"
COUNT = 40


async def everything(stage: Stage) -> str:
    """Every row of every table as text, save what is sealed and the keys."""
    names = await stage.rows(
        "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('public', 'kehu')"
    )
    dumped = []
    for schema, name in names:
        dumped += [row[0] for row in await stage.rows(f'SELECT t::text FROM "{schema}"."{name}" t')]
    values = [row[0] for row in await stage.rows("SELECT value FROM kehu.outbox WHERE value IS NOT NULL")]
    return "\n".join(dumped) + "\n".join(bytes(value).decode() for value in values)


@pytest.mark.rule("P05.15")
@pytest.mark.rule("P06.5")
async def test_each_send_is_told_once_by_three_workers_of_which_some_are_killed(
    service: Service,
    database: str,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    tmp_path: Path,
    kafka_bootstrap: str,
    topic_prefix: str,
) -> None:
    staff, seen = Staff(), []
    staff.reach("gm-1")
    secret = tmp_path / "sms"
    secret.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    def gateway(request: Request) -> Reply:
        if request.path != "/send":
            return staff.answer(request)
        seen.append(orjson.loads(request.body))
        return Reply(200)

    read = {topic for one in (*service.reactions, *service.projections) for topic in one.topics}
    await ensure(kafka_bootstrap, prefix=topic_prefix, topics=read)
    more = {"kafka": kafka_bootstrap, "topic_prefix": topic_prefix}
    async with told(service, database, keys, issuer, staff, **more) as stage, counterpart(gateway) as address:
        stage.runtime.clock = utc_now
        await hire(stage, "gm-1", MANAGER)
        messages = [serious(stage, MANAGER, urgent=True) for _ in range(COUNT)]
        messages += [serious(stage, MANAGER, urgent=True, params={"number": NAME}, subject=NAME)]
        producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
        await producer.start()
        for message in messages:
            record = stage.record(message, key=str(message.send_id))
            for _ in range(2):
                await producer.send_and_wait(
                    record.topic, record.value, record.key, record.partition, headers=list(record.headers)
                )
        await producer.stop()
        env = {
            "KEHU_ENVIRONMENT": "test",
            "KEHU_DATABASE_URL": database,
            "KEHU_KAFKA": kafka_bootstrap,
            "KEHU_TOPIC_PREFIX": topic_prefix,
            "KEHU_ISSUERS": json.dumps([{"issuer": ISSUER}]),
            "KEHU_MASTER_KEYS_FILE": str(keys[0]),
            "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
            "KEHU_HTTP_PORT": "0",
            "KEHU_JOB_LEASE_SECONDS": "3",
            "KEHU_PEERS": json.dumps({"staff": address}),
            "KEHU_TOKEN_ENDPOINT": f"{address}/token",
            "KEHU_SMS_URL": f"{address}/send",
            "KEHU_SMS_SECRET_FILE": str(secret),
            "KEHU_SMS_TEMPLATES": json.dumps({"generic": "SMS_1"}),
        }
        workers = [ServiceProcess(("notify",), "worker", env, tmp_path / f"worker-{n}.log") for n in range(3)]
        killed = 0
        try:
            for worker in workers:
                worker.start(KEHU_FAILPOINTS="jobs.worked=kill:0.1")

            async def all_told() -> bool:
                nonlocal killed
                for worker in workers:
                    if not worker.alive:
                        killed += worker.exit_status == -9
                        # enough have died: the rest is to end
                        worker.start(KEHU_FAILPOINTS="jobs.worked=kill:0.1" if killed < 5 else "")
                sent = await stage.rows("SELECT 1 FROM dispatches WHERE state = 'sent'")
                return len(sent) == 3 * (COUNT + 1)

            await eventually(all_told, within=150, every=0.3)
        finally:
            for worker in workers:
                worker.kill()
        assert killed > 0, "no worker died in its work: the test shows nothing"
        assert (await stage.rows("SELECT count(*), count(DISTINCT send_id) FROM notices"))[0][:] == (41, 41)
        said = [event.message for event in await stage.outbox(NoticeSent)]
        counted = Counter((one.notice_id, one.channel) for one in said if isinstance(one, NoticeSent))
        assert set(counted.values()) == {1}
        ids = {str(row[0]) for row in await stage.rows("SELECT id FROM dispatches WHERE channel = 'sms'")}
        assert {one["id"] for one in seen} == ids, "a repetition has the id of what it repeats"
        assert {one["mobile"] for one in seen} == {MOBILE}
        left = await everything(stage) + "".join(worker.log.read_text() for worker in workers)
        for canary in (NAME, MOBILE, MAIL):
            assert canary not in left
        assert NAME not in str(seen)
    assert STAFF_STATE in read
