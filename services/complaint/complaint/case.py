"""A complaint case: what was taken, whose it is, whether it is serious."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis.ids import made_at
from chassis.problems import Refused
from chassis.store import Store
from chassis.tx import Tx
from contracts.complaint import Match, SeriousKind
from contracts.roles import Role
from policy.approvals import Holdable, action, fact
from policy.policies import Policy, policy_under

from complaint import tables
from complaint.way import GATES, WAY, CaseState, Gate, Step

P = TypeVar("P", bound=Policy)

ACCEPTED, NOT_ACCEPTED = "accepted", "not_accepted"
#: what belongs to one answer, and goes when the next resolution is drafted
_OF_THE_ANSWER = frozenset({"answered_at", "way", "reaction", "reaction_at"})


class NotNow(Refused):
    """The case is not in a state in which this can be done."""

    title = "The case is not there yet, or past it"
    zh = "投诉当前的状态不能办理此事项。请重新载入，按“可办理事项”办理。"


@dataclass
class Case(Holdable):
    """One complaint. `facts` are the vehicle's and the fault's, never a customer's; `people` in them are of staff.

    `profile` is the one its branch ran under when it was opened, `respondent` the member of staff complained about.
    `judgement` says whether reason and demand hold, whether it is founded, by whom and when that was decided.
    `gates` are those that this case must pass, each with when it did: what it keeps of its policy, so that no way
    leads around one. `course` is what else happened, in facts: round, answered_at, reaction, handled_at, …
    """

    id: UUID
    number: str
    branch: str
    region: str | None
    channel: str
    state: CaseState
    taken_at: datetime
    brand: str
    facts: dict[str, Any]
    text: str
    match: Match
    customer_id: UUID | None
    matched_at: datetime | None
    directory_as_of: datetime | None
    serious_kinds: tuple[str, ...]
    serious_at: datetime | None
    repeat_of: UUID | None
    phone_token: bytes | None
    plate_token: bytes | None
    vin_token: bytes | None
    subject_id: UUID
    sealed: bytes
    origin: str | None
    origin_ref: str | None
    request_key: bytes | None
    request_digest: bytes | None
    version: int
    sequence: int
    serious_sequence: int
    profile: str
    judgement: dict[str, Any] | None
    respondent: str | None
    held: dict[str, Any]
    gates: dict[str, Any]
    course: dict[str, Any]
    level: str | None
    department: str | None
    handler: str | None
    closed_at: datetime | None
    merged_into: UUID | None = None
    merged_at: datetime | None = None
    policy_at: datetime | None = None

    @property
    def concerned(self) -> tuple[str, ...]:
        """From whom of staff the case is kept: complained about, or found responsible."""
        named = [one for one in (self.respondent, self.people.get("respondent")) if one]
        return tuple(dict.fromkeys([*named, *self.course.get("barred", ())]))

    @property
    def vehicle(self) -> dict[str, Any]:
        """What is known of the vehicle and the fault."""
        return {name: value for name, value in self.facts.items() if name != "people"}

    @property
    def people(self) -> dict[str, str | None]:
        """Who of staff took it (`taken_by`), through whom it came (`source`), whom it was said to be about."""
        return self.facts.get("people") or {}

    @property
    def case_id(self) -> UUID:
        return self.id

    @property
    def opened_at(self) -> datetime:
        """Of when its policies are: its opening, or that of the case which it was split off from."""
        return self.policy_at or made_at(self.id)

    @property
    def serious(self) -> bool:
        return self.serious_at is not None

    def policy(self, tx: Tx, kind: type[P]) -> P:
        """What held for its branch when it was opened; a running case keeps its version."""
        return policy_under(tx, kind, self.profile, self.branch, self.opened_at)

    @property
    def founded(self) -> bool:
        return self.judgement is not None and bool(self.judgement["founded"])

    @property
    def participants(self) -> tuple[str, ...]:
        """Who of staff takes part beside the handler: the original receptionist (P12.2)."""
        return tuple(self.course.get("participants", ()))

    @property
    def again(self) -> bool:
        """Whether the customer has not accepted an earlier resolution of this way."""
        return bool(self.course.get("again", False))

    @property
    def handled(self) -> bool:
        """Whether its handling has ended: the customer accepted, or it was decided over."""
        return "handled_at" in self.course

    @property
    def round(self) -> int:
        """The how manieth resolution it is; 0 before the first."""
        return int(self.course.get("round", 0))

    def open_gates(self, until: Gate | None = None) -> list[Gate]:
        """The gates of this case that it has not passed, in order, up to and including one."""
        last = len(GATES) if until is None else GATES.index(until) + 1
        return [gate for gate in GATES[:last] if gate in self.gates and self.gates[gate] is None]

    def refuse_unless_ready(self, step: Step) -> None:
        """`Held` while an approval holds the step, `NotNow` when the case is not there or a gate is still shut."""
        move = WAY[step]
        if move.action is not None:
            self.refuse_while_held(move.action)
        if self.state not in move.since:
            raise NotNow(
                f"The case is {self.state}; this is done when it is {' or '.join(sorted(move.since))}.",
                state=self.state.value,
            )
        if move.after is not None and (shut := self.open_gates(move.after)):
            raise NotNow(
                f"It has not passed {', '.join(shut)} yet. See to that first.",
                state=self.state.value,
                gates=[gate.value for gate in shut],
            )
        if (because := self._not_now(step)) is not None:
            raise NotNow(because, state=self.state.value)

    def _not_now(self, step: Step) -> str | None:
        """What else stands against a step in a state from which it may be taken."""
        reaction = self.course.get("reaction")
        refused = reaction == NOT_ACCEPTED
        match step:
            case Step.HAND_OVER | Step.START_INVESTIGATION if not self.founded:
                return "Only a founded complaint is handed over. Answer this one."
            case Step.HAND_OVER if self.handled:
                return "Its handling has ended."
            case Step.GIVE_OPINION if Gate.OPINION not in self.open_gates(Gate.OPINION):
                return "No opinion is asked for here."
            case Step.PROPOSE if self.state is CaseState.ANSWERED and not (refused and self.founded):
                return "A next resolution is for a customer who has not accepted the one before."
            case Step.PROPOSE | Step.SETTLE if "settled" in self.course:
                return "It has been decided that the customer does not accept."
            case Step.ANSWER if self.state is CaseState.JUDGED and self.founded:
                return "A founded complaint is answered with its approved resolution."
            case Step.REACT if reaction is not None:
                return "The customer's reaction to this answer is recorded."
            case Step.SETTLE if not (refused and self.founded):
                return "Only where the customer does not accept is that decided over."
            case Step.RETURN_RESULT if Gate.RETURN_RESULT not in self.open_gates(Gate.RETURN_RESULT):
                return "Its result is not owed to the group, or has been returned."
            case Step.CALL_BACK if Gate.CALL_BACK not in self.gates:
                return "This complaint gets no call-back."
            case Step.REOPEN if self.state is CaseState.ANSWERED and not (refused and not self.founded):
                return "An answered complaint is reopened when it was unfounded and the customer objects."
        return None

    @action("judge")
    def judge(self, judgement: dict[str, Any], gates: Collection[Gate], at: datetime) -> None:
        """Whether reason and demand hold (P04.3); `gates` are those that the case must pass from now on."""
        self.refuse_unless_ready(Step.JUDGE)
        self.state, self.judgement = CaseState.JUDGED, judgement
        self.gates = {gate.value: None for gate in GATES if gate in gates}
        self._pass(Gate.JUDGE, at)
        self._pass(Gate.ACCEPT, at)

    @action("hand_over")
    def hand_over(
        self, department: str, handler: str, role: Role, level: str, participants: Collection[str], at: datetime
    ) -> None:
        """Who handles it from now on, never whom it is about (P04.4, P12.2)."""
        self.refuse_unless_ready(Step.HAND_OVER)
        self.department, self.handler, self.level = department, handler, level
        self.course = {
            **self.course,
            "handed_over_at": at.isoformat(),
            "handler_role": role.value,
            "participants": sorted(set(participants)),
        }
        self._pass(Gate.NAME_DEPARTMENT, at)

    @fact
    def rise_to(self, level: str) -> None:
        """It has become graver than whoever handles it was chosen for (P04.10)."""
        self.level = level

    @action("investigate")
    def start_investigation(self, at: datetime) -> None:
        """The handler looks into it (P04.9)."""
        self.refuse_unless_ready(Step.START_INVESTIGATION)
        self.state = CaseState.INVESTIGATING
        self.course = {**self.course, "investigation_started_at": at.isoformat()}

    @action("investigate")
    def report(self, at: datetime) -> None:
        """What was found is reported; whoever reviews it does so anew (P17.4)."""
        self.refuse_unless_ready(Step.REPORT)
        shut: dict[str, Any] = {
            gate.value: None for gate in (Gate.REVIEW_INVESTIGATION, Gate.OPINION) if gate in self.gates
        }
        self.gates = {**self.gates, **shut}
        self._pass(Gate.INVESTIGATE, at)

    @action("investigate")
    def pass_review(self, at: datetime) -> None:
        """The supervisor agrees with the report (P17.4)."""
        self._pass(Gate.REVIEW_INVESTIGATION, at)

    @action("investigate")
    def give_opinion(self, at: datetime) -> None:
        """The report goes back to the handler with HR-admin's opinion, as approved (P17.5)."""
        self.refuse_unless_ready(Step.GIVE_OPINION)
        self._pass(Gate.OPINION, at)

    @action("propose")
    def propose(self, at: datetime) -> None:
        """A resolution is drafted, the first or the next; it has to be approved and answered with (P04.5)."""
        self.refuse_unless_ready(Step.PROPOSE)
        again = self.state is CaseState.ANSWERED or self.course.get("again", False)
        self.state = CaseState.RESOLVED
        self.gates = {**self.gates, Gate.APPROVE_RESOLUTION.value: None, Gate.ANSWER.value: None}
        kept = {name: value for name, value in self.course.items() if name not in _OF_THE_ANSWER}
        self.course = {**kept, "round": self.round + 1, "again": again, "proposed_at": at.isoformat()}

    @action("resolve")
    def approve(self, at: datetime) -> None:
        """The resolution may be put to the customer (P17.6)."""
        self.refuse_unless_ready(Step.APPROVE)
        self.state = CaseState.APPROVED
        self._pass(Gate.APPROVE_RESOLUTION, at)

    @action("answer")
    def answer(self, way: str, at: datetime) -> None:
        """The customer is told, in writing or by word (P04.3, P04.5, P17.6)."""
        self.refuse_unless_ready(Step.ANSWER)
        self.state = CaseState.ANSWERED
        self.course = {**self.course, "answered_at": at.isoformat(), "way": way}

    @fact
    def react(self, accepted: bool, at: datetime) -> None:
        """What the customer says to the answer (P04.5); accepted, the handling has ended (A43)."""
        self.refuse_unless_ready(Step.REACT)
        reaction = ACCEPTED if accepted else NOT_ACCEPTED
        self.course = {**self.course, "reaction": reaction, "reaction_at": at.isoformat()}
        if accepted:
            self._end_handling(at)

    @action("answer")
    def settle(self, by: str, at: datetime) -> None:
        """It ends although the customer does not accept (A17)."""
        self.refuse_unless_ready(Step.SETTLE)
        self.course = {**self.course, "settled": by}
        self._end_handling(at)

    @fact
    def _end_handling(self, at: datetime) -> None:
        self.course = {**self.course, "handled_at": at.isoformat()}
        self._pass(Gate.ANSWER, at)

    @action("call_back")
    def return_result(self, at: datetime) -> None:
        """The group has the result (P12.4)."""
        self.refuse_unless_ready(Step.RETURN_RESULT)
        self._pass(Gate.RETURN_RESULT, at)

    @action("call_back")
    def call_back(self, satisfaction: int | None, at: datetime) -> None:
        """The customer was asked how it was handled (P04.7, P12.4)."""
        self.refuse_unless_ready(Step.CALL_BACK)
        self.state = CaseState.CALLED_BACK
        self.course = {**self.course, "satisfaction": satisfaction}
        self._pass(Gate.CALL_BACK, at)

    @action("close")
    def close(self, at: datetime) -> None:
        """Nothing more is done about it; refused while one gate of the case is shut (P04.7)."""
        self.refuse_unless_ready(Step.CLOSE)
        self.state, self.closed_at = CaseState.CLOSED, at

    @action("reopen")
    def reopen(self, gates: Collection[Gate], at: datetime) -> None:
        """It goes its way again as a founded one (A14): everything after the judgement is still to be done."""
        self.refuse_unless_ready(Step.REOPEN)
        assert self.judgement is not None, "only a judged case has been answered"
        self.state, self.closed_at, self.handler = CaseState.REOPENED, None, None
        self.judgement = {**self.judgement, "founded": True}
        passed = {gate: self.gates.get(gate) or at.isoformat() for gate in (Gate.JUDGE, Gate.ACCEPT)}
        self.gates = {gate.value: passed.get(gate) for gate in GATES if gate in gates}
        times = int(self.course.get("reopened", 0)) + 1
        kept = {name: value for name, value in self.course.items() if name == "barred"}
        self.course = {**kept, "round": self.round, "reopened": times, "reopened_at": at.isoformat()}

    @fact
    def _pass(self, gate: Gate, at: datetime) -> None:
        if gate in self.gates:
            self.gates = {**self.gates, gate.value: at.isoformat()}

    @action("merge")
    def merge_into(self, survivor: Case, at: datetime) -> None:
        """It is a redirect from now on: whatever reaches it reaches the survivor (P04.8). Nothing undoes that."""
        self.state, self.merged_into, self.merged_at = CaseState.MERGED, survivor.id, at
        survivor.respondent = survivor.respondent or self.respondent
        survivor.customer_id = survivor.customer_id or self.customer_id
        self.customer_id = survivor.customer_id
        if survivor.repeat_of == self.id:
            survivor.repeat_of = None

    @fact
    def take_in(self, people: Collection[str]) -> None:
        """They took part in a case that was merged into this one."""
        if people:
            self.course = {**self.course, "participants": sorted({*self.participants, *people})}

    @fact
    def divide(self, text: str, sealed: bytes) -> None:
        """A part of its words has become another case (P04.8)."""
        self.text, self.sealed = text, sealed

    @property
    def waiting_since(self) -> datetime | None:
        """Since when the customer is waited for; None where nothing is."""
        since = self.course.get("waiting_since")
        return None if since is None else datetime.fromisoformat(since)

    @fact
    def wait(self, at: datetime) -> bool:
        """The customer has to say or bring something first; False when that is waited for already."""
        if self.state is CaseState.CLOSED or "waiting_since" in self.course:
            return False
        self.course = {**self.course, "waiting_since": at.isoformat()}
        return True

    @fact
    def go_on(self) -> bool:
        """The customer has: the clocks go on; False when nothing was waited for."""
        waited = "waiting_since" in self.course
        self.course = {name: value for name, value in self.course.items() if name != "waiting_since"}
        return waited

    @fact
    def filed(self, handover: str, at: datetime) -> bool:
        """The archive has taken over the dossier of this closing (P04.8); False for another one's receipt."""
        if self.course.get("handover") != handover:
            return False
        self.course = {**self.course, "filed_at": at.isoformat()}
        return True

    @fact
    def handed_to_archive(self, handover: str) -> None:
        """Its dossier waits to be fetched under this hand-over (P04.8)."""
        self.course = {**self.course, "handover": handover}

    @fact
    def concern(self, respondent: str | None) -> None:
        """Who of staff is complained about: from now on no reader, handler or signer of this case (P12.2)."""
        self.respondent = respondent or self.respondent

    @fact
    def bar(self, people: Collection[str]) -> None:
        """They have no part in this case from now on, nor in what will be owed and told about it (P12.2)."""
        if people:
            self.course = {**self.course, "barred": sorted({*self.course.get("barred", ()), *people})}

    @fact
    def matched(self, customer_id: UUID, at: datetime) -> bool:
        """Say whose case it is; False when that is known already (P12.3)."""
        if self.customer_id is not None:
            return False
        self.customer_id = customer_id
        self.matched_at = at
        return True

    @fact
    def forget(self) -> int:
        """Nothing leads to the caller any more (P05.14): how many links and tokens went."""
        links = (self.customer_id, self.phone_token, self.plate_token, self.vin_token)
        self.customer_id = self.phone_token = self.plate_token = self.vin_token = None
        self.text = ""
        return sum(link is not None for link in links)

    @fact
    def repeats(self, earlier: UUID) -> bool:
        """Say which earlier case it repeats; False when that is known already (P12.5)."""
        if self.repeat_of is not None:
            return False
        self.repeat_of = earlier
        return True

    @fact
    def mark_serious(self, kinds: Iterable[SeriousKind], at: datetime) -> tuple[SeriousKind, ...]:
        """Note in which ways the case is serious (P12.5); those that are new."""
        new = tuple(kind for kind in kinds if kind.value not in self.serious_kinds)
        if new:
            self.serious_kinds = (*self.serious_kinds, *(kind.value for kind in new))
            self.serious_at = self.serious_at or at
        return new

    @fact
    def overrule(self, kinds: Iterable[SeriousKind]) -> tuple[SeriousKind, ...]:
        """Somebody found that it is not serious in these ways (P12.5); those in which it was taken to be."""
        gone = tuple(kind for kind in kinds if kind.value in self.serious_kinds)
        self.serious_kinds = tuple(kind for kind in self.serious_kinds if kind not in {one.value for one in gone})
        if SeriousKind.REPEAT in gone:
            self.repeat_of = None
        if not self.serious_kinds:
            self.serious_at = None
        return gone

    @fact
    def complete(self, facts: dict[str, Any]) -> None:
        """What the vehicle and the fault are is known more exactly (P12.8)."""
        self.facts = {**self.facts, **facts}

    @fact
    def identify(self, *, plate: bytes | None, vin: bytes | None) -> None:
        """By which tokens the vehicle is found; what is not given stays."""
        self.plate_token, self.vin_token = plate or self.plate_token, vin or self.vin_token


CASES = Store(tables.cases, Case)
