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
    # a role that is held for oneself and for another is one
    found = sorted({(grant.role, grant.place) for grant in principal.grants}, key=lambda one: (one[0].value, one[1]))
    views = [GrantView(role=role.value, zh=role.zh, en=role.en, place=place) for role, place in found]
    return Me(subject=principal.subject, grants=views)
