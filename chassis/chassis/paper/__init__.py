"""Prints papers as PDF: a typst source of the service, filled with data, in a font with Chinese characters.

A service that prints asks for `kehu-chassis[paper]`. What all papers share is `paper.typ` beside this file:
`#import "paper.typ": paper, chapter, facts, shown`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import typst

SHARED = Path(__file__).parent / "paper.typ"
#: the package that brings Noto Sans CJK
FONTS = "noto_cjk_sans_otc"


async def print_paper(forms: Path, form: str, data: Mapping[str, Any]) -> bytes:
    """The PDF of `forms/<form>.typ`, outside any transaction: it takes a fifth of a second, in a thread of its own.

    The source reads `json(bytes(sys.inputs.data))`; so no value can be taken for markup. The same data give the same
    bytes: a paper bears the instants that are in its data, never the one at which it is printed.
    """
    return await asyncio.to_thread(_compile, forms / f"{form}.typ", orjson.dumps(data, default=str).decode())


def _compile(source: Path, data: str) -> bytes:
    # its types know no second file; it does
    compiled: bytes = typst.compile(  # type: ignore[call-overload]
        {"main.typ": source.read_bytes(), "paper.typ": SHARED.read_bytes()},
        font_paths=[str(files(FONTS))],
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        format="pdf",
    )
    return compiled
