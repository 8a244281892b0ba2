"""The way out: connections to public addresses only, whatever a name resolves to (OWASP SSRF)."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

_NAT64 = ip_network("64:ff9b::/96")


class NotPublic(OSError):
    """The name leads to an address inside: nothing is sent there."""


def is_public(text: str, *, allow_loopback: bool = False) -> bool:
    """Whether the address is one of the open internet; an address that carries another is judged by that one."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
    if address.is_loopback:
        return allow_loopback
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


class PublicOnly(AbstractResolver):
    """Resolves a name, and refuses it when any of its addresses is inside."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._resolver = aiohttp.ThreadedResolver()
        self._allow_loopback = allow_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of the name; `NotPublic`, or OSError when it has none."""
        found = await self._resolver.resolve(host, port, family)
        for result in found:
            self.check(result["host"])
        return found

    def check(self, address: str) -> None:
        """Raise `NotPublic` for an address inside."""
        if not is_public(address, allow_loopback=self._allow_loopback):
            raise NotPublic("the address is not a public one")

    def socket_to(self, address: tuple[Any, ...]) -> socket.socket:
        """The socket of a connection, checked once more: an address that stands in the URL is not resolved."""
        family, kind, protocol, _, place = address
        self.check(place[0])
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        await self._resolver.close()


def open_session(*, allow_loopback: bool) -> aiohttp.ClientSession:
    """Connections to subscribers, kept open between messages; each new one resolves its name anew."""
    guard = PublicOnly(allow_loopback=allow_loopback)
    connector = aiohttp.TCPConnector(
        resolver=guard,
        socket_factory=guard.socket_to,
        use_dns_cache=False,
        limit=0,  # the lanes of the jobs are the limit
        keepalive_timeout=30,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,
        trust_env=False,
    )
