"""Only public addresses are reached; signatures are those of Standard Webhooks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from notify.deliveries.deliver import headers_of, retry_after
from notify.deliveries.outside import NotPublic, is_public, open_session

INSIDE = [
    "127.0.0.1", "127.9.9.9", "::1", "10.0.0.1", "172.16.5.5", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1", "198.18.0.1", "fe80::1%eth0",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_an_address_of_the_open_internet_is_reached(address: str) -> None:
    assert is_public(address)


def test_loopback_is_allowed_alone_where_it_is_allowed() -> None:
    assert is_public("127.0.0.1", allow_loopback=True)
    assert not is_public("10.0.0.1", allow_loopback=True)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"])
async def test_neither_a_name_nor_an_address_that_leads_inside_is_connected_to(host: str) -> None:
    async with open_session(allow_loopback=False) as session:
        with pytest.raises(aiohttp.ClientConnectorError) as refused:
            await session.post(f"http://{host}:9/")
    assert isinstance(refused.value.os_error, NotPublic)


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f000001", "0177.0.0.1"])
async def test_an_address_written_oddly_is_not_connected_to(host: str) -> None:
    async with open_session(allow_loopback=False) as session:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await session.post(f"http://{host}:9/")


def test_the_signature_is_that_of_the_standards_vector() -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = headers_of("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', [secret])
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize(
    ("value", "pause"),
    [("120", 120), ("0", 1), ("999999", 3600), ("Tue, 24 Nov 2026 08:01:00 GMT", 60), ("", None), ("soon", None)],
)
def test_the_pause_that_is_asked_for_is_kept_within_an_hour(value: str, pause: int | None) -> None:
    now = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    assert retry_after(value, now) == (None if pause is None else timedelta(seconds=pause))
