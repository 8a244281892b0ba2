"""Traces through every hop and metrics, by OpenTelemetry; a trace is chosen before the SDK is asked."""

from __future__ import annotations

import os
import random
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path

import orjson
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import (
    BatchSpanProcessor,
    SimpleSpanProcessor,
    SpanExporter,
    SpanExportResult,
)
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

Attributes = Mapping[str, str | int | float | bool]

#: how long a process that ends waits for its collector
HAND_OVER_SECONDS = 3.0

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_KINDS = {
    "server": SpanKind.SERVER,
    "consumer": SpanKind.CONSUMER,
    "producer": SpanKind.PRODUCER,
    "client": SpanKind.CLIENT,
    "internal": SpanKind.INTERNAL,
}

_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_ratio = 0.0
_tracer: trace.Tracer | None = None
_providers: list[TracerProvider | MeterProvider] = []


class FileExporter(SpanExporter):
    """Appends spans to a file as JSON lines, for a look at a trace without a collector (development)."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            context = span.get_span_context()
            assert context is not None
            line = {
                "trace_id": f"{context.trace_id:032x}",
                "span_id": f"{context.span_id:016x}",
                "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
                "service": span.resource.attributes.get("service.name"),
                "name": span.name,
                "start_ns": span.start_time,
                "end_ns": span.end_time,
                "attributes": dict(span.attributes or {}),
            }
            self._file.write(orjson.dumps(line) + b"\n")
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self._file.close()


def configure(
    service: str,
    *,
    otlp_endpoint: str | None = None,
    ratio: float = 0.01,
    trace_file: Path | None = None,
) -> None:
    """Begin to keep traces and metrics; without an endpoint and a file only ids are carried.

    `ratio` of the traces that begin here are kept; a trace that comes in keeps the decision it came with.
    """
    global _ratio, _tracer
    if otlp_endpoint is None and trace_file is None:
        return
    resource = Resource.create({"service.name": service})
    # at the end `shutdown` is called, which is not kept waiting
    provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
    if trace_file is not None:
        provider.add_span_processor(SimpleSpanProcessor(FileExporter(trace_file)))
    if otlp_endpoint is not None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        base = otlp_endpoint.rstrip("/")
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{base}/v1/traces")))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=f"{base}/v1/metrics"))
        meters = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
        metrics.set_meter_provider(meters)
        _providers.append(meters)
    _providers.append(provider)
    _tracer = provider.get_tracer("kehu")
    _ratio = ratio


def shutdown() -> None:
    """Hand over what has been collected; what a collector does not take within seconds is given up."""
    global _tracer
    _tracer = None
    handing_over = threading.Thread(target=_hand_over, daemon=True)
    handing_over.start()
    handing_over.join(HAND_OVER_SECONDS)


def _hand_over() -> None:
    while _providers:
        _providers.pop().shutdown()


# -- trace context (W3C) -------------------------------------------------------------------------


def new_traceparent(*, sampled: bool | None = None) -> str:
    """The beginning of a trace; kept by the configured ratio unless said."""
    if sampled is None:
        sampled = _tracer is not None and random.random() < _ratio  # noqa: S311
    random_bytes = os.urandom(24).hex()
    return f"00-{random_bytes[:32]}-{random_bytes[32:]}-{'01' if sampled else '00'}"


def traceparent_now() -> str | None:
    """What to pass on to whoever is called or told from here."""
    return _current.get()


def trace_id_now() -> str | None:
    """The id under which an operator finds everything about the request at hand."""
    now = _current.get()
    return now[3:35] if now else None


def is_sampled(traceparent: str) -> bool:
    """Whether the trace is kept."""
    return int(traceparent[-2:], 16) & 1 == 1


@contextmanager
def span(
    name: str, *, kind: str = "internal", parent: str | None = None, attributes: Attributes | None = None
) -> Iterator[trace.Span | None]:
    """Work of its own in the trace of `parent`, or of what is at hand, or in a new one; None where it is not kept.

    Within it `traceparent_now` leads here. A malformed parent begins a new trace. The SDK is called only
    for traces that are kept. `attributes` never hold personal data.
    """
    parent = parent or _current.get()
    if parent is None or _TRACEPARENT.fullmatch(parent) is None:
        parent, begins = new_traceparent(), True
    else:
        begins = False
    if _tracer is None or not is_sampled(parent):
        reset = _current.set(parent)
        try:
            yield None
        finally:
            _current.reset(reset)
        return
    context = None if begins else _below(parent)
    with _tracer.start_as_current_span(
        name, context, _KINDS[kind], attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        own = current.get_span_context()
        reset = _current.set(f"00-{own.trace_id:032x}-{own.span_id:016x}-01")
        try:
            yield current
        except Exception as error:
            # by its class: a database quotes the row in its text
            current.set_status(trace.StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            _current.reset(reset)


@contextmanager
def within(traceparent: str | None) -> Iterator[None]:
    """Work for a request that another task took: what is told meanwhile is told in its trace."""
    reset = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(reset)


def happened(name: str, *, kind: str, parent: str | None, began: datetime) -> None:
    """Work that was done for many at once, told in the trace of one of them: from `began` until now."""
    if _tracer is None or parent is None or _TRACEPARENT.fullmatch(parent) is None or not is_sampled(parent):
        return
    start = int(began.timestamp() * 1e9)
    _tracer.start_span(name, _below(parent), _KINDS[kind], start_time=start).end()


def _below(parent: str) -> Context:
    above = SpanContext(int(parent[3:35], 16), int(parent[36:52], 16), True, TraceFlags(1))
    return trace.set_span_in_context(NonRecordingSpan(above))


# -- metrics -------------------------------------------------------------------------------------


def counter(name: str, unit: str, description: str) -> metrics.Counter:
    """A sum that only grows; usable before `configure`."""
    return metrics.get_meter("kehu").create_counter(name, unit, description)


def histogram(name: str, unit: str, description: str) -> metrics.Histogram:
    """A distribution, as of durations."""
    return metrics.get_meter("kehu").create_histogram(name, unit, description)


def gauge(name: str, unit: str, description: str) -> metrics._Gauge:
    """A value as it was last set."""
    return metrics.get_meter("kehu").create_gauge(name, unit, description)
