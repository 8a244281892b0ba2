"""The factory's system: takes webhooks on a port, checks the signature, and notes each in a file."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def checked(secret_file: Path, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """What a signed message says; `WebhookVerificationError` when the secret did not sign it."""
    data: dict[str, Any] = Webhook(secret_file.read_text()).verify(body, headers)["data"]
    return data


async def serve(port: int, secret_file: Path, log: Path) -> None:
    """Until killed. A message that is not signed is answered 401 and noted as such."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers["content-length"]))
                at = datetime.now(UTC)
                status, noted = 204, {"id": headers.get("webhook-id"), "at": at.isoformat(), "signed": True}
                try:
                    data = checked(secret_file, body, headers)
                    noted |= {name: data[name] for name in ("case_id", "number", "taken_at", "serious_at")}
                except WebhookVerificationError:
                    status, noted["signed"] = 401, False
                with log.open("a") as out:
                    out.write(json.dumps(noted) + "\n")
                writer.write(f"HTTP/1.1 {status} Noted\r\nContent-Length: 0\r\n\r\n".encode())
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
