"""What the directory and the archive say of customers and their papers, known locally (P11.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chassis.handlers import Received, project
from contracts.archive import DossierEntry
from contracts.customer import CustomerEntry

from credit import tables


@project(CustomerEntry, into=tables.known_customers)
def known_customers(entry: Received[CustomerEntry]) -> Mapping[str, Any]:
    """A customer: confirmed or not, merged or not, as of when."""
    said = entry.said
    return {
        "branch": said.branch,
        "as_of": said.as_of,
        "confirmed_at": said.confirmed_at,
        "redirect_to": said.redirect_to,
    }


@project(DossierEntry, into=tables.known_dossiers, lines=tables.known_papers)
def known_dossiers(entry: Received[DossierEntry]) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
    """A dossier, and a line a paper."""
    said = entry.said
    row = {"kind": said.kind, "about": said.about, "as_of": entry.time}
    return row, [paper.model_dump(include={"item_id", "kind", "valid_until"}) for paper in said.papers]
