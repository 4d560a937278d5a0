"""What the service counts and measures, for Prometheus to read.

Each label has few values: routes that the service has, columns and tables of the project. So
whatever clients send, the number of series stays the same.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

POSTS = ("/predict", "/predict/batch", "/labels")
ROUTES = (*POSTS, "/health", "/ready", "/version", "/metrics")
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


COLUMN, TABLE = ("column",), ("table",)
SERIES: dict[str, tuple[Any, str, tuple[str, ...], dict[str, Any]]] = {  # labels, options
    "http_requests": (Counter, "Requests by route and status.", ("route", "status"), {}),
    "http_request_duration_seconds": (
        Histogram, "How long requests took, by route.", ("route",), {"buckets": SECONDS},
    ),
    "http_requests_in_progress": (Gauge, "Requests without an answer yet.", (), {}),
    "prediction_probability": (Histogram, "What was predicted.", (), {"buckets": TENTHS}),
    "prediction_missing_values": (Counter, "Missing values in the rows to predict.", COLUMN, {}),
    "prediction_unseen_categories": (
        Counter, "Values in the rows to predict that the training never saw.", COLUMN, {},
    ),
    "model": (Info, "The model in use.", (), {}),
    "model_trained_timestamp_seconds": (Gauge, "When it was trained.", (), {}),
    "model_training_positive_ratio": (Gauge, "Share of positives in its training.", (), {}),
    "model_training_missing_ratio": (Gauge, "Share of nulls in its training.", COLUMN, {}),
    "lookup_written_timestamp_seconds": (
        Gauge, "When a table that rows are joined with was written.", TABLE, {},
    ),
    "lookup_oldest_seconds": (Gauge, "How old it may be.", TABLE, {}),
    "alert_limit": (Gauge, "What may be reached before an alert.", ("name",), {}),
}  # fmt: skip


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        # Else each series gets a second one, which nobody looks at.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._series = {
            name: kind(name, what, labels, registry=self._registry, **options)
            for name, (kind, what, labels, options) in SERIES.items()
        }
        for route, status in product(POSTS, ("200", "422", "500", "503")):
            # A rate needs a 0 before the first one.
            self._series["http_requests"].labels(route, status)

    def limits(self, limits: Mapping[str, float]) -> None:
        """What may be reached before an alert; the rules of Prometheus read it here."""
        for name, value in limits.items():
            self._series["alert_limit"].labels(name).set(value)

    def running(self, change: int) -> None:
        """A request came (1) or was answered (-1)."""
        self._series["http_requests_in_progress"].inc(change)

    def request(self, route: str, status: int, seconds: float) -> None:
        """An answered request. A route that the service does not have is counted as `other`."""
        known = route if route in ROUTES else OTHER
        self._series["http_requests"].labels(known, str(status)).inc()
        self._series["http_request_duration_seconds"].labels(known).observe(seconds)

    def predictions(
        self, probability: Iterable[float], missing: Mapping[str, int], unseen: Mapping[str, int]
    ) -> None:
        """Predicted rows, with the number of missing and unseen values by column.

        Name each column also with 0: a rate sees the first value only if there was a 0 before.
        """
        for value in probability:
            self._series["prediction_probability"].observe(value)
        for column, values in missing.items():
            self._series["prediction_missing_values"].labels(column).inc(values)
        for column, values in unseen.items():
            self._series["prediction_unseen_categories"].labels(column).inc(values)

    def model(
        self,
        version: str,
        trained_at: datetime,
        expected: float | None = None,
        missing: Mapping[str, float] | None = None,
    ) -> None:
        """The model in use, with the shares of positive labels and of nulls in its training."""
        self._series["model"].info({"version": version})
        self._series["model_trained_timestamp_seconds"].set(trained_at.timestamp())
        if expected is not None:
            self._series["model_training_positive_ratio"].set(expected)
        for column, share in (missing or {}).items():
            self._series["model_training_missing_ratio"].labels(column).set(share)

    def lookup(self, table: str, written_at: datetime, oldest: timedelta | None = None) -> None:
        """When a table that rows are joined with was written, and how old it may be."""
        written = self._series["lookup_written_timestamp_seconds"]
        written.labels(table).set(written_at.timestamp())
        if oldest is not None:
            self._series["lookup_oldest_seconds"].labels(table).set(oldest.total_seconds())

    def expose(self) -> bytes:
        """All figures, in Prometheus' own format."""
        return generate_latest(self._registry)
