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
    ],
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
