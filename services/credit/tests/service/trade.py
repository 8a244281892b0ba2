"""What tests of credit do over and over: a customer with papers, an account, money and goods going both ways."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.kit.stage import Stage
from contracts.archive import DossierEntry, DossierKind, PaperLine
from contracts.customer import CustomerClass, CustomerEntry, CustomerKind
from httpx import Response
from policy.calendar import civil
from policy.kit import Clock

IDENTITY = "account_opener_identity"
CONTRACT = "distribution_contract"


def clock(stage: Stage) -> Clock:
    """The clock that the service looks at."""
    found = stage.runtime.clock
    assert isinstance(found, Clock)
    return found


def today(stage: Stage) -> date:
    return civil(stage.runtime.clock())


async def customer_known(stage: Stage, customer: UUID, *, confirmed: bool = True, sequence: int = 1) -> None:
    """The directory tells of a customer."""
    now = stage.runtime.clock()
    entry = CustomerEntry(
        customer_id=customer,
        kind=CustomerKind.ORGANISATION,
        customer_class=CustomerClass.GENERAL,
        branch="hz-dist-1",
        tokens=[],
        as_of=now,
        confirmed_at=now if confirmed else None,
    )
    await stage.receive(entry, key=str(customer), sequence=sequence)


async def papers_filed(
    stage: Stage,
    customer: UUID,
    *kinds: str,
    until: date | None = None,
    dossier: UUID | None = None,
    sequence: int = 1,
) -> UUID:
    """The archive tells which papers a customer's dossier holds; the dossier's id."""
    identifier = dossier or uuid4()
    now = stage.runtime.clock()
    papers = [
        PaperLine(item_id=uuid4(), kind=kind, filed_at=now, valid_until=until if kind == CONTRACT else None)
        for kind in kinds
    ]
    entry = DossierEntry(
        dossier_id=identifier, kind=DossierKind.CUSTOMER, about=str(customer), branch="hz-dist-1", papers=papers
    )
    await stage.receive(entry, key=str(identifier), sequence=sequence)
    return identifier


async def send(stage: Stage, who: str, method: str, path: str, **more: Any) -> Response:
    """A request by somebody of staff."""
    async with stage.client(subject=who) as person:
        return await person.request(method, path, **more)


async def done(stage: Stage, who: str, method: str, path: str, **more: Any) -> dict[str, Any]:
    """A request that must succeed; what it answers."""
    answer = await send(stage, who, method, path, **more)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


class Distributor:
    """One customer with one account, and what it buys and pays."""

    def __init__(self, stage: Stage, customer: UUID, account: UUID) -> None:
        self.stage, self.customer, self.account = stage, customer, account
        self._count = 0

    @classmethod
    async def opened(
        cls, stage: Stage, *, papers: tuple[str, ...] = (IDENTITY, CONTRACT), term_days: int = 30, known: bool = True
    ) -> Distributor:
        """A customer of the directory with these papers, and its account at hz-dist-1."""
        customer = uuid4()
        if known:
            await customer_known(stage, customer)
        if papers:
            await papers_filed(stage, customer, *papers)
        body = {
            "branch": "hz-dist-1",
            "customer_ids": [str(customer)],
            "contract": "distribution",
            "term_days": term_days,
        }
        found = await done(stage, "sales-1", "POST", "/v1/accounts", json=body)
        return cls(stage, customer, UUID(found["id"]))

    @property
    def path(self) -> str:
        return f"/v1/accounts/{self.account}"

    def _ref(self) -> str:
        self._count += 1
        return f"{self.account}-{self._count}"

    async def book(self, kind: str, amount: str, on: date | None = None, **more: Any) -> dict[str, Any]:
        """Finance books a document of today, or of an earlier day."""
        body = {
            "kind": kind,
            "customer_id": str(self.customer),
            "amount": amount,
            "dated_on": str(on or today(self.stage)),
            "origin": "erp",
            "origin_ref": self._ref(),
            **more,
        }
        return await done(self.stage, "finance-1", "POST", f"{self.path}/documents", json=body)

    async def reverses(self, document: dict[str, Any], reason: str = "booked on the wrong account") -> dict[str, Any]:
        """Finance takes a document back."""
        path = f"/v1/documents/{document['id']}/reverse"
        return await done(self.stage, "finance-1", "POST", path, json={"reason": reason})

    async def bought(self, amount: str, days_ago: int, *, paid: bool = True) -> dict[str, Any]:
        """Goods invoiced and shipped some days ago, and paid since."""
        on = today(self.stage) - timedelta(days=days_ago)
        invoice = await self.book("invoice", amount, on, issued_on=str(on))
        if paid:
            await self.book("payment", amount, on, pays=[{"document_id": invoice["id"], "amount": amount}])
        return invoice

    def form(self, amount: str, **more: Any) -> dict[str, Any]:
        """A request for goods of this amount."""
        line = {"product": "p-100", "batch": "b-7", "quantity": "1", "price": amount}
        return {
            "account_id": str(self.account),
            "customer_id": str(self.customer),
            "destination": "hz-depot-2",
            "lines": [line],
            **more,
        }

    async def asks(self, amount: str, **more: Any) -> dict[str, Any]:
        """Goods of this amount are asked for."""
        return await done(self.stage, "sales-1", "POST", "/v1/shipments", json=self.form(amount, **more))

    async def step(self, shipment: dict[str, Any], verb: str, **body: Any) -> Response:
        """A step of a shipment, by who may take it."""
        who = {"invoice": "finance-1", "issue": "keeper-1", "deliver": "keeper-1", "return": "keeper-1"}
        path = f"/v1/shipments/{shipment['id']}/{verb}"
        sent = {"json": body} if verb in ("issue", "return", "split") else {}
        return await send(self.stage, who.get(verb, "sales-1"), "POST", path, **sent)

    async def ships(self, amount: str) -> dict[str, Any]:
        """Goods go all the way: released, invoiced, issued."""
        shipment = await self.asks(amount)
        assert shipment["state"] == "released", shipment["decision"]
        for verb in ("invoice", "issue"):
            answer = await self.step(shipment, verb)
            assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def read(self) -> dict[str, Any]:
        return await done(self.stage, "sales-1", "GET", self.path)

    async def standing(self) -> dict[str, Any]:
        return await done(self.stage, "sales-1", "GET", f"{self.path}/standing")

    async def shipment(self, shipment: dict[str, Any]) -> dict[str, Any]:
        return await done(self.stage, "sales-1", "GET", f"/v1/shipments/{shipment['id']}")

    async def proved(self) -> None:
        """Every running figure is what its parts add up to."""
        found = await done(self.stage, "finance-1", "GET", f"{self.path}/proof")
        assert found["wrong"] == []
        assert found["proved"] > 3

    async def signs(self, shipment: dict[str, Any], who: str = "area-1") -> Response:
        """The area manager signs what is asked of them about a shipment."""
        async with self.stage.client(subject=who) as manager:
            listed = (await manager.get(f"/v1/approvals?subject={shipment['id']}&state=open")).json()["items"]
            (approval,) = listed
            body = {"grant": True, "digest": approval["digest"]}
            return await manager.post(f"/v1/approvals/{approval['id']}/decide", json=body)


def back(quantity: str, line: int = 0) -> list[dict[str, Any]]:
    """So much of a line came back."""
    return [{"line": line, "quantity": quantity}]


def codes(decision: dict[str, Any], name: str) -> list[str]:
    """The codes of its reasons or ways out."""
    return [one["code"] for one in decision[name]]


def amount_of(decision: dict[str, Any], code: str) -> Decimal:
    """The amount of a reason or way out."""
    found = next(one for one in [*decision["ways_out"], *decision["reasons"]] if one["code"] == code)
    return Decimal(found["amount"])


def at(stage: Stage, text: str) -> datetime:
    """Set the clock."""
    return clock(stage).at(text)
