"""What the rule engines bring into every service: their rows, routes, local copies, jobs and the timer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from chassis.runtime import Runtime
from chassis.service import Library

from policy import tables
from policy.change_policy import explain_policies, list_versions, propose_version, read_version
from policy.decide_approval import decide_approval, list_approvals, read_approval, withdraw_approval
from policy.directory import known, known_branches, known_people, known_years
from policy.list_obligations import count_obligations, list_obligations, read_obligation
from policy.obligations import Timer
from policy.place_seats import place_seats, who_may_sign_changed
from policy.policies import versions
from policy.replan import replan, replan_branch, replan_everywhere
from policy.waive_obligation import waive_obligation


@asynccontextmanager
async def known_and_set(runtime: Runtime) -> AsyncIterator[None]:
    """Who is who and what is set, while a process runs."""
    async with known(runtime), versions(runtime):
        yield


ENGINES = Library(
    name="policy",
    tables=tables.metadata,
    migrations=Path(__file__).parent / "migrations",
    routes=[
        list_obligations,  # obligations
        count_obligations,
        read_obligation,
        waive_obligation,
        list_approvals,  # approvals
        read_approval,
        decide_approval,
        withdraw_approval,
        explain_policies,  # policies
        propose_version,
        list_versions,
        read_version,
    ],
    reactions=[
        replan_everywhere,  # calendar
        replan_branch,
        who_may_sign_changed,  # approvals
    ],
    projections=[known_branches, known_people, known_years],  # directory
    jobs=[replan, place_seats],
    workers=[Timer],
    parts=known_and_set,
)

#: for a service in which nothing is owed, decided or set: it only knows who is who, and where
DIRECTORY = replace(ENGINES, routes=(), reactions=(), jobs=(), workers=())
