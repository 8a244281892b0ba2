"""Every topic of the bus: whose it is, what its key is, how wide it is, how long it lives, what goes over it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from contracts.archive import AccessRecorded, DossierEntry, DossierFiled
from contracts.complaint import (
    CompensationAsked,
    CompensationDecided,
    CompensationPaid,
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintHandedOver,
    ComplaintJudged,
    ComplaintMatched,
    ComplaintMerged,
    ComplaintOpened,
    ComplaintReopened,
    ComplaintSerious,
    ComplaintsLinked,
    ComplaintSplit,
    CustomerCalledBack,
    CustomerReacted,
    DossierReady,
    HarmRecorded,
    InvestigationReported,
    InvestigationReviewed,
    InvestigationStarted,
    KeptOut,
    MarkedSerious,
    MeasureEnded,
    MeasureTaken,
    NotAcceptedSettled,
    RepeatFound,
    ResolutionApproved,
    ResolutionProposed,
    ResultReturned,
    SeriousOverruled,
)
from contracts.credit import (
    AccountOpened,
    DocumentBooked,
    DunningLetterSent,
    EligibilityChanged,
    GoodsIssued,
    GoodsReturned,
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentHeld,
    ShipmentInvoiced,
    ShipmentReleased,
    WarningEnded,
    WarningRaised,
)
from contracts.customer import ConfirmErasure, CustomerChanged, CustomerEntry, CustomerErased, CustomerRegistered
from contracts.message import Message
from contracts.notify import (
    EndpointDisabled,
    NobodyTold,
    NoticeRead,
    NoticeSent,
    Send,
    WebhookDelivered,
    WebhookGivenUp,
)
from contracts.staff import BranchEntry, BreachRecorded, CalendarYear, PersonEntry, PersonLeft, RecordBreach, RotaEntry
from contracts.work import WorkItem


@dataclass(frozen=True)
class Topic:
    """A topic as it is created.

    `key` says what the Kafka key is. `partitions` never changes: the order of a key hangs on it. A compacted
    topic keeps the newest message of a key for ever (`retention_days` is None), until a tombstone.
    """

    name: str
    owner: str
    key: str
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention_days: int | None
    messages: tuple[type[Message], ...]

    def kafka_name(self, prefix: str = "") -> str:
        """The name on the broker; tests put a prefix before it."""
        return prefix + self.name


def _stream(owner: str, kind: str, key: str, *messages: type[Message], partitions: int = 12, days: int = 30) -> Topic:
    return Topic(f"{owner}.{kind}", owner, key, partitions, "delete", days, messages)


def _newest(owner: str, kind: str, key: str, *messages: type[Message]) -> Topic:
    return Topic(f"{owner}.{kind}", owner, key, 12, "compact", None, messages)


CUSTOMER_EVENTS = _stream("customer", "events", "customer id", CustomerRegistered, CustomerChanged, CustomerErased)
CUSTOMER_COMMANDS = _stream("customer", "commands", "customer id", ConfirmErasure)
CUSTOMER_STATE = _newest("customer", "state", "customer id", CustomerEntry)
CUSTOMER_WORK = _newest("customer", "work", "work item id", WorkItem)

COMPLAINT_EVENTS = _stream(
    "complaint",
    "events",
    "case id",
    ComplaintOpened,
    ComplaintMatched,
    ComplaintJudged,
    RepeatFound,
    MarkedSerious,
    ComplaintHandedOver,
    InvestigationStarted,
    InvestigationReported,
    InvestigationReviewed,
    MeasureTaken,
    MeasureEnded,
    ResolutionProposed,
    ResolutionApproved,
    ComplaintAnswered,
    CustomerReacted,
    NotAcceptedSettled,
    ResultReturned,
    CustomerCalledBack,
    ComplaintClosed,
    ComplaintMerged,
    ComplaintReopened,
    ComplaintsLinked,
    ComplaintSplit,
    SeriousOverruled,
    HarmRecorded,
    CompensationAsked,
    CompensationDecided,
    CompensationPaid,
    KeptOut,
    DossierReady,
    partitions=24,
)
COMPLAINT_SERIOUS = _stream("complaint", "serious", "case id", ComplaintSerious)
COMPLAINT_WORK = _newest("complaint", "work", "work item id", WorkItem)

NOTIFY_EVENTS = _stream(
    "notify",
    "events",
    "delivery id, subscription id or send id",
    WebhookDelivered,
    WebhookGivenUp,
    EndpointDisabled,
    NoticeSent,
    NoticeRead,
    NobodyTold,
)
NOTIFY_COMMANDS = _stream("notify", "commands", "id of what is told of", Send)
NOTIFY_WORK = _newest("notify", "work", "work item id", WorkItem)

STAFF_EVENTS = _stream("staff", "events", "person id or conduct account id", PersonLeft, BreachRecorded)
STAFF_STATE = _newest(
    "staff", "state", "person id, branch id, year id or rota id", PersonEntry, BranchEntry, CalendarYear, RotaEntry
)
STAFF_COMMANDS = _stream("staff", "commands", "person id", RecordBreach)
STAFF_WORK = _newest("staff", "work", "work item id", WorkItem)

ARCHIVE_EVENTS = _stream("archive", "events", "dossier id", DossierFiled)
ARCHIVE_STATE = _newest("archive", "state", "dossier id", DossierEntry)
ARCHIVE_WORK = _newest("archive", "work", "work item id", WorkItem)
#: one partition: its order is the order of the log
ARCHIVE_AUDIT = _stream("archive", "audit", "record id", AccessRecorded, partitions=1, days=3650)

CREDIT_EVENTS = _stream(
    "credit",
    "events",
    "account id or shipment id",
    AccountOpened,
    DocumentBooked,
    EligibilityChanged,
    GoodsIssued,
    GoodsReturned,
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentHeld,
    ShipmentInvoiced,
    ShipmentReleased,
    WarningRaised,
    WarningEnded,
    DunningLetterSent,
)
CREDIT_WORK = _newest("credit", "work", "work item id", WorkItem)

#: whoever shows or minds everybody's work reads all of them
WORK_TOPICS = (CUSTOMER_WORK, COMPLAINT_WORK, NOTIFY_WORK, STAFF_WORK, ARCHIVE_WORK, CREDIT_WORK)

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        CUSTOMER_EVENTS,
        CUSTOMER_COMMANDS,
        CUSTOMER_STATE,
        CUSTOMER_WORK,
        COMPLAINT_EVENTS,
        COMPLAINT_SERIOUS,
        COMPLAINT_WORK,
        NOTIFY_EVENTS,
        NOTIFY_COMMANDS,
        NOTIFY_WORK,
        STAFF_EVENTS,
        STAFF_STATE,
        STAFF_COMMANDS,
        STAFF_WORK,
        ARCHIVE_EVENTS,
        ARCHIVE_STATE,
        ARCHIVE_WORK,
        ARCHIVE_AUDIT,
        CREDIT_EVENTS,
        CREDIT_WORK,
    )
}


@cache
def topic_of(message: type[Message], sender: str | None = None) -> Topic:
    """The one topic over which a message goes; LookupError when none carries it, or which is not plain.

    A message that every service sends over a topic of its own (work) needs its `sender`.
    """
    carrying = [topic for topic in TOPICS.values() if message in topic.messages]
    found = carrying if len(carrying) == 1 else [topic for topic in carrying if topic.owner == sender]
    if len(found) != 1:
        over = ", ".join(topic.name for topic in carrying) or "no topic"
        raise LookupError(f"{message.TYPE} goes over {over}" + (": say whose" if carrying else ""))
    return found[0]
