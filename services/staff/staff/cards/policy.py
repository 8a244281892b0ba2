"""Whether a card needs the branch's complaint phone and mailbox: data, with its rule (P04.13)."""

from __future__ import annotations

from policy.policies import Policy, rule


class CardPolicy(Policy):
    """What stands on a business card."""

    NAME = "cards"

    #: a branch that is no regional company may be exempted by a change of its own layer
    complaint_contacts: bool = rule("P04.13", zh="名片须印投诉电话和投诉邮箱", default=True, ours=True)
