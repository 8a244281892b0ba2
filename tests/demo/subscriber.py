"""The factory's system: takes webhooks on a port, checks the signature, and notes each in a file."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chassis.kit.counterpart import Reply, Request, counterpart
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def checked(secret_file: Path, request: Request) -> dict[str, Any]:
    """What a signed message says; `WebhookVerificationError` when the secret did not sign it."""
    data: dict[str, Any] = Webhook(secret_file.read_text()).verify(request.body, request.headers)["data"]
    return data


async def serve(port: int, secret_file: Path, log: Path) -> None:
    """Until killed. A message that is not signed is answered 401 and noted as such."""

    def take(request: Request) -> Reply:
        at = datetime.now(UTC)
        status, noted = 204, {"id": request.headers.get("webhook-id"), "at": at.isoformat(), "signed": True}
        try:
            data = checked(secret_file, request)
            noted |= {name: data[name] for name in ("case_id", "number", "taken_at", "serious_at")}
        except WebhookVerificationError:
            status, noted["signed"] = 401, False
        with log.open("a") as out:
            out.write(json.dumps(noted) + "\n")
        return Reply(status)

    async with counterpart(take, port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
