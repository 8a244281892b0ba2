"""The last signature grants the compensation, a refusal or withdrawal ends it; the others hear of it (P12.10)."""

from __future__ import annotations

from uuid import UUID

from chassis.tx import Tx
from contracts.complaint import CompensationDecided
from policy.approvals import Asked, AskedState, granted, refused

from complaint.case import CASES, Case
from complaint.compensation.model import COMPENSATIONS, CompensationState
from complaint.compensation.policy import COMPENSATION

RULES = ("P12.10", "P17.8")

_STATES = {
    AskedState.GRANTED: CompensationState.GRANTED,
    AskedState.REFUSED: CompensationState.REFUSED,
    AskedState.WITHDRAWN: CompensationState.WITHDRAWN,
}


class Decisions:
    """The decisions of a transaction: the offers are fetched and changed when it is written."""

    def __init__(self) -> None:
        self._decided: list[tuple[Case, Asked]] = []

    def add(self, case: Case, asked: Asked) -> None:
        self._decided.append((case, asked))

    async def write(self, tx: Tx) -> None:
        """Take each decision over into its offer, once."""
        decided, self._decided = self._decided, []
        for case, asked in decided:
            compensation = await tx.get(COMPENSATIONS, UUID(asked.offer["compensation_id"]))
            compensation.release(COMPENSATION.name, asked.id)
            if not compensation.decided(asked.id, _STATES[asked.state], tx.now):
                continue
            tx.publish(
                case,
                CompensationDecided(
                    case_id=case.id,
                    compensation_id=compensation.id,
                    granted=compensation.state is CompensationState.GRANTED,
                    amount=compensation.money,
                    decided_at=tx.now,
                ),
            )


@granted(COMPENSATION, CASES)
def compensation_granted(case: Case, asked: Asked, tx: Tx) -> None:
    """All have signed: it may be paid."""
    tx.extension(Decisions).add(case, asked)


@refused(COMPENSATION)
def compensation_refused(case: Case, asked: Asked, tx: Tx) -> None:
    """It was refused or taken back: it may be changed and asked anew."""
    tx.extension(Decisions).add(case, asked)
