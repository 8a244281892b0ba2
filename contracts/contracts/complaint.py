"""What the complaint service tells the others; names and numbers of persons stay where they were taken."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.customer import TokenKind
from contracts.enums import Open
from contracts.message import Event, Instant
from contracts.money import Money


class Channel(StrEnum):
    """By which way a complaint came (P04.2, P12.1)."""

    PHONE = "phone"
    MAILBOX = "mailbox"
    STORE = "store"
    SALES_CONSULTANT = "sales_consultant"
    RELATIONS_SPECIALIST = "relations_specialist"
    FOLLOW_UP_CALL = "follow_up_call"
    CALL_CENTRE = "call_centre"
    MANUFACTURER = "manufacturer"
    WEB = "web"
    IMPORT = "import"


class SeriousKind(StrEnum):
    """What makes a complaint serious (P12.5)."""

    REPEAT = "repeat"
    TO_MANUFACTURER = "to_manufacturer"
    BLOCKED_DOOR = "blocked_door"
    DISTURBANCE = "disturbance"
    RETURN_OR_EXCHANGE = "return_or_exchange"
    NEGATIVE_MEDIA = "negative_media"
    WIDE_OR_VICIOUS = "wide_or_vicious"


class Match(StrEnum):
    """What intake knew of the caller: in the directory, not in it, or the directory was not up to date."""

    MATCHED = "matched"
    NONE = "none"
    PENDING = "pending"


class MarkedBy(StrEnum):
    """Who found a complaint serious."""

    SYSTEM = "system"
    PERSON = "person"


class ComplaintOpened(Event, type="complaint.opened.v1"):
    """A complaint was taken and numbered (P04.3, P12.3)."""

    case_id: UUID
    number: str
    branch: str
    channel: Open[Channel]
    brand: str
    series: str | None
    model: str | None
    model_year: int | None
    fault_codes: list[str]
    taken_at: Instant
    marked_serious: bool
    # last: intake encodes the rest before it knows these
    match: Open[Match]
    customer_id: UUID | None


class ComplaintMatched(Event, type="complaint.matched.v1"):
    """The caller was found in the customer directory after intake (P12.3), as it stood `directory_as_of`."""

    case_id: UUID
    customer_id: UUID
    matched_at: Instant
    directory_as_of: Instant | None = None


class ComplaintJudged(Event, type="complaint.judged.v1"):
    """It was decided whether reason and demand hold; founded when both do (P04.3, P17.2)."""

    case_id: UUID
    founded: bool
    grounds_hold: bool
    claim_holds: bool
    judged_at: Instant
    rules: list[str]


class RepeatFound(Event, type="complaint.repeat_found.v1"):
    """The same caller, vehicle or customer had complained before (P12.5).

    `by` are the kinds of token that agree; none where only the customer is the same.
    """

    case_id: UUID
    earlier_case_id: UUID
    by: list[Open[TokenKind]]


class MarkedSerious(Event, type="complaint.marked_serious.v1"):
    """The complaint became serious, or serious in a further way (P12.5)."""

    case_id: UUID
    kinds: list[Open[SeriousKind]]
    by: Open[MarkedBy]
    rules: list[str]


class SeriousOverruled(Event, type="complaint.serious_overruled.v1"):
    """A person found that the complaint is not serious in these ways (P12.5); `by` is the subject of their token."""

    case_id: UUID
    kinds: list[Open[SeriousKind]]
    still_serious: bool
    by: str
    overruled_at: Instant


class FactoryPaper(BaseModel):
    """A factory's own paper, filled in: lines of its names in its order, written as it writes them (P12.8)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    format: str
    lines: dict[str, str | int | list[str] | None]


class ComplaintSerious(Event, type="complaint.serious.v1"):
    """A serious complaint, for the brand's own and for the factory (P12.6, P12.8), on `complaint.serious`.

    `summary` is redacted text of at most 500 characters; `detail` the path where the brand may fetch what its
    agreement lists; `paper` the same facts in the format that the brand's own rules state, where they state one.
    """

    case_id: UUID
    number: str
    brand: str
    series: str | None
    model: str | None
    model_year: int | None
    fault_codes: list[str]
    kinds: list[Open[SeriousKind]]
    branch: str
    region: str | None
    taken_at: Instant
    serious_at: Instant
    summary: str
    detail: str
    paper: FactoryPaper | None = None


class Reaction(StrEnum):
    """What the customer says to an answer (P04.5)."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"


class AnswerWay(StrEnum):
    """How a customer is answered (P17.6)."""

    WRITTEN = "written"
    ORAL = "oral"


class ComplaintHandedOver(Event, type="complaint.handed_over.v1"):
    """A department and one of its people handle the complaint from now on (P04.4, P04.10, P17.3)."""

    case_id: UUID
    department: str
    level: str
    handed_over_at: Instant
    rules: list[str]


class InvestigationStarted(Event, type="complaint.investigation_started.v1"):
    """The handler has begun to look into it (P04.9)."""

    case_id: UUID
    started_at: Instant
    rules: list[str]


class InvestigationReported(Event, type="complaint.investigation_reported.v1"):
    """The investigation report is there, with this number of countermeasures and preventive measures (P17.4)."""

    case_id: UUID
    measures: int
    reported_at: Instant
    rules: list[str]


class InvestigationReviewed(Event, type="complaint.investigation_reviewed.v1"):
    """The report has passed this gate: the supervisor's review, or HR-admin's opinion (P17.4, P17.5)."""

    case_id: UUID
    gate: str
    passed_at: Instant
    rules: list[str]


class MeasureTaken(Event, type="complaint.measure_taken.v1"):
    """Something is to be done because of the complaint, until a day where one is set (P04.14, P17.12)."""

    case_id: UUID
    measure_id: UUID
    kind: str
    due_on: date | None
    taken_at: Instant
    rules: list[str]


class MeasureEnded(Event, type="complaint.measure_ended.v1"):
    """A measure was carried through, or dropped (P17.12)."""

    case_id: UUID
    measure_id: UUID
    done: bool
    ended_at: Instant
    rules: list[str]


class ResolutionProposed(Event, type="complaint.resolution_proposed.v1"):
    """A resolution was drafted, the first of the complaint or a next one (P04.5)."""

    case_id: UUID
    round: int
    proposed_at: Instant
    rules: list[str]


class ResolutionApproved(Event, type="complaint.resolution_approved.v1"):
    """The resolution may be put to the customer (P17.6)."""

    case_id: UUID
    round: int
    approved_at: Instant
    rules: list[str]


class ComplaintAnswered(Event, type="complaint.answered.v1"):
    """The customer was answered (P04.3, P04.5, P17.6); `round` 0 is the answer to an unfounded complaint."""

    case_id: UUID
    round: int
    way: Open[AnswerWay]
    answered_at: Instant
    rules: list[str]


class CustomerReacted(Event, type="complaint.customer_reacted.v1"):
    """The customer has accepted the answer, or not (P04.5)."""

    case_id: UUID
    round: int
    reaction: Open[Reaction]
    reacted_at: Instant
    rules: list[str]


class NotAcceptedSettled(Event, type="complaint.not_accepted_settled.v1"):
    """It was decided that the handling ends although the customer does not accept (P04.5)."""

    case_id: UUID
    settled_at: Instant
    rules: list[str]


class ResultReturned(Event, type="complaint.result_returned.v1"):
    """The store has returned the result to the group (P12.4)."""

    case_id: UUID
    handled_at: Instant
    returned_at: Instant
    rules: list[str]


class CustomerCalledBack(Event, type="complaint.called_back.v1"):
    """The customer was asked how the complaint was handled; `satisfaction` goes from 1 to 5 (P04.7, P12.4)."""

    case_id: UUID
    satisfaction: int | None
    called_back_at: Instant
    rules: list[str]


class ComplaintClosed(Event, type="complaint.closed.v1"):
    """Nothing more is done about the complaint; `reaction` is the customer's to the last answer (P04.7, P17.9)."""

    case_id: UUID
    number: str
    branch: str
    founded: bool
    reaction: Open[Reaction] | None
    satisfaction: int | None
    closed_at: Instant
    rules: list[str]


class ComplaintReopened(Event, type="complaint.reopened.v1"):
    """The complaint goes its way again, as a founded one (P04.3)."""

    case_id: UUID
    times: int
    reopened_at: Instant
    rules: list[str]


class ComplaintMerged(Event, type="complaint.merged.v1"):
    """The complaint went up into another one: it counts no more, whatever is sent to it reaches `into` (P04.8)."""

    case_id: UUID
    number: str
    into: UUID
    into_number: str
    branch: str
    merged_at: Instant
    rules: list[str]


class ComplaintSplit(Event, type="complaint.split.v1"):
    """A part of the complaint goes its own way as `part`, whose clocks began at the same receipt (P04.8, P04.9)."""

    case_id: UUID
    part: UUID
    part_number: str
    branch: str
    split_at: Instant
    rules: list[str]


class LinkKind(StrEnum):
    """How two complaints have to do with each other."""

    RELATED = "related"
    SAME_VEHICLE = "same_vehicle"
    SAME_CAUSE = "same_cause"
    FOLLOWS = "follows"
    SPLIT = "split"


class ComplaintsLinked(Event, type="complaint.linked.v1"):
    """Two complaints have to do with each other (P04.8)."""

    case_id: UUID
    other: UUID
    kind: Open[LinkKind]
    linked_at: Instant
    rules: list[str]


class HarmedParty(StrEnum):
    """Who was harmed; a developer counts like the company (P04.15)."""

    COMPANY = "company"
    DEVELOPER = "developer"


class Harm(StrEnum):
    """In which way (P04.15, P12.8)."""

    MONEY = "money"
    REPUTATION = "reputation"


class HarmRecorded(Event, type="complaint.harm_recorded.v1"):
    """Harm came of a complaint, to the company or to a developer (P04.15, P12.8)."""

    case_id: UUID
    party: Open[HarmedParty]
    harm: Open[Harm]
    amount: Money | None


class CompensationKind(StrEnum):
    """What a customer is offered (P12.10, P17.8)."""

    REPAIR = "repair"
    PRICE_REDUCTION = "price_reduction"
    EXCHANGE = "exchange"
    RETURN = "return"
    DAMAGES = "damages"
    GOODWILL = "goodwill"


class CompensationAsked(Event, type="complaint.compensation_asked.v1"):
    """Compensation was offered, or the offer changed, and waits for approval (P12.10, P17.8).

    `together` is what case or customer has been offered in all: by that the table decides who signs.
    """

    case_id: UUID
    compensation_id: UUID
    kinds: list[Open[CompensationKind]]
    amount: Money
    together: Money


class CompensationDecided(Event, type="complaint.compensation_decided.v1"):
    """It was granted; or refused or taken back (P12.10, P17.8)."""

    case_id: UUID
    compensation_id: UUID
    granted: bool
    amount: Money
    decided_at: Instant


class CompensationPaid(Event, type="complaint.compensation_paid.v1"):
    """What was granted has been paid or given (P12.10, P17.8)."""

    case_id: UUID
    compensation_id: UUID
    amount: Money
    paid_at: Instant


class ManifestItem(BaseModel):
    """One item of a hand-over: its label, what kind of paper it is, and its digest; pulled from `path`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    label: str
    kind: str
    media_type: str
    size: int
    sha256: str
    path: str


class KeptOut(Event, type="complaint.kept_out.v1"):
    """A case turned out to be about these people of staff, or they were found responsible for it (P12.2).

    From now on they neither read anything about it, nor handle or sign it, nor hear of it, wherever something about it
    is kept.
    """

    case_id: UUID
    branch: str
    people: list[str]


class DossierReady(Event, type="complaint.dossier_ready.v1"):
    """A closed case is ready to be handed over to the archive: what there is to take (P04.8).

    `excluded` are the people who are never to read it (P12.2).
    """

    case_id: UUID
    handover_id: UUID
    number: str
    branch: str
    customer_id: UUID | None
    items: list[ManifestItem]
    excluded: list[str]
