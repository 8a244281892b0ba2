"""Whatever an approval can hold is held: each change of an aggregate is declared, each action that is held exists."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from chassis.service import Service
from policy.approvals import Approval, Holdable, actions_of, subjects_of, undeclared

from tests.guards.test_indexes import modules


def test_every_method_that_changes_what_can_be_held_is_declared(service: Service) -> None:
    found = list(holdables(service))
    assert {f"{kind.__name__}.{name}" for kind in found for name in undeclared(kind)} == set()


def test_every_approval_has_a_subject_and_holds_actions_that_there_are(service: Service) -> None:
    there = {action for kind in holdables(service) for action in actions_of(kind).values()}
    asked = {approval.name: approval for approval in approvals(service)}
    assert "policy.change" in asked
    for approval in asked.values():
        kind = subjects_of(approval.name).kind
        assert issubclass(kind, Holdable), approval.name
        assert approval.blocks <= there, approval.name
        assert approval.blocks & set(actions_of(kind).values()), f"{approval.name} holds nothing of its subject"


def holdables(service: Service) -> Iterator[type[Holdable]]:
    """Every aggregate of a service and its libraries that an approval can hold."""
    for value in declared(service):
        if isinstance(value, type) and issubclass(value, Holdable) and value is not Holdable:
            yield value


def approvals(service: Service) -> Iterator[Approval]:
    """Everything that needs signatures in a service."""
    yield from (value for value in declared(service) if isinstance(value, Approval))


def declared(service: Service) -> Iterator[object]:
    """What the modules of a service and of its libraries have in them."""
    for package in (service.name, "policy"):
        for name in modules(package):
            yield from vars(import_module(name)).values()
