"""How alike two complaints are: by their matter, not by numbers, names or signs."""

from __future__ import annotations

import pytest
from complaint.serious.likeness import likeness, pairs_of


@pytest.mark.rule("P12.5")
def test_the_same_words_are_alike_whatever_numbers_stand_in_them() -> None:
    found = likeness("变速箱抖动, 工单 A-9918 [电话]", "变速箱 抖动! 工单 77120")
    assert found.score > 0.7
    assert likeness("变速箱抖动", "变速箱抖动").score == 1


@pytest.mark.rule("P12.5")
def test_another_matter_is_not_alike() -> None:
    assert not likeness("变速箱抖动, 多次维修未解决", "销售顾问态度恶劣, 拒绝开发票").holds(0.3)
    assert not likeness("", "").holds(0.3)


@pytest.mark.rule("P12.5")
def test_a_common_fault_code_makes_two_matters_one() -> None:
    found = likeness("车又坏了", "还是老毛病", ["H93", "P0700"], ["P0700"])
    assert found.codes == ("P0700",)
    assert found.holds(0.99)


def test_words_of_other_scripts_count_by_their_letters() -> None:
    assert pairs_of("GEARBOX shakes 42") == pairs_of("gearbox, shakes")
