"""Checks of the examples, features and models that a project makes of its quick data."""

from collections.abc import Callable

import polars as pl
from polars.testing import assert_frame_equal

from keel.data.hindsight import guard_against_hindsight
from keel.data.split import Labelled
from keel.judge.chance import Difference, difference
from keel.judge.metrics.known import main_metric
from keel.model.fitting import fit
from keel.model.inputs import categories, model_inputs
from keel.model.predictor import Predictor
from keel.project.columns import is_personal, known_ahead, when_known
from keel.project.description import Project
from keel.project.errors import UserError
from keel.testing.failing import differing, require, same, spread
from keel.testing.pipeline import Quick

MOMENTS = 7  # at which hindsight is looked for
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


OF_SCHEMAS: tuple[Callable[[Project], None], ...] = (
    each_column_says_when_it_is_known_and_whether_it_is_personal,
    no_feature_reads_personal_data,
)


def examples_at_a_moment_are_those_from_all_later_data(run: Quick) -> None:
    """At several moments of the quick data; the stage `prepare` looks at one.

    Without a time there are no moments.
    """
    if run.project.time is None:
        return
    moments = run.examples().select(run.project.moment).to_series().drop_nulls().sort()
    for part in range(1, MOMENTS + 1):
        moment = moments[len(moments) * part // (MOMENTS + 1)]
        guard_against_hindsight(run.project, run.tables(), moment)


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
    texts = [pl.lit("never seen").alias(c.name) for c in read if c.dtype == pl.String]
    nulls = [pl.lit(None, c.dtype).alias(c.name) for c in read if c.nullable]
    for changes in ([], texts, nulls, [*texts, *nulls]):
        try:
            model.predict(model.test_examples.with_columns(changes))
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
