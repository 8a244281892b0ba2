"""Access: roles reach from their place as far as the permission says, and no row beyond."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from chassis.auth import Grant, Principal
from contracts.roles import Role, Scope
from policy.access import GROUP, PUBLIC, Permission, Reach

from policy import access

cases = sa.Table(
    "cases",
    sa.MetaData(),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("department", sa.Text),
    sa.Column("owner", sa.Text),
)
HANDLED = [
    {"branch": "bj-01", "department": "sales", "owner": "anna"},
    {"branch": "sh-01", "department": "sales", "owner": "anna"},
    {"branch": "sh-02", "department": "after_sales", "owner": "ben"},
]


@pytest.fixture(autouse=True)
def matrix(monkeypatch: pytest.MonkeyPatch) -> dict[str, Permission]:
    declared: dict[str, Permission] = {}
    monkeypatch.setattr(access, "PERMISSIONS", declared)
    return declared


@pytest.fixture
def database() -> Iterator[sa.Connection]:
    with sa.create_engine("sqlite://").connect() as connection:
        cases.metadata.create_all(connection)
        connection.execute(cases.insert(), HANDLED)
        yield connection


def person(*grants: tuple[Role, str], scopes: tuple[str, ...] = ()) -> Principal:
    held = frozenset(Grant(role, place) for role, place in grants)
    return Principal("anna", "https://id.example", held, frozenset(scopes), 0.0)


def machine(*scopes: str) -> Principal:
    return Principal("factory", "https://id.example", frozenset(), frozenset(scopes), 0.0, machine=True)


def handling() -> Permission:
    return Permission(
        "complaint.handle",
        {Role.COMPLAINT_AGENT: Reach.OWN, Role.DEPARTMENT_HEAD: Reach.DEPARTMENT}
        | {Role.GENERAL_MANAGER: Reach.BRANCH, Role.AREA_MANAGER: Reach.AREA, Role.CALL_CENTRE: Reach.GROUP},
        (Scope.COMPLAINT_READ,),
    )


def seen(permission: Permission, principal: Principal, database: sa.Connection) -> list[str]:
    reached = permission.reach(principal)
    condition = reached.condition(cases.c.branch, department=cases.c.department, owner=cases.c.owner)
    assert [row["branch"] for row in HANDLED if reached.includes(**row)] == list(
        database.scalars(sa.select(cases.c.branch).where(condition).order_by(cases.c.branch))
    )
    return list(database.scalars(sa.select(cases.c.branch).where(condition).order_by(cases.c.branch)))


@pytest.mark.parametrize(
    ("role", "place", "rows"),
    [
        (Role.COMPLAINT_AGENT, "sh-02", []),
        (Role.COMPLAINT_AGENT, "sh-01/sales", ["sh-01"]),
        (Role.COMPLAINT_AGENT, GROUP, ["bj-01", "sh-01"]),
        (Role.DEPARTMENT_HEAD, "sh-02/sales", []),
        (Role.DEPARTMENT_HEAD, "sh-02/after_sales", ["sh-02"]),
        (Role.DEPARTMENT_HEAD, "sh-02", ["sh-02"]),
        (Role.GENERAL_MANAGER, "sh-02/sales", ["sh-02"]),
    ],
)
def test_own_work_and_departments_reach_no_further(
    role: Role, place: str, rows: list[str], database: sa.Connection
) -> None:
    assert seen(handling(), person((role, place)), database) == rows


def test_a_reach_whose_column_a_list_does_not_have_reaches_nothing(database: sa.Connection) -> None:
    reached = handling().reach(person((Role.COMPLAINT_AGENT, "sh-01"), (Role.DEPARTMENT_HEAD, "sh-02/after_sales")))
    assert list(database.scalars(sa.select(cases.c.branch).where(reached.condition(cases.c.branch)))) == []


@pytest.mark.parametrize("role", [Role.DEPARTMENT_HEAD, Role.GENERAL_MANAGER, Role.AREA_MANAGER])
def test_a_role_sees_the_place_it_was_granted_at(role: Role, database: sa.Connection) -> None:
    permission, anna = handling(), person((role, "sh-01"))
    assert permission.allows(anna)
    assert seen(permission, anna, database) == ["sh-01"]


def test_several_grants_see_all_their_places(database: sa.Connection) -> None:
    anna = person((Role.GENERAL_MANAGER, "sh-02"), (Role.DEPARTMENT_HEAD, "bj-01"))
    assert seen(handling(), anna, database) == ["bj-01", "sh-02"]


@pytest.mark.parametrize(
    "grant", [(Role.GENERAL_MANAGER, GROUP), (Role.CALL_CENTRE, GROUP), (Role.CALL_CENTRE, "sh-01")]
)
def test_a_grant_for_the_group_or_a_role_that_reaches_it_sees_everything(
    grant: tuple[Role, str], database: sa.Connection
) -> None:
    permission, anna = handling(), person((Role.DEPARTMENT_HEAD, "bj-01"), grant)
    assert seen(permission, anna, database) == ["bj-01", "sh-01", "sh-02"]
    assert permission.reach(anna).includes("a branch of tomorrow")


def test_a_role_that_the_permission_does_not_name_sees_nothing(database: sa.Connection) -> None:
    permission, anna = handling(), person((Role.ARCHIVIST, GROUP), (Role.FRONT_DESK, "sh-01"))
    assert not permission.allows(anna)
    assert seen(permission, anna, database) == []
    assert not permission.reach(anna).includes("sh-01")


def test_a_place_counts_only_for_the_role_it_was_granted_with(database: sa.Connection) -> None:
    anna = person((Role.GENERAL_MANAGER, "sh-01"), (Role.ARCHIVIST, "sh-02"))
    assert seen(handling(), anna, database) == ["sh-01"]


def test_a_machine_with_the_scope_sees_everything_and_one_without_it_nothing(
    database: sa.Connection,
) -> None:
    permission = handling()
    assert permission.allows(machine(Scope.COMPLAINT_READ, "openid"))
    assert seen(permission, machine(Scope.COMPLAINT_READ), database) == ["bj-01", "sh-01", "sh-02"]
    assert not permission.allows(machine(Scope.COMPLAINT_TAKE))
    assert seen(permission, machine(), database) == []


def test_the_scopes_of_an_application_give_its_user_nothing(database: sa.Connection) -> None:
    permission, anna = handling(), person((Role.ARCHIVIST, "sh-01"), scopes=(Scope.COMPLAINT_READ,))
    assert not permission.allows(anna)
    assert seen(permission, anna, database) == []


def test_the_public_is_asked_for_nothing() -> None:
    assert PUBLIC.allows(None)


def test_every_permission_stands_in_the_matrix_under_its_own_name(matrix: dict[str, Permission]) -> None:
    permission = handling()
    assert matrix == {"complaint.handle": permission}
    with pytest.raises(ValueError, match=r"two permissions are called complaint\.handle"):
        handling()
