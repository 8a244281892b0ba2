"""A year of trade of two hundred invented distributors, put in through the services' own doors, and what credit says.

The year is the same on every run: it ends on the day on which the first account was opened, every document has its own
reference, and a second run adds nothing. What credit says is compared with a model of a few lines: the balance of each
account is what its documents add up to, its limit what went out on the thirty days before; and credit adds every
running figure of each account up again from what it consists of.
"""

from __future__ import annotations

import asyncio
import csv
import io
import random
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from policy.calendar import ZONE, civil

from tests.demo.over_limit import LOST, WAYS, went_over
from tests.journeys.trading import BRANCH, FINANCE, HEAD, KEEPER, SELLER, WAREHOUSE
from tests.journeys.walk import Walk

DISTRIBUTORS, MONTHS, AT_ONCE, FILES = 200, 12, 12, 4
#: goods are asked for in so many rounds, each a part of the limit in percent; the last one does not fit any more
ROUNDS = (20, 30, 70)
PATIENCE = 120.0
PLACES, TRADES = ("虚江", "拟州", "示城", "无岭", "假浦"), ("商贸行", "汽配商行", "渠道商行", "经销部")
ZERO = Decimal("0.00")

_NIGHT = """UPDATE kehu.jobs SET run_at = now() WHERE kind = 'roll_limit' AND state = 'waiting' AND lease IS NULL
    AND ref = ANY($1::text[])"""
_DUE = "SELECT count(*) FROM kehu.jobs WHERE state = 'waiting' AND (run_at <= now() OR lease IS NOT NULL)"


@dataclass(frozen=True)
class Paper:
    """A document of the year; `about` is the reference of the invoice that it pays or corrects."""

    kind: str
    ref: str
    on: date
    amount: Decimal
    about: str = ""


@dataclass
class Trader:
    """A distributor, its year, and what credit has of it."""

    n: int
    account: str = ""
    customer: str = ""
    year: tuple[Paper, ...] = ()
    shipments: list[dict[str, Any]] = field(default_factory=list)

    @property
    def code(self) -> str:
        return f"TRADE-{self.n:03d}"

    def balance(self) -> Decimal:
        """What its documents, and the goods that were invoiced since, add up to."""
        owed = sum((one.amount if one.kind == "invoice" else -one.amount for one in self.year), ZERO)
        return owed + sum((Decimal(one["amount"]) for one in self.shipments if one["invoiced_on"]), ZERO)

    def limit(self, day: date) -> Decimal:
        """What went out on the thirty days before (P11.2)."""
        out = [(one.on, one.amount) for one in self.year if one.kind == "invoice"]
        out += [
            (date.fromisoformat(one["issued_on"]), Decimal(one["amount"])) for one in self.shipments if one["issued_on"]
        ]
        return sum((amount for on, amount in out if day - timedelta(days=30) <= on < day), ZERO)


def year_of(n: int, ends: date) -> Iterator[Paper]:
    """A goods invoice a month and the payment of it; every tenth has stopped paying, every fortieth left one open."""
    chance = random.Random(f"trade-{n}")
    begins = ends - timedelta(days=30 * MONTHS)
    for month in range(MONTHS):
        on = begins + timedelta(days=30 * month + chance.randrange(10))
        amount = Decimal(chance.randrange(2_000_000, 9_000_000)) / 100
        paid_on = on + timedelta(days=chance.randrange(3, 26))
        ref = f"trade-{n:03d}-{month:02d}"
        yield Paper("invoice", ref, on, amount)
        if n % 7 == 0 and month == 3:
            yield Paper("credit_note", f"{ref}-c", on + timedelta(days=2), Decimal("100.01"), ref)
            amount -= Decimal("100.01")
        late = (n % 10 == 0 and month >= MONTHS - 4) or (n % 40 == 5 and month == 0)
        if paid_on < ends and not late:
            yield Paper("payment", f"{ref}-p", paid_on, amount, ref)


def customer_of(n: int) -> dict[str, Any]:
    """A distributor with a name that nobody bears and a number under 142, which no operator has."""
    return {
        "kind": "organisation",
        "branch": BRANCH,
        "customer_class": "key",
        "name": f"{PLACES[n % len(PLACES)]}{TRADES[n % len(TRADES)]}{n:03d}",
        "phones": [f"1420778{n:04d}"],
        "enterprise_nature": "民营",
        "supervising_unit": "无",
        "address": f"示例路 {n} 号",
        "contact_person": f"示例{n:03d}",
    }


class Desk:
    """The branch's people at the services, each with their own token."""

    def __init__(self, addresses: Mapping[str, str], token: Callable[[str], str]) -> None:
        self._addresses = addresses
        self._headers = {who: {"Authorization": f"Bearer {token(who)}"} for who in _PEOPLE}
        self._client = httpx.AsyncClient(timeout=60)

    async def close(self) -> None:
        await self._client.aclose()

    async def asks(self, who: str, service: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """The answer, also a 409; whose rights are on their way, or a service that is away, is asked again.

        Under one key: what was done before its answer was lost is not done twice, and not called a double.
        """
        until = time.monotonic() + PATIENCE
        headers = self._headers[who] | ({"Idempotency-Key": str(uuid4())} if method == "POST" else {})
        while True:
            try:
                answer = await self._client.request(method, self._addresses[service] + path, headers=headers, **sent)
            except httpx.TransportError:
                answer = httpx.Response(503)
            if answer.status_code < 300 or answer.status_code == 409:
                return answer
            if answer.status_code not in (403, 404, 503) or time.monotonic() > until:
                raise RuntimeError(f"{who} at {service}{path}: {answer.status_code} {answer.text[:500]}")
            await asyncio.sleep(0.2)

    async def does(self, who: str, service: str, path: str, form: Any = None) -> dict[str, Any]:
        """A step that must be taken."""
        answer = await self.asks(who, service, "POST", path, json={} if form is None else form)
        if answer.status_code == 409:
            raise RuntimeError(f"{who} at {service}{path}: {answer.text[:500]}")
        found: dict[str, Any] = answer.json()
        return found

    async def reads(self, who: str, path: str) -> dict[str, Any]:
        """What credit shows."""
        found: dict[str, Any] = (await self.asks(who, "credit", "GET", path)).json()
        return found

    async def everything(self, who: str, path: str) -> list[dict[str, Any]]:
        """Every page of a list of credit about the branch."""
        found: list[dict[str, Any]] = []
        following = ""
        while True:
            page = await self.reads(who, f"{path}?branch={BRANCH}&limit=100{following}")
            found += page["items"]
            if page["next"] is None:
                return found
            following = f"&cursor={page['next']}"


_PEOPLE = (KEEPER, HEAD, FINANCE, SELLER, WAREHOUSE)


async def traded(
    addresses: Mapping[str, str], token: Callable[[str], str], database: str, walk: Walk
) -> dict[str, Any]:
    """Put the year in, ask for goods, also over the limit, bring the night forward; what credit says of it all.

    `token` is a person's bearer token. `database` is credit's: its nightly jobs run now instead of at midnight.
    """
    begun, desk = time.monotonic(), Desk(addresses, token)
    try:
        known = {one["code"]: one for one in await desk.everything(FINANCE, "/v1/accounts") if one["code"]}
        traders = [Trader(n) for n in range(DISTRIBUTORS)]
        days = [_civil(known[one.code]["opened_at"]) for one in traders if one.code in known]
        today = datetime.now(ZONE).date()
        ends = min(days, default=today)
        for one in traders:
            one.year = tuple(year_of(one.n, ends))
        await _each(traders, lambda one: _opened(desk, one, known.get(one.code)))
        rows = await _booked(desk, traders)
        await _each(traders, lambda one: _shipped(desk, one, ends))
        over = await went_over(walk, {n: (traders[n].account, traders[n].customer) for n in WAYS}, database)
        spent = time.monotonic() - begun
        ran = await _night(database, [one.account for one in traders])
        for line in over["over_the_limit"]:
            if line["way_out"] == "remit_first":
                traders[line["distributor"]].year += (_credited("payment", line["prepaid"], today),)
        traders[LOST].year += (_credited("write_off", over["never_paid"]["amount"], today),)
        found = await _read_back(desk, traders, today)
        return {
            "distributors": len(traders),
            "year_ends": str(ends),
            "rows": rows,
            **found,
            **over,
            "seconds": {"in": round(spent, 1), "night": round(ran, 1), "all": round(time.monotonic() - begun, 1)},
        }
    finally:
        await desk.close()


def _credited(kind: str, amount: str, on: date) -> Paper:
    """What was paid, or written off, beside the year."""
    return Paper(kind, "", on, Decimal(amount))


def _civil(moment: str) -> date:
    return civil(datetime.fromisoformat(moment))


async def _each(traders: Sequence[Trader], step: Callable[[Trader], Awaitable[None]]) -> None:
    waiting = list(reversed(traders))

    async def clerk() -> None:
        while waiting:
            await step(waiting.pop())

    await asyncio.gather(*(clerk() for _ in range(AT_ONCE)))


async def _opened(desk: Desk, one: Trader, known: dict[str, Any] | None) -> None:
    """The customer, confirmed; the dossier with its papers; the account. What is there already is left alone."""
    if known is not None:
        one.account, (one.customer,) = known["id"], known["customer_ids"]
        return
    answer = await desk.asks(KEEPER, "customer", "POST", "/v1/customers", json=customer_of(one.n))
    said = answer.json()
    one.customer = said["candidates"][0]["id"] if answer.status_code == 409 else said["id"]
    await desk.does(HEAD, "customer", f"/v1/customers/{one.customer}/confirm")
    new = {"kind": "customer", "about": one.customer, "branch": BRANCH}
    answer = await desk.asks(KEEPER, "archive", "POST", "/v1/dossiers", json=new)
    said = answer.json()
    path = said["path"] if answer.status_code == 409 else f"/v1/dossiers/{said['id']}"
    there = (await desk.asks(KEEPER, "archive", "GET", path)).json()["items"] if answer.status_code == 409 else []
    for kind in {"account_opener_identity", "distribution_contract"} - {item["kind"] for item in there}:
        await desk.does(KEEPER, "archive", f"{path}/items", {"kind": kind, "medium": "paper"})
    form = {"branch": BRANCH, "customer_ids": [one.customer], "contract": "distribution", "term_days": 30,
            "code": one.code}  # fmt: skip
    one.account = (await desk.does(FINANCE, "credit", "/v1/accounts", form))["id"]


async def _booked(desk: Desk, traders: Sequence[Trader]) -> dict[str, int]:
    """The ERP's files, then the bank's, several at a time; what became of their rows."""
    outcomes: Counter[str] = Counter()
    parts = [traders[n::FILES] for n in range(FILES)]
    for path, about, kinds in (
        ("/v1/documents/imports", "corrects", ("invoice", "credit_note")),
        ("/v1/payments/imports", "pays", ("payment",)),
    ):
        done = await asyncio.gather(*(_handed_in(desk, path, table_of(part, about, kinds)) for part in parts))
        for one in done:
            outcomes.update(one)
    return dict(outcomes)


def table_of(traders: Sequence[Trader], about: str, kinds: Sequence[str]) -> bytes:
    """The documents of some kinds as a file."""
    headings = ["branch", "account", "origin_ref", "dated_on", "amount", about]
    headings += ["kind", "issued_on"] if about == "corrects" else []
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)
    for one in traders:
        for paper in one.year:
            if paper.kind in kinds:
                row = [BRANCH, one.code, paper.ref, paper.on, paper.amount, paper.about]
                row += [paper.kind, paper.on if paper.kind == "invoice" else ""] if about == "corrects" else []
                writer.writerow(row)
    return text.getvalue().encode()


async def _handed_in(desk: Desk, path: str, content: bytes) -> dict[str, int]:
    job = (await desk.asks(FINANCE, "credit", "POST", path, content=content)).json()
    until = time.monotonic() + 3 * PATIENCE
    while job["state"] == "waiting" and time.monotonic() < until:
        await asyncio.sleep(0.3)
        job = await desk.reads(FINANCE, job["path"])
    if job["state"] != "done" or set(job["outcomes"]) - {"made", "unchanged"}:
        refused = await desk.reads(FINANCE, f"{job['path']}/rows?outcome=refused&limit=1")
        raise RuntimeError(f"{path}: {job['state']} {job['outcomes']} {refused['items']}")
    found: dict[str, int] = job["outcomes"]
    return found


async def _shipped(desk: Desk, one: Trader, ends: date) -> None:
    """Goods are asked for one after the other; the first are invoiced and issued where they may go."""
    limit = one.limit(ends)
    for n, percent in enumerate(ROUNDS):
        amount = max((limit * percent / 100).quantize(Decimal("0.01")), Decimal("1000.00"))
        line = {"product": f"p-{one.n % 9}", "batch": f"b-{one.n % 5}", "quantity": "1", "price": str(amount)}
        form = {"account_id": one.account, "customer_id": one.customer, "destination": f"nj-depot-{one.n % 3}",
                "lines": [line], "origin": "trade", "origin_ref": f"trade-{one.n:03d}-{n}"}  # fmt: skip
        shipment = await desk.does(SELLER, "credit", "/v1/shipments", form)
        path = f"/v1/shipments/{shipment['id']}"
        if n == 0 and shipment["state"] == "released":
            shipment = await desk.does(FINANCE, "credit", f"{path}/invoice")
        if n == 0 and shipment["state"] == "invoiced":
            await desk.does(WAREHOUSE, "credit", f"{path}/issue")


@asynccontextmanager
async def _connected(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    try:
        yield connection
    finally:
        await connection.close()


async def _night(database: str, accounts: Sequence[str]) -> float:
    """What credit does with these accounts at midnight is done now; the seconds until nothing is due any more."""
    begun = time.monotonic()
    async with _connected(database) as connection:
        await connection.execute(_NIGHT, list(accounts))
        while await connection.fetchval(_DUE) and time.monotonic() - begun < PATIENCE:  # noqa: ASYNC110
            await asyncio.sleep(0.3)
    return time.monotonic() - begun


async def _read_back(desk: Desk, traders: Sequence[Trader], today: date) -> dict[str, Any]:
    """What credit shows of the branch, beside the model."""
    accounts = {one["id"]: one for one in await desk.everything(FINANCE, "/v1/accounts")}
    by_account: dict[str, Trader] = {one.account: one for one in traders}
    reasons: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for shipment in await desk.everything(FINANCE, "/v1/shipments"):
        one = by_account.get(shipment["account_id"])
        if one is not None:
            one.shipments.append(shipment)
            states[shipment["state"]] += 1
            reasons.update(reason["code"] for reason in shipment["decision"]["reasons"] if shipment["state"] == "held")
    warnings: defaultdict[str, int] = defaultdict(int)
    for warning in await desk.everything(FINANCE, "/v1/risk-warnings"):
        warnings[warning["kind"]] += warning["account_id"] in by_account
    letters = Counter(
        f"level {letter['level']}, {letter['state']}"
        for letter in await desk.everything(FINANCE, "/v1/dunning-letters")
        if letter["account_id"] in by_account
    )
    figures = [(one, accounts[one.account]) for one in traders]
    proofs: dict[str, dict[str, Any]] = {}

    async def prove(one: Trader) -> None:
        proofs[one.code] = await desk.reads(FINANCE, f"/v1/accounts/{one.account}/proof")

    await _each(traders, prove)
    shown = traders[1]
    ahead = await desk.reads(FINANCE, f"/v1/accounts/{shown.account}/limits/ahead")
    days = [(str(today), accounts[shown.account]["limit"])] + [(day["day"], day["amount"]) for day in ahead["days"]]
    return {
        "owed": str(sum((Decimal(said["balance"]) for _, said in figures), ZERO)),
        "model_owes": str(sum((one.balance() for one in traders), ZERO)),
        "wrong_balances": [one.code for one, said in figures if Decimal(said["balance"]) != one.balance()],
        "wrong_limits": [
            one.code
            for one, said in figures
            # the night may have come meanwhile
            if Decimal(said["limit"]) != one.limit(max(today, date.fromisoformat(said["limit_on"])))
        ],
        "figures_proved": sum(proof["proved"] for proof in proofs.values()),
        "wrong_figures": {code: proof["wrong"] for code, proof in sorted(proofs.items()) if proof["wrong"]},
        "shipments": dict(sorted(states.items())),
        "held_because": dict(reasons.most_common()),
        "warnings": dict(sorted(warnings.items())),
        "letters": dict(sorted(letters.items())),
        "limit_by_day": {
            "account": shown.code,
            "days": [
                {"day": day, "credit": amount, "model": str(shown.limit(date.fromisoformat(day)))}
                for day, amount in days
            ],
        },
    }


def differs(found: Mapping[str, Any]) -> int:
    """How many balances and limits are not as the model says, and accounts whose figures do not add up."""
    return sum(len(found[name]) for name in ("wrong_balances", "wrong_limits", "wrong_figures"))


def table(found: Mapping[str, Any]) -> str:
    """What `traded` found, as lines for a terminal."""
    wrong = len(found["wrong_balances"]) + len(found["wrong_limits"])
    limit, lost = found["limit_by_day"], found["never_paid"]
    lines = [
        f"{found['distributors']} distributors, a year to {found['year_ends']}, rows {_said(found['rows'])}",
        f"owed {found['owed']}, by the model {found['model_owes']}; {wrong} balances or limits differ",
        f"{found['figures_proved']} figures added up again, accounts with a wrong one: {len(found['wrong_figures'])}",
        f"shipments {_said(found['shipments'])}; held because of {_said(found['held_because'])}",
        f"warnings {_said(found['warnings'])}",
        f"dunning letters {_said(found['letters'])}",
        f"limit of {limit['account']}: " + ", ".join(f"{day['day']} {day['credit']}" for day in limit["days"][:8]),
        *(
            f"TRADE-{one['distributor']:03d}: {one['amount']} went by {one['way_out']} ({', '.join(one['rules'])})"
            for one in found["over_the_limit"]
        ),
        f"never paid: {lost['amount']} ({lost['rule']}), borne as {_said(lost['shares'])}, "
        f"in their conduct ledgers {_said(lost['deducted'])}",
        f"in {found['seconds']['all']} s",
    ]
    return "\n".join(lines)


def _said(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items()) or "none"
