"""What the credit service tells the others: accounts, the ledger's documents, shipments and why they are held."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.enums import Open
from contracts.message import Event, Instant
from contracts.money import Money


class LedgerDocument(StrEnum):
    """What the ledger books."""

    INVOICE = "invoice"
    PAYMENT = "payment"
    RETURN = "return"
    CREDIT_NOTE = "credit_note"
    WRITE_OFF = "write_off"
    OPENING = "opening"
    REVERSAL = "reversal"


class ReleaseWay(StrEnum):
    """By which rule goods may go: P11.6, P11.5, P11.4, P11.9, P11.7, P11.8."""

    WITHIN_LIMIT = "within_limit"
    TERMS = "terms"
    CASH = "cash"
    PREPAID = "prepaid"
    FIRST_OVERRUN = "first_overrun"
    LAST_OVERRUN = "last_overrun"


class ReleaseStep(StrEnum):
    """At which step of a shipment it was decided."""

    RELEASE = "release"
    INVOICE = "invoice"
    ISSUE = "issue"


class AccountOpened(Event, type="credit.account_opened.v1"):
    """Customers were given a credit account (P11.1)."""

    account_id: UUID
    customer_ids: list[UUID]
    branch: str
    opened_by: str
    opened_at: Instant


class EligibilityChanged(Event, type="credit.eligibility_changed.v1"):
    """What an account lacks for credit has changed (P11.1); nothing missing: eligible. `as_of`: the oldest fact's."""

    account_id: UUID
    branch: str
    missing: list[str]
    as_of: Instant | None
    rules: list[str]


class DocumentBooked(Event, type="credit.document_booked.v1"):
    """A document went into the ledger; the amount is above zero, the kind says which way."""

    account_id: UUID
    document_id: UUID
    customer_id: UUID
    branch: str
    kind: Open[LedgerDocument]
    amount: Money
    dated_on: date
    corrects: UUID | None
    shipment_id: UUID | None
    booked_at: Instant


class ShipmentReleased(Event, type="credit.shipment_released.v1"):
    """Goods may be invoiced and shipped, by this way and rule (P11.4–P11.9)."""

    shipment_id: UUID
    account_id: UUID
    branch: str
    amount: Money
    way: Open[ReleaseWay]
    rules: list[str]
    decided_at: Instant


class HoldReason(BaseModel):
    """Why goods are held: a code, its rules and the amount it is about."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    code: str
    rules: list[str]
    amount: Money | None


class ShipmentHeld(Event, type="credit.shipment_held.v1"):
    """Goods may not go at this step: why, and the ways out (codes)."""

    shipment_id: UUID
    account_id: UUID
    branch: str
    amount: Money
    step: Open[ReleaseStep]
    reasons: list[HoldReason]
    ways_out: list[str]
    rules: list[str]
    decided_at: Instant


class ShipmentInvoiced(Event, type="credit.shipment_invoiced.v1"):
    """A shipment was invoiced."""

    shipment_id: UUID
    account_id: UUID
    invoice_id: UUID
    amount: Money
    invoiced_on: date


class GoodsIssued(Event, type="credit.goods_issued.v1"):
    """Goods left the warehouse; `unreleased`: they went without a release (P11.11)."""

    shipment_id: UUID
    account_id: UUID
    branch: str
    amount: Money
    issued_on: date
    unreleased: bool


class ShipmentDelivered(Event, type="credit.shipment_delivered.v1"):
    """Goods arrived."""

    shipment_id: UUID
    account_id: UUID
    delivered_on: date


class ShipmentCancelled(Event, type="credit.shipment_cancelled.v1"):
    """A shipment will not go; what it took of the limit is free again."""

    shipment_id: UUID
    account_id: UUID
    amount: Money


class GoodsReturned(Event, type="credit.goods_returned.v1"):
    """Goods of a shipment came back; what is owed is lowered by the amount."""

    shipment_id: UUID
    account_id: UUID
    document_id: UUID
    amount: Money


class RiskKind(StrEnum):
    """By which rule a fund risk was seen (P02.4)."""

    AGEING = "ageing"
    BROKEN_PROMISES = "broken_promises"
    SHRINKING_PAYMENTS = "shrinking_payments"
    CONCENTRATION = "concentration"


class WarningRaised(Event, type="credit.warning_raised.v1"):
    """A rule sees a fund risk in an account, for the first time of its episode (P02.4).

    `amount` is what is at risk, `documents` are those it rests on (at most 100, the largest first).
    """

    warning_id: UUID
    account_id: UUID
    branch: str
    kind: Open[RiskKind]
    amount: Money
    documents: list[UUID]
    rules: list[str]
    raised_at: Instant


class WarningEnded(Event, type="credit.warning_ended.v1"):
    """A warning stands no more: the figures say so, or a person closed it (`closed`)."""

    warning_id: UUID
    account_id: UUID
    kind: Open[RiskKind]
    closed: bool
    ended_at: Instant


class DunningLetterSent(Event, type="credit.dunning_letter_sent.v1"):
    """A dunning letter was given out to be handed over to the customer; the digest is that of its PDF (SHA-256)."""

    letter_id: UUID
    account_id: UUID
    branch: str
    level: int
    total: Money
    digest: str
    sent_at: Instant
