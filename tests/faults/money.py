"""Promises about money and goods: what credit's ledger, shipments and events must say, whatever happened.

The model is as simple as it can be: a balance is what was booked, a limit is what went out on the thirty days before.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tests.faults.evidence import Event, Evidence
from tests.faults.history import Deed

ZERO = Decimal(0)
_SHANGHAI = ZoneInfo("Asia/Shanghai")
#: by how much more is owed through a document of a kind: the contrary of its reversal
_OWED = {"invoice": 1, "opening": 1, "payment": -1, "return": -1, "credit_note": -1, "write_off": -1}
#: the ledger account on the other side of the receivable
_AGAINST = {
    "invoice": "sales", "opening": "opening", "payment": "cash", "return": "returns", "credit_note": "allowances",
    "write_off": "write_off",
}  # fmt: skip
_BOOKING = ("payment", "invoice", "credit_note", "return")
#: what a step of a shipment is told by
_STEPS = {
    "bill": "credit.shipment_invoiced.v1",
    "issue": "credit.goods_issued.v1",
    "cancel": "credit.shipment_cancelled.v1",
}
_HELD, _RELEASED = "credit.shipment_held.v1", "credit.shipment_released.v1"
_BOOKED = "credit.document_booked.v1"
#: from which states of a shipment an event can come, and which it leads to; a hold at the issue leads nowhere
_WAY: dict[str, tuple[tuple[str, ...], str]] = {
    _HELD: (("", "held", "released"), "held"),
    _RELEASED: (("", "held", "released"), "released"),
    _STEPS["bill"]: (("released",), "invoiced"),
    _STEPS["issue"]: (("invoiced",), "issued"),
    _STEPS["cancel"]: (("held", "released", "invoiced"), "cancelled"),
    "credit.goods_returned.v1": (("issued",), "issued"),
}


def _every_acknowledged_document_is_booked_once(evidence: Evidence) -> Iterator[str]:
    booked = {row["id"]: row for row in evidence.rows("credit", "documents")}
    by_ref = _by(evidence.rows("credit", "documents"), "origin_ref")
    for deed in _deeds(evidence, *_BOOKING):
        rows = by_ref[deed.ref]
        if deed.done and [(row["amount"], row["kind"]) for row in rows] != [(deed.amount, deed.what)]:
            yield f"{deed.mark} ({deed.what} of {deed.amount}) was acknowledged, and is booked {_amounts(rows)}"
        elif deed.what != "return" and deed.told - {row["id"] for row in rows}:
            yield f"{deed.mark} was told {sorted(deed.told)}, and is {[row['id'] for row in rows]}"
    for deed in _deeds(evidence, "reverse"):
        for told in deed.told:
            if told not in booked or booked[told]["corrects"] != deed.about:
                yield f"{deed.mark} was told that {told} reverses {deed.about}, and there is no such document"


def _a_reference_is_one_document(evidence: Evidence) -> Iterator[str]:
    told: dict[str | None, set[str]] = defaultdict(set)
    for deed in _deeds(evidence, "payment", "invoice", "credit_note"):
        told[deed.ref] |= deed.told
    yield from (f"{ref} was told as {len(ids)} documents: {sorted(ids)}" for ref, ids in told.items() if len(ids) > 1)
    for ref, rows in _by(evidence.rows("credit", "documents"), "origin_ref").items():
        if len(rows) > 1:
            yield f"{ref} is {len(rows)} documents: {_amounts(rows)}"
    once = Counter(row["corrects"] for row in evidence.rows("credit", "documents") if row["kind"] == "reversal")
    yield from (f"{document} is reversed {count} times" for document, count in once.items() if count > 1)


def _every_acknowledged_shipment_is_there_once(evidence: Evidence) -> Iterator[str]:
    """A request is one shipment, of what was asked for, and a split is one part more."""
    shipments = evidence.rows("credit", "shipments")
    by_mark = _by([row for row in shipments if row["part_of"] is None], "mark")
    worth, told = _worth(evidence), defaultdict[str, set[str]](set)
    for deed in _deeds(evidence, "request"):
        told[deed.ref or deed.key or ""] |= deed.told
        rows = by_mark[deed.mark]
        if deed.done and [(row["id"], worth[row["id"]][:1]) for row in rows] != [(max(deed.told), [deed.amount])]:
            yield f"{deed.mark} of {deed.amount} was told {sorted(deed.told)}, and is {_amounts(rows)}"
        elif len(rows) > 1:
            yield f"{deed.mark} is {len(rows)} shipments"
    yield from (f"{ref} was told as {len(ids)} shipments: {sorted(ids)}" for ref, ids in told.items() if len(ids) > 1)
    parts, splits = _by(shipments, "part_of"), defaultdict[str | None, list[Deed]](list)
    for deed in _deeds(evidence, "split"):
        splits[deed.about].append(deed)
    for whole in (parts.keys() | splits.keys()) - {None}:
        there = {row["id"] for row in parts[whole]}
        known = {told for deed in splits[whole] for told in deed.told}
        most = sum(not deed.refused for deed in splits[whole])
        if known - there or len(there) > most:
            yield f"{whole} was split {len(known)} to {most} times, and its parts are {sorted(there)}"


def _goods_are_worth_what_was_asked_for_last(evidence: Evidence) -> Iterator[str]:
    """From one amount told to the next goods were changed to it, or a part was taken out and both are worth as much."""
    changed: dict[str | None, set[Decimal]] = defaultdict(set)
    for deed in _deeds(evidence, "change"):
        changed[deed.about] |= set() if deed.refused else {deed.amount}
    worth, parts = _worth(evidence), _by(evidence.rows("credit", "shipments"), "part_of")
    for row in evidence.rows("credit", "shipments"):
        told = worth[row["id"]]
        taken = [worth[part["id"]][0] for part in parts[row["id"]] if worth[part["id"]]]
        for before, after in pairwise(told):
            if before - after in taken:
                taken.remove(before - after)
            elif after not in changed[row["id"]]:
                yield f"shipment {row['id']} was worth {before}, then {after}, which nobody has asked for"
        if taken:
            yield f"parts of {taken} were taken out of shipment {row['id']}, which is as much as before: {told}"
        if told[-1:] != [row["amount"]]:
            yield f"shipment {row['id']} is worth {row['amount']}, its events say {told}"


def _worth(evidence: Evidence) -> dict[str, list[Decimal]]:
    """By shipment, the amounts that were told of it while it could be changed, one after the other."""
    found: dict[str, list[Decimal]] = defaultdict(list)
    for event in sorted(evidence.of_type(_HELD, _RELEASED), key=lambda one: one.id):
        if found[event.key][-1:] != [_amount(event)]:
            found[event.key].append(_amount(event))
    return found


def _no_money_or_goods_are_of_what_was_refused(evidence: Evidence) -> Iterator[str]:
    """Nor of what nobody has asked for."""
    deeds = evidence.history.deeds
    refused = {(deed.ref, deed.amount) for deed in deeds if deed.refused and deed.what in _BOOKING}
    losses = [row for row in evidence.rows("credit", "losses") if row["kind"] == "bad_debt"]
    lost = {row["id"]: row["document_id"] for row in losses}
    declared = {deed.about for deed in _deeds(evidence, "declare") if not deed.refused}
    yield from (f"loss {loss} of {name} was declared by nobody" for loss, name in lost.items() if name not in declared)
    reversing = {deed.about for deed in deeds if deed.what == "reverse" and not deed.refused}
    sent = {(deed.ref, deed.amount) for deed in deeds if deed.what in _BOOKING}
    billed = {row["id"] for row in evidence.rows("credit", "documents") if row["origin_ref"].endswith("/invoice")}
    for row in evidence.rows("credit", "documents"):
        if row["kind"] == "reversal":
            if row["corrects"] not in reversing | billed:
                yield f"{row['corrects']} is reversed by {row['id']}, which nobody was granted"
        elif row["kind"] == "write_off":
            if row["origin_ref"] not in lost:
                yield f"write-off {row['id']} of {row['amount']} is of no loss"
        elif (row["origin_ref"], row["amount"]) in refused:
            yield f"{row['origin_ref']} of {row['amount']} was refused, and is {row['kind']} {row['id']}"
        elif row["origin_ref"] != f"{row['shipment_id']}/invoice" and (row["origin_ref"], row["amount"]) not in sent:
            yield f"{row['kind']} {row['id']} of {row['amount']} ({row['origin_ref']}) was sent by nobody"
    requests = {deed.mark: deed for deed in _deeds(evidence, "request")}
    for row in evidence.rows("credit", "shipments"):
        request = requests.get(row["mark"])  # a part has the goods, and their mark, of its whole
        if request is None or request.refused:
            yield f"shipment {row['id']} of {row['amount']} was {'refused' if request else 'asked for by nobody'}"


def _each_step_is_taken_as_often_as_it_was_told(evidence: Evidence) -> Iterator[str]:
    deeds: dict[tuple[str, str | None], list[Deed]] = defaultdict(list)
    for deed in _deeds(evidence, *_STEPS):
        deeds[deed.what, deed.about].append(deed)
    for what, kind in _STEPS.items():
        taken = evidence.by_key(kind)
        for shipment in sorted(taken.keys() | {about for step, about in deeds if step == what and about}):
            known = sum(deed.done for deed in deeds[what, shipment])
            most = sum(not deed.refused for deed in deeds[what, shipment])
            if not known <= len(taken[shipment]) <= min(most, 1):
                yield f"{what} of {shipment}: told {known} to {most} times, its events say {len(taken[shipment])}"


def _every_document_has_its_two_entries(evidence: Evidence) -> Iterator[str]:
    """Double entry: the receivable and its other side, which add up to zero, of the account of the document."""
    entries = _by(evidence.rows("credit", "entries"), "document_id")
    documents = {row["id"]: row for row in evidence.rows("credit", "documents")}
    for identifier, row in documents.items():
        origin = documents.get(row["corrects"], row) if row["kind"] == "reversal" else row
        owed = _owed(row, documents)
        expected = {("receivable", owed, row["account_id"]), (_AGAINST[origin["kind"]], -owed, row["account_id"])}
        found = entries.pop(identifier, [])
        if len(found) != 2 or {(one["ledger"], one["amount"], one["account_id"]) for one in found} != expected:
            told = {one["ledger"]: str(one["amount"]) for one in found}
            yield f"{row['kind']} {identifier} of {row['amount']} has {len(found)} entries: {told}"
    yield from (f"{len(rows)} entries are of no document: {name}" for name, rows in entries.items() if rows)


def _the_ledger_agrees_with_each_account(evidence: Evidence) -> Iterator[str]:
    """The three running figures, and what of each document is open, from the rows that they consist of."""
    figures: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    waiting: dict[str, Decimal] = defaultdict(Decimal)
    laid: dict[str, Decimal] = defaultdict(Decimal)
    for row in evidence.rows("credit", "entries"):
        figures[row["account_id"]]["balance"] += row["amount"] if row["ledger"] == "receivable" else 0
    for row in evidence.rows("credit", "allocations"):
        laid[row["credit_id"]] += row["amount"]
        laid[row["debit_id"]] += row["amount"]
    for row in evidence.rows("credit", "documents"):
        gone = row["kind"] == "reversal" or row["reversed_by"] is not None
        if row["open"] != (0 if gone else row["amount"] - laid[row["id"]]):
            yield f"{row['kind']} {row['id']} of {row['amount']} is open by {row['open']}, {laid[row['id']]} is laid"
        waiting[row["shipment_id"]] += row["amount"] if row["reserved"] else 0
    for row in evidence.rows("credit", "shipments"):
        if row["state"] == "released":
            figures[row["account_id"]]["released"] += row["amount"]
        if row["state"] == "held":
            figures[row["account_id"]]["reserved"] += min(row["prepaid"], row["amount"])
        if row["state"] in ("held", "released") and row["prepaid"] != waiting[row["id"]]:
            yield f"{row['prepaid']} is paid for shipment {row['id']}, its payments say {waiting[row['id']]}"
    for row in evidence.rows("credit", "accounts"):
        for name in ("balance", "released", "reserved"):
            if row[name] != figures[row["id"]][name]:
                yield f"account {row['id']}: {name} is {row[name]}, its parts add up to {figures[row['id']][name]}"


def _money_is_conserved(evidence: Evidence) -> Iterator[str]:
    """To the cent, each account owes what its traders were told was booked, billed, taken back or lost."""
    there = {(row["origin_ref"], row["amount"]) for row in evidence.rows("credit", "documents")}
    reversed_ones = {row["corrects"] for row in evidence.rows("credit", "documents") if row["kind"] == "reversal"}
    billed, cancelled = evidence.by_key(_STEPS["bill"]), evidence.by_key(_STEPS["cancel"])
    owed: defaultdict[str, Decimal] = defaultdict(Decimal)
    gone = {deed.about for deed in _deeds(evidence, "cancel") if _happened(deed, bool(cancelled[deed.about or ""]))}
    seen: set[tuple[str, str | None]] = set()
    taken: dict[str, tuple[str, Decimal]] = {}
    for deed in evidence.history.deeds:
        if deed.what in _BOOKING and _happened(deed, (deed.ref, deed.amount) in there):
            owed[deed.account] += _OWED[deed.what] * deed.amount
            taken |= dict.fromkeys(deed.told, (deed.what, deed.amount))
    for deed in evidence.history.deeds:
        if (deed.what, deed.about) in seen:
            continue
        if deed.what == "reverse" and _happened(deed, deed.about in reversed_ones):
            kind, amount = taken.get(deed.about or "", ("payment", ZERO))
            owed[deed.account] -= _OWED[kind] * amount
        elif deed.what == "bill" and _happened(deed, bool(billed[deed.about or ""])):
            if deed.about not in gone:
                owed[deed.account] += sum((_amount(event) for event in billed[deed.about or ""]), ZERO)
        else:
            continue
        seen.add((deed.what, deed.about))
    for row in evidence.rows("credit", "losses"):
        if row["kind"] == "bad_debt" and row["state"] == "borne":
            owed[row["account_id"]] -= row["amount"]
    for row in evidence.rows("credit", "accounts"):
        if row["balance"] != owed[row["id"]]:
            yield f"account {row['id']} owes {row['balance']}, by what its traders were told {owed[row['id']]}"


def _happened(deed: Deed, there: bool) -> bool:
    """What its trader was told; where nothing was told, what is there."""
    return deed.done or (not deed.refused and there)


def _nothing_is_issued_that_was_not_released_and_invoiced(evidence: Evidence) -> Iterator[str]:
    """Each shipment goes its way step by step, as its events tell; its row stands where they end."""
    told: dict[str, list[Event]] = evidence.by_key(*_WAY)
    for row in evidence.rows("credit", "shipments"):
        state = ""
        for event in told.pop(row["id"], []):
            if event.type == _HELD and event.value["step"] == "issue":
                continue
            before, after = _WAY[event.type]
            if state not in before:
                yield f"shipment {row['id']} was {state or 'not there'} when {event.type} was told"
            if event.type == _STEPS["issue"] and event.value["unreleased"]:
                yield f"shipment {row['id']} left without a release"
            state = after
        if state != row["state"]:
            yield f"shipment {row['id']} is {row['state']}, its events say {state or 'nothing'}"
    yield from (f"{len(events)} events of a shipment that does not exist: {key}" for key, events in told.items())


def _documents_accounts_and_their_events_agree(evidence: Evidence) -> Iterator[str]:
    """One event a document, which says what its row says; and of account and shipment as many as they have told."""
    booked = _by([{"id": event.value["document_id"], "event": event} for event in evidence.of_type(_BOOKED)], "id")
    names = ("account_id", "kind", "corrects", "shipment_id")
    for row in evidence.rows("credit", "documents"):
        events = [one["event"] for one in booked.pop(row["id"], [])]
        if len(events) != 1:
            yield f"{row['kind']} {row['id']} of {row['amount']}: {len(events)} events say that it was booked"
            continue
        said = events[0].value
        same = [said[name] for name in names] == [row[name] for name in names]
        if not same or _amount(events[0]) != row["amount"] or said["dated_on"] != str(row["dated_on"]):
            yield f"{row['kind']} {row['id']} of {row['amount']}: its event says {said}"
    yield from (f"{len(events)} events of a document that does not exist: {name}" for name, events in booked.items())
    told = Counter(event.key for event in evidence.events if event.topic == "credit.events")
    for table in ("accounts", "shipments"):
        for row in evidence.rows("credit", table):
            if told[row["id"]] != row["sequence"]:
                yield f"{table[:-1]} {row['id']} has told {row['sequence']} events, there are {told[row['id']]}"


def _each_account_has_one_night_ahead(evidence: Evidence) -> Iterator[str]:
    """The limit moves at the next midnight by one job, never by none."""
    nights = Counter(job["ref"] for job in evidence.rows("credit", "jobs") if job["kind"] == "roll_limit")
    for row in evidence.rows("credit", "accounts"):
        if (count := nights.pop(row["id"], 0)) != 1:
            yield f"account {row['id']} has {count} nights ahead"
    yield from (f"{count} nights are ahead of an account that does not exist: {ref}" for ref, count in nights.items())


def _each_row_of_a_file_has_one_effect(evidence: Evidence) -> Iterator[str]:
    """However often its file was handed in: one document with one event, on the account that it names, new once."""
    by_ref = _by(evidence.rows("credit", "documents"), "origin_ref")
    told = Counter(event.value["document_id"] for event in evidence.of_type(_BOOKED))
    rows: dict[str | None, list[Deed]] = defaultdict(list)
    for deed in evidence.history.deeds:
        if deed.listed:
            rows[deed.ref].append(deed)
    for ref, deeds in rows.items():
        there = [(row["account_id"], row["kind"], row["amount"], told[row["id"]]) for row in by_ref[ref]]
        known = any(deed.done for deed in deeds)
        allowed = [(d.account, d.what, d.amount, 1) for d in deeds if d.done or (not known and not d.refused)]
        if len(there) > 1 or (known and not there) or any(one not in allowed for one in there):
            yield f"row {ref} is {len(there)} documents (account, kind, amount, events): {there}"
        attempts = [attempt for deed in deeds for attempt in deed.attempts]
        new = sum(attempt.status == 201 for attempt in attempts)
        if new > 1 or (known and new == 0 and all(attempt.outcome != "unknown" for attempt in attempts)):
            yield f"row {ref} was told to be new {new} times"


def _bad_debt_is_written_off_once_and_borne_to_the_cent(evidence: Evidence) -> Iterator[str]:
    """What was declared and approved, and nothing else; the shares make the whole, and each goes to staff once."""
    losses = {row["id"]: row for row in evidence.rows("credit", "losses") if row["kind"] == "bad_debt"}
    for deed in _deeds(evidence, "declare"):
        for told in deed.told:
            if told not in losses or losses[told]["document_id"] != deed.about:
                yield f"{deed.mark} was told that {deed.about} is loss {told}, and there is no such loss"
    # after one was borne a payment may bounce: what is open again is another loss
    standing = Counter(row["document_id"] for row in losses.values() if row["state"] not in ("dismissed", "borne"))
    yield from (f"{document} is lost {count} times" for document, count in standing.items() if count > 1)
    approvals = evidence.rows("credit", "approvals")
    approved = {row["subject"] for row in approvals if row["name"] == "credit.share_loss" and _granted(row)}
    written = _by([row for row in evidence.rows("credit", "documents") if row["kind"] == "write_off"], "origin_ref")
    booked = Counter(
        (event.value["subject"], event.value["person"], event.value["part"], _cents(event.value["share"]["amount"]))
        for event in evidence.of_type("staff.record_breach.v1")
    )
    for name, loss in losses.items():
        borne, how = loss["state"] == "borne", f"loss {name} of {loss['amount']} is {loss['state']}"
        shares = json.loads(loss["shares"]) if borne else []
        # one that was paid before its shares were asked for is dismissed without
        if (name in approved) != (loss["state"] in ("borne", "dismissed")) and (borne or name in approved):
            yield f"{how}, and its shares were {'approved' if name in approved else 'approved by nobody'}"
        found = [(row["account_id"], row["amount"]) for row in written[name]]
        if found != [(loss["account_id"], loss["amount"])] * borne:
            yield f"{how}, its write-offs are {_amounts(written[name])}"
        if borne and sum(_cents(share["amount"]) for share in shares) != loss["amount"]:
            yield f"{how}, its shares are {[share['amount'] for share in shares]}"
        owed = Counter((name, one["person"], one["part"], _cents(one["amount"])) for one in shares if one["person"])
        heard = Counter({what: count for what, count in booked.items() if what[0] == name})
        if owed != heard:
            yield f"{how}: its bearers are {sorted(owed)}, staff was told of {sorted(heard.elements())}"


def _an_episode_has_a_first_and_a_last_overrun_at_most(evidence: Evidence) -> Iterator[str]:
    """Each under a third of the limit and signed; back within the limit they are counted anew (P11.6–P11.9)."""
    yield from _heard(evidence, "overruns")


def _no_goods_go_over_the_limit_unsigned(evidence: Evidence) -> Iterator[str]:
    """At each release, invoice and issue, by what had been told of the account until then (P11.2, P11.4–P11.9)."""
    yield from _heard(evidence, "limit")


def _heard(evidence: Evidence, about: str) -> Iterator[str]:
    """What the events of an account, one after the other, should not have let go."""
    by_account: dict[str, list[Event]] = defaultdict(list)
    for event in evidence.events:
        if event.topic == "credit.events" and "account_id" in event.value:
            by_account[event.value["account_id"]].append(event)
    for name, events in by_account.items():
        account = _Account(evidence)
        # of one account's events each is made while its row is locked, so their ids rise in the order of the facts
        for event in sorted(events, key=lambda one: one.id):
            yield from (f"account {name}: {said}" for what, said in account.hear(event) if what == about)


@dataclass
class _Account:
    """Where an account stands, as its events tell it one after the other."""

    evidence: Evidence
    balance: Decimal = ZERO
    #: by shipment: where it stands and what it is worth
    goods: dict[str, tuple[str, Decimal]] = field(default_factory=dict)
    prepaid: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    #: what counts for the limit, by document: on which day, how much
    out: dict[str, tuple[date, Decimal]] = field(default_factory=dict)
    #: what was booked, by document: kind, amount, day, and of a shipment's invoice its shipment
    booked: dict[str, tuple[str, Decimal, date]] = field(default_factory=dict)
    invoices: dict[str, str] = field(default_factory=dict)
    #: the shipments over the limit of this episode, which was last looked at on that day
    overruns: dict[str, str] = field(default_factory=dict)
    day: date = date.max

    def __post_init__(self) -> None:
        self.documents = {row["id"]: row for row in self.evidence.rows("credit", "documents")}
        self.parts = {row["id"]: row["part_of"] for row in self.evidence.rows("credit", "shipments") if row["part_of"]}
        self.signed = [row for row in self.evidence.rows("credit", "approvals") if row["name"] == "credit.overrun"]

    def hear(self, event: Event) -> Iterator[tuple[str, str]]:
        """Take in what an event says; what it should not have let go, and by which promise."""
        today = min(_days(event))
        for midnight in range(self.day.toordinal() + 1, today.toordinal() + 1):
            self._look_back(self._limit(date.fromordinal(midnight)))
        self.day = today
        yield from self._take_in(event)
        self._look_back(max(self._limit(day) for day in _days(event)))

    def _look_back(self, limit: Decimal) -> None:
        """Back within the limit, the episode is over."""
        if self._owed() <= limit:
            self.overruns.clear()

    def _owed(self) -> Decimal:
        """What is owed or on its way to be; money for held goods frees nothing else."""
        released = sum((worth for where, worth in self.goods.values() if where == "released"), ZERO)
        held = [(name, worth) for name, (where, worth) in self.goods.items() if where == "held"]
        return self.balance + released + sum((min(self.prepaid[name], worth) for name, worth in held), ZERO)

    def _take_in(self, event: Event) -> Iterator[tuple[str, str]]:
        said = event.value
        if event.type in (_HELD, _RELEASED) and event.key not in self.goods and event.key in self.parts:
            # what it was taken out of is given back first, and decided after it
            whole = self.parts[event.key]
            self.goods[whole] = ("held", self.goods.get(whole, ("", ZERO))[1] - _amount(event))
            self.overruns.pop(whole, None)
        if event.type == _BOOKED:
            yield from self._book(event)
        elif event.type == _RELEASED:
            self.goods[event.key] = ("held", _amount(event))
            self.overruns.pop(event.key, None)
            yield from self._refuse(event, event.key, said["way"])
            self.goods[event.key] = ("released", _amount(event))
            if said["way"].endswith("_overrun"):
                yield from self._overrun(event, said["way"].removesuffix("_overrun"))
        elif event.type == _HELD and said["step"] != "issue":
            self.goods[event.key] = ("held", _amount(event))
            self.overruns.pop(event.key, None)
        elif event.type == _STEPS["cancel"]:
            self.goods[event.key] = ("cancelled", ZERO)
            self.overruns.pop(event.key, None)
        elif event.type == _STEPS["issue"]:
            yield from self._refuse(event, event.key)
            invoice = self.invoices.get(event.key, "")
            if invoice in self.booked:
                _, amount, dated = self.booked[invoice]
                self.out[invoice] = (max(dated, date.fromisoformat(said["issued_on"])), amount)

    def _overrun(self, event: Event, kind: str) -> Iterator[tuple[str, str]]:
        """Goods were let go over the limit, as the first or the last."""
        amount, limit = _amount(event), max(self._limit(day) for day in _days(event))
        how = f"shipment {event.key} of {amount} went over the limit of {limit} as the {kind}"
        if kind in self.overruns.values() or "last" in self.overruns.values():
            yield "overruns", f"{how}, after {sorted(self.overruns.values())} of the same episode"
        if 3 * amount >= limit:
            yield "overruns", f"{how}: that is no less than a third"
        if not self._signed(event, event.key, amount, kind):
            yield "overruns", f"{how}, which nobody has signed"
        self.overruns[event.key] = kind

    def _left(self, event: Event, signed: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Invoiced goods went over the limit by a signature: as what they are counted already, or as one more."""
        if signed and self.overruns.get(event.key) not in signed:
            free = [kind for kind in signed if kind not in self.overruns.values()]
            yield from self._overrun(event, (free or signed)[0])

    def _book(self, event: Event) -> Iterator[tuple[str, str]]:
        said, amount = event.value, _amount(event)
        identifier, shipment = said["document_id"], said["shipment_id"]
        kind, dated = said["kind"], date.fromisoformat(said["dated_on"])
        about = said["corrects"]
        if kind == "reversal":
            what, worth, _ = self.booked.get(about, ("payment", ZERO, dated))
            self.balance -= _OWED[what] * worth
            self.out.pop(about, None)
            if what == "payment" and shipment is not None:
                self.prepaid[shipment] -= worth if self._waits(shipment) else 0
            return
        if kind == "invoice" and shipment is not None:
            state, worth = self.goods.get(shipment, ("", ZERO))
            self.goods[shipment] = ("held", worth) if state == "released" else (state, worth)
            yield from self._refuse(event, shipment)
            self.goods[shipment], self.invoices[shipment] = ("invoiced", amount), identifier
        self.balance += _OWED[kind] * amount
        self.booked[identifier] = (kind, amount, dated)
        if kind == "payment" and shipment is not None and self._waits(shipment):
            self.prepaid[shipment] += amount
        issued = self.documents.get(identifier, {}).get("issued_on")
        if kind == "invoice" and shipment is None and issued is not None:
            self.out[identifier] = (max(dated, issued), amount)
        if kind in ("return", "credit_note"):
            on = self.out[about][0] if about in self.out else self.booked.get(about, (kind, amount, dated))[2]
            self.out[identifier] = (on, -amount)

    def _waits(self, shipment: str) -> bool:
        return self.goods.get(shipment, ("", ZERO))[0] in ("held", "released")

    def _refuse(self, event: Event, shipment: str, way: str | None = None) -> Iterator[tuple[str, str]]:
        """Whether goods that are about to be released, invoiced or issued may not go."""
        state, amount = self.goods.get(shipment, ("", ZERO))
        owed = self._owed()
        if state == "held":
            uncovered = amount - min(self.prepaid[shipment], amount)
            owed += uncovered
        else:
            uncovered = self._unpaid(shipment, event)
        limit = max(self._limit(day) for day in _days(event))
        small = 3 * amount < limit
        allowed = {
            "within_limit": limit > ZERO and owed <= limit,
            "cash": uncovered == 0 or owed <= 0,
            "prepaid": uncovered == 0 or owed <= 0,
            "first_overrun": small and self._signed(event, shipment, amount, "first"),
            "last_overrun": small and self._signed(event, shipment, amount, "last"),
        }
        if way is None and event.type == _BOOKED and (allowed["within_limit"] or allowed["prepaid"]):
            self.overruns.pop(shipment, None)  # signed, and paid for meanwhile: it does not go over the limit
        if event.type == _STEPS["issue"] and not (allowed["within_limit"] or allowed["prepaid"]):
            signed = [kind for kind in ("first", "last") if allowed[f"{kind}_overrun"]]
            yield from self._left(event, signed)
        if not (allowed.get(way, False) if way is not None else any(allowed.values())):
            how = way or event.type
            yield (
                "limit",
                f"shipment {shipment} of {amount} went by {how}: with it {owed} is owed, the limit is {limit}",
            )

    def _unpaid(self, shipment: str, event: Event) -> Decimal:
        """What was open of its invoice then: allocations have ids that rise as those of events do."""
        invoice = self.invoices.get(shipment, "")
        laid = [row for row in self.evidence.rows("credit", "allocations") if row["debit_id"] == invoice]
        paid: Decimal = sum((row["amount"] for row in laid if row["id"] < event.id), ZERO)
        return self.booked.get(invoice, ("", ZERO, date.min))[1] - paid

    def _limit(self, day: date) -> Decimal:
        first, last = day - timedelta(days=30), day - timedelta(days=1)
        return max(sum((amount for on, amount in self.out.values() if first <= on <= last), ZERO), ZERO)

    def _signed(self, event: Event, shipment: str, amount: Decimal, kind: str) -> bool:
        """For that very amount, as the first or the last, before and not too long ago."""
        made, days = _made(event) + timedelta(milliseconds=1), _days(event)
        return any(
            row["subject"] == shipment and row["amount"] == amount and _granted(row) and row["ended_at"] <= made
            and (offer := json.loads(row["offer"]))["kind"] == kind and min(days) <= _last_day(row, offer)
            for row in self.signed
        )  # fmt: skip


PROMISES = (
    _every_acknowledged_document_is_booked_once,
    _a_reference_is_one_document,
    _every_acknowledged_shipment_is_there_once,
    _goods_are_worth_what_was_asked_for_last,
    _no_money_or_goods_are_of_what_was_refused,
    _each_step_is_taken_as_often_as_it_was_told,
    _every_document_has_its_two_entries,
    _the_ledger_agrees_with_each_account,
    _money_is_conserved,
    _nothing_is_issued_that_was_not_released_and_invoiced,
    _documents_accounts_and_their_events_agree,
    _each_account_has_one_night_ahead,
    _each_row_of_a_file_has_one_effect,
    _bad_debt_is_written_off_once_and_borne_to_the_cent,
    _no_goods_go_over_the_limit_unsigned,
    _an_episode_has_a_first_and_a_last_overrun_at_most,
)


def _deeds(evidence: Evidence, *whats: str) -> list[Deed]:
    return [deed for deed in evidence.history.deeds if deed.what in whats]


def _by(rows: list[dict[str, Any]], name: str) -> dict[str | None, list[dict[str, Any]]]:
    found: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


def _amounts(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{row['id']} of {row['amount']}" for row in rows]


def _amount(event: Event) -> Decimal:
    return _cents(event.value["amount"]["amount"])


def _owed(row: dict[str, Any], documents: dict[str, dict[str, Any]]) -> Decimal:
    if row["kind"] == "reversal":
        corrected = documents.get(row["corrects"])
        return ZERO if corrected is None else -_owed(corrected, documents)
    amount: Decimal = row["amount"]
    return _OWED[row["kind"]] * amount


def _last_day(approval: dict[str, Any], offer: dict[str, Any]) -> date:
    """No signature holds longer: its working days, and the longest holiday with the weekends around it."""
    signed: datetime = approval["ended_at"]
    return signed.astimezone(_SHANGHAI).date() + timedelta(days=2 * int(offer["working_days"]) + 12)


def _granted(approval: dict[str, Any]) -> bool:
    """Everybody who had to has signed, and nobody what they had asked for themselves."""
    seats = [seat for stage in json.loads(approval["stages"]) for seat in stage]
    return approval["state"] == "granted" and all(seat["by"] not in (None, approval["asked_by"]) for seat in seats)


def _cents(amount: object) -> Decimal:
    return Decimal(str(amount))


def _made(event: Event) -> datetime:
    return datetime.fromtimestamp((UUID(event.id).int >> 80) / 1000, UTC)


def _days(event: Event) -> set[date]:
    """The civil day of the fact; two where a midnight passed between its transaction's begin and the account's lock."""
    moments = {_made(event), datetime.fromisoformat(event.record.header("ce_time"))}
    return {moment.astimezone(_SHANGHAI).date() for moment in moments}
