"""What tests of serious complaints share: policy values set, people who act, the bus passed on."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
from chassis.ids import uuid7
from chassis.kit.stage import Stage
from policy.policies import Policies


async def set_policy(stage: Stage, policy: str, layer: str, *, since: date = date(2020, 1, 1), **values: Any) -> None:
    """An approved version of a layer of a policy, as if it had been there for long, or since a day."""
    await stage.rows(
        """INSERT INTO kehu.policy_versions (id, policy, layer, "values", effective_on, state, reason, proposed_by,
               proposed_at, decided_at, held, version, sequence)
           VALUES ($1, $2, $3, $4::jsonb, $5, 'approved', 'test', 'gm-1', now(), now(), '{}', 1, 0) RETURNING id""",
        uuid7(),
        policy,
        layer,
        orjson.dumps(values).decode(),
        since,
    )
    await Policies.of(stage.runtime).refresh()


async def as_(stage: Stage, who: str, method: str, path: str, **more: Any) -> Any:
    """What somebody's request is answered."""
    async with stage.client(subject=who) as person:
        return await person.request(method, path, **more)
