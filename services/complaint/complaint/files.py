"""Opens a file of a case for whoever has been let in, recorded first, and sweeps what no case holds (P05.4, P05.9)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from chassis.file_name import disposition
from chassis.jobs import Work, job
from chassis.problems import NotFound
from chassis.runtime import Runtime
from chassis.tx import Tx
from chassis.vault import Vault
from fastapi import Response
from fastapi.responses import StreamingResponse

from complaint.attachment import FILE_KEY, Attachment


async def opened(tx: Tx, one: Attachment, *, why: str, rules: Iterable[str]) -> tuple[bytes, str | None]:
    """The key of a file and its name; that both are read is one record of this transaction.

    `NotFound` when its subject was erased.
    """
    words = await tx.unseal(one, why=why, rules=rules, file=one.sealed_sha256, of=one.case_id)
    return await tx.data_key(one.subject_id, FILE_KEY), words.get("name")


async def streamed(runtime: Runtime, one: Attachment, key: bytes, name: str | None) -> Response:
    """The file piece by piece, never whole in memory; it is saved under its name, else under its id."""
    if one.place is None:
        raise NotFound("It was removed.")
    clear = await Vault.of(runtime).open(one.place, key, one.bound_to)
    headers = {
        "Content-Disposition": disposition(name, str(one.id)),
        "Content-Length": str(one.size),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return StreamingResponse(clear, media_type=one.media_type, headers=headers)


@job(retry=("5m", "1h", "5h"))
async def sweep_upload(ref: str, work: Work) -> None:
    """Remove a file that no attachment took in: its writer died, or it was refused; `ref` is its place."""
    async with work.runtime.transaction() as tx:
        await tx.driver.execute("DELETE FROM uploads WHERE place = $1", ref)
        taken_in = await tx.driver.fetchval(
            "SELECT true FROM attachments WHERE id = $1 AND place = $2", UUID(ref.partition("/")[0]), ref
        )
    if not taken_in:
        await Vault.of(work.runtime).discard(ref)
