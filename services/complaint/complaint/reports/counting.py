"""What one case counts as in a period: told from its facts by their times, so the same whenever it is told.

A figure is the number of cases that carry a tag (`taken`, `taken.channel=phone`, `open.state=judged`), so that every
figure is a list of cases. What follows from these tags:
opening + late.open + taken + returned − closed − merged = open. A case that is merged in the period in which it was
taken is counted in the survivor alone; the terms that it met or missed are counted wherever they ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from policy.calendar import civil

from complaint.reports.period import Period

RULES = ("P12.9", "P17.10")

UNSET = "unset"
#: upper ends of how many civil days a closed case took (P17.9: seven)
DAYS = (2, 7, 30)
#: what a later report may find otherwise than an earlier one has counted it
COMPARED = ("judgement", "level", "department", "matter")


@dataclass(frozen=True)
class Fact:
    """One entry of the timeline, without its words."""

    kind: str
    at: datetime
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Known:
    """What never changes of a case, and its facts in the order in which they came."""

    channel: str
    brand: str
    taken_at: datetime
    facts: Sequence[Fact]
    marks: Sequence[Mapping[str, Any]] = ()
    merged_at: datetime | None = None


@dataclass
class Stand:
    """How a case stands at an instant."""

    state: str = "taken"
    closed_at: datetime | None = None
    judgement: str | None = None
    matter: str | None = None
    demands: tuple[str, ...] = ()
    claimant: str | None = None
    department: str | None = None
    level: str | None = None
    reaction: str | None = None
    satisfaction: int | str | None = None
    serious: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        return self.closed_at is None


@dataclass
class Counted:
    """A case in a period: its tags, and what a later report compares itself with."""

    tags: list[str]
    about: dict[str, Any] = field(default_factory=dict)


def stand_at(case: Known, instant: datetime) -> Stand:
    """How the case stood just before the instant: only facts from before it count."""
    stand = Stand()
    for fact in case.facts:
        if fact.kind == "imported":
            _import(stand, fact, instant)
        elif fact.at < instant:
            _apply(stand, fact)
    kinds: set[str] = set()
    for mark in case.marks:
        if datetime.fromisoformat(mark["at"]) < instant:
            kinds = kinds - set(mark["kinds"]) if "overruled_by" in mark else kinds | set(mark["kinds"])
    stand.serious = frozenset(kinds)
    return stand


def _import(stand: Stand, fact: Fact, instant: datetime) -> None:
    """What is imported as closed has its closing at its own time."""
    closed_at = fact.facts.get("closed_at")
    if closed_at is not None and datetime.fromisoformat(closed_at) < instant:
        stand.state, stand.closed_at = "closed", datetime.fromisoformat(closed_at)
        stand.judgement = "founded" if fact.facts.get("founded") else "unfounded"


def _apply(stand: Stand, fact: Fact) -> None:
    said = fact.facts
    match fact.kind:
        case "judgement" if not said.get("counts", True):
            pass  # it counts when it has been approved
        case "judgement" | "judgement_approved":
            stand.state = "judged"
            stand.judgement = "founded" if said.get("founded") else "unfounded"
            stand.matter, stand.claimant = said.get("matter"), said.get("claimant")
            stand.demands = tuple(said.get("demands") or ())
        case "handed_over":
            stand.department, stand.level = said.get("department"), said.get("level")
        case "level_raised":
            stand.level = said.get("level")
        case "investigation_started":
            stand.state = "investigating"
        case "resolution":
            stand.state, stand.reaction = ("approved" if said.get("counts", True) else "resolved"), None
        case "resolution_approved":
            stand.state = "approved"
        case "answer":
            stand.state, stand.reaction = "answered", None
        case "reaction":
            stand.reaction = "accepted" if said.get("accepted") else "not_accepted"
        case "settled_unaccepted":
            stand.reaction = "settled"
        case "call_back":
            stand.state, stand.satisfaction = "called_back", _rated(said)
        case "closed":
            stand.state, stand.closed_at = "closed", fact.at
        case "reopened":
            stand.state, stand.closed_at, stand.judgement = "reopened", None, "founded"
            stand.reaction = stand.satisfaction = None
        case _:
            pass  # the others move nothing that is counted


def counted(
    case: Known,
    period: Period,
    *,
    met: Iterable[str] = (),
    missed: Iterable[str] = (),
    earlier: Mapping[str, Any] | None = None,
    late: bool = False,
) -> Counted | None:
    """What the case counts as in the period; None where it does not come up in it.

    `met` and `missed` are its duties whose terms ended so in the period. `earlier` is what the report before told of
    it; `late` says that it was received before this period and the reports before did not know of it.
    """
    now, new = stand_at(case, period.ends), case.taken_at >= period.begins
    then = None if new else stand_at(case, period.begins)
    ended = [f"term.met={duty}" for duty in met] + [f"term.missed={duty}" for duty in missed]
    tags: list[str] = []
    if case.merged_at is not None and case.merged_at < period.ends:
        left = earlier is not None and earlier["open"] and case.merged_at >= period.begins
        tags += [*ended, *(("merged", "opening") if left else ())]
        return Counted(sorted(set(tags)), {"open": False}) if tags else None
    if new:
        tags += _taken(case, now)
    elif late:
        tags += ["late", f"late.period={Period.of(period.kind, case.taken_at).name}"]
        tags += ["late.open"] if then is not None and then.open else []
    elif then is not None and then.open:
        tags.append("opening")
    again = [f for f in case.facts if f.kind == "reopened" and period.begins <= f.at < period.ends]
    if then is not None and not then.open and again:
        tags.append("returned")
    if now.open and (new or again or (then is not None and then.open)):
        tags += ["open", f"open.state={now.state}", f"open.department={now.department or UNSET}"]
        tags += ["open.serious"] if now.serious else []
    if now.closed_at is not None and now.closed_at >= period.begins:
        tags += _closed(case, now)
    if now.serious - (then.serious if then is not None else frozenset()):
        tags.append("serious")
        tags += [f"serious.kind={kind}" for kind in now.serious - (then.serious if then else frozenset())]
    for fact in case.facts:
        if fact.kind == "call_back" and period.begins <= fact.at < period.ends:
            tags += ["called_back", f"called_back.satisfaction={_rated(fact.facts) or UNSET}"]
    tags += ended
    about = {name: getattr(now, name) for name in COMPARED} | {"serious": sorted(now.serious), "open": now.open}
    if earlier is not None:
        tags += _changed(earlier, about)
    return Counted(sorted(set(tags)), about) if tags else None


def _rated(said: Mapping[str, Any]) -> int | str | None:
    """How the handling was rated, or why the customer has not."""
    return said.get("satisfaction") or said.get("unrated")


def _taken(case: Known, now: Stand) -> list[str]:
    return [
        "taken",
        f"taken.channel={case.channel}",
        f"taken.brand={case.brand}",
        f"taken.matter={now.matter or UNSET}",
        *(f"taken.demand={demand}" for demand in now.demands or (UNSET,)),
        f"taken.claimant={now.claimant or UNSET}",
        f"taken.judgement={now.judgement or UNSET}",
        f"taken.department={now.department or UNSET}",
        f"taken.level={now.level or UNSET}",
        f"taken.serious={'yes' if now.serious else 'no'}",
    ]


def _closed(case: Known, now: Stand) -> list[str]:
    assert now.closed_at is not None
    days = (civil(now.closed_at) - civil(case.taken_at)).days
    band = next((f"{most}_days" for most in DAYS if days <= most), "longer")
    return [
        "closed",
        f"closed.within={band}",
        f"closed.judgement={now.judgement or UNSET}",
        f"closed.reaction={now.reaction or UNSET}",
        f"closed.satisfaction={now.satisfaction or UNSET}",
    ]


def _changed(earlier: Mapping[str, Any], about: Mapping[str, Any]) -> list[str]:
    """What had been counted otherwise before; what was open and is known now is no change."""
    found = []
    for name in COMPARED:
        before, after = earlier.get(name), about[name]
        if before is not None and before != after:
            found.append(f"changed.{name}={before}→{after or UNSET}")
    if earlier.get("serious") and not about["serious"]:
        found.append("changed.serious=yes→no")
    return found + (["changed"] if found else [])
