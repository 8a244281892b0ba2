"""Changes what a policy says of the group, a profile or a branch: proposed, approved, in force from a day on (P01.18).

What is in force already is never changed: the day lies ahead when it is approved, next Monday where none is named.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from chassis.auth import Principal
from chassis.http import Cursor, Limit, Page, get, post
from chassis.ids import uuid7
from chassis.lists import newest_first
from chassis.problems import Invalid, NotFound, of_validation
from chassis.tx import Tx
from chassis.wrong import FieldError, Wrong
from contracts.roles import Role
from contracts.staff import Profile
from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policy.access import GROUP, Permission, Reach
from policy.approvals import Approval, Asked, AskedState, Chain, Seat, ask, granted, refused
from policy.calendar import civil
from policy.directory import Directory
from policy.list_obligations import READ_WORK
from policy.policies import POLICIES, VERSIONS, Policies, Policy, Version, VersionState, next_monday, policy, rule
from policy.reasons import SAID, Reason, say, words_of
from policy.tables import policy_versions

RULES = ("P01.18",)

_DRAFTERS = (
    Role.ADMINISTRATOR,
    Role.GENERAL_MANAGER,
    Role.HR_ADMIN_MANAGER,
    Role.DEPARTMENT_HEAD,
    Role.DEPARTMENT_MANAGER,
    Role.CUSTOMER_SERVICE_MANAGER,
    Role.RELATIONS_MANAGER,
)
CHANGE_POLICY = Permission("policies.change", dict.fromkeys(_DRAFTERS, Reach.BRANCH))
CHANGE = Approval("policy.change", RULES, frozenset({"approve", "end"}), "制度修订", "a change of policy")


class ChangePolicy(Policy):
    """How policies themselves are changed."""

    NAME = "policies"

    branch_change: Chain = rule("P01.18", zh="分支机构制度修订的审批", default=((Seat(role=Role.GENERAL_MANAGER),),))
    group_change: Chain = rule(
        "P01.18", zh="集团制度修订的审批", default=((Seat(role=Role.GENERAL_MANAGER, place="group"),),)
    )


class Proposal(BaseModel):
    """What a layer shall say: all of it, since it takes the place of what the layer said before."""

    model_config = ConfigDict(extra="forbid")

    policy: Annotated[str, Field(max_length=60)]
    layer: Annotated[str, Field(max_length=100, pattern=r"^(group|profile:[a-z_]+|branch:[a-z0-9-]+)$")]
    values: Annotated[dict[str, Any], Field(max_length=100)]
    effective_on: date | None = None
    reason: Reason


class VersionView(BaseModel):
    """A change of a layer, and where it stands."""

    id: UUID
    policy: str
    layer: str
    values: dict[str, Any]
    effective_on: date
    state: VersionState
    reason: str | None
    proposed_by: str
    proposed_at: datetime
    decided_at: datetime | None
    approval: UUID | None
    rules: list[str]
    version: int


async def _views(found: list[Version], tx: Tx) -> list[VersionView]:
    words = await words_of(tx, [one.id for one in found if one.reason == SAID], why="policy")
    return [_view(one, words.get(one.id) if one.reason == SAID else one.reason) for one in found]


def _view(one: Version, reason: str | None) -> VersionView:
    return VersionView(
        id=one.id,
        policy=one.policy,
        layer=one.layer,
        values=one.values,
        effective_on=one.effective_on,
        state=one.state,
        reason=reason,
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        decided_at=one.decided_at,
        approval=one.held.get(CHANGE.name, {}).get("id"),
        rules=list(RULES),
        version=one.version,
    )


@post("/v1/policies/versions", needs=CHANGE_POLICY, status=201)
async def propose_version(proposal: Proposal, principal: Principal, tx: Tx) -> VersionView:
    """Propose what a layer of a policy shall say from a day on; it holds once the general manager has approved it."""
    kind = _kind(proposal.policy)
    where, _, name = proposal.layer.partition(":")
    _check_layer(where, name, principal)
    try:
        values = kind.checked(proposal.values)
    except ValidationError as error:
        places: list[FieldError] = [
            {**one, "pointer": f"/values{one['pointer']}"} for one in of_validation(error).errors
        ]
        raise Invalid("A value does not fit; `errors` names it.", errors=places) from None
    except ValueError as error:
        raise Invalid(f"{error}. Read the policy to see what it has.") from None
    today = civil(tx.now)
    effective_on = proposal.effective_on or next_monday(today)
    if effective_on <= today:
        raise Invalid(
            "A change holds from a later day on: what was in force stays as it was.",
            errors=[Wrong.NOT_BEFORE.at("/effective_on", limit=today + timedelta(days=1))],
            rules=RULES,
        )
    one = Version(
        id=uuid7(),
        policy=kind.NAME,
        layer=proposal.layer,
        values=values,
        effective_on=effective_on,
        state=VersionState.PROPOSED,
        reason=SAID,
        proposed_by=principal.subject,
        proposed_at=tx.now,
    )
    tx.add(one)
    kept = await say(tx, one.id, one.id, proposal.reason)
    branch = name if where == "branch" else GROUP
    own = policy(tx, ChangePolicy, branch, tx.now)
    ask(
        tx,
        CHANGE,
        one,
        {"policy": one.policy, "layer": one.layer, "values": values, "effective_on": str(effective_on),
         "reason": hashlib.sha256(kept.sealed).hexdigest()},
        chain=own.branch_change if where == "branch" else own.group_change,
        by=principal.subject,
        branch=branch,
        path=f"/v1/policies/versions/{one.id}",
    )  # fmt: skip
    await tx.flush()
    return (await _views([one], tx))[0]


def _check_layer(where: str, name: str, principal: Principal) -> None:
    """The layer exists and is the caller's to change: a branch by its own people, the rest by the group's."""
    if where == "profile" and name not in set(Profile):
        raise Invalid(
            "There is no such profile.",
            errors=[Wrong.NOT_AMONG.at("/layer", limit=", ".join(f"profile:{one}" for one in Profile))],
        )
    reach = CHANGE_POLICY.reach(principal)
    if not (reach.includes(name) if where == "branch" else reach.everywhere):
        raise NotFound("There is no such layer within your reach. A branch changes its own: branch:<name>.")


def _kind(name: str) -> type[Policy]:
    if name not in POLICIES:
        raise Invalid(
            "There is no such policy here.",
            errors=[Wrong.NOT_AMONG.at("/policy", limit=", ".join(sorted(POLICIES)))],
        )
    return POLICIES[name]


@granted(CHANGE, VERSIONS)
def approve_version(one: Version, asked: Asked, tx: Tx) -> None:
    """It holds from its day on, or from next Monday where the approval came too late for that."""
    if one.effective_on <= civil(tx.now):
        one.postpone(next_monday(civil(tx.now)))
    one.approve(tx.now)


@refused(CHANGE)
def drop_version(one: Version, asked: Asked, tx: Tx) -> None:
    """Nothing changes."""
    state = VersionState.WITHDRAWN if asked.state is AskedState.WITHDRAWN else VersionState.REFUSED
    one.end(state, tx.now)


@get("/v1/policies/versions", needs=READ_WORK)
async def list_versions(
    tx: Tx,
    policy: Annotated[str | None, Query(max_length=60)] = None,
    layer: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[VersionView]:
    """What was proposed and approved, newest first."""
    wanted = []
    if policy is not None:
        wanted.append(policy_versions.c.policy == policy)
    if layer is not None:
        wanted.append(policy_versions.c.layer == layer)
    found, following = await newest_first(tx, VERSIONS, wanted, limit, cursor)
    return Page(items=await _views(found, tx), next=following)


@get("/v1/policies/versions/{version_id}", needs=READ_WORK)
async def read_version(version_id: UUID, tx: Tx) -> VersionView:
    """One change."""
    return (await _views([await tx.get(VERSIONS, version_id, lock=False)], tx))[0]


class ValueView(BaseModel):
    """A value that holds, where it comes from, and the rules it rests on.

    `layer` is the highest one that sets it, `version` the change that did (null: as shipped), `ours` marks a default
    that the originals do not give, `is_set` False what they have lost: a decision that needs it is held.
    """

    policy: str
    name: str
    name_zh: str
    value: Any
    is_set: bool
    layer: str
    version: UUID | None
    effective_on: date | None
    rules: list[str]
    ours: bool
    reading: str | None


class Explained(BaseModel):
    """What holds for a branch on a day, value by value."""

    branch: str
    profile: str
    on: date
    values: list[ValueView]


@get("/v1/policies/explain", needs=READ_WORK)
async def explain_policies(
    tx: Tx,
    branch: Annotated[str, Query(max_length=100, pattern=r"^[a-z0-9-]+$")],
    on: Annotated[date | None, Query(description="today, where no day is named")] = None,
    profile: Annotated[
        Profile | None, Query(description="of a case, the one that it was opened under; else the branch's of today")
    ] = None,
) -> Explained:
    """Each value that holds for a branch on a day: where it comes from, and which rule it rests on.

    With the profile and the day of a case it says what that case is handled by, whatever its branch runs under now.
    """
    day = on or civil(tx.now)
    today, century = civil(tx.now), timedelta(days=36_500)
    if abs(day - today) > century:
        span = f"{today - century} – {today + century}"
        raise Invalid("Name a day within a hundred years.", errors=[Wrong.BETWEEN.at("/on", limit=span)])
    policies, under = Policies.of(tx.runtime), profile or Directory.of(tx.runtime).profile(branch)
    values = []
    for kind in sorted(POLICIES.values(), key=lambda kind: kind.NAME):
        for name, (value, source) in policies.explain(kind, under, branch, day).items():
            about = kind.about(name)
            values.append(
                ValueView(
                    policy=kind.NAME,
                    name=name,
                    name_zh=about["zh"],
                    value=value,
                    is_set=value is not None,
                    layer=source.layer,
                    version=source.version,
                    effective_on=source.effective_on,
                    rules=about["rules"],
                    ours=about["ours"] and source.version is None,
                    reading=about["reading"],
                )
            )
    return Explained(branch=branch, profile=under, on=day, values=values)
