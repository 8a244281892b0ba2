"""Key files for development: a master key a service, one token key for all."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write_keys(directory: Path, services: Iterable[str]) -> None:
    """Write the keys that are missing; those that are there stay."""
    directory.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, Any] = {f"{name}-master.json": {"current": "m1", "keys": {"m1": _secret()}} for name in services}
    wanted["token.json"] = {"keys": [{"id": "t1", "key": _secret()}]}
    for name, content in wanted.items():
        path = directory / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(json.dumps(content))


def _secret() -> str:
    return base64.b64encode(os.urandom(32)).decode()
