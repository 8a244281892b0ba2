"""Who is told when the one meant is not there, over which channels, how soon the next one is (P12.6, P12.7, P06.2)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from contracts.roles import Role
from policy.obligations import Deadline, Obligation
from policy.policies import Policy, rule
from policy.terms import Term

#: whoever is told something grave says that it has arrived
CONFIRM = Obligation("confirm_notice", ("P12.6", "P12.7"), "确认收到通知", "confirm the notice")


class Channel(StrEnum):
    """A way to a person."""

    INBOX = "inbox"
    SMS = "sms"
    MAIL = "mail"


class NotifyPolicy(Policy):
    """How people are told."""

    NAME = "notify"
    SHIPPED: ClassVar = {}

    otherwise: dict[Role, list[Role]] = rule(
        "P12.6", "P12.7", "P06.2", "P04.12",
        zh="岗位无人时改通知的岗位",
        default={
            Role.GENERAL_MANAGER: [Role.VP_OPERATIONS, Role.CEO],
            Role.VP_OPERATIONS: [Role.CEO],
            Role.DEPARTMENT_HEAD: [Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER],
            Role.DEPARTMENT_SUPERVISOR: [Role.DEPARTMENT_HEAD, Role.DEPARTMENT_MANAGER, Role.GENERAL_MANAGER],
            Role.DEPARTMENT_MANAGER: [Role.GENERAL_MANAGER],
            Role.RELATIONS_MANAGER: [Role.CUSTOMER_RELATIONS, Role.GENERAL_MANAGER],
            Role.CUSTOMER_RELATIONS: [Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER],
            Role.RELATIONS_SPECIALIST: [Role.CUSTOMER_RELATIONS, Role.RELATIONS_MANAGER, Role.GENERAL_MANAGER],
            Role.HR_ADMIN_MANAGER: [Role.HR_ADMIN, Role.GENERAL_MANAGER],
            Role.BRAND_DIVISION: [Role.VP_OPERATIONS, Role.CEO],
            Role.LEGAL: [Role.COMPANY_OFFICE, Role.CEO],
            Role.CRISIS_GROUP: [Role.GENERAL_MANAGER, Role.VP_OPERATIONS],
            Role.INFORMATION_SUPERVISOR: [Role.CUSTOMER_SERVICE_MANAGER, Role.GENERAL_MANAGER],
            Role.INFORMATION_SPECIALIST: [Role.INFORMATION_SUPERVISOR, Role.CUSTOMER_SERVICE_MANAGER],
            Role.CUSTOMER_SERVICE_MANAGER: [Role.GENERAL_MANAGER],
            Role.ARCHIVIST: [Role.CUSTOMER_DIRECTOR, Role.GENERAL_MANAGER],
        },
        ours=True,
    )  # fmt: skip
    at_last: list[Role] = rule(
        "P12.6", "P12.7",
        zh="其余岗位都无人时通知的岗位",
        default=[Role.GENERAL_MANAGER, Role.COMPANY_OFFICE, Role.ADMINISTRATOR],
        ours=True,
    )  # fmt: skip
    channels: list[Channel] = rule(
        "P12.4", "P12.6",
        zh="依次使用的渠道",
        default=[Channel.INBOX, Channel.SMS, Channel.MAIL],
        ours=True,
    )  # fmt: skip
    at_once: dict[str, list[Channel]] = rule(
        "P12.4", "P12.7", "P05.16",
        zh="同时使用的渠道(按模板)",
        default={
            "call_centre_complaint": [Channel.INBOX, Channel.SMS],
            "work_missed": [Channel.INBOX, Channel.MAIL],
            "work_due": [Channel.INBOX, Channel.MAIL],
            "leak_reported": [Channel.INBOX, Channel.SMS],
        },
        ours=True,
    )  # fmt: skip
    insists: list[str] = rule(
        "P12.4", "P12.6", "P12.7", "P05.16",
        zh="未送达时换渠道、换人的模板(紧急的和须确认的总是如此)",
        default=[
            "call_centre_complaint", "serious_complaint", "serious_confirm", "crisis_meeting", "leak_reported",
        ],
        ours=True,
    )  # fmt: skip
    confirm: Deadline = rule(
        "P12.6", "P12.7",
        zh="确认期限, 以及未确认时换渠道的时点",
        default=Deadline(
            within=Term.parse("30 minutes"), role=Role.GENERAL_MANAGER, remind=(0.34, 0.67), every=Term.parse("1 hour")
        ),
        ours=True,
        reading="A2",
    )  # fmt: skip
    digest_minutes: int = rule("P05.15", zh="提醒合并的分钟数", default=10, ours=True)
