"""Serves the web application: nothing from elsewhere, nothing inline, hashed files kept for ever (P05.15)."""

from __future__ import annotations

import mimetypes
import secrets
from pathlib import Path

from chassis.problems import Busy, NotFound
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

RULES = ("P05.15",)

#: stands in the built page where the nonce of the answer goes
NONCE = "__CSP_NONCE__"
KNOWN = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


def policy(nonce: str) -> str:
    """What the page may load and do (Content-Security-Policy)."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            f"style-src 'self' 'nonce-{nonce}'",
            "img-src 'self' data: blob:",
            "media-src blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class Pages:
    """The files of the build, known when the process starts: nothing else is ever read."""

    def __init__(self, root: Path) -> None:
        found = sorted(path for path in root.rglob("*") if path.is_file()) if root.is_dir() else []
        self._files = {path.relative_to(root).as_posix(): path for path in found}
        index = self._files.get("index.html")
        self._index = None if index is None else index.read_text()

    async def serve(self, request: Request) -> Response:
        """A file of the build; for every other address the application, which knows its own pages."""
        name = request.url.path.lstrip("/")
        if name in self._files and name != "index.html" and not name.endswith(".gz"):
            return self._file(name, request.headers.get("accept-encoding", ""))
        if name.startswith("assets/") or request.method not in ("GET", "HEAD"):
            raise NotFound("There is no such file. Reload the page.")
        if self._index is None:
            raise Busy("The web application is not built here: run `python -m dev.web`.", retry_after=60)
        nonce = secrets.token_urlsafe(16)
        headers = {"content-security-policy": policy(nonce), "cache-control": "no-store"}
        return HTMLResponse(self._index.replace(NONCE, nonce), headers=headers)

    def _file(self, name: str, accepted: str) -> Response:
        path = self._files[name]
        kind = KNOWN.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        lasting = "public, max-age=31536000, immutable" if name.startswith("assets/") else "no-cache"
        headers = {"cache-control": lasting, "vary": "accept-encoding"}
        packed = self._files.get(f"{name}.gz")
        if packed is not None and "gzip" in accepted:
            return FileResponse(packed, media_type=kind, headers={**headers, "content-encoding": "gzip"})
        return FileResponse(path, media_type=kind, headers=headers)
