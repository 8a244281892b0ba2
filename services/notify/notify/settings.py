"""What the notify service is told besides what every service is."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from chassis.settings import Settings
from pydantic import Field


class NotifySettings(Settings):
    """`KEHU_WEBHOOK_*`, `KEHU_SMTP_*`, `KEHU_SMS_*`; without a mail server or a gateway development uses a sink."""

    worker_slots: int = Field(192, description="as elsewhere: most wait for a subscriber, and their ends share commits")
    webhook_allow_loopback: bool = Field(False, description="development and tests: subscribers on this machine")
    webhook_timeout_seconds: float = Field(15.0, description="how long a subscriber may take to answer")

    public_url: str = Field("", description="where people open the console: what links begin with")

    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    smtp_ca_file: Path | None = Field(None, description="a certificate authority of one's own")
    mail_from: str = "Kehu <no-reply@kehu.invalid>"

    sms_url: str | None = None
    sms_key: str = ""
    sms_secret_file: Path | None = Field(None, description="`whsec_…`: what messages to the gateway are signed with")
    sms_templates: dict[str, str] = Field({}, description="the gateway's own id of each template; `generic` for others")

    inbox_streams: int = Field(1000, description="how many live inboxes a process holds open")
    inbox_stream_seconds: float = Field(300.0, description="after how long a live inbox connects again")
