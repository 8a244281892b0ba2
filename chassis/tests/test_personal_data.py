"""What is personal is sealed for one row, compared by keyed tokens, and kept out of logs."""

from __future__ import annotations

import base64
import json
import logging
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import structlog
from chassis.kit.keys import write_keys
from chassis.logs import without_personal
from chassis.sealing import MasterKeys, Unreadable, derived, new_data_key, seal, unseal
from chassis.tokens import NotCanonical, Tokens, canonical
from contracts.customer import TokenKind

from chassis import logs


@pytest.mark.parametrize(
    "written",
    [
        "13800000000",
        "138 0000 0000",
        "+86 138-0000-0000",
        "0086 13800000000",
        "１３８００００００００",
        "(138)0000.0000",
    ],
)
def test_six_ways_of_writing_a_number_are_one(written: str) -> None:
    assert canonical(TokenKind.PHONE, written) == "+8613800000000"


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("021-5555 0000", "+862155550000"),
        ("(021) 55550000 转 12", "+862155550000"),
        ("400-800-1234", "+864008001234"),
        ("+81 3-1234-5678", "+81312345678"),
        ("0081 3 1234 5678", "+81312345678"),
    ],
)
def test_lines_service_numbers_and_other_countries_are_told_apart(written: str, number: str) -> None:
    assert canonical(TokenKind.PHONE, written) == number


@pytest.mark.parametrize("written", ["", "12", "nobody", "11000004999", "138000000001234567", "1" * 61])
def test_what_is_no_number_is_refused_and_not_repeated(written: str) -> None:
    with pytest.raises(NotCanonical) as refused:
        canonical(TokenKind.PHONE, written)
    assert not written or written not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        (TokenKind.PLATE, "沪A·12345", "沪 a 12345"),
        (TokenKind.VIN, "lsvaa4182e2123456", "LSVAA-4182E-2123456"),
        (TokenKind.VIN6, "LSVAA4182E2123456", "LSVBB4182E2123456"),
        (TokenKind.ID_NUMBER, "11010519491231002x", "110105 19491231 002X"),
        (TokenKind.MAIL, " Wang@Example.COM", "wang@example.com"),
    ],
)
def test_other_values_are_one_however_they_are_written(kind: TokenKind, one: str, other: str) -> None:
    assert canonical(kind, one) == canonical(kind, other)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        *(
            (f"{old}A·12345", f"{new}A12345")
            for old, new in zip("滬粵遼蘇魯雲貴陝寧贛瓊晉閩", "沪粤辽苏鲁云贵陕宁赣琼晋闽", strict=True)
        ),
        ("粵B1234學", "粤B1234学"),
        ("蘇A1234掛", "苏A1234挂"),
    ],
)
def test_a_plate_in_traditional_script_is_the_plate_in_simplified_script(traditional: str, simplified: str) -> None:
    assert canonical(TokenKind.PLATE, traditional) == canonical(TokenKind.PLATE, simplified) == simplified


def test_a_token_made_once_stays_what_it_is() -> None:
    assert Tokens([("t1", b"k" * 32)]).token(TokenKind.PLATE, "沪A·12345").hex() == "dfd388544ad047d6b1557b5bba742110"


def test_a_token_depends_on_key_and_kind_and_two_keys_are_valid_while_one_is_rotated(tmp_path: Path) -> None:
    old, new = os.urandom(32), os.urandom(32)
    before, during = Tokens([("t1", old)]), Tokens([("t2", new), ("t1", old)])
    phone = before.token(TokenKind.PHONE, "13800000000")
    assert len(phone) == 16
    assert phone == before.token(TokenKind.PHONE, "138-0000-0000")
    assert phone != Tokens([("t1", new)]).token(TokenKind.PHONE, "13800000000")
    assert during.all(TokenKind.PHONE, "13800000000")[1] == ("t1", phone)
    assert during.current_id == "t2"
    vin = "LSVAA4182E2123456"
    assert before.token(TokenKind.VIN, vin) != before.token(TokenKind.VIN6, vin)
    for keys in ([], [("t1", b"short")], [("a", old), ("b", old), ("c", old)]):
        with pytest.raises(ValueError, match="token keys"):
            Tokens(keys)
    (tmp_path / "t.json").write_text('{"keys": [{"id": "t1"}]}')
    with pytest.raises(ValueError, match="not a file of token keys"):
        Tokens.load(tmp_path / "t.json")


def test_a_sealed_value_opens_in_its_row_and_nowhere_else() -> None:
    key = new_data_key()
    sealed = seal(key, {"name": "王小芳"}, "probe:probes:1")
    assert unseal(key, sealed, "probe:probes:1") == {"name": "王小芳"}
    assert seal(key, {"name": "王小芳"}, "probe:probes:1") != sealed
    damaged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for other_key, ciphertext, place in (
        (key, sealed, "probe:probes:2"),
        (new_data_key(), sealed, "probe:probes:1"),
        (key, damaged, "probe:probes:1"),
        (key, sealed[:20], "probe:probes:1"),
        (key, b"", "probe:probes:1"),
    ):
        with pytest.raises(Unreadable):
            unseal(other_key, ciphertext, place)


def test_a_derived_key_is_the_same_for_one_purpose_and_another_for_every_other() -> None:
    key = new_data_key()
    assert derived(key, "file") == derived(key, "file")
    assert len({key, derived(key, "file"), derived(key, "row"), derived(new_data_key(), "file")}) == 4


def test_an_older_master_key_still_opens_what_it_wrapped_and_a_lost_one_does_not() -> None:
    one, two = os.urandom(32), os.urandom(32)
    wrapped = MasterKeys("m1", {"m1": one}).wrap(b"secret", "subject")
    rotated = MasterKeys("m2", {"m1": one, "m2": two})
    assert rotated.unwrap(wrapped, "subject") == b"secret"
    assert MasterKeys("m2", {"m2": two}).unwrap(rotated.wrap(b"x", "s"), "s") == b"x"
    for keys, ciphertext, bound in (
        (MasterKeys("m2", {"m2": two}), wrapped, "subject"),
        (rotated, wrapped, "another subject"),
        (rotated, wrapped[:-2], "subject"),
        (rotated, b"", "subject"),
    ):
        with pytest.raises(Unreadable):
            keys.unwrap(ciphertext, bound)


def test_a_key_file_that_others_can_read_or_that_is_unfit_is_refused(tmp_path: Path) -> None:
    master, _ = write_keys(tmp_path)
    MasterKeys.load(master)
    master.chmod(0o644)
    with pytest.raises(ValueError, match="chmod 600"):
        MasterKeys.load(master)
    master.chmod(0o600)
    short = base64.b64encode(b"short").decode()
    for content in ("{", "[]", '{"current": "m1", "keys": {}}', json.dumps({"current": "a", "keys": {"a": short}})):
        master.write_text(content)
        with pytest.raises(ValueError, match="master keys"):
            MasterKeys.load(master)


# -- logs ----------------------------------------------------------------------------------------


def test_a_line_says_when_where_and_how_bad(lines: Any) -> None:
    structlog.get_logger().info("request", status=200)
    structlog.get_logger().debug("nobody asked")
    (line,) = lines()
    assert (line["event"], line["level"], line["service"], line["environment"]) == ("request", "info", "probe", "test")
    assert line["at"].endswith("+00:00")


@pytest.mark.parametrize(
    "personal",
    [
        "13800000000",
        "+86 138-0000-0000",
        "021-55550000",
        "沪A·12345",
        "LSVAA4182E2123456",
        "11010519491231002X",
        "w@x.cn",
    ],
)
def test_what_looks_like_a_person_is_removed_from_a_line(lines: Any, personal: str) -> None:
    structlog.get_logger().warning("odd", said=f"it was {personal}, he said")
    assert personal not in json.dumps(lines(), ensure_ascii=False)


def test_an_exception_is_logged_by_kind_and_place_since_a_database_quotes_the_row(lines: Any) -> None:
    try:
        try:
            raise asyncpg.UniqueViolationError("Key (name)=(王小芳) already exists.")
        except asyncpg.UniqueViolationError as error:
            raise RuntimeError("王小芳") from error
    except RuntimeError as error:
        structlog.get_logger().error("failed", exc_info=error)
    (line,) = lines()
    assert line["exception"] == ["RuntimeError", "UniqueViolationError"]
    assert "test_personal_data.py" in line["where"][-1]
    assert "王小芳" not in json.dumps(line, ensure_ascii=False)


def test_what_a_library_says_again_and_again_is_told_every_few_seconds_with_how_often(
    lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = logging.getLogger("aiokafka")
    for _ in range(40):
        library.warning("cannot reach %s", "broker-1")
    library.warning("cannot send %s", "x")
    monkeypatch.setattr(logs, "QUIET_SECONDS", 0.0)
    library.warning("cannot reach %s", "broker-1")
    told = [(line["event"], line.get("left_out")) for line in lines()]
    assert told == [("cannot reach %s", None), ("cannot send %s", None), ("cannot reach %s", 39)]


def test_every_exception_of_a_library_is_told(lines: Any) -> None:
    for error in (ValueError("a"), KeyError("b")):
        try:
            raise error
        except Exception:
            logging.getLogger("asyncio").exception("never retrieved")
    assert [line["exception"] for line in lines()] == [["ValueError"], ["KeyError"]]


def test_the_arguments_of_a_librarys_line_stay_out(lines: Any) -> None:
    logging.getLogger("aiokafka").warning("cannot send %s", "王小芳")
    (line,) = lines()
    assert line["event"] == "cannot send %s"
    assert line["logger"] == "aiokafka"


def test_numbers_of_ours_stay_readable() -> None:
    for ours in (str(uuid4()), "2026-11-24T13:30:51.778+00:00", "complaint.events/11/1380000", "20261124-0001234-7"):
        assert without_personal(ours) == ours
