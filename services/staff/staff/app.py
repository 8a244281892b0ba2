"""The contents page of the staff service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from staff import tables
from staff.branches.change_branch import change_branch
from staff.branches.list_branches import list_branches, read_branch
from staff.branches.open_branch import open_branch
from staff.calendar.decree_year import decree_year, list_years
from staff.calendar.known_years import KnownYears
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
from staff.leave.delegate_roles import delegate_roles, end_delegation
from staff.leave.plan_leave import begin_leave, end_leave, list_leaves, plan_leave, return_from_leave
from staff.people.change_person import change_person
from staff.people.first_administrator import begun
from staff.people.give_role import end_role, give_role
from staff.people.import_people import PEOPLE_TABLE
from staff.people.join_staff import join_staff
from staff.people.leave_for_good import depart, leave_for_good
from staff.people.list_people import list_people, read_person
from staff.people.move_person import arrive, move_person
from staff.people.reach_people import reach_people
from staff.people.resolve_people import resolve_people
from staff.rota.list_rota import list_rota
from staff.rota.set_rota import copy_week, set_rota
from staff.settings import StaffSettings

service = Service(
    name="staff",
    title="Staff",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    settings=StaffSettings,
    routes=[
        open_branch,  # branches
        change_branch,
        list_branches,
        read_branch,
        list_years,  # calendar
        decree_year,
        *PEOPLE_TABLE.routes,  # people
        join_staff,
        resolve_people,
        reach_people,
        list_people,
        read_person,
        change_person,
        give_role,
        end_role,
        move_person,
        leave_for_good,
        plan_leave,  # leave
        list_leaves,
        end_leave,
        delegate_roles,
        end_delegation,
        list_rota,  # rota
        set_rota,
        copy_week,
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
        list_cards,  # cards
        make_card,
        read_card,
    ],
    reactions=[record_breach],  # conduct
    jobs=[
        PEOPLE_TABLE.job,  # people
        arrive,
        depart,
        begin_leave,  # leave
        return_from_leave,
    ],
    workers=[KnownYears],
    libraries=[ENGINES],
    parts=begun,
)
