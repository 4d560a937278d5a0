"""What the model of a first run does, as cases for `tests/behaviour`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Literal

import polars as pl

from keel.project.description import Project
from keel.project.task import Classes, YesNo
from keel.start.plan import Plan
from keel.start.writing.code import NUMBERS, coded, listed, literal
from keel.testing.pipeline import Pipeline

LEAST_CORRELATION = 0.2  # of a column with the label, below which no test is made of it
TAIL = 0.1  # share of the test examples below "low" and above "high"
MOST_CASES = 3


class Behaviour:
    """What the model of a run does with its test examples, and with an ordinary one."""

    def __init__(self, plan: Plan, project: Project, run: Pipeline) -> None:
        self._project, self._task, self._model = project, project.task, run.model()
        self._rows, types = self._model.test_examples, run.examples().schema
        usual = {c.name: c.moment(c.usual) for c in coded(plan)}
        self._ordinary = pl.DataFrame(
            {n: pl.Series([usual.get(n)], dtype=t, strict=False) for n, t in types.items()}
        )
        named = {c.identifier for c in plan.columns if c.type in NUMBERS}
        self._numbers = [name for name in project.features if name in named]

    def cases(self) -> tuple[dict[str, Any], ...]:
        """Examples that anybody would tell; an ordinary one of a table that shows nothing else."""
        clear = self._clear_classes() if isinstance(self._task, Classes) else self._clear()
        return tuple(clear) or (self._ordinary_case(),)

    def directions(self) -> Iterator[dict[str, Any]]:
        """Numbers that move the mean prediction as they go with the label."""
        if isinstance(self._task, Classes):
            return
        for correlation, name in self._strongest:
            low, high = self._ends(name)
            before, after = (low, high) if correlation > 0 else (high, low)
            at_one, at_other = (self._mean(self._rows, {name: end}) for end in (before, after))
            little = 0.1 * float(self._model.predict(self._rows).to_numpy().std())
            if low != high and at_other - at_one > little:
                word = "higher" if correlation > 0 else "lower"
                yield {
                    "why": f"the {word} {name} is, the higher {self._project.label}",
                    "name": name,
                    "before": literal(before),
                    "after": literal(after),
                }

    @cached_property
    def _strongest(self) -> list[tuple[float, str]]:
        """The numbers that go with the label, and how: the strongest first."""
        label = self._task.numbers(self._task.labels(self._rows[self._project.label]))
        found = []
        for name in self._numbers:
            both = pl.DataFrame({"x": self._rows[name].cast(pl.Float64), "y": label}).drop_nulls()
            if len(both) > 2:
                value = both.select(pl.corr("x", "y", method="spearman")).item()
                if value is not None and abs(value) >= LEAST_CORRELATION:
                    found.append((value, name))
        return sorted(found, key=lambda pair: -abs(pair[0]))[:MOST_CASES]

    def _clear(self) -> Iterator[dict[str, Any]]:
        """Two examples whose numbers all speak for more, and for less."""
        if not self._strongest:
            return
        everyday = self._mean(self._rows, {})
        least, most = ("0.0", "1.0") if isinstance(self._task, YesNo) else ("-inf", "inf")
        for word, up in (("more", True), ("less", False)):
            values = {name: self._ends(name)[(c > 0) == up] for c, name in self._strongest}
            predicted = self._mean(self._ordinary, values)
            between = float(f"{(predicted + everyday) / 2:.2g}")
            if (predicted > between > everyday) if up else (predicted < between < everyday):
                speak = "speaks" if len(values) == 1 else "speak"
                yield {
                    "why": f"{listed(list(values))} {speak} for {word} {self._project.label}",
                    "columns": _dict(values),
                    "least": literal(between) if up else least,
                    "most": most if up else literal(between),
                }

    def _clear_classes(self) -> Iterator[dict[str, Any]]:
        """An example of each class whose numbers are the medians of the class."""
        label = self._rows[self._project.label].cast(pl.String)
        for name in self._task.classes:
            own = self._rows.filter(label == name)
            values = {n: _quantile(own[n], 0.5) for n in self._numbers if own[n].count()}
            if values and self._likeliest(_with(self._ordinary, values)) == name:
                columns = _dict(values)
                yield {"why": f"an ordinary {name}", "columns": columns, "value": repr(name)}

    def _ordinary_case(self) -> dict[str, Any]:
        case: dict[str, Any] = {"why": "an ordinary row is nothing special", "columns": "{}"}
        if isinstance(self._task, Classes):
            return {**case, "value": repr(self._likeliest(self._ordinary))}
        predicted = [
            *self._model.predict(self._ordinary),
            *self._model.predict(self._rows),
        ]
        least, most = outward(min(predicted), 1), outward(max(predicted), -1)
        return {**case, "least": literal(least), "most": literal(most)}

    def _likeliest(self, example: pl.DataFrame) -> str:
        likeliest: int = self._model.predict(example).arr.arg_max().item()
        return self._task.classes[likeliest]

    def _mean(self, rows: pl.DataFrame, values: Mapping[str, Any]) -> float:
        """The mean prediction of rows with other values."""
        return float(self._model.predict(_with(rows, values)).to_numpy().mean())

    def _ends(self, name: str) -> tuple[Any, Any]:
        """What is low, and what is high."""
        values = self._rows[name]
        return _quantile(values, TAIL, "lower"), _quantile(values, 1 - TAIL, "higher")


def outward(value: float, sign: int) -> float:
    """Two or three digits of a floor, away from what is wanted: lower, or higher for an error."""
    size = abs(value)
    if size == 0:
        return 0.0
    step = 10.0 ** (len(str(int(size))) - 3) if size >= 1 else 0.01 if size >= 0.1 else 0.001
    return float(f"{sign * (sign * value // step) * step:.10g}")


def _with(rows: pl.DataFrame, values: Mapping[str, Any]) -> pl.DataFrame:
    return rows.with_columns(pl.lit(v, rows.schema[name]).alias(name) for name, v in values.items())


def _quantile(
    values: pl.Series, share: float, end: Literal["lower", "nearest", "higher"] = "nearest"
) -> float:
    """A value of the column, in a few digits."""
    value = values.quantile(share, end) or 0
    return int(value) if values.dtype.is_integer() else float(f"{value:.4g}")


def _dict(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name!r}: {literal(value)}" for name, value in values.items()) + "}"
