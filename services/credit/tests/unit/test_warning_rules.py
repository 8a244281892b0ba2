"""What warns, at which threshold, on which evidence: each rule at its edge."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from contracts.credit import RiskKind
from credit.dunning.model import level_of
from credit.policy import Ageing, Concentration, CreditPolicy, LetterLevel, Promises, Shrinking
from credit.warnings.rules import RULES_BY_KIND, Evidence, Figures, OpenItem, Promise

TODAY = date(2026, 3, 2)
OPENED = date(2025, 1, 1)
RULES = CreditPolicy()


def figures(**more: object) -> Figures:
    return Figures(**{"on": TODAY, "opened_on": OPENED, "balance": Decimal("1000.00"), **more})  # type: ignore[arg-type]


def item(days_over: int, amount: str) -> OpenItem:
    return OpenItem(uuid4(), TODAY - timedelta(days=days_over), Decimal(amount))


def promise(days_over: int, *, met_after: int | None = None, replaced: bool = False) -> Promise:
    due = TODAY - timedelta(days=days_over)
    met = None if met_after is None else due + timedelta(days=met_after)
    return Promise(uuid4(), UUID(int=7), due, Decimal("100.00"), met, replaced)


def said(kind: RiskKind, seen: Figures, **changes: object) -> Evidence | None:
    return RULES_BY_KIND[kind](seen, RULES.model_copy(update=changes))


@pytest.mark.rule("P02.4")
def test_ageing_warns_from_its_day_and_its_part_on() -> None:
    old, young = item(15, "10.00"), item(14, "90.00")
    found = said(RiskKind.AGEING, figures(open=(old, young)))
    assert found is not None
    assert (found.amount, found.documents) == (Decimal("10.00"), (old.id,))
    assert found.kept()["figures"] == {"overdue": "10.00", "open": "100.00", "oldest_days_over": "15"}
    assert found.kept()["thresholds"] == {"days_over": 15, "percent": 10}
    assert said(RiskKind.AGEING, figures(open=(item(15, "9.99"), item(0, "90.01")))) is None
    assert said(RiskKind.AGEING, figures(open=(young,))) is None
    assert said(RiskKind.AGEING, figures(open=(young,)), warn_ageing=Ageing(days_over=14, percent=100)) is not None
    assert said(RiskKind.AGEING, figures(open=(old,)), warn_ageing=None) is None


@pytest.mark.rule("P02.4")
@pytest.mark.rule("P11.14")
def test_one_promise_past_its_day_warns_and_the_day_itself_is_in_time() -> None:
    assert said(RiskKind.BROKEN_PROMISES, figures(promises=(promise(0),))) is None
    found = said(RiskKind.BROKEN_PROMISES, figures(promises=(promise(1), promise(-9)), open=(item(3, "5.00"),)))
    assert found is not None
    assert (found.amount, found.plans) == (Decimal("100.00"), (UUID(int=7),))
    assert len(found.documents) == 1
    assert said(RiskKind.BROKEN_PROMISES, figures(promises=(promise(5, met_after=0),))) is None


@pytest.mark.rule("P02.4")
def test_promises_kept_late_or_replaced_warn_when_there_are_many_of_them() -> None:
    late = (promise(20, met_after=3), promise(40, met_after=1), promise(60, replaced=True))
    assert said(RiskKind.BROKEN_PROMISES, figures(promises=late[:2])) is None
    assert said(RiskKind.BROKEN_PROMISES, figures(promises=late)) is not None
    assert said(RiskKind.BROKEN_PROMISES, figures(promises=(*late[:2], promise(91, met_after=1)))) is None
    edge = Promises(unpaid=1, late=3, days=91)
    assert said(RiskKind.BROKEN_PROMISES, figures(promises=(*late[:2], promise(91, met_after=1))), warn_promises=edge)


def received(*amounts: tuple[int, str]) -> dict[date, Decimal]:
    return {TODAY - timedelta(days=ago): Decimal(amount) for ago, amount in amounts}


@pytest.mark.rule("P02.4")
def test_shrinking_payments_warn_below_half_of_the_mean_before() -> None:
    before = ((31, "300.00"), (65, "300.00"), (100, "300.00"))
    assert said(RiskKind.SHRINKING_PAYMENTS, figures(received=received(*before, (1, "150.00")))) is None
    found = said(RiskKind.SHRINKING_PAYMENTS, figures(received=received(*before, (1, "149.99"))))
    assert found is not None
    assert found.since == TODAY - timedelta(days=120)
    assert found.kept()["figures"]["received"] == "149.99"
    # what is too old, of today, or of an account with nothing owed or no history says nothing
    assert said(RiskKind.SHRINKING_PAYMENTS, figures(received=received((121, "900.00")))) is None
    assert said(RiskKind.SHRINKING_PAYMENTS, figures(received=received(*before), balance=Decimal("0.00"))) is None
    young = figures(received=received(*before), opened_on=TODAY - timedelta(days=10))
    assert said(RiskKind.SHRINKING_PAYMENTS, young) is None
    strict = Shrinking(days=30, before=3, percent=100)
    assert said(RiskKind.SHRINKING_PAYMENTS, figures(received=received(*before, (1, "299.99"))), warn_shrinking=strict)


@pytest.mark.rule("P02.4")
def test_concentration_warns_where_one_owes_a_large_part_of_many() -> None:
    owed = {"branch_owed": Decimal("2500.00"), "debtors": 5}
    assert said(RiskKind.CONCENTRATION, figures(**owed)) is not None
    assert said(RiskKind.CONCENTRATION, figures(**owed, balance=Decimal("999.99"))) is None
    assert said(RiskKind.CONCENTRATION, figures(**{**owed, "debtors": 4})) is None
    few = Concentration(percent=40, accounts=4)
    assert said(RiskKind.CONCENTRATION, figures(**{**owed, "debtors": 4}), warn_concentration=few) is not None


@pytest.mark.rule("P02.4")
def test_a_letter_is_of_the_highest_level_that_was_reached() -> None:
    levels = (LetterLevel(days_over=7), LetterLevel(days_over=30), LetterLevel(days_over=60))
    assert [level_of(days, levels) for days in (0, 6, 7, 29, 30, 60, 900)] == [0, 0, 1, 1, 2, 3, 3]
    assert level_of(900, ()) == 0
