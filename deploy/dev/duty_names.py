"""Writes what duties and approvals are called, for notices and pages, in both languages, as the services declare it."""

from __future__ import annotations

import json
import sys
from importlib import import_module

from policy.approvals import APPROVALS
from policy.obligations import DUTIES

from dev.children import ROOT
from dev.system import say, services

TARGETS = (
    ROOT / "services" / "notify" / "notify" / "templates" / "duties.json",
    ROOT / "services" / "console" / "web" / "src" / "duties.json",
)


def names() -> str:
    """The kinds of work items with their Chinese and English names, as JSON."""
    for service in services():
        import_module(f"{service}.app")
    found = {duty.name: [duty.zh, duty.en] for duty in DUTIES.values()}
    found |= {f"approve.{one.name}": [one.zh, one.en] for one in APPROVALS.values()}
    kept = {name: both for name, both in found.items() if "test." not in name}
    return json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    """Write the files, or with --check say whether they are in step."""
    written = names()
    if "--check" not in sys.argv:
        for target in TARGETS:
            target.write_text(written)
        return 0
    if all(target.exists() and target.read_text() == written for target in TARGETS):
        return 0
    say("what duties are called is not in step with the services: run make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main())
