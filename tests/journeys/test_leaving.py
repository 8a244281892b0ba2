"""Who leaves loses every right in every service (P01.9)."""

from __future__ import annotations

import pytest
from chassis.kit.eventually import eventually
from dev import people

from tests.faults.system import System
from tests.journeys.walk import BRANCH, Walk

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]


def shown_in(service: str) -> str:
    """What whoever holds a role is shown in a service; in the console nothing is owed, it shows what others do."""
    return "/v1/places" if service == "console" else "/v1/obligations?limit=1"


@pytest.mark.rule("P01.9")
async def test_who_leaves_has_no_right_left_in_any_service(walk: Walk, running: System) -> None:
    form = {"subject": "leaver-1", "name": "郑离任", "branch": BRANCH, "mobile": "14207779455",
            "roles": [{"role": "service_adviser", "place": BRANCH}]}  # fmt: skip
    entry = await walk.does(people.ADMINISTRATOR, "staff", "/v1/people", form)
    for service in running.services:
        await walk.sees("leaver-1", service, shown_in(service), lambda page: True)
    await walk.does(people.ADMINISTRATOR, "staff", f"{entry['path']}/departure")
    for service in running.services:

        async def refused(service: str = service) -> bool:
            return (await walk.asks("leaver-1", service, "GET", shown_in(service))).status_code == 403

        await eventually(refused)
