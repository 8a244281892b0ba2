"""The contents page of the staff service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from staff import tables
from staff.cards.keep_contacts import keep_contacts, read_contacts
from staff.cards.make_card import list_cards, make_card, read_card
from staff.conduct.close_month import close_month, list_months
from staff.conduct.correct_breach import correct_breach, withdraw_breach
from staff.conduct.decide_breach import decide_breach
from staff.conduct.deduct_pay import deduct_pay
from staff.conduct.export_statement import export_statement
from staff.conduct.preview_breach import preview_breach
from staff.conduct.read_breach import list_breaches, read_breach
from staff.conduct.read_statement import read_statement
from staff.conduct.record_breach import record_breach
from staff.documents.draft_document import draft_document, withdraw_document
from staff.documents.read_document import list_conflicts, list_documents, read_document, read_history
from staff.documents.review_document import review_document

service = Service(
    name="staff",
    title="Staff",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    routes=[
        list_breaches,  # conduct
        read_breach,
        decide_breach,
        correct_breach,
        withdraw_breach,
        deduct_pay,
        preview_breach,
        read_statement,
        export_statement,
        close_month,
        list_months,
        draft_document,  # documents
        withdraw_document,
        review_document,
        list_documents,
        read_document,
        list_conflicts,
        read_history,
        keep_contacts,  # cards
        read_contacts,
        list_cards,
        make_card,
        read_card,
    ],
    reactions=[record_breach],  # conduct
    libraries=[ENGINES],
)
