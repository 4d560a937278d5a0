"""Checks of a project's own models, on rows that are easy to learn from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from keel.model.choice import learner
from keel.model.parameters import parameters, strayed, unseen
from keel.pipeline.configuration import compose
from keel.project.blame import defined
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.learning import Learner, Model
from keel.project.settings import Choice
from keel.project.task import Classes, Task
from keel.quality.records.junit import NOT_JUDGED
from keel.testing.easy import COUNT, KINDS, REACHED, Easy, Rows
from keel.testing.failing import require, sentence


@dataclass
class Subject:
    """A model as `conf/` sets it, and what it learns from rows that are easy to learn from."""

    project: Project
    root: Path
    name: str
    steps: list[tuple[int, int]] = field(default_factory=list)

    @cached_property
    def easy(self) -> Easy:
        return Easy.like(self.project.task)

    @cached_property
    def choice(self) -> dict[str, Any]:
        composed: dict[str, Any] = compose(self.root / "conf", [f"model={self.name}"])["model"]
        return composed

    @cached_property
    def rows(self) -> Rows:
        return self.easy.rows(seed=1)

    @cached_property
    def model(self) -> Model:
        """What it learnt from `rows`."""
        return self.fit(self.rows)

    @cached_property
    def text(self) -> str:
        return self.model.to_text()

    def fit(self, rows: Rows, **changes: Any) -> Model:
        settings = Choice.model_validate({**self.choice, **changes})
        return learner(self.project, settings).fit(*rows, lambda *step: self.steps.append(step))

    def read(self, text: str) -> Model:
        return learner(self.project, Choice.model_validate(self.choice)).from_text(text)


def learns_what_there_is_to_learn(subject: Subject) -> None:
    """A label that is shuffled or turned around on the way teaches nothing."""
    name, least, most = REACHED[type(subject.easy.task)]

    reached = subject.easy.reached(subject.model, subject.easy.rows(seed=2))

    require(reached > least, f"{name} is {reached:.3f} on rows on which {most} can be reached")


def _predicts(subject: Subject) -> None:
    """On average what came of the rows that it learnt from; classes and log-odds do not."""
    features, label = subject.rows
    task = subject.easy.task

    predicted = task.predictions(subject.model.predict(features)).to_numpy()  # checks their range

    codes = task.numbers(label)
    wanted = [float(np.mean(codes == place)) for place in range(len(task.classes))]
    means, shares = predicted.mean(axis=0), np.array(wanted or codes.mean())
    require(len(np.unique(predicted)) > 10, "they have ten values at most: classes?")
    worst = float(np.max(np.abs(means - shares)))
    near = 0.03 if task.has_probabilities else 0.2
    require(worst < near, f"their mean is {means}, and that of what came {shares}")
    if isinstance(task, Classes):
        total = predicted.sum(axis=1)
        require(np.allclose(total, 1), "the probabilities of the classes don't sum up to 1")


def sees_numbers_and_categories(subject: Subject) -> None:
    """Both count, and in the right direction."""
    kinds = pl.Series("kind", ["calm 0", "calm 0", "rough 0"], KINDS)

    rows = pl.DataFrame([pl.Series("wind", [20.0, 39.0, 20.0]), kinds])
    predicted = subject.easy.strength(subject.model, rows)

    usual, windy, rough = predicted
    require(windy > usual, f"a number that adds to it is not seen: {windy} and {usual}")
    require(rough > usual, f"a category that adds to it is not seen: {rough} and {usual}")


def learns_ten_rows_by_heart(subject: Subject) -> None:
    """What can't be learnt from ten rows can't be learnt."""
    names = [str(n) for n in range(10)]
    features = pl.DataFrame({"name": pl.Series(names * (COUNT // 10), dtype=pl.Enum(names))})
    true = pl.Series([n in (0, 1, 4, 7) for n in range(10)] * (COUNT // 10))
    rows = features, subject.easy.label(true)
    if isinstance(subject.easy.task, Classes):  # one label for each name
        rows = (
            features,
            pl.Series(["low", "high", "middle", "low", "high"] * (COUNT // 5)).cast(rows[1].dtype),
        )

    reached = subject.easy.reached(subject.fit(rows), rows)

    metric = REACHED[type(subject.easy.task)][0]
    require(reached > 0.99, f"{metric} is {reached:.3f} on ten categories of one label each")


def tells_an_unknown_number_from_0(subject: Subject) -> None:
    """0 is always true, and what is unknown as often as not."""
    random = np.random.default_rng(1)
    drawn = random.choice([0.0, 1.0, np.nan], COUNT, p=[0.4, 0.4, 0.2])
    wind = pl.Series("wind", drawn).fill_nan(None)
    coin = pl.Series("coin", random.uniform(0, 1, COUNT) < 0.5)

    label = subject.easy.label((wind == 0).fill_null(coin))

    model = subject.fit((wind.to_frame(), label))

    rows = pl.DataFrame({"wind": [None, 0.0]}, {"wind": pl.Float64})
    unknown, zero = subject.easy.strength(model, rows)
    require(zero - unknown > 0.2, f"0 is predicted with {zero:.2f}, unknown with {unknown:.2f}")


def is_the_same_from_the_same_rows(subject: Subject) -> None:
    """Whatever is drawn has a seed."""
    again = subject.fit(subject.rows).to_text()

    require(again == subject.text, "two fits give two models: give what is drawn a seed in conf/")


def predicts_the_same_when_it_is_read_back(subject: Subject) -> None:
    """What a service loads is what was judged."""
    features, _ = subject.rows

    again = subject.read(subject.text)

    worst = float(abs(again.predict(features) - subject.model.predict(features)).max())
    require(worst < 1e-12, f"predictions differ by up to {worst:.2g}: to_text leaves something out")


def is_not_read_from_half_a_file(subject: Subject) -> None:
    """A disk that was full must not become a model."""
    for text in ("", "{}", *(subject.text[: len(subject.text) * n // 5] for n in range(1, 5))):
        try:
            subject.read(text)
        except ValueError:
            continue
        raise AssertionError(f"from_text takes {text[:40]!r}…, a part of a file: raise ValueError")


def says_how_far_it_is(subject: Subject) -> None:
    """A person who waits sees a bar that reaches its end."""
    subject.steps.clear()
    subject.fit(subject.rows)
    steps = subject.steps

    require(steps, "`fit` does not call progress(done, total)")
    require(steps == sorted(steps) and steps[-1][0] == steps[-1][1], f"the steps are {steps[-3:]}")


def matters(subject: Subject, setting: str) -> None:
    """Half of its value, or twice as much, gives another model."""
    value = subject.choice[setting]
    for change in (value * 2, type(value)(value / 2)):
        try:
            if subject.fit(subject.rows, **{setting: change}).to_text() != subject.text:
                return
        except UserError:  # out of its range
            continue
    raise AssertionError(
        f"half of {setting} = {value}, or twice as much, gives the same model: is it used?"
    )


def stores_the_settings_that_it_was_given(subject: Subject) -> None:
    """Each under its own name and as it was, as far as what is stored says so."""
    factory = subject.project.models[subject.name]
    given: dict[str, Any] = {}
    for setting in subject.choice.keys() & numeric(factory):
        value = subject.choice[setting]
        odd = value // 3 + 5 if isinstance(value, int) else round((value or 0.2) * 0.717, 6)
        while odd in given.values():  # each has one of its own
            odd += 1 if isinstance(value, int) else odd / 100
        given[setting] = odd
    text = subject.fit(subject.rows, **given).to_text()

    stored = parameters(text, subject.read(text))

    wrong = list(strayed(given, stored))
    place = defined(getattr(factory, "estimator", getattr(factory, "fit", factory)))
    require(not wrong, f"{place}: {'; '.join(wrong)}: hand on each setting under its own name")
    if lost := unseen(given, stored):
        import pytest

        pytest.skip(f"{NOT_JUDGED}whether {', '.join(lost)} of {subject.name} arrives as it is set")


def numeric(factory: Callable[..., Learner]) -> list[str]:
    """The settings of a model that are numbers."""
    fields = getattr(factory, "model_fields", {})
    return [name for name, field in fields.items() if field.annotation in (int, float)]


def checks_of(task: Task) -> dict[str, Callable[[Subject], None]]:
    """What holds for each correct model of a task, by its sentence."""
    kind = "probabilities" if task.has_probabilities else "numbers as high as the label"
    return {f"predicts {kind}": _predicts, **{sentence(holds): holds for holds in CHECKS}}


CHECKS: tuple[Callable[[Subject], None], ...] = (
    learns_what_there_is_to_learn,
    sees_numbers_and_categories,
    learns_ten_rows_by_heart,
    tells_an_unknown_number_from_0,
    is_the_same_from_the_same_rows,
    predicts_the_same_when_it_is_read_back,
    is_not_read_from_half_a_file,
    says_how_far_it_is,
    stores_the_settings_that_it_was_given,
)
