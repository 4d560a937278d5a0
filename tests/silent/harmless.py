"""Changes that are no mistake: Keel must not say a word of them, or only ask where that is right."""

from collections.abc import Callable

import polars as pl
from bug import CLASSES, FLIGHTS, NUMBER, Edits, Sound, Tables
from in_flights import BOOSTING, BUILDERS, EXAMPLES, FEATURES, LABEL, LAST, LATE
from in_started import BUILD, PENGUIN_EXAMPLES, PENGUINS
from in_started import EXAMPLES as HOURLY


def edited(project: str, what: str, edits: Edits, asks: str = "") -> Sound:
    return Sound(project, "sound", what, "", edits, asks=asks)


def holds(project: str, what: str, change: Callable[[Tables], Tables], asks: str = "") -> Sound:
    return Sound(project, "sound", what, "", data=change, asks=asks)


def shuffled(tables: Tables) -> Tables:
    return {name: table.sample(fraction=1, shuffle=True, seed=1) for name, table in tables.items()}


def with_a_column(tables: Tables) -> Tables:
    return {name: table.with_columns(noted_by=pl.lit("A. N.")) for name, table in tables.items()}


def and_january(tables: Tables) -> Tables:
    """The days of last January come again, a year later, a little different."""
    longer = {}
    for name, table in tables.items():
        new = (
            table.filter(pl.col("time_hour") < "2013-02-01")
            if "time_hour" in table.columns
            else table[:0]
        )
        if len(new):
            new = new.with_columns(pl.col("time_hour").str.replace("2013", "2014"))
        if "year" in table.columns and len(new):
            new = new.with_columns(year=pl.lit("2014"))
        longer[name] = pl.concat([table, new])
    return longer


def fewer_by_chance(tables: Tables) -> Tables:
    return {
        name: table.sample(fraction=0.99, seed=2).sort(table.columns[-1])
        if len(table) > 5000
        else table
        for name, table in tables.items()
    }


def two_digits(tables: Tables) -> Tables:
    return {
        name: table.with_columns(
            pl.when(pl.col(column).str.contains(r"^-?\d+\.\d$"))
            .then(pl.col(column) + "0")
            .otherwise(column)
            .alias(column)
            for column in table.columns
        )
        for name, table in tables.items()
    }


def a_dozen_more(tables: Tables) -> Tables:
    """Penguins like others: a few grams more."""
    new = tables["penguins"][::29].with_columns(
        body_mass_g=(pl.col("body_mass_g").cast(pl.Int64) + 25).cast(pl.String)
    )
    return {"penguins": pl.concat([tables["penguins"], new])}


CHANGES = [
    edited(FLIGHTS, "a local variable renamed", {EXAMPLES: {
        "    departure = Flights.time_hour.col + pl.duration": "    leaves_at = Flights.time_hour.col + pl.duration",
        "scheduled_departure=departure,": "scheduled_departure=leaves_at,",
        "decision_time=departure - NOTICE,": "decision_time=leaves_at - NOTICE,"}}),
    edited(FLIGHTS, "a comment", {EXAMPLES: {"LATE_AFTER = 15  # minutes": "# What passengers call late.\nLATE_AFTER = 15  # minutes"}}),
    edited(FLIGHTS, "the same minutes, worked out otherwise", {EXAMPLES: {"hhmm // 100 * 60 + hhmm % 100": "hhmm - hhmm // 100 * 40"}}),
    edited(FLIGHTS, "columns in another order", {EXAMPLES: {
        '        "carrier",\n        "origin",\n        "tailnum",\n': '        "tailnum",\n        "origin",\n        "carrier",\n'}}),
    edited(FLIGHTS, "a function of its own", {EXAMPLES: {
        LABEL: "        late=_is_late(Flights.arr_delay.col),\n",
        "def _measured(": "def _is_late(minutes: pl.Expr) -> pl.Expr:\n    return minutes > LATE_AFTER\n\n\ndef _measured("}}),
    edited(FLIGHTS, "a wider range", {"src/flight_delay/tables.py": {"max=12_000": "max=13_000"}}),
    edited(FLIGHTS, "another feature, with its test", {
        EXAMPLES: {LATE: '    distance = dy.Int32(min=1, metadata=ahead(), description="miles")\n' + LATE,
                   LABEL: f"        distance=Flights.distance.col,\n{LABEL}"},
        FEATURES: {'    "visibility",\n': '    "visibility",\n    "distance",\n'},
        BUILDERS: {'    "late": False,\n': '    "distance": 719,\n    "late": False,\n'}},
        asks="a feature is worth little, or the model is another one"),
    edited(FLIGHTS, "more trees, on purpose", {"conf/model/boosting.yaml": {"trees: 200": "trees: 250"}}),
    edited(FLIGHTS, "a fit in two steps", {BOOSTING: {
        "        return Boosting(\n            lgb.train(self._parameters(label.dtype), data, self.trees, callbacks=[report])\n        )\n":
        "        parameters = self._parameters(label.dtype)\n        return Boosting(lgb.train(parameters, data, self.trees, callbacks=[report]))\n"}}),
    edited(FLIGHTS, "the same feature by another way", {FEATURES: {LAST: "    return -(Examples.dew_point.col - Examples.temperature.col)\n"}}),
    holds(FLIGHTS, "rows in another order", shuffled),
    holds(FLIGHTS, "a column that nobody reads", with_a_column),
    holds(FLIGHTS, "another month", and_january),
    holds(FLIGHTS, "one row of a hundred fewer, by chance", fewer_by_chance),
    edited(NUMBER, "a local variable", {HOURLY: {
        f"    return {BUILD}\n": f"    rows = {BUILD}\n    return rows\n"}}),
    holds(NUMBER, "rows in another order", shuffled),
    holds(NUMBER, "a column that nobody reads", with_a_column),
    holds(NUMBER, "another month", and_january),
    holds(NUMBER, "numbers with a digit more", two_digits),
    edited(CLASSES, "sorted before the columns are chosen", {PENGUIN_EXAMPLES: {
        PENGUINS: 'tables["penguins"].sort(Examples.column_names()).select(Examples.column_names())'}}),
    holds(CLASSES, "rows in another order", shuffled),
    holds(CLASSES, "a dozen more rows", a_dozen_more),
    edited(CLASSES, "another seed", {"conf/model/boosting.yaml": {"seed: 1": "seed: 2"}}),
]  # fmt: skip
