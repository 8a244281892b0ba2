"""Who leaves loses his rights in another service's process within seconds, over the real Kafka (P01.9)."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from chassis.consume import Consumer
from chassis.kit.at_work import at_work
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.kit.keys import ISSUER, TestIssuer
from chassis.kit.process import ServiceProcess
from chassis.kit.stage import Stage, staged
from chassis.relay import Relay
from chassis.service import Service
from chassis.topics import ensure
from customer.app import service as customer
from dev.children import free_port


async def as_boss(stage: Stage, path: str, form: dict[str, Any]) -> dict[str, Any]:
    async with stage.client(subject="boss") as boss:

        async def done() -> httpx.Response | None:
            answer = await boss.post(path, json=form)
            return None if answer.status_code == 403 else answer

        answer = await eventually(done)
    assert answer is not None
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.rule("P01.9")
async def test_who_leaves_loses_his_rights_in_another_process_within_seconds(
    service: Service,
    database: str,
    databases: Databases,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    kafka_bootstrap: str,
    topic_prefix: str,
    tmp_path: Path,
) -> None:
    await ensure(kafka_bootstrap, prefix=topic_prefix)
    on_kafka = {"kafka": kafka_bootstrap, "topic_prefix": topic_prefix}

    def jwks(request: Request) -> Reply:
        return answered({"keys": [issuer.key.as_dict(private=False)]})

    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(counterpart(jwks))
        dsn = await stack.enter_async_context(databases.fresh(customer))
        port = free_port()
        env = {
            "KEHU_ENVIRONMENT": "test",
            "KEHU_DATABASE_URL": dsn,
            "KEHU_KAFKA": kafka_bootstrap,
            "KEHU_TOPIC_PREFIX": topic_prefix,
            "KEHU_HTTP_PORT": str(port),
            "KEHU_ISSUERS": json.dumps([{"issuer": ISSUER, "jwks_uri": address}]),
            "KEHU_MASTER_KEYS_FILE": str(keys[0]),
            "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
            "KEHU_POOL_SIZE": "4",
        }
        other = ServiceProcess(("customer",), "all", env, tmp_path / "customer.log")
        stack.callback(other.kill)
        other.start()
        more = {"grants_from": "staff", "first_administrator": "boss", **on_kafka}
        stage = await stack.enter_async_context(staged(service, database, keys, issuer, **more))
        await stack.enter_async_context(at_work(Relay(stage.runtime)))
        consumer = Consumer(stage.runtime, service.reactions, service.projections)
        await consumer.start()
        stack.push_async_callback(consumer.stop)
        clerk = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {issuer.token('clerk')}"}
            )
        )

        async def answers(status: int) -> bool:
            try:
                return bool((await clerk.get("/v1/customers")).status_code == status)
            except httpx.TransportError:
                return False

        await eventually(lambda: answers(403), within=60)
        form = {"subject": "clerk", "name": "王五", "branch": "group",
                "roles": [{"role": "marketing_promotion", "place": "group"}]}  # fmt: skip
        person = await as_boss(stage, "/v1/people", form)
        await eventually(lambda: answers(200), within=20)
        await as_boss(stage, f"{person['path']}/departure", {})
        await eventually(lambda: answers(403), within=10)
