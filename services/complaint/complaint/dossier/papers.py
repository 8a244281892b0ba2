"""The papers of a case as the archive keeps them: the same case, the same bytes (P04.8, P17.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from complaint.case import Case
from complaint.cases.views import in_order
from complaint.papers.document import Document
from complaint.papers.gathered import Gathered
from complaint.papers.investigation_report import investigation_report
from complaint.papers.record_form import record_form

RULES = ("P04.8", "P17.7")

JSON = "application/json"
#: which entries are words between the customer and the group
CORRESPONDENCE = ("answer", "reaction", "objection", "call_back")

RECORD, REPORT = "complaint_record", "investigation_report"


@dataclass(frozen=True)
class Paper:
    """One paper: what it is called, what kind it is, its bytes."""

    label: str
    kind: str
    media_type: str
    content: bytes


def papers_of(found: Gathered) -> list[Paper]:
    """Every paper that this case has, as data; the forms among them are printed besides."""
    case, told = found.case, found.told
    reports, letters = found.of("report"), found.of(*CORRESPONDENCE)
    papers = [
        Paper("客户投诉记录表(数据) complaint record, data", RECORD, JSON, _json(record(case, found.personal, told))),
        Paper("过程记录 timeline", "timeline", JSON, _json(list(told))),
    ]
    if reports:
        report = {"number": case.number, "report": reports[-1], "earlier": reports[:-1]}
        papers.append(Paper("投诉调查报告(数据) investigation report, data", REPORT, JSON, _json(report)))
    if letters:
        papers.append(Paper("往来函件 correspondence", "correspondence", JSON, _json(letters)))
    if found.approvals:
        papers.append(Paper("审批 approvals", "approvals", JSON, _json(list(found.approvals))))
    return papers


def forms_of(found: Gathered) -> list[tuple[str, Document]]:
    """The forms that are printed, each with the kind of paper that it is."""
    report = investigation_report(found)
    return [(RECORD, record_form(found)), *([(REPORT, report)] if report is not None else [])]


def record(case: Case, personal: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """客户投诉记录表: customer, demand, time and number of acceptance, judgement, the department's decision (P17.7)."""
    resolutions = [one for one in told if one["kind"] == "resolution"]
    return {
        "number": case.number,
        "taken_at": case.taken_at,
        "branch": case.branch,
        "channel": case.channel,
        "taken_by": case.people.get("taken_by"),
        "source": case.people.get("source"),
        "customer": {name: personal.get(name) for name in ("name", "phone", "address")},
        "vehicle": {"brand": case.brand, **case.vehicle, "plate": personal.get("plate"), "vin": personal.get("vin")},
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


def _json(value: Any) -> bytes:
    """The same value, the same bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)
