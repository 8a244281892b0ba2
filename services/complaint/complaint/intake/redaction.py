"""The words of a complaint without its people: names, phones, plates, numbers and addresses replaced (P05.15)."""

from __future__ import annotations

import re
from collections.abc import Iterable

PHONE, PLATE, VIN, NUMBER, MAIL, ADDRESS, NAME = (
    "[电话]",
    "[车牌]",
    "[车架号]",
    "[号码]",
    "[邮箱]",
    "[地址]",
    "[姓名]",
)

_D = r"[0-9０-９]"
_L = r"[A-Za-z0-9Ａ-Ｚａ-ｚ０-９]"
_SEP = r"[\s\-－·.]?"
#: as plates have it, in simplified and in traditional script
_PROVINCE = r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼滬雲遼魯蘇贛晉陝閩貴粵寧瓊]"
_PARTS = (
    ("mail", MAIL, r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"),
    ("vin", VIN, r"(?<![A-Za-z0-9])(?=[A-Z]*[0-9])(?=[0-9]*[A-Z])[A-HJ-NPR-Z0-9]{17}(?![A-Za-z0-9])"),
    ("number", NUMBER, rf"(?<!{_D}){_D}{{17}}[0-9０-９XxＸ](?!{_D})"),
    (
        "plate",
        PLATE,
        rf"{_PROVINCE}[A-Z]{_SEP}[A-Z0-9]{{4,5}}[A-Z0-9挂学警港澳领使临掛學領臨]"
        # in small or full-width letters, where enough digits say that it is one
        rf"|{_PROVINCE}{_L}{_SEP}(?=(?:{_L}?{_D}){{3}}){_L}{{4,5}}[A-Za-z0-9Ａ-Ｚａ-ｚ０-９挂学警港澳领使临掛學領臨]",
    ),
    (
        "phone",
        PHONE,
        rf"(?<!{_D})(?:(?:\+|00)?86{_SEP})?[1１][3-9３-９]{_D}{_SEP}{_D}{{4}}{_SEP}{_D}{{4}}(?!{_D})"
        rf"|(?<!{_D})0{_D}{{2,3}}{_SEP}{_D}{{7,8}}(?!{_D})|(?<!{_D})[48]00{_SEP}{_D}{{3,4}}{_SEP}{_D}{{3,4}}(?!{_D})",
    ),
    (
        "address",
        ADDRESS,
        r"[一-鿿]{2,12}(?:路|街|道|巷|弄|胡同)[0-9０-９一二三四五六七八九十百]{1,5}号(?:[0-9０-９A-Za-z\-栋幢座单元室楼层号]{0,16})",
    ),
)
_NAMED = {name: f"(?P<{name}>{pattern})" for name, _, pattern in _PARTS}
_ANY = re.compile("|".join(_NAMED.values()))
# an address is looked for at every word, at half the cost of all: only where there is a house number
_NO_ADDRESS = re.compile("|".join(pattern for name, pattern in _NAMED.items() if name != "address"))
_REPLACEMENT = {name: replacement for name, replacement, _ in _PARTS}
# a text without any of these cannot hold what the pattern finds
_TRIGGER = re.compile(r"[0-9０-９@]")


def redact(text: str, known: Iterable[tuple[str, str]] = ()) -> str:
    """The text with personal data replaced by its kind in brackets.

    `known` are values from the other fields of the form, each with what replaces it: a name is found there
    and not by guessing. What a person wrote in an unforeseen way may remain; the agent sees the result.
    """
    for value, replacement in known:
        if len(value) > 1:
            text = text.replace(value, replacement)
    if _TRIGGER.search(text) is None:
        return text
    pattern = _ANY if "号" in text else _NO_ADDRESS
    return pattern.sub(lambda found: _REPLACEMENT[str(found.lastgroup)], text)
