"""The way out: connections to public addresses only, whatever a name resolves to (OWASP SSRF)."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore

_NAT64 = ip_network("64:ff9b::/96")


class NotPublic(Exception):
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


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Resolves a name, refuses it when any of its addresses is inside, and connects to what was checked."""

    def __init__(self, *, allow_loopback: bool) -> None:
        self._backend = httpcore.AnyIOBackend()
        self._allow_loopback = allow_loopback

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection; `NotPublic`, or what httpcore raises."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError("name not found") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not all(is_public(address, allow_loopback=self._allow_loopback) for address in addresses):
            raise NotPublic("the address is not a public one")
        return await self._backend.connect_tcp(addresses[0], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotPublic("a socket of this machine")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def open_pool(*, allow_loopback: bool) -> httpcore.AsyncConnectionPool:
    """Connections to subscribers, kept open between messages."""
    return httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(),
        max_connections=200,
        max_keepalive_connections=100,
        keepalive_expiry=30,
        network_backend=PublicOnly(allow_loopback=allow_loopback),
    )
