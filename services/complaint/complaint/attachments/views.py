"""An attachment as its readers see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from complaint.attachment import Attachment
from complaint.case import Case


class AttachmentView(BaseModel):
    """A file of a case; `path` leads to its content and is null when it was removed, `reason` says why it was.

    `name` is what it was called where it came from; null where nobody said.
    """

    id: UUID
    case_id: UUID
    kind: str
    name: str | None
    media_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None
    reason: str | None
    handed_over: bool
    path: str | None


class AttachmentsView(BaseModel):
    """The files of a case, the oldest first; at most a hundred.

    `adds` says whether the case takes another one, of `media_types` and at most `largest` bytes; `removes` whether the
    caller may remove what others added (what one added oneself, one may).
    """

    items: list[AttachmentView]
    adds: bool
    removes: bool
    largest: int
    media_types: list[str]


def view_of(one: Attachment, case: Case, words: Mapping[str, Any]) -> AttachmentView:
    """The file as it is shown; `words` are what its row keeps sealed."""
    return AttachmentView(
        id=one.id,
        case_id=case.id,
        kind=one.kind.value,
        name=words.get("name"),
        media_type=one.media_type,
        size=one.size,
        sha256=one.sha256.hex(),
        added_by=one.added_by,
        added_at=one.added_at,
        removed_by=one.removed_by,
        removed_at=one.removed_at,
        reason=words.get("reason"),
        handed_over=one.handover_id is not None,
        path=None if one.place is None else f"/v1/complaints/{case.id}/attachments/{one.id}",
    )
