"""Whatever a service has notify say has words there, and the parameters that the words ask for."""

from __future__ import annotations

import re

from dev.children import ROOT
from dev.system import services
from notify.templates.words import TEMPLATES

#: a template is named in a call of `send`, `tell_again` or the command itself
_NAMED = re.compile(r'(?:template=|send\(tx, \w+, |tell_again\([^)]*, |template or \()\(?"([a-z_]+)"')


def test_every_template_that_is_asked_for_has_words() -> None:
    asked = {
        name: path.relative_to(ROOT)
        for service in services()
        for path in (ROOT / "services" / service / service).rglob("*.py")
        for name in _NAMED.findall(path.read_text())
    }
    assert {"call_centre_complaint", "serious_confirm", "serious_overruled", "complaint_feedback"} <= asked.keys()
    assert {name: path for name, path in asked.items() if name not in TEMPLATES} == {}
