"""A service to test the plumbing itself with: one aggregate, one local copy, and whatever handlers a test brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from contracts.customer import CustomerChanged, CustomerEntry
from sqlalchemy.dialects.postgresql import BYTEA, JSONB

from chassis.handlers import Received, project
from chassis.service import Service
from chassis.store import Store

metadata = sa.MetaData()

probes = sa.Table(
    "probes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("notes", JSONB, nullable=False),
    sa.Column("subject_id", sa.Uuid),
    sa.Column("sealed", BYTEA),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)

copies = sa.Table(
    "copies",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("gone", sa.Boolean, nullable=False),
    sa.Column("branch", sa.Text),
)

copy_lines = sa.Table(
    "copy_lines",
    metadata,
    sa.Column("id", sa.Uuid, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.Index("copy_lines_by_token", "token"),
    sa.Index("copy_lines_by_copy", "id"),
)


@dataclass
class Probe:
    """An aggregate with something of every kind that a store keeps."""

    id: UUID
    notes: list[Any] = field(default_factory=list)
    subject_id: UUID | None = None
    sealed: bytes | None = None
    version: int = 1
    sequence: int = 0


PROBES = Store(probes, Probe)


@project(CustomerEntry, into=copies, lines=copy_lines)
def keep_copy(entry: Received[CustomerEntry]) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """Whose customer it is, and a line a token."""
    return {"branch": entry.said.branch}, [{"token": token.token} for token in entry.said.tokens]


def changed(identifier: UUID, *what: str) -> CustomerChanged:
    """A message that the probe publishes and reacts to."""
    return CustomerChanged(customer_id=identifier, what=list(what), changed_by="test")


def probe(name: str = "probe", **parts: Any) -> Service:
    """The service with these reactions, projections, jobs or routes; `name` decides which topics are its own."""
    migrations = Path(__file__).parent / "probe_migrations"
    return Service(name=name, title="Probe", tables=metadata, migrations=migrations, **parts)
