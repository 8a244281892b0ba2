"""Which rules the last run of the tests proved, and by which tests; read from the run, not from the source."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from dev.children import ROOT
from dev.system import say

RULE_IDS = ROOT / "docs" / "rule-ids.txt"


def proven(results: Path) -> dict[str, list[str]]:
    """The tests that passed, by the rule each is marked with."""
    by_rule: dict[str, list[str]] = {}
    for path in sorted(results.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            for rule in entry["rules"]:
                by_rule.setdefault(rule, []).append(entry["test"])
    return by_rule


def order(rule: str) -> list[int]:
    """P04.10 comes after P04.9."""
    return [int(number) for number in re.findall(r"\d+", rule)]


def main() -> int:
    """Print every rule of the rulebook with the tests that prove it; exit 1 when no run has left results."""
    results = ROOT / "run" / "results"
    by_rule = proven(results)
    if not by_rule:
        say("No test run has left its results: run make test first.")
        return 1
    known = RULE_IDS.read_text().split()
    unknown = sorted(set(by_rule) - set(known), key=order)
    if "json" in sys.argv:
        say(json.dumps({"proven": by_rule, "unproven": [r for r in known if r not in by_rule], "unknown": unknown}))
        return 0
    for rule in known:
        tests = by_rule.get(rule, [])
        say(f"{rule:<8} {len(tests):>3}  {tests[0] if tests else '-'}")
    say(f"\n{len(by_rule) - len(unknown)} of {len(known)} rules are proven by the last run")
    if unknown:
        say(f"not in the rulebook: {', '.join(unknown)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
