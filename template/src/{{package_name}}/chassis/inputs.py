# Keel keeps this file up to date.
"""What goes into a model: the examples of a period, their features as numbers and categories."""

from dataclasses import dataclass

import polars as pl

from ..examples import LABEL, TIME, ZONE, Examples
from ..features import FEATURES, features
from ..settings import Split
from ..tables import Known
from .errors import UserError
from .store import Store

Categories = dict[str, list[str]]

LOCAL_DAY = pl.col(TIME).dt.convert_time_zone(ZONE).dt.date()


@dataclass(frozen=True)
class Period:
    """The labelled examples of a period, in the order of time."""

    examples: pl.DataFrame
    unlabelled: int  # examples of the period that have no label, and are left out

    @property
    def label(self) -> pl.Series:
        return self.examples[LABEL]


def training(store: Store, split: Split) -> Period:
    """The examples to learn from: those before `split.test_from`."""
    return _period(store, split, split.test_from > LOCAL_DAY, "train on")


def test(store: Store, split: Split) -> Period:
    """The examples to judge by: those from `split.test_from` on."""
    return _period(store, split, split.test_from <= LOCAL_DAY, "test on")


def categories(examples: pl.DataFrame) -> Categories:
    """The values of each feature that is text, sorted, as training sees them."""
    texts = _features(examples).select(pl.col(pl.String)).collect()
    return {column.name: column.drop_nulls().unique().sort().to_list() for column in texts}


def model_inputs(examples: pl.DataFrame, known: Categories) -> pl.DataFrame:
    """The features of the examples; text becomes a category, one not in `known` becomes null.

    So does a number that is not finite, such as a ratio to 0: not every model can take one.
    """
    return _features(examples).with_columns(_as_inputs(known)).collect()


def inputs_and_unseen(
    examples: pl.DataFrame, known: Categories
) -> tuple[pl.DataFrame, list[list[str]]]:
    """The same, and for each example the features whose category is not in `known`."""
    texts = [pl.col(name).alias(_text(name)) for name in known]
    inputs = _features(examples).with_columns(*_as_inputs(known), *texts).collect()
    unseen: list[list[str]] = [[] for _ in range(len(inputs))]
    for name in known:
        for row in (inputs[name].is_null() & inputs[_text(name)].is_not_null()).arg_true():
            unseen[row].append(name)
    return inputs.drop(_text(name) for name in known), unseen


def _as_inputs(known: Categories) -> list[pl.Expr]:
    number = pl.col(pl.Float64, pl.Float32)
    as_enum = [pl.col(name).cast(pl.Enum(values), strict=False) for name, values in known.items()]
    return [pl.when(number.is_finite()).then(number), *as_enum]


def _text(name: str) -> str:
    """What the text of a feature is called beside its category; no feature has a blank."""
    return f"{name} text"


def _features(examples: pl.DataFrame) -> pl.LazyFrame:
    guard_against_the_future()
    return features(examples.lazy())


def guard_against_the_future() -> None:
    """Raise UserError if a feature reads a column that is known only after the prediction."""
    schema = Examples.columns()
    for name, build in FEATURES.items():
        reads = build().meta
        if reads.has_multiple_outputs():
            raise UserError(f"features.py: {name} picks columns by a pattern: name each of them")
        for column in reads.root_names():
            if column not in schema:
                raise UserError(f"features.py: {name} reads {column}, which Examples does not have")
            known = (schema[column].metadata or {}).get("known")
            if known not in (Known.AHEAD, Known.MEASURED):
                when = known or "at a time that examples.py does not say"
                raise UserError(f"features.py: {name} reads {column}, which is known {when}")


def _period(store: Store, split: Split, when: pl.Expr, use: str) -> Period:
    everything = store.read_table(store.examples)
    rows = everything.filter(when)
    total = rows.select(pl.len()).collect().item()
    if total == 0:
        days = everything.select(LOCAL_DAY.min(), LOCAL_DAY.max().alias("last"))
        first, last = days.collect().row(0)
        there = "none at all" if first is None else f"some from {first} to {last}"
        raise UserError(
            f"split.test_from is {split.test_from}: that leaves no examples to {use}; "
            f"there are {there}"
        )
    labelled = rows.drop_nulls(LABEL).collect()
    found = labelled[LABEL].unique().to_list()
    if len(found) < 2:
        what = f"all {len(labelled):,} labels are {found[0]}" if found else "no example has a label"
        raise UserError(
            f"examples.py: of the examples to {use}, {what}; a model needs both. "
            f"See how `build` makes {LABEL!r}, and split.test_from = {split.test_from}"
        )
    return Period(labelled, total - len(labelled))
