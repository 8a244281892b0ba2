"""Writes what the console says in Chinese of a wrong field: every kind that a service can name, by its code."""

from __future__ import annotations

import json
import sys

from chassis.wrong import Wrong

from dev.children import ROOT
from dev.system import say

TARGET = ROOT / "services" / "console" / "web" / "src" / "wrong.json"


def words() -> str:
    """The Chinese sentences by code, as JSON."""
    return json.dumps({kind.value: kind.zh for kind in Wrong}, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Write the file, or with --check say whether it is in step."""
    if "--check" not in sys.argv:
        TARGET.write_text(words())
        return 0
    if TARGET.exists() and TARGET.read_text() == words():
        return 0
    say("what the console says of a wrong field is not in step with chassis.wrong: run make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
