"""What the customer service tells the others: that something happened, and the directory as keyed tokens."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from contracts.enums import Open
from contracts.message import Command, Entry, Event, Instant


class TokenKind(StrEnum):
    """What can be compared across services without being known there."""

    PHONE = "phone"
    PLATE = "plate"
    VIN = "vin"
    VIN6 = "vin6"
    ID_NUMBER = "id_number"
    MAIL = "mail"


class CustomerKind(StrEnum):
    """Whether a file is kept on a person or on an organisation."""

    PERSON = "person"
    ORGANISATION = "organisation"


class CustomerClass(StrEnum):
    """The grade of a customer (P01.1)."""

    TARGET = "target"
    GENERAL = "general"
    KEY = "key"
    POTENTIAL = "potential"


class CustomerRegistered(Event, type="customer.registered.v1"):
    """A customer file was opened (P01.2, P01.3)."""

    customer_id: UUID
    kind: Open[CustomerKind]
    customer_class: Open[CustomerClass] | None
    branch: str
    registered_by: str
    duplicates_overridden: bool


class CustomerChanged(Event, type="customer.changed.v1"):
    """Data of a customer changed (P01.4); `what` names the fields, never their values."""

    customer_id: UUID
    what: list[str]
    changed_by: str


class Token(BaseModel):
    """A keyed HMAC of a canonical value: `token` in base64url without padding, `key` the id of the key."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Open[TokenKind]
    token: str
    key: str


class CustomerEntry(Entry, type="customer.entry.v1"):
    """The directory's newest word on a customer; `redirect_to` is set where files were merged.

    `confirmed_at`: the sales director has confirmed the file (P03.3).
    """

    customer_id: UUID
    kind: Open[CustomerKind]
    customer_class: Open[CustomerClass] | None
    branch: str
    tokens: list[Token]
    as_of: Instant
    redirect_to: UUID | None = None
    confirmed_at: Instant | None = None


class CustomerErased(Event, type="customer.erased.v1"):
    """A customer's data must go everywhere: destroy keys, tokens and links, and answer with `ConfirmErasure`."""

    erasure_id: UUID
    customer_id: UUID
    erased_at: Instant


class ConfirmErasure(Command, type="customer.confirm_erasure.v1"):
    """What a service has destroyed of an erased customer: how many keys of subjects, links and tokens."""

    erasure_id: UUID
    customer_id: UUID
    service: str
    destroyed: int
    at: Instant
