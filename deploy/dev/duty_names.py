"""Writes what duties and approvals are called, for notices: every one that a service declares, in both languages."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from policy.approvals import APPROVALS
from policy.obligations import DUTIES

from dev.children import ROOT
from dev.system import say, services

TARGET = ROOT / "services" / "notify" / "notify" / "templates" / "duties.json"


def names() -> str:
    """The kinds of work items with their Chinese and English names, as JSON."""
    for service in services():
        import_module(f"{service}.app")
    found = {duty.name: [duty.zh, duty.en] for duty in DUTIES.values()}
    found |= {f"approve.{one.name}": [one.zh, one.en] for one in APPROVALS.values()}
    kept = {name: both for name, both in found.items() if "test." not in name}
    return json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Write the file, or with --check say whether it is in step."""
    if "--check" not in sys.argv:
        TARGET.write_text(names())
        return 0
    if TARGET.exists() and TARGET.read_text() == names():
        return 0
    say("what duties are called is not in step with the services: run make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
