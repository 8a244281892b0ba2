"""Makes a new service that runs and passes the checks: one room, one route, one table, its tests."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from dev.children import ROOT
from dev.system import say, services

FILES = {
    "README.md": """# {name}

What this service owns, in one sentence.

- States: `opened`
- Publishes and takes: see `docs/services.md`
- Run it alone: `python -m {name} all`; its tests: `make test s={name}`
""",
    "pyproject.toml": """[project]
name = "kehu-{name}"
version = "0.1.0"
description = "{title}"
requires-python = ">=3.11"
dependencies = [
  "kehu-chassis",
  "kehu-contracts",
  "kehu-policy",
]

[build-system]
requires = ["uv-build>=0.13,<0.14"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "{name}"
module-root = ""
""",
    "{name}/py.typed": "",
    "{name}/__init__.py": '"""{title}."""\n',
    "{name}/__main__.py": '''"""`python -m {name} all|api|worker|relay|migrate|…`."""

from chassis.start import start

start("{name}.app")
''',
    "{name}/app.py": '''"""The contents page of the {name} service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service

from {name} import tables
from {name}.notes.read_note import read_note
from {name}.notes.write_note import write_note

service = Service(
    name="{name}",
    title="{title}",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    routes=[write_note, read_note],  # notes
)
''',
    "{name}/tables.py": '''"""The {name} service's rows."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP

metadata = sa.MetaData()

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("branch", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("written_at", TIMESTAMP(timezone=True), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
)
''',
    "{name}/permissions.py": '''"""Who may read and write here."""

from __future__ import annotations

from contracts.roles import Role
from policy.access import Permission, Reach

WRITE_NOTE = Permission("{name}.write", {{Role.CUSTOMER_SERVICE: Reach.BRANCH}})
READ_NOTE = Permission("{name}.read", {{Role.CUSTOMER_SERVICE: Reach.BRANCH, Role.GENERAL_MANAGER: Reach.BRANCH}})
''',
    "{name}/notes/__init__.py": '"""Notes: the example room; replace it with what the service owns."""\n',
    "{name}/notes/model.py": '''"""A note of a branch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.store import Store

from {name} import tables


@dataclass
class Note:
    """What somebody wrote down, and when."""

    id: UUID
    branch: str
    subject: str
    written_at: datetime
    version: int = 1
    sequence: int = 0


NOTES = Store(tables.notes, Note)
''',
    "{name}/notes/write_note.py": '''"""Writes a note."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from chassis.auth import Principal
from chassis.fields import no_nul
from chassis.http import post
from chassis.ids import uuid7
from chassis.problems import Forbidden
from chassis.tx import Tx
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from {name}.notes.model import Note
from {name}.permissions import WRITE_NOTE

RULES: tuple[str, ...] = ()

Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(no_nul)]


class NewNote(BaseModel):
    """What is to be noted, and at which branch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    branch: Line
    subject: Line


class Written(BaseModel):
    """The note's id."""

    id: UUID


@post("/v1/notes", needs=WRITE_NOTE, status=201)
async def write_note(new: NewNote, principal: Principal, tx: Tx) -> Written:
    """Write a note for a branch within your reach."""
    if not WRITE_NOTE.reach(principal).includes(new.branch):
        raise Forbidden("You may not write for this branch. Ask for the role there.")
    note = Note(id=uuid7(), branch=new.branch, subject=new.subject, written_at=tx.now)
    tx.add(note)
    return Written(id=note.id)
''',
    "{name}/notes/read_note.py": '''"""Reads a note."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from chassis.auth import Principal
from chassis.http import get
from chassis.problems import NotFound
from chassis.tx import Tx
from pydantic import BaseModel

from {name}.notes.model import NOTES
from {name}.permissions import READ_NOTE

RULES: tuple[str, ...] = ()


class NoteView(BaseModel):
    """A note as it is shown."""

    id: UUID
    branch: str
    subject: str
    written_at: datetime
    version: int


@get("/v1/notes/{{note_id}}", needs=READ_NOTE)
async def read_note(note_id: UUID, principal: Principal, tx: Tx) -> NoteView:
    """Read a note; 404 when there is none within your reach."""
    note = await tx.get(NOTES, note_id, lock=False)
    if not READ_NOTE.reach(principal).includes(note.branch):
        raise NotFound("There is no such note, or none at a branch that you may see. Check the id.")
    return NoteView(
        id=note.id, branch=note.branch, subject=note.subject, written_at=note.written_at, version=note.version
    )
''',
    "migrations/versions/0001_notes.py": '''"""Notes."""

from chassis.migrate import run_sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE notes (
    id uuid PRIMARY KEY,
    branch text NOT NULL,
    subject text NOT NULL,
    written_at timestamptz NOT NULL,
    version integer NOT NULL,
    sequence bigint NOT NULL
);
"""


def upgrade() -> None:
    run_sql(STATEMENTS)
''',
    "tests/conftest.py": '''"""The {name} service under test."""

from __future__ import annotations

import pytest
from chassis.service import Service
from {name}.app import service as the_service


@pytest.fixture(scope="session")
def service() -> Service:
    return the_service
''',
    "tests/service/test_notes.py": '''"""Notes are written and read within reach."""

from __future__ import annotations

from chassis.kit.stage import Stage


async def test_a_note_is_read_by_its_branch_and_by_no_other(stage: Stage) -> None:
    async with stage.client("customer_service@sh-pudong") as writer:
        written = await writer.post("/v1/notes", json={{"branch": "sh-pudong", "subject": "a first note"}})
        assert written.status_code == 201, written.text
        path = f"/v1/notes/{{written.json()['id']}}"
        assert (await writer.get(path)).json()["subject"] == "a first note"
    async with stage.client("customer_service@bj-chaoyang") as stranger:
        assert (await stranger.get(path)).status_code == 404


async def test_the_migrations_make_the_tables_of_the_code(stage: Stage) -> None:
    assert await stage.differences() == []
''',
}


def write(root: Path, name: str) -> list[Path]:
    """Write the files of a new service under `root`; their paths."""
    written = []
    for place, content in FILES.items():
        path = root / "services" / name / place.format(name=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content.format(name=name, title=name.capitalize()))
        written.append(path)
    return written


def main(arguments: list[str]) -> int:
    """`python -m dev.new_service NAME`; exit 2 when the name will not do."""
    name = arguments[0] if arguments else ""
    if not re.fullmatch(r"[a-z][a-z]{1,30}", name) or name in ("contracts", "chassis", "policy", "tests", "dev"):
        say("Name the service by one word in small letters: make service n=visit")
        return 2
    if name in services():
        say(f"There is a service {name} already.")
        return 2
    for path in write(ROOT, name):
        say(f"  {path.relative_to(ROOT)}")
    say(f"Then: make docs, make test s={name}. Read docs/how-to/add-a-service.md for what comes next.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
