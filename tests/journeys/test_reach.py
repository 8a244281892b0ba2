"""Outside reach there is nothing: whoever holds a role at another branch is told 404 of every record there is."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator

import httpx
import pytest
from chassis.http import Route
from contracts.roles import Role
from dev import people, seed
from policy.access import PERMISSIONS, Permission, Reach

from tests.faults.system import System, rows
from tests.journeys.planting import Planting
from tests.journeys.topics import app_of
from tests.journeys.walk import PATIENCE, Walk

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

#: a branch at which nothing has ever happened
FAR = "zz-far"
#: routes whose records belong to no branch, and why whoever holds a role sees them
OF_NO_BRANCH = {
    "/v1/policies/versions/{version_id}": "what a policy says is no secret in the house",
}
_TABLES = """SELECT format('%I.%I', table_schema, table_name), table_name FROM information_schema.columns
    WHERE table_schema IN ('public', 'kehu') AND column_name = 'id' AND data_type = 'uuid'"""


@pytest.mark.rule("P05.9")
@pytest.mark.rule("P05.15")
async def test_a_role_at_another_branch_finds_none_of_the_records_there_are(
    planted: Planting, walk: Walk, running: System
) -> None:
    await entered(walk, running)
    met: list[str] = []
    open_to_strangers: list[str] = []
    for service in running.services:
        tables = {name: place for place, name in await rows(running.databases[service], _TABLES)}
        for route, permission in records_of(service):
            path = await found(walk, running, service, route, permission, tables)
            if path is None:
                continue
            met.append(f"{service} {route.path}")
            roles = [role for role, reach in permission.roles.items() if reach is not Reach.GROUP]
            answers = await asyncio.gather(*(as_one_who_is_known(walk, far(role), service, path) for role in roles))
            open_to_strangers += [
                f"{role.value}: {answer.status_code} at {path}"
                for role, answer in zip(roles, answers, strict=True)
                if answer.status_code != 404
            ]
    print(f"{len(met)} routes: {', '.join(met)}")
    assert open_to_strangers == []
    assert len(met) > 30


async def as_one_who_is_known(walk: Walk, who: str, service: str, path: str) -> httpx.Response:
    """What a service answers somebody; nobody has a role yet where the newest word on people has not come."""
    until = time.monotonic() + PATIENCE
    while True:
        answer = await walk.asks(who, service, "GET", path)
        if answer.status_code != 403 or time.monotonic() > until:
            return answer
        await asyncio.sleep(0.2)


def far(role: Role) -> str:
    return f"far-{role.value}"


def everywhere(role: Role) -> str:
    return f"everywhere-{role.value}"


async def entered(walk: Walk, running: System) -> None:
    """For each role somebody who holds it at a branch of its own, and somebody who holds it everywhere."""
    branch = {"branch": FAR, "title": "远处", "kind": "store", "profile": "group"}
    await walk.does(people.ADMINISTRATOR, "staff", "/v1/branches", branch)
    table = [
        {"subject": name(role), "name": f"员工{n}{role.value}", "branch": at, "roles": f"{role.value}@{at}"}
        for n, role in enumerate(Role)
        for name, at in ((far, FAR), (everywhere, "group"))
    ]
    staff, issuer = running.serving("staff")[0].address, running.ground.issuer
    # the issuer answers from here, so whoever asks it does so beside
    await asyncio.to_thread(lambda: seed.hire(seed.Caller(issuer, people.ADMINISTRATOR), staff, table))


def records_of(service: str) -> Iterator[tuple[Route, Permission]]:
    """The routes of a service that show one record by its id, or something of it."""
    for route in app_of(service).routes:
        permission = PERMISSIONS[route.needs.name]
        of_one = route.method == "GET" and len(re.findall(r"\{", route.path)) == 1 and "_id}" in route.path
        if of_one and permission.roles and route.path not in OF_NO_BRANCH:
            yield route, permission


async def found(
    walk: Walk, running: System, service: str, route: Route, permission: Permission, tables: dict[str, str]
) -> str | None:
    """The path of a record that somebody who holds a role everywhere is shown; None where there is none."""
    ((name,),) = [re.findall(r"\{(\w+)_id\}", route.path)]
    roles = sorted(permission.roles, key=lambda role: list(Reach).index(permission.roles[role]), reverse=True)[:3]
    names = ("people",) if name == "person" else (f"{name}s", f"{name}es")
    for table in sorted(one for one in tables if one.endswith(names)):
        sql = f"SELECT id FROM {tables[table]} ORDER BY id DESC LIMIT 8"
        for (identifier,) in await rows(running.databases[service], sql):
            path = re.sub(r"\{\w+\}", str(identifier), route.path)
            for role in roles:
                answer = await as_one_who_is_known(walk, everywhere(role), service, path)
                if answer.status_code == 200:
                    return path
    return None
