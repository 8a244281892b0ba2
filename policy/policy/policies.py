"""Policies: what a profile says about a service's subject, as validated, versioned data with a date (P01.18).

A value comes from the branch's own layer, else from its profile's, else from the group's; each layer starts with
what ships in the code, with the rule each value rests on, and is changed by approved versions from a date on. A
running case keeps the day it was opened under: what was effective then never changes afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, ClassVar, Self, TypeVar, cast
from uuid import UUID

import structlog
from chassis.failures import passes_by_itself
from chassis.problems import Refused
from chassis.runtime import Runtime
from chassis.store import Store
from chassis.tx import Tx
from contracts.staff import Profile
from pydantic import BaseModel, ConfigDict, Field

from policy import tables
from policy.approvals import Holdable, action
from policy.calendar import civil
from policy.directory import Directory

log = structlog.get_logger()

PART = "policies"
LOOK = 2.0

_APPROVED = """SELECT id, policy, layer, "values", effective_on FROM kehu.policy_versions
    WHERE state = 'approved' ORDER BY effective_on, decided_at, id"""
_COUNT = "SELECT count(*), max(decided_at) FROM kehu.policy_versions WHERE state = 'approved'"


class NotSet(Refused):
    """A decision needs a value that no layer of the policy sets: the original has lost it, or nobody has set it."""

    title = "The policy does not set this"
    zh = "制度尚未规定此项数值，无法办理。请联系制度管理人补充。"


def rule(*rules: str, default: Any = None, ours: bool = False, zh: str = "", reading: str | None = None) -> Any:
    """A value of a policy: its shipped default for the group, and the rules it rests on.

    `ours` marks a default that the originals do not give (†), `reading` the entry of READINGS it depends on.
    None means "not set". `zh` is its Chinese name.
    """
    return Field(
        default,
        validate_default=True,
        json_schema_extra={"rules": list(rules), "ours": ours, "zh": zh, "reading": reading},
    )


class Policy(BaseModel):
    """What a service may be told about its subject; every field is declared with `rule`.

    `SHIPPED` holds what the profiles say otherwise than the group. A value stored before a field existed, or for
    a field that is no more, does no harm.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    #: the name under which versions are stored
    NAME: ClassVar[str] = ""
    SHIPPED: ClassVar[Mapping[Profile, Mapping[str, Any]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        if POLICIES.setdefault(cls.NAME, cls).__qualname__ != cls.__qualname__:
            raise TypeError(f"two policies are called {cls.NAME}")
        for values in cls.SHIPPED.values():
            cls.checked(values)

    @classmethod
    def about(cls, name: str) -> dict[str, Any]:
        """What `rule` said of a field."""
        return cast("dict[str, Any]", cls.model_fields[name].json_schema_extra)

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as they are stored; ValueError for an unknown field, ValidationError for what does not fit."""
        unknown = sorted(set(values) - set(cls.model_fields))
        if unknown:
            raise ValueError(f"{cls.NAME} has no {', '.join(unknown)}")
        read = cls.model_validate(dict(values))
        return read.model_dump(mode="json", include=set(values))

    def need(self, name: str) -> Any:
        """A value that a decision cannot do without; `NotSet`, naming it and its rules, where no layer sets it."""
        value = getattr(self, name)
        if value is None:
            raise NotSet(
                f"{self.NAME}.{name} is not set for this branch, and this decision needs it. Have it set first.",
                rules=self.about(name)["rules"],
                value=f"{self.NAME}.{name}",
            )
        return value


POLICIES: dict[str, type[Policy]] = {}
P = TypeVar("P", bound=Policy)


class VersionState(StrEnum):
    """Where a proposed change stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass
class Version(Holdable):
    """A change of one layer of a policy, from a day on, once it is approved."""

    id: UUID
    policy: str
    layer: str
    values: dict[str, Any]
    effective_on: date
    state: VersionState
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_at: datetime | None = None
    held: dict[str, Any] = field(default_factory=dict)
    version: int = 1
    sequence: int = 0

    @action("approve")
    def postpone(self, effective_on: date) -> None:
        """It holds from a later day on than was proposed."""
        self.effective_on = effective_on

    @action("approve")
    def approve(self, at: datetime) -> None:
        """It holds from its day on."""
        self.state, self.decided_at = VersionState.APPROVED, at

    @action("end")
    def end(self, state: VersionState, at: datetime) -> None:
        """It was refused or taken back."""
        self.state, self.decided_at = state, at


VERSIONS = Store(tables.policy_versions, Version)


@dataclass(frozen=True)
class Stored:
    """An approved change as it is read for resolving."""

    id: UUID
    layer: str
    values: Mapping[str, Any]
    effective_on: date


@dataclass(frozen=True)
class Source:
    """Where a value comes from: the layer, the version of it (None: as shipped), since when."""

    layer: str
    version: UUID | None
    effective_on: date | None


@dataclass
class Policies:
    """This process's copy of the approved versions."""

    runtime: Runtime
    stored: dict[str, list[Stored]] = field(default_factory=dict)
    _stamp: Any = None
    _resolved: dict[tuple[str, str, str, date], Policy] = field(default_factory=dict)

    @classmethod
    def of(cls, runtime: Runtime) -> Self:
        """The policies of the process."""
        return cast("Self", runtime.parts[PART])

    def under(self, kind: type[P], profile: str, branch: str, on: date) -> P:
        """The policy as it holds for a branch under a profile on a day; the same day always gives the same values."""
        # branches that nothing was set for have their profile's policy, one for all of them
        own = any(one.layer == f"branch:{branch}" for one in self.stored.get(kind.NAME, ()))
        key = (kind.NAME, profile, branch if own else "", on)
        found = self._resolved.get(key)
        if found is None:
            if len(self._resolved) > 20_000:
                self._resolved.clear()
            values = {name: value for name, (value, _) in self.explain(kind, profile, branch, on).items()}
            found = self._resolved[key] = kind.model_validate(values)
        return cast("P", found)

    def explain(self, kind: type[Policy], profile: str, branch: str, on: date) -> dict[str, tuple[Any, Source]]:
        """Each value as it is stored, and where it comes from."""
        found: dict[str, tuple[Any, Source]] = {
            name: (value, Source("group", None, None)) for name, value in kind().model_dump(mode="json").items()
        }
        shipped = {f"profile:{profile}": kind.checked(kind.SHIPPED.get(_profile(profile), {}))}
        for layer in ("group", f"profile:{profile}", f"branch:{branch}"):
            for name, value in shipped.get(layer, {}).items():
                found[name] = (value, Source(layer, None, None))
            newest = None
            for one in self.stored.get(kind.NAME, ()):
                if one.layer == layer and one.effective_on <= on:
                    newest = one
            if newest is not None:
                for name, value in newest.values.items():
                    if name in found:
                        found[name] = (value, Source(layer, newest.id, newest.effective_on))
        return found

    async def refresh(self) -> bool:
        """Look at the database again; whether anything had changed."""
        (stamp,) = [tuple(row) for row in await self.runtime.glance(_COUNT)]
        if stamp == self._stamp:
            return False
        stored: dict[str, list[Stored]] = {}
        for row in await self.runtime.glance(_APPROVED):
            one = Stored(row["id"], row["layer"], row["values"], row["effective_on"])
            stored.setdefault(row["policy"], []).append(one)
        self.stored, self._stamp = stored, stamp
        self._resolved.clear()
        return True


@lru_cache
def _profile(name: str) -> Profile:
    """A profile by name; one that this code does not know is the group's."""
    return Profile(name) if name in set(Profile) else Profile.GROUP


def policy(tx: Tx, kind: type[P], branch: str, on: datetime | date) -> P:
    """What holds for a branch on a day, under the profile it runs now."""
    return policy_under(tx, kind, Directory.of(tx.runtime).profile(branch), branch, on)


def policy_under(tx: Tx, kind: type[P], profile: str, branch: str, on: datetime | date) -> P:
    """What held on the civil day of an instant under a profile: of a case, those it was opened under."""
    return Policies.of(tx.runtime).under(kind, profile, branch, civil(on) if isinstance(on, datetime) else on)


def next_monday(today: date) -> date:
    """From when a change holds that names no day."""
    return today + timedelta(days=7 - today.weekday())


@asynccontextmanager
async def versions(runtime: Runtime) -> AsyncIterator[None]:
    """The approved versions, read once and then watched, while a process runs."""
    policies = Policies(runtime)
    runtime.parts[PART] = policies
    await policies.refresh()
    watching = asyncio.create_task(_watch(policies))
    try:
        yield
    finally:
        watching.cancel()


async def _watch(policies: Policies) -> None:
    while True:
        await asyncio.sleep(LOOK)
        try:
            await policies.refresh()
        except Exception as error:
            if not passes_by_itself(error):
                log.error("the policies cannot be read, older ones are used", exc_info=error)
