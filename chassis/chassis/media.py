"""What kinds of file are taken, checked by content and not by name (P05.4)."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from chassis.problems import Invalid, TooLarge
from chassis.sheets import XLSX

_HEAD = 64
#: what a workbook's first entry is called
_WORKBOOK = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/")


class NotWhatItSays(Invalid):
    """The content is not of the type that the request names, or of none that is taken."""

    title = "The file is not what it says"
    zh = "文件类型不被接受，或内容与类型不符。请换用可接受的类型，按原始格式上传。"
    rules = ("P05.4",)


def _mp3(head: bytes) -> bool:
    return head[:3] == b"ID3" or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0)


_LOOKS: dict[str, Callable[[bytes], bool]] = {
    "application/pdf": lambda head: head[:5] == b"%PDF-",
    "image/jpeg": lambda head: head[:3] == b"\xff\xd8\xff",
    "image/png": lambda head: head[:8] == b"\x89PNG\r\n\x1a\n",
    "image/webp": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    "audio/amr": lambda head: head[:5] == b"#!AMR",
    "audio/mp4": lambda head: head[4:8] == b"ftyp",
    "audio/mpeg": _mp3,
    "audio/wav": lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE",
    "video/mp4": lambda head: head[4:8] == b"ftyp",
    XLSX: lambda head: head[:4] == b"PK\x03\x04" and head[30:].startswith(_WORKBOOK),
    "text/plain": lambda head: True,
    "application/json": lambda head: True,
}
_TEXT = ("text/plain", "application/json")
#: every type that is taken
TAKEN = tuple(sorted(_LOOKS))


class Looked:
    """Looks at a file as it passes: its size, its beginning, and of a text every character."""

    def __init__(self, content_type: str, most: int) -> None:
        self._most, self._size = most, 0
        self.media_type = content_type.partition(";")[0].strip().lower()
        if self.media_type not in _LOOKS:
            raise NotWhatItSays(f"Taken are {', '.join(TAKEN)}. Send one of them, named as Content-Type.")
        self._head = b""
        self._text = codecs.getincrementaldecoder("utf-8")() if self.media_type in _TEXT else None

    def take(self, piece: bytes) -> None:
        """See the next piece; `NotWhatItSays` or `TooLarge` as soon as it does not fit."""
        self._size += len(piece)
        if self._size > self._most:
            raise TooLarge(f"The file is larger than {self._most} bytes. Divide it.")
        if len(self._head) < _HEAD:
            self._head += piece[: _HEAD - len(self._head)]
            if len(self._head) == _HEAD:
                self._judge()
        self._read(piece, final=False)

    def end(self) -> None:
        """That was all; `NotWhatItSays` when it is not a whole file of its type."""
        if not self._head:
            raise NotWhatItSays("The file is empty. Send its content as the body.")
        self._judge()
        self._read(b"", final=True)

    def _judge(self) -> None:
        if not _LOOKS[self.media_type](self._head):
            raise NotWhatItSays(f"The content is not {self.media_type}. Send it with its own Content-Type.")

    def _read(self, piece: bytes, *, final: bool) -> None:
        if self._text is None:
            return
        try:
            text = self._text.decode(piece, final)
        except UnicodeDecodeError:
            raise NotWhatItSays(f"{self.media_type} is taken in UTF-8. Convert it first.") from None
        if "\x00" in text:
            raise NotWhatItSays(f"{self.media_type} has no character U+0000. Send it with its own Content-Type.")
