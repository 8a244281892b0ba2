"""The factory's system under the harness: notes every request, and is as unreliable as the others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from chassis.kit.counterpart import Reply, Request, counterpart

from tests.faults.system import System

REFUSED, DROPPED = 0.06, 0.04


@dataclass(frozen=True)
class Webhook:
    """One request as it came; `taken` when it was answered that it was."""

    id: str
    signed: bool
    body: bytes
    taken: bool

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found


class Factory:
    """A subscriber to serious complaints. `subscription` is the id that it was given."""

    def __init__(self, rng: random.Random) -> None:
        self.log: list[Webhook] = []
        self.subscription = ""
        self._secret = b""
        self._rng = rng

    @asynccontextmanager
    async def subscribed(self, system: System) -> AsyncIterator[None]:
        """Serve while the block runs, with a subscription of `notify`."""
        async with counterpart(self._take) as address:
            token = system.ground.token("admin-1", "administrator@group")
            form = {"party": "factory", "url": f"{address}/kehu", "types": ["complaint.serious.v1"]}
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as admin:
                answer = await admin.post(f"{system.serving('notify')[0].address}/v1/subscriptions", json=form)
            said = answer.raise_for_status().json()
            self.subscription, self._secret = said["id"], base64.b64decode(said["secret"].removeprefix("whsec_"))
            yield

    def _take(self, request: Request) -> Reply | None:
        chance = self._rng.random()
        taken = chance >= REFUSED + DROPPED
        signed = self._signature(request) in request.headers["webhook-signature"].split()
        self.log.append(Webhook(request.headers["webhook-id"], signed, request.body, taken))
        if chance < DROPPED:
            return None
        return Reply(204 if taken else 503)

    def _signature(self, request: Request) -> str:
        signed = b".".join(
            (request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), request.body)
        )
        return "v1," + base64.b64encode(hmac.digest(self._secret, signed, hashlib.sha256)).decode()
