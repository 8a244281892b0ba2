"""Approvals: who signs, in which order, over which amounts; and what is held until they have.

The block lies in the aggregate: asking puts the held actions into it in the same transaction, and every method that
changes it is declared with `@action` and refuses while it is held. So no way in (API, import, job, message) can
forget. A signature covers a digest of what was shown; whatever is shown anew is asked anew.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar
from uuid import UUID

import orjson
from chassis.auth import Principal
from chassis.ids import uuid7
from chassis.problems import Forbidden, Refused
from chassis.store import Aggregate, Store
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.roles import Role
from pydantic import BaseModel, ConfigDict, Field

from policy import tables
from policy.access import GROUP, branch_of, department_place
from policy.directory import Directory
from policy.obligations import Deadline, Obligation, met, owe, waive
from policy.reasons import SAID, say
from policy.terms import Term

P = ParamSpec("P")
R = TypeVar("R")
H = TypeVar("H", bound="Holdable")


# -- the block -----------------------------------------------------------------------------------


class Held(Refused):
    """The action waits for an approval; have it decided, or withdraw it."""

    title = "This waits for an approval"
    zh = "此操作须等待审批。请先由审批人签署，或撤回申请后再办理。"


class Holdable:
    """An aggregate whose actions an approval can hold; it keeps `held`: approval name → id, actions, rules."""

    held: dict[str, Any]

    def hold(self, name: str, approval: UUID, actions: Iterable[str], rules: Iterable[str]) -> None:
        """Refuse these actions from now on, until `release` of the same name; a newer asking takes the place."""
        entry = {"id": str(approval), "actions": sorted(actions), "rules": list(rules)}
        self.held = {**self.held, name: entry}

    def release(self, name: str, approval: UUID) -> None:
        """Let go what this very asking held."""
        if self.held.get(name, {}).get("id") == str(approval):
            self.held = {other: entry for other, entry in self.held.items() if other != name}

    def refuse_while_held(self, act: str) -> None:
        """`Held`, naming the approval that the action waits for."""
        for name, entry in self.held.items():
            if act in entry["actions"]:
                raise Held(
                    f"`{act}` waits for the approval {name}. Have it decided or withdrawn first.",
                    rules=entry["rules"],
                    approval=entry["id"],
                    path=f"/v1/approvals/{entry['id']}",
                )


def action(name: str) -> Callable[[Callable[Concatenate[H, P], R]], Callable[Concatenate[H, P], R]]:
    """Declare a method that changes an aggregate: it refuses, before it does anything, while the action is held."""

    def wrap(method: Callable[Concatenate[H, P], R]) -> Callable[Concatenate[H, P], R]:
        @functools.wraps(method)
        def guarded(self: H, *args: P.args, **kwargs: P.kwargs) -> R:
            self.refuse_while_held(name)
            return method(self, *args, **kwargs)

        guarded.__action__ = name  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return wrap


def fact(method: Callable[P, R]) -> Callable[P, R]:
    """Declare a method that notes what has happened: no approval can stop it."""
    method.__fact__ = True  # type: ignore[attr-defined]
    return method


def actions_of(kind: type) -> dict[str, str]:
    """The methods of a model that change it and can be held, with the name of the action of each."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: method.__action__ for name, method in methods if hasattr(method, "__action__")}


def undeclared(kind: type) -> list[str]:
    """The methods of a model that assign to it and are declared neither `@action` nor `@fact`: there must be none."""
    found = []
    for name, method in vars(kind).items():
        if not inspect.isfunction(method) or hasattr(method, "__action__") or hasattr(method, "__fact__"):
            continue
        if "generated" in method.__qualname__ or name.startswith("__"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
        if any(_assigns_to_self(node) for node in ast.walk(tree)):
            found.append(name)
    return found


def _assigns_to_self(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store | ast.Del)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


# -- chains, as policies say them ----------------------------------------------------------------


class Seat(BaseModel):
    """One signature of a chain: by which role, at which place (as seen from the subject), within which term.

    Where nobody may sign (the post is vacant, its holder asked, signed before or is excluded) the seat goes to the
    next role of `otherwise`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    place: Literal["department", "branch", "area", "group"] = "branch"
    within: Term | None = None
    otherwise: tuple[Role, ...] = Field((), max_length=5)


#: stages in a row, and the seats of each stage side by side
Chain = tuple[tuple[Seat, ...], ...]


class Band(BaseModel):
    """The chain up to an amount, that amount included (A1); without `up_to` for everything above."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up_to: Decimal | None = Field(None, max_digits=18, decimal_places=2)
    chain: Chain


class Matrix(BaseModel):
    """An authority matrix: by kind the bands of amounts, lowest first (P12.10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kinds: dict[str, tuple[Band, ...]]

    def for_total(self, kind: str, total: Decimal) -> Chain | None:
        """The chain for everything asked of this kind so far; None where the matrix does not say."""
        for band in self.kinds.get(kind, ()):
            if band.up_to is None or total <= band.up_to:
                return band.chain
        return None


# -- asking --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Approval:
    """Something that needs signatures: its name, its rules, and which actions of its subject it holds meanwhile."""

    name: str
    rules: tuple[str, ...]
    blocks: frozenset[str]
    zh: str
    en: str

    def __post_init__(self) -> None:
        if APPROVALS.setdefault(self.name, self) != self:
            raise ValueError(f"two approvals are called {self.name}")

    @property
    def duty(self) -> Obligation:
        """The obligation of a seat: it appears on the work topic and has the seat's term."""
        return Obligation(f"approve.{self.name}", self.rules, f"审批:{self.zh}", f"approve: {self.en}")


APPROVALS: dict[str, Approval] = {}


class AskedState(StrEnum):
    """Where an asking stands."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"


@dataclass
class Asked:
    """One asking of an approval. `stages` are lists of seats: id, role, place, otherwise, within, moved, signed."""

    id: UUID
    name: str
    subject: UUID
    path: str
    branch: str
    department: str | None
    asked_by: str
    asked_at: datetime
    amount: Decimal | None
    parties: list[str]
    offer: dict[str, Any]
    digest: bytes
    excluded: list[str]
    stages: list[list[dict[str, Any]]]
    state: AskedState = AskedState.OPEN
    ended_at: datetime | None = None
    reason: str | None = None
    version: int = 1
    sequence: int = 0

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """The seats whose turn it is."""
        if self.state is not AskedState.OPEN:
            return []
        stage = next((stage for stage in self.stages if any(seat["by"] is None for seat in stage)), [])
        return [seat for seat in stage if seat["by"] is None]

    @property
    def signers(self) -> set[str]:
        """Who has signed, and in whose name."""
        signed = [seat for stage in self.stages for seat in stage if seat["by"] is not None]
        return {name for seat in signed for name in (seat["by"], seat["on_behalf_of"]) if name is not None}

    @property
    def barred(self) -> set[str]:
        """Who may not sign (any more): the applicant, the excluded, who has signed before."""
        return {self.asked_by, *self.excluded, *self.signers}

    def update(self, seat: str, **changes: Any) -> None:
        """Change a seat; the list is made anew, so that the change is seen."""
        self.stages = [[{**s, **changes} if s["id"] == seat else s for s in stage] for stage in self.stages]

    def end(self, state: AskedState, at: datetime, reason: str | None = None) -> None:
        """Nothing more is asked."""
        self.state, self.ended_at, self.reason = state, at, reason


ASKED = Store(tables.approvals, Asked)

#: what a decision does: a plain function of the subject, the asking and the transaction
Decided = Callable[[Any, Asked, Tx], None]
_stores: dict[str, Store[Any]] = {}
_granted: dict[str, Decided] = {}
_refused: dict[str, Decided] = {}


def granted(approval: Approval, store: Store[Any]) -> Callable[[Decided], Decided]:
    """Declare what happens when the last signature is there; the subject comes from `store`, its actions released."""

    def wrap(act: Decided) -> Decided:
        _stores[approval.name], _granted[approval.name] = store, act
        return act

    return wrap


def refused(approval: Approval) -> Callable[[Decided], Decided]:
    """Declare what happens when it is refused or withdrawn (`asked.state` says which)."""

    def wrap(act: Decided) -> Decided:
        _refused[approval.name] = act
        return act

    return wrap


def subjects_of(name: str) -> Store[Any]:
    """Where the subjects of an approval are kept."""
    return _stores[name]


class NoChain(Refused):
    """The policy does not say who decides this; nothing is asked and nothing done."""

    title = "The policy does not say who approves this"
    zh = "制度未规定由谁审批，无法提交。请联系行政人事补充审批权限。"


class Asks:
    """The askings of a transaction: earlier ones of the same subject make way for them."""

    def __init__(self) -> None:
        self._new: list[Asked] = []

    def add(self, asked: Asked) -> None:
        self._new.append(asked)

    async def write(self, tx: Tx) -> None:
        """Supersede what is open for the same subject under the same name."""
        new, self._new = self._new, []
        for asked in new:
            rows = await tx.driver.fetch(_SUPERSEDE, asked.subject, asked.name, asked.id, tx.now)
            for (stages,) in rows:
                for seat in (seat for stage in stages for seat in stage if seat["by"] is None):
                    waive(tx, None, UUID(seat["id"]), at=tx.now, reason="asked anew")


_SUPERSEDE = """UPDATE kehu.approvals SET state = 'superseded', ended_at = $4, version = version + 1
    WHERE subject = $1 AND name = $2 AND id <> $3 AND state = 'open' RETURNING stages"""


def ask(
    tx: Tx,
    approval: Approval,
    about: Holdable,
    offer: Mapping[str, Any],
    *,
    chain: Chain | None,
    by: str,
    branch: str,
    path: str,
    amount: Decimal | None = None,
    parties: Sequence[str] = (),
    excluded: Iterable[str] = (),
    department: str | None = None,
) -> Asked:
    """Ask for signatures, and hold the actions that the approval blocks, in this transaction.

    `offer` is what signers are shown, without persons. `chain` comes from the policy; `NoChain` where it has none.
    `amount` counts for the subject and every one of `parties` (`total`). An open asking of the same name is
    superseded: whatever was signed does not carry over.
    """
    if not chain:
        raise NoChain(
            f"The policy of this branch names nobody who decides {approval.name}. Have it set first.",
            rules=approval.rules,
        )
    identifier = uuid7()
    subject: Aggregate = about  # type: ignore[assignment]
    shown = {"approval": approval.name, "path": path, "amount": None if amount is None else str(amount), **offer}
    asked = Asked(
        id=identifier,
        name=approval.name,
        subject=subject.id,
        path=path,
        branch=branch,
        department=department,
        asked_by=by,
        asked_at=tx.now,
        amount=amount,
        parties=[f"subject:{subject.id}", *parties],
        offer=dict(offer),
        digest=hashlib.sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).digest(),
        excluded=sorted(excluded),
        stages=[[_seat(seat) for seat in stage] for stage in chain],
    )
    about.hold(approval.name, identifier, approval.blocks, approval.rules)
    tx.add(asked)
    tx.extension(Asks).add(asked)
    call(tx, asked)
    return asked


def _seat(seat: Seat) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "role": seat.role.value,
        "place": seat.place,
        "otherwise": [role.value for role in seat.otherwise],
        "within": None if seat.within is None else str(seat.within),
        "moved": [],
        "called": False,
        "by": None,
        "on_behalf_of": None,
        "at": None,
    }


def call(tx: Tx, asked: Asked) -> None:
    """Give the waiting seats to who may sign, and owe each its signature."""
    approval = APPROVALS[asked.name]
    for seat in asked.waiting:
        if seat["called"]:
            continue
        placed = place(tx, asked, seat)
        asked.update(seat["id"], called=True, **placed)
        deadline = Deadline(
            within=None if seat["within"] is None else Term.parse(seat["within"]),
            role=Role(placed["role"]),
            then=tuple(Role(role) for role in placed["otherwise"]),
        )
        owe(
            tx,
            approval.duty,
            UUID(seat["id"]),
            deadline,
            branch=GROUP if seat["place"] == "group" else asked.branch,
            since=tx.now,
            path=f"/v1/approvals/{asked.id}",
            about=asked.subject,
            place=place_of(tx, asked, seat),
            excluded=asked.barred,
        )


def place_of(tx: Tx, asked: Asked, seat: Mapping[str, Any]) -> str:
    """The place whose holders sign: a department without a name is its branch, a branch without an area the group."""
    match seat["place"]:
        case "department":
            return department_place(asked.branch, asked.department)
        case "branch":
            return asked.branch
        case "area":
            return Directory.of(tx.runtime).area(asked.branch) or GROUP
        case _:
            return GROUP


def _places(tx: Tx, asked: Asked, seat: Mapping[str, Any]) -> list[str]:
    """Where the signer is looked for, nearest first."""
    at = place_of(tx, asked, seat)
    return list(dict.fromkeys((at, branch_of(at), GROUP)))


def may_sign(tx: Tx, asked: Asked, seat: Mapping[str, Any]) -> dict[str, str | None]:
    """Who may sign a seat now, and in whose name: the place's holders, the branch's or group's where it has none."""
    directory = Directory.of(tx.runtime)
    for at in _places(tx, asked, seat):
        holders = directory.holders(Role(seat["role"]), [at], tx.now)
        free = {who: whose for who, whose in holders.items() if not asked.barred & {who, whose}}
        if free:
            return free
    return {}


def place(tx: Tx, asked: Asked, seat: Mapping[str, Any]) -> dict[str, Any]:
    """The role that can sign the seat, what remains after it, and why it moved on; the first one where nobody can."""
    roles = [seat["role"], *seat["otherwise"]]
    for n, role in enumerate(roles):
        if may_sign(tx, asked, {**seat, "role": role}):
            gone = [{"role": passed, "because": _why_not(tx, asked, seat, passed)} for passed in roles[:n]]
            return {"role": role, "otherwise": roles[n + 1 :], "moved": [*seat["moved"], *gone], "nobody": False}
    return {"role": roles[0], "otherwise": roles[1:], "moved": list(seat["moved"]), "nobody": True}


def _why_not(tx: Tx, asked: Asked, seat: Mapping[str, Any], role: str) -> str:
    holders = Directory.of(tx.runtime).holders(Role(role), _places(tx, asked, seat), tx.now)
    return "nobody holds it" if not holders else "whoever holds it asked, has signed or is excluded"


async def total(tx: Tx, approval: Approval, parties: Sequence[str], *, subject: UUID, amount: Decimal) -> Decimal:
    """What this amount makes together with all that was asked for any of the parties and is open or granted.

    The largest sum over the subject and each party, so that splitting does not help; askings for the same
    party wait for each other until this transaction ends. What is open for the subject itself makes way.
    """
    most = Decimal(0)
    for party in sorted({f"subject:{subject}", *parties}):
        await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{approval.name} {party}")
        asked: Decimal = await tx.driver.fetchval(_SUM, approval.name, orjson.dumps([party]).decode(), subject)
        most = max(most, asked)
    return most + amount


async def add_party(tx: Tx, approval: Approval, to: str, party: str) -> None:
    """What was asked for the party `to` counts for another one too from now on (`total`).

    For two matters that turn out to be one. Askings for either wait until this transaction ends.
    """
    for one in sorted({to, party}):
        await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{approval.name} {one}")
    await tx.driver.execute(_ADD_PARTY, approval.name, *(orjson.dumps([one]).decode() for one in (to, party)))


_ADD_PARTY = """UPDATE kehu.approvals SET parties = parties || $3::jsonb, version = version + 1
    WHERE name = $1 AND parties @> $2::jsonb AND NOT parties @> $3::jsonb"""
_SUM = """SELECT coalesce(sum(amount), 0) FROM kehu.approvals
    WHERE name = $1 AND parties @> $2::jsonb AND (state = 'granted' OR (state = 'open' AND subject <> $3))"""


# -- deciding ------------------------------------------------------------------------------------


class DecidedAlready(Refused):
    """Somebody was first, or the asking has ended."""

    zh = "此审批已有结果或已终止，无须再签。请重新载入查看。"


class ShownOtherwise(Refused):
    """What you signed is not what is asked: read it again."""

    title = "What is asked has changed"
    zh = "待签内容已变更。请重新载入，看过新内容后再签。"


class NotYours(Forbidden):
    """None of the waiting seats is yours to sign."""

    title = "You cannot sign this"
    zh = "此审批现在不由您签署。请由待签岗位办理。"


async def decide(tx: Tx, asked: Asked, principal: Principal, *, grants: bool, digest: str, words: str | None) -> None:
    """Sign a waiting seat, or refuse the whole; the last signature lets the subject act. `words` are kept."""
    if asked.state is not AskedState.OPEN:
        raise DecidedAlready(f"It is {asked.state.value}: there is nothing left to decide.", state=asked.state.value)
    if digest != asked.digest.hex():
        raise ShownOtherwise("Read the approval again and decide on what it shows now.", digest=asked.digest.hex())
    seat, whose = _seat_of(tx, asked, principal)
    approval = APPROVALS[asked.name]
    asked.update(seat["id"], by=principal.subject, on_behalf_of=whose, at=tx.now.isoformat(), granted=grants)
    met(tx, approval.duty, UUID(seat["id"]), at=tx.now)
    _record(tx, asked, principal.subject, "grant" if grants else "refuse")
    ended = not grants or not asked.waiting
    said = None if words is None else SAID
    if words is not None:
        await say(tx, asked.id if ended else UUID(seat["id"]), asked.subject, words)
    if ended:
        await end(tx, asked, AskedState.GRANTED if grants else AskedState.REFUSED, said)
    else:
        asked.update(seat["id"], reason=said)
        call(tx, asked)


def _seat_of(tx: Tx, asked: Asked, principal: Principal) -> tuple[dict[str, Any], str | None]:
    """The waiting seat that the caller may sign, and in whose name."""
    barred = asked.barred
    roles = {grant.role for grant in principal.grants}
    for seat in asked.waiting:
        free = may_sign(tx, asked, seat)
        if principal.subject in free and seat["role"] in roles:
            return seat, free[principal.subject]
    if principal.subject in barred:
        raise NotYours("Who asked, who has signed and who is excluded from the subject cannot sign.")
    raise NotYours("None of the signatures it waits for belongs to one of your roles.")


async def end(tx: Tx, asked: Asked, state: AskedState, reason: str | None) -> None:
    """Close the asking: let go what it held, then tell the subject. `reason` is a code, or `SAID` of words."""
    approval = APPROVALS[asked.name]
    for seat in asked.waiting:
        waive(tx, approval.duty, UUID(seat["id"]), at=tx.now, reason=f"the approval is {state.value}")
    asked.end(state, tx.now, reason)
    subject = await tx.get(_stores[asked.name], asked.subject)
    subject.release(asked.name, asked.id)
    act = _granted.get(asked.name) if state is AskedState.GRANTED else _refused.get(asked.name)
    if act is not None:
        act(subject, asked, tx)


async def take_back(tx: Tx, approval: Approval, subject: Holdable, because: str) -> None:
    """End what is still asked about the subject under this name, for a reason of the system's own."""
    held = subject.held.get(approval.name)
    if held is not None:
        asked = await tx.get(ASKED, UUID(held["id"]))
        if asked.state is AskedState.OPEN:
            await end(tx, asked, AskedState.WITHDRAWN, because)


def _record(tx: Tx, asked: Asked, actor: str, did: str) -> None:
    """What was decided, for the audit log: ids and the digest of what was shown."""
    tx.record(
        AccessRecorded(
            service=tx.runtime.name,
            actor=actor,
            action=did,
            table="approvals",
            ids=[str(asked.id), str(asked.subject)],
            purpose=asked.name,
            rules=list(APPROVALS[asked.name].rules),
            at=tx.now,
            digests=[asked.digest.hex()],
        )
    )


def withdrawn(tx: Tx, asked: Asked, actor: str) -> None:
    """Note who took it back."""
    _record(tx, asked, actor, "withdraw")
