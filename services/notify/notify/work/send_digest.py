"""Sends what was gathered for a person as one reminder; never the same one twice."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid5

from chassis.jobs import Work, job
from chassis.tx import Tx

from notify.notices.tell_people import rotas_for, tell
from notify.recipients.who_is_there import PERSON
from notify.work.seen import DIGESTS, SEEN

RULES = ("P04.9", "P17.9")

#: locked before the digests, as the reaction does that may end them
_WORKS = "SELECT (jsonb_array_elements(lines) ->> 'work')::uuid FROM digests WHERE id = ANY($1::uuid[])"


async def sent(tx: Tx, ended: Sequence[tuple[str, bool]]) -> None:
    """Tell each person what was gathered; what was done meanwhile is left out, an empty digest is not sent."""
    wanted = [UUID(ref) for ref, _ in ended]
    rows = await tx.driver.fetch(_WORKS, wanted)
    seen = await tx.load(SEEN, [row[0] for row in rows])
    digests = await tx.load(DIGESTS, wanted)
    for digest in digests.values():
        if digest.due_at is None:
            continue
        lines = digest.close()
        left = [line for line in lines if UUID(line["work"]) not in seen or not seen[UUID(line["work"])].ended]
        if not left:
            continue
        to = f"{PERSON}:{digest.person}"
        first = min((line["due_at"] for line in left if line["due_at"]), default=None)
        tell(
            tx,
            await rotas_for(tx, [to]),
            send_id=uuid5(digest.id, str(digest.count)),
            service="notify",
            template="work_due",
            to=[to],
            subject=digest.person,
            path="/v1/work",
            params={"count": str(len(left)), **({"due_at": first} if first else {})},
            rules=RULES,
            asked_at=tx.now,
            works=[line["work"] for line in left],
        )


@job(retry=("5s", "1m", "10m"), finish=sent)
async def send_digest(ref: str, work: Work) -> bool:
    """A person's digest is due: nothing to ask outside, only to write."""
    return True
