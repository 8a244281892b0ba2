"""What no page may use, since a browser would refuse it."""

from __future__ import annotations

import re

from dev import web


def test_no_dialog_of_the_library_is_used_since_it_writes_a_style_without_the_nonce() -> None:
    used = {
        f"{path.relative_to(web.WEB)}: {name}"
        for path in (web.WEB / "src").rglob("*.tsx")
        for names in re.findall(r"import \{([^}]*)\} from \"antd\"", path.read_text())
        for name in re.findall(r"\b(Modal|Popconfirm|Drawer|Tour)\b", names)
    }
    assert used == set()
    assert any((web.WEB / "src").rglob("*.tsx"))
