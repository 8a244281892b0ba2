"""A brand's system fetches the detail of a serious complaint: what its standing agreement lists (P05.13, P12.8)."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

import httpx
from chassis.auth import Principal
from chassis.http import get
from chassis.ids import uuid7
from chassis.jobs import Work, job
from chassis.problems import Forbidden, NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from contracts.archive import AccessRecorded
from contracts.roles import Scope
from policy.calendar import civil
from policy.policies import policy
from pydantic import BaseModel, ConfigDict, ValidationError

from complaint import tables as complaint_tables
from complaint.case import CASES, Case
from complaint.permissions import READ_DETAIL
from complaint.redirect import survivors
from complaint.serious import tables
from complaint.serious.policy import SeriousPolicy

RULES = ("P05.13", "P12.8")

#: what an agreement may list: facts of the case, and what is kept sealed
FACTS = ("series", "model", "model_year", "fault_codes")
SEALED = ("name", "phone", "address", "plate", "vin", "text", "demand")

_PROVISION = "SELECT case_id, agreement_id, fields FROM provisions WHERE id = $1 AND told_at IS NULL"


class NoAgreement(Forbidden):
    """No standing agreement lets this brand have data of customers."""

    title = "There is no standing agreement"
    zh = "没有有效的资料提供协议，不能向该品牌提供客户资料。请先签订协议。"


class Agreement(BaseModel):
    """A standing agreement as the archive keeps it: what may be given to a brand, for what, until when."""

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    id: UUID
    brand: str
    fields: list[str]
    purpose: str
    until_on: date


class Detail(BaseModel):
    """What is given, under which agreement, for which purpose; nothing that the agreement does not list."""

    case_id: UUID
    agreement_id: UUID
    purpose: str
    until: date
    provision_id: UUID
    fields: dict[str, Any]


@get("/v1/complaints/{case_id}/detail", needs=READ_DETAIL)
async def read_detail(case_id: UUID, principal: Principal, runtime: Runtime) -> Detail:
    """The detail of a serious complaint for its brand's own system.

    Only the fields of the agreement in force are given, and each giving is recorded as an outward provision.
    404 for a case of another brand; 403 while there is no agreement; 503 while the archive does not answer.
    """
    brand, branch, case_id = await _whose(runtime, case_id, principal)
    agreement = await _in_force(runtime, brand, branch)
    async with runtime.transaction(actor=principal.subject) as tx:
        case = await tx.get(CASES, case_id, lock=False)
        given = await _fields(tx, case, agreement)
        provision = uuid7()
        tx.insert(
            tables.provisions,
            id=provision,
            case_id=case.id,
            agreement_id=agreement.id,
            client=principal.subject,
            fields=sorted(given),
            at=tx.now,
            told_at=None,
        )
        tx.record(
            AccessRecorded(
                service=runtime.name,
                actor=principal.subject,
                action="provide",
                table=complaint_tables.cases.name,
                ids=[str(case.id), str(agreement.id), str(provision)],
                purpose=f"agreement {agreement.id}",
                rules=list(RULES[:1]),
                at=tx.now,
                digests=[hashlib.sha256(case.sealed).hexdigest()],
            )
        )
        tx.later(tell_archive, provision)
    return Detail(
        case_id=case_id,
        agreement_id=agreement.id,
        purpose=agreement.purpose,
        until=agreement.until_on,
        provision_id=provision,
        fields=given,
    )


async def _whose(runtime: Runtime, case_id: UUID, principal: Principal) -> tuple[str, str, UUID]:
    """Brand, branch and id of the case, where the machine speaks for the brand; 404 otherwise, whatever there is.

    Of a merged case they are those of the one that it was merged into: what is given is recorded there.
    """
    async with runtime.transaction(actor=principal.subject) as tx:
        case = (await survivors(tx, [case_id], lock=False)).get(case_id)
        if case is not None and case.serious:
            speaks_for = policy(tx, SeriousPolicy, case.branch, tx.now).machines.get(principal.subject)
            if speaks_for == case.brand:
                return case.brand, case.branch, case.id
    raise NotFound("There is no serious complaint of your brand under this id. Check the id.")


async def _in_force(runtime: Runtime, brand: str, branch: str) -> Agreement:
    """The agreement in force on data of the branch, asked of the archive outside any transaction."""
    asked = {"brand": brand, "branch": branch}
    try:
        said = await runtime.peers.get("archive", "/v1/agreements/in-force", scope=Scope.ARCHIVE_PROVIDE, params=asked)
        agreement = Agreement.model_validate(said)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.NOT_FOUND:
            raise
    except ValidationError:
        pass  # what cannot be read allows nothing
    else:
        if agreement.brand == brand and agreement.until_on >= civil(runtime.clock()):
            return agreement
    raise NoAgreement(
        "No standing agreement on this brand is in force. Have one approved by the information supervisor and the "
        "customer-service manager, both, in the archive.",
        rules=RULES[:1],
    )


async def _fields(tx: Tx, case: Case, agreement: Agreement) -> dict[str, Any]:
    """What the agreement lists and the case has; sealed data is opened only where it is listed."""
    known: dict[str, Any] = {
        "number": case.number,
        "brand": case.brand,
        "kinds": list(case.serious_kinds),
        "branch": case.branch,
        "region": case.region,
        "taken_at": case.taken_at.isoformat(),
        "serious_at": case.serious_at.isoformat() if case.serious_at else None,
        "summary": case.text,
        **{name: case.facts.get(name) for name in FACTS},
    }
    if set(agreement.fields) & set(SEALED):
        personal = await tx.unseal(case, why=f"agreement {agreement.id}", rules=RULES[:1])
        known |= {name: personal.get(name) for name in SEALED}
    return {name: known[name] for name in dict.fromkeys(agreement.fields) if name in known}


async def _told(tx: Tx, ended: Any) -> None:
    """The archive knows of these provisions."""
    ids = [UUID(ref) for ref, _ in ended]
    await tx.driver.execute("UPDATE provisions SET told_at = $2 WHERE id = ANY($1::uuid[])", ids, tx.now)


@job(retry=("5s", "1m", "10m", "1h", "6h", "1d"), finish=_told)
async def tell_archive(ref: str, work: Work) -> bool:
    """Have a provision registered under its agreement, where all of them are kept (P05.13)."""
    async with work.runtime.transaction() as tx:
        row = await tx.driver.fetchrow(_PROVISION, UUID(ref))
    if row is None:
        return True
    body = {"about": str(row["case_id"]), "fields": row["fields"]}
    path = f"/v1/agreements/{row['agreement_id']}/provisions"
    try:
        await work.runtime.peers.post("archive", path, body, scope=Scope.ARCHIVE_PROVIDE, key=ref)
    except httpx.HTTPStatusError as error:
        if error.response.status_code != httpx.codes.CONFLICT:
            raise
    return True
