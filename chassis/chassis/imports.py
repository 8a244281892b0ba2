"""Tables that people hand in: each row is taken or refused alone by a job; a second time changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa
import structlog
from contracts.enums import Worded
from contracts.roles import Role
from fastapi import Query, Response
from pydantic import BaseModel, Field, ValidationError

from chassis import failpoints, problems, tables
from chassis.auth import Delegated, Grant, Principal
from chassis.dry_run import together, tried, undone
from chassis.failures import passes_by_itself
from chassis.http import (
    Answer,
    Cursor,
    Language,
    Limit,
    Need,
    Page,
    Route,
    Upload,
    cursor_of,
    cursor_values,
    get,
    post,
)
from chassis.ids import uuid7
from chassis.jobs import Job, Work
from chassis.problems import Busy, NotFound, Problem
from chassis.runtime import Runtime
from chassis.sheets import read_rows, write_csv
from chassis.tx import Tx
from chassis.wrong import in_chinese

log = structlog.get_logger()

LARGEST = 10 * 1024 * 1024
#: rows after which the progress is told
STEP = 50
#: how many rows a dry run takes in one transaction: who needs what they lock waits that long
TOGETHER = 100
_ENGLISH = ("row", "outcome", "ref", "rules", "detail")
_CHINESE = ("行", "结果", "编号", "制度条款", "说明")
_RETRY = tuple(timedelta(seconds=s) for s in (5, 60, 600, 3600))
_MADE = "SELECT row FROM kehu.import_rows WHERE import_id = $1 AND outcome = 'made'"
_FORETELL = """UPDATE kehu.import_rows r SET foretold = u.foretold::jsonb
    FROM unnest($2::int[], $3::text[]) AS u(row, foretold) WHERE r.import_id = $1 AND r.row = u.row"""
_TRIED = """INSERT INTO kehu.import_rows (import_id, row, outcome, problem)
    SELECT $1, row, outcome, problem::jsonb FROM unnest($2::int[], $3::text[], $4::text[]) u(row, outcome, problem)
    ON CONFLICT DO NOTHING"""
_TAKEN = "INSERT INTO kehu.import_rows (import_id, row, outcome, ref, problem) VALUES ($1, $2, $3, $4, $5::jsonb) "
# not `Tx.destroy_keys`: the kept answer to the hand-in holds none of the rows, and is given again
_VIEW = """SELECT i.id, i.dry_run, i.rows, i.asked_by, i.asked_at, i.ended_at,
        CASE WHEN i.ended_at IS NOT NULL THEN 'done' WHEN j.state = 'failed' THEN 'failed' ELSE 'waiting' END AS state,
        (SELECT coalesce(jsonb_object_agg(c.outcome, c.many), '{}') FROM (SELECT r.outcome, count(*) AS many
            FROM kehu.import_rows r WHERE r.import_id = i.id GROUP BY r.outcome) c) AS outcomes
    FROM kehu.imports i LEFT JOIN kehu.jobs j ON j.id = i.id WHERE i.kind = $1 AND i.asked_by = $2"""
_VIEWS = f"{_VIEW} AND ($3::uuid IS NULL OR i.id < $3) ORDER BY i.id DESC LIMIT $4"
_FORGET_KEY = "UPDATE kehu.subject_keys SET wrapped = NULL, destroyed_at = $2 WHERE subject_id = $1"

R = TypeVar("R", bound=BaseModel)
#: its number, and what its cells say
_Row = tuple[int, Mapping[str, str]]


class Outcome(Worded):
    """What became of a row; `zh` says it in Chinese."""

    MADE = "made", "新增"
    CHANGED = "changed", "更改"
    UNCHANGED = "unchanged", "已有，不变"
    #: the rules refuse it: correct the row
    REFUSED = "refused", "被拒"
    #: nobody foresaw it: tell the operators
    FAILED = "failed", "出错"


@dataclass(frozen=True)
class Taken:
    """A row that was taken, and the id of what it is now."""

    outcome: Literal[Outcome.MADE, Outcome.CHANGED, Outcome.UNCHANGED]
    ref: str | None = None


class ImportView(BaseModel):
    """A table on its way in. `done` of `rows` are decided; `outcomes` counts them."""

    id: UUID
    path: str
    state: Literal["waiting", "done", "failed"]
    dry_run: bool
    rows: int
    done: int
    outcomes: dict[str, int]
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None


class Foretold(BaseModel):
    """What would follow from a row once the table was taken, why, and about what (an id), by codes of the service.

    `zh` says what and why in Chinese.
    """

    what: str
    because: str
    about: str | None
    zh: str
    rules: list[str]


class RowView(BaseModel):
    """What became of one row; `row` as a spreadsheet counts it, `type` of the problem where it was refused.

    `foretold` in a dry run, where more would follow from the row than its outcome.
    """

    row: int
    outcome: Outcome
    ref: str | None
    type: str | None
    detail: str | None
    zh: Annotated[str | None, Field(description="in Chinese, what the type of the problem means")]
    rules: list[str]
    errors: list[dict[str, str]]
    foretold: Foretold | None


@dataclass
class _Sealed:
    """The row of an import that holds its content."""

    id: UUID
    subject_id: UUID
    sealed: bytes


@dataclass(frozen=True, eq=False)
class Import(Generic[R]):
    """A kind of table: `take` decides one row of the form, in a transaction of its own, as who handed it in.

    It brings `routes` (at `path`) and a `job` into the service. A row that `take` refuses by raising a `Problem` is
    noted as refused and the next one is taken. The effect of a row and the note on it are one transaction: a job that
    is killed goes on where it was, and no row is taken twice. What the rows say is sealed until they are taken.

    In a dry run rows that have something in common (an account, a number), which `touches` names, see each other: they
    are taken in one transaction, in their order, and undone. Of more than `TOGETHER` such rows the next ones begin
    anew, so that nobody waits longer for what they lock. Without `touches` no row sees what another would have made.

    `then` is a job for what the rows say only together: it runs after the last one, with the import's id, also where
    the import had to be given up; never after a dry run. There `foresee` tells what it would come to, from all rows
    that would be made, by their numbers; it leaves nothing behind.
    """

    name: str
    path: str
    form: type[R]
    take: Callable[[R, Principal, Tx], Awaitable[Taken]]
    needs: Need
    then: Job | None = None
    foresee: Callable[[Mapping[int, R], Principal, Work], Awaitable[Mapping[int, Foretold]]] | None = None
    touches: Callable[[R, Principal, Tx], Awaitable[Iterable[Hashable]]] | None = None

    @property
    def job(self) -> Job:
        """The work: named after the import."""
        return Job(f"import_{self.name}", self._work, _RETRY, keep=True, finish=None, shared=False)

    @property
    def routes(self) -> Sequence[Route]:
        """Handing in, finding again, looking at, and the result of each row, also as CSV."""
        return [self._hand_in(), self._find(), self._look(), self._results(), self._results_as_csv()]

    # -- the ways in -----------------------------------------------------------------------------

    def _hand_in(self) -> Route:
        async def hand_in(
            content: Upload,
            principal: Principal,
            tx: Tx,
            dry_run: Annotated[bool, Query(description="only say what would become of each row")] = False,
        ) -> Answer[ImportView]:
            view = await self.begin(content, principal, tx, dry_run=dry_run)
            return Answer(view, headers={"Location": view.path})

        titles = ", ".join(f"{info.title or name} ({name})" for name, info in self.form.model_fields.items())
        hand_in.__doc__ = f"Hand in {self.name} as CSV (UTF-8, GB18030) or XLSX with the headings {titles}."
        hand_in.__name__ = f"import_{self.name}"
        return post(self.path, needs=self.needs, status=202, body_limit=LARGEST)(hand_in)

    def _find(self) -> Route:
        async def find(principal: Principal, tx: Tx, limit: Limit = 50, cursor: Cursor = None) -> Page[ImportView]:
            """What you have handed in, newest first, tried or taken; what others have is theirs."""
            before = cursor_values(cursor, UUID)[0] if cursor is not None else None
            rows = await tx.driver.fetch(_VIEWS, self.name, principal.subject, before, limit + 1)
            found = [self._viewed(row) for row in rows[:limit]]
            return Page(items=found, next=cursor_of(found[-1].id) if len(rows) > limit else None)

        find.__name__ = f"list_imports_of_{self.name}"
        return get(self.path, needs=self.needs)(find)

    def _look(self) -> Route:
        async def look(import_id: UUID, principal: Principal, tx: Tx) -> ImportView:
            """How far the import has come."""
            return await self.view(tx, import_id, principal)

        look.__name__ = f"read_import_of_{self.name}"
        return get(self.path + "/{import_id}", needs=self.needs)(look)

    def _results(self) -> Route:
        async def results(
            import_id: UUID,
            principal: Principal,
            tx: Tx,
            outcome: Annotated[Outcome | None, Query(description="of one outcome only")] = None,
            limit: Limit = 50,
            cursor: Cursor = None,
        ) -> Page[RowView]:
            """What became of each row, in their order."""
            await self.view(tx, import_id, principal)
            after = cursor_values(cursor, int)[0] if cursor is not None else 0
            found = await _rows(tx, import_id, outcome, after, limit + 1)
            following = cursor_of(found[limit - 1].row) if len(found) > limit else None
            return Page(items=found[:limit], next=following)

        results.__name__ = f"list_imported_{self.name}"
        return get(self.path + "/{import_id}/rows", needs=self.needs)(results)

    def _results_as_csv(self) -> Route:
        async def results_as_csv(
            import_id: UUID,
            principal: Principal,
            tx: Tx,
            outcome: Annotated[Outcome | None, Query(description="of one outcome only")] = None,
            language: Language = "en",
        ) -> Response:
            """What became of each row, as a CSV file; in Chinese where Accept-Language prefers it."""
            await self.view(tx, import_id, principal)
            chinese = language == "zh"
            lines = [
                (
                    one.row,
                    one.outcome.zh if chinese else one.outcome.value,
                    one.ref or "",
                    " ".join(_rules(one)),
                    self._said_in_chinese(one) if chinese else _said(one),
                )
                for one in await _rows(tx, import_id, outcome, 0, None)
            ]
            content = write_csv(_CHINESE if chinese else _ENGLISH, lines)
            told = {"Content-Language": language, "Vary": "Accept-Language"}
            return Response(content, media_type="text/csv; charset=utf-8", headers=told)

        results_as_csv.__name__ = f"list_imported_{self.name}_as_csv"
        return get(self.path + "/{import_id}/rows.csv", needs=self.needs)(results_as_csv)

    def _said_in_chinese(self, row: RowView) -> str:
        """Why not, or what would follow, in one cell, with the fields as the table calls them."""
        if row.foretold is not None:
            return " ".join(filter(None, (row.foretold.zh, row.foretold.about)))
        titles = {name: info.title or name for name, info in self.form.model_fields.items()}
        places = []
        for error in row.errors:
            # what the row becomes may have the field deeper, or a part of it: /caller/phone, /fault_codes/3
            parts = error["pointer"].split("/")
            name = next((titles[part] for part in reversed(parts) if part in titles), "/".join(parts[1:]))
            places.append(f"{name}：{in_chinese(error)}" if name else in_chinese(error))
        return "；".join(places) or row.zh or row.detail or ""

    async def begin(self, content: bytes, principal: Principal, tx: Tx, *, dry_run: bool) -> ImportView:
        """Keep the table, sealed, and have its rows taken after this transaction; `NotATable` when it is none."""
        rows = await asyncio.to_thread(read_rows, bytes(content), self.form)
        identifier, subject = uuid7(), tx.new_subject()
        sealed = await tx.seal(tables.imports, identifier, subject, {"rows": [[row.number, row.cells] for row in rows]})
        tx.insert(
            tables.imports,
            id=identifier,
            kind=self.name,
            dry_run=dry_run,
            asked_by=principal.subject,
            granted=_granted(principal),
            asked_at=tx.now,
            digest=hashlib.sha256(content).digest(),
            rows=len(rows),
            subject_id=subject,
            sealed=sealed,
        )
        tx.later(self.job, identifier, identifier=identifier, lane=self.job.name)
        return ImportView(
            id=identifier, path=f"{self.path}/{identifier}", state="waiting", dry_run=dry_run, rows=len(rows), done=0,
            outcomes={}, asked_by=principal.subject, asked_at=tx.now, ended_at=None,
        )  # fmt: skip

    async def view(self, tx: Tx, identifier: UUID, principal: Principal) -> ImportView:
        """The import, if the principal has handed it in; to everyone else it does not exist."""
        found = await tx.driver.fetchrow(f"{_VIEW} AND i.id = $3", self.name, principal.subject, identifier)
        if found is None:
            raise NotFound("There is no such import, or somebody else has handed it in. Check the id.")
        return self._viewed(found)

    def _viewed(self, row: Mapping[str, Any]) -> ImportView:
        done = sum(row["outcomes"].values())
        return ImportView(**dict(row), path=f"{self.path}/{row['id']}", done=done)

    # -- the work --------------------------------------------------------------------------------

    async def _work(self, ref: str, work: Work) -> None:
        try:
            await self._take_all(UUID(ref), work)
        except Exception:
            if work.last_attempt:
                await self._end(work.runtime, UUID(ref), ended=False)
            raise

    async def _take_all(self, identifier: UUID, work: Work) -> None:
        runtime = work.runtime
        async with runtime.transaction() as tx:
            found = await tx.driver.fetchrow("SELECT * FROM kehu.imports WHERE id = $1", identifier)
            if found is None or found["sealed"] is None:
                return
            done = {
                row[0]
                for row in await tx.driver.fetch("SELECT row FROM kehu.import_rows WHERE import_id = $1", identifier)
            }
            content = _Sealed(identifier, found["subject_id"], found["sealed"])
            rows = (await tx.unseal_row(tables.imports, content, why="importing"))["rows"]
        by = _principal(found["asked_by"], found["granted"])
        left = [(number, cells) for number, cells in rows if number not in done]
        if found["dry_run"]:
            await self._try_all(identifier, left, by, work, len(rows))
            await self._foretell(identifier, rows, by, work)
        else:
            for n, (number, cells) in enumerate(left, len(done) + 1):
                await self._take(runtime, identifier, number, cells, by)
                await failpoints.reach("imports.taken")
                if n % STEP == 0:
                    await work.report(done=n, rows=len(rows))
        work.progress |= {"done": len(rows), "rows": len(rows)}
        await self._end(runtime, identifier, ended=True)

    async def _take(
        self, runtime: Runtime, identifier: UUID, number: int, cells: Mapping[str, str], by: Principal
    ) -> None:
        """Decide one row: its effect and the note on it together, or the note on why not."""
        try:
            await self._take_for_good(runtime, identifier, number, self.form.model_validate(cells), by)
        except Exception as error:
            why = _why_not(error)
            async with runtime.transaction(actor=by.subject) as tx:
                await tx.driver.execute(_TRIED, identifier, [number], [_outcome_of(why)], [_noted_problem(why)])

    async def _take_for_good(self, runtime: Runtime, identifier: UUID, number: int, row: R, by: Principal) -> None:
        async with runtime.transaction(actor=by.subject) as tx:
            # whoever works the same row meanwhile waits here, and finds it taken
            if not await _noted(tx, identifier, number):
                return
            taken = await self.take(row, by, tx)
            await tx.driver.execute(
                "UPDATE kehu.import_rows SET outcome = $3, ref = $4 WHERE import_id = $1 AND row = $2",
                identifier,
                number,
                taken.outcome.value,
                taken.ref,
            )

    async def _try_all(self, identifier: UUID, rows: Sequence[_Row], by: Principal, work: Work, of: int) -> None:
        """Say of each row what would become of it, one portion after another."""
        told = done = of - len(rows)
        for portion in await self._portions(rows, by, work):
            await self._try(work.runtime, identifier, portion, by)
            await failpoints.reach("imports.taken")
            done += len(portion)
            if done - told >= STEP:
                told = done
                await work.report(done=done, rows=of)

    async def _try(self, runtime: Runtime, identifier: UUID, rows: Sequence[_Row], by: Principal) -> None:
        """Take rows one after the other, undo them all, and note what became of each."""
        outcomes, refusals = [], []
        # never committed: what the rows would have made does not exist
        async with runtime.engine.connect() as connection:
            for _, cells in rows:
                why: Problem | None = None
                try:
                    row = self.form.model_validate(cells)
                    async with tried(runtime, connection, by.subject) as tx:
                        taken = await self.take(row, by, tx)
                except Exception as error:
                    why = _why_not(error)
                outcomes.append(taken.outcome.value if why is None else _outcome_of(why))
                refusals.append(_noted_problem(why))
        async with runtime.transaction(actor=by.subject) as tx:
            await tx.driver.execute(_TRIED, identifier, [number for number, _ in rows], outcomes, refusals)

    async def _portions(self, rows: Sequence[_Row], by: Principal, work: Work) -> list[list[_Row]]:
        """Rows that touch the same together, in their order, `TOGETHER` at most."""
        touched = []
        for n, (_, cells) in enumerate(rows):
            if n % STEP == 0:
                await work.report()
            touched.append(await self._touched(work.runtime, cells, by))
        return [[rows[place] for place in portion] for portion in together(touched, TOGETHER)]

    async def _touched(self, runtime: Runtime, cells: Mapping[str, str], by: Principal) -> Iterable[Hashable]:
        """What a row touches; nothing where that cannot be said: then it is not taken either."""
        if self.touches is None:
            return ()
        try:
            row = self.form.model_validate(cells)
            async with undone(runtime, by.subject) as tx:
                return await self.touches(row, by, tx)
        except Exception as error:
            _why_not(error)
        return ()

    async def _foretell(
        self, identifier: UUID, rows: Sequence[tuple[int, Mapping[str, str]]], by: Principal, work: Work
    ) -> None:
        """Note what would follow from the rows that would be made."""
        if self.foresee is None:
            return
        async with work.runtime.transaction() as tx:
            made = {row[0] for row in await tx.driver.fetch(_MADE, identifier)}
        valid = {number: self.form.model_validate(cells) for number, cells in rows if number in made}
        foretold = await self.foresee(valid, by, work)
        async with work.runtime.transaction() as tx:
            said = [one.model_dump_json() for one in foretold.values()]
            await tx.driver.execute(_FORETELL, identifier, list(foretold), said)

    async def _end(self, runtime: Runtime, identifier: UUID, *, ended: bool) -> None:
        """What the rows said is not needed any more: it goes, and its key."""
        async with runtime.transaction() as tx:
            found = await tx.driver.fetchrow(
                "UPDATE kehu.imports SET sealed = NULL, ended_at = $2 WHERE id = $1 RETURNING subject_id, dry_run",
                identifier,
                tx.now if ended else None,
            )
            assert found is not None
            await tx.driver.execute(_FORGET_KEY, found["subject_id"], tx.now)
            if self.then is not None and not found["dry_run"]:
                tx.later(self.then, identifier)


def _why_not(error: Exception) -> Problem:
    """What is noted of a row that was not taken. What passes by itself is raised again: it says nothing of the row."""
    if isinstance(error, ValidationError):
        return problems.of_validation(error)
    if isinstance(error, Busy) or passes_by_itself(error):
        raise error
    return error if isinstance(error, Problem) else problems.unexpected(error)


def _outcome_of(why: Problem) -> str:
    return (Outcome.FAILED if isinstance(why, problems.Unexpected) else Outcome.REFUSED).value


async def _noted(tx: Tx, identifier: UUID, number: int) -> bool:
    """Whether this transaction is the one that takes the row."""
    sql = f"{_TAKEN} ON CONFLICT DO NOTHING RETURNING true"
    return bool(await tx.driver.fetchval(sql, identifier, number, Outcome.UNCHANGED.value, None, None))


def _noted_problem(problem: Problem | None) -> str | None:
    if problem is None:
        return None
    said = {
        "type": problem.type(), "detail": problem.detail, "zh": problem.zh, "rules": list(problem.rules),
        "errors": problem.errors,
    }  # fmt: skip
    return orjson.dumps(said).decode()


async def _rows(tx: Tx, identifier: UUID, outcome: Outcome | None, after: int, limit: int | None) -> list[RowView]:
    kept = tables.import_rows.c
    query = sa.select(tables.import_rows).where(kept.import_id == identifier, kept.row > after).order_by(kept.row)
    if outcome is not None:
        query = query.where(kept.outcome == outcome.value)
    found = []
    for row in await tx.execute(query if limit is None else query.limit(limit)):
        why = row.problem or {}
        found.append(
            RowView(
                row=row.row,
                outcome=Outcome(row.outcome),
                ref=row.ref,
                type=why.get("type"),
                detail=why.get("detail"),
                zh=why.get("zh"),
                rules=why.get("rules", []),
                errors=why.get("errors", []),
                foretold=row.foretold and Foretold.model_validate(row.foretold),
            )
        )
    return found


def _rules(row: RowView) -> list[str]:
    return row.rules if row.foretold is None else row.foretold.rules


def _said(row: RowView) -> str:
    """Why not, or what would follow, in one cell."""
    if row.foretold is not None:
        return " ".join(filter(None, (row.foretold.what, row.foretold.because, row.foretold.about)))
    places = "; ".join(f"{error['pointer'].lstrip('/')} {error['detail']}".strip() for error in row.errors)
    return places or row.detail or ""


def _words(grant: Grant) -> list[str]:
    held_for = [grant.on_behalf_of] if isinstance(grant, Delegated) else []
    return [grant.role.value, grant.place, *held_for]


def _grant(kept: str) -> Grant:
    role, place, *held_for = kept.split("@", 2)
    return Delegated(Role(role), place, held_for[0]) if held_for else Grant(Role(role), place)


def _granted(principal: Principal) -> dict[str, Any]:
    return {
        "grants": sorted("@".join(_words(grant)) for grant in principal.grants),
        "scopes": sorted(principal.scopes),
        "machine": principal.machine,
        "issuer": principal.issuer,
    }


def _principal(subject: str, kept: Mapping[str, Any]) -> Principal:
    """Who handed the table in, with what they were granted then, each for whom it was held."""
    return Principal(
        subject=subject,
        issuer=kept["issuer"],
        grants=frozenset(_grant(grant) for grant in kept["grants"] if grant.partition("@")[0] in set(Role)),
        scopes=frozenset(kept["scopes"]),
        expires_at=0.0,
        machine=kept["machine"],
    )
