"""The authorisation matrix: every route says what it needs, and every cell of route × role × place is decided."""

from __future__ import annotations

import asyncio
import re

import httpx
import pytest
from chassis.auth import Grant, Principal
from chassis.http import ANYONE, Route
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.roles import Role, Scope
from policy.access import GROUP, PERMISSIONS, Permission, Reach

HOME, OTHER = "sh-pudong", "bj-chaoyang"
NOBODY = "00000000-0000-7000-8000-000000000000"


def who(role: Role, place: str) -> Principal:
    return Principal("anna", "https://id.example", frozenset({Grant(role, place)}), frozenset(), 0.0)


def test_every_route_needs_a_declared_permission(service: Service) -> None:
    for route in service.routes:
        assert route.needs is not ANYONE, f"{route.method} {route.path} is open to anyone"
        permission = PERMISSIONS[route.needs.name]
        assert permission is route.needs
        assert permission.roles or permission.scopes, f"{route.method} {route.path} is for nobody"


def test_every_cell_of_role_and_place_is_decided(service: Service) -> None:
    needed = {route.needs.name for route in service.routes}
    for permission in (PERMISSIONS[name] for name in sorted(needed)):
        for role in Role:
            reach = permission.roles.get(role)
            reached = permission.reach(who(role, HOME))
            assert permission.allows(who(role, HOME)) == (reach is not None), (permission.name, role)
            assert reached.includes(HOME, owner="anna") == (reach is not None), (permission.name, role)
            assert reached.includes(OTHER, owner="anna") == (reach is Reach.GROUP), (permission.name, role)
            assert reached.includes(HOME, owner="ben") == (reach not in (None, Reach.OWN)), (permission.name, role)
            everywhere = permission.reach(who(role, GROUP)).everywhere
            assert everywhere == (reach not in (None, Reach.OWN)), (permission.name, role)


async def test_the_doors_are_kept_as_the_matrix_says(stage: Stage, service: Service) -> None:
    async with stage.client() as nobody:
        nobody.headers.pop("authorization")
        for route in service.routes:
            answer = await nobody.request(route.method, address(route.path), json={})
            assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated"), route.path
    for route in service.routes:
        permission = PERMISSIONS[route.needs.name]
        without = next((role for role in Role if role not in permission.roles), None)
        for role, scope in ((without, other_scope(permission)), (next(iter(permission.roles), None), None)):
            if role is not None:
                allowed = role in permission.roles
                async with stage.client(f"{role.value}@{HOME}", subject=role.value) as person:
                    assert await refuses(person, route) != allowed, (route.path, role)
            if scope is not None:
                async with stage.client(scopes=(scope.value,), subject="machine") as machine:
                    assert await refuses(machine, route), (route.path, scope)


def address(path: str) -> str:
    """The path with an id that nothing has."""
    return re.sub(r"\{[^}]+\}", NOBODY, path)


def other_scope(permission: Permission) -> Scope | None:
    """A machine's scope that is not for this."""
    return next((scope for scope in Scope if scope not in permission.scopes), None)


async def refuses(caller: httpx.AsyncClient, route: Route) -> bool:
    """Whether the door is closed, whatever lies behind it; one that goes on answering is open."""
    try:
        async with asyncio.timeout(3):
            answer = await caller.request(route.method, address(route.path), json={})
    except TimeoutError:
        return False
    is_problem = answer.headers.get("content-type") == "application/problem+json"
    return is_problem and "needs the permission" in answer.json()["detail"]


@pytest.mark.parametrize("role", [Role.GENERAL_MANAGER])
async def test_a_token_without_grants_opens_nothing(stage: Stage, service: Service, role: Role) -> None:
    async with stage.client(subject="stranger") as stranger:
        for route in service.routes:
            answer = await stranger.request(route.method, address(route.path), json={})
            assert answer.status_code == 403, route.path
