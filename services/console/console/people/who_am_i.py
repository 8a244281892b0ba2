"""Says as what the caller may act, in both languages."""

from __future__ import annotations

from chassis.auth import Principal
from chassis.http import get
from policy.list_obligations import READ_WORK
from pydantic import BaseModel

RULES: tuple[str, ...] = ()


class GrantView(BaseModel):
    """A role at a place."""

    role: str
    zh: str
    en: str
    place: str


class Me(BaseModel):
    """The caller."""

    subject: str
    grants: list[GrantView]


@get("/v1/me", needs=READ_WORK)
async def who_am_i(principal: Principal) -> Me:
    """Your roles and their places, as they hold now."""
    found = sorted(principal.grants, key=lambda grant: (grant.role.value, grant.place))
    views = [GrantView(role=g.role.value, zh=g.role.zh, en=g.role.en, place=g.place) for g in found]
    return Me(subject=principal.subject, grants=views)
