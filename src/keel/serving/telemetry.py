"""What the service counts and measures, for Prometheus to read.

Each label has few values: routes that the service has, columns and tables of the project. So
whatever clients send, the number of series stays the same.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import product

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


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        # Else each series gets a second one, which nobody looks at.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        histogram = partial(Histogram, registry=registry)
        self._requests = counter(
            "http_requests", "Requests by route and status.", ["route", "status"]
        )
        self._seconds = histogram(
            "http_request_duration_seconds",
            "How long requests took, by route.",
            ["route"],
            buckets=SECONDS,
        )
        self._running = gauge("http_requests_in_progress", "Requests without an answer yet.")
        self._probability = histogram(
            "prediction_probability", "What was predicted.", buckets=TENTHS
        )
        self._missing = counter(
            "prediction_missing_values", "Missing values in the rows to predict.", ["column"]
        )
        self._unseen = counter(
            "prediction_unseen_categories", "Values to predict with, new to the model.", ["column"]
        )
        self._version = Info("model", "The model in use.", registry=registry)
        self._trained = gauge("model_trained_timestamp_seconds", "When it was trained.")
        self._expected = gauge(
            "model_training_positive_ratio", "Share of positive labels in its training."
        )
        self._expected_missing = gauge(
            "model_training_missing_ratio", "Share of missing values in its training.", ["column"]
        )
        self._written = gauge(
            "lookup_written_timestamp_seconds", "When a table to join with was written.", ["table"]
        )
        self._oldest = gauge("lookup_oldest_seconds", "How old it may be.", ["table"])
        self._limit = gauge("alert_limit", "What may be reached before an alert.", ["name"])
        for route, status in product(POSTS, ("200", "422", "500", "503")):
            self._requests.labels(route, status)  # a rate needs a 0 before the first one

    def limits(self, limits: Mapping[str, float]) -> None:
        """What may be reached before an alert; the rules of Prometheus read it here."""
        for name, value in limits.items():
            self._limit.labels(name).set(value)

    def running(self, change: int) -> None:
        """A request came (1) or was answered (-1)."""
        self._running.inc(change)

    def request(self, route: str, status: int, seconds: float) -> None:
        """An answered request. A route that the service does not have is counted as `other`."""
        known = route if route in ROUTES else OTHER
        self._requests.labels(known, str(status)).inc()
        self._seconds.labels(known).observe(seconds)

    def predictions(
        self, probability: Iterable[float], missing: Mapping[str, int], unseen: Mapping[str, int]
    ) -> None:
        """Predicted rows, with the number of missing and unseen values by column.

        Name each column also with 0: a rate sees the first value only if there was a 0 before.
        """
        for value in probability:
            self._probability.observe(value)
        for column, values in missing.items():
            self._missing.labels(column).inc(values)
        for column, values in unseen.items():
            self._unseen.labels(column).inc(values)

    def model(
        self,
        version: str,
        trained_at: datetime,
        expected: float | None = None,
        missing: Mapping[str, float] | None = None,
    ) -> None:
        """The model in use, with the shares of positive labels and of nulls in its training."""
        self._version.info({"version": version})
        self._trained.set(trained_at.timestamp())
        if expected is not None:
            self._expected.set(expected)
        for column, share in (missing or {}).items():
            self._expected_missing.labels(column).set(share)

    def lookup(self, table: str, written_at: datetime, oldest: timedelta | None = None) -> None:
        """When a table that rows are joined with was written, and how old it may be."""
        self._written.labels(table).set(written_at.timestamp())
        if oldest is not None:
            self._oldest.labels(table).set(oldest.total_seconds())

    def expose(self) -> bytes:
        """All figures, in Prometheus' own format."""
        return generate_latest(self._registry)
