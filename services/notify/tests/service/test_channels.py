"""The ways out: a mail server that speaks SMTP, a gateway that takes signed JSON; what they refuse is tried again."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import orjson
import pytest
from chassis.kit.at_work import at_work
from chassis.kit.counterpart import Reply, Request, counterpart
from chassis.kit.eventually import eventually
from chassis.kit.keys import TestIssuer
from chassis.kit.stage import Stage
from chassis.service import Service
from contracts.notify import NoticeSent
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from policy.kit import hire
from standardwebhooks.webhooks import Webhook

from .people import MAIL, MOBILE, Staff, clock, send, serious, told, ways_of

MANAGER = "general_manager@sh-pudong"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class MailServer:
    """Takes mail by SMTP; `answers` are said to RCPT, one after the other, then 250.

    With `tls` it offers STARTTLS, and takes nothing before. `heard` is all that came in clear text.
    """

    port: int = 0
    tls: ssl.SSLContext | None = None
    heard: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        receiver = ""
        say("220 mail.test ESMTP")
        with suppress(asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            while True:
                line = (await reader.readuntil(b"\r\n")).decode().strip()
                secret = writer.get_extra_info("ssl_object") is not None
                if not secret:
                    self.heard.append(line)
                match line.upper().split(" ")[0].split(":")[0]:
                    case "EHLO" | "HELO":
                        offered = "AUTH PLAIN" if secret else "STARTTLS" if self.tls else "8BITMIME"
                        say(f"250-mail.test\r\n250 {offered}")
                    case "STARTTLS" if self.tls:
                        say("220 go on")
                        await writer.start_tls(self.tls)
                    case "AUTH":
                        self.logins.append(b64decode(line.split(" ")[2]).decode())
                        say("235 welcome")
                    case "RCPT":
                        receiver = line.partition("<")[2].partition(">")[0]
                        say(self.answers.pop(0) if self.answers else "250 ok")
                    case "DATA":
                        say("354 go on")
                        body = await reader.readuntil(b"\r\n.\r\n")
                        parsed = message_from_bytes(body[:-5], policy=default)
                        assert isinstance(parsed, EmailMessage)
                        self.mails.append((receiver, parsed))
                        say("250 taken")
                    case "QUIT":
                        say("221 bye")
                        break
                    case _:
                        say("250 ok")
        writer.close()


@asynccontextmanager
async def mail_server(
    *answers: str, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[MailServer]:
    made = MailServer(answers=list(answers), tls=starttls)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@dataclass
class Outside:
    """A stage of the service with a mail server and an SMS gateway."""

    stage: Stage
    mail: MailServer
    seen: list[Request]


@pytest.fixture
def staff() -> Staff:
    return Staff()


@asynccontextmanager
async def outside(
    parts: tuple[Service, str, tuple[Path, Path], TestIssuer],
    staff: Staff,
    tmp_path: Path,
    *answers: str,
    gateway: Any = lambda request, n: Reply(200),
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
    **more: Any,
) -> AsyncIterator[Outside]:
    secret = tmp_path / "sms"
    secret.write_text(SECRET)
    seen: list[Request] = []

    def answer(request: Request) -> Reply | None:
        seen.append(request)
        reply: Reply | None = gateway(request, len(seen))
        return reply

    settings = {
        "smtp_host": "127.0.0.1", "smtp_security": "none", "mail_from": "Kehu <notices@kehu.example>",
        "sms_key": "kehu", "sms_secret_file": secret,
        "sms_templates": {"serious_complaint": "SMS_100", "generic": "SMS_1"}, **more,
    }  # fmt: skip
    async with mail_server(*answers, starttls=starttls, tls=tls) as mail, counterpart(answer) as address:
        settings |= {"smtp_port": mail.port, "sms_url": f"{address}/send"}
        async with told(*parts, staff, **settings) as stage:
            staff.reach("gm-1")
            await hire(stage, "gm-1", MANAGER)
            yield Outside(stage, mail, seen)


@pytest.fixture
def parts(
    service: Service, database: str, keys: tuple[Path, Path], issuer: TestIssuer
) -> tuple[Service, str, tuple[Path, Path], TestIssuer]:
    return service, database, keys, issuer


async def sent(stage: Stage, channel: str) -> bool:
    return (await ways_of(stage, "gm-1")).get(channel) == "sent"


@pytest.mark.rule("P05.15")
async def test_a_mail_carries_the_number_the_link_and_one_constant_id(parts: Any, staff: Staff, tmp_path: Path) -> None:
    async with outside(parts, staff, tmp_path, "451 later") as there, at_work(there.stage.runner()):
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))

        async def refused() -> bool:
            rows = await there.stage.rows("SELECT error FROM tries WHERE error LIKE 'the mail server%'")
            return [row[0] for row in rows] == ["the mail server answered 451"]

        await eventually(refused)
        clock(there.stage).later(minutes=1)
        await eventually(lambda: sent(there.stage, "mail"))
        ((receiver, mail),) = there.mail.mails
        ((identifier,),) = await there.stage.rows("SELECT id FROM dispatches WHERE channel = 'mail'")
    assert receiver == MAIL
    assert mail["Message-ID"] == f"<{identifier}@kehu.example>"
    assert mail["Subject"] == "重大投诉 20260302-0000001-3"
    text = mail.get_content()
    assert "门店 上海浦东4S店, 认定时间 2026-03-02 09:15" in text
    assert "https://kehu.example/inbox/" in text


async def test_an_address_that_the_mail_server_refuses_for_good_is_not_tried_again(
    parts: Any, staff: Staff, tmp_path: Path
) -> None:
    async with outside(parts, staff, tmp_path, "550 no such user") as there, at_work(there.stage.runner()):
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))

        async def failed() -> bool:
            return (await ways_of(there.stage, "gm-1")).get("mail") == "failed"

        await eventually(failed)
        rows = await there.stage.rows("SELECT error, attempts FROM dispatches WHERE channel = 'mail'")
    assert [tuple(row) for row in rows] == [("the mail server refused the address: 550", 1)]
    assert MAIL not in str(rows)


def certified(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS under a certificate for 127.0.0.1, and the file of who vouches for it: itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    begin = datetime.now(UTC) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    vouching, secret = directory / "mail.crt", directory / "mail.key"
    vouching.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(vouching, secret)
    return context, vouching


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_mail_and_login_go_under_tls_to_a_server_that_is_known(
    parts: Any, staff: Staff, tmp_path: Path, way: str
) -> None:
    context, vouching = certified(tmp_path)
    password = tmp_path / "password"
    password.write_text("sesame\n")
    more = {way: context, "smtp_ca_file": vouching, "smtp_user": "kehu", "smtp_password_file": password}
    async with outside(parts, staff, tmp_path, smtp_security=way, **more) as there, at_work(there.stage.runner()):
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))
        await eventually(lambda: sent(there.stage, "mail"))
        ((receiver, _),) = there.mail.mails
    assert receiver == MAIL
    assert there.mail.logins == ["\0kehu\0sesame"]
    in_clear = [line.upper().split(" ")[0] for line in there.mail.heard]
    assert in_clear == (["EHLO", "STARTTLS"] if way == "starttls" else [])


@pytest.mark.parametrize("way", ["starttls", "tls", "starttls not offered"])
async def test_nothing_is_told_to_a_mail_server_that_nobody_vouches_for_or_that_has_no_tls(
    parts: Any, staff: Staff, tmp_path: Path, way: str
) -> None:
    context, _ = certified(tmp_path)
    more = {} if way == "starttls not offered" else {way: context}
    security = "tls" if way == "tls" else "starttls"
    async with outside(parts, staff, tmp_path, smtp_security=security, **more) as there, at_work(there.stage.runner()):
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))

        async def refused() -> bool:
            return bool(
                await there.stage.rows(
                    "SELECT 1 FROM tries t JOIN dispatches d ON d.id = t.dispatch_id "
                    "WHERE d.channel = 'mail' AND t.error IS NOT NULL"
                )
            )

        await eventually(refused)
        rows = await there.stage.rows("SELECT error FROM tries")
    assert there.mail.mails == []
    assert MAIL not in str(there.mail.heard) + str(rows)


@pytest.mark.parametrize("address", ["no address", "a@b\r\nBcc: c@d.example", "@"])
async def test_an_address_that_is_none_writes_no_header(parts: Any, staff: Staff, tmp_path: Path, address: str) -> None:
    async with outside(parts, staff, tmp_path) as there, at_work(there.stage.runner()):
        staff.reach("gm-1", mail=address)
        await hire(there.stage, "gm-1", MANAGER)
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))

        async def failed() -> bool:
            return (await ways_of(there.stage, "gm-1")).get("mail") == "failed"

        await eventually(failed)
        assert there.mail.mails == []


@pytest.mark.rule("P12.4")
async def test_the_gateway_gets_template_and_parameters_signed(parts: Any, staff: Staff, tmp_path: Path) -> None:
    async with outside(parts, staff, tmp_path) as there, at_work(there.stage.runner()):
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))
        await eventually(lambda: sent(there.stage, "sms"))
        ((identifier,),) = await there.stage.rows("SELECT id FROM dispatches WHERE channel = 'sms'")
        (request,) = there.seen
    body = orjson.loads(request.body)
    Webhook(SECRET).verify(request.body.decode(), request.headers)
    assert (body["id"], request.headers["webhook-id"]) == (str(identifier), str(identifier))
    assert (body["key"], body["mobile"], body["template"]) == ("kehu", MOBILE, "SMS_100")
    assert body["params"] | {"link": ""} == {
        "number": "20260302-0000001-3", "branch": "上海浦东4S店", "at": "2026-03-02 09:15", "link": "",
    }  # fmt: skip


async def test_what_the_gateway_has_no_template_for_goes_out_as_the_generic_one(
    parts: Any, staff: Staff, tmp_path: Path
) -> None:
    async with outside(parts, staff, tmp_path) as there, at_work(there.stage.runner()):
        params = {"number": "L-1", "at": "2026-03-02T01:00:00Z"}
        await send(there.stage, serious(there.stage, MANAGER, template="leak_reported", params=params))
        await eventually(lambda: sent(there.stage, "sms"))
        body = orjson.loads(there.seen[0].body)
    assert body["template"] == "SMS_1"
    assert list(body["params"]) == ["link"]


@pytest.mark.parametrize("first", [Reply(503), Reply(429), None])
async def test_a_gateway_that_cannot_now_is_asked_again_under_the_same_id(
    parts: Any, staff: Staff, tmp_path: Path, first: Reply | None
) -> None:
    def gateway(request: Request, n: int) -> Reply | None:
        return first if n == 1 else Reply(200)

    async with outside(parts, staff, tmp_path, gateway=gateway) as there, at_work(there.stage.runner()):
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))

        async def tried() -> bool:
            return (await there.stage.rows("SELECT 1 FROM tries WHERE error IS NOT NULL")) != []

        await eventually(tried)
        clock(there.stage).later(minutes=1)
        await eventually(lambda: sent(there.stage, "sms"))
        ids = {orjson.loads(request.body)["id"] for request in there.seen}
    assert (len(there.seen), len(ids)) == (2, 1)


async def test_a_gateway_that_never_takes_it_gives_way_to_the_next_channel(
    parts: Any, staff: Staff, tmp_path: Path
) -> None:
    async with outside(parts, staff, tmp_path, gateway=lambda request, n: Reply(503)) as there:
        params = {"number": "L-1", "at": "2026-03-02T01:00:00Z"}
        async with at_work(there.stage.runner()):
            await send(there.stage, serious(there.stage, MANAGER, template="leak_reported", params=params))

            async def given_up() -> bool:
                waiting = "SELECT run_at FROM kehu.jobs WHERE kind = 'dispatch' AND state = 'waiting' AND lease IS NULL"
                later = [row["run_at"] for row in await there.stage.rows(waiting)]
                if later and min(later) > clock(there.stage)():  # none is under way, whose lease would end meanwhile
                    clock(there.stage).later(minutes=6)
                return await sent(there.stage, "mail")

            await eventually(given_up, every=0.3)
        assert await ways_of(there.stage, "gm-1") == {"inbox": "sent", "sms": "failed", "mail": "sent"}
        assert len(there.seen) == 4
        said = [event.message for event in await there.stage.outbox(NoticeSent)]
        assert [one.channel for one in said if isinstance(one, NoticeSent)] == ["inbox", "mail"]


async def test_in_production_there_is_no_sink(parts: Any, staff: Staff, tmp_path: Path) -> None:
    async with outside(parts, staff, tmp_path, environment="production") as there:
        async with there.stage.client(subject="gm-1") as boss:
            answer = await boss.get("/v1/sink")
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/only-in-development")


async def test_a_channel_that_is_not_set_up_in_production_says_so(parts: Any, staff: Staff) -> None:
    async with told(*parts, staff, environment="production") as stage, at_work(stage.runner()):
        staff.reach("gm-1")
        await hire(stage, "gm-1", MANAGER)
        await send(stage, serious(stage, MANAGER, urgent=True))

        async def said() -> bool:
            rows = await stage.rows("SELECT error FROM dispatches WHERE state = 'failed' ORDER BY error")
            return [row[0] for row in rows] == ["mail is not set up here", "sms is not set up here"]

        await eventually(said)
        assert await stage.rows("SELECT 1 FROM sink") == []


async def test_many_workers_send_a_message_once(parts: Any, staff: Staff, tmp_path: Path) -> None:
    async with outside(parts, staff, tmp_path) as there:
        for n in range(10):
            await send(there.stage, serious(there.stage, MANAGER, urgent=n % 2 == 0))
        async with at_work(there.stage.runner()), at_work(there.stage.runner()), at_work(there.stage.runner()):

            async def all_sent() -> bool:
                rows = await there.stage.rows("SELECT 1 FROM dispatches WHERE state = 'sent' AND channel <> 'inbox'")
                return len(rows) == 10

            await eventually(all_sent)
        assert (len(there.seen), len(there.mail.mails)) == (5, 5)


async def test_a_worker_that_dies_in_the_middle_sends_again_under_the_same_id(
    parts: Any, staff: Staff, tmp_path: Path
) -> None:
    async with outside(parts, staff, tmp_path) as there:
        await send(there.stage, serious(there.stage, MANAGER, urgent=True))
        await there.stage.rows(
            "UPDATE kehu.jobs SET lease = gen_random_uuid(), run_at = $1, attempt = 1 WHERE lane = 'sms'",
            there.stage.runtime.clock() + timedelta(seconds=60),
        )
        async with at_work(there.stage.runner()):
            await eventually(lambda: sent(there.stage, "mail"))
            assert not await sent(there.stage, "sms")
            clock(there.stage).later(seconds=61)
            await eventually(lambda: sent(there.stage, "sms"))
        assert len(there.seen) == 1
