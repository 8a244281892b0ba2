"""Sends mail by SMTP (RFC 5321), one constant Message-ID a message."""

from __future__ import annotations

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import aiosmtplib

from notify.channels.refusals import NotReachable, Refusal
from notify.notice import Notice
from notify.settings import NotifySettings
from notify.templates.words import Words

TIMEOUT = 20.0


class Smtp:
    """One mail server; a connection a message, by the jobs' lane a few at a time."""

    def __init__(self, settings: NotifySettings) -> None:
        assert settings.smtp_host is not None
        self._settings = settings
        secret = settings.smtp_password_file
        self._password = secret.read_text().strip() if secret else None

    async def send(self, identifier: UUID, notice: Notice, reach: dict[str, Any], words: Words, link: str) -> None:
        """Hand it to the server; `NotReachable` where it will never take it, `Refusal` where it does not now."""
        if not reach.get("mail"):
            raise NotReachable("no mail address is known")
        settings = self._settings
        try:
            message = message_of(identifier, settings.mail_from, reach["mail"], words, link)
        except (ValueError, MessageError):
            # without its cause, which repeats the address
            raise NotReachable("the mail address cannot be written to") from None
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=self._password,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                validate_certs=True,
                cert_bundle=str(settings.smtp_ca_file) if settings.smtp_ca_file else None,
                timeout=TIMEOUT,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [one.code for one in refused.recipients]
            if all(code >= 500 for code in codes):
                raise NotReachable(f"the mail server refused the address: {codes[0]}") from None
            raise Refusal(f"the mail server answered {codes[0]}") from None
        except aiosmtplib.SMTPResponseException as refused:
            raise Refusal(f"the mail server answered {refused.code}") from None
        except (aiosmtplib.SMTPException, TimeoutError) as failure:
            raise Refusal(type(failure).__name__) from None


def message_of(identifier: UUID, sender: str, receiver: str, words: Words, link: str) -> EmailMessage:
    """The mail: title, text, link; ValueError or MessageError for an address that is none."""
    domain = sender.rpartition("@")[2].rstrip(">")
    message = EmailMessage()
    message["From"] = sender
    message["To"] = str(Address(addr_spec=receiver))
    message["Subject"] = words.title
    message["Message-ID"] = f"<{identifier}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{words.text}\n\n{link}\n")
    return message
