"""Traders on a few credit accounts: they pay, ask for goods, bill, issue, cancel and take back, also at one instant.

They change and split what they have asked for, hand in the files of bank and ERP, and have bad debt written off. They
send twice, send again what they do not know about, and make mistakes, as callers do.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import uuid4

import httpx
from chassis.kit.eventually import eventually
from contracts.archive import DossierEntry, DossierKind, PaperLine
from contracts.envelope import Envelope, to_headers
from contracts.message import encode
from policy.calendar import ZONE

from tests.faults import records
from tests.faults.callers import PATIENCE, STUBBORN
from tests.faults.history import Attempt, Customer, Deed, Doing, History
from tests.faults.system import System, rows

BRANCH = "sh-pudong"
ACCOUNTS, TRADERS = 3, 6
#: goods of some weeks ago, paid since: they are the limit of an account
BASE, WEEKS = Decimal("10000.00"), 3
CENT = Decimal("0.01")
#: prices are whole tens of cents: a tenth of any goods is whole cents
TENTH = Decimal("0.1")
#: who does what; each as a person with that one role
ROLES = {"seller": "sales", "finance": "finance", "keeper": "warehouse_keeper", "director": "sales_director"}
DOERS: dict[Doing, str] = {
    "payment": "finance", "invoice": "finance", "credit_note": "finance", "reverse": "finance", "bill": "finance",
    "issue": "keeper", "return": "keeper", "declare": "finance", "ask_shares": "finance",
}  # fmt: skip
#: how often each thing is tried, of a hundred
MIX = {
    "request": 24, "pay": 12, "pay_for": 6, "invoice": 4, "credit_note": 3, "reverse": 4, "bill": 13, "issue": 11,
    "cancel": 3, "return": 3, "release": 1, "sign": 7, "change": 3, "split": 3, "file": 3, "lose": 3,
}  # fmt: skip
PAPERS = ("account_opener_identity", "distribution_contract")
#: who bears bad debt, as the policy says once `open` has stated it: the company, and two who are named
SHARES = {"company": 2, "salesperson": 1, "sales_manager": 1}
BEARERS = {"salesperson": f"sales-consultant-{BRANCH}-1", "sales_manager": f"sales-manager-{BRANCH}-1"}
_STATE = """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason, proposed_by,
    proposed_at, decided_at, held, version, sequence)
    VALUES ($1, 'credit', 'group', $2::jsonb, '2020-01-01', 'approved', 'faults', 'gm-1', now(), now(), '{}', 1, 0)"""


@dataclass
class Trade:
    """An account as its traders know it; what they know of a shipment or document may be old."""

    account: str
    customer: str
    #: by id: its state and what it is worth
    shipments: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    #: by id: the one line of a shipment
    goods: dict[str, dict[str, str]] = field(default_factory=dict)
    #: what can be reversed or corrected, by id: kind and amount
    documents: dict[str, tuple[str, Decimal]] = field(default_factory=dict)


class Traders:
    """Trades as fast as it is allowed to, and writes down what it was told. It draws from a source of its own."""

    def __init__(self, system: System, history: History, seed: int) -> None:
        self.trades: list[Trade] = []
        self._system = system
        self._history = history
        self._rng = random.Random(f"traders of {seed}")
        self._begun = time.monotonic()
        self._allowance: asyncio.Queue[bool] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._http = httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=32))
        tokens = {who: system.ground.token(f"{who}-1", f"{role}@{BRANCH}") for who, role in ROLES.items()}
        tokens["agent"] = system.ground.token("agent-1", "call_centre@group")
        # tokens name branches; that the area is theirs, and who signs, staff tells
        tokens["area"] = system.ground.token("area-east-1", f"area_manager@{BRANCH}")
        tokens["manager"] = system.ground.token(f"general-manager-{BRANCH}-1", f"general_manager@{BRANCH}")
        self._headers = {who: {"Authorization": f"Bearer {token}"} for who, token in tokens.items()}

    # -- accounts --------------------------------------------------------------------------------

    async def open(self) -> None:
        """Accounts that get credit: their customers are confirmed, their papers known, their limit is there.

        And who bears bad debt is stated, as if approved long ago: what the API takes holds from a day to come.
        """
        stated = json.dumps({"proportions": {"bad_debt": SHARES}})
        await rows(self._system.databases["credit"], _STATE, uuid4(), stated)
        self.trades = list(await asyncio.gather(*(self._opened(n) for n in range(ACCOUNTS))))

    async def _opened(self, n: int) -> Trade:
        customer = Customer(f"1429{n:07d}", f"trader-{n}")
        self._history.customers.append(customer)
        person = {"kind": "person", "branch": BRANCH, "customer_class": "general", "name": "测试商户"}
        keyed = {**self._headers["agent"], "Idempotency-Key": customer.key}
        said = await self._asked("customer", "/v1/customers", person | {"phones": [customer.phone]}, keyed)
        customer.id = said["id"]
        await self._asked("customer", f"/v1/customers/{customer.id}/confirm", {}, self._headers["director"])
        await records.publish(
            self._system.ground.bootstrap, self._system.prefix, [dossier_of(str(customer.id), self._rng)]
        )
        form = {"branch": BRANCH, "customer_ids": [customer.id], "contract": "distribution", "term_days": 30}
        said = await self._asked("credit", "/v1/accounts", form, self._headers["seller"])
        trade = Trade(said["id"], str(customer.id))
        address, path = self._system.serving("credit")[0].address, f"/v1/accounts/{trade.account}"

        async def eligible() -> bool:
            found = await self._http.get(address + path, headers=self._headers["seller"])
            return bool(found.json()["eligible"])

        await eventually(eligible, within=180, every=0.1)
        on = str(_today() - timedelta(weeks=WEEKS))
        goods = self._document(trade, "invoice", BASE, dated_on=on, issued_on=on)
        await self._until_known(self._noted(goods))
        (invoice,) = goods.told
        paid = self._document(trade, "payment", BASE, dated_on=on, pays=[{"document_id": invoice}])
        await self._until_known(self._noted(paid))
        return trade

    async def _asked(self, service: str, path: str, form: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        """What a service answers before there is any trouble."""
        address = self._system.serving(service)[0].address
        answer = await self._http.post(address + path, json=form, headers=headers, timeout=30)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    # -- load ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Let the traders stand ready."""
        self._tasks = [asyncio.create_task(self._trade()) for _ in range(TRADERS)]

    def allow(self, deeds: int) -> None:
        """Let so many more be done."""
        for _ in range(deeds):
            self._allowance.put_nowait(True)

    async def finish(self, within: float) -> None:
        """Return when everything that was allowed is done, and known as far as it can be; else RuntimeError."""
        for _ in self._tasks:
            self._allowance.put_nowait(False)
        try:
            async with asyncio.timeout(within):
                await asyncio.gather(*self._tasks)
        except TimeoutError:
            raise RuntimeError(f"traders are stuck: {self._history.counts()}") from None
        await self._http.aclose()

    async def _trade(self) -> None:
        acts: dict[str, Callable[[Trade], Awaitable[None]]] = {
            "request": self._request, "pay": self._pay, "pay_for": self._pay_for, "invoice": self._invoice,
            "credit_note": self._credit_note, "reverse": self._reverse, "sign": self._sign, "change": self._change,
            "split": self._split, "file": self._file, "lose": self._lose,
        }  # fmt: skip
        while await self._allowance.get():
            trade = self._rng.choice(self.trades)
            name = self._rng.choices(list(MIX), list(MIX.values()))[0]
            await (acts[name](trade) if name in acts else self._step(trade, name))

    # -- what is traded --------------------------------------------------------------------------

    async def _request(self, trade: Trade) -> None:
        """Goods that may fit the room that is left; as often as not two at once that fit only alone."""
        room = await self._room(trade)
        amounts = [self._part(room, 0.2, 1.1)]
        if self._rng.random() < 0.4:
            amounts = [self._part(room, 0.55, 0.95) for _ in range(2)]
        await asyncio.gather(*(self._do(trade, self._goods(trade, amount)) for amount in amounts))

    def _goods(self, trade: Trade, amount: Decimal) -> Deed:
        """Goods of about that amount; sometimes as a copy of others, which hands nothing on."""
        mark, amount = self._mark(), _in_tenths(amount)
        by_ref = self._rng.random() < 0.5
        line = {"product": "p-1", "batch": mark, "quantity": "1", "price": str(amount)}
        body = {"account_id": trade.account, "customer_id": trade.customer, "destination": "depot-1", "lines": [line]}
        if by_ref:
            body |= {"origin": "faults", "origin_ref": mark}
        if trade.shipments and self._rng.random() < 0.15:
            body |= {"copy_of": self._rng.choice(list(trade.shipments))}
        key = None if by_ref else f"key-{mark}"
        return Deed("request", trade.account, mark, key, mark if by_ref else None, amount, "/v1/shipments", body)

    async def _pay(self, trade: Trade) -> None:
        owed = await self._owed(trade)
        await self._do(trade, self._document(trade, "payment", self._part(max(owed, BASE / 50), 0.3, 0.9)))

    async def _pay_for(self, trade: Trade) -> None:
        """Money for one shipment, all of it or not quite."""
        shipment = self._among(trade, "held", "released", "invoiced")
        if shipment is not None:
            amount = self._part(trade.shipments[shipment][1], 0.8, 1.0)
            if self._rng.random() < 0.6:
                amount = trade.shipments[shipment][1]
            await self._do(trade, self._document(trade, "payment", amount, shipment_id=shipment))

    async def _invoice(self, trade: Trade) -> None:
        """An invoice of the ERP: of today, or of goods that went out before, which widen the limit."""
        amount = self._part(BASE, 0.01, 0.1)
        before = max(_today() - timedelta(days=self._rng.randrange(1, 25)), date(_today().year, 1, 1))
        more = {"dated_on": str(before), "issued_on": str(before)} if self._rng.random() < 0.5 else {}
        await self._do(trade, self._document(trade, "invoice", amount, **more))

    async def _credit_note(self, trade: Trade) -> None:
        found = [name for name, (kind, _) in trade.documents.items() if kind == "invoice"]
        if found:
            invoice = self._rng.choice(found)
            amount = self._part(trade.documents[invoice][1], 0.1, 0.6)
            await self._do(trade, self._document(trade, "credit_note", amount, corrects=invoice))

    async def _reverse(self, trade: Trade) -> None:
        if trade.documents:
            document = self._rng.choice(list(trade.documents))
            amount = trade.documents[document][1]
            path = f"/v1/documents/{document}/reverse"
            await self._do(trade, self._keyed("reverse", trade, amount, path, {"reason": "booked twice"}, document))

    async def _step(self, trade: Trade, name: str) -> None:
        """A step of a shipment that is, as far as is known, where it can be taken."""
        states = {"bill": ("released",), "issue": ("invoiced",), "release": ("held",), "return": ("issued",),
                  "cancel": ("held", "released", "invoiced")}  # fmt: skip
        shipment = self._among(trade, *states[name])
        if shipment is None:
            return
        await self._do(trade, self._stepping(trade, name, shipment))

    def _stepping(self, trade: Trade, name: str, shipment: str) -> Deed:
        amount, path = trade.shipments[shipment][1], f"/v1/shipments/{shipment}"
        if name == "return":
            mark, line = self._mark(), trade.goods[shipment]
            share = Decimal(self._rng.randrange(100, 700)) / 1000
            quantity = (Decimal(line["quantity"]) * share).quantize(CENT, ROUND_DOWN)
            part = max((Decimal(line["price"]) * quantity).quantize(CENT, ROUND_DOWN), CENT)
            back = {
                "lines": [{"line": 0, "quantity": str(quantity)}], "amount": str(part), "reason": "not all is whole"
            }  # fmt: skip
            body = {**back, "origin": "faults", "origin_ref": mark}
            return Deed("return", trade.account, mark, None, mark, part, f"{path}/return", body, shipment)
        verb = {"bill": "invoice", "ask_signature": "ask-signature"}.get(name, name)
        doing: Any = name
        return self._keyed(doing, trade, amount, f"{path}/{verb}", {}, shipment)

    async def _change(self, trade: Trade) -> None:
        """Other goods instead: what was decided and signed was for the ones before."""
        shipment = self._among(trade, "held", "released")
        if shipment is None:
            return
        line = trade.goods[shipment]
        price = _in_tenths(Decimal(line["price"]) * Decimal(self._rng.uniform(0.4, 1.5)))
        changed = {**line, "price": str(price)}
        body = {"destination": self._rng.choice(["depot-1", "depot-2"]), "lines": [changed]}
        amount = (price * Decimal(line["quantity"])).quantize(CENT)
        await self._do(trade, self._keyed("change", trade, amount, f"/v1/shipments/{shipment}", body, shipment))

    async def _split(self, trade: Trade) -> None:
        """A part of the goods is to go alone."""
        shipment = self._among(trade, "held", "released")
        if shipment is None:
            return
        line = trade.goods[shipment]
        tenths = int(Decimal(line["quantity"]) / TENTH)
        part = self._rng.randrange(1, max(tenths, 2)) * TENTH
        amount, path = (Decimal(line["price"]) * part).quantize(CENT), f"/v1/shipments/{shipment}/split"
        body = {"lines": [{"line": 0, "quantity": str(part)}]}
        await self._do(trade, self._keyed("split", trade, amount, path, body, shipment))

    async def _lose(self, trade: Trade) -> None:
        """What is open of an invoice is bad debt: declared, its shares asked for, approved."""
        if self._rng.random() < 0.7:
            await self._do(trade, self._document(trade, "invoice", self._part(BASE, 0.01, 0.03)))
        found = [name for name, (kind, _) in trade.documents.items() if kind == "invoice"]
        if not found:
            return
        invoice = self._rng.choice(found[-4:])
        amount = trade.documents[invoice][1]
        declared = self._keyed("declare", trade, amount, "/v1/losses", {"document_id": invoice}, invoice)
        await self._do(trade, declared)
        for loss in declared.told:
            bearers = [{"part": part, "person": person} for part, person in BEARERS.items()]
            path, body = f"/v1/losses/{loss}/ask-shares", {"bearers": bearers}
            await self._do(trade, self._keyed("ask_shares", trade, amount, path, body, loss))
            await self._grant(loss, "manager")

    async def _sign(self, trade: Trade) -> None:
        """Ask that goods go over the limit, mostly small enough ones, and sign it where there is somebody who can."""
        shipment = self._among(trade, "held", "invoiced")
        if shipment is None or (3 * trade.shipments[shipment][1] >= BASE and self._rng.random() < 0.7):
            room = await self._room(trade)
            if 3 * room >= BASE:
                return
            asked = self._goods(trade, self._part(BASE / 3 - room, 0.1, 0.9) + room)
            await self._do(trade, asked)
            if not asked.done:
                return
            (shipment,) = asked.told
        await self._do(trade, self._stepping(trade, "ask_signature", shipment))
        await self._grant(shipment, "area")

    async def _grant(self, subject: str, who: str) -> None:
        """Approve what is asked of them about it, where it is there yet."""
        try:
            address = self._rng.choice(self._system.serving("credit")).address
            headers = self._headers[who]
            found = await self._http.get(f"{address}/v1/approvals?subject={subject}&state=open", headers=headers)
            for one in found.json().get("items", ()):
                body = {"grant": True, "digest": one["digest"]}
                await self._http.post(f"{address}/v1/approvals/{one['id']}/decide", json=body, headers=headers)
        except (httpx.HTTPError, ValueError):
            pass

    # -- files -----------------------------------------------------------------------------------

    async def _file(self, trade: Trade) -> None:
        """The bank's or the ERP's list of the day, handed in once or more; a row comes twice, and some are wrong."""
        bank = self._rng.random() < 0.5
        listed = [self._row(self._rng.choice([trade, *self.trades]), bank=bank) for _ in range(self._rng.randint(3, 6))]
        listed.append(self._rng.choice(listed))
        if self._rng.random() < 0.4:
            listed.append(self._noted(_other(self._rng.choice(listed))))
        path = f"/v1/{'payments' if bank else 'documents'}/imports"
        headings = _BANK if bank else _ERP
        content = "\n".join([",".join(headings.values()), *(_cells(deed, headings) for deed in listed)]).encode()
        times = self._rng.choice([1, 2, 2, 3])
        if self._rng.random() < 0.5:
            await asyncio.gather(*(self._handed_in(path, content, listed) for _ in range(times)))
        else:
            for _ in range(times):
                await self._handed_in(path, content, listed)
        for deed in listed:
            if deed.done:
                owner = next(one for one in self.trades if one.account == deed.account)
                owner.documents |= dict.fromkeys(deed.told, (deed.what, deed.amount))

    def _row(self, trade: Trade, *, bank: bool) -> Deed:
        """A row as its deed; of goods that went out before, or money for a shipment, where it says so."""
        mark, amount = self._mark(), self._part(BASE, 0.01, 0.1)
        body = {"origin": "faults", "origin_ref": mark, "account": trade.account, "dated_on": str(_today())}
        body["amount"] = "0.001" if self._rng.random() < 0.1 else str(amount)
        about = None
        if not bank:
            before = str(max(_today() - timedelta(days=self._rng.randrange(1, 25)), date(_today().year, 1, 1)))
            out = {"dated_on": before, "issued_on": before} if self._rng.random() < 0.5 else {}
            body |= {"kind": "发票", **out}
        elif self._rng.random() < 0.4:
            about = self._among(trade, "held", "released", "invoiced")
            body |= {} if about is None else {"shipment": about}
        what: Doing = "payment" if bank else "invoice"
        return self._noted(Deed(what, trade.account, mark, None, mark, amount, "", body, about, listed=True))

    async def _handed_in(self, path: str, content: bytes, listed: list[Deed]) -> None:
        """Hand the file in until that is known, and read what became of each row, in the order of the file."""
        deadline = time.monotonic() + STUBBORN
        attempts = [self._attempt(deed) for deed in listed]
        while (begun := await self._asked_of_credit("POST", path, content=content)) is None:
            if time.monotonic() > deadline:
                return
            await asyncio.sleep(0.2)
            attempts = [self._attempt(deed) for deed in listed]
        where, found = begun.headers["location"], dict[int, dict[str, Any]]()
        while len(found) < len(listed) and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
            answer = await self._asked_of_credit("GET", f"{where}/rows?limit=100")
            if answer is not None:
                found = {row["row"]: row for row in answer.json()["items"]}
        for n, attempt in enumerate(attempts):
            row = found.get(n + 2)  # the headings are the first
            if row is not None and row["outcome"] != "failed":
                attempt.status = {"made": 201, "unchanged": 200}.get(row["outcome"], 422)
                attempt.outcome, attempt.id = ("fail" if attempt.status == 422 else "ok"), row["ref"]
            attempt.ended = time.monotonic() - self._begun

    async def _asked_of_credit(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """What finance is answered; None where that is no answer."""
        address = self._rng.choice(self._system.serving("credit")).address
        try:
            answer = await self._http.request(method, address + path, headers=self._headers["finance"], **more)
        except httpx.HTTPError:
            return None
        return answer if answer.is_success else None

    async def _room(self, trade: Trade) -> Decimal:
        """What may still go on the account, as far as it answers."""
        found = await self._standing(trade)
        return BASE / 2 if found is None else max(Decimal(found["room"]), BASE / 50)

    async def _owed(self, trade: Trade) -> Decimal:
        """What is owed for what was invoiced, as far as the account answers."""
        found = await self._standing(trade)
        return BASE / 2 if found is None else Decimal(found["parts"]["receivable"])

    async def _standing(self, trade: Trade) -> dict[str, Any] | None:
        try:
            address = self._rng.choice(self._system.serving("credit")).address
            path = f"/v1/accounts/{trade.account}/standing"
            answer = await self._http.get(address + path, headers=self._headers["seller"])
            found: dict[str, Any] = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError):
            return None
        return found

    # -- deeds -----------------------------------------------------------------------------------

    def _document(self, trade: Trade, kind: Doing, amount: Decimal, **more: Any) -> Deed:
        mark = self._mark()
        body = {
            "kind": kind,
            "customer_id": trade.customer,
            "amount": str(amount),
            "dated_on": str(_today()),
            "origin": "faults",
            "origin_ref": mark,
            **more,
        }
        path = f"/v1/accounts/{trade.account}/documents"
        about = more.get("corrects") or more.get("shipment_id")
        return Deed(kind, trade.account, mark, None, mark, amount, path, body, about)

    def _keyed(self, what: Doing, trade: Trade, amount: Decimal, path: str, body: dict[str, Any], about: str) -> Deed:
        mark = self._mark()
        return Deed(what, trade.account, mark, f"key-{mark}", None, amount, path, body, about)

    def _mark(self) -> str:
        return f"D{len(self._history.deeds)}-{self._rng.getrandbits(32):08x}"

    def _part(self, whole: Decimal, least: float, most: float) -> Decimal:
        return max((whole * Decimal(self._rng.uniform(least, most))).quantize(CENT), CENT)

    def _among(self, trade: Trade, *states: str) -> str | None:
        found = [name for name, (state, _) in trade.shipments.items() if state in states]
        return self._rng.choice(found) if found else None

    def _noted(self, deed: Deed) -> Deed:
        self._history.deeds.append(deed)
        return deed

    async def _do(self, trade: Trade, deed: Deed) -> None:
        """Do it as people do: mostly once, sometimes twice at once, wrongly, or once more for safety."""
        habit = self._rng.random()
        if habit < 0.04 and deed.body:
            deed = replace(deed, body={**deed.body, "amount": "0.001", "lines": []})
        self._noted(deed)
        if 0.04 <= habit < 0.14:
            await asyncio.gather(self._until_known(deed), self._until_known(deed))
        elif 0.14 <= habit < 0.20 and deed.ref is not None and deed.what != "return":
            other = self._noted(_other(deed))
            await asyncio.gather(self._until_known(deed), self._until_known(other))
        else:
            await self._until_known(deed)
        if 0.20 <= habit < 0.32:
            await self._send(deed)
        if deed.done and deed.what in ("payment", "invoice"):
            trade.documents |= dict.fromkeys(deed.told, (deed.what, deed.amount))

    async def _until_known(self, deed: Deed) -> None:
        deadline = time.monotonic() + STUBBORN
        while time.monotonic() < deadline:
            if (await self._send(deed)).outcome != "unknown":
                return
            await asyncio.sleep(0.2)

    async def _send(self, deed: Deed) -> Attempt:
        address = self._rng.choice(self._system.serving("credit")).address
        headers = dict(self._headers[DOERS.get(deed.what, "seller")])
        if deed.key is not None:
            headers["Idempotency-Key"] = deed.key
        attempt = self._attempt(deed)
        method = "PUT" if deed.what == "change" else "POST"
        try:
            answer = await self._http.request(method, address + deed.path, json=deed.body, headers=headers)
            attempt.status = answer.status_code
            said = answer.json()
            if answer.status_code in (200, 201):
                attempt.id, attempt.outcome = said["id"], "ok"
            elif 400 <= answer.status_code < 500:
                attempt.outcome = "fail"
            self._learn(deed, said)
        except (httpx.HTTPError, ValueError):
            pass
        attempt.ended = time.monotonic() - self._begun
        return attempt

    def _attempt(self, deed: Deed) -> Attempt:
        started = time.monotonic() - self._begun
        attempt = Attempt(started, started, "unknown", 0)
        deed.attempts.append(attempt)
        return attempt

    def _learn(self, deed: Deed, said: dict[str, Any]) -> None:
        """Where a shipment stands and what it is, where the answer says so; a part has been taken out of another."""
        trade = next((trade for trade in self.trades if trade.account == deed.account), None)
        if trade is None or "state" not in said or deed.what in OTHERS:
            return
        if "lines" in said:
            (line,) = said["lines"]
            trade.goods[said["id"]] = {name: line[name] for name in ("product", "batch", "quantity", "price")}
            if deed.what == "split" and said["id"] not in trade.shipments and deed.about in trade.goods:
                whole = trade.goods[deed.about]
                whole["quantity"] = str(Decimal(whole["quantity"]) - Decimal(line["quantity"]))
                state, worth = trade.shipments[deed.about]
                trade.shipments[deed.about] = (state, worth - Decimal(said["amount"]))
            trade.shipments[said["id"]] = (said["state"], Decimal(said["amount"]))
        elif deed.about in trade.shipments:
            trade.shipments[deed.about] = (said["state"], trade.shipments[deed.about][1])


#: deeds that are about documents and losses, and answered with one
OTHERS = ("payment", "invoice", "credit_note", "reverse", "declare", "ask_shares")
_COMMON = {"origin": "来源", "dated_on": "日期", "amount": "金额", "account": "账户编号"}
_BANK = _COMMON | {"origin_ref": "交易流水号", "dated_on": "交易日期", "shipment": "发货单"}
_ERP = _COMMON | {"origin_ref": "单据编号", "dated_on": "单据日期", "kind": "单据类型", "issued_on": "发货日期"}


def _cells(deed: Deed, headings: dict[str, str]) -> str:
    return ",".join(deed.body.get(name, "") for name in headings)


def _in_tenths(amount: Decimal) -> Decimal:
    return max(amount.quantize(TENTH), TENTH).quantize(CENT)


def _other(deed: Deed) -> Deed:
    """Something else under the same reference: one of the two is done."""
    amount, mark = deed.amount + 1, f"{deed.mark}x"
    body: dict[str, Any] = {**deed.body}
    if deed.what == "request":
        body["lines"] = [{**deed.body["lines"][0], "batch": mark, "price": str(amount)}]
    else:
        body["amount"] = str(amount)
    return replace(deed, mark=mark, amount=amount, body=body, attempts=[])


def _today() -> date:
    return datetime.now(ZONE).date()


def dossier_of(customer: str, rng: random.Random) -> records.Record:
    """What the archive tells of a customer's dossier with the papers that credit asks for (P11.1)."""
    now, dossier = datetime.now(UTC), uuid4()
    papers = [PaperLine(item_id=uuid4(), kind=kind, filed_at=now, valid_until=None) for kind in PAPERS]
    entry = DossierEntry(dossier_id=dossier, kind=DossierKind.CUSTOMER, about=customer, branch=BRANCH, papers=papers)
    identifier = records.uuid7_at(now.timestamp())
    envelope = Envelope(identifier, DossierEntry.TYPE, "archive", str(dossier), now, 1, None)
    headers = tuple(to_headers(envelope))
    return records.Record("archive.state", rng.randrange(12), 0, str(dossier).encode(), encode(entry), headers)
