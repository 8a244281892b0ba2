"""Lists: within reach, from an index."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from chassis.kit.stage import Stage
from staff.conduct.model import account_id_of
from staff.conduct.tables import breaches, conduct_entries

from .ledger import ADVISER, command, send


@pytest.mark.rule("P13.11")
@pytest.mark.parametrize(
    ("who", "seen"),
    [
        (ADVISER, {ADVISER}),
        ("consultant-2", {"consultant-2"}),
        ("manager-1", {ADVISER}),
        ("hr-1", {ADVISER, "consultant-2"}),
        ("gm-1", {ADVISER, "consultant-2"}),
        ("gm-2", set()),
    ],
)
async def test_everybody_lists_their_own_and_who_answers_for_others_theirs(
    staff: Stage, who: str, seen: set[str]
) -> None:
    own = await send(staff, command())
    await send(staff, command("new_car_file_late", person="consultant-2"))
    async with staff.client(subject=who) as person:
        listed = (await person.get("/v1/conduct/breaches")).json()["items"]
        assert {line["person"] for line in listed} == seen
        others = (await person.get(f"/v1/conduct/breaches?person={ADVISER}")).json()["items"]
        assert {line["person"] for line in others} == seen & {ADVISER}
        assert (await person.get(f"/v1/conduct/breaches/{own}")).status_code == (200 if ADVISER in seen else 404)


async def test_a_list_goes_on_where_it_stopped(staff: Stage) -> None:
    sent = [str(await send(staff, command(subject=f"car-{n}"))) for n in range(5)]
    async with staff.client(subject="gm-1") as manager:
        seen, cursor = [], ""
        while True:
            page = (await manager.get(f"/v1/conduct/breaches?limit=2{cursor}")).json()
            seen += [line["id"] for line in page["items"]]
            if page["next"] is None:
                break
            cursor = f"&cursor={page['next']}"
    assert seen == sent[::-1]


async def test_the_lists_of_50_000_breaches_are_read_from_an_index(staff: Stage) -> None:
    await staff.rows("""
        INSERT INTO breaches (id, account_id, person, branch, department, kind, items, rule, subject, occurred_on,
            decided_at, tariff, state, held, booked_at, version, sequence)
        SELECT uuidv7(), md5((n % 5000)::text)::uuid, 'person-' || n % 5000, 'branch-' || n % 200,
            'department-' || n % 7, 'file_lost', '[]', 'P13.7', 'car-' || n, '2026-03-02', now(), '{}',
            CASE WHEN n % 1000 = 0 THEN 'undecided' ELSE 'recorded' END, '{}', now(), 1, 0
        FROM generate_series(1, 50000) AS n
    """)
    await staff.rows("""
        INSERT INTO conduct_entries (id, breach_id, account_id, person, branch, department, month, decided_month,
            currency, fine, share, points, performance_pay, company_notice, doubled, because, rules, booked_at,
            booked_by)
        SELECT uuidv7(), id, account_id, person, branch, department, make_date(2026, 1 + (random() * 11)::int, 1),
            '2026-03-01', 'CNY', 20, 0, 0, 0, false, false, 'booked', '[]', now(), 'service:staff' FROM breaches
    """)
    rows, entries = breaches.c, conduct_entries.c
    newest = sa.select(rows.id).order_by(rows.id.desc()).limit(51)
    march = sa.select(entries.id).where(entries.month == date(2026, 3, 1)).order_by(entries.id).limit(5001)
    queries = {
        "everything": newest,
        "a branch": newest.where(rows.branch == "branch-7"),
        "a person": newest.where(rows.account_id == account_id_of(ADVISER)),
        "undecided": newest.where(rows.branch == "branch-7", rows.state == "undecided"),
        "a person's month": march.where(entries.account_id == account_id_of(ADVISER)),
        "a branch's month": march.where(entries.branch == "branch-7"),
        "a department's month": march.where(entries.branch == "branch-7", entries.department == "department-2"),
    }
    for name, query in queries.items():
        plan = await staff.plan(query)
        assert "Seq Scan" not in plan, f"{name}: {plan}"
