"""A notice as its receiver sees it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from policy.directory import Directory
from pydantic import BaseModel

from notify.notice import Notice
from notify.recipients.who_is_there import why
from notify.templates.words import say


class InboxView(BaseModel):
    """A notice: its words in Chinese and English, where to go, as what one was told and why not somebody else."""

    id: UUID
    title: str
    text: str
    title_en: str
    text_en: str
    template: str
    service: str
    subject: str
    path: str
    rules: list[str]
    urgent: bool
    role: str
    place: str
    because: str | None
    because_zh: str | None
    made_at: datetime
    confirm_by: datetime | None
    unread: bool
    read_at: datetime | None
    confirmed_at: datetime | None
    settled_at: datetime | None


def inbox_view(notice: Notice, directory: Directory) -> InboxView:
    """The notice in words."""
    zh, en = (say(notice.template, notice.params, directory, language) for language in ("zh", "en"))
    return InboxView(
        id=notice.id,
        title=zh.title,
        text=zh.text,
        title_en=en.title,
        text_en=en.text,
        template=notice.template,
        service=notice.service,
        subject=notice.subject,
        path=notice.path,
        rules=list(notice.rules),
        urgent=notice.urgent,
        role=notice.role,
        place=notice.place,
        because=why(notice.because, "en", directory),
        because_zh=why(notice.because, "zh", directory),
        made_at=notice.made_at,
        confirm_by=notice.confirm_by,
        unread=notice.unread,
        read_at=notice.read_at,
        confirmed_at=notice.confirmed_at,
        settled_at=notice.settled_at,
    )
