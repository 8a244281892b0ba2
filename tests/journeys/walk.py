"""A complaint's way through the whole system, step by step as its people take it; used by the tests and the demo.

What comes of it is read from the receivers: the inboxes of those who must know, the archive, the audit log.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
from archive.audit.verify import check
from dev import people
from policy.calendar import ZONE

from tests.journeys.ways import ANSWER, DEALERSHIP, JUDGEMENT, Way

BRANCH = DEALERSHIP.branch
MANAGER = DEALERSHIP.closes
GENERAL_MANAGER, AGENT, AUDITOR = DEALERSHIP.reader, "agent-7", "information-1"
#: whose terms the demo watches end: the branch, who judges there, who hears of it when they do not
WATCHED = next(place for place in people.PLACES if place.branch == "wz-lucheng")
FORGETFUL, ABOVE = f"hr-admin-manager-{WATCHED.branch}-1", f"general-manager-{WATCHED.branch}-1"
PATIENCE = 60.0
#: who hears of every serious complaint of a dealership in the end (P12.6)
HIGHEST = {"legal-1", "vp-1", "ceo-1"}
#: what every dossier of a founded complaint has (P04.8)
PAPERS = frozenset({"complaint_record", "investigation_report", "correspondence", "timeline"})


class Walk:
    """People of the group at work, each with their own token, at the services' addresses."""

    def __init__(self, addresses: Mapping[str, str], token: Callable[[str], str]) -> None:
        self._addresses = addresses
        self._token = functools.cache(token)
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

    async def sends(self, who: str, service: str, path: str, content: bytes, headers: Mapping[str, str]) -> Any:
        """A file that is taken; what the service says of it."""
        token = {"Authorization": f"Bearer {self._token(who)}"}
        answer = await self._client.post(self._addresses[service] + path, content=content, headers={**headers, **token})
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

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

    async def sees(
        self, who: str, service: str, path: str, there: Callable[[Any], bool], patience: float = PATIENCE
    ) -> Any:
        """What somebody is shown, once it is there."""
        until = time.monotonic() + patience
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

    async def goes(self, way: Way, reference: str, phone: str, *, serious: bool = False) -> dict[str, Any]:
        """From the call to the archive, as this process handles it; what its receivers have of it.

        What has been closed before is only read.
        """
        form: dict[str, Any] = {"branch": way.branch, "channel": way.channel}
        if serious:
            form |= {"serious": ["blocked_door"], "text": "堵门, 要求退车, 已联系媒体"}
        case = await self.takes(reference, phone, **form)
        seen = await self.sees(way.reader, "complaint", case["path"], lambda seen: True)
        found: dict[str, Any] = {"case": case, "signatures": []}
        ladder = way is DEALERSHIP and serious
        if ladder and seen["state"] != "closed":
            await self.confirms(way.reader, case["id"])
        if seen["state"] != "closed":
            for who, step, body in way.steps(serious=serious):
                await self.does(who, "complaint", f"{case['path']}/{step}", body)
                if step in way.signed:
                    found["signatures"].append(await self.signs(way.signers, case["id"]))
        stands = await self.sees(
            way.reader, "complaint", f"{case['path']}/actions", lambda seen: seen["case"]["state"] == "closed"
        )
        found["progress"] = stands["case"]
        if ladder:
            found["proof"] = await self.sees(
                way.reader,
                "complaint",
                f"{case['path']}/serious/proof",
                lambda proof: any(step["confirmed_by"] == way.reader for step in proof["steps"]),
            )
        papers = PAPERS | {"approvals"} if way.signed else PAPERS
        return {**found, **await self.filed(way.reader, case["id"], papers)}

    async def filed(self, who: str, case: str, papers: frozenset[str]) -> dict[str, Any]:
        """The dossier in the archive: its papers read, their digests checked, the reading proved by the log."""
        page = await self.sees(who, "archive", f"/v1/dossiers?kind=case&about={case}", lambda page: bool(page["items"]))
        identifier = page["items"][0]["id"]
        dossier = await self.sees(
            who,
            "archive",
            f"/v1/dossiers/{identifier}",
            lambda seen: {item["kind"] for item in seen["items"]} >= papers,
        )
        for item in dossier["items"]:
            answer = await self.asks(who, "archive", "GET", f"/v1/items/{item['id']}/content")
            assert answer.status_code == 200, answer.text
            assert hashlib.sha256(answer.content).hexdigest() == item["sha256"], item["kind"]
        return {"dossier": dossier, "proved": await self.proved(identifier)}

    async def proved(self, about: str) -> str:
        """That the audit log holds a record about it, checked with nothing but the archive's public key (RFC 9162)."""
        found = await self.sees(
            AUDITOR, "archive", f"/v1/audit/search?about={about}&limit=1", lambda page: bool(page["items"])
        )
        record = found["items"][0]["record"]
        head = await self.sees(AUDITOR, "archive", "/v1/audit/head", lambda head: True)
        entry = await self.sees(
            AUDITOR, "archive", f"/v1/audit/inclusion?record_id={record['id']}", lambda entry: about in entry["leaf"]
        )
        return check(entry, head["verifier_key"])

    async def signs(self, candidates: Sequence[str], subject: str, service: str = "complaint") -> tuple[str, str]:
        """Whoever of these may sign what was asked about the subject does; what it was, and who."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for who in candidates:
                answer = await self.asks(who, service, "GET", f"/v1/approvals?subject={subject}")
                waiting = answer.json()["items"] if answer.status_code == 200 else []
                for one in waiting:
                    if one["yours"]:
                        body = {"grant": True, "digest": one["digest"]}
                        await self.does(who, service, f"/v1/approvals/{one['id']}/decide", body)
                        return one["name"], who
            await asyncio.sleep(0.2)
        raise AssertionError(f"none of {', '.join(candidates)} may sign anything about {subject}")

    async def confirms(self, who: str, case: str) -> None:
        """Somebody finds in the inbox that they must know of a serious case, and says that they do (P12.6, P12.7)."""
        told = await self.notice(who, case, "serious_confirm")
        await self.does(who, "notify", f"/v1/inbox/{told['id']}/confirm")

    async def notice(
        self, who: str, about: str, template: str, *, says: str = "", patience: float = PATIENCE
    ) -> dict[str, Any]:
        """The notice about a subject in somebody's inbox, once it is there; `says` stands in its title."""
        found: list[dict[str, Any]] = []

        def there(page: Any) -> bool:
            meant = [one for one in page["items"] if (one["subject"], one["template"]) == (about, template)]
            found[:] = [one for one in meant if says in one["title"]]
            return bool(found)

        await self.sees(who, "notify", "/v1/inbox?limit=100", there, patience)
        return found[0]

    async def serious(self, reference: str, phone: str) -> dict[str, Any]:
        """A serious one: the general manager is told at once and confirms (P12.6, P12.7); the proof of it."""
        case = await self.takes(reference, phone, serious=["blocked_door"], text="堵门, 要求退车, 已联系媒体")
        await self.confirms(GENERAL_MANAGER, case["id"])
        proof = await self.sees(
            GENERAL_MANAGER,
            "complaint",
            f"{case['path']}/serious/proof",
            lambda proof: (
                any(step["confirmed_by"] == GENERAL_MANAGER for step in proof["steps"])
                and {notice["person"] for step in proof["steps"] for notice in step["told"]} >= HIGHEST
            ),
        )
        return {"case": case, "proof": proof}

    async def forgotten(self, reference: str, phone: str) -> dict[str, Any]:
        """One that was received five days ago and judged by nobody: missed, passed up, and told (P04.3)."""
        received = (datetime.now(UTC) - timedelta(days=5)).isoformat()
        case = await self.takes(reference, phone, taken_at=received, channel="phone")
        notice = await self.notice(MANAGER, case["id"], "work_missed", says="判定投诉是否成立")
        return {"case": case, "notice": notice, "judge": await self.owed(MANAGER, case["id"], "judge")}

    async def owed(self, who: str, subject: str, duty: str) -> dict[str, Any]:
        """A duty of a subject as it stands."""
        page = await self.sees(
            who,
            "complaint",
            f"/v1/obligations?subject={subject}",
            lambda page: any(one["duty"] == duty for one in page["items"]),
        )
        found: dict[str, Any] = next(one for one in page["items"] if one["duty"] == duty)
        return found

    async def watched(self, reference: str, phone: str, within: float = 90) -> dict[str, Any]:
        """One whose term ends while one looks on: reminded, missed, passed up, judged and closed at last (P04.3).

        It was received the day before, and the branch closes in `within` seconds at most: with the last hour ends the
        working day that there is to judge it. What notify makes of `complaint.work` is read in the inboxes.
        """
        page = await self.sees(ABOVE, "complaint", f"/v1/complaints?branch={WATCHED.branch}", lambda page: True)
        known = page["items"][0]["id"] if page["items"] else None
        ends = (datetime.now(ZONE) + timedelta(seconds=within)).replace(second=0, microsecond=0)
        if known is None or (await self.owed(ABOVE, known, "judge"))["state"] == "open":
            await self.closes_at(ends)
        received = datetime.combine(ends.date(), datetime.min.time(), ZONE) - timedelta(hours=4)
        form = {"branch": WATCHED.branch, "channel": "phone", "taken_at": received.isoformat()}
        case = await self.takes(reference, phone, **form)
        reminder = await self.notice(FORGETFUL, FORGETFUL, "work_due", patience=150)
        missed = await self.notice(ABOVE, case["id"], "work_missed", says="判定投诉是否成立", patience=150)
        duty = await self.owed(ABOVE, case["id"], "judge")
        if duty["ended_at"] is None:
            for step, body in (
                ("judge", {**JUDGEMENT, "demand_holds": False}),
                ("answer", ANSWER),
                ("reaction", {"accepted": True}),
                ("close", None),
            ):
                await self.does(FORGETFUL, "complaint", f"{case['path']}/{step}", body)
            duty = await self.owed(ABOVE, case["id"], "judge")
        return {"case": case, "reminder": reminder, "missed": missed, "judge": duty}

    async def closes_at(self, ends: datetime) -> None:
        """The watched branch is open every day, and on this one, until that minute."""
        minute = ends.hour * 60 + ends.minute or 1
        form = WATCHED.form(people.PLACES.index(WATCHED))
        form["week"] = [[f"00:00-{minute // 60:02d}:{minute % 60:02d}"]] * 7
        form["opened"] = [ends.date().isoformat()]
        name = form.pop("branch")
        answer = await self.asks(people.ADMINISTRATOR, "staff", "PUT", f"/v1/branches/{name}", form)
        assert answer.status_code == 200, answer.text
