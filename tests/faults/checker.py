"""Says what is wrong, from what it reads itself: the databases, the topics from offset 0, the factory's log."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from tests.faults import money
from tests.faults.evidence import Event, Evidence
from tests.faults.factory import Webhook
from tests.faults.history import Operation
from tests.faults.records import PARKED, Record
from tests.faults.system import app_of

#: which reaction is owed to each event, by service and type
REACTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "complaint": {
        "complaint.opened.v1": ("match_opened_case", "find_repeats", "begin_handling"),
        "complaint.matched.v1": ("find_repeats_of_customer",),
        "complaint.marked_serious.v1": ("climb_ladder", "raise_level"),
        "complaint.serious.v1": ("warn_factory",),
        "customer.entry.v1": ("match_cases_of_customer",),
        "notify.notice_sent.v1": ("notice_sent",),
        "notify.nobody_told.v1": ("nobody_told",),
    },
    "notify": {
        "complaint.serious.v1": ("plan_deliveries",),
        "notify.send.v1": ("take_send",),
        "work.item.v1": ("follow_work",),
    },
    "credit": {
        "customer.entry.v1": ("decide_again_for_customer",),
        "archive.dossier.v1": ("decide_again_for_papers",),
    },
    "tally": {
        "complaint.opened.v1": ("count_opened",),
        "complaint.matched.v1": ("count_matched",),
        "complaint.repeat_found.v1": ("count_repeat",),
        "complaint.marked_serious.v1": ("count_marked",),
        "complaint.serious.v1": ("count_serious",),
    },
}
#: topics whose sequence counts without gaps; on the compacted ones it only rises
COUNTED = ("complaint.events", "complaint.serious", "customer.events", "notify.events", "credit.events")
#: jobs that wait for a day to come, by service: they are not brought forward, and there at the end
DAILY = {"credit": ("roll_limit", "find_last_unpaid")}


@dataclass(frozen=True)
class Violation:
    """One promise that was broken: which, and the smallest account of how."""

    promise: str
    account: str


def check(evidence: Evidence) -> list[Violation]:
    """Every promise that the evidence shows broken."""
    return [Violation(name, said) for name, look in promises().items() for said in look(evidence)]


def promises() -> dict[str, Callable[[Evidence], Iterable[str]]]:
    """What is looked at, by the promise that it is about."""
    looks = (
        _nothing_acknowledged_is_lost,
        _nothing_refused_is_visible,
        _one_case_a_key,
        _state_and_events_agree,
        _every_repeat_is_found,
        _every_customer_is_kept_and_told,
        _every_case_finds_its_customer,
        _every_case_is_owed_its_judgement,
        _the_work_topic_says_what_the_obligations_are,
        _what_happens_by_itself_happens_once,
        _every_send_is_told_or_nobody_is,
        _what_was_missed_is_told_to_those_above,
        _each_step_knows_who_was_told,
        _every_serious_case_reaches_the_factory,
        _sequences_have_no_gaps,
        _an_event_is_always_the_same,
        _one_effect_an_event,
        _effects_come_in_order,
        _nothing_else_is_parked,
        _nothing_is_left_to_do,
        *money.PROMISES,
    )
    return {look.__name__.strip("_").replace("_", " "): look for look in looks}


def _nothing_acknowledged_is_lost(evidence: Evidence) -> Iterator[str]:
    by_id = {case["id"]: case for case in evidence.cases}
    for operation in evidence.history.operations:
        for attempt in operation.attempts:
            if attempt.outcome != "ok":
                continue
            case = by_id.get(attempt.id or "")
            if case is None:
                yield f"{operation.marker} was told {attempt.number} ({attempt.status}), and there is no such case"
            elif (case["marker"], case["number"]) != (operation.marker, attempt.number):
                yield f"{operation.marker} was told {attempt.number}, which is {case['number']} of {case['marker']}"


def _nothing_refused_is_visible(evidence: Evidence) -> Iterator[str]:
    refused = {operation.marker for operation in evidence.history.operations if operation.refused}
    sent = {operation.marker for operation in evidence.history.operations}
    for case in evidence.cases:
        if case["marker"] in refused:
            yield f"{case['marker']} was refused, and is case {case['number']}"
        if case["marker"] not in sent:
            yield f"case {case['number']} ({case['marker']}) was sent by nobody"
    for event in evidence.of_type("complaint.opened.v1"):
        if event.value["fault_codes"][0] in refused:
            yield f"{event.value['fault_codes'][0]} was refused, and its opening is event {event.id}"


def _one_case_a_key(evidence: Evidence) -> Iterator[str]:
    same: dict[str, list[Operation]] = defaultdict(list)
    for operation in evidence.history.operations:
        same[operation.key or operation.origin_ref or ""].append(operation)
    markers = Counter(case["marker"] for case in evidence.cases)
    for key, operations in same.items():
        told = {a.id for o in operations for a in o.attempts if a.outcome == "ok"}
        cases = sum(markers[o.marker] for o in operations)
        if len(told) > 1 or cases > 1:
            yield f"{key}: {cases} cases, and {len(told)} different ones were told"
    numbers = Counter(case["number"] for case in evidence.cases)
    yield from (f"number {number} was given to {count} cases" for number, count in numbers.items() if count > 1)


def _state_and_events_agree(evidence: Evidence) -> Iterator[str]:
    opened = evidence.by_key("complaint.opened.v1")
    matched = evidence.by_key("complaint.matched.v1")
    repeats = evidence.by_key("complaint.repeat_found.v1")
    marked = evidence.by_key("complaint.marked_serious.v1")
    serious = evidence.by_key("complaint.serious.v1")
    told = evidence.by_key("complaint.opened.v1", *_LATER)
    for case in evidence.cases:
        identifier, name = case["id"], f"case {case['number']} ({case['id']})"
        openings = opened.pop(identifier, [])
        if len(openings) != 1:
            yield f"{name}: {len(openings)} opened events"
            continue
        said = openings[0].value
        for field_name in ("number", "branch", "channel", "brand"):
            if said[field_name] != case[field_name]:
                yield f"{name}: {field_name} is {case[field_name]}, its event says {said[field_name]}"
        matches = [event.value["customer_id"] for event in matched.pop(identifier, [])]
        matches += [said["customer_id"]] if said["customer_id"] else []
        if matches != ([case["customer_id"]] if case["customer_id"] else []):
            yield f"{name}: belongs to {case['customer_id']}, its events say {matches}"
        earlier = [event.value["earlier_case_id"] for event in repeats.pop(identifier, [])]
        if earlier != ([case["repeat_of"]] if case["repeat_of"] else []):
            yield f"{name}: repeats {case['repeat_of']}, its events say {earlier}"
        kinds = json.loads(case["serious_kinds"])
        by_events = [kind for event in marked.pop(identifier, []) for kind in event.value["kinds"]]
        if by_events != kinds:
            yield f"{name}: serious by {kinds}, its events say {by_events}"
        warnings = serious.pop(identifier, [])
        if len(warnings) != case["serious_sequence"] or (warnings and warnings[-1].value["kinds"] != kinds):
            yield f"{name}: {case['serious_sequence']} warnings of {kinds}, {len(warnings)} events"
        if len(told[identifier]) != case["sequence"]:
            yield f"{name}: has told {case['sequence']} events, there are {len(told[identifier])}"
    for what, left in (("opened", opened), ("matched", matched), ("repeat", repeats), ("serious", serious)):
        yield from (f"{len(events)} {what} events of a case that does not exist: {key}" for key, events in left.items())


_LATER = ("complaint.matched.v1", "complaint.repeat_found.v1", "complaint.marked_serious.v1")


def _every_repeat_is_found(evidence: Evidence) -> Iterator[str]:
    """Of the cases of one caller, the first repeats nothing and every other one an earlier one."""
    phone_of = {operation.marker: operation.phone for operation in evidence.history.operations}
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in evidence.cases:
        groups[phone_of.get(case["marker"], case["marker"])].append(case)
    for cases in groups.values():
        earlier: set[str] = set()
        for case in cases:
            if (case["repeat_of"] is not None) != bool(earlier) or (earlier and case["repeat_of"] not in earlier):
                yield f"case {case['number']} repeats {case['repeat_of']}, its caller's earlier ones: {len(earlier)}"
            if case["repeat_of"] is not None and "repeat" not in json.loads(case["serious_kinds"]):
                yield f"case {case['number']} is a repeat and not serious for it"
            earlier.add(case["id"])


def _every_customer_is_kept_and_told(evidence: Evidence) -> Iterator[str]:
    """One file a caller, one event of its registration, and an entry in the directory for that and for each change."""
    kept = {row["id"] for row in evidence.tables.get("customer", {}).get("customers", ())}
    registered = evidence.by_key("customer.registered.v1")
    changed = evidence.by_key("customer.changed.v1")
    entries = evidence.by_key("customer.entry.v1")
    for customer in evidence.history.customers:
        if customer.id is not None and customer.id not in kept:
            yield f"{customer.key} was told {customer.id}, and there is no such file"
    for identifier in sorted(kept | set(registered) | set(entries)):
        counts = (identifier in kept, len(registered[identifier]), len(entries[identifier]))
        if counts != (True, 1, 1 + len(changed[identifier])):
            yield f"customer {identifier}: in the database {counts[0]}, {counts[1]} registrations, {counts[2]} entries"


def _every_case_finds_its_customer(evidence: Evidence) -> Iterator[str]:
    """Whichever of the two came first."""
    phone_of = {operation.marker: operation.phone for operation in evidence.history.operations}
    owner = {customer.phone: customer.id for customer in evidence.history.customers if customer.id is not None}
    for case in evidence.cases:
        expected = owner.get(phone_of.get(case["marker"], ""))
        if expected is not None and case["customer_id"] != expected:
            yield f"case {case['number']} belongs to {case['customer_id']}, its caller is {expected}"


def _every_case_is_owed_its_judgement(evidence: Evidence) -> Iterator[str]:
    owed = Counter(row["subject"] for row in evidence.rows("complaint", "obligations") if row["duty"] == "judge")
    for case in evidence.cases:
        if (count := owed.pop(case["id"], 0)) != 1:
            yield f"case {case['number']} is owed its judgement {count} times"
    yield from (f"a judgement of {subject} is owed, and there is no such case" for subject in owed)


#: how a work item tells the state of an obligation
_WORK = {"open": "open", "missed": "missed", "met": "done", "waived": "waived"}


def _the_work_topic_says_what_the_obligations_are(evidence: Evidence) -> Iterator[str]:
    told = evidence.by_key("work.item.v1")
    for row in _obligations(evidence):
        items = told.pop(row["id"], [])
        if [item.sequence for item in items] != list(range(1, row["sequence"] + 1)):
            yield f"{row['duty']} {row['id']} told {row['sequence']} times, on the topic {[i.sequence for i in items]}"
        elif items[-1].value["state"] != _WORK[row["state"]]:
            yield f"{row['duty']} {row['id']} is {row['state']}, the topic says {items[-1].value['state']}"
    yield from (f"work item {key} is of no obligation" for key in told)


def _obligations(evidence: Evidence) -> list[dict[str, Any]]:
    return [row for tables in evidence.tables.values() for row in tables.get("obligations", ())]


def _what_happens_by_itself_happens_once(evidence: Evidence) -> Iterator[str]:
    """A reminder, the end of a term, the next one above: each once, in that order, as the row and the topic have it."""
    told = evidence.by_key("work.item.v1")
    for row in _obligations(evidence):
        name = f"{row['duty']} {row['id']}"
        before: dict[str, Any] = {"reminders": 0, "escalated_to": [], "state": "open"}
        reminders = misses = 0
        for item in told[row["id"]]:
            now = item.value
            reminders += now["reminders"] > before["reminders"]
            misses += (before["state"], now["state"]) == ("open", "missed")
            if now["reminders"] - before["reminders"] not in (0, 1):
                yield f"{name} is reminded {before['reminders']} times, then {now['reminders']}"
            if now["escalated_to"][: len(before["escalated_to"])] != before["escalated_to"]:
                yield f"{name} is passed up to {before['escalated_to']}, then to {now['escalated_to']}"
            before = now
        above, planned = json.loads(row["escalated"]), json.loads(row["then"])
        if reminders != row["reminders"] or reminders > len(json.loads(row["remind"])):
            yield f"{name} was reminded {row['reminders']} times, the topic says {reminders}"
        if misses != (row["state"] == "missed"):
            yield f"{name} is {row['state']}, and was missed {misses} times"
        if above != before["escalated_to"] or above != planned[: len(above)]:
            yield f"{name} was passed up to {above}, the topic says {before['escalated_to']}, the policy {planned}"


def _every_send_is_told_or_nobody_is(evidence: Evidence) -> Iterator[str]:
    """One notice a person, at once in the inbox; where nobody is there, word of that."""
    if "notify" not in evidence.tables:
        return
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in evidence.tables["notify"]["notices"]:
        people[row["send_id"]].append(row)
    nobody = Counter(event.value["send_id"] for event in evidence.of_type("notify.nobody_told.v1"))
    sent = Counter(
        (event.value["notice_id"], event.value["channel"]) for event in evidence.of_type("notify.notice_sent.v1")
    )
    for event in evidence.of_type("notify.send.v1"):
        send = event.value["send_id"]
        told = Counter(row["person"] for row in people[send])
        if bool(told) == bool(nobody[send]) or nobody[send] > 1:
            yield f"send {send} ({event.value['template']}) told {len(told)} people and {nobody[send]} times nobody"
    for send, found in people.items():
        for person, count in Counter(row["person"] for row in found).items():
            if count > 1:
                yield f"send {send} told {person} {count} times"
        for row in found:
            if sent[row["id"], "inbox"] != 1:
                yield f"notice {row['id']} of send {send} was {sent[row['id'], 'inbox']} times said to be in the inbox"
    yield from (f"{notice} left {count} times over {way}" for (notice, way), count in sent.items() if count > 1)


def _what_was_missed_is_told_to_those_above(evidence: Evidence) -> Iterator[str]:
    """Everyone whom a missed term is passed up to hears of it, once, in a notice of its own."""
    if "notify" not in evidence.tables or "staff" not in evidence.tables:
        return
    missed: dict[str, list[str]] = defaultdict(list)
    for row in evidence.tables["notify"]["notices"]:
        if row["template"] == "work_missed":
            missed[row["send_id"]].append(row["person"])
    nobody = {event.value["send_id"] for event in evidence.of_type("notify.nobody_told.v1")}
    for row in evidence.tables["complaint"]["obligations"]:
        for role in json.loads(row["escalated"]):
            send = str(uuid5(UUID(row["id"]), f"missed:{role}"))
            if row["state"] == "missed" and not missed.pop(send, []) and send not in nobody:
                yield f"{row['duty']} {row['id']} was passed up to {role}, whom nobody told"


def _each_step_knows_who_was_told(evidence: Evidence) -> Iterator[str]:
    """What the ladder keeps of who was told is what notify has told, for whichever of its sends."""
    if "notify" not in evidence.tables:
        return
    notices: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in evidence.tables["notify"]["notices"]:
        notices[row["send_id"]].add((row["id"], row["person"]))
    for step in evidence.tables["complaint"]["steps"]:
        told = [(one["notice"], one["person"]) for one in json.loads(step["told"])]
        due = {notice for send in step["sends"] for notice in notices[send]}
        if len(told) != len(set(told)) or set(told) != due:
            yield f"step {step['kind']} of {step['number']} has told {len(told)}, notify {len(due)} for it"


def _every_serious_case_reaches_the_factory(evidence: Evidence) -> Iterator[str]:
    """Each under one id, with the same bytes each time, signed, and taken at last."""
    if not evidence.subscription:
        return
    due = {
        str(uuid5(UUID(evidence.subscription), event.id)): event for event in evidence.of_type("complaint.serious.v1")
    }
    seen: dict[str, list[Webhook]] = defaultdict(list)
    for webhook in evidence.webhooks:
        seen[webhook.id].append(webhook)
        if not webhook.signed:
            yield f"{webhook.id} is not signed by the subscription's secret"
    states = {row["id"]: row["state"] for row in evidence.tables["notify"]["deliveries"]}
    told = evidence.by_key("notify.webhook_delivered.v1")
    for name in sorted(due.keys() | seen.keys() | states.keys()):
        event, requests = due.get(name), seen[name]
        if event is None:
            yield f"{name} is a delivery of no event"
        elif not any(webhook.taken for webhook in requests):
            yield f"{name}: event {event.id} was sent {len(requests)} times and never taken"
        elif len({webhook.body for webhook in requests}) > 1 or requests[0].data != event.value:
            yield f"{name} does not always say what event {event.id} says"
        elif states.get(name) != "delivered" or len(told[name]) != 1:
            yield f"{name} was taken, is {states.get(name)}, and {len(told[name])} events say that it was delivered"


def _sequences_have_no_gaps(evidence: Evidence) -> Iterator[str]:
    seen: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in evidence.events:
        seen[event.topic, event.key].append(event)
    for (topic, key), events in seen.items():
        if len({event.record.partition for event in events}) > 1:
            yield f"{topic}: the events of {key} are on several partitions"
        numbers = [event.sequence for event in events]
        if topic in COUNTED and numbers != list(range(1, len(numbers) + 1)):
            yield f"{topic}: {key} counts {numbers}"
        elif numbers != sorted(numbers):
            yield f"{topic}: {key} goes back: {numbers}"


def _an_event_is_always_the_same(evidence: Evidence) -> Iterator[str]:
    digests: dict[str, set[str]] = defaultdict(set)
    for record in evidence.records:
        if not record.is_poison:
            content = repr((record.topic, record.key, record.value, record.headers)).encode()
            digests[record.header("ce_id")].add(hashlib.sha256(content).hexdigest())
    yield from (f"event {name} exists in {len(d)} forms" for name, d in digests.items() if len(d) > 1)


def _one_effect_an_event(evidence: Evidence) -> Iterator[str]:
    for service, owed in REACTIONS.items():
        if service not in evidence.tables:
            continue
        due = {(handler, event.id) for event in evidence.events for handler in owed.get(event.type, ())}
        noted = {(row["handler"], row["event_id"]) for row in evidence.tables[service]["inbox"]}
        noted = {(handler, name) for handler, name in noted if any(handler in h for h in owed.values())}
        yield from (f"{service}: {handler} has not met event {name}" for handler, name in sorted(due - noted))
        yield from (f"{service}: {handler} met {name}, which is on no topic" for handler, name in sorted(noted - due))
    if "tally" not in evidence.tables:
        return
    counted = Counter((row["handler"], row["event_id"]) for row in evidence.tables["tally"]["effects"])
    due = {(handler, e.id) for e in evidence.events for handler in REACTIONS["tally"].get(e.type, ())}
    due |= {("follow_up", event.id) for event in evidence.of_type("complaint.serious.v1")}
    for handler, name in sorted(due | set(counted)):
        if counted[handler, name] != 1 or (handler, name) not in due:
            yield f"tally: {handler} had {counted[handler, name]} effects for event {name}"


def _effects_come_in_order(evidence: Evidence) -> Iterator[str]:
    last: dict[tuple[str, str], int] = {}
    for row in evidence.tables.get("tally", {}).get("effects", ()):
        place = (row["handler"], row["key"])
        if row["sequence"] < last.get(place, 0):
            yield f"tally: {row['handler']} met {row['sequence']} of {row['key']} after {last[place]}"
        last[place] = max(row["sequence"], last.get(place, 0))


def _nothing_else_is_parked(evidence: Evidence) -> Iterator[str]:
    """Set aside is exactly what cannot be read, once, by each service that would have read it."""
    poison = [record for record in evidence.records if record.key.startswith(PARKED.encode())]
    for service, tables in evidence.tables.items():
        asks = _asked_for(service)
        due = {f"{one.topic}/{one.partition}/{one.offset}" for one in poison if asks(one)}
        rows = tables["parked"]
        found = Counter(f"{_plain(row['topic'])}/{row['partition']}/{row['offset']}" for row in rows)
        for place in sorted(due | set(found)):
            if found[place] != (place in due):
                errors = sorted({row["error"] for row in rows})[:3]
                yield f"{service}: {place} is parked {found[place]} times; errors seen: {errors}"


def _asked_for(service: str) -> Callable[[Record], bool]:
    """Whether a service would read a record, by its contents page: of its topics, and of no type it passes over."""
    app = app_of(service)
    handlers = [*app.reactions, *app.projections]
    topics = {topic.name for handler in handlers for topic in handler.topics}
    types = {handler.message.TYPE for handler in handlers} | {""}
    return lambda record: record.topic in topics and record.header("ce_type") in types


def _plain(topic: str) -> str:
    """A topic's name without the run's prefix."""
    return topic.partition(".")[2]


def _nothing_is_left_to_do(evidence: Evidence) -> Iterator[str]:
    for service, tables in evidence.tables.items():
        if tables["outbox"]:
            yield f"{service}: {len(tables['outbox'])} rows in the outbox, the first is {tables['outbox'][0]}"
        for job in tables["jobs"]:
            if job["state"] != "done" and job["kind"] not in DAILY.get(service, ()):
                yield f"{service}: job {job['kind']} {job['ref']} is {job['state']} ({job['error']})"
