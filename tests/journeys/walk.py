"""A complaint's way through the whole system, step by step as its people take it; used by the tests and the demo.

What comes of it is read from the receivers: the inboxes of those who must know, the archive, the audit log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

BRANCH = "sh-pudong"
CARER, MANAGER = f"customer-relations-{BRANCH}-1", f"relations-manager-{BRANCH}-1"
GENERAL_MANAGER, GROUP, AGENT = f"general-manager-{BRANCH}-1", "group-cs-1", "agent-7"
AUDITOR = "information-1"
PATIENCE = 30.0

JUDGEMENT = {"reason_holds": True, "demand_holds": True, "opinion": "三次维修未解决, 要求合理"}
REPORT = {
    "cause": "阀体磨损",
    "course": "三次到店, 仅清洗未更换",
    "responsible": [],
    "responsibility": "诊断流程缺失, 无个人责任",
    "conclusion": "投诉成立",
}
RESOLUTION = {"words": "免费更换变速箱阀体", "takes_up_demand": "以更换阀体满足更换要求"}
CALL_BACK = {
    "result": "已更换, 抖动消失",
    "summary": "两日内处理",
    "evaluation": "处理及时",
    "final_opinion": "满意",
    "suggestion": "首次到店即升级诊断",
    "satisfaction": 5,
}


class Walk:
    """People of the group at work, each with their own token, at the services' addresses."""

    def __init__(self, addresses: Mapping[str, str], token: Callable[[str], str]) -> None:
        self._addresses = addresses
        self._token = token
        self._client = httpx.AsyncClient(timeout=30)

    async def close(self) -> None:
        await self._client.aclose()

    async def asks(
        self, who: str, service: str, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        """What a service answers somebody; 503 while it is down."""
        headers = {"Authorization": f"Bearer {self._token(who)}"} | ({"Idempotency-Key": key} if key else {})
        try:
            return await self._client.request(method, self._addresses[service] + path, json=body, headers=headers)
        except httpx.TransportError:
            return httpx.Response(503)

    async def does(self, who: str, service: str, path: str, body: Any = None) -> Any:
        """A step that is taken; one whose rights or facts are still on their way is taken a moment later."""
        until, key = time.monotonic() + PATIENCE, str(uuid4())
        while True:
            answer = await self.asks(who, service, "POST", path, {} if body is None else body, key)
            if answer.status_code < 300:
                return answer.json() if answer.content else None
            if answer.status_code not in (403, 404, 409, 503) or time.monotonic() > until:
                raise AssertionError(f"{who} at {path}: {answer.status_code} {answer.text}")
            await asyncio.sleep(0.2)

    async def sees(self, who: str, service: str, path: str, there: Callable[[Any], bool]) -> Any:
        """What somebody is shown, once it is there."""
        until = time.monotonic() + PATIENCE
        while True:
            answer = await self.asks(who, service, "GET", path)
            if answer.status_code == 200 and there(answer.json()):
                return answer.json()
            if time.monotonic() > until:
                raise AssertionError(f"{who} does not see it at {path}: {answer.status_code} {answer.text[:500]}")
            await asyncio.sleep(0.2)

    # -- the ways --------------------------------------------------------------------------------

    async def takes(self, reference: str, phone: str, **changes: Any) -> dict[str, Any]:
        """The call centre takes a call, once for each reference."""
        form = {
            "branch": BRANCH,
            "channel": "call_centre",
            "caller": {"name": "王小芳", "phone": phone},
            "vehicle": {"brand": "东风日产", "series": "轩逸"},
            "text": "变速箱抖动, 三次维修未解决",
            "demand": "更换变速箱",
            "origin": "walk",
            "origin_ref": reference,
            **changes,
        }
        taken: dict[str, Any] = await self.does(AGENT, "complaint", "/v1/complaints", form)
        return taken

    async def ordinary(self, reference: str, phone: str) -> dict[str, Any]:
        """From the call to the archive, as a dealership handles it (P12.1–P12.4, P04.8); what the archive holds."""
        case = await self.takes(reference, phone)
        path = case["path"]
        steps: list[tuple[str, str, Any]] = [
            (CARER, "judge", {**JUDGEMENT, "respondent_department": "after_sales"}),
            (MANAGER, "hand-over", {"handler": CARER}),
            (CARER, "start-investigation", None),
            (CARER, "report", REPORT),
            (CARER, "resolution", RESOLUTION),
            (CARER, "answer", {"way": "oral", "words": "已说明方案, 致歉"}),
            (CARER, "reaction", {"accepted": True}),
            (MANAGER, "result", {"words": "已更换阀体, 客户接受"}),
            (GROUP, "call-back", CALL_BACK),
            (MANAGER, "close", None),
        ]
        state = (await self.asks(GENERAL_MANAGER, "complaint", "GET", path)).json().get("state")
        if state != "closed":
            for who, step, body in steps:
                await self.does(who, "complaint", f"{path}/{step}", body)
        found = await self.sees(
            GENERAL_MANAGER, "archive", f"/v1/dossiers?kind=case&about={case['id']}", lambda page: bool(page["items"])
        )
        dossier = await self.sees(
            GENERAL_MANAGER,
            "archive",
            f"/v1/dossiers/{found['items'][0]['id']}",
            lambda seen: {"complaint_record", "investigation_report", "timeline"} <= {i["kind"] for i in seen["items"]},
        )
        return {"case": case, "dossier": dossier}

    async def serious(self, reference: str, phone: str) -> dict[str, Any]:
        """A serious one: the general manager is told at once and confirms (P12.6, P12.7); the proof of it."""
        case = await self.takes(reference, phone, serious=["blocked_door"], text="堵门, 要求退车, 已联系媒体")
        told = await self.sees(
            GENERAL_MANAGER,
            "notify",
            "/v1/inbox?limit=100",
            lambda page: any(one["subject"] == case["id"] for one in page["items"]),
        )
        for notice in told["items"]:
            if notice["subject"] == case["id"] and notice["template"] == "serious_confirm":
                await self.does(GENERAL_MANAGER, "notify", f"/v1/inbox/{notice['id']}/confirm")
        proof = await self.sees(
            GENERAL_MANAGER,
            "complaint",
            f"{case['path']}/serious/proof",
            lambda proof: any(step["confirmed_by"] == GENERAL_MANAGER for step in proof["steps"]),
        )
        return {"case": case, "proof": proof}

    async def forgotten(self, reference: str, phone: str) -> dict[str, Any]:
        """One that was received five days ago and judged by nobody: missed, passed up, and told (P04.3)."""
        received = (datetime.now(UTC) - timedelta(days=5)).isoformat()
        case = await self.takes(reference, phone, taken_at=received, channel="phone")
        told = await self.sees(
            MANAGER,
            "notify",
            "/v1/inbox?limit=100",
            lambda page: any(n["subject"] == case["id"] and n["template"] == "work_missed" for n in page["items"]),
        )
        owed = await self.sees(
            MANAGER, "complaint", f"/v1/obligations?subject={case['id']}", lambda page: bool(page["items"])
        )
        notice = next(n for n in told["items"] if n["subject"] == case["id"] and n["template"] == "work_missed")
        return {"case": case, "notice": notice, "judge": next(o for o in owed["items"] if o["duty"] == "judge")}
