"""Customer files: opened once, found however asked for, changed with a trace, read on the record."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
import sqlalchemy as sa
from chassis.kit.stage import Stage
from contracts.archive import AccessRecorded
from contracts.customer import CustomerChanged, CustomerEntry, CustomerRegistered, TokenKind
from customer import tables

CANARIES = ("王小芳", "13800138000", "138 0013 8000", "沪A12345", "沪A·12345", "LSVAM4187C2184847")


def form(**changes: Any) -> dict[str, Any]:
    """A customer as a registrar enters them."""
    return {
        "kind": "person",
        "branch": "sh-pudong",
        "customer_class": "general",
        "name": "王小芳",
        "phones": ["138 0013 8000", "021-5555 0001"],
        "vehicles": [{"model": "轩逸", "plate": "沪A·12345", "vin": "LSVAM4187C2184847"}],
        **changes,
    }


async def registered(stage: Stage, **changes: Any) -> dict[str, Any]:
    async with stage.client("marketing_promotion@group") as clerk:
        answer = await clerk.post("/v1/customers", json=form(**changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def found(stage: Stage, **sought: str) -> list[str]:
    async with stage.client("call_centre@group") as agent:
        answer = await agent.post("/v1/customers/search", json=sought)
    assert answer.status_code == 200, answer.text
    return [line["id"] for line in answer.json()["items"]]


@pytest.mark.rule("P01.2")
async def test_a_customer_is_registered_and_told_as_tokens(stage: Stage) -> None:
    made = await registered(stage)
    told = await stage.outbox()
    assert [type(one.message) for one in told] == [CustomerRegistered, CustomerEntry]
    assert [one.sequence for one in told] == [1, 1]
    entry = told[1].message
    assert isinstance(entry, CustomerEntry)
    assert (told[1].topic, told[1].key) == ("customer.state", made["id"])
    kinds = sorted(str(token.kind) for token in entry.tokens)
    assert kinds == ["phone", "phone", "plate", "vin", "vin6"]
    phone = base64.urlsafe_b64encode(stage.runtime.tokens.token(TokenKind.PHONE, "13800138000")).decode().rstrip("=")
    assert phone in [token.token for token in entry.tokens]


@pytest.mark.rule("P01.2")
async def test_an_organisation_without_a_standard_field_is_refused_with_its_name(stage: Stage) -> None:
    async with stage.client("marketing_promotion@group") as clerk:
        answer = await clerk.post("/v1/customers", json=form(kind="organisation", address="浦东大道1号"))
        whole = form(
            kind="organisation",
            address="浦东大道1号",
            enterprise_nature="民营",
            supervising_unit="无",
            contact_person="李四",
        )
        complete = await clerk.post("/v1/customers", json=whole)
    assert answer.status_code == 422
    assert all(name in answer.text for name in ("enterprise_nature", "supervising_unit", "contact_person"))
    assert complete.status_code == 201, complete.text


@pytest.mark.parametrize(
    "spelling",
    [
        "13800138000",
        "+86 138 0013 8000",
        "0086-138-0013-8000",
        "138-0013-8000",
        "１３８００１３８０００",
        "86 13800138000",
    ],
)
async def test_any_way_of_writing_a_number_finds_the_same_customer(stage: Stage, spelling: str) -> None:
    made = await registered(stage)
    await registered(stage, phones=["139 0000 0001"], vehicles=[])
    assert await found(stage, phone=spelling) == [made["id"]]
    assert await found(stage, phone="(021) 55550001") == [made["id"]]


@pytest.mark.parametrize(
    "sought",
    [
        {"plate": "沪a 12345"},
        {"vin": "lsvam4187c2184847"},
        {"vin6": "184847"},
        {"mail": "Wang@Example.com "},
        {"id_number": "31010119900101123x"},
    ],
)
async def test_a_customer_is_found_by_whatever_is_known(stage: Stage, sought: dict[str, str]) -> None:
    made = await registered(stage, mail="wang@example.com", id_number="31010119900101123X")
    assert await found(stage, **sought) == [made["id"]]


async def test_a_duplicate_is_refused_with_the_candidates_and_an_override_is_recorded(stage: Stage) -> None:
    first = await registered(stage)
    async with stage.client("call_centre@group", subject="agent-9") as agent:
        refused = await agent.post("/v1/customers", json=form(name="王大方", vehicles=[]))
        body = form(name="王大方", vehicles=[], override={"reason": "父女共用电话"})
        second = await agent.post("/v1/customers", json=body)
    assert refused.status_code == 409
    problem = refused.json()
    assert problem["type"] == "/problems/duplicate-customer"
    assert problem["rules"] == ["P01.2"]
    assert [(one["id"], one["matched_by"]) for one in problem["candidates"]] == [(first["id"], ["phone"])]
    assert not any(canary in refused.text for canary in CANARIES)
    assert second.status_code == 201, second.text
    (record,) = [told.message for told in await stage.outbox(AccessRecorded)]
    assert record is not None
    said = record.model_dump()
    assert (said["actor"], said["action"]) == ("agent-9", "duplicates_overridden")
    assert said["ids"] == [second.json()["id"], first["id"]]
    async with stage.client("call_centre@group") as agent:
        assert (await agent.get(first["path"])).json()["override_reason"] is None
        read = (await agent.get(second.json()["path"])).json()
    # who may open the file reads why; it says something about a person, so it is neither listed nor on the bus
    assert (read["duplicates_overridden"], read["override_reason"]) == (True, "父女共用电话")
    async with stage.client("sales@sh-pudong") as other:
        assert (await other.get(second.json()["path"])).status_code == 403
    assert not any(b"\xe7\x88\xb6" in bytes(row[0]) for row in await stage.rows("SELECT value FROM kehu.outbox"))


async def test_a_change_to_a_number_that_someone_has_is_refused_and_an_override_is_recorded(stage: Stage) -> None:
    first = await registered(stage)
    other = await registered(stage, phones=["139 0000 0001"], vehicles=[])
    async with stage.client("call_centre@group", subject="agent-9") as agent:
        change = {"effective_on": "2026-11-01", "phones": ["138 0013 8000"]}
        refused = await agent.patch(f"/v1/customers/{other['id']}", json=change)
        taken = await agent.patch(f"/v1/customers/{other['id']}", json={**change, "override": {"reason": "同一家庭"}})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/duplicate-customer")
    assert taken.status_code == 200, taken.text
    assert (taken.json()["duplicates_overridden"], taken.json()["override_reason"]) == (True, "同一家庭")
    records = [told.message.model_dump() for told in await stage.outbox(AccessRecorded) if told.message]
    overridden = [said for said in records if said["action"] == "duplicates_overridden"]
    assert [(said["actor"], said["ids"], said["purpose"]) for said in overridden] == [
        ("agent-9", [other["id"], first["id"]], "change")
    ]


async def test_the_last_six_of_a_vin_alone_are_no_duplicate(stage: Stage) -> None:
    await registered(stage)
    other = await registered(stage, phones=["139 0000 0001"], vehicles=[{"model": "轩逸", "vin": "LSVAM4187C3184847"}])
    assert other["id"]
    assert len(await found(stage, vin6="184847")) == 2


async def test_twelve_clerks_who_register_the_same_person_at_once_make_one_file(stage: Stage) -> None:
    async with stage.client("marketing_promotion@group") as clerk:
        answers = await asyncio.gather(*[clerk.post("/v1/customers", json=form()) for _ in range(12)])
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 11
    assert len(await stage.rows("SELECT 1 FROM customers")) == 1
    assert len(await stage.outbox(CustomerRegistered)) == 1


async def test_the_same_key_registers_once_and_answers_the_same(stage: Stage) -> None:
    async with stage.client("marketing_promotion@group", **{"Idempotency-Key": "form-7"}) as clerk:
        first = await clerk.post("/v1/customers", json=form())
        again = await clerk.post("/v1/customers", json=form())
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    stored = await stage.rows("SELECT body FROM kehu.idempotency")
    assert first.json()["id"].encode() not in stored[0]["body"]


@pytest.mark.rule("P05.9")
async def test_opening_a_file_is_recorded_and_outside_reach_it_does_not_exist(stage: Stage) -> None:
    made = await registered(stage)
    async with stage.client("general_manager@sh-pudong", subject="gm") as manager:
        read = await manager.get(made["path"])
    async with stage.client("general_manager@bj-chaoyang") as other:
        assert (await other.get(made["path"])).status_code == 404
        assert (await other.get("/v1/customers")).json()["items"] == []
    assert read.json()["personal"]["name"] == "王小芳"
    records = [told for told in await stage.outbox() if told.topic == "archive.audit"]
    assert len(records) == 1
    assert records[0].message is not None
    said = records[0].message.model_dump()
    assert (said["actor"], said["ids"], said["purpose"]) == ("gm", [made["id"]], "reading the file")


@pytest.mark.rule("P05.15")
async def test_a_screen_gets_masked_names_in_its_order_and_learns_what_is_unknown(stage: Stage) -> None:
    first = await registered(stage)
    second = await registered(stage, name="李四", phones=["139 0000 0001"], vehicles=[], branch="bj-chaoyang")
    async with stage.client("call_centre@group") as agent:
        both = (await agent.post("/v1/customers/resolve", json={"ids": [second["id"], first["id"]]})).json()
    async with stage.client("complaint_agent@sh-pudong") as agent:
        own = (await agent.post("/v1/customers/resolve", json={"ids": [second["id"], first["id"]]})).json()
    assert [one["id"] for one in both["customers"]] == [second["id"], first["id"]]
    assert both["customers"][1]["name"] == "王**"
    assert both["customers"][1]["phones"] == ["138****8000", "021****0001"]
    assert [one["id"] for one in own["customers"]] == [first["id"]]
    assert own["unknown"] == [second["id"]]
    async with stage.client("sales@sh-pudong") as desk:
        theirs = (await desk.post("/v1/customers/resolve", json={"ids": [second["id"], first["id"]]})).json()
        file = await desk.get(first["path"])
    assert ([one["name"] for one in theirs["customers"]], theirs["unknown"]) == (["王**"], [second["id"]])
    assert file.status_code == 403, "whoever sees a name on a screen does not open the file"


@pytest.mark.rule("P05.9")
async def test_a_letter_is_addressed_in_clear_to_a_machine_only_and_on_record(stage: Stage) -> None:
    made = await registered(stage)
    path = f"/v1/customers/{made['id']}/addressee?purpose=dunning"
    async with stage.client(scopes=("customer.address",), subject="service:credit") as machine:
        answer = await machine.get(path)
        assert (await machine.get(path.partition("?")[0])).status_code == 422
        assert (await machine.get(made["path"])).status_code == 403
    assert answer.json() == {"id": made["id"], "name": "王小芳"}
    (told,) = await stage.outbox(AccessRecorded)
    record = told.message
    assert isinstance(record, AccessRecorded)
    assert (record.actor, record.purpose, record.ids) == ("service:credit", "dunning", [made["id"]])
    async with stage.client("call_centre@group", scopes=("customer.address",)) as person:
        assert (await person.get(path)).status_code == 403


@pytest.mark.rule("P01.4")
async def test_a_change_keeps_old_and_new_and_moves_the_directory(stage: Stage) -> None:
    made = await registered(stage)
    change = {"effective_on": "2026-11-01", "phones": ["139 0000 0009"], "address": "浦东大道1号"}
    async with stage.client("marketing_promotion@group", subject="clerk-3") as clerk:
        read = await clerk.get(made["path"])
        answer = await clerk.patch(made["path"], json=change, headers={"If-Match": read.headers["etag"]})
        late = await clerk.patch(made["path"], json=change, headers={"If-Match": read.headers["etag"]})
        changes = (await clerk.get(f"{made['path']}/changes")).json()["items"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == 2
    assert answer.headers["etag"] == '"2"'
    assert late.status_code == 412
    assert await found(stage, phone="13800138000") == []
    assert await found(stage, phone="13900000009") == [made["id"]]
    assert [(one["fields"], one["reported_by"], one["effective_on"]) for one in changes] == [
        (["address", "phones"], "clerk-3", "2026-11-01")
    ]
    assert changes[0]["old"]["phones"] == ["138 0013 8000", "021-5555 0001"]
    assert changes[0]["new"]["address"] == "浦东大道1号"
    (told,) = await stage.outbox(CustomerChanged)
    assert isinstance(told.message, CustomerChanged)
    assert told.message.what == ["address", "phones"]
    entries = await stage.outbox(CustomerEntry)
    assert [one.sequence for one in entries] == [1, 2]


@pytest.mark.rule("P01.1")
async def test_a_change_of_class_says_why(stage: Stage) -> None:
    made = await registered(stage)
    change = {"effective_on": "2026-11-01", "customer_class": "key"}
    async with stage.client("marketing_promotion@group") as clerk:
        silent = await clerk.patch(made["path"], json=change)
        said = await clerk.patch(made["path"], json={**change, "reason": "年采购额达标"})
    assert silent.status_code == 422
    assert silent.json()["rules"] == ["P01.1"]
    assert said.json()["customer_class"] == "key"


async def test_a_change_to_someone_elses_number_is_asked_about(stage: Stage) -> None:
    await registered(stage)
    other = await registered(stage, phones=["139 0000 0001"], vehicles=[])
    async with stage.client("marketing_promotion@group") as clerk:
        taken = {"effective_on": "2026-11-01", "phones": ["13800138000"]}
        refused = await clerk.patch(other["path"], json=taken)
        nothing = await clerk.patch(other["path"], json={"effective_on": "2026-11-01", "name": None})
    assert refused.status_code == 409
    assert nothing.status_code == 422


@pytest.mark.rule("P05.15")
async def test_no_personal_data_leaves_the_sealed_column(stage: Stage) -> None:
    await registered(stage)
    async with stage.client("call_centre@group") as agent:
        listed = await agent.get("/v1/customers")
    kept = [await stage.rows(f"SELECT t::text AS row FROM {name} t") for name in tables.metadata.tables]
    outbox = await stage.rows("SELECT convert_from(value, 'UTF8') AS row FROM kehu.outbox WHERE value IS NOT NULL")
    everything = str([row["row"] for rows in [*kept, outbox] for row in rows]) + listed.text
    assert not any(canary in everything for canary in CANARIES)


async def test_a_branch_registers_for_itself_only(stage: Stage) -> None:
    async with stage.client("marketing_promotion@bj-chaoyang") as clerk:
        assert (await clerk.post("/v1/customers", json=form())).status_code == 403
    async with stage.client("technician@sh-pudong") as nobody:
        assert (await nobody.post("/v1/customers", json=form())).status_code == 403


@pytest.mark.rule("P05.15")
@pytest.mark.rule("P11.1")
async def test_who_opens_accounts_finds_a_customer_of_the_branch_and_opens_no_file(stage: Stage) -> None:
    made = await registered(stage)
    async with stage.client("sales@sh-pudong", subject="sales-1") as sales:
        answer = await sales.post("/v1/customers/search", json={"phone": "13800138000"})
        assert [line["id"] for line in answer.json()["items"]] == [made["id"]]
        assert not any(canary in answer.text for canary in CANARIES)
        assert (await sales.get("/v1/customers")).status_code == 403
        assert (await sales.get(made["path"])).status_code == 403
    async with stage.client("sales@bj-chaoyang", subject="sales-2") as other:
        answer = await other.post("/v1/customers/search", json={"phone": "13800138000"})
        assert answer.json()["items"] == []


async def test_the_lists_of_50_000_customers_are_read_from_an_index(stage: Stage) -> None:
    await stage.rows("""
        INSERT INTO customers (id, kind, branch, registered_at, registered_by, duplicates_overridden, subject_id,
            sealed, version, sequence)
        SELECT uuidv7(), 'person', 'branch-' || n % 200, now(), 'test', false, uuidv7(), '', 1, 1
        FROM generate_series(1, 50000) AS n
    """)
    await stage.rows("""
        INSERT INTO customer_tokens SELECT id, 'phone', 't1', substring(sha256(id::text::bytea) for 16) FROM customers
    """)
    c, t = tables.customers.c, tables.customer_tokens.c
    having = sa.select(t.customer_id).where(t.token == sa.text("'\\x01'::bytea"), t.kind == "phone")
    queries = {
        "everything": sa.select(c.id).order_by(c.id.desc()).limit(51),
        "a branch": sa.select(c.id).where(c.branch.in_(["branch-7", "branch-9"])).order_by(c.id.desc()).limit(51),
        "a phone": sa.select(c.id).where(c.id.in_(having)).order_by(c.id.desc()).limit(51),
    }
    for name, query in queries.items():
        plan = await stage.plan(query)
        assert "Seq Scan" not in plan, f"{name}: {plan}"


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
