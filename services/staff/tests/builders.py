"""What tests of the directory begin with: branches that are open, people who have joined."""

from __future__ import annotations

from typing import Any

from chassis.kit.stage import Stage

ADMIN = "administrator@group"


async def opened(stage: Stage, branch: str = "sh-pudong", **changes: Any) -> dict[str, Any]:
    """A branch that was opened."""
    form = {
        "branch": branch,
        "title": "上海浦东4S店",
        "kind": "dealership",
        "profile": "dealership",
        "region": "east",
        "departments": [{"department": "after_sales", "title": "售后部"}, {"department": "sales", "title": "销售部"}],
    }
    async with stage.client(ADMIN, subject="admin") as admin:
        answer = await admin.post("/v1/branches", json={**form, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def joined(stage: Stage, subject: str, *roles: str, **changes: Any) -> dict[str, Any]:
    """Somebody who joined with these roles (`role@place`)."""
    parted = [role.split("@") for role in roles]
    form = {
        "subject": subject,
        "name": "李小敏",
        "branch": "sh-pudong",
        "roles": [{"role": role, "place": place} for role, place in parted],
    }
    async with stage.client(ADMIN, subject="admin") as admin:
        answer = await admin.post("/v1/people", json={**form, **changes})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found
