"""The papers of a case as the archive keeps them: the same case, the same bytes (P04.8, P17.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from complaint.case import Case
from complaint.cases.views import in_order
from complaint.timeline import Entry

RULES = ("P04.8", "P17.7")

JSON = "application/json"
#: which entries are words between the customer and the group
CORRESPONDENCE = frozenset({"answer", "reaction", "objection", "call_back"})

Words = Mapping[UUID, Mapping[str, Any]]


@dataclass(frozen=True)
class Paper:
    """One paper: what it is called, what kind it is, its bytes."""

    label: str
    kind: str
    media_type: str
    content: bytes


def papers_of(
    case: Case,
    personal: Mapping[str, Any],
    entries: Sequence[Entry],
    words: Words,
    approvals: Sequence[Mapping[str, Any]],
) -> list[Paper]:
    """Every paper that this case has."""
    told = [_told(entry, words) for entry in entries]
    reports = [one for one in told if one["kind"] == "report"]
    letters = [one for one in told if one["kind"] in CORRESPONDENCE]
    found = [
        Paper("客户投诉记录表 complaint record", "complaint_record", JSON, _json(record(case, personal, told))),
        Paper("过程记录 timeline", "timeline", JSON, _json(told)),
    ]
    if reports:
        report = {"number": case.number, "report": reports[-1], "earlier": reports[:-1]}
        found.append(Paper("投诉调查报告 investigation report", "investigation_report", JSON, _json(report)))
    if letters:
        found.append(Paper("往来函件 correspondence", "correspondence", JSON, _json(letters)))
    if approvals:
        found.append(Paper("审批 approvals", "approvals", JSON, _json(list(approvals))))
    return found


def record(case: Case, personal: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """客户投诉记录表: customer, demand, time and number of acceptance, judgement, the department's decision (P17.7)."""
    resolutions = [one for one in told if one["kind"] == "resolution"]
    return {
        "number": case.number,
        "taken_at": case.taken_at,
        "branch": case.branch,
        "channel": case.channel,
        "customer": {name: personal.get(name) for name in ("name", "phone", "address")},
        "vehicle": {"brand": case.brand, **case.facts, "plate": personal.get("plate"), "vin": personal.get("vin")},
        "content": personal.get("text"),
        "demand": personal.get("demand"),
        "serious_kinds": list(case.serious_kinds),
        "judgement": {**(case.judgement or {}), "opinion": personal.get("opinion")},
        "level": case.level,
        "department": case.department,
        "handler": case.handler,
        "respondent": case.respondent,
        "resolution": resolutions[-1] if resolutions else None,
        "reaction": case.course.get("reaction"),
        "satisfaction": case.course.get("satisfaction"),
        "gates": dict(in_order(case.gates)),
        "closed_at": case.closed_at,
    }


def _told(entry: Entry, words: Words) -> dict[str, Any]:
    return {
        "at": entry.at,
        "kind": entry.kind,
        "author": entry.author,
        "rules": entry.rules,
        "facts": entry.facts,
        "words": words.get(entry.id, {}),
    }


def _json(value: Any) -> bytes:
    """The same value, the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
