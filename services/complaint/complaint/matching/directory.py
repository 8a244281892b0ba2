"""The local copy of the customer directory: keyed tokens, no names, no numbers."""

from __future__ import annotations

import base64
from typing import Any

from chassis.handlers import Received, project
from contracts.customer import CustomerEntry

from complaint import tables


@project(CustomerEntry, into=tables.known_customers, lines=tables.known_tokens)
def known_customers(entry: Received[CustomerEntry]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One row a customer, and one a token; a merged customer's tokens lead to the surviving file."""
    said = entry.said
    row = {"customer_class": said.customer_class, "redirect_to": said.redirect_to}
    lines = [{"kind": token.kind, "token": bytes_of(token.token)} for token in said.tokens]
    return row, [] if said.redirect_to else lines


def bytes_of(token: str) -> bytes:
    """A token as the tables keep it."""
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
