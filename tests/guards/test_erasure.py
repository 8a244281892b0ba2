"""Who holds what belongs to a customer is told to forget it, and waited for (P05.14)."""

from __future__ import annotations

from importlib import import_module

import pytest
from chassis.service import Service
from contracts.customer import CustomerErased
from customer.policy import CustomerPolicy
from dev.system import services


@pytest.mark.rule("P05.14")
def test_the_certificate_waits_for_each_service_that_is_told_to_forget() -> None:
    told = {name for name in services() if forgets(import_module(f"{name}.app").service)}
    assert set(CustomerPolicy().holders) == told


@pytest.mark.rule("P05.14")
def test_a_service_that_keeps_customers_by_their_ids_is_told_to_forget_them(service: Service) -> None:
    keeps = [table.name for table in service.tables.tables.values() if "customer_id" in table.c]
    assert not keeps or forgets(service) or service.name == "customer"


def forgets(service: Service) -> bool:
    return any(reaction.message is CustomerErased for reaction in service.reactions)
