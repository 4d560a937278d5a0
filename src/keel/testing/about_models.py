"""Checks of the models that learnt from a project's quick data."""

from collections.abc import Callable

import polars as pl

from keel.data.periods import Period, test, training
from keel.judge.chance import Difference, difference
from keel.judge.metrics import main_metric
from keel.project.columns import known_ahead
from keel.testing.about_examples import spread
from keel.testing.failing import require, same
from keel.testing.runs import Run

SEED = 1
SURE = 0.9999  # chance may not fail a check once in ten thousand data sets


def a_row_is_predicted_alone_as_among_others(run: Run) -> None:
    """Codes or scales that come from the rows at hand differ in a service."""
    rows, predictor = spread(_unseen(run).examples), run.predictor()

    alone = pl.concat(predictor.probability(row) for row in rows.iter_slices(1))

    same(alone, predictor.probability(rows), "rows alone and among others")


def the_order_of_rows_changes_no_prediction(run: Run) -> None:
    """Whatever is before a row says nothing of it."""
    rows, predictor = _unseen(run).examples, run.predictor()

    backwards = predictor.probability(rows.reverse()).reverse()

    same(backwards, predictor.probability(rows), "rows backwards")


def what_is_known_only_afterwards_changes_no_prediction(run: Run) -> None:
    """It need not even be there."""
    rows, predictor = _unseen(run).examples, run.predictor()
    columns = run.project.examples.columns()
    later = [name for name, column in columns.items() if not known_ahead(column)]

    before = predictor.probability(rows.drop(later))

    same(before, predictor.probability(rows), f"without {', '.join(later)}")


def what_training_did_not_see_is_predicted_all_the_same(run: Run) -> None:
    """New categories come, and sensors fail."""
    rows, columns = spread(_unseen(run).examples), run.project.examples.columns()
    read = [columns[name] for name in run.project.features.columns_read()]
    texts = [pl.lit("never seen").alias(c.name) for c in read if c.dtype == pl.String]
    nulls = [pl.lit(None, c.dtype).alias(c.name) for c in read if c.nullable]

    for changes in (texts, nulls, [*texts, *nulls]):
        predicted = run.predictor().probability(rows.with_columns(changes))
        require(
            predicted.is_between(0, 1).all() and not predicted.is_nan().any(),
            f"new categories or unknown values give {predicted.head(3).to_list()!r}",
        )


def predictions_are_between_0_and_1(run: Run) -> None:
    """They are probabilities, and there is one for each row."""
    predicted = run.predictor().probability(_unseen(run).examples)

    require(
        predicted.is_between(0, 1).all() and not predicted.is_null().any(),
        f"from {predicted.min()!r} to {predicted.max()!r}: these are no probabilities",
    )


def equal_data_and_settings_give_equal_model_files(run: Run) -> None:
    """Else nobody can tell why a model is another."""
    again = run.again().stage("prepare", "train")

    for path in (run.store.examples, run.store.model, run.store.baseline):
        copy = again.store.root / path.relative_to(run.store.root)
        require(
            copy.read_bytes() == path.read_bytes(),
            f"{run.store.name(path)} differs in a second run: set a seed and an order of rows",
        )


def shuffled_labels_teach_nothing(run: Run) -> None:
    """Else the model has seen the rows that it is judged on."""
    again = run.again()
    label, examples = run.project.label, run.examples()
    shuffled = examples.with_columns(examples[label].shuffle(seed=SEED))
    again.store.write_table(again.store.examples, shuffled)
    again.stage("train")

    gain = _gain(again, _unseen(again))

    require(
        not gain.low > 0,
        f"from labels that say nothing it is {gain} better than one probability for all: does a "
        "feature hold the label?",
    )


def quick_data_lead_from_tables_to_a_report(run: Run) -> None:
    """And the floors that the settings have for them are reached."""
    again = run.again().stage("evaluate")

    require(again.store.report("report.html").is_file(), "there is no reports/report.html")


def learns(run: Run, model: str) -> None:
    """Better than one probability for all; `train` itself compares what it stored and fitted."""
    chosen = model == run.settings.model.name
    named = run if chosen else run.again(f"model={model}").stage("train")
    period = _learnt(named)

    gain = _gain(named, period)

    require(
        gain.low > 0, f"on what it learnt from it is {gain} better than one probability for all"
    )


def _gain(run: Run, period: Period) -> Difference:
    """How much better the model is than one probability for all."""
    predicted = run.predictor().probability(period.examples)
    share = pl.repeat(period.label.sum() / len(period.label), len(period.label), eager=True)
    return difference(period.label, predicted, share, main_metric(run.project), sure=SURE)


def _learnt(run: Run) -> Period:
    return training(run.store.read_table(run.store.examples), run.project, run.settings.split)


def _unseen(run: Run) -> Period:
    return test(run.store.read_table(run.store.examples), run.project, run.settings.split)


CHECKS: tuple[Callable[[Run], None], ...] = (
    predictions_are_between_0_and_1,
    a_row_is_predicted_alone_as_among_others,
    the_order_of_rows_changes_no_prediction,
    what_is_known_only_afterwards_changes_no_prediction,
    what_training_did_not_see_is_predicted_all_the_same,
    shuffled_labels_teach_nothing,
    equal_data_and_settings_give_equal_model_files,
    quick_data_lead_from_tables_to_a_report,
)
