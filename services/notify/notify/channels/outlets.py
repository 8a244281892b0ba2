"""Which way out each channel has in this process: the real one, the sink in development, or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol, cast
from uuid import UUID

import httpx
from chassis.peers import trusted
from chassis.runtime import Runtime

from notify.channels.mail import Smtp
from notify.channels.refusals import NotReachable
from notify.channels.sink import Sink
from notify.channels.sms import HttpGateway
from notify.notice import Notice
from notify.policy import Channel
from notify.settings import NotifySettings
from notify.templates.words import Words

PART = "outlets"


class Outlet(Protocol):
    """A way out. The identifier is the same at every attempt of the same message."""

    async def send(self, identifier: UUID, notice: Notice, reach: dict[str, Any], words: Words, link: str) -> None:
        """Hand the message over; `NotReachable` where it will never be taken, `Refusal` where it is not now."""


class Outlets:
    """The ways out of a process."""

    def __init__(self, runtime: Runtime, client: httpx.AsyncClient) -> None:
        settings = runtime.settings
        assert isinstance(settings, NotifySettings)
        self._public_url = settings.public_url.rstrip("/")
        self._ways: dict[Channel, Outlet] = {}
        if settings.environment != "production":
            self._ways = {channel: Sink(runtime, channel) for channel in (Channel.SMS, Channel.MAIL)}
        if settings.smtp_host is not None:
            self._ways[Channel.MAIL] = Smtp(settings)
        if settings.sms_url is not None:
            self._ways[Channel.SMS] = HttpGateway(settings, client)

    @classmethod
    def of(cls, runtime: Runtime) -> Outlets:
        """The ways out of the process."""
        return cast("Outlets", runtime.parts[PART])

    async def send(
        self, channel: Channel, identifier: UUID, notice: Notice, reach: dict[str, Any], words: Words
    ) -> None:
        """Send over the channel; errors as of an outlet."""
        if channel not in self._ways:
            raise NotReachable(f"{channel.value} is not set up here")
        await self._ways[channel].send(identifier, notice, reach, words, f"{self._public_url}/inbox/{notice.id}")


@asynccontextmanager
async def outlets(runtime: Runtime) -> AsyncIterator[None]:
    """The ways out, while a process runs."""
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False, verify=trusted()) as client:
        runtime.parts[PART] = Outlets(runtime, client)
        yield
