"""Writes what duties and approvals are called, for notices and pages, in both languages, as the services declare it."""

from __future__ import annotations

import json
from importlib import import_module

from policy.approvals import APPROVALS
from policy.obligations import DUTIES

from dev.children import ROOT
from dev.system import services

TARGETS = (
    ROOT / "services" / "notify" / "notify" / "templates" / "duties.json",
    ROOT / "services" / "console" / "web" / "src" / "duties.json",
)


def text() -> str:
    """The kinds of work items with their Chinese and English names, as JSON."""
    for service in services():
        import_module(f"{service}.app")
    found = {duty.name: [duty.zh, duty.en] for duty in DUTIES.values()}
    found |= {f"approve.{one.name}": [one.zh, one.en] for one in APPROVALS.values()}
    kept = {name: both for name, both in found.items() if "test." not in name}
    return json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=2) + "\n"
