"""People's names on papers: asked of staff when a paper is printed, beside the account, and never in its way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
import pytest_asyncio
from chassis.kit.counterpart import Reply, Request, answered, counterpart
from chassis.kit.keys import TestIssuer
from chassis.kit.pdf import characters
from chassis.kit.stage import Stage
from chassis.service import Service
from complaint.papers.people import people, person, with_names
from complaint.reports.plan_periods import PeriodPlanner
from contracts.complaint import DossierReady
from contracts.roles import Scope

from ..builders import CALL_BACK, Handled, judged, staffed, worked
from ..builders import answered as answered_case
from .test_forms import cells
from .test_statistics import frozen, reports

NAMES = {"hr-1": "何芸", "head-1": "周强", "gm-1": "沈洁", "relations-1": "苏敏"}
MARKS = ("\ue000", "\ue001")


@dataclass
class Staff:
    """The staff service, as far as papers go: who is who, and whom it was asked about."""

    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))
    away: bool = False
    asked: list[list[str]] = field(default_factory=list)

    def answer(self, request: Request) -> Reply | None:
        if request.path == "/token":
            assert b"scope=staff.resolve" in request.body
            return answered({"access_token": "t", "expires_in": 300})
        assert request.path == "/v1/people/resolve"
        subjects = orjson.loads(request.body)["subjects"]
        self.asked.append(subjects)
        if self.away:
            return Reply(503)
        known = [one for one in subjects if one in self.names]
        said = [{"subject": one, "name": self.names[one]} for one in known]
        return answered({"people": said, "unknown": [one for one in subjects if one not in known]})


@pytest.fixture
def staff() -> Staff:
    return Staff()


@pytest_asyncio.fixture
async def stage(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer, staff: Staff
) -> AsyncIterator[Stage]:
    async with (
        counterpart(staff.answer) as url,
        staffed(service, database, keys, issuer, peers={"staff": url}, token_endpoint=f"{url}/token") as stage,
    ):
        yield stage


async def handled(stage: Stage) -> Handled:
    """A case that has come as far as the customer's answer."""
    case = await Handled.taken(stage, "bj-services")
    await judged(case, "hr-1")
    await case.did("hr-1", "hand-over", {"department": "service"})
    await answered_case(case, "head-1")
    await case.did("head-1", "reaction", {"accepted": True})
    return case


async def written(case: Handled, paper: str = "record-form") -> list[str]:
    answer = await case.get("gm-1", f"/papers/{paper}?format=xlsx")
    assert answer.status_code == 200, answer.text
    found = cells(answer.content)
    assert not any(mark in cell for cell in found for mark in MARKS)
    return found


@pytest.mark.rule("P05.9")
async def test_a_paper_names_people_beside_their_accounts_and_is_printed_without_where_staff_is_away(
    stage: Stage, staff: Staff
) -> None:
    case = await handled(stage)
    form = await written(case)
    assert {"何芸（hr-1）", "周强（head-1）"} <= set(form)
    assert not {"hr-1", "head-1"} & set(form)
    assert staff.asked == [sorted(set(staff.asked[0]))]
    drawn = characters((await case.get("gm-1", "/papers/record-form")).content)
    assert set("周强何芸head-1") <= drawn
    assert not set(MARKS) & drawn
    del staff.names["head-1"]  # nobody that staff knows (any more)
    assert {"何芸（hr-1）", "head-1"} <= set(await written(case))
    staff.away = True
    assert {"hr-1", "head-1"} <= set(await written(case))
    for name in NAMES.values():  # nothing of it is kept, or told
        for kept in ("entries", "cases", "kehu.outbox"):
            assert name not in repr(await stage.rows(f"SELECT * FROM {kept}"))


async def test_words_of_a_caller_never_pass_for_an_account(stage: Stage, staff: Staff) -> None:
    vehicle = {"brand": "东风", "series": person("gm-1")}
    text = f"变速箱抖动 {person('gm-1')} {person('x y')}"
    case = await Handled.taken(stage, "bj-services", text=text, vehicle=vehicle)
    await judged(case, "hr-1")
    form = await written(case)
    assert any("变速箱抖动 gm-1 x y" in cell for cell in form)
    assert staff.asked == [["agent-7", "hr-1"]]


@pytest.mark.rule("P04.8")
@pytest.mark.rule("P17.10")
async def test_the_statistics_name_who_filled_them_in_and_nobody_whom_the_remarks_pretend(
    stage: Stage, staff: Staff
) -> None:
    await PeriodPlanner(stage.runtime).plan()
    await frozen(stage, "2026-04-01 00:15")
    (report, *_) = await reports(stage, "gm-1", "&branch=bj-services")
    async with stage.client(subject="hr-1") as hr, stage.client(subject="gm-1") as manager:
        body = {"remarks": f"本月由 {person('gm-1')} 督办"}
        assert (await hr.post(f"{report['path']}/fill-in", json=body)).status_code == 200
        answer = await manager.get(f"{report['path']}?format=xlsx")
    sheet = cells(answer.content)
    assert sheet[sheet.index("填报人") + 1] == "何芸（hr-1）"
    assert sheet[sheet.index("说明") + 1] == "本月由 gm-1 督办"
    assert staff.asked == [["hr-1"]]


async def test_the_archives_form_bears_the_names_of_when_it_was_printed(stage: Stage, staff: Staff) -> None:
    case = await handled(stage)
    await case.did("hr-1", "call-back", CALL_BACK)
    await case.did("hr-1", "close")
    await worked(stage, "print_dossier")
    (ready,) = await stage.outbox(DossierReady)
    assert isinstance(ready.message, DossierReady)
    (paper,) = [i for i in ready.message.items if (i.kind, i.media_type) == ("complaint_record", "application/pdf")]
    staff.names["head-1"] = "周庆"
    async with stage.client(scopes=(Scope.COMPLAINT_DOSSIER,), subject="archive") as archive:
        kept, again = [(await archive.get(paper.path)).content for _ in range(2)]
    assert kept == again
    assert set("周强何芸") <= characters(kept)
    assert "庆" not in characters(kept)


async def test_only_whole_marks_are_people_and_several_stand_in_one_line(stage: Stage) -> None:
    data = {"one": person("hr-1"), "none": person(None), "all": [people(["gm-1", "x-9"])], "words": "hr-1 \ue000"}
    assert await with_names(stage.runtime, data) == {
        "one": "何芸（hr-1）", "none": None, "all": ["沈洁（gm-1）、x-9"], "words": "hr-1 \ue000",
    }  # fmt: skip
