"""What was released stays readable, in both directions, and cannot be changed unnoticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import pytest
from contracts.enums import Open
from contracts.examples import EXAMPLES
from contracts.message import MESSAGES, Entry, Event, Instant, Message, decode, encode
from contracts.release import Incompatible, Release
from contracts.schemas import schema_of
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel

from contracts import release

EVERY_RELEASE = pytest.mark.parametrize("released", release.releases(), ids=lambda r: f"{r.type}-{r.number}")


@EVERY_RELEASE
def test_todays_class_reads_every_released_example_and_keeps_every_field(released: Release) -> None:
    assert released.examples
    for example in released.examples:
        read = decode(released.type, json.dumps(example).encode())
        again = json.loads(encode(read))
        assert {name: again[name] for name in example} == example


@EVERY_RELEASE
def test_todays_examples_are_valid_under_every_released_schema(released: Release) -> None:
    validator = Draft202012Validator(released.schema, format_checker=FormatChecker())
    for example in EXAMPLES[MESSAGES[released.type]]:
        validator.validate(json.loads(encode(example)))


def test_nothing_is_unreleased_and_nothing_released_is_broken() -> None:
    assert release.unreleased() == []


def test_no_released_file_was_changed_added_or_taken_away() -> None:
    assert release.tampered() == []


def test_every_message_has_examples_that_show_each_nullable_field_with_and_without_a_value() -> None:
    assert set(EXAMPLES) == set(MESSAGES.values())
    for message, examples in EXAMPLES.items():
        for name, field in schema_of(message)["properties"].items():
            if {"type": "null"} in field.get("anyOf", ()):
                shown = {getattr(example, name) is None for example in examples}
                assert shown == {True, False}, f"{message.TYPE} {name}"


class Size(StrEnum):
    SMALL = "small"


class LargerSize(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Part(BaseModel):
    weight: int


class HeavierPart(BaseModel):
    weight: int | None


class Sent(Event):
    """A message of the tests' own, in no registry, as it was first released."""

    TYPE: ClassVar[str] = "parcel.sent.v1"

    parcel_id: UUID
    at: Instant
    size: Open[Size]
    parts: list[Part]


class SentWithMore(Sent):
    via: str | None = None


class SentInMoreSizes(Sent):
    size: Open[LargerSize]  # type: ignore[assignment]


class SentWithSomethingRequired(Sent):
    via: str


class SentAtNoTime(Sent):
    at: Instant | None  # type: ignore[assignment]


class SentPerhaps(Sent):
    at: Instant = datetime(2026, 3, 2, tzinfo=UTC)


class SentInOtherParts(Sent):
    parts: list[HeavierPart]  # type: ignore[assignment]


class SentWithoutParts(Event):
    TYPE: ClassVar[str] = "parcel.sent.v1"

    parcel_id: UUID
    at: Instant
    size: Open[Size]


class Lost(Entry):
    TYPE: ClassVar[str] = "parcel.lost.v1"


def one_of(message: type[Message], **more: Any) -> release.Examples:
    """An example of one of the classes above, by class."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    values = {"parcel_id": UUID(int=1), "at": at, "size": Size.SMALL, "parts": [{"weight": 3}], **more}
    return {message: [message.model_validate(values)]}


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob("**/*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder in which `parcel.sent.v1` has been released once."""
    assert [(each.type, each.number) for each in release.release(one_of(Sent), tmp_path)] == [("parcel.sent.v1", 1)]
    return tmp_path


def test_a_release_keeps_schema_examples_and_digests(root: Path) -> None:
    assert set(files(root)) == {
        "MANIFEST.sha256",
        "parcel.sent.v1/1.schema.json",
        "parcel.sent.v1/1.examples.json",
    }
    (released,) = release.releases(root)
    assert released.schema == schema_of(Sent)
    assert released.examples == [
        {
            "parcel_id": "00000000-0000-0000-0000-000000000001",
            "at": "2026-03-02T00:00:00Z",
            "size": "small",
            "parts": [{"weight": 3}],
        }
    ]


def test_what_has_not_changed_is_not_released_again(root: Path) -> None:
    before = files(root)

    assert release.release(one_of(Sent), root) == []
    assert files(root) == before


@pytest.mark.parametrize("changed", [SentWithMore, SentInMoreSizes])
def test_a_compatible_change_is_released_beside_what_was(root: Path, changed: type[Message]) -> None:
    before = files(root)

    (fresh,) = release.release(one_of(changed), root)

    assert (fresh.type, fresh.number) == ("parcel.sent.v1", 2)
    after = files(root)
    assert {name: after[name] for name in before if name != release.MANIFEST} == {
        name: content for name, content in before.items() if name != release.MANIFEST
    }
    assert release.tampered(root) == []
    assert release.release(one_of(changed), root) == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (SentWithoutParts, "parcel.sent.v1/parts is removed"),
        (SentWithSomethingRequired, "parcel.sent.v1/via is required, and older messages may lack it"),
        (SentAtNoTime, "parcel.sent.v1/at has another type"),
        (SentPerhaps, "parcel.sent.v1/at is no longer required"),
        (SentInOtherParts, "parcel.sent.v1/parts/*/weight has another type"),
    ],
)
def test_an_incompatible_change_is_refused_and_nothing_is_written(
    root: Path, changed: type[Message], reason: str
) -> None:
    before = files(root)

    with pytest.raises(Incompatible) as refused:
        release.release(one_of(changed, via="sea"), root)

    assert str(refused.value) == reason
    assert files(root) == before


def test_what_a_later_release_has_added_cannot_go_again(root: Path) -> None:
    release.release(one_of(SentWithMore, via="sea"), root)

    with pytest.raises(Incompatible, match="via is removed"):
        release.release(one_of(Sent), root)


def test_a_released_message_cannot_go(root: Path) -> None:
    with pytest.raises(Incompatible, match=r"parcel\.sent\.v1 is gone"):
        release.release({Lost: [Lost()]}, root)


def change(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace("small", "tiny"), "utf-8")


@pytest.mark.parametrize(
    ("harm", "noticed"),
    [
        (change, "parcel.sent.v1/1.examples.json was changed"),
        (Path.unlink, "parcel.sent.v1/1.examples.json is missing"),
        (
            lambda path: path.with_name("2.examples.json").write_text("[]"),
            "parcel.sent.v1/2.examples.json was not released",
        ),
        (lambda path: (path.parents[1] / release.MANIFEST).unlink(), "parcel.sent.v1/1.examples.json was not released"),
    ],
    ids=["changed", "removed", "added", "without a manifest"],
)
def test_a_released_file_that_is_touched_is_noticed_and_stops_releases(
    root: Path, harm: Callable[[Path], object], noticed: str
) -> None:
    harm(root / "parcel.sent.v1" / "1.examples.json")

    assert noticed in release.tampered(root)
    with pytest.raises(Incompatible, match=noticed):
        release.release(one_of(SentWithMore), root)
