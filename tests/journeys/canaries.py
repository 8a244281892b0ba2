"""Personal data that can be recognised anywhere: planted at every entrance, then looked for where it must not be."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from contracts.topics import TOPICS
from dev.postgres import bin_dir

from tests.faults.records import read_all
from tests.faults.system import System

NAME = "欧阳金丝雀"
OTHER_NAME = "司徒云雀"
#: of ranges that nobody has
PHONE = "14207779182"
OTHER_PHONE = "14207779273"
FREE_PHONE = "14207779364"
PLATE = "沪A7K9Q2"
VIN = "LSVAA4182E2987654"
ADDRESS = "金丝雀弄八百一十七号"
MAIL = "jinsique.817@example.com"
ID_NUMBER = "11010519491231002X"
WORDS = "金丝雀说他的邻居也知道这件事"

#: what is looked for; a phone is looked for without its spaces, as it is kept when it is kept
CANARIES = (
    NAME,
    OTHER_NAME,
    PHONE,
    OTHER_PHONE,
    FREE_PHONE,
    PLATE,
    "A7K9Q2",
    VIN,
    ADDRESS,
    MAIL,
    ID_NUMBER,
    WORDS,
    "金丝雀",
)


@dataclass(frozen=True)
class Leak:
    """A canary that was seen where it must not be."""

    where: str
    what: str


async def leaks(system: System, answers: list[tuple[str, str]]) -> list[Leak]:
    """Every canary in topics, logs, traces, kept files, database dumps, and in the answers that refused something."""
    places: list[tuple[str, bytes]] = [(f"answer to {where}", text.encode()) for where, text in answers]
    for record in await read_all(system.ground.bootstrap, system.prefix, list(TOPICS)):
        headers = b" ".join(value or b"" for _, value in record.headers)
        places.append((f"topic {record.topic}", record.key + (record.value or b"") + headers))
    places += [(f"file {path.name}", path.read_bytes()) for path in _files(system.ground.directory)]
    for service, dsn in system.databases.items():
        places.append((f"database {service}", await asyncio.to_thread(dump, dsn)))
    return [Leak(where, canary) for where, content in places for canary in CANARIES if seen(canary, content)]


def seen(canary: str, content: bytes) -> bool:
    """Whether the canary is there: as text, escaped, as in an address, in hex or in base64."""
    plain = canary.encode()
    inner = base64.b64encode(plain)[:-4]
    escaped = canary.encode("unicode_escape")
    return any(
        form in content
        for form in {plain, plain.hex().encode(), escaped, quote(canary).encode()}
        | ({inner} if len(inner) > 8 else set())
    )


def dump(dsn: str) -> bytes:
    """Everything a database holds, as text; bytes in hex."""
    command = [str(bin_dir() / "pg_dump"), "--data-only", "--inserts", dsn]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _files(directory: Path) -> list[Path]:
    found = [*directory.glob("logs/**/*"), *directory.glob("traces/**/*"), *directory.glob("blobs/**/*")]
    return [path for path in found if path.is_file()]
