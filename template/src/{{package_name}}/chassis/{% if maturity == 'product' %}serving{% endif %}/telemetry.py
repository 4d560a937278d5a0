# Keel keeps this file up to date.
"""What the service counts and measures, for Prometheus to read.

Each label has few values: routes that the service has, columns and tables of the project. So
whatever clients send, the number of series stays the same.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.process_collector import ProcessCollector

ROUTES = ("/predict", "/predict/batch", "/labels", "/health", "/ready", "/version", "/metrics")
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "http_requests", "Requests by route and status.", ["route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "http_request_duration_seconds",
            "How long requests took, by route.",
            ["route"],
            registry=registry,
            buckets=SECONDS,
        )
        self._running = Gauge(
            "http_requests_in_progress", "Requests without an answer yet.", registry=registry
        )
        self._predictions = Predictions(registry)
        self._model = Info("model", "The model in use.", registry=registry)
        self._trained = Gauge(
            "model_trained_timestamp_seconds", "When it was trained.", registry=registry
        )
        self._expected = Gauge(
            "model_training_positive_ratio", "Positive labels in its training.", registry=registry
        )
        self._written = Gauge(
            "lookup_written_timestamp_seconds",
            "When a table that rows are joined with was written.",
            ["table"],
            registry=registry,
        )

    def running(self, change: int) -> None:
        """A request came (1) or was answered (-1)."""
        self._running.inc(change)

    def request(self, route: str, status: int, seconds: float) -> None:
        """An answered request. A route that the service does not have is counted as `other`."""
        known = route if route in ROUTES else OTHER
        self._requests.labels(known, str(status)).inc()
        self._seconds.labels(known).observe(seconds)

    def predictions(
        self, probability: pl.Series, missing: Mapping[str, int], unseen: Mapping[str, int]
    ) -> None:
        """Predicted rows, with the number of missing and unseen values by column.

        Name each column also with 0: a rate sees the first value only if there was a 0 before.
        """
        self._predictions.add(probability, missing, unseen)

    def model(self, version: str, trained_at: datetime, expected: float | None = None) -> None:
        """The model in use; `expected` is the share of positive labels in its training."""
        self._model.info({"version": version})
        self._trained.set(trained_at.timestamp())
        if expected is not None:
            self._expected.set(expected)

    def lookup(self, table: str, written_at: datetime) -> None:
        """When a table that rows are joined with was written."""
        self._written.labels(table).set(written_at.timestamp())

    def expose(self) -> tuple[bytes, str]:
        """All figures, and the media type that they are written in."""
        return generate_latest(self.registry), CONTENT_TYPE_PLAIN_0_0_4


class Predictions:
    """What was predicted, and from what."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._probability = Histogram(
            "prediction_probability", "What was predicted.", registry=registry, buckets=TENTHS
        )
        self._missing = Counter(
            "prediction_missing_values",
            "Missing values in the rows to predict.",
            ["column"],
            registry=registry,
        )
        self._unseen = Counter(
            "prediction_unseen_categories",
            "Values in the rows to predict that the training never saw.",
            ["column"],
            registry=registry,
        )

    def add(
        self, probability: pl.Series, missing: Mapping[str, int], unseen: Mapping[str, int]
    ) -> None:
        for value in probability:
            self._probability.observe(value)
        for column, values in missing.items():
            self._missing.labels(column).inc(values)
        for column, values in unseen.items():
            self._unseen.labels(column).inc(values)
