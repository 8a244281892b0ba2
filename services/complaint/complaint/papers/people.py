"""Writes the names of staff beside their accounts on a paper: asked of staff when it is printed, kept nowhere (P05.9).

Names of staff are personal data of the staff service, which records that they were read. A paper is never held up by
them: where staff does not answer, or does not know somebody, the account stands alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import httpx
import structlog
from chassis.peers import PeerAway
from chassis.runtime import Runtime
from contracts.roles import Scope

log = structlog.get_logger()

RULES = ("P05.9",)

#: as many as staff answers for at once
AT_ONCE = 100
# private use: around an account, from when a form is filled in until it is printed
_BEGIN, _END = "\ue000", "\ue001"
_PERSON = re.compile(f"{_BEGIN}([^{_BEGIN}{_END}]*){_END}")
_MARKS = str.maketrans("", "", _BEGIN + _END)


def person(account: str | None) -> str | None:
    """An account as a form names somebody: `with_names` writes the name before it."""
    return f"{_BEGIN}{account}{_END}" if account else account


def people(accounts: Iterable[str]) -> str:
    """Several, in one line."""
    return "、".join(f"{_BEGIN}{account}{_END}" for account in accounts)


def unmarked(said: Any) -> Any:
    """What somebody wrote (mappings, lists, texts), without what would pass for a `person` on a form."""
    return _each(said, lambda text: text.translate(_MARKS))


async def with_names(runtime: Runtime, data: Any) -> Any:
    """What a form is filled with (mappings, lists, texts), each `person` as 姓名（账号）. Never in a transaction."""
    names = await _names_of(runtime, sorted(set(_accounts(data))))
    return _each(data, lambda text: _PERSON.sub(lambda found: _called(found[1], names), text))


async def _names_of(runtime: Runtime, accounts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        for begun in range(0, len(accounts), AT_ONCE):
            asked = {"subjects": accounts[begun : begun + AT_ONCE]}
            said = await runtime.peers.post("staff", "/v1/people/resolve", asked, scope=Scope.STAFF_RESOLVE)
            found |= {one["subject"]: one["name"] for one in said["people"]}
    except (PeerAway, httpx.HTTPStatusError) as error:
        log.warning("a paper is printed without the names of people", because=type(error).__name__)
    return found


def _accounts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield from _PERSON.findall(data)
    elif isinstance(data, Mapping):
        for part in data.values():
            yield from _accounts(part)
    elif isinstance(data, list | tuple):
        for part in data:
            yield from _accounts(part)


def _each(data: Any, change: Callable[[str], str]) -> Any:
    if isinstance(data, str):
        return change(data)
    if isinstance(data, Mapping):
        return {key: _each(part, change) for key, part in data.items()}
    if isinstance(data, list | tuple):
        return [_each(part, change) for part in data]
    return data


def _called(account: str, names: Mapping[str, str]) -> str:
    return f"{names[account]}（{account}）" if account in names else account
