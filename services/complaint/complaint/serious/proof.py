"""The proof of a serious complaint's warning: who was told when on which channel, who confirmed, by which rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
from chassis.auth import Principal
from chassis.http import get
from chassis.paper import print_paper
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.roles import Role
from fastapi import Header, Response
from policy.calendar import ZONE
from policy.directory import Directory

from complaint.papers.people import person, with_names
from complaint.permissions import READ_SERIOUS
from complaint.serious import tables
from complaint.serious.climbing import Climb
from complaint.serious.crisis import group_of
from complaint.serious.factory import BrandRules
from complaint.serious.reading import climb_within
from complaint.serious.views import ladder_view

RULES = ("P12.6", "P12.7", "P12.8")

FORMS = Path(__file__).parent.parent / "forms"

KINDS_ZH = {
    "repeat": "重复投诉",
    "to_manufacturer": "向厂方投诉",
    "blocked_door": "堵门",
    "disturbance": "闹事",
    "return_or_exchange": "退换车",
    "negative_media": "媒体负面报道",
    "wide_or_vicious": "影响面大或性质恶劣",
}
MARKED_BY_ZH = {"person": "人工", "system": "系统"}
CHANNELS_ZH = {
    "inbox": "站内通知", "sms": "短信", "mail": "邮件", "phone": "电话", "in_person": "当面", "letter": "信函",
    "other": "其他",
}  # fmt: skip
FIELDS_ZH = {
    "number": "投诉编号", "brand": "品牌", "series": "车系", "model": "车型", "model_year": "年款",
    "fault_codes": "故障码", "plate": "车牌", "vin": "车架号", "phone": "电话", "name": "客户姓名",
    "address": "地址", "text": "投诉内容", "demand": "客户要求", "summary": "摘要", "kinds": "重大类别",
    "branch": "分支", "region": "区域", "taken_at": "受理时间", "serious_at": "认定重大时间",
}  # fmt: skip
PARTIES_ZH = {"company": "公司", "developer": "发展商"}
HARMS_ZH = {"money": "经济损失", "reputation": "声誉损失"}
STATES_ZH = {"open": "未完成", "met": "已完成", "waived": "已免除"}

_WARNINGS = "SELECT event_id, warned_at, complete FROM factory_warnings WHERE case_id = $1 ORDER BY warned_at, event_id"
_DELIVERIES = """SELECT event_id, delivery_id, subscription_id, attempts, delivered, at FROM factory_deliveries
    WHERE event_id = ANY($1::uuid[]) ORDER BY at, id"""
_REASONS = 'SELECT act, kinds, "by", at FROM serious_reasons WHERE case_id = $1 ORDER BY id'
_PROVISIONS = "SELECT id, agreement_id, client, fields, at, told_at FROM provisions WHERE case_id = $1 ORDER BY id"
_HARM = 'SELECT party, harm, amount, "by", at FROM harms WHERE case_id = $1 ORDER BY id'
_MEETINGS = "SELECT held_at, present, recorded_by, recorded_at FROM crisis_meetings WHERE group_id = $1 ORDER BY id"
_TASKS = "SELECT person, due_at, done_at FROM crisis_tasks WHERE group_id = $1 ORDER BY id"


@get("/v1/complaints/{case_id}/serious/proof", needs=READ_SERIOUS)
async def read_proof(
    case_id: UUID, principal: Principal, runtime: Runtime, accept: Annotated[str | None, Header()] = None
) -> Response:
    """The proof as one document: JSON, or with `Accept: application/pdf` a paper.

    It names staff by their subjects, on paper with their names too, and nothing of the caller. Its digest (SHA-256 of
    the JSON without `digest`) is written to the audit log; so is that of the paper.
    """
    async with runtime.transaction(actor=principal.subject) as tx:
        climb = await climb_within(tx, case_id, READ_SERIOUS, principal)
        document = await proof_of(tx, climb, principal.subject)
    document["digest"] = hashlib.sha256(_json(document)).hexdigest()
    content, media_type = orjson.dumps(document), "application/json"
    if accept is not None and "application/pdf" in accept:
        said = await with_names(runtime, in_words(document, Directory.of(runtime)))
        content, media_type = await print_paper(FORMS, "serious_proof", said), "application/pdf"
    digests = list(dict.fromkeys((document["digest"], hashlib.sha256(content).hexdigest())))
    async with runtime.transaction(actor=principal.subject) as tx:
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=principal.subject,
                action="prove",
                table=tables.serious_ladders.name,
                ids=[str(case_id)],
                purpose="proof of warning",
                rules=list(RULES),
                at=tx.now,
                digests=digests,
            )
        )
    name = f"{document['case']['number']}-serious"
    headers = {"Content-Disposition": f'inline; filename="{name}.{media_type.rpartition("/")[2]}"'}
    return Response(content, media_type=media_type, headers=headers)


async def proof_of(tx: Tx, climb: Climb, by: str) -> dict[str, Any]:
    """All that is known of the warning, as plain values; no words of anybody."""
    case = climb.case
    view = (await ladder_view(tx, climb)).model_dump(mode="json")
    rules: BrandRules | None = climb.policy(tx).brands.get(case.brand)
    warnings = [dict(row) for row in await tx.driver.fetch(_WARNINGS, case.id)]
    for delivery in await tx.driver.fetch(_DELIVERIES, [one["event_id"] for one in warnings]):
        for warning in warnings:
            if warning["event_id"] == delivery["event_id"]:
                warning.setdefault("deliveries", []).append({k: v for k, v in delivery.items() if k != "event_id"})
    document = {
        "document": "serious-complaint-proof",
        "case": {
            "id": case.id,
            "number": case.number,
            "branch": case.branch,
            "profile": case.profile,
            "channel": case.channel,
            "brand": case.brand,
            "series": case.facts.get("series"),
            "model": case.facts.get("model"),
            "taken_at": case.taken_at,
            "taken_by": case.people.get("taken_by"),
        },
        "serious": {"kinds": view["kinds"], "since": view["serious_at"], "marks": view["marks"]},
        "acts": [dict(row) for row in await tx.driver.fetch(_REASONS, case.id)],
        "repeats": view["repeats"],
        "steps": view["steps"],
        "factory": {
            "rules": None if rules is None else rules.model_dump(mode="json"),
            "warnings": [{"deliveries": [], **warning} for warning in warnings],
        },
        "provisions": [dict(row) for row in await tx.driver.fetch(_PROVISIONS, case.id)],
        "harm": [dict(row) for row in await tx.driver.fetch(_HARM, case.id)],
        "crisis_group": await _group(tx, case.id),
        "rules": ["P12.5", *RULES],
        "made_at": tx.now,
        "made_by": by,
    }
    plain: dict[str, Any] = orjson.loads(_json(document))
    return plain


async def _group(tx: Tx, case_id: UUID) -> dict[str, Any] | None:
    group = await group_of(tx, case_id, lock=False)
    if group is None:
        return None
    return {
        "convened_by": group.convened_by,
        "convened_at": group.convened_at,
        "members": list(group.members),
        "meetings": [dict(row) for row in await tx.driver.fetch(_MEETINGS, group.id)],
        "tasks": [dict(row) for row in await tx.driver.fetch(_TASKS, group.id)],
    }


def _json(document: Mapping[str, Any]) -> bytes:
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=str)


# -- on paper ------------------------------------------------------------------------------------


def in_words(document: dict[str, Any], directory: Directory) -> dict[str, Any]:
    """The document for a Chinese paper: civil times, names of roles, kinds and places; people to be named."""
    paper: dict[str, Any] = _civil(document)
    serious, group = paper["serious"], paper["crisis_group"]
    paper["made_by"] = person(paper["made_by"])
    paper["case"]["taken_by"] = person(paper["case"]["taken_by"])
    paper["case"]["branch_zh"] = directory.named(paper["case"]["branch"])
    serious["kinds_zh"] = _kinds(serious["kinds"]) or ["–"]
    for mark in serious["marks"]:
        mark["kinds_zh"] = _kinds(mark["kinds"])
        mark["by_zh"] = MARKED_BY_ZH.get(mark.get("by", ""))
        mark["overruled_by"] = person(mark.get("overruled_by"))
    for step in paper["steps"]:
        step["role_zh"], step["answers_zh"] = _role(step["role"]), _role(step["answers"])
        step["place_zh"] = directory.place_title(step["place"])
        step["answers_at_zh"] = directory.place_title(step["answers_at"])
        step["confirmed_by"] = person(step["confirmed_by"])
        step["state_zh"] = STATES_ZH[step["state"]] + ("(逾期)" if step["late"] else "")
        step["missing_zh"] = [FIELDS_ZH.get(one, one) for one in step["missing"]]
        step["tried_zh"] = [_seat(one, directory) for one in step["tried"]]
        for notice in step["told"]:
            notice["person"] = person(notice["person"])
            notice["role_zh"] = _role(notice["role"])
            notice["channel_zh"] = CHANNELS_ZH.get(notice["channel"], notice["channel"])
        if step["by_hand"] is not None:
            step["by_hand"]["by"] = person(step["by_hand"]["by"])
            step["by_hand"]["channel_zh"] = CHANNELS_ZH[step["by_hand"]["channel"]]
    if group is not None:
        group["convened_by"] = person(group["convened_by"])
        group["members"] = [person(one) for one in group["members"]]
        group["meetings"] = [meeting["held_at"] for meeting in group["meetings"]]
        for task in group["tasks"]:
            task["person"] = person(task["person"])
    for provision in paper["provisions"]:
        provision["fields_zh"] = [FIELDS_ZH.get(one, one) for one in provision["fields"]]
    for harm in paper["harm"]:
        harm["harm_zh"] = f"{PARTIES_ZH.get(harm['party'], harm['party'])}{HARMS_ZH.get(harm['harm'], harm['harm'])}"
        harm["by"] = person(harm["by"])
    return paper


def _kinds(kinds: list[str]) -> list[str]:
    return [KINDS_ZH.get(kind, kind) for kind in kinds]


def _seat(said: str, directory: Directory) -> str:
    """Where nobody was: a post, or somebody by name."""
    role, _, place = said.partition("@")
    return f"{_role(role)} @ {directory.place_title(place)}" if place else said


def _role(name: str) -> str:
    return "厂家" if name == "factory" else Role(name).zh if name in set(Role) else name


def _civil(value: Any) -> Any:
    """Instants as the clock in Shanghai shows them, at any depth."""
    if isinstance(value, dict):
        return {key: _civil(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_civil(part) for part in value]
    if isinstance(value, str) and len(value) >= len("2026-03-02T01:15:00Z") and value[4] == "-" and value[10] == "T":
        return f"{datetime.fromisoformat(value).astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    return value
