"""Sends SMS through a gateway that takes template ids and parameters, as Chinese gateways do (P12.4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import orjson
from standardwebhooks.webhooks import Webhook

from notify.channels.refusals import NotReachable, Refusal
from notify.notice import Notice
from notify.settings import NotifySettings
from notify.templates.words import GENERIC, Words

RULES = ("P12.4",)

TIMEOUT = 10.0
#: answers that another attempt cannot change: the request itself is refused
_NEVER = frozenset({400, 404, 410, 413, 422})


class HttpGateway:
    """A gateway that takes JSON over HTTP, signed after Standard Webhooks; `id` is the same at every attempt.

    `{"id", "key", "mobile", "template", "params"}`; any 2xx means taken. What a vendor wants otherwise is a small
    translator in front of it, or a class with the same `send`.
    """

    def __init__(self, settings: NotifySettings, client: httpx.AsyncClient) -> None:
        assert settings.sms_url is not None
        assert settings.sms_secret_file is not None, "the SMS gateway needs KEHU_SMS_SECRET_FILE"
        self._url = settings.sms_url
        self._key = settings.sms_key
        self._templates = settings.sms_templates
        self._signer = Webhook(settings.sms_secret_file.read_text().strip())
        self._client = client

    async def send(self, identifier: UUID, notice: Notice, reach: dict[str, Any], words: Words, link: str) -> None:
        """Hand it to the gateway; `NotReachable` where it will never take it, `Refusal` where it does not now."""
        if not reach.get("mobile"):
            raise NotReachable("no mobile number is known")
        template = self._templates.get(notice.template)
        params = {**words.params, "link": link}
        if template is None:
            template, params = self._templates.get(GENERIC.name), {"link": link}
        if template is None:
            raise NotReachable("the gateway has no template for it")
        body = orjson.dumps(
            {
                "id": str(identifier),
                "key": self._key,
                "mobile": reach["mobile"],
                "template": template,
                "params": params,
            }
        )
        at = datetime.now(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": str(identifier),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._signer.sign(str(identifier), at, body.decode()),
        }
        try:
            answer = await self._client.post(self._url, content=body, headers=headers, timeout=TIMEOUT)
        except httpx.HTTPError as failure:
            raise Refusal(type(failure).__name__) from None
        if answer.status_code in _NEVER:
            raise NotReachable(f"the gateway refused it: {answer.status_code}")
        if not answer.is_success:
            raise Refusal(f"the gateway answered {answer.status_code}")
