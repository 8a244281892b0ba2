"""The words: complete in both languages, and unable to say anything personal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

import pytest
from chassis.runtime import Runtime
from contracts.roles import Role
from notify.policy import Channel, NotifyPolicy
from notify.templates.words import GENERIC, PARAMETERS, TEMPLATES, chosen, harmless, in_code, say
from policy.calendar import Calendar
from policy.directory import Branch, Directory

SAMPLES = {
    "number": "20260302-0000001-3", "kind": "judge", "role": "relations_manager", "place": "sh-pudong",
    "branch": "sh-pudong", "due_at": "2026-03-02T10:00:00Z", "at": "2026-03-02T10:00:00+00:00", "count": "3",
    "rules": "P04.3, P12.2",
}  # fmt: skip
DIRECTORY = Directory(
    cast("Runtime", None),
    branches={
        "sh-pudong": Branch("sh-pudong", "dealership", None, Calendar(), "上海浦东4S店", {"after_sales": "售后部"})
    },
)


@pytest.mark.rule("P05.15")
@pytest.mark.rule("P06.5")
@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_a_template_has_rules_and_no_place_for_personal_data(name: str) -> None:
    template = TEMPLATES[name]
    known = set(re.findall(r"P\d\d\.\d+", (Path(__file__).parents[4] / "docs" / "rule-ids.txt").read_text()))
    assert template.rules
    assert set(template.rules) <= known
    assert template.params <= PARAMETERS
    assert not {one for one in PARAMETERS if re.search("name|phone|mobile|mail|address|plate|text|demand", one)}


@pytest.mark.parametrize("name", sorted(TEMPLATES))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_template_says_everything_in_both_languages(name: str, language: str) -> None:
    words = say(name, SAMPLES, DIRECTORY, language)
    assert "{" not in words.title + words.text
    assert bool(re.search(r"[\u4e00-\u9fff]", words.title)) == (language == "zh")
    both = TEMPLATES[name]
    assert chosen(name, SAMPLES) == (name, {one: SAMPLES[one] for one in both.params})


def test_instants_are_said_in_civil_time_and_roles_by_their_names() -> None:
    words = say("work_missed", SAMPLES, DIRECTORY)
    assert words.text.startswith(
        f"上海浦东4S店 的{Role.RELATIONS_MANAGER.zh}应于 2026-03-02 18:00 完成 判定投诉是否成立"
    )
    assert f"from the {Role.RELATIONS_MANAGER.en} of 上海浦东4S店" in say("work_missed", SAMPLES, DIRECTORY, "en").text


def test_a_branch_and_a_department_are_called_by_their_titles_and_what_has_none_by_its_code() -> None:
    def said(language: str, place: str) -> str:
        return say("work_missed", {**SAMPLES, "place": place}, DIRECTORY, language).text

    assert said("zh", "sh-pudong/after_sales").startswith("上海浦东4S店 · 售后部 的")
    assert "of 上海浦东4S店 · 售后部 (by P04.3" in said("en", "sh-pudong/after_sales")
    assert said("zh", "bj-new").startswith("bj-new 的")
    assert (said("zh", "group")[:2], "of the group (" in said("en", "group")) == ("集团", True)
    for language, text in (("zh", "门店 上海浦东4S店, "), ("en", "at 上海浦东4S店 became serious")):
        words = say("serious_complaint", SAMPLES, DIRECTORY, language)
        assert text in words.text
        assert words.params["branch"] == "上海浦东4S店"


@pytest.mark.parametrize("name", sorted(TEMPLATES))
def test_english_words_have_no_chinese_punctuation(name: str) -> None:
    words = say(name, SAMPLES, DIRECTORY, "en")
    assert not re.search("[、。，；：（）！？“”]", words.title + words.text)


@pytest.mark.rule("P05.15")
@pytest.mark.parametrize(
    "value",
    [
        "王小明", "138 0000 0000", "+86 13800000000", "case 13800000000", "wang@mail.example", "a\x00b", "a\nb", "",
        "x" * 121, "{number}", "<b>",
    ],
)  # fmt: skip
def test_what_is_no_code_is_not_said(value: str) -> None:
    assert not harmless(value)
    assert chosen("serious_complaint", {**SAMPLES, "number": value}) == (GENERIC.name, {})


@pytest.mark.parametrize("value", ["20260302-0000001-3", "2026-03-02T10:00:00+08:00", "sh-pudong/after_sales", "30%"])
def test_ids_numbers_dates_and_places_are_said(value: str) -> None:
    assert harmless(value)
    assert in_code(value)


def test_a_notice_from_before_a_template_changed_is_still_said() -> None:
    assert say("serious_complaint", {"number": "1"}, DIRECTORY) == GENERIC.zh
    assert say("no_more", {"number": "1"}, DIRECTORY, "en") == GENERIC.en


def test_a_parameter_that_no_words_need_is_not_kept() -> None:
    _, kept = chosen("call_centre_complaint", {**SAMPLES, "surprise": "x"})
    assert set(kept) == {"number", "branch"}


@pytest.mark.rule("P12.7")
def test_the_shipped_policy_names_templates_that_exist_and_ways_that_end() -> None:
    policy = NotifyPolicy()
    assert set(policy.at_once) | set(policy.insists) <= set(TEMPLATES)
    assert policy.channels[0] is Channel.INBOX
    for role, others in policy.otherwise.items():
        assert role not in others


def test_a_duty_is_called_by_its_name_and_one_that_is_unknown_by_its_code() -> None:
    said = {**SAMPLES, "kind": "judge"}
    assert "判定投诉是否成立" in say("work_missed", said, DIRECTORY).title
    assert "judge whether the complaint holds" in say("work_missed", said, DIRECTORY, "en").title
    assert "of.tomorrow" in say("work_missed", {**said, "kind": "of.tomorrow"}, DIRECTORY).title
