"""What a story needs: services as processes beside an issuer, and a real Chromium in front of them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from chassis.kit.databases import Databases
from chassis.kit.eventually import eventually
from chassis.kit.process import ServiceProcess
from dev import web
from dev.children import ROOT, free_port

#: callers of the stories: one is registered as a customer, one is not
KNOWN_PHONE, OTHER_PHONE = "14207770001", "14207770002"


@dataclass
class Desk:
    """The running system, as a browser and its test see it."""

    issuer: str
    addresses: dict[str, str]
    dsns: dict[str, str]

    async def token(self, subject: str, grants: str) -> str:
        async with httpx.AsyncClient() as http:
            form = {"sub": subject, "grants": grants}
            return str((await http.post(f"{self.issuer}/token", data=form)).raise_for_status().json()["access_token"])

    async def post(self, service: str, path: str, grants: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {await self.token('clerk-1', grants)}"}
        async with httpx.AsyncClient(headers=headers) as http:
            answer = await http.post(self.addresses[service] + path, json=body, timeout=30)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def complaints(self, words: str) -> int:
        connection = await asyncpg.connect(self.dsns["complaint"])
        try:
            return int(await connection.fetchval("SELECT count(*) FROM cases WHERE text LIKE $1", f"%{words}%"))
        finally:
            await connection.close()

    async def tell(self, story: str, **more: str) -> None:
        """Run a script in a browser; it fails with what the script says."""
        screenshots = ROOT / "run" / "screenshots"
        screenshots.mkdir(parents=True, exist_ok=True)
        asked = {
            "console": self.addresses["console"],
            "issuer": self.issuer,
            "complaint": self.addresses.get("complaint", ""),
            "screenshots": str(screenshots),
            "temporary": str(ROOT / "run" / "chromium"),
            "known_phone": KNOWN_PHONE,
            "other_phone": OTHER_PHONE,
            **more,
        }
        node = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).parent / "node"),
            story,
            json.dumps(asked),
            cwd=web.BROWSER,
            env=web.node_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            said, _ = await asyncio.wait_for(node.communicate(), 300)
        finally:
            if node.returncode is None:
                node.kill()
        assert node.returncode == 0, said.decode()


def build() -> None:
    """The web application and what drives the browser, made from today's sources."""
    web.build()
    web.install(web.BROWSER, "The packages that drive the browser could not be fetched: is the npm registry reachable")


async def started(
    stack: AsyncExitStack,
    services: Sequence[str],
    databases: Databases,
    kafka: str,
    prefix: str,
    keys: tuple[Path, Path],
    logs: Path,
    more: Mapping[str, str],
) -> Desk:
    """An issuer and the services, each with a fresh database, all of them ready; `stack` stops them."""
    addresses = {name: f"http://127.0.0.1:{free_port()}" for name in ("issuer", *services)}
    ports = {name: address.rpartition(":")[2] for name, address in addresses.items()}
    fresh = (databases.fresh(import_module(f"{name}.app").service) for name in services)
    dsns = {name: await stack.enter_async_context(one) for name, one in zip(services, fresh, strict=True)}
    issuer = ["chassis.dev_issuer", "--key-file", str(logs / "issuer.json"), "--port"]
    parts = [ServiceProcess(issuer, ports["issuer"], {"KEHU_ENVIRONMENT": "test"}, logs / "issuer.log")]
    for name in services:
        environment = {
            "KEHU_ENVIRONMENT": "test",
            "KEHU_DATABASE_URL": dsns[name],
            "KEHU_KAFKA": kafka,
            "KEHU_TOPIC_PREFIX": prefix,
            "KEHU_HTTP_PORT": ports[name],
            "KEHU_ISSUERS": json.dumps([{"issuer": addresses["issuer"]}]),
            "KEHU_TOKEN_ENDPOINT": f"{addresses['issuer']}/token",
            "KEHU_PEERS": json.dumps({peer: addresses[peer] for peer in services}),
            "KEHU_MASTER_KEYS_FILE": str(keys[0]),
            "KEHU_TOKEN_KEYS_FILE": str(keys[1]),
            "KEHU_BLOB_STORE": str(logs / "blobs" / name),
            "KEHU_AUDIT_KEY_FILE": str(logs / "audit.pem"),
            "KEHU_POOL_SIZE": "5",
            "KEHU_CONSOLE_URL": addresses["console"],
            **more,
        }
        parts.append(ServiceProcess([name], "all", environment, logs / f"{name}.log"))
    for part in parts:
        part.start()
        stack.callback(part.stop)
    http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
    await asyncio.gather(*(eventually(_answering(http, addresses[name], name), within=120) for name in addresses))
    return Desk(addresses["issuer"], addresses, dsns)


def _answering(http: httpx.AsyncClient, address: str, name: str) -> Any:
    async def answers() -> bool:
        try:
            return (await http.get(address + ("/jwks" if name == "issuer" else "/readyz"))).status_code == 200
        except httpx.TransportError:
            return False

    return answers
