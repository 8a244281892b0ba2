"""What the tests of the archive file: dossiers, items and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chassis.ids import uuid7
from chassis.kit.stage import Stage

KEEPER = "information_specialist@sh-pudong"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 1000


async def opened(stage: Stage, *, kind: str = "customer", branch: str = "sh-pudong", **more: Any) -> dict[str, Any]:
    """A dossier about something new."""
    async with stage.client(f"information_specialist@{branch}", subject="specialist-1") as keeper:
        body = {"kind": kind, "about": str(uuid7()), "branch": branch, **more}
        answer = await keeper.post("/v1/dossiers", json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def filed(stage: Stage, dossier: dict[str, Any], content: bytes | None = PDF, **more: Any) -> dict[str, Any]:
    """An item in it, with its file."""
    async with stage.client(f"information_specialist@{dossier['branch']}", subject="specialist-1") as keeper:
        body = {"kind": "correspondence", "medium": "scan", "label": "王小芳的来信", **more}
        answer = await keeper.post(f"{dossier['path']}/items", json=body)
        assert answer.status_code == 201, answer.text
        item: dict[str, Any] = answer.json()
        if content is not None:
            sent = await put(keeper, item, content)
            assert sent.status_code == 200, sent.text
            item = sent.json()
    return item


async def put(client: Any, item: dict[str, Any], content: bytes, media_type: str = "application/pdf") -> Any:
    """Send the file of an item."""
    return await client.put(f"/v1/items/{item['id']}/content", content=content, headers={"Content-Type": media_type})


def files_in(folder: Path) -> list[Path]:
    """What lies in the vault."""
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []
