"""What a file was called where it came from: cleaned as it comes in, whole as it goes out (P05.4)."""

from __future__ import annotations

import re
import unicodedata
from email.message import Message
from typing import Any
from urllib.parse import quote

from chassis.problems import Invalid

#: what the systems that people save on take at most, in bytes of UTF-8
MOST = 255
#: more than this is no ending of a name, but a sentence with a full stop in it
_ENDING = 32
#: control, format (bidi, zero width) and half characters, ends of lines and paragraphs
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_PATH = re.compile(r"[/\\]")
#: what a parameter holds unescaped (RFC 8187, 3.2.1), beside letters and digits
_ATTR_CHAR = "!#$&+-.^_`|~"
_AS = "A name is percent-encoded UTF-8: name*=UTF-8''… (RFC 8187)."


class NameUnreadable(Invalid):
    """The name that came with a file is not written as RFC 8187 has it."""

    title = "The name of the file cannot be read"
    zh = "文件名的编码无法读取。请按 UTF-8 编码后重新上传，或不带文件名上传。"
    rules = ("P05.4",)


def name_in(content_type: str) -> str | None:
    """The cleaned name that a Content-Type bears, as `name*=UTF-8''…` or as `name="…"` of ASCII, if it bears one."""
    values = _values("content-type", content_type, "name")
    return _read(values[0]) if values else None


def name_saved(content_disposition: str) -> str | None:
    """The cleaned name that a Content-Disposition has a file saved under (`filename*`, as `disposition` writes it)."""
    escaped = [one for one in _values("content-disposition", content_disposition, "filename") if isinstance(one, tuple)]
    return _read(escaped[0]) if escaped else None


def _values(header: str, said: str, wanted: str) -> list[Any]:
    """What a header says under a name, in its order; what was escaped (RFC 8187) as charset, language and text."""
    message = Message()
    try:
        message[header] = said
        return [value for name, value in message.get_params([], header) if name.lower() == wanted]
    except ValueError:
        raise NameUnreadable(_AS) from None


def _read(value: Any) -> str | None:
    try:
        if not isinstance(value, tuple):
            return cleaned(str(value).encode("ascii").decode())
        charset, _, escaped = value
        if (charset or "").lower() != "utf-8":
            raise NameUnreadable("A name is taken in UTF-8: name*=UTF-8''…")
        # the library has undone the escapes byte for byte
        return cleaned(escaped.encode("latin-1").decode("utf-8"))
    except ValueError:
        raise NameUnreadable(_AS) from None


def cleaned(name: str) -> str | None:
    """The name without its path and without what is not seen, composed (NFC); None when nothing of it is left."""
    own = _PATH.split(name)[-1]
    seen = "".join(" " if one.isspace() else one for one in own if unicodedata.category(one) not in _UNSEEN)
    composed = unicodedata.normalize("NFC", seen).strip()
    return _shortened(composed) if composed.strip(". ") else None


def _shortened(name: str) -> str:
    """At most 255 bytes; the ending stays, and no character is cut."""
    if len(name.encode()) <= MOST:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = f"{dot}{ending}"
    if not stem or len(tail.encode()) > _ENDING:
        stem, tail = name, ""
    kept = stem.encode()[: MOST - len(tail.encode())].decode(errors="ignore")
    return kept.rstrip() + tail


def disposition(name: str | None, otherwise: str) -> str:
    """Content-Disposition of a file that is saved (RFC 6266): under its name, and for old readers `otherwise`."""
    plain = f'attachment; filename="{otherwise}"'
    return plain if name is None else f"{plain}; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"
