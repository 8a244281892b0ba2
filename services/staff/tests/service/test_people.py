"""People join, hold roles, move and leave; every change is told, no name is, and nobody sees beyond their reach."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from chassis.dev_issuer import mint
from chassis.kit.at_work import at_work
from chassis.kit.eventually import eventually
from chassis.kit.keys import ISSUER, TestIssuer
from chassis.kit.stage import Stage, staged
from chassis.service import Service
from contracts.archive import AccessRecorded
from contracts.staff import Employment, PersonEntry, PersonLeft
from policy.calendar import ZONE
from policy.directory import Directory
from policy.kit import Clock
from staff import tables
from staff.people.first_administrator import make_first_administrator

from ..builders import ADMIN, joined, opened

CANARIES = ("李小敏", "14207770042", "142 0777 0042", "li.min@example.com")
REACHED = {"mail": "li.min@example.com", "mobile": "142 0777 0042"}


@pytest.fixture
def clock(stage: Stage) -> Clock:
    """Monday morning, and it stands."""
    clock = Clock(datetime(2026, 3, 2, 9, 15, tzinfo=ZONE))
    stage.runtime.clock = clock
    return clock


async def told_of(stage: Stage, subject: str) -> list[PersonEntry]:
    told = [one.message for one in await stage.outbox(PersonEntry)]
    return [one for one in told if isinstance(one, PersonEntry) and one.subject == subject]


def held(entry: PersonEntry) -> list[str]:
    return sorted(f"{grant.role}@{grant.place}" for grant in entry.grants)


async def post(stage: Stage, path: str, body: dict[str, Any], *grants: str, subject: str = "admin") -> Any:
    async with stage.client(*(grants or (ADMIN,)), subject=subject) as caller:
        return await caller.post(path, json=body)


# -- joining -------------------------------------------------------------------------------------


@pytest.mark.rule("P05.15")
async def test_who_joins_is_told_with_roles_and_without_a_name(stage: Stage) -> None:
    await opened(stage)
    await joined(stage, "relations-1", "customer_relations@sh-pudong", department="after_sales", **REACHED)
    (entry,) = await told_of(stage, "relations-1")
    assert (entry.employment, entry.branch, entry.department) == ("active", "sh-pudong", "after_sales")
    assert held(entry) == ["customer_relations@sh-pudong"]
    kept = [await stage.rows(f"SELECT t::text AS row FROM {name} t") for name in tables.metadata.tables]
    kept += [await stage.rows(f"SELECT t::text AS row FROM kehu.{name} t") for name in ("obligations", "jobs")]
    outbox = await stage.rows("SELECT convert_from(value, 'UTF8') AS row FROM kehu.outbox WHERE value IS NOT NULL")
    everything = str([row["row"] for rows in [*kept, outbox] for row in rows])
    assert not any(canary in everything for canary in CANARIES)


@pytest.mark.parametrize(
    "same",
    [
        {"subject": "relations-1"},
        {"employee_number": "E-1"},
        {"mobile": "+86 142-0777-0042"},
        {"mail": "Li.Min@Example.com"},
    ],
    ids=["subject", "number", "mobile", "mail"],
)
async def test_nobody_is_entered_twice_however_their_number_is_written(stage: Stage, same: dict[str, str]) -> None:
    await opened(stage)
    first = await joined(stage, "relations-1", employee_number="E-1", **REACHED)
    form = {"subject": "other", "name": "王五", "branch": "sh-pudong", **same}
    answer = await post(stage, "/v1/people", form)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/entered-already")
    assert [one["id"] for one in answer.json()["candidates"]] == [first["id"]]
    assert not any(canary in answer.text for canary in CANARIES)


async def test_eight_who_enter_the_same_person_at_once_make_one_entry(stage: Stage) -> None:
    await opened(stage)
    form = {"subject": "s", "name": "王五", "branch": "sh-pudong", "mobile": "142 0777 0001"}
    answers = await asyncio.gather(
        *[post(stage, "/v1/people", {**form, "subject": f"s-{n}" if n % 2 else "s"}) for n in range(8)]
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert len(await stage.outbox(PersonEntry)) == 1


@pytest.mark.parametrize("blank", ["subject", "name"])
async def test_nobody_is_entered_without_a_name_or_a_subject(stage: Stage, blank: str) -> None:
    await opened(stage)
    form = {"subject": "s", "name": "王五", "branch": "sh-pudong", blank: "  "}
    answer = await post(stage, "/v1/people", form)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{blank}")


@pytest.mark.parametrize(
    "place", ["nowhere", "sh-pudong/laboratory", "area:moon", "SH", "sh-pudong/", "a" * 200, "group/sales"]
)
async def test_a_role_is_given_at_a_place_that_there_is(stage: Stage, place: str) -> None:
    await opened(stage)
    form = {"subject": "s", "name": "王五", "branch": "sh-pudong", "roles": [{"role": "legal", "place": place}]}
    assert (await post(stage, "/v1/people", form)).status_code == 422
    assert await stage.outbox(PersonEntry) == []


# -- who may give what ---------------------------------------------------------------------------


@pytest.mark.rule("P05.19")
@pytest.mark.parametrize(
    ("role", "place", "by", "subject", "status"),
    [
        ("department_head", "sh-pudong", "hr_admin@sh-pudong", "hr", 201),
        ("department_head", "sh-pudong/sales", "hr_admin@sh-pudong", "hr", 201),
        ("department_head", "bj-1", "hr_admin@sh-pudong", "hr", 403),
        ("department_head", "group", "hr_admin@sh-pudong", "hr", 403),
        ("department_head", "area:east", "hr_admin@sh-pudong", "hr", 403),
        ("call_centre", "sh-pudong", "hr_admin@sh-pudong", "hr", 403),
        ("call_centre", "group", "hr_admin@group", "hr", 201),
        ("administrator", "group", "hr_admin@group", "hr", 403),
        ("administrator", "group", "administrator@group", "admin", 201),
        ("department_head", "sh-pudong", "hr_admin@sh-pudong", "relations-1", 403),
        ("department_head", "sh-pudong", "general_manager@sh-pudong", "gm", 403),
        ("department_head", "sh-pudong", "hr_admin@bj-1", "hr", 404),
    ],
)
async def test_nobody_gives_more_than_he_reaches(
    stage: Stage, role: str, place: str, by: str, subject: str, status: int
) -> None:
    await opened(stage)
    await opened(stage, "bj-1", region="north")
    person = await joined(stage, "relations-1")
    answer = await post(stage, f"{person['path']}/grants", {"role": role, "place": place}, by, subject=subject)
    assert answer.status_code == status, answer.text
    assert len(await told_of(stage, "relations-1")) == (2 if status == 201 else 1)


async def test_a_role_has_a_window_is_held_once_and_ends(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    person = await joined(stage, "relations-1")
    grant = {"role": "department_head", "place": "sh-pudong", "from_at": "2026-03-03T09:00:00+08:00",
             "until_at": "2026-03-10T09:00:00+08:00"}  # fmt: skip
    path = f"{person['path']}/grants"
    given = await post(stage, path, grant)
    overlapping = await post(stage, path, {**grant, "from_at": "2026-03-09T09:00:00+08:00", "until_at": None})
    after = await post(stage, path, {**grant, "from_at": grant["until_at"], "until_at": None})
    backwards = await post(stage, path, {**grant, "role": "legal", "until_at": "2026-03-01T09:00:00+08:00"})
    naive = await post(stage, path, {**grant, "role": "legal", "from_at": "2026-03-03T09:00:00"})
    statuses = [answer.status_code for answer in (given, overlapping, after, backwards, naive)]
    assert statuses == [201, 409, 201, 422, 422]
    ended = await post(stage, f"{path}/{given.json()['id']}/end", {})
    again = await post(stage, f"{path}/{given.json()['id']}/end", {})
    assert (ended.status_code, again.status_code) == (200, 409)
    last = (await told_of(stage, "relations-1"))[-1]
    assert [grant.from_at.isoformat() for grant in last.grants if grant.until_at is None] == [
        "2026-03-10T01:00:00+00:00"
    ]


async def test_twice_the_same_role_at_once_is_held_once(stage: Stage) -> None:
    await opened(stage)
    person = await joined(stage, "relations-1")
    form = {"role": "department_head", "place": "sh-pudong"}
    answers = await asyncio.gather(*[post(stage, f"{person['path']}/grants", form) for _ in range(5)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 4


# -- moving and leaving --------------------------------------------------------------------------


async def test_who_moves_ends_old_roles_and_begins_new_ones_at_one_instant(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    await opened(stage, "bj-1", region="north")
    person = await joined(stage, "adviser-1", "service_adviser@sh-pudong")
    form = {"branch": "bj-1", "department": "sales", "at": "2026-03-09T00:00:00+08:00",
            "roles": [{"role": "sales_consultant", "place": "bj-1"}]}  # fmt: skip
    outside = await post(stage, f"{person['path']}/move", form, "hr_admin@sh-pudong", subject="hr")
    answer = await post(stage, f"{person['path']}/move", form)
    assert (outside.status_code, answer.status_code) == (403, 200), answer.text
    entry = (await told_of(stage, "adviser-1"))[-1]
    instants = {(g.role, g.from_at if g.role == "sales_consultant" else g.until_at) for g in entry.grants}
    begin = datetime(2026, 3, 9, tzinfo=ZONE)
    assert instants == {("service_adviser", begin), ("sales_consultant", begin)}
    assert entry.branch == "sh-pudong"
    clock.at("2026-03-09 00:00")
    async with at_work(stage.runner()):
        await eventually(lambda: moved(stage, "bj-1"))
    entry = (await told_of(stage, "adviser-1"))[-1]
    assert (entry.branch, entry.department, held(entry)) == ("bj-1", "sales", ["sales_consultant@bj-1"])


async def moved(stage: Stage, branch: str) -> bool:
    return [branch] == [row[0] for row in await stage.rows("SELECT branch FROM people")]


@pytest.mark.rule("P01.9")
async def test_who_leaves_has_no_role_from_that_instant_and_it_is_told(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    person = await joined(stage, "adviser-1", "service_adviser@sh-pudong", **REACHED)
    answer = await post(stage, f"{person['path']}/departure", {}, "hr_admin@sh-pudong", subject="hr")
    again = await post(stage, f"{person['path']}/departure", {})
    assert (answer.status_code, answer.json()["employment"], again.status_code) == (200, "left", 409)
    entry = (await told_of(stage, "adviser-1"))[-1]
    assert (entry.employment, entry.grants) == (Employment.LEFT, [])
    (event,) = await stage.outbox(PersonLeft)
    assert isinstance(event.message, PersonLeft)
    assert (event.topic, event.message.subject, event.time) == ("staff.events", "adviser-1", clock.now)
    role = await post(stage, f"{person['path']}/grants", {"role": "legal", "place": "group"})
    assert (role.status_code, role.json()["type"], role.json()["rules"]) == (409, "/problems/has-left", ["P01.9"])
    await joined(stage, "adviser-2", **REACHED)


@pytest.mark.rule("P01.9")
async def test_a_departure_ahead_ends_the_roles_then_and_is_told_once(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    person = await joined(stage, "adviser-1", "service_adviser@sh-pudong")
    at = datetime(2026, 3, 31, 18, 0, tzinfo=ZONE)
    answer = await post(stage, f"{person['path']}/departure", {"at": at.isoformat()})
    assert (answer.status_code, answer.json()["employment"]) == (200, "active")
    ((line,),) = [entry.grants for entry in (await told_of(stage, "adviser-1"))[-1:]]
    assert line.until_at == at
    late = await post(stage, f"{person['path']}/grants", {"role": "legal", "place": "group"})
    assert late.json()["until_at"] == "2026-03-31T10:00:00Z"
    clock.now = at - timedelta(seconds=1)
    async with at_work(stage.runner()):
        assert await stage.outbox(PersonLeft) == []
        clock.now = at + timedelta(minutes=3)
        await eventually(lambda: stage.outbox(PersonLeft))
    (event,) = await stage.outbox(PersonLeft)
    assert event.time == at


async def test_an_earlier_departure_replaces_the_planned_one(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    person = await joined(stage, "adviser-1", "service_adviser@sh-pudong")
    path = f"{person['path']}/departure"
    await post(stage, path, {"at": "2026-03-31T18:00:00+08:00"})
    later = await post(stage, path, {"at": "2026-04-30T18:00:00+08:00"})
    sooner = await post(stage, path, {"at": "2026-03-10T18:00:00+08:00"})
    own = await post(stage, path, {}, "administrator@group", subject="adviser-1")
    assert (later.status_code, sooner.status_code, own.status_code) == (409, 200, 403)
    clock.at("2026-04-01 09:00")
    async with at_work(stage.runner()):
        await eventually(lambda: stage.outbox(PersonLeft))
        await eventually(lambda: no_job(stage))
    assert [event.time.astimezone(ZONE).day for event in await stage.outbox(PersonLeft)] == [10]


async def no_job(stage: Stage) -> bool:
    return not await stage.rows("SELECT 1 FROM kehu.jobs WHERE state = 'waiting'")


@pytest.mark.parametrize("path", ["/v1/people", "move"])
async def test_a_role_is_not_given_twice_in_one_form(stage: Stage, path: str) -> None:
    await opened(stage)
    person = await joined(stage, "relations-1")
    form = {"branch": "sh-pudong", "roles": [{"role": "legal", "place": "group"}] * 2}
    more = {"subject": "other", "name": "王五"} if path == "/v1/people" else {}
    answer = await post(stage, path if more else f"{person['path']}/move", {**form, **more})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"], error["code"]) == (422, "/roles", "duplicate")


async def test_a_planned_move_is_brought_forward_and_never_passed_over(stage: Stage, clock: Clock) -> None:
    for branch in ("sh-pudong", "bj-1", "gz-1"):
        await opened(stage, branch)
    person = await joined(stage, "adviser-1", "service_adviser@sh-pudong")

    async def move(branch: str, day: int) -> int:
        form = {"branch": branch, "at": f"2026-03-{day:02}T00:00:00+08:00",
                "roles": [{"role": "service_adviser", "place": branch}]}  # fmt: skip
        return int((await post(stage, f"{person['path']}/move", form)).status_code)

    assert [await move("bj-1", 9), await move("gz-1", 20), await move("gz-1", 5)] == [200, 409, 200]
    clock.at("2026-03-10 09:00")
    async with at_work(stage.runner()):
        await eventually(lambda: moved(stage, "gz-1"))
        await eventually(lambda: no_job(stage))
    entry = (await told_of(stage, "adviser-1"))[-1]
    assert (entry.branch, held(entry)) == ("gz-1", ["service_adviser@gz-1"])


async def test_a_role_given_before_a_planned_move_ends_with_it(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    await opened(stage, "bj-1", region="north")
    person = await joined(stage, "adviser-1")
    at = "2026-03-09T00:00:00+08:00"
    assert (await post(stage, f"{person['path']}/move", {"branch": "bj-1", "at": at})).status_code == 200
    ends = []
    for role, place, from_at in (("technician", "sh-pudong", None), ("technician", "bj-1", at)):
        grant = {"role": role, "place": place, "from_at": from_at}
        ends.append((await post(stage, f"{person['path']}/grants", grant)).json()["until_at"])
    assert ends == [at, None]


@pytest.mark.parametrize("at", ["2026-03-01T00:00:00+08:00", "2026-03-09T00:00:00"])
async def test_an_instant_that_cannot_be_is_refused_where_it_stands(stage: Stage, clock: Clock, at: str) -> None:
    await opened(stage)
    person = await joined(stage, "adviser-1", "technician@sh-pudong")
    for path in ("departure", "move", f"grants/{person['grants'][0]['id']}/end"):
        form = {"at": at, **({"branch": "sh-pudong"} if path == "move" else {})}
        answer = await post(stage, f"{person['path']}/{path}", form)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/at"), path


@pytest.mark.rule("P05.19")
async def test_somebody_always_administers_the_group(stage: Stage) -> None:
    await opened(stage)
    first = await joined(stage, "boss-1", "administrator@group")
    # held for a time, or for another, it ends by itself
    ends = {"role": "administrator", "place": "group", "until_at": "2099-01-01T00:00:00+08:00"}
    await joined(stage, "for-a-time", roles=[ends])
    until = {"until_at": "2098-01-01T00:00:00+08:00"}
    acting = {"delegations": [{"role": "administrator", "place": "group", "to": "for-a-time"}], **until}
    assert (await post(stage, f"{first['path']}/delegations", acting)).status_code == 201
    acts = ((f"grants/{first['grants'][0]['id']}/end", {}), ("move", {"branch": "sh-pudong"}), ("departure", {}))
    for path, form in acts:
        answer = await post(stage, f"{first['path']}/{path}", form, "hr_admin@group", subject="hr")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/last-administrator"), path
    second = await joined(stage, "boss-2", "administrator@group")
    at_once = [post(stage, f"{one['path']}/departure", {}) for one in (first, second)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*at_once)) == [200, 409]


@pytest.mark.rule("P01.9")
async def test_the_entry_of_who_has_left_is_corrected_and_keeps_no_number_from_another(stage: Stage) -> None:
    await opened(stage)
    gone = await joined(stage, "adviser-1", **REACHED)
    await post(stage, f"{gone['path']}/departure", {})

    async def corrected(name: str) -> int:
        async with stage.client(ADMIN) as admin:
            return int((await admin.patch(gone["path"], json={"name": name})).status_code)

    assert await corrected("李小民") == 200
    await joined(stage, "adviser-2", **REACHED)
    assert await corrected("李小敏") == 200


# -- seeing --------------------------------------------------------------------------------------


@pytest.mark.rule("P05.9")
async def test_an_entry_is_opened_within_reach_and_on_record(stage: Stage) -> None:
    await opened(stage)
    person = await joined(stage, "relations-1", "customer_relations@sh-pudong", department="sales", **REACHED)
    async with stage.client("department_head@sh-pudong/sales", subject="head") as head:
        seen = await head.get(person["path"])
    for grant in ("hr_admin@bj-1", "department_head@sh-pudong/after_sales"):
        async with stage.client(grant) as other:
            assert (await other.get(person["path"])).status_code == 404
            assert (await other.get("/v1/people")).json()["items"] == []
    assert seen.json()["personal"] == {"name": "李小敏", **REACHED}
    reads = [one.message for one in await stage.outbox(AccessRecorded) if "read" in str(one.message)]
    assert [(one.actor, one.purpose) for one in reads if isinstance(one, AccessRecorded)] == [
        ("head", "reading the entry")
    ]


async def test_people_are_listed_by_place_and_by_what_they_hold_now(stage: Stage, clock: Clock) -> None:
    await opened(stage)
    await opened(stage, "bj-1", region="north")
    first = await joined(stage, "a", "legal@group", department="sales")
    second = await joined(stage, "b", "department_head@bj-1", branch="bj-1")
    await joined(stage, "c", roles=[{"role": "legal", "place": "group", "from_at": "2026-04-01T00:00:00+08:00"}])
    async with stage.client(ADMIN) as admin:

        async def listed(query: str) -> list[str]:
            answer = await admin.get(f"/v1/people?{query}")
            assert "李" not in answer.text
            return [one["subject"] for one in answer.json()["items"]]

        assert await listed("branch=sh-pudong") == ["c", "a"]
        assert await listed("branch=sh-pudong&department=sales") == ["a"]
        assert await listed("role=legal") == ["a"]
        assert await listed("place=bj-1") == ["b"]
        assert await listed("employment=left") == []
        page = (await admin.get("/v1/people?limit=1")).json()
        assert await listed(f"cursor={page['next']}") == ["b", "a"]
    assert first["id"] != second["id"]


async def test_an_entry_is_changed_without_telling_the_others(stage: Stage) -> None:
    await opened(stage)
    person = await joined(stage, "relations-1", **REACHED)
    await joined(stage, "relations-2", mobile="142 0777 0043")
    async with stage.client("hr_admin@sh-pudong", subject="hr") as hr:
        kept = await hr.patch(person["path"], json={"name": "李敏", "mail": None}, headers={"If-Match": '"1"'})
        late = await hr.patch(person["path"], json={"name": "李"}, headers={"If-Match": '"1"'})
        taken = await hr.patch(person["path"], json={"mobile": "14207770043"})
        nameless = await hr.patch(person["path"], json={"name": None})
    assert kept.json()["personal"] == {"name": "李敏", "mail": None, "mobile": "142 0777 0042"}
    assert [answer.status_code for answer in (late, taken, nameless)] == [412, 409, 422]
    assert len(await told_of(stage, "relations-1")) == 1


@pytest.mark.rule("P05.9")
async def test_a_screen_gets_names_and_posts_of_colleagues_within_reach(stage: Stage) -> None:
    await opened(stage)
    await opened(stage, "bj-1", region="north")
    await joined(stage, "near", "customer_relations@sh-pudong", name="李近")
    await joined(stage, "far", "legal@group", name="王远", branch="bj-1")
    await joined(stage, "office", "call_centre@group", name="张中", branch="group")
    asked = {"subjects": ["far", "office", "near", "nobody"]}
    own = (await post(stage, "/v1/people/resolve", asked, "technician@sh-pudong")).json()
    assert [one["name"] for one in own["people"]] == ["张中", "李近"]
    assert own["unknown"] == ["far", "nobody"]
    assert own["people"][1]["posts"] == [
        {"role": "customer_relations", "zh": "客户关系部", "en": "customer-relations department", "place": "sh-pudong"}
    ]
    async with stage.client(subject="service:console", scopes=("staff.resolve",)) as machine:
        everyone = (await machine.post("/v1/people/resolve", json=asked)).json()
    assert [one["subject"] for one in everyone["people"]] == ["far", "office", "near"]


@pytest.mark.rule("P05.15")
async def test_only_a_machine_with_the_scope_learns_mail_and_mobile_and_says_what_for(stage: Stage) -> None:
    await opened(stage)
    await joined(stage, "relations-1", language="en", **REACHED)
    gone = await joined(stage, "gone")
    await post(stage, f"{gone['path']}/departure", {})
    asked = {"subjects": ["gone", "relations-1", "nobody"], "purpose": "a reminder"}
    async with stage.client(subject="service:notify", scopes=("staff.reach",)) as notify:
        answer = await notify.post("/v1/people/reach", json=asked)
        silent = await notify.post("/v1/people/reach", json={"subjects": ["relations-1"]})
    assert answer.json() == {
        "people": [{"subject": "relations-1", "language": "en", **REACHED}],
        "unknown": ["gone", "nobody"],
    }
    assert silent.status_code == 422
    assert (await post(stage, "/v1/people/reach", asked)).status_code == 403
    record = (await stage.outbox(AccessRecorded))[-1].message
    assert isinstance(record, AccessRecorded)
    assert (record.actor, record.purpose) == ("service:notify", "a reminder")


async def test_the_lists_of_50_000_people_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO people (id, subject, branch, department, language, employment, joined_at, subject_id, sealed,
            version, sequence)
        SELECT uuidv7(), 's' || n, 'branch-' || n % 200, 'd' || n % 7, 'zh', 'active', now(), uuidv7(), '', 1, 1
        FROM generate_series(1, 50000) AS n
    """)
    await stage.rows("""
        INSERT INTO grants (id, person_id, role, place, from_at, given_by, given_at, version, sequence)
        SELECT uuidv7(), id, 'role-' || right(subject, 1), branch, now(), 'test', now(), 1, 0 FROM people
    """)
    p, g = tables.people.c, tables.grants.c
    holding = sa.select(g.person_id).where(g.role == "role-3", g.place == "branch-3")
    queries = {
        "everyone": sa.select(p.id).order_by(p.id.desc()).limit(51),
        "a branch": sa.select(p.id).where(p.branch == "branch-7").order_by(p.id.desc()).limit(51),
        "a department": sa.select(p.id)
        .where(p.branch == "branch-7", p.department == "d3")
        .order_by(p.id.desc())
        .limit(51),
        "a role somewhere": sa.select(p.id).where(p.id.in_(holding)).order_by(p.id.desc()).limit(51),
        "a subject": sa.select(p.id).where(p.subject == "s77").order_by(p.id.desc()).limit(51),
    }
    for name, query in queries.items():
        plan = await stage.plan(query)
        assert "Seq Scan" not in plan, f"{name}: {plan}"


# -- the beginning -------------------------------------------------------------------------------


@pytest.mark.rule("P05.19")
@pytest.mark.parametrize(
    ("boss", "scopes"), [("boss", ()), ("client:provisioning", ("staff.resolve",))], ids=["human", "machine"]
)
async def test_the_first_administrator_is_made_once_and_gives_the_first_roles(
    service: Service,
    database: str,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    boss: str,
    scopes: tuple[str, ...],
) -> None:
    more = {"grants_from": "staff", "first_administrator": boss}
    async with staged(service, database, keys, issuer, **more) as stage:
        again = await asyncio.gather(*[make_first_administrator(stage.runtime) for _ in range(5)])
        assert again == [False] * 5
        (entry,) = await told_of(stage, boss)
        assert held(entry) == ["administrator@group"]
        await stage.deliver_outbox()
        await Directory.of(stage.runtime).refresh()
        form = {"branch": "hz-1", "title": "杭州一店", "kind": "store", "profile": "retail"}
        async with stage.client(subject=boss, scopes=scopes) as first:
            assert (await first.post("/v1/branches", json=form)).status_code == 201
            joins = {
                "subject": "hr",
                "name": "王五",
                "branch": "hz-1",
                "roles": [{"role": "hr_admin", "place": "hz-1"}],
            }
            assert (await first.post("/v1/people", json=joins)).status_code == 201
        async with stage.client(subject="somebody") as somebody:
            assert (await somebody.get("/v1/branches")).status_code == 403
        # what its provider writes into its token gives a machine no role
        claims = {"grants": ["administrator@group"], "client_id": "client:other"}
        token = mint(issuer.key, ISSUER, "client:other", **claims)
        async with stage.client(Authorization=f"Bearer {token}") as other:
            assert (await other.get("/v1/people")).status_code == 403


async def test_a_process_waits_for_the_one_that_enters_the_first_administrator(
    service: Service,
    database: str,
    keys: tuple[Path, Path],
    issuer: TestIssuer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with staged(service, database, keys, issuer, first_administrator="boss") as stage:
        monkeypatch.setattr("chassis.runtime.PATIENCE", "20ms")
        async with stage.runtime.transaction() as tx:
            await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended('first administrator', 0))")
            second = asyncio.create_task(make_first_administrator(stage.runtime))
            await asyncio.wait([second], timeout=0.3)
        assert await second is False


async def test_an_empty_directory_stays_empty_without_the_setting(stage: Stage) -> None:
    assert not await make_first_administrator(stage.runtime)
    assert await stage.rows("SELECT 1 FROM people") == []
