"""The decision: one pure question; its ways out are true, and no amount slips through (P11.4–P11.9)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from contracts.credit import ReleaseWay
from credit.accounts.eligibility import CustomerFacts, Facts, Lack
from credit.limit.rolling import ZERO, DaySums, limit_on
from credit.policy import CreditPolicy
from credit.shipments.decision import Batch, Decision, Figures, Signature, decide
from hypothesis import given
from hypothesis import strategies as st

DAY = date(2026, 3, 31)
CENT = Decimal("0.01")


def money(amount: str | int) -> Decimal:
    return Decimal(amount).quantize(CENT)


def figures(
    exposure: str | int = 0, limit: str | int = 900, rules: dict[str, Any] | None = None, **more: Any
) -> Figures:
    policy = CreditPolicy.model_validate(rules or {})
    return Figures(on=DAY, exposure=money(exposure), limit=money(limit), rules=policy, **more)


def signature(amount: str | int, kind: Any = "first", until: date = DAY) -> Signature:
    return Signature(kind, money(amount), until, "area-1")


def ways(decision: Decision) -> list[str]:
    return [way.code for way in decision.ways_out]


@pytest.mark.rule("P11.6")
def test_the_batch_counts_unless_policy_leaves_it_out() -> None:
    assert not decide(figures(850), Batch(money(51))).released
    assert decide(figures(850, rules={"exposure": ("receivable", "released")}), Batch(money(51))).released
    assert not decide(figures("900.01", rules={"exposure": ("receivable", "released")}), Batch(money(51))).released


@pytest.mark.rule("P11.7")
@pytest.mark.parametrize(
    ("amount", "limit", "released"),
    [("299.99", "900.00", True), ("300.00", "900.00", False), ("300.00", "900.01", True), ("0.01", "0.03", False)],
)
def test_under_a_third_is_strictly_under_to_the_cent(amount: str, limit: str, released: bool) -> None:
    batch = Batch(money(amount), signature=signature(amount))
    assert decide(figures(limit, limit), batch).released is released


@pytest.mark.rule("P11.7")
@pytest.mark.rule("P11.8")
@pytest.mark.parametrize(
    ("used", "kind", "way"),
    [
        (frozenset(), "first", ReleaseWay.FIRST_OVERRUN),
        (frozenset(), "last", None),
        (frozenset({"first"}), "last", ReleaseWay.LAST_OVERRUN),
        (frozenset({"first"}), "first", None),
        (frozenset({"first", "last"}), "last", None),
        (frozenset({"last"}), "first", None),
    ],
)
def test_the_signature_must_be_for_the_turn_it_is(used: frozenset[str], kind: Any, way: ReleaseWay | None) -> None:
    batch = Batch(money(100), signature=signature(100, kind))
    assert decide(figures(900, used=used), batch).way is way


@pytest.mark.rule("P11.7")
def test_a_signature_ends_and_covers_no_other_amount() -> None:
    late = decide(figures(900), Batch(money(100), signature=signature(100, until=DAY - timedelta(days=1))))
    other = decide(figures(900), Batch(money(100), signature=signature(99)))
    assert [reason.code for reason in late.reasons] == ["over_limit", "signature_ended"]
    assert [reason.code for reason in other.reasons] == ["over_limit", "signed_for_another_amount"]
    turned = decide(figures(900, used=frozenset({"first"})), Batch(money(100), signature=signature(100, "first")))
    assert [reason.code for reason in turned.reasons] == ["over_limit", "signed_for_another_turn"]
    assert "last_overrun" in ways(turned)


@pytest.mark.rule("P11.7")
def test_policy_may_measure_the_excess_instead_of_the_batch() -> None:
    batch = Batch(money(500), signature=signature(500))
    assert not decide(figures(600), batch).released
    assert decide(figures(600, rules={"overrun_measure": "excess"}), batch).released


@pytest.mark.rule("P11.4")
@pytest.mark.rule("P11.1")
def test_a_signature_is_no_credit_where_there_is_none() -> None:
    batch = Batch(money(100), signature=signature(100))
    without = decide(figures(0, lacking=(Lack("contract"),)), batch)
    assert (without.released, ways(without)) == (False, ["settle_contract", "pay_cash"])
    assert not decide(figures(0, 0), batch).released
    assert decide(figures(0, 0), Batch(money(100), prepaid=money(100))).way is ReleaseWay.CASH


@pytest.mark.rule("P11.5")
def test_at_a_long_term_only_what_sales_approved_counts() -> None:
    assert not decide(figures(0, 900, long_term=True), Batch(money(1))).released
    assert decide(figures(0, 0, long_term=True, terms=money(100)), Batch(money(100))).way is ReleaseWay.TERMS
    assert not decide(figures(0, 900, long_term=True, terms=money(100)), Batch(money("100.01"))).released


@pytest.mark.rule("P11.5")
@pytest.mark.parametrize("terms", [None, money(500)])
@pytest.mark.parametrize("exposure", ["-50.00", "0.00", "400.00", "900.00"])
def test_sales_is_asked_for_as_much_as_would_be_owed_with_the_goods(terms: Decimal | None, exposure: str) -> None:
    for rules in ({}, {"exposure": ("receivable", "released")}):
        at = figures(exposure, 0, rules, long_term=True, terms=terms)
        decision = decide(at, Batch(money(600)))
        for way in decision.ways_out:
            if way.code == "approve_terms":
                assert decide(replace(at, terms=way.amount), Batch(money(600))).way is ReleaseWay.TERMS
                assert way.amount is not None
                assert not decide(replace(at, terms=way.amount - CENT), Batch(money(600))).released
        assert decision.released or "approve_terms" in ways(decision)


@pytest.mark.rule("P11.3")
def test_waiting_is_a_way_out_where_goods_of_today_count_tomorrow() -> None:
    sums = {DAY - timedelta(days=30): {"shipped": money(900)}, DAY: {"shipped": money(1000)}}
    held = decide(figures(900, 900, sums=sums), Batch(money(50)))
    assert [way.day for way in held.ways_out if way.code == "wait"] == [DAY + timedelta(days=1)]
    assert "wait" not in ways(decide(figures(900, 900, sums=sums), Batch(money(500))))


@pytest.mark.rule("P11.1")
@pytest.mark.rule("P11.3")
def test_waiting_is_no_way_out_past_the_end_of_the_credit() -> None:
    at, eve = datetime(2026, 12, 1, tzinfo=UTC), date(2026, 12, 31)
    customer = CustomerFacts(
        UUID(int=1), True, at, at, at, (("account_opener_identity", None), ("direct_contract", eve))
    )
    lasting = replace(customer, papers=(customer.papers[0], ("direct_contract", None)))
    sums = {eve: {"shipped": money(2000)}}
    for one, oldest, free in ((lasting, None, True), (lasting, eve, False), (customer, None, False)):
        facts = Facts((one,), oldest, "direct", at)
        held = decide(replace(figures(900, 900, sums=sums, facts=facts), on=eve), Batch(money(50)))
        assert ("wait" in ways(held)) is free


histories = st.dictionaries(
    st.integers(0, 40).map(lambda n: DAY - timedelta(days=n)),
    st.integers(0, 100_000).map(lambda n: {"shipped": Decimal(n) / 100}),
    max_size=8,
)


@pytest.mark.rule("P11.3")
@given(histories, st.integers(0, 300_000), st.integers(1, 100_000))
def test_who_waits_is_freed_on_the_day_that_was_said_and_not_before(sums: DaySums, owed: int, cents: int) -> None:
    batch = Batch(Decimal(cents) / 100)
    days = [DAY + timedelta(days=n) for n in range(31)]
    stands = [
        Figures(day, Decimal(owed) / 100, limit_on(day, sums, CreditPolicy(), date.min), CreditPolicy(), sums)
        for day in days
    ]
    found = [decide(one, batch) for one in stands]
    if not found[0].released:
        freed = next((day for day, one in zip(days, found, strict=True) if one.released), None)
        assert next((way.day for way in found[0].ways_out if way.code == "wait"), None) == freed


cents = st.integers(-50_000, 200_000).map(lambda n: Decimal(n) / 100)
positive = st.integers(1, 100_000).map(lambda n: Decimal(n) / 100)
limits = st.integers(0, 150_000).map(lambda n: Decimal(n) / 100)
kinds = st.sampled_from(["first", "last"])
used_sets = st.sampled_from([frozenset[str](), frozenset({"first"}), frozenset({"last"}), frozenset({"first", "last"})])


@pytest.mark.rule("P11.6")
@pytest.mark.rule("P11.9")
@given(cents, limits, positive, limits, used_sets, st.booleans(), st.none() | st.tuples(kinds, st.booleans()))
def test_nothing_goes_over_the_limit_unpaid_and_unsigned(
    exposure: Decimal,
    limit: Decimal,
    amount: Decimal,
    prepaid: Decimal,
    used: frozenset[str],
    eligible: bool,
    signed: tuple[Any, bool] | None,
) -> None:
    lacking = () if eligible else (Lack("contract"),)
    stamp = None if signed is None else signature(str(amount if signed[1] else amount + CENT), signed[0])
    at = figures(str(exposure), str(limit), used=used, lacking=lacking)
    decision = decide(at, Batch(amount, prepaid, stamp))
    owed = exposure + max(amount - prepaid, ZERO)
    if decision.way in (ReleaseWay.FIRST_OVERRUN, ReleaseWay.LAST_OVERRUN):
        assert signed is not None
        assert signed[1]
        assert eligible
        assert 3 * amount < limit
        assert len(used) < 2
    elif decision.released:
        assert (eligible and owed <= limit) or prepaid >= amount or owed <= 0
    else:
        assert decision.reasons
        assert decision.ways_out


@pytest.mark.rule("P11.6")
@given(cents, limits, positive, limits, used_sets, st.booleans())
def test_every_way_out_that_is_offered_frees_the_goods(
    exposure: Decimal, limit: Decimal, amount: Decimal, prepaid: Decimal, used: frozenset[str], eligible: bool
) -> None:
    lacking = () if eligible else (Lack("contract"),)
    at = figures(str(exposure), str(limit), used=used, lacking=lacking)
    for way in decide(at, Batch(amount, prepaid)).ways_out:
        match way.code, way.amount:
            case (("remit_first" | "pay_cash"), Decimal() as paid):
                assert decide(at, Batch(amount, prepaid + paid)).released
            case "pay_down", Decimal() as paid:
                lower = figures(str(exposure - paid), str(limit), used=used, lacking=lacking)
                assert decide(lower, Batch(amount, prepaid)).way is ReleaseWay.WITHIN_LIMIT
            case ("first_overrun" | "last_overrun") as code, _:
                stamp = signature(str(amount), code.partition("_")[0])
                assert decide(at, Batch(amount, prepaid, stamp)).released
            case "take_less", Decimal() as less:
                assert less < amount
                stamp = signature(str(less), "last" if "first" in used else "first")
                assert decide(at, Batch(less, min(prepaid, less), stamp)).released
            case code, _:
                assert code == "settle_contract"
