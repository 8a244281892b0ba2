"""Who is told how a case of goods without a release goes: who decides, and the posts that answer for it (P11.11)."""

from __future__ import annotations

from chassis.ids import uuid7
from chassis.tx import Tx
from contracts.notify import Send
from contracts.roles import Role
from policy.policies import policy

from credit.losses.model import Loss
from credit.numbers import number_of
from credit.policy import CreditPolicy

RULES = ("P11.11", "P11.13")


def tell_deciders(tx: Tx, loss: Loss, template: str) -> None:
    """General manager and finance, with the way to the case."""
    roles = (Role.GENERAL_MANAGER, Role.FINANCE)
    _send(tx, loss, template, [f"{role}@{loss.branch}" for role in roles], f"/v1/losses/{loss.id}")


def tell_posts(tx: Tx, loss: Loss, template: str, path: str) -> None:
    """The posts that the policy lets bear such goods; they do not see the case itself, `path` leads to the goods."""
    weights = policy(tx, CreditPolicy, loss.branch, tx.now).proportions.get(loss.kind.value) or {}
    posts = [f"{part}@{loss.branch}" for part in weights if part in set(Role)]
    if posts:
        _send(tx, loss, template, posts, path)


def _send(tx: Tx, loss: Loss, template: str, to: list[str], path: str) -> None:
    tx.command(
        Send(
            send_id=uuid7(),
            service=tx.runtime.name,
            template=template,
            to=to,
            subject=str(loss.id),
            path=path,
            params={"number": number_of(loss.id), "branch": loss.branch, "at": loss.found_at.isoformat()},
            rules=list(RULES),
            confirm_by=None,
            urgent=False,
        ),
        loss.id,
    )
