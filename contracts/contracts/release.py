"""The yardstick of compatibility: each message as it was released, kept for ever: `python -m contracts.release`.

`released/<type>/<n>.schema.json` and `<n>.examples.json` are only ever added to; `MANIFEST.sha256` (as
`sha256sum -c` reads it) shows whether one was changed or taken away.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from contracts.examples import EXAMPLES
from contracts.message import Message, encode
from contracts.schemas import Schema, breaks, schema_of

#: messages as they are sent today, by class
Examples = Mapping[type[Message], Sequence[Message]]

#: in the checkout, beside the package
RELEASED = Path(__file__).parents[1] / "released"
MANIFEST = "MANIFEST.sha256"


class Incompatible(ValueError):
    """A message has changed so that those who read its released form could not read it, or would miss something."""


@dataclass(frozen=True)
class Release:
    """One released form of a message: its schema, and examples as they were sent."""

    type: str
    number: int
    schema: Schema
    examples: list[Any]


def releases(root: Path = RELEASED) -> list[Release]:
    """Everything ever released, by type and number."""
    paths = sorted(root.glob("*/*.schema.json"), key=lambda path: (path.parent.name, _number(path)))
    return [
        Release(path.parent.name, _number(path), _load(path), _load(path.with_name(f"{_number(path)}.examples.json")))
        for path in paths
    ]


def tampered(root: Path = RELEASED) -> list[str]:
    """Which released files are not as they were released: changed, missing, or there without having been."""
    manifest = root / MANIFEST
    lines = manifest.read_text("utf-8").splitlines() if manifest.exists() else []
    then = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    now = _digests(root)
    return [
        *(f"{name} is missing" for name in sorted(then.keys() - now.keys())),
        *(f"{name} was not released" for name in sorted(now.keys() - then.keys())),
        *(f"{name} was changed" for name in sorted(then.keys() & now.keys()) if then[name] != now[name]),
    ]


def unreleased(examples: Examples = EXAMPLES, root: Path = RELEASED) -> list[Release]:
    """The forms of today that are not released yet, each with its next number.

    Raises `Incompatible` with every reason: a released message that is gone, a change that breaks its newest
    release, and with it every one before.
    """
    newest = {release.type: release for release in releases(root)}
    fresh, reasons = [], [f"{name} is gone" for name in newest.keys() - {message.TYPE for message in examples}]
    for message, sent in examples.items():
        schema, before = schema_of(message), newest.get(message.TYPE)
        if before is not None:
            reasons += [message.TYPE + reason for reason in breaks(before.schema, schema)]
        if before is None or before.schema != schema:
            number = 1 if before is None else before.number + 1
            fresh.append(Release(message.TYPE, number, schema, [json.loads(encode(each)) for each in sent]))
    if reasons:
        raise Incompatible("; ".join(sorted(reasons)))
    return fresh


def release(examples: Examples = EXAMPLES, root: Path = RELEASED) -> list[Release]:
    """Write what is unreleased; what was written.

    Raises `Incompatible`, and writes nothing, where `unreleased` does or a released file was tampered with.
    """
    if wrong := tampered(root):
        raise Incompatible("; ".join(wrong))
    fresh = unreleased(examples, root)
    for each in fresh:
        folder = root / each.type
        folder.mkdir(parents=True, exist_ok=True)
        _dump(folder / f"{each.number}.schema.json", each.schema)
        _dump(folder / f"{each.number}.examples.json", each.examples)
    if fresh:
        lines = [f"{digest}  {name}\n" for name, digest in sorted(_digests(root).items())]
        (root / MANIFEST).write_text("".join(lines), "utf-8")
    return fresh


def _digests(root: Path) -> dict[str, str]:
    files = (path for path in root.glob("**/*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(root).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files}


def _number(path: Path) -> int:
    return int(path.name.partition(".")[0])


def _load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", "utf-8")


def main(arguments: Sequence[str]) -> int:
    """Command line: 0 when everything of today is released, 1 when it cannot be."""
    if arguments:
        sys.stderr.write("usage: python -m contracts.release\n")
        return 2
    try:
        fresh = release()
    except Incompatible as error:
        sys.stderr.write(f"Nothing was released: {error}. Publish a new version beside the old one instead.\n")
        return 1
    sys.stdout.write("".join(f"{each.type} {each.number}\n" for each in fresh) or "nothing new\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
