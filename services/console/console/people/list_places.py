"""Lists branches and the names of roles, for screens to choose from and to speak of them."""

from __future__ import annotations

from chassis.http import get
from chassis.runtime import Runtime
from contracts.roles import Role
from policy.directory import Directory
from policy.list_obligations import READ_WORK
from pydantic import BaseModel

RULES: tuple[str, ...] = ()


class BranchLine(BaseModel):
    """A branch that staff knows."""

    branch: str
    profile: str
    region: str | None


class RoleLine(BaseModel):
    """A role and its names."""

    role: str
    zh: str
    en: str


class Places(BaseModel):
    """What there is."""

    branches: list[BranchLine]
    roles: list[RoleLine]


@get("/v1/places", needs=READ_WORK)
async def list_places(runtime: Runtime) -> Places:
    """Every branch of the staff directory, every role of the vocabulary."""
    branches = sorted(Directory.of(runtime).branches.values(), key=lambda branch: branch.name)
    return Places(
        branches=[BranchLine(branch=b.name, profile=b.profile, region=b.region) for b in branches],
        roles=[RoleLine(role=role.value, zh=role.zh, en=role.en) for role in Role],
    )
