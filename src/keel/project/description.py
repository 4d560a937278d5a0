"""What Keel has to know of a project: one object that the project makes and Keel passes along."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from .blame import defined
from .columns import (
    Known,
    is_time,
    known_ahead,
    known_from,
    moment_of,
    problem_of_known_from,
    when_known,
)
from .errors import UserError

if TYPE_CHECKING:
    import dataframely as dy
    import polars as pl

    from .features import Features
    from .learning import Learner
    from .metric import Metric
    from .task import Task

NO_TIME = (
    "has after=…, which counts from the time of the row, and the table has none in its key: say "
    "by=… with the column that says when it is known"
)
Tables = Mapping[str, "pl.LazyFrame"]  # the checked tables by name, as `build` gets them


@dataclass(frozen=True)
class Project:
    """What comes in, what is predicted, from what, and how.

    It checks itself when it is made. Raises UserError for a label or a time that the examples don't
    have or that has no such type, an unknown zone, a reference to no table, and a feature that
    reads what is known only after the prediction.
    """

    tables: Mapping[str, type[dy.Schema]]  # the raw tables by name; a request is a row of the first
    examples: type[dy.Schema]  # one row for each thing to predict: what was known, and the label
    build: Callable[[Tables], pl.LazyFrame]  # from the checked tables to the examples
    # The column of the examples that is predicted; from its type follows what is predicted: yes or
    # no (dy.Bool, or two values of which afterwards(true=…) names one), one of several (dy.Enum),
    # or a number.
    label: str
    features: Features
    models: Mapping[str, Callable[..., Learner]]  # the settings of each model, by its name
    # The column with the moment of the prediction, a datetime with a time zone, or a date, which is
    # its midnight in `zone`; without one, what needs a time is left out.
    time: str | None = None
    zone: str = "UTC"  # where days and months begin and end, such as "America/New_York"
    # (table, other table) → the columns by which a row refers to the other: misses are counted.
    references: Mapping[tuple[str, str], list[str]] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)  # beside Keel's own

    def __post_init__(self) -> None:
        self._check_examples()
        self._check_tables()
        self._check_references()
        self.check_features()

    @cached_property
    def task(self) -> Task:
        """What is predicted, and what follows from that."""
        from .task import task

        return task(self.label, self.examples.columns()[self.label])

    @cached_property
    def moment(self) -> pl.Expr:
        """An expression of the moment of an example, `time`, as a datetime in UTC.

        Raises UserError if the project has no time.
        """
        if self.time is None:
            raise UserError("this needs a time: name the column in Project(time=…)")
        return moment_of(self.time, self.examples.columns()[self.time], self.zone)

    @cached_property
    def local_day(self) -> pl.Expr:
        """An expression of the day of an example in `zone`, as a date: for `group_by`, `filter`."""
        return self.local_time.dt.date()

    @cached_property
    def local_time(self) -> pl.Expr:
        """An expression of the moment of an example, `time`, as a datetime in `zone`."""
        return self.moment.dt.convert_time_zone(self.zone)

    @cached_property
    def month(self) -> pl.Expr:
        """An expression of the month of an example in `zone`, as text such as 2013-07."""
        return self.local_time.dt.strftime("%Y-%m")

    @cached_property
    def timezone(self) -> ZoneInfo:
        """`zone` as Python's `datetime` takes it."""
        return ZoneInfo(self.zone)

    @property
    def key(self) -> list[str]:
        """The columns that tell one example from all others: the primary key, or else all.

        By them labels find their predictions, and two models are compared on the same rows.
        """
        columns = self.examples.columns()
        known = [name for name, column in columns.items() if known_ahead(column)]
        return self.examples.primary_key() or known

    def time_of(self, table: str) -> str | None:
        """The column with the time of a table's rows.

        The first time in its primary key, else the column that the examples have as their time,
        else the first time that is measured; None where it has none.
        """
        columns, key = self.tables[table].columns(), self.tables[table].primary_key()
        own = [self.time] if self.time in columns else []
        measured = [name for name, said in columns.items() if when_known(said) == Known.MEASURED]
        names = [name for name in (*key, *own, *measured) if name]
        return next((name for name in names if is_time(columns[name], zoned=False)), None)

    def check_features(self) -> None:
        """Raise UserError if a feature reads a column that is known only after the prediction."""
        schema = self.examples.columns()
        for name, build in self.features.items():
            expression = build()
            if not hasattr(expression, "meta"):
                raise UserError(
                    f"{defined(build)}: let {name} return an expression of Polars, such as "
                    f"Examples.COLUMN.col: it returned a {type(expression).__name__}"
                )
            reads = expression.meta
            if reads.has_multiple_outputs():
                raise UserError(f"features.py: {name} picks columns by a pattern: name each column")
            for column in reads.root_names():
                if column not in schema:
                    raise UserError(
                        f"features.py: {name} reads {column}, which {self.examples.__name__} does "
                        f"not have{_meant(column, schema)}"
                    )
                if not known_ahead(schema[column]):
                    known = when_known(schema[column]) or "at a time that examples.py does not say"
                    raise UserError(f"features.py: {name} reads {column}, which is known {known}")

    def _check_examples(self) -> None:
        columns, name = self.examples.columns(), self.examples.__name__
        for role, column in (("label", self.label), ("time", self.time)):
            if column is not None and column not in columns:
                raise UserError(
                    f"Project({role}={column!r}): {name} has no such column"
                    + (_meant(column, columns) or f"; it has {', '.join(columns)}")
                )
        if when_known(columns[self.label]) != Known.AFTERWARDS:
            raise UserError(
                f"Project(label={self.label!r}): give that column of {name} "
                "metadata=afterwards(), or any feature may read it"
            )
        _ = self.task  # raises UserError if its type is none that can be predicted
        if self.time and not is_time(columns[self.time]):
            raise UserError(
                f"Project(time={self.time!r}): make that column of {name} a dy.Datetime with a "
                f"time_zone, or a dy.Date; it is {columns[self.time].dtype}. A time without a zone "
                'becomes one in `build`: .dt.replace_time_zone("Europe/Zurich")'
            )
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError) as error:
            raise UserError(
                f"Project(zone={self.zone!r}) is no time zone: write it as Europe/Zurich"
            ) from error

    def _check_tables(self) -> None:
        if not self.tables:
            raise UserError("Project(tables={}): name at least one table")
        for table, schema in self.tables.items():
            columns = schema.columns()
            for name, column in columns.items():
                problem = problem_of_known_from(name, columns)
                if not problem and isinstance(known_from(column), timedelta):
                    problem = "" if self.time_of(table) else NO_TIME
                if problem:
                    raise UserError(f"tables.py: {schema.__name__}.{name} {problem}")

    def _check_references(self) -> None:
        for tables, columns in self.references.items():
            for table in tables:
                if table not in self.tables:
                    raise UserError(
                        f"Project(references=…) names {table!r}: the tables are "
                        f"{', '.join(self.tables)}"
                    )
                missing = set(columns) - set(self.tables[table].column_names())
                if missing:
                    raise UserError(
                        f"Project(references=…): {table} has no {', '.join(sorted(missing))}"
                    )


def _meant(name: str, known: Iterable[str]) -> str:
    """A name that is like this one, as a question."""
    near = difflib.get_close_matches(name, known, 1)
    return f": did you mean {near[0]}?" if near else ""
