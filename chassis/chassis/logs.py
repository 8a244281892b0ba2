"""One JSON line an event, without personal data: fields are checked, and an exception gives its kind and place only."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
import structlog

from chassis import telemetry

_LONGEST = 200
#: for how long a library's message is not repeated
QUIET_SECONDS = 5.0
_MOST_TOLD = 1000
_FRAMES = 12
# what looks like a phone, a plate, a VIN, an identity number or an address of mail, wherever it stands
_PERSONAL = re.compile(
    r"(?<![\w-])(?:\+?86[\s-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}(?![\w-])"
    r"|(?<![\w-])0\d{2,3}[\s-]\d{7,8}(?![\w-])"
    r"|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-Z][\s·]?[A-Z0-9]{5,6}"
    r"|(?<![\w-])(?=[A-HJ-NPR-Z0-9]*[A-Z])(?=[A-HJ-NPR-Z0-9]*\d)[A-HJ-NPR-Z0-9]{17}(?![\w-])"
    r"|(?<![\w-])\d{17}[\dXx](?![\w-])"
    r"|[^@\s\"']+@[^@\s\"']+\.[a-zA-Z]{2,}"
)
REMOVED = "[removed]"


def without_personal(text: str) -> str:
    """The text with whatever looks like a person's number or address replaced."""
    return _PERSONAL.sub(REMOVED, text)


def configure(service: str, environment: str, stream: Any = None) -> None:
    """Send every log line of the process, ours and the libraries', to standard output as JSON."""
    out = stream or sys.stdout.buffer
    structlog.configure(
        processors=[_common(service, environment), _exception, _safe, _render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(out),
        cache_logger_on_first_use=stream is None,
    )
    handler = _Foreign()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "aiokafka", "sqlalchemy", "faststream", "alembic", "httpx"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(logging.WARNING)


def _common(service: str, environment: str) -> structlog.typing.Processor:
    def add(logger: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"] = datetime.now(UTC).isoformat(timespec="milliseconds")
        event["level"] = level
        event["service"] = service
        event["environment"] = environment
        trace_id = telemetry.trace_id_now()
        if trace_id is not None:
            event["trace_id"] = trace_id
        return event

    return add


def _exception(logger: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An exception by its classes and code locations. Its text stays out: a database quotes the row in it."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()[1]
    elif isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        chain: list[str] = []
        seen: BaseException | None = error
        while seen is not None and len(chain) < 5:
            chain.append(type(seen).__name__)
            seen = seen.__cause__ or seen.__context__
        event["exception"] = chain
        event["where"] = places(error.__traceback__)
    return event


def places(trace: TracebackType | None) -> list[str]:
    """The innermost frames as `file:line function`, nothing of what they held."""
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{'/'.join(Path(f.filename).parts[-2:])}:{f.lineno} {f.name}" for f in frames]


def _safe(logger: Any, level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str) and len(value) > 9 and name not in ("at", "trace_id", "route"):
            event[name] = without_personal(value[:_LONGEST])
    return event


def _render(logger: Any, level: str, event: MutableMapping[str, Any]) -> bytes:
    return orjson.dumps(event, default=lambda value: without_personal(str(value))[:_LONGEST])


class _Foreign(logging.Handler):
    """What libraries log: where and how bad, with the message only as far as it is a constant.

    The same message without an exception is told every few seconds at most, with how often it was left out: a client
    that looks for a broker says so forty times a second.
    """

    def __init__(self) -> None:
        super().__init__()
        #: by logger and message: since when it is kept quiet, and how often it came since
        self._told: dict[tuple[str, str], tuple[float, int]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        # the format string is the library's own; its arguments may be anybody's data
        said = str(record.msg)[:_LONGEST] if record.args or not record.exc_info else "exception"
        since, left_out = self._told.get((record.name, said), (-QUIET_SECONDS, 0))
        now = time.monotonic()
        if now - since < QUIET_SECONDS and not record.exc_info:
            self._told[record.name, said] = since, left_out + 1
            return
        if len(self._told) > _MOST_TOLD:
            self._told.clear()
        self._told[record.name, said] = now, 0
        more = {"left_out": left_out} if left_out else {}
        level = max(record.levelno, logging.INFO)
        structlog.get_logger().log(level, said, logger=record.name, exc_info=record.exc_info, **more)
