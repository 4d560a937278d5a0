"""What the service counts and measures, for Prometheus to read.

Each label has few values: routes that the service has, columns and tables of the project. So
whatever clients send, the number of series stays the same.

Of several workers each shows the figures of all: Prometheus' client keeps them in files of the
folder that the environment variable `WORKERS` names, if it is set before the client is imported.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from keel.project.task import Task

WORKERS = "PROMETHEUS_MULTIPROC_DIR"
POSTS = ("/predict", "/predict/batch", "/labels")
ROUTES = (*POSTS, "/health", "/ready", "/version", "/metrics")
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TENTHS = {"buckets": tuple(tenth / 10 for tenth in range(1, 11))}
COLUMN, TABLE, CLASS = ("column",), ("table",), ("class",)
WORST, SUM = {"multiprocess_mode": "livemin"}, {"multiprocess_mode": "livesum"}  # of the workers
Series = Mapping[str, tuple[Any, str, tuple[str, ...], Mapping[str, Any]]]  # …, labels, options

SERIES: Series = {
    "http_requests": (Counter, "Requests by route and status.", ("route", "status"), {}),
    "http_request_duration_seconds": (
        Histogram, "How long requests took, by route.", ("route",), {"buckets": SECONDS},
    ),
    "http_requests_in_progress": (Gauge, "Requests without an answer yet.", (), SUM),
    "prediction_missing_values": (Counter, "Missing values in the rows to predict.", COLUMN, {}),
    "prediction_unseen_categories": (
        Counter, "Values in the rows to predict that the training never saw.", COLUMN, {},
    ),
    "model_info": (Gauge, "The model in use.", ("version",), {}),
    "model_trained_timestamp_seconds": (Gauge, "When it was trained.", (), {}),
    "model_training_missing_ratio": (Gauge, "Share of nulls in its training.", COLUMN, {}),
    "lookup_newest_timestamp_seconds": (
        Gauge, "When the newest row is of, in a table that rows are joined with.", TABLE, WORST,
    ),
    "lookup_oldest_seconds": (Gauge, "How old it may be.", TABLE, {}),
    "log_size_bytes": (Gauge, "What the prediction log takes.", (), {}),
    "log_free_bytes": (Gauge, "What is left on its disk.", (), WORST),
    "alert_limit": (Gauge, "What may be reached before an alert.", ("name",), {}),
}  # fmt: skip
YES_NO: Series = {
    "predictions": (Counter, "Predicted rows.", (), {}),
    "prediction_probability": (Histogram, "What was predicted.", (), TENTHS),
    "model_training_positive_ratio": (Gauge, "Share of positives in its training.", (), {}),
}
CLASSES: Series = {
    "predictions": (Counter, "Predicted rows, by the likeliest class.", CLASS, {}),
    "prediction_probability": (Histogram, "What was predicted of each class.", CLASS, TENTHS),
    "prediction_confidence": (Histogram, "The probability of the likeliest class.", (), TENTHS),
    "model_training_class_ratio": (Gauge, "Share of each class in its training.", CLASS, {}),
}
NUMBER: Series = {
    "predictions": (Counter, "Predicted rows.", (), {}),
    "prediction_value": (Histogram, "What was predicted.", (), {}),  # by quantiles in training
    "model_training_label": (Gauge, "Quantiles of labels in its training.", ("quantile",), {}),
}


class Metrics:
    """The figures of one service, in a registry of its own."""

    def __init__(self, task: Task, version: str, passport: Mapping[str, Any]) -> None:
        """Of what is predicted, by the model of this version and passport."""
        # Else each series gets a second one, which nobody looks at.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no types
        self._task = task
        self._registry = CollectorRegistry()
        self._folder = os.environ.get(WORKERS, "")
        self._shown = CollectorRegistry() if self._folder else self._registry
        if self._folder:
            MultiProcessCollector(self._shown, self._folder)  # type: ignore[no-untyped-call]  # the same
            self._shown.register(Processes(self._folder))
        else:
            ProcessCollector(registry=self._registry)
        quantiles = _quantiles(passport["training"])
        predicted = CLASSES if task.classes else YES_NO if task.has_probabilities else NUMBER
        own = {"prediction_value": {"buckets": sorted(set(quantiles.values()))}}
        usual = {Gauge: {"multiprocess_mode": "livemax"}}
        self._series = {
            name: kind(
                name,
                what,
                labels,
                registry=self._registry,
                **{**usual.get(kind, {}), **own.get(name, options)},
            )
            for name, (kind, what, labels, options) in {**SERIES, **predicted}.items()
        }
        # A rate needs a 0 before the first one.
        for route, status in product(POSTS, ("200", "422", "500", "503")):
            self._series["http_requests"].labels(route, status)
        self._predicted([])
        self._model(version, passport, quantiles)

    def _model(
        self, version: str, passport: Mapping[str, Any], quantiles: Mapping[float, float]
    ) -> None:
        """The model in use, with the labels and the shares of nulls in its training."""
        trained_at, training = datetime.fromisoformat(passport["trained_at"]), passport["training"]
        self.set("model_info", 1, version)
        self.set("model_trained_timestamp_seconds", trained_at.timestamp())
        if "share_positive" in training:
            self.set("model_training_positive_ratio", training["share_positive"])
        for name, values in (
            ("model_training_class_ratio", training.get("shares", {})),
            ("model_training_label", quantiles),
            ("model_training_missing_ratio", training.get("missing", {})),
        ):
            for label, value in values.items():
                self.set(name, value, str(label))

    def set(self, name: str, value: float, *labels: str) -> None:
        """What one of the gauges of `SERIES` shows from now on."""
        gauge = self._series[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def running(self, change: int) -> None:
        """A request came (1) or was answered (-1)."""
        self._series["http_requests_in_progress"].inc(change)

    def request(self, route: str, status: int, seconds: float) -> None:
        """An answered request. A route that the service does not have is counted as `other`."""
        known = route if route in ROUTES else OTHER
        self._series["http_requests"].labels(known, str(status)).inc()
        self._series["http_request_duration_seconds"].labels(known).observe(seconds)

    def predictions(
        self,
        answers: Sequence[Mapping[str, Any]],
        missing: Mapping[str, int],
        unseen: Mapping[str, int],
    ) -> None:
        """Predicted rows, with the number of missing and unseen values by column.

        Name each column also with 0: a rate sees the first value only if there was a 0 before.
        """
        self._predicted(answers)
        for column, values in missing.items():
            self._series["prediction_missing_values"].labels(column).inc(values)
        for column, values in unseen.items():
            self._series["prediction_unseen_categories"].labels(column).inc(values)

    def expose(self) -> bytes:
        """All figures, in Prometheus' own format; those of all workers."""
        return generate_latest(self._shown)

    def _predicted(self, answers: Sequence[Mapping[str, Any]]) -> None:
        if self._task.classes:
            self._classified(answers)
            return
        watched = "prediction_probability" if self._task.has_probabilities else "prediction_value"
        self._series["predictions"].inc(len(answers))
        for answer in answers:
            self._series[watched].observe(answer[self._task.field])

    def _classified(self, answers: Sequence[Mapping[str, Any]]) -> None:
        """Each series is looked up once for all answers: that takes as long as to count."""
        probabilities = [answer[self._task.field] for answer in answers]
        for name in self._task.classes:
            likeliest = sum(answer["prediction"] == name for answer in answers)
            self._series["predictions"].labels(name).inc(likeliest)
            series = self._series["prediction_probability"].labels(name)
            for shares in probabilities:
                series.observe(shares[name])
        for shares in probabilities:
            self._series["prediction_confidence"].observe(max(shares.values()))


class Processes(Collector):
    """What the system says of each worker's process, and nothing of one that has ended."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        files = Path(self._folder).glob("*_*.db")
        for worker in sorted({int(file.stem.rpartition("_")[2]) for file in files}):
            of_one = ProcessCollector(pid=partial(int, worker), registry=None)
            for family in of_one.collect():
                known = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    known.add_sample(sample.name, {"worker": str(worker)}, sample.value)
        yield from families.values()


def _quantiles(training: Mapping[str, Any]) -> dict[float, float]:
    """Those that a passport has of the labels, by their share."""
    return {int(n[1:]) / 100: training[n] for n in training if re.fullmatch(r"q\d\d", n)}
