"""The probe with a kind of table to hand in; as a process: `python -m import_worker worker`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import NAMESPACE_URL, uuid5

from chassis.auth import Delegated, Principal
from chassis.fields import Phone, Text
from chassis.imports import Import, Outcome, Taken
from chassis.jobs import Work, job
from chassis.kit.probe import PROBES, Probe, probe
from chassis.problems import Refused
from chassis.service import main
from chassis.tx import Tx
from contracts.roles import Role
from pydantic import BaseModel, ConfigDict, Field


class TooOld(Refused):
    """The line is older than is taken."""

    zh = "年龄过大，请更正。"
    rules = ("P01.2",)


class Line(BaseModel):
    """A row of the table."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[Text, Field(title="编号", max_length=20)]
    phone: Annotated[Phone | None, Field(title="电话")] = None
    age: Annotated[int, Field(title="年龄", ge=0)] = 0


@dataclass(frozen=True)
class Needs:
    """Whoever is of the call centre."""

    name: str = "probe.import"

    def allows(self, principal: Principal) -> bool:
        return any(grant.role is Role.CALL_CENTRE for grant in principal.grants)


async def take_line(line: Line, by: Principal, tx: Tx) -> Taken:
    """A probe a number, made once; it says by whom, and for whom they act."""
    if line.age == 13:
        raise ValueError(f"{line.phone} is unlucky")
    if line.age > 100:
        raise TooOld("Nobody is so old. Correct the age.")
    identifier = uuid5(NAMESPACE_URL, line.number)
    if await tx.load(PROBES, [identifier]):
        return Taken(Outcome.UNCHANGED, str(identifier))
    acts_for = sorted(grant.on_behalf_of for grant in by.grants if isinstance(grant, Delegated))
    tx.add(Probe(identifier, [line.number, by.subject, *acts_for]))
    return Taken(Outcome.MADE, str(identifier))


async def touched_by_line(line: Line, by: Principal, tx: Tx) -> Iterable[Hashable]:
    """What its number begins with."""
    return [line.number.partition("-")[0]]


@job(keep=True)
async def look_at_all(ref: str, work: Work) -> None:
    """How many lines there are by then."""
    async with work.runtime.transaction() as tx:
        work.progress |= {"lines": await tx.driver.fetchval("SELECT count(*) FROM probes")}


LINES = Import("lines", "/v1/lines/imports", Line, take_line, Needs(), then=look_at_all, touches=touched_by_line)
service = probe(routes=LINES.routes, jobs=[LINES.job, look_at_all])

if __name__ == "__main__":
    main(service)
