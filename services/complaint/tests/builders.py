"""A staffed stage, and a case taken as far as a test needs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.staff import Profile
from contracts.work import WorkItem
from policy.calendar import ZONE
from policy.kit import Clock, hire_all, open_branch, open_branches

BRANCHES = {
    "bj-services": Profile.SERVICES,
    "sh-pudong": Profile.DEALERSHIP,
    "hz-store-3": Profile.RETAIL,
    "sz-garden": Profile.PROPERTY,
    "gz-gps": Profile.GPS,
    "nj-clinic": Profile.HOSPITAL,
}
PEOPLE = {
    "agent-7": ["call_centre@group"],
    "group-1": ["group_customer_service@group"],
    "hr-1": ["hr_admin_manager@bj-services", "hr_admin_manager@nj-clinic"],
    "head-1": ["department_supervisor@bj-services/service", "department_head@bj-services/service"],
    "manager-1": ["department_manager@bj-services/service"],
    "gm-1": ["general_manager@bj-services", "general_manager@nj-clinic"],
    "relations-1": ["customer_relations@sh-pudong"],
    "relations-2": ["relations_manager@sh-pudong"],
    "adviser-1": ["service_adviser@sh-pudong"],
    "gm-2": ["general_manager@sh-pudong"],
    "shop-1": ["department_supervisor@hz-store-3"],
    "shop-2": ["department_manager@hz-store-3"],
    "quality-1": ["department_supervisor@hz-store-3/quality"],
    "quality-2": ["department_manager@hz-store-3/quality"],
    "hr-3": ["hr_admin@hz-store-3"],
    "ops-3": ["operations_customer_service@hz-store-3"],
    "gm-3": ["general_manager@hz-store-3"],
    "property-1": ["property@sz-garden"],
    "property-2": ["property_manager@sz-garden"],
    "gps-1": ["service_agent@gz-gps"],
    "gps-2": ["division_manager@gz-gps"],
    "nurse-1": ["department_head@nj-clinic/surgery"],
}
MONDAY = datetime(2026, 3, 2, 9, 15, tzinfo=ZONE)


@asynccontextmanager
async def staffed(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, now: datetime = MONDAY, **more: Any
) -> AsyncIterator[Stage]:
    """A branch of every profile, with its people; who may do what the staff directory says. `more` are settings."""
    async with staged(service, database, keys, issuer, grants_from="staff", **more) as stage:
        stage.runtime.clock = Clock(now)
        await open_branches(stage, BRANCHES, region="east")
        await hire_all(stage, PEOPLE)
        yield stage


async def title_branch(stage: Stage, title: str = "北京服务店", service: str = "服务部") -> None:
    """What people call bj-services and its department from now on."""
    await open_branch(
        stage, "bj-services", Profile.SERVICES, region="east", title=title, departments={"service": service}
    )


def form(**changes: Any) -> dict[str, Any]:
    """A complaint as it is taken."""
    return {
        "branch": "bj-services",
        "channel": "phone",
        "caller": {"name": "王小芳", "phone": "138 0013 8000"},
        "vehicle": {"brand": "东风日产", "series": "轩逸"},
        "text": "王小芳说变速箱抖动, 三次维修未解决",
        "demand": "更换变速箱",
        **changes,
    }


class Handled:
    """A case on its way: every step is a request of somebody."""

    def __init__(self, stage: Stage, taken: dict[str, Any]) -> None:
        self.stage = stage
        self.id: str = taken["id"]
        self.path: str = taken["path"]
        self.number: str = taken["number"]

    @classmethod
    async def taken(cls, stage: Stage, branch: str, **changes: Any) -> Handled:
        """Taken by the call centre, and everything that follows by itself has followed."""
        async with stage.client(subject="agent-7") as agent:
            answer = await agent.post("/v1/complaints", json=form(branch=branch, **changes))
        assert answer.status_code == 201, answer.text
        await stage.deliver_outbox()
        return cls(stage, answer.json())

    async def post(self, who: str, step: str, body: Any = None, **headers: str) -> Any:
        """What is answered to a step."""
        async with self.stage.client(subject=who, **headers) as person:
            return await person.post(f"{self.path}/{step}", json={} if body is None else body)

    async def did(self, who: str, step: str, body: Any = None) -> dict[str, Any]:
        """A step that is taken."""
        answer = await self.post(who, step, body)
        assert answer.status_code in (200, 201, 204), f"{step}: {answer.text}"
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def refused(self, who: str, step: str, body: Any = None) -> dict[str, Any]:
        """A step that is not; the problem."""
        answer = await self.post(who, step, body)
        assert answer.status_code >= 400, f"{step}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, who: str, path: str = "") -> Any:
        """What is shown to somebody."""
        async with self.stage.client(subject=who) as person:
            return await person.get(self.path + path)

    async def approved(self, who: str, *, grant: bool = True, reason: str | None = None, subject: str = "") -> Any:
        """The open approval about the case (or about `subject`), decided by somebody."""
        async with self.stage.client(subject=who) as person:
            asked = (await person.get(f"/v1/approvals?subject={subject or self.id}&state=open")).json()["items"]
            assert len(asked) == 1, asked
            body = {"grant": grant, "digest": asked[0]["digest"], "reason": reason}
            return await person.post(f"/v1/approvals/{asked[0]['id']}/decide", json=body)

    async def agreed(self, who: str) -> None:
        """The open approval, granted."""
        answer = await self.approved(who)
        assert answer.status_code == 200, answer.text

    async def clocks(self, who: str = "gm-1") -> dict[str, dict[str, Any]]:
        """What it owes and owed, by duty; the newest of each."""
        async with self.stage.client(subject=who) as person:
            items = (await person.get(f"/v1/obligations?subject={self.id}")).json()["items"]
        return {one["duty"]: one for one in sorted(items, key=lambda one: one["id"])}

    async def owing(self) -> set[str]:
        """The duties that are open."""
        rows = await self.stage.rows(
            "SELECT duty FROM kehu.obligations WHERE subject = $1::uuid AND ended_at IS NULL", self.id
        )
        return {row[0] for row in rows}

    async def state(self) -> str:
        ((state,),) = await self.stage.rows("SELECT state FROM cases WHERE id = $1::uuid", self.id)
        return str(state)


async def work_of(stage: Stage, case: Handled) -> list[WorkItem]:
    """What everybody's work lists were told about a case."""
    told = [t.message for t in await stage.outbox(WorkItem)]
    return [one for one in told if isinstance(one, WorkItem) and one.subject == case.id]


JUDGED = {"reason_holds": True, "demand_holds": True, "opinion": "三次维修未解决, 要求合理"}
REPORT = {
    "cause": "阀体磨损",
    "course": "三次到店, 仅清洗未更换",
    "responsible": [],
    "responsibility": "诊断流程缺失, 无个人责任",
    "conclusion": "投诉成立",
}
FULL_REPORT = {
    **REPORT,
    "countermeasures": [{"words": "更换阀体并延保", "due_on": "2026-03-09"}],
    "prevention": [{"words": "三次维修未解决须升级诊断", "due_on": "2026-03-31"}],
}
RESOLUTION = {"words": "免费更换变速箱阀体", "takes_up_demand": "以更换阀体满足更换要求"}
ANSWER = {"way": "oral", "words": "已说明方案, 致歉"}
CALL_BACK = {
    "result": "已更换, 抖动消失",
    "summary": "两日内处理",
    "evaluation": "处理及时",
    "final_opinion": "满意",
    "suggestion": "首次到店即升级诊断",
    "satisfaction": 5,
}


async def judged(case: Handled, who: str, **changes: Any) -> Any:
    return await case.did(who, "judge", {**JUDGED, **changes})


async def worked(stage: Stage, *kinds: str) -> None:
    """Let the jobs of these kinds run until none of them waits."""

    async def done() -> bool:
        return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE kind = ANY($1::text[])", list(kinds))

    async with at_work(stage.runner()):
        await eventually(done)


async def answered(case: Handled, who: str, by: str | None = None) -> None:
    """From the judged case to the answer, where no approval is asked; `by` answers."""
    await case.did(who, "start-investigation")
    await case.did(who, "report", REPORT)
    await case.did(who, "resolution", RESOLUTION)
    await case.did(by or who, "answer", ANSWER)
