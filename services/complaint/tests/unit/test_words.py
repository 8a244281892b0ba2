"""The terms by which a case is found."""

from __future__ import annotations

import pytest
from complaint.cases.words import LAST_PLACE, query, vector


def test_chinese_is_kept_by_pairs_and_other_words_whole() -> None:
    assert vector("sh-pudong", ["变速箱抖动, H93", "轩逸"]) == (
        "'@sh-pudong' '变速':1 '速箱':2 '箱抖':3 '抖动':4 'h93':6 '轩逸':8"
    )


def test_a_term_is_kept_once_with_all_its_places_and_none_behind_the_last_one() -> None:
    assert vector("b", ["漏油, 异响, 漏油"]) == "'@b' '漏油':1,5 '异响':3"
    assert vector("b", ["a " * LAST_PLACE + "b"]) == "'@b' 'a':" + ",".join(map(str, range(1, LAST_PLACE + 1, 2)))


def test_what_the_redaction_put_in_is_no_word() -> None:
    assert vector("b", ["[姓名]说"]) == "'@b'"


@pytest.mark.parametrize("words", ["变", "", " , ", "变 速", "'", "[姓名]"])
def test_less_than_two_characters_of_chinese_are_nothing_to_seek_by(words: str) -> None:
    assert query(words, None) is None


@pytest.mark.parametrize("hostile", ["a' | 'b", "变速' | '@bj", "a & !b", "a:*", "@bj-chaoyang"])
def test_signs_of_the_query_language_never_reach_it(hostile: str) -> None:
    asked = query(hostile, ["sh-pudong"])
    assert asked is not None
    terms = asked.replace("(", "").replace(")", "").replace(" <-> ", " & ").split(" & ")
    assert terms[-1] == "'@sh-pudong'"
    assert all(term.strip("'").isalnum() for term in terms[:-1]), terms


def test_a_run_is_sought_in_one_piece_and_several_together() -> None:
    assert query("变速箱 H93", None) == "('变速' <-> '速箱') & ('h93')"
    assert query("漏油", ["a", "b"]) == "('漏油') & ('@a' | '@b')"


def test_full_width_letters_and_digits_are_those_that_everybody_types() -> None:
    assert vector("b", ["ＡＢＳ灯亮，Ｐ０１７１"]) == vector("b", ["ABS灯亮,P0171"])
    assert query("ＡＢＳ", None) == "('abs')"
    assert vector("b", ["［漏油］"]) == "'@b' '漏油':1"
