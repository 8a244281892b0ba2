"""`make demo`: agents take 600 complaints while customers are registered; the receivers say what came of them."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import stamina
from dev import children, people, seed, status, system
from stamina.instrumentation import set_on_retry_hooks

from tests.demo import callers, trade
from tests.demo.report import counts, noted, report
from tests.demo.walked import table, walked
from tests.journeys.walk import Walk

DEMO = system.RUN / "demo"
LOG, SECRET, SUBSCRIPTION = DEMO / "factory.jsonl", DEMO / "secret", DEMO / "subscription"
PORT = system.PORT_BASE + 3
SOURCE = Path(__file__).parents[2].parent / "shared" / "data" / "car_complaints.csv"
AGENTS = 8
ADMIN, CLERK = "demo-admin", "demo-clerk"


def hire() -> None:
    """The people of the demo join the staff, the first time; what they may do is known everywhere in seconds."""
    staff, admin = f"http://127.0.0.1:{system.port_of('staff')}", seed.Caller(system.issuer_url(), people.ADMINISTRATOR)
    _, page = admin.send("GET", f"{staff}/v1/branches?limit=100")
    if {place.branch for place in people.PLACES} - {one["branch"] for one in page["items"]}:
        seed.staff_branches(staff, system.issuer_url())  # it was set up before there were these
    rows = [
        {"subject": subject, "name": name, "branch": "group", "roles": role}
        for subject, name, role in (
            (ADMIN, "演示管理员", "administrator@group"),
            (CLERK, "演示登记员", "marketing_promotion@group"),
            *((f"demo-agent-{n}", f"演示坐席{n}", "call_centre@group") for n in range(AGENTS)),
        )
    ]
    seed.hire(admin, staff, rows)


def token_of(subject: str) -> str:
    """A token of the development issuer; what its holder may do, the staff directory says."""
    answer = httpx.post(f"http://127.0.0.1:{system.ISSUER}/token", data={"sub": subject})
    return str(answer.raise_for_status().json()["access_token"])


def client(service: str, subject: str) -> httpx.AsyncClient:
    """Someone at work, with a token of the development issuer."""
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{system.port_of(service)}",
        headers={"Authorization": f"Bearer {token_of(subject)}"},
        timeout=30,
    )


async def subscribe() -> str:
    """The factory's subscription: opened the first time, remembered after that."""
    if SUBSCRIPTION.exists():
        return SUBSCRIPTION.read_text()
    async with client("notify", ADMIN) as admin:
        form = {"party": "factory", "url": f"http://127.0.0.1:{PORT}/kehu", "types": ["complaint.serious.v1"]}
        answer = (await posted(admin, "/v1/subscriptions", form)).json()
    SECRET.touch(mode=0o600)
    SECRET.write_text(answer["secret"])
    SUBSCRIPTION.write_text(answer["id"])
    return str(answer["id"])


@stamina.retry(on=(httpx.TransportError, httpx.HTTPStatusError), attempts=60, wait_max=1)
async def posted(to: httpx.AsyncClient, path: str, form: dict[str, Any]) -> httpx.Response:
    """Post a form once whoever sends it may."""
    return (await to.post(path, json=form)).raise_for_status()


@stamina.retry(on=(httpx.TransportError, httpx.HTTPStatusError), attempts=60, wait_max=1)
async def send(to: httpx.AsyncClient, path: str, form: dict[str, Any], key: str) -> None:
    """Send a form until it is answered: what is sent again under its key happens once."""
    answer = await to.post(path, json=form, headers={"Idempotency-Key": key})
    if answer.status_code != 409:
        answer.raise_for_status()


async def register(whom: Sequence[int]) -> None:
    """Register these callers; who has been registered stays as he is."""
    async with client("customer", CLERK) as clerk:
        for caller in whom:
            await send(clerk, "/v1/customers", callers.customer(caller), f"demo-{caller}")


async def take(forms: Sequence[dict[str, Any]]) -> None:
    """Each agent takes the next call as soon as the last one has its number."""
    waiting = list(reversed(forms))

    async def agent(n: int) -> None:
        async with client("complaint", f"demo-agent-{n}") as phone:
            while waiting:
                form = waiting.pop()
                await send(phone, "/v1/complaints", form, f"demo-{form['origin_ref']}")

    await asyncio.gather(*[agent(n) for n in range(AGENTS)])


async def drained(subscription: str) -> None:
    """Wait until every serious case has reached the factory and every registered caller is matched."""
    until = time.monotonic() + 60
    before: dict[str, Any] = {}
    while time.monotonic() < until:
        found = await counts(subscription)
        cases = {note["case_id"] for note in noted(LOG) if note["signed"]}
        still = len(cases) >= found["serious"]  # others may wait for a factory that was away
        still = still and not [name for name in system.services() if await status.waiting(name)]
        if still and found == before:
            return
        before = found
        await asyncio.sleep(1)
    system.say("not everything arrived within a minute: look at `make status`")


async def play() -> dict[str, Any]:
    begun = time.monotonic()
    forms = callers.complaints(SOURCE)
    await asyncio.to_thread(hire)
    walk = Walk({name: f"http://127.0.0.1:{system.port_of(name)}" for name in system.services()}, token_of)
    subscription = await subscribe()  # before the first serious case
    system.say(
        "each process takes an ordinary and a serious case from the call to the archive; one term is left to end"
    )
    ways = asyncio.create_task(walked(walk))
    early, late = callers.BEFORE, callers.BEFORE + callers.DURING
    system.say(f"{early} customers are registered")
    await register(range(early))
    system.say(f"{AGENTS} agents take {len(forms)} calls, {callers.DURING} more customers come meanwhile")
    await asyncio.gather(take(forms), register(range(early, late)))
    system.say(f"{callers.AFTER} customers are registered after their calls")
    await register(range(late, late + callers.AFTER))
    await drained(subscription)
    system.say("a year of trade goes in while the term ends")
    addresses = {name: f"http://127.0.0.1:{system.port_of(name)}" for name in system.services()}
    trading = trade.traded(addresses, token_of, system.database_url("credit"), walk)
    processes, traded = await asyncio.gather(ways, trading)
    await walk.close()
    return {
        **await report(subscription, LOG),
        **processes,
        "trade": traded,
        "seconds": round(time.monotonic() - begun, 1),
    }


def main() -> int:
    if not system.is_running():
        system.say("the system is not running: make up")
        return 1
    set_on_retry_hooks([])  # they would log what was sent
    DEMO.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.demo.subscriber", str(PORT), str(SECRET), str(LOG)]
    factory = children.start(command, DEMO / "subscriber.log")
    try:
        children.wait_until(lambda: children.listens(PORT), factory, "subscriber", DEMO / "subscriber.log", 20)
        result = asyncio.run(play())
    finally:
        children.stop(factory, "subscriber")
    text = json.dumps(result, ensure_ascii=False, indent=2)
    (DEMO / "report.json").write_text(text + "\n")
    system.say(text)
    system.say("\n" + table(result))
    system.say("\n" + trade.table(result["trade"]))
    return 1 if trade.differs(result["trade"]) else 0


if __name__ == "__main__":
    sys.exit(main())
