"""Checks of the examples, features and models that a project makes of its quick data."""

from collections.abc import Callable

import polars as pl
from polars.testing import assert_frame_equal

from keel.data.hindsight import guard_against_hindsight, telling_moments
from keel.data.split import Labelled
from keel.judge.chance import Difference, difference
from keel.judge.metrics.known import main_metric
from keel.model.fitting import fit
from keel.model.inputs import categories, model_inputs
from keel.model.predictor import Predictor
from keel.project.columns import Known, is_personal, is_time, known_ahead, when_known
from keel.project.description import Project
from keel.project.errors import UserError
from keel.testing.failing import differing, require, same, spread
from keel.testing.pipeline import Quick

LATER = (Known.AFTERWARDS, Known.MEASURED)
MOMENTS = 30  # at which hindsight is looked for
SEED = 1
SURE = 0.9999  # chance may not fail a check once in ten thousand data sets


def each_column_says_when_it_is_known_and_whether_it_is_personal(project: Project) -> None:
    """What the guards against leakage and against logging of personal data go by."""
    silent = [
        f"{schema.__name__}.{name}"
        for schema in (*project.tables.values(), project.examples)
        for name, column in schema.columns().items()
        if when_known(column) is None or not isinstance((column.metadata or {})["personal"], bool)
    ]
    require(
        not silent,
        f"{', '.join(silent)}: give each metadata=ahead(), measured() or afterwards(), with "
        "personal=True where it is about a person",
    )


def no_feature_reads_personal_data(project: Project) -> None:
    """It would be in the model, and in what explains a prediction."""
    columns = project.examples.columns()
    personal = [name for name in project.features.columns_read() if is_personal(columns[name])]
    require(not personal, f"features.py reads {', '.join(personal)}, which is personal")


def each_table_of_measured_values_has_their_time(project: Project) -> None:
    """Else nobody can tell what was measured by the moment of a prediction."""
    silent = [
        table
        for table, schema in project.tables.items()
        if project.time
        and project.time_of(table) is None
        and any(when_known(column) == Known.MEASURED for column in schema.columns().values())
    ]
    require(
        not silent,
        f"tables.py: {', '.join(silent)} has measured() values and no time of theirs: put it into "
        "the primary key as a dy.Datetime or a dy.Date, or call them ahead(), if they never change",
    )


OF_SCHEMAS: tuple[Callable[[Project], None], ...] = (
    each_column_says_when_it_is_known_and_whether_it_is_personal,
    no_feature_reads_personal_data,
    each_table_of_measured_values_has_their_time,
)


def examples_at_a_moment_are_those_from_all_later_data(run: Quick) -> None:
    """At many moments of the quick data; the stage `prepare` looks at few.

    Without a time there is one: what is known afterwards is not known.
    """
    tables = run.tables()
    now = run.project.build(tables).collect()
    moments = telling_moments(run.project, tables, now, MOMENTS)
    guard_against_hindsight(run.project, tables, now, moments)


def labels_come_from_what_is_known_afterwards_and_are_unknown_without_it(run: Quick) -> None:
    """What is not known yet is neither a yes nor a no, nor is it 0.

    A date that is null may say that something has not happened, as a row does that is not there: a
    label that is made of these alone may be known without them.
    """
    label, key = run.project.label, run.project.key
    now, without_values, without_all = (
        run.project.build(tables).select(*key, label).sort(key).collect()[label]
        for tables in (run.tables(), _unknown(run, Known.AFTERWARDS), _unknown(run, *LATER))
    )
    if not len(now) == len(without_values) == len(without_all):
        return  # rows are picked by their outcome, which another check tells
    require(
        not now.equals(without_all),
        f"tables.py: {label} is the same without all that is known only afterwards: say "
        "afterwards() of the columns that it is made of",
    )
    known = without_values.is_not_null() & without_all.is_not_null()
    if known.any() and not now.equals(without_values):
        raise AssertionError(
            f"examples.py: {label} is {without_all.filter(known)[0]} in {known.sum()} of "
            f"{len(now)} examples when their outcome is unknown: make it null there, or name this "
            "check in without= with the reason, such as that null means it has not happened"
        )


def _unknown(run: Quick, *kinds: Known) -> dict[str, pl.LazyFrame]:
    """The tables without the values that are known then; if measured ones are, without events."""
    tables = {}
    for name, table in run.tables().items():
        columns, time = run.project.tables[name].columns(), run.project.time_of(name)
        later = [
            column
            for column, said in columns.items()
            if when_known(said) in kinds and not (len(kinds) == 1 and is_time(said, zoned=False))
        ]
        happens = time is not None and when_known(columns[time]) in LATER and len(kinds) > 1
        gone = table.with_columns(pl.when(pl.lit(value=False)).then(c).alias(c) for c in later)
        tables[name] = gone.clear() if happens else gone
    return tables


def the_order_of_rows_in_the_tables_changes_no_example(run: Quick) -> None:
    """A source may give them in any order, and a join as of a time needs one."""
    backwards = {name: table.reverse() for name, table in run.tables().items()}
    build, names = run.project.build, run.project.examples.column_names()
    order = list(dict.fromkeys([*run.project.key, *names]))  # rows of the same key, too
    one, other = (
        build(frames).select(names).sort(order).collect() for frames in (run.tables(), backwards)
    )
    require(len(one) == len(other), f"{len(one)} examples, backwards {len(other)}")
    changed = differing(one, other)
    require(not changed, f"examples.py: {', '.join(changed)} depends on the order of rows: sort")


def features_are_numbers_or_text_finite_and_one_row_for_each_example(run: Quick) -> None:
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


def a_row_has_the_features_alone_that_it_has_among_others(run: Quick) -> None:
    """A mean over all rows is another one in the service."""
    rows, features = spread(run.examples()), run.project.features
    known = categories(features, rows)

    alone = [model_inputs(features, row, known) for row in rows.iter_slices(1)]

    assert_frame_equal(pl.concat(alone), model_inputs(features, rows, known))


def a_row_is_predicted_alone_as_among_others(run: Quick) -> None:
    """Codes or scales that come from the rows at hand differ in a service."""
    model = run.model()
    rows = spread(model.test_examples)

    alone = pl.concat(model.predict(row) for row in rows.iter_slices(1))

    same(alone, model.predict(rows), "rows alone and among others")


def neither_order_nor_what_is_known_only_afterwards_changes_a_prediction(run: Quick) -> None:
    """Whatever is before a row, or comes later, says nothing of it: it need not even be there."""
    model = run.model()
    rows, columns = model.test_examples, run.project.examples.columns()
    later = [name for name, column in columns.items() if not known_ahead(column)]

    changed = model.predict(rows.drop(later).reverse()).reverse()

    same(changed, model.predict(rows), f"backwards and without {', '.join(later)}")


def what_training_did_not_see_is_predicted_all_the_same(run: Quick) -> None:
    """New categories come, and sensors fail: each row gets a prediction."""
    model, columns = run.model(), run.project.examples.columns()
    read = [columns[name] for name in run.project.features.columns_read()]
    texts = {c.name: pl.lit("never seen") for c in read if c.dtype == pl.String}
    nulls = {c.name: pl.lit(None, c.dtype) for c in read if c.nullable}
    for changes in ({}, texts, nulls, {**nulls, **texts}):
        named = [value.alias(name) for name, value in changes.items()]
        try:
            model.predict(model.test_examples.with_columns(named))
        except UserError as error:
            raise UserError(f"with other categories or unknown values: {error}") from error


def shuffled_labels_teach_nothing(run: Quick) -> None:
    """Else the model has seen the rows that it is judged on."""
    again, examples, label = run.again("train"), run.examples(), run.project.label
    shuffled = examples.with_columns(examples[label].shuffle(seed=SEED))
    again.store.write_table(again.store.examples, shuffled)
    learnt, judged = again.sides()
    (model,) = fit(run.project, learnt, run.settings.model)
    gain = _gain(run, model, judged)
    require(
        not gain.low > 0,
        f"from labels that say nothing it is {gain} better than the same guess for all: does a "
        "feature hold the label?",
    )


def equal_data_and_settings_give_equal_model_files(run: Quick) -> None:
    """Else nobody can tell why a model is another."""
    again = run.again("prepare").run("train")

    for path in (run.store.examples, run.store.model, run.store.baseline):
        copy = again.store.root / path.relative_to(run.store.root)
        require(
            copy.read_bytes() == path.read_bytes(),
            f"{run.store.name(path)} differs in a second run: set a seed and an order of rows",
        )


def quick_data_lead_from_tables_to_a_report(run: Quick) -> None:
    """And the floors that the settings have for them are reached."""
    again = run.again("evaluate").run()

    require(again.store.report("report.html").is_file(), "there is no reports/report.html")


def learns(run: Quick, model: str) -> None:
    """Better than the same guess for all; `train` itself compares what it stored and fitted."""
    chosen = model == run.settings.model.name
    named = run if chosen else run.again("train", f"model={model}").run("train")

    gain = _gain(named, named.model().predictor, named.learnt())

    require(gain.low > 0, f"on what it learnt from it is {gain} better than the same guess for all")


def _gain(run: Quick, predictor: Predictor, rows: Labelled) -> Difference:
    """How much better the model is than the same guess for all."""
    task, metric = run.project.task, main_metric(run.project, run.settings.evaluation)
    predicted = predictor.predict(rows.examples)
    guess = task.naive(rows.label).new_from_index(0, len(rows.label))
    return difference(task, rows.label, predicted, guess, metric, sure=SURE)


CHECKS: tuple[Callable[[Quick], None], ...] = (
    examples_at_a_moment_are_those_from_all_later_data,
    labels_come_from_what_is_known_afterwards_and_are_unknown_without_it,
    the_order_of_rows_in_the_tables_changes_no_example,
    features_are_numbers_or_text_finite_and_one_row_for_each_example,
    a_row_has_the_features_alone_that_it_has_among_others,
    a_row_is_predicted_alone_as_among_others,
    neither_order_nor_what_is_known_only_afterwards_changes_a_prediction,
    what_training_did_not_see_is_predicted_all_the_same,
    shuffled_labels_teach_nothing,
    equal_data_and_settings_give_equal_model_files,
    quick_data_lead_from_tables_to_a_report,
)
