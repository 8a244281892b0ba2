"""Finds who is there to be told: on duty by the rota, else every holder; else who is next, and why (P06.2, P12.7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from contracts.roles import Role
from contracts.staff import Employment
from policy.access import GROUP, branch_of
from policy.directory import Directory

from notify.policy import NotifyPolicy
from notify.recipients.rota import Rotas, Seat

RULES = ("P06.2", "P12.6", "P12.7")

#: what `to` begins with where one person is meant; also the role under which that person is told
PERSON = "person"
#: what was asked for cannot be read; it is not repeated, since nobody knows what it says
UNKNOWN: Seat = ("", "")

_ROLES = {role.value: role for role in Role}
_WORDS = {
    "nobody": ("nobody holds {seat}", "{seat} 无人任职"),
    "off_duty": ("nobody of {seat} is on duty", "{seat} 当前无人值班"),
    "left": ("{seat} is not there", "{seat} 不在岗"),
    "unconfirmed": ("{seat} did not confirm in time", "{seat} 未按时确认"),
    "excluded": ("{seat} stands back from this", "{seat} 须回避"),
    "unreachable": ("{seat} could not be reached over any channel", "{seat} 各渠道均未送达"),
    "unknown": ("the one asked for cannot be made out", "无法识别所指的接收人"),
}


@dataclass(frozen=True)
class Found:
    """Who is told, as what; `step` is where on the way they stand, `tried` why it is not somebody before them.

    `people` is empty where nobody is left.
    """

    people: tuple[str, ...]
    role: str
    place: str
    step: int
    tried: tuple[tuple[str, str], ...]


def way(to: str, policy: NotifyPolicy, directory: Directory) -> list[Seat]:
    """The seats that can be told, in order: the one meant, its branch, area and group, then the next roles there.

    One person is a seat of their own, then whoever acts for them; after them come those who are told at last.
    """
    role, _, place = to.partition("@")
    if to.startswith(f"{PERSON}:"):
        subject = to.partition(":")[2]
        person = directory.people.get(subject)
        first = [(PERSON, subject)]
        roles: list[Role] = []
        place = GROUP if person is None else person.branch
    elif role in _ROLES and place:
        first = []
        roles = _upwards(_ROLES[role], policy)
    else:
        first, roles, place = [UNKNOWN], [], GROUP
    wider = places(place, directory)
    seats = first + [(one.value, there) for one in [*roles, *policy.at_last] for there in wider]
    return list(dict.fromkeys(seats))


def _upwards(role: Role, policy: NotifyPolicy) -> list[Role]:
    """The role, those told instead of it, those told instead of them, each once."""
    found = [role]
    for one in found:
        found += [other for other in policy.otherwise.get(one, []) if other not in found]
    return found


def places(place: str, directory: Directory) -> list[str]:
    """The place, then what it lies in: the branch, its area, the group."""
    found = [place, branch_of(place), directory.area(branch_of(place)), GROUP]
    return list(dict.fromkeys(one for one in found if one is not None))


def who_is_there(
    seats: list[Seat],
    directory: Directory,
    rotas: Rotas,
    now: datetime,
    *,
    start: int = 0,
    told: Collection[str] = (),
    because: tuple[tuple[str, str], ...] = (),
    excluded: Collection[str] = (),
) -> Found:
    """The first seat from `start` on where somebody is who has not been `told` yet, and is not `excluded` (P12.2)."""
    tried = list(because)
    for step in range(start, len(seats)):
        role, place = seats[step]
        there, reason = _at(seats[step], directory, rotas, now)
        people = {one for one, whose in there.items() if not {one, whose} & set(excluded)}
        if there and not people:
            reason = "excluded"
        fresh = [one for one in people if one not in told]
        if fresh:
            return Found(tuple(sorted(fresh)), role, place, step, tuple(tried))
        if not people:
            tried.append((named(seats[step]), reason))
    return Found((), "", "", len(seats), tuple(tried))


def _at(seat: Seat, directory: Directory, rotas: Rotas, now: datetime) -> tuple[dict[str, str | None], str]:
    """Who is there, each with whom they act for; and why nobody is, where that is so."""
    role, place = seat
    if role == PERSON:
        person = directory.people.get(place)
        if person is not None and person.employment == Employment.ACTIVE:
            return {place: None}, ""
        return dict.fromkeys(_acting_for(place, directory, now), place), "left"
    if role not in _ROLES:
        return {}, "unknown"
    holders = directory.holders(_ROLES[role], [place], now)
    on_duty = rotas.of(seat)
    if not holders:
        return {}, "nobody"
    if on_duty is None:
        return dict(holders), ""
    there = {one: acts_for for one, acts_for in holders.items() if one in on_duty or acts_for in on_duty}
    return there, "off_duty"


def _acting_for(subject: str, directory: Directory, now: datetime) -> set[str]:
    """Who holds something on this person's behalf now."""
    return {
        one.subject
        for one in directory.people.values()
        if one.employment == Employment.ACTIVE and any(h.on_behalf_of == subject and h.at(now) for h in one.held)
    }


def named(seat: Seat) -> str:
    """The seat as it is written."""
    role, place = seat
    if (role, place) == UNKNOWN:
        return "unknown"
    return f"{PERSON}:{place}" if role == PERSON else f"{role}@{place}"


def why(tried: Collection[tuple[str, str]], language: str = "en", directory: Directory | None = None) -> str | None:
    """Why it was not somebody before, in words; None where it was the one meant.

    With the directory seats are called as people call them, else by their codes.
    """
    if not tried:
        return None
    which = 1 if language == "zh" else 0
    said = [
        _WORDS[reason][which].format(seat=seat if directory is None else _called(seat, language, directory))
        for seat, reason in tried
    ]
    return ("；" if language == "zh" else "; ").join(said)


def _called(seat: str, language: str, directory: Directory) -> str:
    role, _, place = seat.partition("@")
    if role not in _ROLES:
        return seat
    title = directory.place_title(place, language)
    return f"{title} {_ROLES[role].zh}" if language == "zh" else f"{_ROLES[role].en} at {title}"
