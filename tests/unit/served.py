"""Logs of a service, as it writes them, for tests of what watches it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from builders import PROJECT, examples

from keel.monitoring.observed import Observed, observe
from keel.project.description import Project
from keel.serving.log import Log

JULY = date(2013, 7, 1)
CLOCK = datetime(2026, 11, 24, 9, tzinfo=UTC)
NOTICE = timedelta(hours=2)


class Served:
    """A service's log below a folder; its clock goes with what it predicts."""

    def __init__(self, root: Path, at: datetime = CLOCK, project: Project = PROJECT) -> None:
        self.root = root
        self.at = at
        self._project = project
        self._log = Log(root, project, 10_000, lambda: self.at)
        self._requests = 0

    def predict(  # noqa: PLR0913 -- all that a test may care about
        self,
        rows: pl.DataFrame,
        predicted: pl.Series | Sequence[float] | float = 0.2,
        *,
        model: str = "aaaaaaaaaaaa",
        unseen: Sequence[str] = (),
        seconds: float = 0.01,
        at: datetime | None = None,
        route: str = "/predict/batch",
    ) -> None:
        """A request that is answered `at` a time, by default that of its first example."""
        if at or self._project.time:
            self.at = at or rows.select(self._project.moment).item(0, 0)
        self._requests += 1
        name = f"r{self._requests}"
        values = [predicted] * len(rows) if isinstance(predicted, float) else predicted
        task = self._project.task
        answers: list[dict[str, Any]] = [
            {"row": row, **answer, "unseen": list(unseen)}
            for row, answer in enumerate(task.answers(pl.Series(values, dtype=task.dtype)))
        ]
        self._log.predictions(name, model, answers, rows.to_dicts())
        self.request(name, status=200, rows=len(rows), seconds=seconds, route=route)

    def request(
        self,
        name: str = "none",
        *,
        status: int,
        rows: int | None = None,
        seconds: float = 0.01,
        fields: Sequence[str] = (),
        route: str = "/predict/batch",
    ) -> None:
        """A request's own line."""
        self._log.request(
            request=name,
            route=route,
            status=status,
            rows=rows,
            seconds=seconds,
            problems=[{"field": field, "reason": "is wrong"} for field in fields],
        )

    def label(self, rows: pl.DataFrame, labels: Sequence[Any] | bool) -> None:
        """What came of examples."""
        values = [labels] * len(rows) if isinstance(labels, bool) else labels
        label = self._project.label
        dtype = self._project.examples.columns()[label].dtype
        self._log.labels(rows.with_columns(pl.Series(label, values, dtype)))

    def tear(self, kind: str) -> None:
        """Half a line, as a crash leaves it."""
        for file in (self.root / "served" / kind).iterdir():
            with file.open("a", encoding="utf-8") as lines:
                lines.write('{"at": "2026-11-24T09')

    def days(self, count: int, rows: int, first: date = JULY, **columns: Any) -> None:
        """So many days with as many rows each, whose labels come a day later: a third is true."""
        before: pl.DataFrame | None = None
        for n in range(count):
            today = on(first + timedelta(days=n), rows, **columns)
            self.predict(today, [0.9 if row % 3 == 0 else 0.1 for row in range(rows)])
            if before is not None:
                self.label(before, [row % 3 == 0 for row in range(rows)])
            before = today
            self.at += timedelta(seconds=1)

    def observed(self) -> Observed:
        return observe(self._project, self.root)


def on(day: date, rows: int = 1, **columns: Any) -> pl.DataFrame:
    """Examples of a day, decided at noon in New York."""
    noon = datetime(day.year, day.month, day.day, 16, tzinfo=UTC)
    moments = {"decision_time": [noon] * rows, "scheduled_departure": [noon + NOTICE] * rows}
    return examples(**moments, **{name: [value] * rows for name, value in columns.items()})
