"""The how-to of a brand's rules, as it stands: proposed, approved, explained, and a serious case warned of by them."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from chassis.ids import made_at, uuid7
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from complaint.serious.factory import BrandRules
from contracts.complaint import ComplaintSerious
from contracts.roles import Scope
from contracts.staff import Profile
from contracts.work import WorkItem, WorkState
from policy.calendar import ZONE
from policy.kit import Clock, hire_all, open_branch
from policy.policies import Policies

from ..ladders import as_
from .test_factory import delivered
from .test_serious import ladder, now, step_of, taken

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "state-a-brands-rules.md"
PROPOSAL, AGREEMENT = (
    json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
)
((BRAND, RULES),) = PROPOSAL["values"]["brands"].items()
((MACHINE, _),) = PROPOSAL["values"]["machines"].items()
VIN = "LGBH52E01LY123456"


def archive(request: Request) -> Reply:
    """The archive, where the page's agreement is in force."""
    if request.path == "/token":
        return answered({"access_token": "t", "expires_in": 300})
    return answered({"id": str(uuid4()), **{k: AGREEMENT[k] for k in ("brand", "fields", "purpose", "until_on")}})


@pytest_asyncio.fixture
async def stage(service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer) -> AsyncIterator[Stage]:
    """A dealership and the group ten days ago: a case that is opened now is under what was changed since."""
    async with counterpart(archive) as address:
        more = {"peers": {"archive": address}, "token_endpoint": f"{address}/token"}
        async with staged(service, database, keys, issuer, grants_from="staff", **more) as stage:
            stage.runtime.clock = Clock((made_at(uuid7()) - timedelta(days=10)).astimezone(ZONE))
            await open_branch(stage, "sh-pudong", Profile.DEALERSHIP, region="east")
            people = {"agent-7": "call_centre", "admin-1": "administrator", "gm-0": "general_manager"}
            await hire_all(stage, {who: [f"{role}@group"] for who, role in people.items()})
            await hire_all(
                stage, {"relations-1": ["customer_relations@sh-pudong"], "gm-1": ["general_manager@sh-pudong"]}
            )
            yield stage


async def stated(stage: Stage, proposal: dict[str, Any]) -> dict[str, Any]:
    """Proposed by the group's administrator, approved by its general manager, and ten days have passed."""
    answer = await as_(stage, "admin-1", "POST", "/v1/policies/versions", json=proposal)
    assert answer.status_code == 201, answer.text
    path = f"/v1/approvals/{answer.json()['approval']}"
    shown = (await as_(stage, "gm-0", "GET", path)).json()
    decided = await as_(stage, "gm-0", "POST", f"{path}/decide", json={"grant": True, "digest": shown["digest"]})
    assert decided.status_code == 200, decided.text
    await Policies.of(stage.runtime).refresh()
    assert isinstance(stage.runtime.clock, Clock)
    stage.runtime.clock.later(days=10)
    version: dict[str, Any] = answer.json()
    return version


@pytest.mark.rule("P01.18")
@pytest.mark.rule("P12.8")
async def test_the_rules_of_the_page_hold_everywhere_from_their_day_on(stage: Stage) -> None:
    before = stage.runtime.clock().date()
    version = await stated(stage, PROPOSAL)

    async def explained(on: str) -> dict[str, Any]:
        said = (await as_(stage, "gm-1", "GET", f"/v1/policies/explain?branch=sh-pudong&on={on}")).json()
        return {one["name"]: one for one in said["values"] if one["policy"] == PROPOSAL["policy"]}

    assert (await explained(str(before)))["brands"]["value"] == {}
    holds = await explained(version["effective_on"])
    assert (holds["brands"]["value"], holds["machines"]["value"]) == (
        {BRAND: BrandRules.model_validate(RULES).model_dump(mode="json")}, PROPOSAL["values"]["machines"],
    )  # fmt: skip
    assert (holds["brands"]["layer"], holds["brands"]["version"]) == ("group", version["id"])


@pytest.mark.rule("P05.13")
@pytest.mark.rule("P12.8")
async def test_a_serious_case_of_the_brand_is_sent_as_the_page_states_it(stage: Stage) -> None:
    await stated(stage, PROPOSAL)
    vehicle = {"brand": BRAND, "series": "轩逸", "model": "2020款"}
    case = await taken(stage, serious=["to_manufacturer"], vehicle=vehicle)
    (at_once,) = await stage.outbox(ComplaintSerious)
    await stage.deliver_outbox()
    step = step_of(await ladder(stage, case), "factory")
    assert (step["state"], step["place"], step["answers"], step["missing"]) == (
        "open",
        BRAND,
        RULES["answers"],
        ["vin"],
    )
    assert RULES["within"] == "12 hours"
    assert datetime.fromisoformat(step["due_at"]) == now(stage) + timedelta(hours=12)
    owed = [t.message for t in await stage.outbox(WorkItem)]
    assert (WorkState.OPEN, "serious.complete") in [(one.state, one.kind) for one in owed if isinstance(one, WorkItem)]
    await as_(stage, "relations-1", "POST", f"{case['path']}/facts", json={"vin": VIN})
    warning = (await stage.outbox(ComplaintSerious))[-1]
    sent = warning.message.model_dump(mode="json")
    assert {name: sent[name] for name in set(RULES["required"]) & set(sent)} == {
        "series": "轩逸", "model": "2020款", "fault_codes": ["H93"],
    }  # fmt: skip
    opened = datetime.fromisoformat(sent["taken_at"]).astimezone(ZONE)
    assert sent["paper"] == {
        "format": RULES["format"],
        "lines": {
            "文件类别": "重大投诉预警",
            "专营店代码": "DFN-3107",
            "受理日期": f"{opened:%Y-%m-%d}",
            "车系": "轩逸",
            "年款": None,
            "故障代码": "H93",
            "投诉性质": "厂家投诉",
            "情况说明": sent["summary"],
        },
    }
    assert list(sent["paper"]["lines"]) == [line["name"] for line in RULES["paper"]]
    assert at_once.message.model_dump(mode="json")["paper"] == sent["paper"], "what the intake sends is on it too"
    assert VIN not in str(sent)
    async with stage.client(subject=MACHINE, scopes=(Scope.COMPLAINT_DETAIL.value,)) as factory:
        given = await factory.get(sent["detail"])
    assert given.status_code == 200, given.text
    assert set(given.json()["fields"]) == set(AGREEMENT["fields"]) > set(RULES["required"])
    assert given.json()["fields"]["vin"] == VIN
    await stage.deliver_outbox()
    assert step_of(await ladder(stage, case), "factory")["state"] == "open"
    await delivered(stage, warning.event_id, now(stage))
    assert step_of(await ladder(stage, case), "factory")["state"] == "met"


@pytest.mark.rule("P12.8")
@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"within": "bald"}, "within"),
        ({"required": ["shoe_size"]}, "required/0"),
        ({"channel": "fax"}, "channel"),
        ({"answers": "the boss"}, "answers"),
        ({"deadline": "12 hours"}, "deadline"),
        ({"paper": [{"name": "车主电话", "field": "phone"}]}, "paper/0/field"),
        ({"paper": [{"name": "日期"}]}, "paper/0"),
        ({"paper": [{"name": "车系", "field": "series", "written": "date"}]}, "paper/0"),
        ({"paper": [{"name": "车系", "field": "series", "joined": "、"}]}, "paper/0"),
    ],
)
async def test_what_is_stated_wrongly_is_refused_with_its_place(
    stage: Stage, wrong: dict[str, Any], place: str
) -> None:
    proposal = {**PROPOSAL, "values": {"brands": {BRAND: {**RULES, **wrong}}}}
    answer = await as_(stage, "admin-1", "POST", "/v1/policies/versions", json=proposal)
    assert answer.status_code == 422, answer.text
    assert [one["pointer"] for one in answer.json()["errors"]] == [f"/values/brands/{BRAND}/{place}"]
