"""A feature that is too good to be true is asked about, and an honest strong one is not."""

import types
from collections.abc import Mapping
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest

from keel import Features, Linear, Project, afterwards, ahead
from keel.data.split import Labelled
from keel.judge.gates import Verdict
from keel.judge.leaks import against_leaks
from keel.project.settings import Gates

ROWS = 3000
HONEST = [f"honest_{n}" for n in range(9)]
SIZES = ["small", "middle", "large"]
LABELS: Mapping[str, dy.Column] = {
    "yes or no": dy.Bool(metadata=afterwards()),
    "one of several": dy.Enum(SIZES, metadata=afterwards()),
    "a number": dy.Float64(metadata=afterwards()),
}
random = np.random.default_rng(1)
FACTS = pl.DataFrame({name: random.normal(size=ROWS) for name in HONEST})
SAID = FACTS.sum_horizontal().to_numpy()  # what can be told; the noise is what can't
OUTCOME = SAID + random.normal(0, 3, ROWS)


def label(kind: str, outcome: Any) -> pl.Series:
    """The outcome as a label."""
    if kind == "a number":
        return pl.Series(outcome)
    if kind == "yes or no":
        return pl.Series(outcome > 0)
    names = [SIZES[n] for n in np.digitize(outcome, [-2, 2])]
    return pl.Series(names, dtype=pl.Enum(SIZES))


def predicted(kind: str, value: Any) -> pl.Series:
    """What a model says that goes by this value."""
    if kind == "one of several":
        return pl.Series(np.eye(3)[np.digitize(value, [-2, 2])], dtype=pl.Array(pl.Float64, 3))
    return pl.Series(value if kind == "a number" else 1 / (1 + np.exp(-value)))


def missed(
    kind: str, features: pl.DataFrame, told: Any, guess: Any = None, **limits: Any
) -> list[Verdict]:
    """The gates that are missed by features of which a model tells so much."""
    columns = {
        **{c.name: dy.String() if c.dtype == pl.String else dy.Float64() for c in features},
        "outcome": LABELS[kind],
    }
    for name in features.columns:
        columns[name].metadata, columns[name].nullable = ahead(), True
    schema: Any = types.new_class("Each", (dy.Schema,), exec_body=lambda b: b.update(columns))
    project = Project(
        tables={"each": schema},
        examples=schema,
        build=lambda tables: tables["each"],
        label="outcome",
        features=Features(schema).plain(*features.columns),
        models={"linear": Linear},
    )
    labels = label(kind, OUTCOME[: len(features)])
    half = len(features) // 2
    sides = [Labelled(features[s], labels[s], 0) for s in (slice(half), slice(half, None))]
    naive = project.task.naive(labels).new_from_index(0, half) if guess is None else guess
    predictions = pl.DataFrame({"model": predicted(kind, told[half:]), "naive": naive})
    verdicts = against_leaks(project, sides[0], sides[1], predictions, Gates(**limits))
    return [verdict for verdict in verdicts if not verdict.passed]


def noisy(noise: float) -> Any:
    return OUTCOME + np.random.default_rng(2).normal(0, noise, ROWS)


@pytest.mark.parametrize("kind", LABELS)
def test_features_that_each_tell_a_little_are_fine(kind: str) -> None:
    assert missed(kind, FACTS, SAID) == []


@pytest.mark.parametrize("kind", LABELS)
def test_what_is_made_of_the_outcome_is_told_with_the_question(kind: str) -> None:
    (verdict,) = missed(kind, FACTS.with_columns(refund=pl.Series(OUTCOME)), OUTCOME)

    assert verdict.gate == "leak.refund"
    assert verdict.sentence.startswith("is refund known when the prediction is made? Alone it")


@pytest.mark.parametrize("kind", LABELS)
def test_an_outcome_with_noise_is_told_by_what_the_others_lack(kind: str) -> None:
    leak = noisy(0.7)

    (verdict,) = missed(kind, FACTS.with_columns(delay=pl.Series(leak)), leak)

    assert verdict.gate == "leak.delay"
    assert "and the next feature" in verdict.sentence


def test_an_id_in_the_order_of_the_classes_is_told() -> None:
    place = pl.Series(OUTCOME > 0).rank("ordinal", seed=1).cast(pl.Float64)

    (verdict,) = missed("yes or no", FACTS.with_columns(number=place), SAID)

    assert verdict.gate == "leak.number"


def test_a_category_that_is_the_outcome_is_told() -> None:
    kinds = [f"code {n}" for n in np.digitize(OUTCOME, [-2, 2])]

    (verdict,) = missed("one of several", FACTS.with_columns(code=pl.Series(kinds)), OUTCOME)

    assert verdict.gate == "leak.code"


@pytest.mark.parametrize("kind", LABELS)
def test_two_honest_features_of_which_each_tells_nearly_all_are_fine(kind: str) -> None:
    one, other = (pl.Series(SAID + random.normal(0, 0.3, ROWS)) for _ in range(2))

    assert missed(kind, FACTS.with_columns(petal=one, sepal=other), SAID) == []


def test_one_of_few_features_may_tell_nearly_all() -> None:
    table = FACTS.select(HONEST[:3]).with_columns(output=pl.Series(noisy(1.0)))

    assert missed("a number", table, noisy(1.0)) == []


def test_thirty_rows_prove_nothing() -> None:
    table = pl.DataFrame({"petal": noisy(0.1)[:60]})

    assert missed("yes or no", table, noisy(0.1)[:60]) == []


def test_the_value_before_tells_no_more_than_a_guess_that_knows_it() -> None:
    before = OUTCOME + np.random.default_rng(3).normal(0, 0.1, ROWS)
    table = FACTS.with_columns(yesterday=pl.Series(before))

    assert missed("a number", table, before, pl.Series(before[ROWS // 2 :])) == []
    assert missed("a number", table, before)


def test_the_gate_can_be_switched_off() -> None:
    assert missed("a number", pl.DataFrame({"refund": OUTCOME}), OUTCOME, leak=None) == []
