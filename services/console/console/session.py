"""Who is signed in at a browser: a row here, an opaque cookie there; tokens never leave the server."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson
from chassis.ids import uuid7
from chassis.problems import Unauthenticated
from chassis.runtime import Runtime

from console.settings import ConsoleSettings

PART = "sessions"
#: how long before its end a token is renewed
MARGIN = 60.0
#: `seen_at` is written at most this often
TOUCH = timedelta(minutes=1)


class SignedOut(Unauthenticated):
    """Nobody is signed in at this browser, or no longer."""

    title = "Please sign in"
    zh = "登录已结束。请重新登录后再办理。"
    challenge = 'Session realm="kehu"'


@dataclass(frozen=True)
class Tokens:
    """What the provider gave; `expires_at` is the access token's end, in seconds since the epoch."""

    access: str
    refresh: str | None
    expires_at: float


@dataclass(frozen=True)
class Session:
    """Somebody at a browser, until `ends_at`."""

    id: UUID
    subject: str
    name: str
    tokens: Tokens
    ends_at: datetime
    seen_at: datetime


class Renewer(Protocol):
    """What gets newer tokens for a refresh token; `SignedOut` when the provider gives none any more."""

    async def renew(self, refresh: str, subject: str) -> Tokens: ...


def cookie_name(settings: ConsoleSettings) -> str:
    """`__Host-` binds the cookie to this host over TLS; on this machine there is no TLS."""
    return "__Host-kehu" if settings.secure else "kehu"


class Sessions:
    """The sessions of all browsers, whichever process they reach."""

    def __init__(self, runtime: Runtime, settings: ConsoleSettings, renewer: Renewer) -> None:
        self._runtime = runtime
        self._settings = settings
        self._renewer = renewer
        self._renewing: dict[UUID, asyncio.Task[Session]] = {}

    async def open(self, subject: str, name: str, tokens: Tokens) -> str:
        """Begin a session; what the browser is given to hold. Ended ones are swept away."""
        secret, identifier = secrets.token_urlsafe(32), uuid7()
        async with self._runtime.transaction(actor=subject) as tx:
            idle = tx.now - timedelta(minutes=self._settings.session_idle_minutes)
            await tx.driver.execute("DELETE FROM sessions WHERE ends_at < $1 OR seen_at < $2", tx.now, idle)
            await tx.driver.execute(
                "INSERT INTO sessions (id, digest, subject, sealed, opened_at, seen_at, ends_at) "
                "VALUES ($1, $2, $3, $4, $5, $5, $6)",
                identifier,
                _digest(secret),
                subject,
                self._sealed(identifier, name, tokens),
                tx.now,
                tx.now + timedelta(hours=self._settings.session_hours),
            )
        return secret

    async def of(self, secret: str | None, *, used: bool = True) -> Session:
        """The session of a browser with a token that is good for a while; `SignedOut` without one.

        `used` is False for what the page does by itself: that does not keep a session alive.
        """
        if not secret or len(secret) > 200:
            raise SignedOut("Sign in to go on.")
        async with self._runtime.transaction() as tx:
            row = await tx.driver.fetchrow("SELECT * FROM sessions WHERE digest = $1", _digest(secret))
            idle = timedelta(minutes=self._settings.session_idle_minutes)
            if row is None or row["ends_at"] <= tx.now or row["seen_at"] + idle <= tx.now:
                raise SignedOut("The session has ended. Sign in again.")
            if used and row["seen_at"] + min(TOUCH, idle / 2) <= tx.now:
                await tx.driver.execute("UPDATE sessions SET seen_at = $2 WHERE id = $1", row["id"], tx.now)
        session = self._restored(row)
        if session.tokens.expires_at - MARGIN <= self._runtime.clock().timestamp():
            return await self._renewed(session)
        return session

    async def end(self, secret: str) -> None:
        """Sign out: the session is gone for every process."""
        async with self._runtime.transaction() as tx:
            await tx.driver.execute("DELETE FROM sessions WHERE digest = $1", _digest(secret))

    async def _renewed(self, session: Session) -> Session:
        """The session with newer tokens, fetched once for all who wait; what is still good is used as it is."""
        if session.tokens.refresh is None:
            if session.tokens.expires_at > self._runtime.clock().timestamp():
                return session
            raise SignedOut("The session has ended. Sign in again.")
        task = self._renewing.get(session.id)
        if task is None:
            task = asyncio.create_task(self._renew(session, session.tokens.refresh))
            self._renewing[session.id] = task
            task.add_done_callback(lambda _: self._renewing.pop(session.id, None))
        return await asyncio.shield(task)

    async def _renew(self, session: Session, refresh: str) -> Session:
        try:
            tokens = await self._renewer.renew(refresh, session.subject)
        except SignedOut:
            # another process may have used this refresh token a moment ago
            async with self._runtime.transaction() as tx:
                row = await tx.driver.fetchrow("SELECT * FROM sessions WHERE id = $1", session.id)
            if row is not None and (newer := self._restored(row)).tokens.refresh != refresh:
                return newer
            raise
        renewed = replace(session, tokens=tokens)
        async with self._runtime.transaction() as tx:
            sealed = self._sealed(session.id, session.name, tokens)
            await tx.driver.execute("UPDATE sessions SET sealed = $2 WHERE id = $1", session.id, sealed)
        return renewed

    def _sealed(self, identifier: UUID, name: str, tokens: Tokens) -> bytes:
        content = {"name": name, "access": tokens.access, "refresh": tokens.refresh, "expires_at": tokens.expires_at}
        return self._runtime.master_keys.wrap(orjson.dumps(content), f"console:sessions:{identifier}")

    def _restored(self, row: Mapping[str, Any]) -> Session:
        said = orjson.loads(self._runtime.master_keys.unwrap(row["sealed"], f"console:sessions:{row['id']}"))
        tokens = Tokens(said["access"], said["refresh"], said["expires_at"])
        return Session(row["id"], row["subject"], said["name"], tokens, row["ends_at"], row["seen_at"])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
