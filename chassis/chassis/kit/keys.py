"""Key files, an issuer and tokens for tests."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import httpx
from joserfc.jwk import ECKey

from chassis.dev_issuer import application, mint

ISSUER = "https://issuer.test"


def write_keys(directory: Path) -> tuple[Path, Path]:
    """New master keys and token keys; the paths of their files."""
    directory.mkdir(parents=True, exist_ok=True)
    master, token = directory / "master.json", directory / "token.json"
    secret = base64.b64encode(os.urandom(32)).decode()
    master.write_text(json.dumps({"current": "m1", "keys": {"m1": secret}}))
    token.write_text(json.dumps({"keys": [{"id": "t1", "key": base64.b64encode(os.urandom(32)).decode()}]}))
    for path in (master, token):
        path.chmod(0o600)
    return master, token


class TestIssuer:
    """An OpenID provider in memory: the development issuer's own application, without a port."""

    __test__ = False

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", auto_kid=True)
        self._app = application(self.key, ISSUER)

    def http(self) -> httpx.AsyncClient:
        """A client that reaches the issuer."""
        return httpx.AsyncClient(transport=httpx.ASGITransport(self._app))

    def token(self, subject: str, *grants: str, scopes: tuple[str, ...] = (), lifetime: int = 3600) -> str:
        """A token for `subject` with grants `role@place` and scopes."""
        return mint(self.key, ISSUER, subject, grants=list(grants), scopes=list(scopes), lifetime=lifetime)
