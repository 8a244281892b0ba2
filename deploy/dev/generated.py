"""Files that are made from the code: written anew, or compared (`python -m dev.generated [--check]`)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from contracts import asyncapi
from dev import complaint_gates, compose, duty_names, refusal_words, service_docs
from dev.children import ROOT
from dev.system import say


def main(arguments: Sequence[str]) -> int:
    """Write them, or with `--check` name those that are not in step; exit 1 when there is one."""
    check = "--check" in arguments
    stale = []
    # refusals look into every module: last, since the others take what the services themselves load
    for made in (asyncapi, service_docs, complaint_gates, compose, duty_names, refusal_words):
        text = made.text()
        for target in made.TARGETS:
            if not check:
                target.write_text(text, "utf-8")
            elif not target.exists() or target.read_text("utf-8") != text:
                stale.append(str(target.relative_to(ROOT)))
    if stale:
        say(f"not in step with the code: {', '.join(stale)}: run make docs")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
