"""What one breach costs by itself: the numbers of the originals, items, bands and shares."""

from __future__ import annotations

from decimal import Decimal

import pytest
from contracts.money import Money
from contracts.roles import Role
from hypothesis import given
from hypothesis import strategies as st
from staff.conduct.policy import Bands, ConductPolicy, Sanction
from staff.conduct.tariff import bands_below, price

POLICY = ConductPolicy()
THIRDS = (Role.LOGISTICS_SPECIALIST, Role.WAREHOUSE_KEEPER, Role.MARKETING_HEAD)


@pytest.mark.rule("P04.11")
@pytest.mark.parametrize(
    ("tier", "fine", "points", "pay", "sanction"),
    [
        (2, "200.00", 5, 0, None),
        (3, "300.00", 10, 0, Sanction.REPRIMAND),
        (4, "1000.00", 0, 100, Sanction.MAJOR_DEMERIT),
    ],
)
def test_the_tiers_cost_what_the_original_says(
    tier: int, fine: str, points: int, pay: int, sanction: Sanction | None
) -> None:
    cost = price(POLICY, f"misconduct_{tier}").cost
    assert (cost.fine, cost.points, cost.performance_pay, cost.sanction) == (Decimal(fine), points, pay, sanction)
    assert cost.company_notice


@pytest.mark.rule("P04.11")
@pytest.mark.parametrize("tier", [1, 5])
def test_tiers_whose_sanction_is_lost_are_not_set_and_cost_nothing_by_themselves(tier: int) -> None:
    tariff = price(POLICY, f"misconduct_{tier}")
    assert tariff.not_set == f"conduct.kinds.misconduct_{tier}"
    assert tariff.cost.nothing


@pytest.mark.rule("P13.7")
@pytest.mark.parametrize(
    ("kind", "fine"),
    [
        ("new_car_file_late", 50),
        ("checklist_signature_missing", 20),
        ("contact_not_verified", 50),
        ("after_sales_file_late", 50),
        ("after_sales_paper_wrong", 20),
        ("customer_signature_missing", 50),
        ("staff_signature_missing", 20),
        ("file_lost", 20),
    ],
)
def test_fines_of_files_are_the_originals(kind: str, fine: int) -> None:
    assert price(POLICY, kind).cost.fine == fine


@pytest.mark.rule("P13.7")
def test_items_found_in_one_hand_over_add_up_to_one_breach() -> None:
    tariff = price(POLICY, "after_sales_file_late", [("after_sales_file_late", 1), ("customer_signature_missing", 2)])
    assert tariff.cost.fine == 150
    assert tariff.family == "service_adviser"


@pytest.mark.rule("P01.14")
@pytest.mark.rule("P13.10")
@pytest.mark.parametrize("kind", ["late_registration", "timeliness_low", "completeness_low", "unheard_of"])
def test_what_the_originals_give_no_number_for_must_be_decided(kind: str) -> None:
    assert price(POLICY, kind).not_set == f"conduct.kinds.{kind}"


@pytest.mark.rule("P01.14")
def test_points_for_a_late_registration_are_a_value_of_the_policy() -> None:
    late = POLICY.kinds["late_registration"].model_copy(update={"points": 2})
    policy = POLICY.model_copy(update={"kinds": {**POLICY.kinds, "late_registration": late}})
    tariff = price(policy, "late_registration")
    assert (tariff.not_set, tariff.cost.points) == (None, 2)


@pytest.mark.rule("P07.7")
@pytest.mark.parametrize(
    ("measured", "full", "started"),
    [("100", 0, 0), ("95.10", 0, 1), ("95.00", 1, 1), ("94.99", 1, 2), ("90", 2, 2), ("0", 20, 20), ("120", 0, 0)],
)
def test_points_go_by_full_bands_unless_begun_ones_count(measured: str, full: int, started: int) -> None:
    bands = Bands(standard=Decimal(100), width=Decimal(5), points=1)
    assert bands_below(bands, Decimal(measured)) == full
    assert bands_below(bands.model_copy(update={"started": True}), Decimal(measured)) == started
    assert price(POLICY, "call_back_rate_low", measured=Decimal(measured)).cost.points == full


@pytest.mark.rule("P11.11")
@pytest.mark.rule("P11.15")
@given(amount=st.decimals(0, 10**12, places=2))
def test_a_share_costs_what_was_approved(amount: Decimal) -> None:
    assert price(POLICY, "unauthorised_shipment", share=Money(amount=amount)).cost.share == amount


@pytest.mark.rule("P11.10")
@pytest.mark.rule("P11.12")
@pytest.mark.rule("P11.13")
@pytest.mark.parametrize("kind", ["bad_debt", "last_overrun_unpaid", "unapproved_goods"])
def test_without_an_approved_share_nobody_bears_a_guessed_one(kind: str) -> None:
    tariff = price(POLICY, kind)
    assert tariff.not_set == "share"
    assert tariff.cost.nothing
