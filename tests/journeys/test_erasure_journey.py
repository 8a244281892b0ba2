"""A customer is forgotten by every service, and the certificate says so: processes, real Kafka, real databases."""

from __future__ import annotations

import pytest

from tests.faults.system import System, rows
from tests.journeys.walk import AGENT, AUDITOR, BRANCH, Walk

pytestmark = [pytest.mark.whole_system, pytest.mark.timeout(600), pytest.mark.asyncio(loop_scope="package")]

CLERK, DECIDER = "clerk-1", "cs-manager-1"
PHONE = "14207770009"


@pytest.mark.rule("P05.14")
async def test_a_customer_is_forgotten_everywhere_and_the_audit_still_proves_it(walk: Walk, running: System) -> None:
    form = {"kind": "person", "branch": BRANCH, "name": "王小芳", "phones": [PHONE]}
    customer = (await walk.does(CLERK, "customer", "/v1/customers", form))["id"]
    case = await walk.takes("forgotten-2", PHONE, channel="phone")
    await walk.sees(AGENT, "complaint", case["path"], lambda seen: seen["customer_id"] == customer)

    erasure = await walk.does(AUDITOR, "customer", f"/v1/customers/{customer}/erasure", {"ground": "unlawful"})
    await walk.signs([DECIDER], erasure["id"], "customer")
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
        AUDITOR, "archive", f"/v1/audit/search?about={erasure['id']}", lambda page: len(page["items"]) >= 2
    )
    assert proof["items"]
