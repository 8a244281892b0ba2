"""What a printed paper shows, for tests."""

from __future__ import annotations

import re
import zlib


def characters(pdf: bytes) -> set[str]:
    """Every character that the PDF's fonts draw, by the map that each font has to Unicode."""
    found: set[str] = set()
    for packed in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(packed)
        except zlib.error:
            continue
        for block in re.findall(rb"beginbfchar(.*?)endbfchar", content, re.DOTALL):
            for written in re.findall(rb"<[0-9A-Fa-f]+>\s*<([0-9A-Fa-f]+)>", block):
                found |= set(bytes.fromhex(written.decode()).decode("utf-16-be"))
    return found
