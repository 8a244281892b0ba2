"""A repeated complaint is found by the system, not by memory: same caller or vehicle, alike in its matter (P12.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from chassis.handlers import Received, on
from chassis.tx import Tx
from contracts.complaint import ComplaintMatched, ComplaintOpened, MarkedBy, RepeatFound, SeriousKind
from contracts.customer import TokenKind

from complaint.case import CASES, Case
from complaint.redirect import survivors
from complaint.serious import tables
from complaint.serious.likeness import Likeness, likeness
from complaint.serious.policy import SeriousPolicy
from complaint.serious.warning import warn
from complaint.way import CaseState

RULES = ("P12.5",)

# For each opened case: the nearest cases of each of its tokens, and of its customer, who may call from another
# telephone; whichever was committed first. Intake does not see what another batch commits at the same instant, so the
# later of two cases may have been looked at when the earlier was not there yet: each looks in both directions.
_SAME = """
SELECT o.id AS opened, s.id AS same
FROM cases o
CROSS JOIN LATERAL (
    (SELECT id FROM cases WHERE phone_token = o.phone_token AND id <> o.id ORDER BY taken_at DESC LIMIT 20)
    UNION
    (SELECT id FROM cases WHERE plate_token = o.plate_token AND id <> o.id ORDER BY taken_at DESC LIMIT 20)
    UNION
    (SELECT id FROM cases WHERE vin_token = o.vin_token AND id <> o.id ORDER BY taken_at DESC LIMIT 20)
    UNION
    (SELECT id FROM cases WHERE customer_id = o.customer_id AND id <> o.id ORDER BY id DESC LIMIT 20)
) s
WHERE o.id = ANY($1::uuid[])
"""
_OVERRULED = "SELECT DISTINCT case_id FROM found_repeats WHERE case_id = ANY($1::uuid[]) AND overruled_at IS NOT NULL"


@dataclass
class Alike:
    """An opened case with those of the same caller or vehicle; `overruled`: a person said that these repeat nothing.

    `led` says for merged ones what they were merged into: that one is repeated.
    """

    cases: list[Case] = field(default_factory=list)
    overruled: set[UUID] = field(default_factory=set)
    led: dict[UUID, Case] = field(default_factory=dict)

    def standing(self, one: Case) -> Case:
        """The case, or the one that it was merged into."""
        return self.led.get(one.id, one)


async def same_caller_or_vehicle(
    tx: Tx, events: Sequence[Received[ComplaintOpened] | Received[ComplaintMatched]]
) -> list[Alike]:
    """For each opened case: itself and its like, locked in id order; empty for the most, who have none."""
    rows = await tx.driver.fetch(_SAME, [event.said.case_id for event in events])
    like: dict[UUID, set[UUID]] = {}
    for opened, same in rows:
        like.setdefault(opened, {opened}).add(same)
    everyone = {identifier for group in like.values() for identifier in group}
    found = await tx.load(CASES, everyone)
    overruled = {row[0] for row in await tx.driver.fetch(_OVERRULED, list(everyone))} if everyone else set()
    merged = [one.id for one in found.values() if one.merged_into is not None]
    led = await survivors(tx, merged, lock=False) if merged else {}
    return [Alike([found[i] for i in sorted(like.get(event.said.case_id, ()))], overruled, led) for event in events]


@on(ComplaintOpened, loads=same_caller_or_vehicle)
def find_repeats(event: Received[ComplaintOpened], alike: Alike, tx: Tx) -> None:
    """Of cases of one caller or vehicle and one matter, every one but the first repeats the first; it is serious."""
    _find(event.time, alike, tx)


@on(ComplaintMatched, loads=same_caller_or_vehicle)
def find_repeats_of_customer(event: Received[ComplaintMatched], alike: Alike, tx: Tx) -> None:
    """Whose case it is has become known: it may repeat another one of that customer."""
    _find(event.time, alike, tx)


def _find(at: datetime, alike: Alike, tx: Tx) -> None:
    for later in alike.cases:
        # history that is imported closed warns nobody; it still counts as what a later one repeats
        closed = later.state in (CaseState.CLOSED, CaseState.MERGED)
        if later.repeat_of is not None or later.id in alike.overruled or closed:
            continue
        policy = later.policy(tx, SeriousPolicy)
        earlier = {
            one.id: (one, measured)
            for one in alike.cases
            if _comes_before(one, later)
            and alike.standing(one).id != later.id
            and (agreeing(one, later) or same_customer(one, later))
            and still_counts(alike.standing(one), later.taken_at, policy)
            and (measured := same_matter(one, later)).holds(policy.likeness)
        }
        if not earlier:
            continue
        first, measured = min(earlier.values(), key=lambda pair: (pair[0].taken_at, pair[0].id))
        standing = alike.standing(first)
        later.repeats(standing.id)
        tx.insert(
            tables.found_repeats,
            case_id=later.id,
            earlier_case_id=standing.id,
            by=[kind.value for kind in agreeing(first, later)] or ["customer"],
            evidence=evidence(measured, policy),
            found_at=tx.now,
        )
        tx.publish(
            later,
            RepeatFound(case_id=later.id, earlier_case_id=standing.id, by=agreeing(first, later)),
            at=at,
        )
        new = later.mark_serious([SeriousKind.REPEAT], tx.now)
        if new:
            warn(later, new, MarkedBy.SYSTEM, tx.now, tx)


def agreeing(one: Case, other: Case) -> list[TokenKind]:
    """By which tokens two cases are of the same caller or vehicle."""
    pairs = (
        (TokenKind.PHONE, one.phone_token, other.phone_token),
        (TokenKind.PLATE, one.plate_token, other.plate_token),
        (TokenKind.VIN, one.vin_token, other.vin_token),
    )
    return [kind for kind, a, b in pairs if a is not None and a == b]


def same_customer(one: Case, other: Case) -> bool:
    """Whether two cases are of the same customer in the file."""
    return one.customer_id is not None and one.customer_id == other.customer_id


def same_matter(one: Case, other: Case) -> Likeness:
    """How alike the matters of two cases are."""
    codes, others = one.facts.get("fault_codes") or (), other.facts.get("fault_codes") or ()
    return likeness(one.text, other.text, codes, others)


def evidence(measured: Likeness, policy: SeriousPolicy) -> dict[str, object]:
    """Why it is taken for a repeat, without the words: they may be erased."""
    return {
        "likeness": round(measured.score, 3),
        "threshold": policy.likeness,
        "shared": measured.shared,
        "pairs": measured.pairs,
        "fault_codes": list(measured.codes),
    }


def still_counts(earlier: Case, at: datetime, policy: SeriousPolicy) -> bool:
    """Whether an earlier case is open, or was closed in the days that the policy names (A44)."""
    return earlier.closed_at is None or at - earlier.closed_at <= timedelta(days=policy.repeat_days)


def _comes_before(one: Case, other: Case) -> bool:
    return (one.taken_at, one.id) < (other.taken_at, other.id)
