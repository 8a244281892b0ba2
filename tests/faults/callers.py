"""Many callers who are in a hurry: they send twice, send again what they do not know about, and make mistakes."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.faults.history import Attempt, Customer, History, Operation
from tests.faults.system import System

BRANDS = ("东风日产", "上汽大众", "长安福特")
#: a paused process is asked no longer than this; another one may answer
PATIENCE = 3.0
#: how long a caller goes on asking what became of a complaint
STUBBORN = 60.0
#: share of the complaints of a caller who has complained before
AGAIN = 0.2
MOST_OF_ONE_CALLER = 4
#: share of the complaints that were received before, by letter say, up to so many days
LATE, DAYS = 0.2, 5.0
#: share of the complaints around which the caller is registered as a customer
REGISTERED = 0.3


class Callers:
    """Sends complaints as fast as it is allowed to, and writes down what it was told.

    `allow` raises how many complaints may have been begun, so that whoever makes trouble decides when the
    load comes: just before the trouble.
    """

    def __init__(self, system: System, rng: random.Random, *, marked_share: float) -> None:
        self.history = History()
        self._system = system
        self._rng = rng
        self._marked_share = marked_share
        self._begun = time.monotonic()
        self._phones = 0
        self._recent: dict[str, int] = {}
        self._allowance: asyncio.Queue[bool] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._registering: list[asyncio.Task[None]] = []
        limits = httpx.Limits(max_connections=64)
        self._http = httpx.AsyncClient(timeout=PATIENCE, limits=limits)
        self._token = system.ground.token("agent-1", "call_centre@group")

    def start(self, callers: int) -> None:
        """Let so many callers stand ready."""
        self._tasks = [asyncio.create_task(self._call()) for _ in range(callers)]

    def allow(self, complaints: int) -> None:
        """Let so many more be sent."""
        for _ in range(complaints):
            self._allowance.put_nowait(True)

    async def finish(self, complaints: int, within: float) -> None:
        """Go on until so many have been accepted and every caller knows what became of his.

        RuntimeError with what was answered when that takes longer than `within` seconds.
        """
        try:
            async with asyncio.timeout(within):
                while (accepted := self.history.accepted) < complaints:
                    self.allow(max(0, min(complaints - accepted, 20) - self._allowance.qsize()))
                    await asyncio.sleep(0.05)
                for _ in self._tasks:
                    self._allowance.put_nowait(False)
                await asyncio.gather(*self._tasks)
                await asyncio.gather(*self._registering)  # the last call may have begun one
        except TimeoutError:
            counts = self.history.counts()
            raise RuntimeError(f"{self.history.accepted} of {complaints} accepted, then stuck: {counts}") from None
        await self._http.aclose()

    # -- customers -------------------------------------------------------------------------------

    async def _register(self, phone: str) -> None:
        """Open a file on a caller, once, before or after the complaint, however often it takes."""
        if any(customer.phone == phone for customer in self.history.customers):
            return
        customer = Customer(phone, f"file-{phone}")
        self.history.customers.append(customer)
        await asyncio.sleep(self._rng.random())
        headers = {"Authorization": f"Bearer {self._token}", "Idempotency-Key": customer.key}
        form = {"kind": "person", "branch": "sh-pudong", "customer_class": "general", "name": "测试", "phones": [phone]}
        deadline = time.monotonic() + STUBBORN
        while customer.id is None and time.monotonic() < deadline:
            address = self._rng.choice(self._system.serving("customer")).address
            try:
                answer = await self._http.post(f"{address}/v1/customers", json=form, headers=headers)
                if answer.status_code in (200, 201):
                    customer.id = answer.json()["id"]
                    return
            except (httpx.HTTPError, ValueError):
                pass
            await asyncio.sleep(0.2)

    # -- complaints ------------------------------------------------------------------------------

    async def _call(self) -> None:
        while await self._allowance.get():
            await self._complain()

    async def _complain(self) -> None:
        operation = self._operation()
        if self._rng.random() < REGISTERED and self._system.serving("customer"):
            self._registering.append(asyncio.create_task(self._register(operation.phone)))
        habit = self._rng.random()
        if habit < 0.04:  # a mistake in the form
            await self._until_known(self._noted(replace(operation, sound=False)))
        elif habit < 0.08 and operation.key is not None:  # two different complaints under one key, at once
            other = self._noted(replace(operation, marker=f"{operation.marker}x", attempts=[]))
            await asyncio.gather(self._until_known(self._noted(operation)), self._until_known(other))
        elif habit < 0.14:  # the same one twice at once
            self._noted(operation)
            await asyncio.gather(self._until_known(operation), self._until_known(operation))
        else:
            await self._until_known(self._noted(operation))
        if 0.14 <= habit < 0.24:  # once more, for safety
            await self._send(operation)
        elif 0.24 <= habit < 0.28 and operation.key is not None:  # another one, with the key of the first
            other = replace(operation, marker=f"{operation.marker}y", attempts=[])
            await self._until_known(self._noted(other))

    def _operation(self) -> Operation:
        marker = f"M{len(self.history.operations)}-{self._rng.getrandbits(24):06x}"
        by_origin = self._rng.random() < 0.15
        late = self._rng.random() < LATE
        return Operation(
            marker=marker,
            key=None if by_origin else f"key-{marker}",
            origin_ref=f"ref-{marker}" if by_origin else None,
            phone=self._new_phone() if late else self._phone(),
            brand=self._rng.choice(BRANDS),
            marked=self._rng.random() < self._marked_share,
            sound=True,
            taken_at=(datetime.now(UTC) - self._rng.random() * timedelta(days=DAYS)).isoformat() if late else None,
        )

    def _phone(self) -> str:
        """A number that nobody can have; sometimes one that has been used a moment ago."""
        known = [phone for phone, calls in self._recent.items() if calls < MOST_OF_ONE_CALLER]
        again = bool(known) and self._rng.random() < AGAIN
        phone = self._rng.choice(known[-8:]) if again else self._new_phone()
        self._recent[phone] = self._recent.get(phone, 0) + 1
        return phone

    def _new_phone(self) -> str:
        """A number that nobody has used; who is not kept in mind complains once."""
        self._phones += 1
        return f"1420{self._phones:07d}"

    def _noted(self, operation: Operation) -> Operation:
        self.history.operations.append(operation)
        return operation

    async def _until_known(self, operation: Operation) -> None:
        """Send it until an answer says what became of it."""
        deadline = time.monotonic() + STUBBORN
        while time.monotonic() < deadline:
            if (await self._send(operation)).outcome != "unknown":
                return
            await asyncio.sleep(0.2)

    async def _send(self, operation: Operation) -> Attempt:
        address = self._rng.choice(self._system.serving("complaint")).address
        headers = {"Authorization": f"Bearer {self._token}"}
        if operation.key is not None:
            headers["Idempotency-Key"] = operation.key
        started = time.monotonic() - self._begun
        attempt = Attempt(started, started, "unknown", 0)
        operation.attempts.append(attempt)
        try:
            answer = await self._http.post(f"{address}/v1/complaints", json=body_of(operation), headers=headers)
            attempt.status = answer.status_code
            if answer.status_code in (200, 201):
                said = answer.json()
                attempt.id, attempt.number = said["id"], said["number"]
                attempt.outcome = "ok"
            elif 400 <= answer.status_code < 500:
                attempt.outcome = "fail"
        except (httpx.HTTPError, ValueError):
            pass
        attempt.ended = time.monotonic() - self._begun
        return attempt


def body_of(operation: Operation) -> dict[str, Any]:
    """The complaint as it is sent; the marker makes it recognisable, and one that is not sound is refused."""
    body: dict[str, Any] = {
        "branch": "sh-pudong",
        "channel": "phone",
        "caller": {"name": "测试来电人", "phone": operation.phone},
        "vehicle": {"brand": operation.brand, "series": "轩逸"},
        "text": f"变速箱抖动 {operation.marker}",
        "fault_codes": [operation.marker],
        "serious": ["negative_media"] if operation.marked else [],
    }
    if operation.origin_ref is not None:
        body |= {"origin": "faults", "origin_ref": operation.origin_ref}
    if operation.taken_at is not None:
        body["taken_at"] = operation.taken_at
    if not operation.sound:
        body["channel"] = "pigeon"
    return body
