"""People at work who write names, phones and plates wherever they can: into every word of every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
from dev.system import services
from policy.calendar import ZONE

from tests.journeys.canaries import (
    ADDRESS,
    CANARIES,
    FREE_PHONE,
    MAIL,
    NAME,
    OTHER_NAME,
    OTHER_PHONE,
    PHONE,
    PLATE,
    VIN,
    WORDS,
)
from tests.journeys.walk import Walk
from tests.journeys.ways import ANSWER, CALL_BACK, DEALERSHIP, JUDGEMENT, REPORT, RESOLUTION, RETAIL, SERVICES

#: what people write in their own words, by the names of the fields
WORDS_IN = """words opinion cause course responsibility conclusion result summary evaluation final_opinion suggestion
    takes_up_demand reason note minutes decisions what remarks label demand letter text kept"""
WORDY = frozenset(WORDS_IN.split())
#: words that the redaction replaces, where it is what keeps a text open
OPEN = f"{NAME} 的车 {PLATE} 抖动, 请打 {PHONE}"
CLERK, KEEPER = "clerk-1", f"information-specialist-{SERVICES.branch}-1"
HR, GENERAL_MANAGER = SERVICES.judge, SERVICES.reader
SANCTIONS = f"department-manager-{SERVICES.branch}-1"
ACCUSED = f"order-agent-{SERVICES.branch}-1"
RELATIONS = DEALERSHIP.superior
DRAFTER, DECIDER = "hr-2", "gm-1"
FINANCE, DISTRIBUTOR = "finance-nj-jiangning-1", "nj-jiangning"


class Planting(Walk):
    """Writes canaries into whatever is sent, and keeps what refuses."""

    def __init__(self, addresses: Mapping[str, str], token: Callable[[str], str]) -> None:
        super().__init__(addresses, token)
        self.refusals: list[tuple[str, str]] = []
        #: what was taken with canaries in it: service, method, path
        self.written: set[tuple[str, str, str]] = set()

    async def asks(
        self, who: str, service: str, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        content = planted(body)
        answer = await super().asks(who, service, method, path, content, key)
        if answer.status_code >= 400:
            self.refusals.append((f"{method} {path}", answer.text + str(answer.headers)))
        elif any(canary in str(content) for canary in CANARIES):
            self.written.add((service, method, path))
        return answer


def planted(body: Any, name: str = "") -> Any:
    """The same form with canaries in every word; the words of a call only as far as they are kept open."""
    match body:
        case {"caller": caller, **others}:
            return {**planted(others), "caller": {**caller, "name": NAME, "address": ADDRESS}}
        case dict():
            return {key: planted(value, key) for key, value in body.items()}
        case list():
            return [planted(value, name) for value in body]
        case str() if name in ("text", "kept"):
            return f"{body} {OPEN}"
        case str() if name in WORDY and any(letter > "\u4e00" for letter in body):
            return f"{body} {NAME} {OTHER_PHONE} {PLATE} {WORDS}"
        case _:
            return body


async def at_work(walk: Planting) -> None:
    """A case of each kind, what is done beside its way, its dossier, an account, staff; each step with its words."""
    await walk.goes(RETAIL, "planted-retail", PHONE)
    await walk.goes(DEALERSHIP, "planted-serious", PHONE, serious=True)
    case = await beside_the_way(walk)
    await serious(walk)
    await papers(walk, case)
    await books(walk)
    await walk.does(DRAFTER, "staff", "/v1/cards", {"person": HR, "name": NAME, "post": "经理", "mobile": PHONE,
                                                    "mail": MAIL})  # fmt: skip
    for service in services():
        if service != "console":  # it decides nothing
            await decided(walk, service)
    await walk.does(HR, "complaint", "/v1/complaints/search", {"words": "变速箱"})


async def beside_the_way(walk: Planting) -> str:
    """A case that waits, is linked, split, not accepted, closed, opened again, and whose penalty is proposed."""
    case = await walk.takes("planted-beside", PHONE, branch=SERVICES.branch, channel="phone")
    other = await walk.takes("planted-other", PHONE, branch=SERVICES.branch, channel="phone")
    path, handler = case["path"], SERVICES.superior

    async def step(who: str, what: str, body: Any = None) -> Any:
        return await walk.does(who, "complaint", f"{path}/{what}", body)

    await step(HR, "judge", {**JUDGEMENT, "respondent_department": SERVICES.department, "respondent": ACCUSED})
    await step(HR, "hand-over", {"handler": handler, "words": "请尽快"})
    await step(handler, "start-investigation")
    await step(handler, "wait", {"words": "等客户寄回零件"})
    await step(handler, "go-on", {"words": "零件已到"})
    await step(HR, "links", {"other": other["id"], "kind": "related", "words": "同一辆车"})
    await step(handler, "report", REPORT)
    measure = await step(handler, "measures", {"words": "更换阀体"})
    await step(handler, f"measures/{measure['id']}/end", {"done": True, "words": "已更换"})
    await step(handler, "resolution", RESOLUTION)
    await step(handler, "answer", ANSWER)
    await step(handler, "reaction", {"accepted": False, "words": "不同意"})
    await step(GENERAL_MANAGER, "settle", {"words": "不再让步"})
    await step(HR, "call-back", CALL_BACK)
    await attached(walk, path)
    await step(HR, "close")
    await step(GENERAL_MANAGER, "no-penalty", {"words": "不予处罚"})
    offence = {"person": ACCUSED, "offences": ["insulting_or_hitting"], "words": "接待冷漠",
               "occurred_on": datetime.now(UTC).date().isoformat()}  # fmt: skip
    misconduct = await step(HR, "misconduct", offence)
    await breach(walk, misconduct["id"])
    await step(HR, "reopen", {"words": "抖动再现"})
    await walk.does(HR, "complaint", f"{other['path']}/merge", {"into": case["id"], "words": "同一事项"})
    parts = {"kept": "变速箱抖动, 三次维修未解决", "text": "销售顾问态度恶劣", "demand": "致歉", "words": "两个事项"}
    await step(HR, "split", parts)
    owed = await walk.sees(GENERAL_MANAGER, "complaint", f"/v1/obligations?subject={case['id']}", lambda page: True)
    running = next(one for one in owed["items"] if one["ended_at"] is None)
    await walk.does(GENERAL_MANAGER, "complaint", f"/v1/obligations/{running['id']}/waive", {"reason": "客户已谅解"})
    return str(case["id"])


async def breach(walk: Planting, misconduct: str) -> None:
    """What is decided about whoever gave offence, corrected, and taken back."""
    asked = await walk.sees(
        SANCTIONS, "complaint", f"/v1/approvals?subject={misconduct}", lambda page: page["items"][0]["yours"]
    )
    (proposed,) = asked["items"]
    decision = {"grant": True, "digest": proposed["digest"], "reason": "解除合同"}
    await walk.does(SANCTIONS, "complaint", f"/v1/approvals/{proposed['id']}/decide", decision)
    path = f"/v1/conduct/breaches/{misconduct}"
    ruling = {"fine": "50.00", "points": 5, "text": "态度冷漠, 罚款"}
    await walk.does(GENERAL_MANAGER, "staff", f"{path}/decide", ruling)
    await walk.does(HR, "staff", f"{path}/correct", {**ruling, "fine": "20.00", "reason": "leniency"})
    await walk.signs([GENERAL_MANAGER], misconduct, "staff")
    await walk.does(HR, "staff", f"{path}/withdraw", {"reason": "wrong_facts", "text": "事实不符, 撤回"})


async def decided(walk: Planting, service: str) -> None:
    """A change of policy that is refused, and one that is taken back."""
    change = {"policy": "policies", "values": {}, "reason": "试行一周"}
    refused = await walk.does(DRAFTER, service, "/v1/policies/versions", {**change, "layer": "group"})
    asked = await walk.sees(DECIDER, service, f"/v1/approvals/{refused['approval']}", lambda seen: seen["yours"])
    decision = {"grant": False, "digest": asked["digest"], "reason": "客户尚未同意"}
    await walk.does(DECIDER, service, f"/v1/approvals/{asked['id']}/decide", decision)
    layer = f"branch:{SERVICES.branch}"
    taken_back = await walk.does(DRAFTER, service, "/v1/policies/versions", {**change, "layer": layer})
    await walk.does(DRAFTER, service, f"/v1/approvals/{taken_back['approval']}/withdraw", {"reason": "不再需要"})


async def attached(walk: Planting, path: str) -> None:
    """A letter that names whoever wrote it, and why it is taken away again."""
    headers = {"Content-Type": f"text/plain; name*=UTF-8''{quote(f'{NAME} {PHONE}.txt')}"}
    answer = await walk.sends(HR, "complaint", f"{path}/attachments?kind=letter", f"{NAME}: {WORDS}".encode(), headers)
    await walk.does(HR, "complaint", f"{path}/attachments/{answer['id']}/remove", {"reason": "误传"})


async def serious(walk: Planting) -> None:
    """A serious one: completed, harm noted, a group met, compensation offered, in the end overruled."""
    form = {"serious": ["blocked_door"], "text": "堵门, 要求退车, 已联系媒体"}
    case = await walk.takes("planted-ladder", OTHER_PHONE, **form)
    path = case["path"]
    await walk.confirms(DEALERSHIP.reader, case["id"])

    async def step(who: str, what: str, body: Any = None) -> Any:
        return await walk.does(who, "complaint", f"{path}/{what}", body)

    await step(RELATIONS, "facts", {"plate": PLATE, "vin": VIN})
    await step(RELATIONS, "harm", {"party": "company", "harm": "reputation", "note": "媒体点名"})
    group = await step(DEALERSHIP.reader, "crisis-group", {"members": [RELATIONS]})
    assert RELATIONS in group["members"]
    meeting = {"held_at": datetime.now(UTC).isoformat(), "present": [RELATIONS], "minutes": "已商定",
               "decisions": ["免费更换"],
               "tasks": [{"person": RELATIONS, "what": "当面致歉", "within": "1 working day"}]}  # fmt: skip
    await step(DEALERSHIP.reader, "crisis-group/meetings", meeting)
    await step(DEALERSHIP.judge, "judge", {**JUDGEMENT, "respondent_department": DEALERSHIP.department})
    await step(RELATIONS, "serious", {"kinds": ["negative_media"], "reason": "记者来电"})
    offer = {"lines": [{"kind": "repair", "amount": {"amount": "100.00"}}], "reason": "三次维修未解决"}
    offered = await step(RELATIONS, "compensations", offer)
    offer["lines"][0]["amount"]["amount"] = "90.00"  # type: ignore[index]
    await walk.does(RELATIONS, "complaint", f"/v1/compensations/{offered['id']}/change", offer)
    await by_hand(walk, path)
    await step(RELATIONS, "serious/overrule", {"kinds": ["blocked_door"], "reason": "并未堵门"})


async def by_hand(walk: Planting, path: str) -> None:
    """Somebody was told by phone; who answers for it records that."""
    ladder = await walk.sees(DEALERSHIP.reader, "complaint", f"{path}/serious", lambda seen: True)
    told = next(one for one in ladder["steps"] if one["ended_at"] is None and one["answers"] == "relations_manager")
    said = {"at": datetime.now(UTC).isoformat(), "channel": "phone", "note": "已电话告知"}
    await walk.does(RELATIONS, "complaint", f"{path}/serious/steps/{told['id']}/record", said)


async def papers(walk: Planting, case: str) -> None:
    """A customer's dossier at the archive: what is filed, who asks to see it, and who borrows from it."""
    form = {"kind": "person", "branch": SERVICES.branch, "name": NAME, "phones": [PHONE], "mail": MAIL,
            "vehicles": [{"plate": PLATE, "model": "轩逸"}]}  # fmt: skip
    customer = await walk.does(CLERK, "customer", "/v1/customers", form)
    await walk.sees(
        "agent-7", "complaint", f"/v1/complaints/{case}", lambda seen: seen["customer_id"] == customer["id"]
    )
    new = {"kind": "customer", "about": customer["id"], "branch": SERVICES.branch}
    dossier = await walk.does(KEEPER, "archive", "/v1/dossiers", new)
    items = f"/v1/dossiers/{dossier['id']}/items"
    item = await walk.does(KEEPER, "archive", items, {
        "kind": "account_opener_identity", "medium": "paper", "label": "身份证", "remarks": "复印件"})  # fmt: skip
    viewing = {"dossier_id": dossier["id"], "purpose": "contract_renewal", "reason": "续签合同前核对",
               "outsider": {"name": NAME, "organisation": WORDS, "proof": "work_card",
                            "proof_number": PLATE}}  # fmt: skip
    await walk.does(HR, "archive", "/v1/view-requests", viewing)
    await walk.does(
        HR, "archive", "/v1/loans", {"dossier_id": dossier["id"], "items": [item["id"]], "reason": "年检需要原件"}
    )


async def books(walk: Planting) -> None:
    """A distributor with an account: changed for a reason, and a document taken back for one."""
    form = {"kind": "organisation", "branch": DISTRIBUTOR, "customer_class": "key", "name": f"{NAME}商贸行",
            "phones": [FREE_PHONE], "enterprise_nature": "民营", "supervising_unit": "无", "address": ADDRESS,
            "contact_person": OTHER_NAME}  # fmt: skip
    customer = await walk.does(CLERK, "customer", "/v1/customers", form)
    change = {"effective_on": datetime.now(UTC).date().isoformat(), "customer_class": "general", "reason": "采购减少"}
    answer = await walk.asks(CLERK, "customer", "PATCH", customer["path"], change)
    assert answer.status_code == 200, answer.text
    new = {"branch": DISTRIBUTOR, "customer_ids": [customer["id"]], "contract": "distribution", "term_days": 30}
    account = await walk.does(FINANCE, "credit", "/v1/accounts", new)
    today = datetime.now(ZONE).date().isoformat()
    invoice = {"kind": "invoice", "customer_id": customer["id"], "amount": "10.00", "dated_on": today,
               "issued_on": today, "origin": "erp", "origin_ref": "planted-1"}  # fmt: skip
    document = await walk.does(FINANCE, "credit", f"/v1/accounts/{account['id']}/documents", invoice)
    await walk.does(FINANCE, "credit", f"/v1/documents/{document['id']}/reverse", {"reason": "开票有误"})
