"""Complaints through each process from the call to the archive, and what their receivers say came of them."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Any

from tests.journeys.walk import Walk
from tests.journeys.ways import WAYS, Way


async def walked(walk: Walk) -> dict[str, Any]:
    """An ordinary and a serious case through each process, and one whose term ends while one looks on."""
    watched = asyncio.create_task(walk.watched("demo-watched", "14207773099"))
    cases = [(way, serious) for way in WAYS for serious in (False, True)]
    found = await asyncio.gather(
        *(
            walk.goes(
                way, f"demo-{way.profile}-{'serious' if serious else 'ordinary'}", f"142077730{n:02d}", serious=serious
            )
            for n, (way, serious) in enumerate(cases)
        )
    )
    return {
        "from_call_to_archive": [line(way, serious, one) for (way, serious), one in zip(cases, found, strict=True)],
        "up_the_ladder": [
            {
                "step": step["title_zh"],
                "role": step["role"],
                "due": step["why_due_zh"],
                "told": sorted({f"{notice['person']} ({notice['channel']})" for notice in step["told"]}),
                "confirmed_by": step["confirmed_by"],
            }
            for one in found
            for step in one.get("proof", {"steps": []})["steps"]
        ],
        "reminded_and_passed_up": passed_up(await watched),
    }


def line(way: Way, serious: bool, one: dict[str, Any]) -> dict[str, Any]:
    """What came of one case, from the complaint's and the archive's answers."""
    return {
        "process": way.process,
        "kind": "serious" if serious else "ordinary",
        "number": one["case"]["number"],
        "state": one["progress"]["state"],
        "gates": one["progress"]["gates"],
        "dossier": one["dossier"]["number"],
        "papers": {item["kind"]: item["sha256"] for item in one["dossier"]["items"]},
        "proof": one["proved"],
    }


def passed_up(one: dict[str, Any]) -> dict[str, Any]:
    """A term that ended: whom it was called to mind, who heard of it then, and when, by their inboxes."""
    return {
        "number": one["case"]["number"],
        "due": one["judge"]["why_zh"],
        "due_at": one["judge"]["due_at"],
        "reminded": {
            "who": one["reminder"]["role"],
            "at": one["reminder"]["made_at"],
            "words": one["reminder"]["title"],
        },
        "passed_up": {"who": one["missed"]["role"], "at": one["missed"]["made_at"], "words": one["missed"]["title"]},
        "judged_at": one["judge"]["ended_at"],
    }


def table(ways: dict[str, Any]) -> str:
    """What `walked` found, as lines for a terminal."""
    lines = [("process", "case", "number", "state", "gates", "dossier", "papers", "proof")]
    lines += [
        (
            one["process"],
            one["kind"],
            one["number"],
            one["state"],
            str(len(one["gates"])),
            one["dossier"],
            str(len(one["papers"])),
            one["proof"],
        )
        for one in ways["from_call_to_archive"]
    ]
    widths = [max(_width(each[n]) for each in lines) for n in range(len(lines[0]))]
    told = ways["reminded_and_passed_up"]
    shown = [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(each, widths, strict=True))
        for each in lines
    ]
    shown += ["", f"{told['number']}: {told['due']}"]
    shown += [f"  {told[step]['at']}  {told[step]['who']}: {told[step]['words']}" for step in ("reminded", "passed_up")]
    return "\n".join(shown)


def _width(cell: str) -> int:
    """Columns of a terminal: a Chinese sign takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in cell)
