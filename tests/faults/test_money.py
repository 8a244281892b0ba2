"""Each promise about money and goods notices what it is for: whole evidence breaks none, tampered evidence that one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from tests.faults import records
from tests.faults.evidence import Evidence
from tests.faults.history import Attempt, Deed, Doing, History
from tests.faults.money import PROMISES
from tests.faults.records import Record

ACCOUNT = "account-1"
TODAY = date(2026, 3, 2)
NOON = 1772424000.0  # of that day in Shanghai
BEFORE = TODAY - timedelta(days=21)
TO = {"payment": "cash", "invoice": "sales", "write_off": "write_off"}


class Books:
    """An account as honest services leave it: what its traders were told, the rows, the records."""

    def __init__(self) -> None:
        self.history = History()
        self.records: list[Record] = []
        names = ("accounts", "documents", "entries", "allocations", "shipments", "jobs", "losses", "approvals")
        self.tables: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
        self._ids, self._sequences = count(1), dict[str, int]()
        account = {"id": ACCOUNT, "balance": Decimal(0), "released": Decimal(0), "reserved": Decimal(0), "sequence": 0}
        self.tables["accounts"].append(account)
        self.tables["jobs"].append({"kind": "roll_limit", "ref": ACCOUNT, "state": "waiting"})

    @property
    def account(self) -> dict[str, Any]:
        return self.tables["accounts"][0]

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.history, self.records, {"credit": self.tables})

    def tell(self, key: str, kind: str, /, topic: str = "credit.events", **value: Any) -> None:
        """An event, a second after the one before it."""
        self._sequences[key] = sequence = self._sequences.get(key, 0) + 1
        for row in (*self.tables["accounts"], *self.tables["shipments"]):
            if row["id"] == key:
                row["sequence"] = sequence
        headers = {
            "ce_id": str(records.uuid7_at(NOON + len(self.records))),
            "ce_type": kind,
            "ce_time": "2026-03-02T04:00:00+00:00",
            "ce_sequence": str(sequence),
        }
        body = json.dumps({"account_id": ACCOUNT, **value}).encode()
        known = tuple((name, text.encode()) for name, text in headers.items())
        self.records.append(Record(topic, 0, len(self.records), key.encode(), body, known))

    def done(self, what: Doing, amount: str, told: str, *, about: str | None = None, outcome: Any = "ok") -> Deed:
        """A deed and its one answer."""
        mark, answer = f"D{next(self._ids)}", Attempt(0, 0, outcome, 201, told)
        deed = Deed(what, ACCOUNT, mark, None, mark, Decimal(amount), "", {}, about, [answer])
        self.history.deeds.append(deed)
        return deed

    def book(self, kind: Any, amount: str, on: date = TODAY, **more: Any) -> dict[str, Any]:
        """A document, its entries and its event; one that a trader sent, unless it is of a shipment or a loss."""
        identifier, shipment = f"document-{next(self._ids)}", more.get("shipment_id")
        ref = f"{shipment}/invoice" if shipment else ""
        if not shipment and kind != "write_off":
            ref = self.done(kind, amount, identifier).mark
        owed = Decimal(amount) * (1 if kind == "invoice" else -1)
        row = {
            "id": identifier, "account_id": ACCOUNT, "kind": kind, "amount": Decimal(amount), "open": Decimal(amount),
            "dated_on": on, "issued_on": None, "corrects": None, "reversed_by": None, "shipment_id": None,
            "reserved": False, "origin_ref": ref, "sequence": 0, **more,
        }  # fmt: skip
        self.tables["documents"].append(row)
        for ledger, moved in (("receivable", owed), (TO[kind], -owed)):
            entry = {"id": f"e{next(self._ids)}", "document_id": identifier, "account_id": ACCOUNT}
            self.tables["entries"].append({**entry, "ledger": ledger, "amount": moved})
        self.account["balance"] += owed
        said = {name: row[name] for name in ("kind", "corrects", "shipment_id")}
        about = {"document_id": identifier, "amount": {"amount": amount}, "dated_on": str(on)}
        self.tell(ACCOUNT, "credit.document_booked.v1", **about, **said)
        return row

    def request(self, amount: str, *, way: str = "within_limit", part_of: str | None = None) -> dict[str, Any]:
        """Goods that are released, by a request of their own or taken out of others."""
        identifier = f"shipment-{next(self._ids)}"
        what: Doing = "request" if part_of is None else "split"
        mark = self.done(what, amount, identifier, about=part_of).mark
        row = {
            "id": identifier, "account_id": ACCOUNT, "state": "released", "amount": Decimal(amount),
            "prepaid": Decimal(0), "returned": Decimal(0), "invoice_id": None, "issued_on": None, "unreleased": False,
            "part_of": part_of, "mark": mark if part_of is None else self.shipment(part_of)["mark"], "sequence": 0,
        }  # fmt: skip
        self.tables["shipments"].append(row)
        self.account["released"] += Decimal(amount)
        self.release(row, way)
        return row

    def shipment(self, identifier: str) -> dict[str, Any]:
        return next(row for row in self.tables["shipments"] if row["id"] == identifier)

    def release(self, shipment: dict[str, Any], way: str = "within_limit") -> None:
        amount = {"amount": str(shipment["amount"])}
        self.tell(shipment["id"], "credit.shipment_released.v1", amount=amount, way=way)

    def resize(self, shipment: dict[str, Any], amount: str) -> None:
        """Released goods are other goods now, and released."""
        self.account["released"] += Decimal(amount) - shipment["amount"]
        shipment["amount"] = Decimal(amount)
        self.release(shipment)

    def change(self, shipment: dict[str, Any], amount: str) -> None:
        self.done("change", amount, shipment["id"], about=shipment["id"])
        self.resize(shipment, amount)

    def split(self, shipment: dict[str, Any], part: str) -> dict[str, Any]:
        """A part is taken out of released goods: both are decided."""
        found = self.request(part, part_of=shipment["id"])
        self.resize(shipment, str(shipment["amount"] - Decimal(part)))
        return found

    def approve(self, name: str, subject: str, amount: str, **offer: str | int) -> dict[str, Any]:
        """Somebody has signed what another one asked for."""
        row = {
            "id": f"approval-{next(self._ids)}", "name": name, "subject": subject, "state": "granted",
            "amount": Decimal(amount), "offer": json.dumps(offer), "stages": json.dumps([[{"by": "manager"}]]),
            "asked_by": "seller", "ended_at": datetime.fromtimestamp(NOON + len(self.records), UTC),
        }  # fmt: skip
        self.tables["approvals"].append(row)
        return row

    def overrun(self, amount: str, kind: str) -> dict[str, Any]:
        """Goods over the limit, signed as the first or the last of the episode."""
        signed = self.approve("credit.overrun", "", amount, kind=kind, working_days=3)
        shipment = self.request(amount, way=f"{kind}_overrun")
        signed["subject"] = shipment["id"]
        return shipment

    def listed(self, amount: str) -> dict[str, Any]:
        """A row of the bank's file, which was handed in twice."""
        row = self.book("payment", amount)
        deed = self.history.deeds[-1]
        deed.listed = True
        deed.attempts.append(Attempt(0, 0, "ok", 200, row["id"]))
        return row

    def lose(self, invoice: dict[str, Any], *shares: str) -> dict[str, Any]:
        """What is open of an invoice is bad debt: borne by the company first, by others after it."""
        identifier, amount = f"loss-{next(self._ids)}", str(invoice["open"])
        self.done("declare", amount, identifier, about=invoice["id"])
        self.approve("credit.share_loss", identifier, amount)
        people = [None, *[f"person-{n}" for n in range(1, len(shares))]]
        borne = [{"part": f"part-{who}", "person": who, "amount": one} for who, one in zip(people, shares, strict=True)]
        loss = {
            "id": identifier, "kind": "bad_debt", "account_id": ACCOUNT, "document_id": invoice["id"],
            "state": "borne", "amount": Decimal(amount), "shares": json.dumps(borne),
        }  # fmt: skip
        self.tables["losses"].append(loss)
        self.pay(self.book("write_off", amount, origin_ref=identifier), invoice, amount)
        for one in borne[1:]:
            self.breach(loss, one)
        return loss

    def breach(self, loss: dict[str, Any], share: dict[str, Any]) -> None:
        said = {"subject": loss["id"], "person": share["person"], "part": share["part"]}
        kind, whose = "staff.record_breach.v1", str(share["person"])
        self.tell(whose, kind, "staff.commands", **said, share={"amount": share["amount"]})

    def bill(self, shipment: dict[str, Any]) -> dict[str, Any]:
        """The invoice of released goods."""
        shipment["state"], amount = "invoiced", str(shipment["amount"])
        self.account["released"] -= shipment["amount"]
        invoice = self.book("invoice", amount, shipment_id=shipment["id"])
        shipment["invoice_id"] = invoice["id"]
        self.tell(shipment["id"], "credit.shipment_invoiced.v1", invoice_id=invoice["id"], amount={"amount": amount})
        self.done("bill", amount, shipment["id"], about=shipment["id"])
        return invoice

    def issue(self, shipment: dict[str, Any]) -> None:
        """Invoiced goods leave."""
        shipment["state"], amount = "issued", {"amount": str(shipment["amount"])}
        self.tell(shipment["id"], "credit.goods_issued.v1", amount=amount, issued_on=str(TODAY), unreleased=False)
        self.done("issue", str(shipment["amount"]), shipment["id"], about=shipment["id"])

    def pay(self, payment: dict[str, Any], invoice: dict[str, Any], amount: str) -> None:
        """A payment is laid on an invoice."""
        for one in (payment, invoice):
            one["open"] -= Decimal(amount)
        identifier = str(records.uuid7_at(NOON + len(self.records) - 0.5))
        row = {"id": identifier, "credit_id": payment["id"], "debit_id": invoice["id"], "amount": Decimal(amount)}
        self.tables["allocations"].append(row)

    def drop(self, kind: str, last: bool = True) -> None:
        """An event that was never told."""
        places = [n for n, record in enumerate(self.records) if record.header("ce_type") == kind]
        del self.records[places[-1 if last else 0]]


def books() -> Books:
    """A limit of 1,000, goods of 600 that have gone all the way, 300 more released, 100 paid."""
    found = Books()
    earlier = found.book("invoice", "1000.00", BEFORE, issued_on=BEFORE)
    found.pay(found.book("payment", "1000.00", BEFORE), earlier, "1000.00")
    gone = found.request("600.00")
    invoice = found.bill(gone)
    found.issue(gone)
    found.pay(found.book("payment", "100.00"), invoice, "100.00")
    found.request("300.00")
    return found


def busy_books() -> Books:
    """The same, and goods that were changed and split, a row of a file, goods over the limit, a debt that went bad."""
    found = books()
    (released,) = [row for row in found.tables["shipments"] if row["state"] == "released"]
    found.change(released, "280.00")
    found.split(released, "80.00")
    found.listed("50.00")
    found.lose(found.book("invoice", "100.00"), "33.34", "33.33", "33.33")
    found.request("270.00")
    found.overrun("100.00", "first")
    found.overrun("90.00", "last")
    return found


def broken(found: Books) -> set[str]:
    evidence = found.evidence
    return {look.__name__.strip("_").replace("_", " ") for look in PROMISES if list(look(evidence))}


def lost_entry(found: Books) -> None:
    found.tables["entries"].pop()


def lost_document(found: Books) -> None:
    found.tables["documents"].pop()


def doubled_document(found: Books) -> None:
    """Booked once more when its answer was lost."""
    found.book("payment", "100.00", origin_ref=found.history.deeds[-2].ref)
    found.history.deeds.pop()


def under_another_reference(found: Books) -> None:
    """The same, and the service has forgotten under which reference."""
    again = found.book("payment", "100.00", origin_ref="nobody's")
    found.history.deeds.pop()
    found.history.deeds[-2].attempts.append(Attempt(0, 0, "ok", 201, again["id"]))


def refused_document(found: Books) -> None:
    found.book("payment", "7.00")
    found.history.deeds[-1].attempts[0].outcome = "fail"


def lost_shipment(found: Books) -> None:
    found.tables["shipments"].pop()


def doubled_shipment(found: Books) -> None:
    found.request("300.00")
    found.tables["shipments"][-1]["mark"] = found.tables["shipments"][-2]["mark"]


def refused_shipment(found: Books) -> None:
    found.request("1.00")
    found.history.deeds[-1].attempts[0].outcome = "fail"


def lost_balance(found: Books) -> None:
    """Two wrote the account's row, the last one won."""
    found.account["balance"] += 100


def lost_release(found: Books) -> None:
    found.account["released"] -= 300


def a_cent_too_much(found: Books) -> None:
    """In every row alike."""
    row = found.book("payment", "0.01")
    found.history.deeds.pop()
    row["origin_ref"] = "nobody's"


def over_the_limit(found: Books) -> None:
    """500 are owed and 300 released: of 1,000, 200 are left."""
    found.request("200.01")


def issued_over_the_limit(found: Books) -> None:
    """Released and invoiced within the limit; then the ERP billed what leaves no room."""
    shipment = found.tables["shipments"][-1]
    found.bill(shipment)
    found.book("invoice", "200.01")
    found.issue(shipment)


def issued_without_invoice(found: Books) -> None:
    found.issue(found.tables["shipments"][-1])
    found.account["released"] -= 300


def billed_twice(found: Books) -> None:
    found.bill(found.tables["shipments"][0])


def untold_document(found: Books) -> None:
    found.drop("credit.document_booked.v1")


def untold_issue(found: Books) -> None:
    found.drop("credit.goods_issued.v1")


def untold_release(found: Books) -> None:
    found.drop("credit.shipment_released.v1")


def no_night(found: Books) -> None:
    found.tables["jobs"].clear()


def laid_and_open(found: Books) -> None:
    """A payment is laid on an invoice, whose row does not know it."""
    found.tables["documents"][2]["open"] += 100


@pytest.mark.parametrize(
    ("tamper", "promise"),
    [
        (lost_entry, "every document has its two entries"),
        (lost_document, "every acknowledged document is booked once"),
        (doubled_document, "a reference is one document"),
        (under_another_reference, "a reference is one document"),
        (refused_document, "no money or goods are of what was refused"),
        (lost_shipment, "every acknowledged shipment is there once"),
        (doubled_shipment, "every acknowledged shipment is there once"),
        (refused_shipment, "no money or goods are of what was refused"),
        (lost_balance, "the ledger agrees with each account"),
        (lost_release, "the ledger agrees with each account"),
        (laid_and_open, "the ledger agrees with each account"),
        (a_cent_too_much, "money is conserved"),
        (over_the_limit, "no goods go over the limit unsigned"),
        (issued_over_the_limit, "no goods go over the limit unsigned"),
        (issued_without_invoice, "nothing is issued that was not released and invoiced"),
        (billed_twice, "each step is taken as often as it was told"),
        (untold_document, "documents accounts and their events agree"),
        (untold_issue, "nothing is issued that was not released and invoiced"),
        (untold_release, "nothing is issued that was not released and invoiced"),
        (no_night, "each account has one night ahead"),
    ],
)
def test_tampered_evidence_breaks_the_promise_that_is_about_it(tamper: Callable[[Books], None], promise: str) -> None:
    found = books()
    assert broken(found) == set()
    tamper(found)
    assert promise in broken(found)


def changed_by_nobody(found: Books) -> None:
    found.resize(found.tables["shipments"][1], "190.00")


def part_out_of_nothing(found: Books) -> None:
    """What it was taken out of is worth as much as before."""
    whole = found.tables["shipments"][1]
    found.split(whole, "10.00")
    found.done("change", "200.00", whole["id"], about=whole["id"]).attempts[0].outcome = "fail"
    found.resize(whole, "200.00")


def split_twice(found: Books) -> None:
    found.split(found.tables["shipments"][1], "10.00")
    found.history.deeds.pop()


def row_posted_twice(found: Books) -> None:
    deed = next(deed for deed in found.history.deeds if deed.listed)
    found.book("payment", "50.00", origin_ref=deed.ref)
    found.history.deeds.pop()


def row_new_twice(found: Books) -> None:
    deed = next(deed for deed in found.history.deeds if deed.listed)
    deed.attempts[-1].status = 201


def row_on_another_account(found: Books) -> None:
    next(deed for deed in found.history.deeds if deed.listed).account = "account-2"


def written_off_twice(found: Books) -> None:
    found.book("write_off", "1.00", origin_ref=found.tables["losses"][0]["id"])


def approved_and_not_borne(found: Books) -> None:
    found.tables["losses"][0]["state"] = "approved"


def approved_by_nobody(found: Books) -> None:
    found.tables["approvals"].pop(0)


def shares_of_a_cent_less(found: Books) -> None:
    loss = found.tables["losses"][0]
    loss["shares"] = loss["shares"].replace("33.34", "33.33")


def borne_twice(found: Books) -> None:
    loss = found.tables["losses"][0]
    found.breach(loss, json.loads(loss["shares"])[1])


def declared_by_nobody(found: Books) -> None:
    found.history.deeds = [deed for deed in found.history.deeds if deed.what != "declare"]


def third_overrun(found: Books) -> None:
    found.overrun("10.00", "last")


def first_again(found: Books) -> None:
    found.overrun("10.00", "first")


def as_much_as_a_third(found: Books) -> None:
    found.book("payment", "1000.00")
    found.request("990.00")
    found.overrun("333.34", "first")


def signed_by_who_asked(found: Books) -> None:
    found.tables["approvals"][-1]["asked_by"] = "manager"


def signed_afterwards(found: Books) -> None:
    found.tables["approvals"][-1]["ended_at"] += timedelta(seconds=5)


def signed_long_ago(found: Books) -> None:
    found.tables["approvals"][-1]["ended_at"] -= timedelta(days=19)


@pytest.mark.parametrize(
    ("tamper", "promise"),
    [
        (changed_by_nobody, "goods are worth what was asked for last"),
        (part_out_of_nothing, "goods are worth what was asked for last"),
        (split_twice, "every acknowledged shipment is there once"),
        (row_posted_twice, "each row of a file has one effect"),
        (row_new_twice, "each row of a file has one effect"),
        (row_on_another_account, "each row of a file has one effect"),
        (written_off_twice, "bad debt is written off once and borne to the cent"),
        (written_off_twice, "money is conserved"),
        (approved_and_not_borne, "bad debt is written off once and borne to the cent"),
        (approved_by_nobody, "bad debt is written off once and borne to the cent"),
        (shares_of_a_cent_less, "bad debt is written off once and borne to the cent"),
        (borne_twice, "bad debt is written off once and borne to the cent"),
        (declared_by_nobody, "no money or goods are of what was refused"),
        (third_overrun, "an episode has a first and a last overrun at most"),
        (first_again, "an episode has a first and a last overrun at most"),
        (as_much_as_a_third, "an episode has a first and a last overrun at most"),
        (signed_by_who_asked, "an episode has a first and a last overrun at most"),
        (signed_long_ago, "an episode has a first and a last overrun at most"),
        (signed_afterwards, "an episode has a first and a last overrun at most"),
    ],
)
def test_tampering_with_what_is_rarer_is_noticed_too(tamper: Callable[[Books], None], promise: str) -> None:
    found = busy_books()
    assert broken(found) == set()
    tamper(found)
    assert promise in broken(found)


def test_back_within_the_limit_the_next_one_is_the_first_again() -> None:
    found = busy_books()
    found.book("payment", "300.00")
    found.request("110.00")
    found.overrun("10.00", "first")
    assert broken(found) == set()


@pytest.mark.parametrize("tamper", [over_the_limit, issued_over_the_limit])
def test_what_only_goes_over_the_limit_breaks_that_promise_alone(tamper: Callable[[Books], None]) -> None:
    found = books()
    tamper(found)
    assert broken(found) == {"no goods go over the limit unsigned"}


def test_a_signature_for_the_very_amount_lets_goods_go_over_the_limit() -> None:
    found = books()
    found.overrun("200.01", "first")
    assert broken(found) == set()
    found.tables["approvals"][0]["amount"] = Decimal("200.00")
    assert broken(found) == {
        "no goods go over the limit unsigned", "an episode has a first and a last overrun at most",
    }  # fmt: skip


def test_goods_that_leave_by_a_signature_are_the_first_and_the_last_too() -> None:
    found = books()
    goods = [found.request("20.00") for _ in range(3)]
    for one in goods:
        found.bill(one)
    found.book("invoice", "200.00")
    for one, kind in zip(goods, ("first", "last", "last"), strict=True):
        assert broken(found) == set()
        found.approve("credit.overrun", one["id"], "20.00", kind=kind, working_days=3)
        found.issue(one)
    assert broken(found) == {"an episode has a first and a last overrun at most"}


def test_every_promise_is_broken_by_some_tampering() -> None:
    seen: set[str] = set()
    for tamper in (lost_entry, lost_document, doubled_document, refused_document, lost_shipment, lost_balance,
                   over_the_limit, issued_without_invoice, billed_twice, untold_document, no_night, changed_by_nobody,
                   row_posted_twice, borne_twice, third_overrun):  # fmt: skip
        found = busy_books()
        tamper(found)
        seen |= broken(found)
    assert seen == {look.__name__.strip("_").replace("_", " ") for look in PROMISES}
