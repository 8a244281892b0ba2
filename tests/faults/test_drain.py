"""A process that is told to stop answers what it has begun, and loses nothing."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
from chassis.dev_issuer import key_in, mint
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.kit.process import ServiceProcess
from chassis.topics import ensure
from complaint.app import service
from dev.children import free_port

from tests.faults.system import issuing, rows

FORM = {
    "branch": "sh-pudong",
    "channel": "phone",
    "caller": {"name": "测试来电人", "phone": "14200000001"},
    "vehicle": {"brand": "东风日产"},
    "text": "变速箱抖动",
}


async def test_a_process_that_is_told_to_stop_answers_what_it_has_begun(
    databases: Databases, keys: tuple[Path, Path], kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    key, port = key_in(tmp_path / "issuer.json"), free_port()
    await ensure(kafka_bootstrap, prefix=topic_prefix)
    async with databases.fresh(service) as dsn, issuing(key) as issuer:
        env = {
            "KEHU_ENVIRONMENT": "test",
            "KEHU_DATABASE_URL": dsn,
            "KEHU_KAFKA": kafka_bootstrap,
            "KEHU_TOPIC_PREFIX": topic_prefix,
            "KEHU_HTTP_PORT": str(port),
            "KEHU_GRANTS_FROM": "token",
            "KEHU_ISSUERS": json.dumps([{"issuer": issuer}]),
            "KEHU_MASTER_KEYS_FILE": str(keys[0]),
            "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
        }
        process = ServiceProcess(["complaint"], "all", env, tmp_path / "complaint.log")
        process.start()
        try:
            await eventually(lambda: process.started)
            token = mint(key, issuer, "agent-1", grants=["call_centre@group"], scopes=[], lifetime=600)
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=20) as caller:
                address = f"http://127.0.0.1:{port}/v1/complaints"
                first = await caller.post(address, json=FORM)
                assert first.status_code == 201
                calls = [asyncio.create_task(caller.post(address, json=FORM)) for _ in range(90)]
                await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.to_thread(process.stop)
                answers = await asyncio.gather(*calls, return_exceptions=True)
        finally:
            process.kill()
        assert process.exit_status == 0
        taken = {said.json()["id"] for said in answers if isinstance(said, httpx.Response) and said.status_code == 201}
        others = [said for said in answers if not (isinstance(said, httpx.Response) and said.status_code == 201)]
        # whoever came too late was not let in: nothing was taken from him that he does not know of
        assert all(isinstance(said, httpx.NetworkError | httpx.RemoteProtocolError) for said in others), others
        assert taken | {first.json()["id"]} == {str(row[0]) for row in await rows(dsn, "SELECT id FROM cases")}
        assert len(taken) > 1
