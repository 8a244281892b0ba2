"""A customer is forgotten by every service, and the certificate says so: processes, real Kafka, real databases."""

from __future__ import annotations

import pytest

from tests.faults.system import Ground, rows, system
from tests.journeys.walk import Walk

pytestmark = [pytest.mark.serial, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

SERVICES = ("archive", "complaint", "credit", "customer", "staff")
ADMIN, CLERK, DECIDER, AGENT = "admin-1", "clerk-1", "manager-1", "agent-7"
PEOPLE = {
    CLERK: ("marketing_promotion@group", "information_specialist@group"),
    DECIDER: ("customer_service_manager@group",),
    AGENT: ("call_centre@group", "information_supervisor@group"),
}
PHONE = "14207770009"


@pytest.mark.rule("P05.14")
async def test_a_customer_is_forgotten_everywhere_and_the_audit_still_proves_it(here: Ground) -> None:
    told = {"KEHU_GRANTS_FROM": "staff", "KEHU_FIRST_ADMINISTRATOR": ADMIN}
    async with system(here, [(name, "all", 1) for name in SERVICES], **told) as running:
        walk = Walk({name: running.serving(name)[0].address for name in SERVICES}, lambda who: here.token(who))
        for n, (subject, roles) in enumerate(PEOPLE.items()):
            entry = {"subject": subject, "name": f"员工{n}", "branch": "group", "mail": f"{subject}@kehu.example",
                     "mobile": f"1420777800{n}"}  # fmt: skip
            person = await walk.does(ADMIN, "staff", "/v1/people", entry)
            for role in roles:
                name, _, place = role.partition("@")
                await walk.does(ADMIN, "staff", f"/v1/people/{person['id']}/grants", {"role": name, "place": place})
        form = {"kind": "person", "branch": "sh-pudong", "name": "王小芳", "phones": [PHONE]}
        customer = (await walk.does(CLERK, "customer", "/v1/customers", form))["id"]
        complaint = {"branch": "sh-pudong", "channel": "phone", "caller": {"name": "王小芳", "phone": PHONE},
                     "vehicle": {"brand": "东风日产"}, "text": "变速箱抖动"}  # fmt: skip
        case = await walk.does(AGENT, "complaint", "/v1/complaints", complaint)
        await walk.sees(AGENT, "complaint", case["path"], lambda seen: seen["customer_id"] == customer)

        erasure = await walk.does(CLERK, "customer", f"/v1/customers/{customer}/erasure", {"ground": "unlawful"})
        waiting = await walk.sees(
            DECIDER, "customer", f"/v1/approvals?subject={erasure['id']}", lambda page: bool(page["items"])
        )
        approval = waiting["items"][0]
        body = {"grant": True, "digest": approval["digest"]}
        await walk.does(DECIDER, "customer", f"/v1/approvals/{approval['id']}/decide", body)
        path = f"/v1/erasures/{erasure['id']}/certificate"
        certificate = await walk.sees(DECIDER, "customer", path, lambda seen: seen["erasure"]["state"] == "completed")
        answered = {answer["service"] for answer in certificate["erasure"]["answers"]}
        assert answered == {"customer", "complaint", "archive", "credit"}

        for service, where in (("customer", "/v1/customers/search"), ("complaint", "/v1/complaints/search")):
            found = await walk.asks(AGENT, service, "POST", where, {"phone": PHONE})
            assert found.json()["items"] == [], service
        assert (await walk.asks(AGENT, "complaint", "GET", case["path"])).status_code == 404
        left = await rows(
            running.databases["complaint"], "SELECT 1 FROM known_tokens WHERE customer_id::text = $1", customer
        )
        assert left == []
        proof = await walk.sees(
            AGENT, "archive", f"/v1/audit/search?about={erasure['id']}", lambda page: len(page["items"]) >= 2
        )
        assert proof["items"]
        await walk.close()
