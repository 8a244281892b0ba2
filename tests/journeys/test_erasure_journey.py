"""A customer is forgotten by every service, and the certificate says so: processes, real Kafka, real databases."""

from __future__ import annotations

import pytest
from contracts.customer import CustomerErased

from tests.faults.system import System, rows
from tests.journeys.topics import app_of
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

    places = (("customer", "/v1/customers/search"), ("complaint", "/v1/complaints/search"))
    for service, where in places:
        assert (await walk.asks(AGENT, service, "POST", where, {"phone": PHONE})).json()["items"], service

    erasure = await walk.does(AUDITOR, "customer", f"/v1/customers/{customer}/erasure", {"ground": "unlawful"})
    await walk.signs([DECIDER], erasure["id"], "customer")
    path = f"/v1/erasures/{erasure['id']}/certificate"
    certificate = await walk.sees(DECIDER, "customer", path, lambda seen: seen["erasure"]["state"] == "completed")
    answered = {answer["service"] for answer in certificate["erasure"]["answers"]}
    assert answered == {"customer"} | {name for name in running.services if forgets(name)}

    for service, where in places:
        found = await walk.asks(AGENT, service, "POST", where, {"phone": PHONE})
        assert found.json()["items"] == [], service
    assert (await walk.asks(AGENT, "complaint", "GET", case["path"])).status_code == 404
    left = await rows(
        running.databases["complaint"], "SELECT 1 FROM known_tokens WHERE customer_id::text = $1", customer
    )
    assert left == []
    # the log still proves what was done before, and that it was forgotten on whose word
    for about in (case["id"], customer, erasure["id"]):
        assert "is in the log of" in await walk.proved(about)


def forgets(service: str) -> bool:
    """Whether a service is told to forget a customer."""
    return any(reaction.message is CustomerErased for reaction in app_of(service).reactions)
