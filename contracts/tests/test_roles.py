"""The vocabulary of roles: one slug and one name in each language for a role."""

from __future__ import annotations

import re

from contracts.roles import Role, Scope


def test_a_role_is_its_slug_and_has_a_chinese_and_an_english_name() -> None:
    assert Role("general_manager") is Role.GENERAL_MANAGER
    assert (Role.GENERAL_MANAGER.zh, Role.GENERAL_MANAGER.en) == ("总经理", "general manager")
    for role in Role:
        assert role.value == role.name.lower()
        assert re.search("[一-鿿]", role.zh), role
        assert role.en.isascii(), role


def test_no_two_roles_share_a_name() -> None:
    assert len({role.zh for role in Role}) == len(Role)
    assert len({role.en for role in Role}) == len(Role)


def test_a_machine_scope_names_the_service_and_what_may_be_done_there() -> None:
    for scope in Scope:
        assert re.fullmatch(r"[a-z]+\.[a-z_]+", scope), scope
