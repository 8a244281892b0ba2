"""Staff for the tests: people with roles, as `staff.state` tells of them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import NAMESPACE_URL, UUID, uuid5

from chassis.kit.stage import Stage
from contracts.staff import Employment, GrantLine, PersonEntry
from policy.directory import Directory

_sequences: dict[tuple[int, UUID], int] = {}


async def hire(
    stage: Stage,
    subject: str,
    *grants: str,
    employment: Employment = Employment.ACTIVE,
    on_behalf_of: str | None = None,
    until: datetime | None = None,
) -> None:
    """Tell that somebody holds these roles (`role@place`) from now on, and no others."""
    person = uuid5(NAMESPACE_URL, subject)
    key = (id(stage), person)
    _sequences[key] = _sequences.get(key, 0) + 1
    lines = []
    for grant in grants:
        role, _, place = grant.partition("@")
        since = datetime(2020, 1, 1, tzinfo=UTC)
        lines.append(GrantLine(role=role, place=place, from_at=since, until_at=until, on_behalf_of=on_behalf_of))
    entry = PersonEntry(
        person_id=person, subject=subject, employment=employment, branch="sh-pudong", department=None, grants=lines
    )
    await stage.receive(entry, key=str(person), sequence=_sequences[key])
    await Directory.of(stage.runtime).refresh()
