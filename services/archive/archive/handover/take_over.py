"""Takes a hand-over over: each item pulled, its digest checked, sealed and filed; then one receipt (P04.8, P13.3)."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

import httpx
from chassis.file_name import NameUnreadable, name_saved
from chassis.jobs import TryAgain, Work, job
from chassis.peers import PeerAway
from chassis.problems import NotFound, Problem
from contracts.archive import DossierFiled, FiledItem
from contracts.roles import Scope
from policy.obligations import met, owe
from policy.policies import policy

from archive import tables
from archive.dossier import DOSSIERS, ITEMS, Condition, Item, ItemState, Medium
from archive.filing import FILE_KEY, store, take_in
from archive.handover.model import HANDOVERS, Handover, HandoverState
from archive.policy import TAKE_OVER, ArchivePolicy

RULES = ("P04.8", "P05.4", "P13.3")


class Differs(Problem):
    """What came is not what was announced."""

    zh = "收到的文件与移交清单不一致，未予接收。请核对来源后重新移交。"


class Announced:
    """Holds a file to what the manifest says of it, while it passes."""

    def __init__(self, size: int, sha256: str) -> None:
        self._left = size
        self._sha256 = sha256
        self._digest = hashlib.sha256()

    def take(self, piece: bytes) -> None:
        """`Differs` as soon as more comes than was announced."""
        self._left -= len(piece)
        self._digest.update(piece)
        if self._left < 0:
            raise Differs("longer than announced")

    def end(self) -> None:
        """`Differs` when it is not what was announced."""
        if self._left > 0:
            raise Differs("shorter than announced")
        if self._digest.hexdigest() != self._sha256:
            raise Differs("another digest than announced")


@job(retry=("5s", "1m", "10m", "1h", "5h", "10h"))
async def take_over(ref: str, work: Work) -> None:
    """Take what is missing and file it. What was taken before is not asked for again."""
    async with work.runtime.transaction() as tx:
        handover = (await tx.load(HANDOVERS, [UUID(ref)], lock=False)).get(UUID(ref))
        if handover is None or handover.state is HandoverState.FILED:
            return
        ids = [UUID(item["item_id"]) for item in handover.items]
        there = set(await tx.load(ITEMS, ids, lock=False))
        dossier = await tx.get(DOSSIERS, handover.dossier_id, lock=False)
        try:
            key = await tx.data_key(dossier.subject_id, FILE_KEY)
        except NotFound:  # erased since: there is nothing to keep any more
            return
    missing: list[dict[str, str]] = []
    for announced in handover.items:
        if UUID(announced["item_id"]) in there:
            continue
        because = await _take(work, handover, announced, key)
        if because is not None:
            missing.append({"label": announced["label"], "because": because})
    await _settle(work, handover.id, missing)
    if missing:
        raise TryAgain(f"{len(missing)} of {len(handover.items)} items have not arrived whole")


async def _take(work: Work, handover: Handover, announced: dict[str, Any], key: bytes) -> str | None:
    """Pull one item and file it; why it could not be, None when it is filed.

    What a file was called comes with it: the manifest went over the bus, where no names are.
    """
    identifier, path = UUID(announced["item_id"]), announced["path"]
    if not path.startswith("/v1/") or announced["size"] < 0:
        return "the manifest names no path of the deliverer"
    watch = Announced(announced["size"], announced["sha256"])
    peers = work.runtime.peers
    try:
        async with peers.stream(handover.service, path, scope=Scope.COMPLAINT_DOSSIER) as answer:
            name = name_saved(answer.headers.get("content-disposition", ""))
            upload, stored = await store(work.runtime, identifier, key, answer.aiter_bytes(), watch)
    except PeerAway:
        return "the deliverer does not answer"
    except httpx.HTTPStatusError as error:
        return f"the deliverer answers {error.response.status_code}"
    except (Differs, NameUnreadable) as error:
        return error.detail
    async with work.runtime.transaction() as tx:
        dossier = await tx.get(DOSSIERS, handover.dossier_id)
        if identifier in await tx.load(ITEMS, [identifier]):
            return None
        personal = {"label": announced["label"], "remarks": "", "name": name}
        item = Item(
            id=identifier,
            dossier_id=dossier.id,
            kind=announced["kind"],
            medium=Medium.ELECTRONIC,
            condition=Condition.GOOD,
            copies=1,
            valid_until=None,
            state=ItemState.AWAITED,
            subject_id=dossier.subject_id,
            sealed=await tx.seal(tables.items, identifier, dossier.subject_id, personal),
            filed_at=tx.now,
            filed_by=f"service:{handover.service}",
        )
        tx.add(item)
        await take_in(tx, dossier, item, upload, stored, announced["media_type"])
    return None


async def _settle(work: Work, identifier: UUID, missing: list[dict[str, str]]) -> None:
    """The receipt when everything is there, once; else what is missing, and after the last attempt whose task it is."""
    async with work.runtime.transaction() as tx:
        handover = await tx.get(HANDOVERS, identifier)
        if handover.state is HandoverState.FILED:
            return
        if missing:
            if handover.lacks(missing, for_good=work.last_attempt):
                deadline = policy(tx, ArchivePolicy, handover.branch, tx.now).take_over
                path = f"/v1/handovers/{handover.id}"
                owe(tx, TAKE_OVER, handover.id, deadline, branch=handover.branch, since=tx.now, path=path)
            return
        handover.file(tx.now)
        met(tx, TAKE_OVER, handover.id, at=tx.now)
        receipt = DossierFiled(
            dossier_id=handover.dossier_id,
            service=handover.service,
            source=handover.source,
            handover_id=handover.id,
            items=[
                FiledItem(label=item["label"], item_id=UUID(item["item_id"]), sha256=item["sha256"])
                for item in handover.items
            ],
            filed_at=tx.now,
        )
        dossier = await tx.get(DOSSIERS, handover.dossier_id)
        tx.publish(dossier, receipt)
