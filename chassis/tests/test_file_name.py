"""What a file is called, however it was written."""

from __future__ import annotations

from email.message import Message
from urllib.parse import quote

import pytest
from chassis.file_name import MOST, NameUnreadable, cleaned, disposition, name_in, name_saved


@pytest.mark.rule("P05.4")
@pytest.mark.parametrize(
    ("came", "kept"),
    [
        ("王芳 来信.pdf", "王芳 来信.pdf"),
        ("/home/wang/来信.pdf", "来信.pdf"),
        (r"C:\用户\王芳\来信.pdf", "来信.pdf"),
        ("../../etc/passwd", "passwd"),
        ("照片\x00\r\n\x1b[31m.jpg", "照片[31m.jpg"),
        ("\u202egpj.exe\u2066\u200f", "gpj.exe"),
        ("e\u0301.png", "\u00e9.png"),
        (" a\u3000b\u00a0c.txt ", "a b c.txt"),
        ("..", None),
        ("信/", None),
        ("\u200b\u202e", None),
        ("", None),
    ],
)
def test_a_name_is_kept_without_path_and_without_what_is_not_seen(came: str, kept: str | None) -> None:
    assert cleaned(came) == kept


@pytest.mark.rule("P05.4")
@pytest.mark.parametrize("spare", range(4))
def test_a_long_name_keeps_its_ending_and_no_character_is_cut(spare: int) -> None:
    name = "a" * spare + "车" * 200 + ".jpg"
    kept = cleaned(name)
    assert kept is not None
    assert kept.endswith("车.jpg")
    assert MOST - 3 < len(kept.encode()) <= MOST
    assert name.startswith(kept.removesuffix(".jpg"))


@pytest.mark.rule("P05.4")
def test_what_follows_a_full_stop_far_from_the_end_is_no_ending() -> None:
    kept = cleaned("第一句." + "话" * 100)
    assert kept is not None
    assert kept == "第一句." + "话" * ((MOST - len("第一句.".encode())) // 3)


@pytest.mark.parametrize(
    ("content_type", "name"),
    [
        ("audio/mpeg; name*=UTF-8''%E9%80%9A%E8%AF%9D.mp3", "通话.mp3"),
        ("audio/mpeg; name*=utf-8'zh'%E9%80%9A%E8%AF%9D%3B%22.mp3", '通话;".mp3'),
        ('text/plain; charset=utf-8; name="a b; c.txt"', "a b; c.txt"),
        ("text/plain; name=a.txt", "a.txt"),
        ("text/plain; name*=UTF-8''%2Fetc%2Fpasswd", "passwd"),
        ("text/plain", None),
        ("", None),
    ],
)
def test_a_name_comes_with_the_content_type(content_type: str, name: str | None) -> None:
    assert name_in(content_type) == name


@pytest.mark.parametrize(
    "written",
    ["name*=UTF-8''%FF%FE.mp3", "name*=GBK''%CD%A8.mp3", "name*=%E9%80%9A.mp3", 'name="\xe9\x80\x9a.mp3"'],
)
def test_a_name_that_is_not_percent_encoded_in_utf_8_is_refused(written: str) -> None:
    with pytest.raises(NameUnreadable):
        name_in(f"audio/mpeg; {written}")


@pytest.mark.parametrize("name", ["通话.mp3", "it's (1) 100%*.mp3", 'a"b\\c;d.mp3', "a.mp3"])
def test_a_browser_reads_the_name_back_that_was_sent(name: str) -> None:
    said = Message()
    said["content-disposition"] = disposition(name, "0190")
    assert said.get_filename() == "0190"  # what comes first is for readers of before RFC 6266
    assert said["content-disposition"].isascii()
    assert said["content-disposition"].endswith(f"; filename*=UTF-8''{quote(name, safe='')}")


@pytest.mark.rule("P05.4")
@pytest.mark.parametrize("name", ["通话.mp3", "it's (1) 100%*.mp3", "a.mp3", None])
def test_another_service_reads_the_name_back_and_takes_no_id_for_one(name: str | None) -> None:
    assert name_saved(disposition(name, "0190")) == name


def test_a_name_that_another_service_writes_otherwise_is_refused() -> None:
    assert name_saved("attachment; filename*=UTF-8''..%2F..%2Fa.mp3") == "a.mp3"
    assert name_saved("") is None
    with pytest.raises(NameUnreadable):
        name_saved("attachment; filename*=UTF-8''%FF.mp3")


def test_a_file_without_a_name_is_saved_under_its_id() -> None:
    assert disposition(None, "0190") == 'attachment; filename="0190"'
