"""What the rule engines bring into every service: their rows, routes, local copies, jobs and the timer."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Library

from policy import tables
from policy.directory import known, known_branches, known_people, known_years
from policy.list_obligations import count_obligations, list_obligations, read_obligation
from policy.obligations import Timer
from policy.replan import replan, replan_branch, replan_everywhere
from policy.waive_obligation import waive_obligation

ENGINES = Library(
    name="policy",
    tables=tables.metadata,
    migrations=Path(__file__).parent / "migrations",
    routes=[
        list_obligations,  # obligations
        count_obligations,
        read_obligation,
        waive_obligation,
    ],
    reactions=[replan_everywhere, replan_branch],  # calendar
    projections=[known_branches, known_people, known_years],  # directory
    jobs=[replan],
    workers=[Timer],
    parts=known,
)
