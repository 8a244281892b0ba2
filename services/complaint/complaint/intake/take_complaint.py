"""Takes a complaint: recorded once, numbered, checked against the customer file, on disk (P04.3, P12.3)."""

from __future__ import annotations

import hashlib
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import orjson
from chassis.auth import Principal, Verifier
from chassis.http import Answer, App, Receive, Scope, Send, allow, authenticate, post
from chassis.ids import uuid7
from chassis.problems import Forbidden, Invalid, Problem, of_validation, send_problem
from chassis.runtime import Runtime
from chassis.wrong import FieldError, Wrong
from contracts.complaint import ComplaintOpened, ComplaintSerious, MarkedBy, MarkedSerious, Match
from contracts.customer import TokenKind
from contracts.message import encode
from contracts.topics import COMPLAINT_EVENTS, COMPLAINT_SERIOUS
from fastapi import Header
from policy.calendar import civil
from policy.directory import Directory
from policy.obligations import Owed, item, owed
from policy.policies import Policies
from pydantic import ValidationError

from chassis import sealing, telemetry
from complaint.intake import redaction
from complaint.intake.form import ComplaintForm, Taken
from complaint.intake.writer import Outcome, Told, Writer, Written
from complaint.number import number_of
from complaint.permissions import TAKE_COMPLAINT
from complaint.policy import JUDGE, ComplaintPolicy
from complaint.serious.policy import SeriousPolicy
from complaint.serious.warning import SUMMARY_LENGTH, on_paper

RULES = ("P04.3", "P12.3", "P12.5", "P17.7")

WRITER = "intake.writer"
#: how far back a complaint may have been received; older ones are history, and imported as such
OLDEST = timedelta(days=30)


@post("/v1/complaints", needs=TAKE_COMPLAINT, status=201)
async def take_complaint(
    form: ComplaintForm,
    principal: Principal,
    runtime: Runtime,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Answer[Taken]:
    """Take a complaint. 201 with its number when it is on disk; 200 when the same one was taken before.

    With an `Idempotency-Key`, or with `origin` and `origin_ref`, it may be sent again at any time: it is
    taken once. The same key, or the same origin, with another complaint is refused (409); for an origin the
    problem names the number of the earlier one.
    """
    digest = hashlib.sha256(form.said()).digest()
    taken, status = await take(runtime, principal, form, idempotency_key, digest)
    return Answer(taken, status, {"Location": taken.path})


def front(runtime: Runtime, verifier: Verifier) -> App:
    """The same route as a plain ASGI function, in front of the framework: a third of its cost (ADR 0006)."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = dict(scope["headers"])
            principal = await authenticate(runtime, verifier, headers.get(b"authorization", b"").decode("latin-1"))
            allow(TAKE_COMPLAINT, principal)
            key = headers.get(b"idempotency-key", b"").decode("latin-1") or None
            body = await _body(receive)
            form = ComplaintForm.model_validate_json(body)
            taken, status = await take(runtime, principal, form, key, hashlib.sha256(body).digest())
        except ValidationError as error:
            await send_problem(send, of_validation(error), "/v1/complaints")
        except Problem as problem:
            await send_problem(send, problem, "/v1/complaints")
        else:
            await _answer(send, status, taken)

    return serve


async def take(
    runtime: Runtime, principal: Principal, form: ComplaintForm, key: str | None, digest: bytes
) -> tuple[Taken, int]:
    """Take the complaint, or find that it was taken: what to answer, with 201 or 200."""
    if not TAKE_COMPLAINT.reach(principal).includes(form.branch):
        raise Forbidden("You may not take complaints for this branch. Ask for the role there.", rules=RULES[:1])
    if (form.origin is None) != (form.origin_ref is None):
        raise _invalid(Wrong.TOGETHER.at("/origin_ref", limit="origin"))
    now = runtime.clock()
    taken_at = form.taken_at or now
    if not now - OLDEST <= taken_at <= now + timedelta(minutes=5):
        too_late = Wrong.IN_FUTURE.at("/taken_at")
        too_early = Wrong.TOO_LONG_AGO.at(
            "/taken_at", "must lie within the last 30 days; import older complaints as a list", limit=OLDEST.days
        )
        raise _invalid(too_late if taken_at > now else too_early)
    if key is not None and not 1 <= len(key) <= 200:
        raise Invalid("The Idempotency-Key must have 1 to 200 characters.")
    writer: Writer = runtime.parts[WRITER]
    number = number_of(taken_at, await writer.count())
    words = redact(form)
    written = prepare(runtime, form, number, taken_at, now, words, taken_by=principal.subject)
    if key is not None:
        written.request_key = hashlib.sha256(f"{principal.subject}\n{key}".encode()).digest()[:16]
    if written.origin is not None:
        # another system may write the same complaint in another order and spacing
        digest = hashlib.sha256(form.said()).digest()
    if written.request_key is not None or written.origin is not None:
        written.request_digest = digest[:16]
        written.row = (*written.row[:18], written.request_key, written.request_digest, written.row[20])
    outcome = await writer.submit(written)
    if outcome.earlier is not None and outcome.id != written.id:
        return _taken_before(outcome), 200
    return _taken(outcome, number, taken_at, bool(form.serious), written.judge_by, words), 201


def redact(form: ComplaintForm) -> str:
    """The words of the complaint without the people that the other fields name."""
    known = [(form.caller.name, redaction.NAME)]
    if form.caller.phone is not None:
        known.append((form.caller.phone, redaction.PHONE))
    if form.caller.address is not None:
        known.append((form.caller.address, redaction.ADDRESS))
    if form.vehicle.plate is not None:
        known.append((form.vehicle.plate, redaction.PLATE))
    if form.vehicle.vin is not None:
        known.append((form.vehicle.vin, redaction.VIN))
    return redaction.redact(form.text, known)


def prepare(
    runtime: Runtime,
    form: ComplaintForm,
    number: str,
    taken_at: datetime,
    now: datetime,
    words: str,
    *,
    taken_by: str | None = None,
) -> Written:
    """Everything about the complaint that can be computed before the database is asked."""
    case_id, subject = uuid7(), uuid7()
    caller, vehicle = form.caller, form.vehicle
    data_key = sealing.new_data_key()
    personal = {
        "name": caller.name,
        "phone": caller.phone,
        "address": caller.address,
        "plate": vehicle.plate,
        "vin": vehicle.vin,
        "text": form.text,
        "demand": form.demand,
    }
    tokens = runtime.tokens
    facts = {
        "series": vehicle.series,
        "model": vehicle.model,
        "model_year": vehicle.model_year,
        "fault_codes": form.fault_codes,
        "people": {"taken_by": taken_by, "source": form.source, "respondent": form.respondent},
    }
    kinds = [kind.value for kind in form.serious]
    profile = Directory.of(runtime).profile(form.branch)
    messages = [_opening(form, case_id, number, taken_at)]
    if form.serious:
        messages += _warned(runtime, form, case_id, number, profile, taken_at, now, words)
    origin = (form.origin, form.origin_ref) if form.origin and form.origin_ref else None
    row = (
        case_id,
        number,
        form.branch,
        form.region,
        form.channel.value,
        taken_at,
        vehicle.brand,
        orjson.dumps(facts).decode(),
        words,
        orjson.dumps(kinds).decode(),
        tokens.token(TokenKind.PHONE, caller.phone) if caller.phone else None,
        tokens.token(TokenKind.PLATE, vehicle.plate) if vehicle.plate else None,
        tokens.token(TokenKind.VIN, vehicle.vin) if vehicle.vin else None,
        subject,
        runtime.master_keys.wrap(data_key, str(subject)),
        sealing.seal(data_key, personal, sealing.aad(runtime.name, "cases", str(case_id))),
        form.origin,
        form.origin_ref,
        None,
        None,
        sum(topic == COMPLAINT_EVENTS.name for topic, *_ in messages),
    )
    judging = first_duty(runtime, case_id, form.branch, profile, taken_at, now)
    duty = (
        profile,
        judging.id,
        judging.role.value,
        orjson.dumps(judging.plan).decode(),
        orjson.dumps(judging.course).decode(),
        judging.due_at,
        judging.next_at,
        uuid7(),
        encode(item(judging, Directory.of(runtime).calendar(form.branch), runtime.name)),
    )
    return Written(case_id, row, duty, judging.due_at, messages, None, None, origin)


def first_duty(runtime: Runtime, case_id: UUID, branch: str, profile: str, taken_at: datetime, now: datetime) -> Owed:
    """What the branch owes the complaint first: to judge it, from the time it was received (P04.3)."""
    policy = Policies.of(runtime).under(ComplaintPolicy, profile, branch, civil(now))
    calendar = Directory.of(runtime).calendar(branch)
    path = f"/v1/complaints/{case_id}"
    duty = owed(JUDGE, case_id, policy.judge.deadline(), branch=branch, since=taken_at, path=path, calendar=calendar)
    duty.sequence = 1
    return duty


def _opening(form: ComplaintForm, case_id: UUID, number: str, taken_at: datetime) -> Told:
    """That it was taken; the statement writes the end of it, when it knows the match."""
    vehicle = form.vehicle
    opened = ComplaintOpened(
        case_id=case_id,
        number=number,
        branch=form.branch,
        channel=form.channel,
        brand=vehicle.brand,
        series=vehicle.series,
        model=vehicle.model,
        model_year=vehicle.model_year,
        fault_codes=form.fault_codes,
        taken_at=taken_at,
        marked_serious=bool(form.serious),
        match=Match.PENDING,
        customer_id=None,
    )
    head, _, _ = encode(opened).rpartition(b',"match":')
    return COMPLAINT_EVENTS.name, uuid7(), opened.TYPE, 1, telemetry.traceparent_now(), head


def _warned(
    runtime: Runtime,
    form: ComplaintForm,
    case_id: UUID,
    number: str,
    profile: str,
    taken_at: datetime,
    now: datetime,
    words: str,
) -> list[Told]:
    """That a person has marked it serious, and the warning for brand and factory by the brand's rules (P12.8)."""
    vehicle = form.vehicle
    traceparent = telemetry.traceparent_now()
    marked = MarkedSerious(case_id=case_id, kinds=form.serious, by=MarkedBy.PERSON, rules=["P12.5"])
    told = ComplaintSerious(
        case_id=case_id,
        number=number,
        brand=vehicle.brand,
        series=vehicle.series,
        model=vehicle.model,
        model_year=vehicle.model_year,
        fault_codes=form.fault_codes,
        kinds=form.serious,
        branch=form.branch,
        region=form.region,
        taken_at=taken_at,
        serious_at=now,
        summary=words[:SUMMARY_LENGTH],
        detail=f"/v1/complaints/{case_id}/detail",
    )
    told = on_paper(told, Policies.of(runtime).under(SeriousPolicy, profile, form.branch, civil(now)))
    return [
        (COMPLAINT_EVENTS.name, uuid7(), marked.TYPE, 2, traceparent, encode(marked)),
        (COMPLAINT_SERIOUS.name, uuid7(), told.TYPE, 1, traceparent, encode(told)),
    ]


def _taken(
    outcome: Outcome, number: str, taken_at: datetime, serious: bool, judge_by: datetime | None, words: str
) -> Taken:
    return Taken(
        id=outcome.id,
        number=number,
        taken_at=taken_at,
        match=Match(outcome.match),
        customer_id=outcome.customer_id,
        directory_as_of=outcome.directory_as_of,
        serious=serious,
        judge_by=judge_by,
        text=words,
        path=f"/v1/complaints/{outcome.id}",
    )


def _taken_before(outcome: Outcome) -> Taken:
    row = outcome.earlier
    assert row is not None
    return _taken(outcome, row["number"], row["taken_at"], row["serious"], row["judge_by"], row["text"])


def _invalid(error: FieldError) -> Invalid:
    return Invalid("One field does not fit; `errors` names it.", errors=[error])


async def _body(receive: Receive) -> bytes:
    message: MutableMapping[str, Any] = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return bytes(message.get("body", b""))
    parts = [message.get("body", b"")]
    while message["type"] == "http.request" and message.get("more_body"):
        message = await receive()
        parts.append(message.get("body", b""))
    return b"".join(parts)


async def _answer(send: Send, status: int, taken: Taken) -> None:
    content = taken.__pydantic_serializer__.to_json(taken)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        (b"location", taken.path.encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
