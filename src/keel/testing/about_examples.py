"""Checks of the examples and features that a project makes of its quick data."""

from collections.abc import Callable

import polars as pl
from polars.testing import assert_frame_equal

from keel.data.hindsight import guard_against_hindsight
from keel.data.periods import test, training
from keel.model.inputs import categories, model_inputs
from keel.testing.failing import differing, require
from keel.testing.runs import Run

MOMENTS = 7  # at which hindsight is looked for
ROWS = 50  # that are looked at by themselves


def examples_satisfy_their_schema(run: Run) -> None:
    """A join that doubles rows breaks the key, a forgotten unit the range."""
    run.project.examples.validate(run.project.build(run.tables()).collect(), cast=True)


def examples_at_a_moment_are_those_from_all_later_data(run: Run) -> None:
    """At several moments of the quick data; the stage `prepare` looks at one."""
    moments = run.examples()[run.project.time].drop_nulls().sort()
    for part in range(1, MOMENTS + 1):
        moment = moments[len(moments) * part // (MOMENTS + 1)]
        guard_against_hindsight(run.project, run.tables(), moment)


def the_order_of_rows_in_the_tables_changes_no_example(run: Run) -> None:
    """A source may give them in any order, and a join as of a time needs one."""
    backwards = {name: table.reverse() for name, table in run.tables().items()}
    build, key = run.project.build, run.project.key

    one, other = (build(frames).sort(key).collect() for frames in (run.tables(), backwards))

    require(len(one) == len(other), f"{len(one)} examples, backwards {len(other)}")
    changed = differing(one, other)
    require(not changed, f"examples.py: {', '.join(changed)} depends on the order of rows: sort")


def no_key_is_in_training_and_test(run: Run) -> None:
    """What is learnt by heart would count as understood."""
    examples = run.store.read_table(run.store.examples)
    learnt, unseen = (
        period(examples, run.project, run.settings.split).examples.select(run.project.key)
        for period in (training, test)
    )

    both = learnt.join(unseen, on=run.project.key, how="semi", nulls_equal=True)

    require(both.is_empty(), f"{len(both)} examples train the model and test it:\n{both.head(3)}")


def features_are_numbers_or_text_finite_and_one_row_for_each_example(run: Run) -> None:
    """A ratio to 0 is not finite: say what it means, such as null."""
    examples = run.examples()

    features = run.project.features.table(examples.lazy()).collect()

    require(
        features.shape == (len(examples), len(run.project.features)),
        f"features.py: {len(examples)} examples and {len(run.project.features)} features give a "
        f"table of {features.shape}",
    )
    for column in features:
        dtype = column.dtype
        usable = dtype.is_numeric() or dtype in (pl.String, pl.Boolean, pl.Enum, pl.Categorical)
        require(usable, f"features.py: {column.name} is {dtype}: make it a number or text")
        infinite = (~column.is_finite()).sum() if dtype.is_float() else 0
        require(not infinite, f"features.py: {column.name} is not finite in {infinite} rows")


def a_row_has_the_features_alone_that_it_has_among_others(run: Run) -> None:
    """A mean over all rows is another one in the service."""
    rows = spread(run.examples())
    known = categories(run.project.features, rows)

    alone = [model_inputs(run.project.features, row, known) for row in rows.iter_slices(1)]

    assert_frame_equal(pl.concat(alone), model_inputs(run.project.features, rows, known))


def spread(rows: pl.DataFrame, count: int = ROWS) -> pl.DataFrame:
    """About so many of the rows, evenly spread."""
    return rows.gather_every(max(1, len(rows) // count))


CHECKS: tuple[Callable[[Run], None], ...] = (
    examples_satisfy_their_schema,
    examples_at_a_moment_are_those_from_all_later_data,
    the_order_of_rows_in_the_tables_changes_no_example,
    no_key_is_in_training_and_test,
    features_are_numbers_or_text_finite_and_one_row_for_each_example,
    a_row_has_the_features_alone_that_it_has_among_others,
)
