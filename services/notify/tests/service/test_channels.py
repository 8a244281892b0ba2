"""The ways out: a mail server that speaks SMTP, a gateway that takes signed JSON; what they refuse is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
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
from policy.kit import hire
from standardwebhooks.webhooks import Webhook

from .people import MAIL, MOBILE, Staff, clock, send, serious, told, ways_of

MANAGER = "general_manager@sh-pudong"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class MailServer:
    """Takes mail by SMTP; `answers` are said to RCPT, one after the other, then 250."""

    port: int = 0
    answers: list[str] = field(default_factory=list)
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        receiver = ""
        say("220 mail.test ESMTP")
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                line = (await reader.readuntil(b"\r\n")).decode().strip()
                match line.upper().split(" ")[0].split(":")[0]:
                    case "EHLO" | "HELO":
                        say("250 mail.test")
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
async def mail_server(*answers: str) -> AsyncIterator[MailServer]:
    made = MailServer(answers=list(answers))
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
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
    async with mail_server(*answers) as mail, counterpart(answer) as address:
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
    assert "门店 sh-pudong, 认定时间 2026-03-02 09:15" in text
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
    assert (body["params"]["number"], body["params"]["branch"]) == ("20260302-0000001-3", "sh-pudong")


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
