"""Every handler bears every released form of its messages, and the same message twice has the effect of once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from chassis.ids import uuid7
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.message import MESSAGES, Entry
from contracts.release import releases


async def test_every_released_example_is_survived_and_counts_once(stage: Stage, service: Service) -> None:
    taken = {handler.message.TYPE for handler in [*service.reactions, *service.projections]}
    for release in releases():
        if release.type not in taken:
            continue
        kind = MESSAGES[release.type]
        records = []
        for n, example in enumerate(release.examples):
            message = kind.model_validate_json(json.dumps(example))
            sequence = n + 1 if issubclass(kind, Entry) else 1
            records.append(await stage.receive(message, key=key_of(example), sequence=sequence, event_id=uuid7()))
        once = await everything(stage)
        for record in records:
            await stage.consumer.consume([record])
        again = await everything(stage)
        assert again == once, (release.type, {name for name in once if again.get(name) != once[name]})
    assert await stage.rows("SELECT handler, error FROM kehu.parked") == []


def key_of(example: dict[str, Any]) -> str:
    """An id that the message speaks of, as its key would be."""
    ids = [value for value in example.values() if is_id(value)]
    return ids[0] if ids else str(uuid4())


def is_id(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


async def everything(stage: Stage) -> dict[str, str]:
    """A digest of every table of the service's database, but the time of the last look."""
    names = await stage.rows(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname IN ('public', 'kehu') "
        "AND tablename NOT LIKE 'alembic%' AND tablename <> 'freshness' ORDER BY 1"
    )
    one = "SELECT '{0}' AS name, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {0} t"
    return dict(await stage.rows(" UNION ALL ".join(one.format(name) for (name,) in names)))
