"""Takes a list of complaints, also of earlier years: each with its own dates, once, however often sent (P04.3)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import orjson
from chassis.auth import Principal
from chassis.fields import Phone, Plate, Slug, Text, Vin
from chassis.ids import uuid7
from chassis.imports import Foretold, Import, Outcome, Taken
from chassis.jobs import Work
from chassis.problems import Forbidden, Invalid
from chassis.tx import Tx
from chassis.wrong import Wrong
from contracts.complaint import Channel, ComplaintClosed, ComplaintOpened, Match
from contracts.customer import TokenKind
from policy.calendar import ZONE, civil
from policy.directory import Directory
from policy.obligations import owe
from policy.policies import Policies
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from complaint import tables
from complaint.case import Case
from complaint.intake.form import Caller, ComplaintForm, Line, Vehicle
from complaint.intake.take_complaint import redact
from complaint.intake.writer import OriginReused
from complaint.number import number_of
from complaint.permissions import TAKE_COMPLAINT
from complaint.policy import JUDGE, ComplaintPolicy
from complaint.timeline import Said, note
from complaint.way import CaseState

RULES = ("P04.3",)

# two lists with the same complaint at once: the second one waits, and finds it taken
_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_EARLIER = "SELECT id, number, request_digest FROM cases WHERE origin = $1 AND origin_ref = $2"
_COUNT = "SELECT nextval('case_count')"


def _instant(cell: object) -> object:
    """`2025/3/2 9:30` and its like, in civil time, as spreadsheets have them; anything else is left to be refused."""
    said = str(cell).strip().replace("/", "-").replace("T", " ")
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(said, form).replace(tzinfo=ZONE)
        except ValueError:
            continue
    return cell


def _in_civil_time(instant: datetime) -> datetime:
    """An instant that is written in yet another way without its zone is one of the civil time too."""
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=ZONE)


Instant = Annotated[datetime, BeforeValidator(_instant), AfterValidator(_in_civil_time)]


_ANSWERS = {"是": True, "成立": True, "否": False, "不成立": False}
Founded = Annotated[bool, BeforeValidator(lambda cell: _ANSWERS.get(str(cell).strip(), cell))]


class ComplaintRow(BaseModel):
    """A row: one complaint. With `closed_at` it is history, and `founded` says what was found."""

    model_config = ConfigDict(extra="forbid")

    origin: Annotated[Slug, Field(title="来源")]
    origin_ref: Annotated[Line, Field(title="来源编号")]
    branch: Annotated[Slug, Field(title="分支")]
    channel: Annotated[Channel, Field(title="渠道")] = Channel.IMPORT
    taken_at: Annotated[Instant, Field(title="受理时间")]
    name: Annotated[Line, Field(title="客户姓名")]
    phone: Annotated[Phone | None, Field(title="电话")] = None
    address: Annotated[Text | None, Field(title="地址", max_length=200)] = None
    brand: Annotated[Line, Field(title="品牌")]
    series: Annotated[Line | None, Field(title="车系")] = None
    model: Annotated[Line | None, Field(title="车型")] = None
    plate: Annotated[Plate | None, Field(title="车牌")] = None
    vin: Annotated[Vin | None, Field(title="车架号")] = None
    text: Annotated[Said, Field(title="投诉内容", min_length=1, max_length=8000)]
    demand: Annotated[Text | None, Field(title="客户诉求", max_length=1000)] = None
    fault_codes: Annotated[Text, Field(title="故障码", max_length=1000)] = ""
    closed_at: Annotated[Instant | None, Field(title="结案时间")] = None
    founded: Annotated[Founded | None, Field(title="是否成立", description="是 or 否, 1 or 0")] = None

    def form(self) -> ComplaintForm:
        """The complaint as it would have been taken one by one."""
        return ComplaintForm(
            branch=self.branch,
            channel=self.channel,
            caller=Caller(name=self.name, phone=self.phone, address=self.address),
            vehicle=Vehicle(brand=self.brand, series=self.series, model=self.model, plate=self.plate, vin=self.vin),
            text=self.text,
            demand=self.demand,
            fault_codes=[code for code in re.split(r"[,;，；、\s]+", self.fault_codes) if code],
            taken_at=self.taken_at,
            origin=self.origin,
            origin_ref=self.origin_ref,
        )


async def take_row(row: ComplaintRow, by: Principal, tx: Tx) -> Taken:
    """A complaint that is new is taken under its own dates; one that was taken before changes nothing.

    One that is open has its clocks from its own receipt, one that was closed has none. The same reference with other
    content is refused.
    """
    if not TAKE_COMPLAINT.reach(by).includes(row.branch):
        raise Forbidden("You may not take complaints for this branch. Ask for the role there.", rules=RULES)
    _check_dates(row, tx.now)
    form = row.form()
    digest = _digest(row, form)
    await tx.driver.execute(_ALONE, f"{row.origin}\n{row.origin_ref}")
    earlier = await tx.driver.fetchrow(_EARLIER, row.origin, row.origin_ref)
    if earlier is not None and earlier["request_digest"] in (None, digest):
        return Taken(Outcome.UNCHANGED, str(earlier["id"]))
    if earlier is not None:
        raise OriginReused(
            f"Under this reference {earlier['number']} was taken, with other content.", number=earlier["number"]
        )
    case = await _case(row, form, digest, tx)
    tx.add(case)
    closed_at = None if row.closed_at is None else row.closed_at.isoformat()
    note(tx, case, "imported", RULES, origin=row.origin, closed_at=closed_at, founded=row.founded)
    _tell(case, row, tx)
    if case.state is CaseState.TAKEN:
        policy = Policies.of(tx.runtime).under(ComplaintPolicy, case.profile, case.branch, civil(tx.now))
        path = f"/v1/complaints/{case.id}"
        owe(tx, JUDGE, case.id, policy.judge.deadline(), branch=case.branch, since=case.taken_at, path=path)
    return Taken(Outcome.MADE, str(case.id))


async def foresee_doubles(rows: Mapping[int, ComplaintRow], by: Principal, work: Work) -> dict[int, Foretold]:
    """Which rows a dry run calls new, each by itself, although an earlier row of the list says the same complaint."""
    first: dict[tuple[str, str], tuple[int, bytes]] = {}
    foretold = {}
    for number, row in sorted(rows.items()):
        digest = _digest(row, row.form())
        earlier, its = first.setdefault((row.origin, row.origin_ref), (number, digest))
        if earlier == number:
            continue
        what, zh = (
            ("unchanged", f"与第 {earlier} 行相同，不再新增")
            if its == digest
            else ("refused", f"与第 {earlier} 行来源编号相同而内容不同，将被拒")
        )
        foretold[number] = Foretold(what=what, because="earlier_row", about=None, zh=zh, rules=list(RULES))
    return foretold


def _digest(row: ComplaintRow, form: ComplaintForm) -> bytes:
    """What the row says; an open one the same as if it had been taken one by one."""
    end = [row.closed_at and row.closed_at.isoformat(), row.founded]
    said = form.said() + (orjson.dumps(end) if row.closed_at is not None else b"")
    return hashlib.sha256(said).digest()[:16]


def _check_dates(row: ComplaintRow, now: datetime) -> None:
    errors = []
    if row.taken_at > now:
        errors.append(Wrong.IN_FUTURE.at("/taken_at"))
    if row.closed_at is not None and row.closed_at > now:
        errors.append(Wrong.IN_FUTURE.at("/closed_at"))
    elif row.closed_at is not None and row.closed_at < row.taken_at:
        errors.append(Wrong.BEFORE_BEGIN.at("/closed_at", "lies before its receipt"))
    if (row.closed_at is None) != (row.founded is None):
        wrong = Wrong.MISSING if row.founded is None else Wrong.NOT_HERE
        errors.append(wrong.at("/founded", "is given for a closed complaint, and only for one"))
    if errors:
        raise Invalid("The dates of the row do not fit.", errors=errors)


async def _case(row: ComplaintRow, form: ComplaintForm, digest: bytes, tx: Tx) -> Case:
    identifier, subject, tokens = uuid7(), tx.new_subject(), tx.runtime.tokens
    personal = {
        **form.caller.model_dump(),
        "plate": row.plate,
        "vin": row.vin,
        "text": row.text,
        "demand": row.demand,
    }
    judgement = {
        "reason_holds": row.founded,
        "demand_holds": row.founded,
        "founded": row.founded,
        "by": tx.actor,
        "at": None if row.closed_at is None else row.closed_at.isoformat(),
        "respondent_department": None,
    }
    return Case(
        id=identifier,
        number=number_of(row.taken_at, await tx.driver.fetchval(_COUNT)),
        branch=row.branch,
        region=None,
        channel=row.channel.value,
        state=CaseState.TAKEN if row.closed_at is None else CaseState.CLOSED,
        taken_at=row.taken_at,
        brand=row.brand,
        facts={"series": row.series, "model": row.model, "model_year": None, "fault_codes": form.fault_codes},
        text=redact(form),
        match=Match.PENDING,
        customer_id=None,
        matched_at=None,
        directory_as_of=None,
        serious_kinds=(),
        serious_at=None,
        repeat_of=None,
        phone_token=tokens.token(TokenKind.PHONE, row.phone) if row.phone else None,
        plate_token=tokens.token(TokenKind.PLATE, row.plate) if row.plate else None,
        vin_token=tokens.token(TokenKind.VIN, row.vin) if row.vin else None,
        subject_id=subject,
        sealed=await tx.seal(tables.cases, identifier, subject, personal),
        origin=row.origin,
        origin_ref=row.origin_ref,
        request_key=None,
        request_digest=digest,
        version=1,
        sequence=0,
        serious_sequence=0,
        profile=Directory.of(tx.runtime).profile(row.branch),
        judgement=None if row.closed_at is None else judgement,
        respondent=None,
        held={},
        gates={},
        course={},
        level=None,
        department=None,
        handler=None,
        closed_at=row.closed_at,
    )


def _tell(case: Case, row: ComplaintRow, tx: Tx) -> None:
    opened = ComplaintOpened(
        case_id=case.id,
        number=case.number,
        branch=case.branch,
        channel=row.channel,
        brand=case.brand,
        series=row.series,
        model=row.model,
        model_year=None,
        fault_codes=case.facts["fault_codes"],
        taken_at=case.taken_at,
        marked_serious=False,
        match=Match.PENDING,
        customer_id=None,
    )
    tx.publish(case, opened, at=case.taken_at)
    if row.closed_at is not None:
        closed = ComplaintClosed(
            case_id=case.id,
            number=case.number,
            branch=case.branch,
            founded=case.founded,
            reaction=None,
            satisfaction=None,
            closed_at=row.closed_at,
            rules=list(RULES),
        )
        tx.publish(case, closed, at=row.closed_at)


COMPLAINTS_TABLE = Import(
    "complaints", "/v1/complaints/imports", ComplaintRow, take_row, TAKE_COMPLAINT, foresee=foresee_doubles
)
