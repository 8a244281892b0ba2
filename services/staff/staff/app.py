"""The contents page of the staff service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from staff import tables

service = Service(
    name="staff",
    title="Staff",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    routes=[],
    libraries=[ENGINES],
)
