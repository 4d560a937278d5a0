"""Checks of a project's own models, on rows that are easy to learn from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from keel.judge.metrics import METRICS, score
from keel.model.choice import learner
from keel.pipeline.configuration import compose
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.learning import Model
from keel.project.settings import Choice
from keel.testing.failing import require

COUNT = 2000  # rows: as many as the settings of a real model need
KINDS = pl.Enum([f"{name} {n}" for n in range(4) for name in ("calm", "rough")])
SHARES = 0.55 ** np.arange(8) / sum(0.55 ** np.arange(8))  # of the kinds: some are rare

Rows = tuple[pl.DataFrame, pl.Series]


@dataclass
class Subject:
    """A model as `conf/` sets it, and what it learns from rows that are easy to learn from."""

    project: Project
    root: Path
    name: str
    steps: list[tuple[int, int]] = field(default_factory=list)

    @cached_property
    def choice(self) -> dict[str, Any]:
        composed: dict[str, Any] = compose(self.root / "conf", [f"model={self.name}"])["model"]
        return composed

    @cached_property
    def rows(self) -> Rows:
        return easy(seed=1)

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

    def auc(self, model: Model, rows: Rows) -> float:
        return score(METRICS["auc"], rows[1], pl.Series(model.predict(rows[0])))


def easy(seed: int) -> Rows:
    """True in wind, more so where it is rough; a fifth of the wind is unknown."""
    random = np.random.default_rng(seed)
    wind = pl.Series("wind", random.uniform(0, 40, COUNT))
    kind = pl.Series("kind", random.choice(KINDS.categories.to_list(), COUNT, p=SHARES), KINDS)
    rough = kind.cast(pl.String).str.starts_with("rough").to_numpy()
    true = random.uniform(0, 1, COUNT) < 1 / (1 + np.exp(6 - 0.2 * wind.to_numpy() - 2 * rough))
    known = pl.Series("known", random.uniform(0, 1, COUNT) < 0.8)
    frame = pl.DataFrame([wind, kind, known])
    return frame.select(pl.when("known").then("wind").alias("wind"), "kind"), pl.Series(true)


def learns_what_there_is_to_learn(subject: Subject) -> None:
    """A label that is shuffled or turned around on the way teaches nothing."""
    reached = subject.auc(subject.model, easy(seed=2))

    require(reached > 0.75, f"AUC is {reached:.3f} on rows on which 0.85 can be reached")


def predicts_probabilities(subject: Subject) -> None:
    """As high on average as true is frequent; classes and log-odds are not."""
    features, label = subject.rows

    predicted = pl.Series(subject.model.predict(features))

    mean, share = (float(np.mean(values.to_numpy())) for values in (predicted, label))
    require(predicted.is_between(0, 1).all(), "they are not between 0 and 1: log-odds?")
    require(predicted.n_unique() > 10, "they have ten values at most: classes?")
    require(abs(mean - share) < 0.03, f"their mean is {mean:.3f}, and {share:.3f} are true")


def sees_numbers_and_categories(subject: Subject) -> None:
    """Both count, and in the right direction."""
    kinds = pl.Series("kind", ["calm 0", "calm 0", "rough 0"], KINDS)

    predicted = subject.model.predict(pl.DataFrame([pl.Series("wind", [20.0, 39.0, 20.0]), kinds]))

    usual, windy, rough = predicted
    require(windy > usual, f"a number that makes true likely is not seen: {windy} and {usual}")
    require(rough > usual, f"a category that makes true likely is not seen: {rough} and {usual}")


def learns_ten_rows_by_heart(subject: Subject) -> None:
    """What can't be learnt from ten rows can't be learnt."""
    names = [str(n) for n in range(10)]
    features = pl.DataFrame({"name": pl.Series(names * (COUNT // 10), dtype=pl.Enum(names))})
    label = pl.Series([n in (0, 1, 4, 7) for n in range(10)] * (COUNT // 10))

    reached = subject.auc(subject.fit((features, label)), (features, label))

    require(reached == 1, f"AUC is {reached:.3f} on ten categories of one label each")


def tells_an_unknown_number_from_0(subject: Subject) -> None:
    """0 is always true, and what is unknown as often as not."""
    random = np.random.default_rng(1)
    drawn = random.choice([0.0, 1.0, np.nan], COUNT, p=[0.4, 0.4, 0.2])
    wind = pl.Series("wind", drawn).fill_nan(None)
    coin = pl.Series("coin", random.uniform(0, 1, COUNT) < 0.5)

    model = subject.fit((wind.to_frame(), (wind == 0).fill_null(coin)))

    unknown, zero = model.predict(pl.DataFrame({"wind": [None, 0.0]}, {"wind": pl.Float64}))
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


CHECKS: tuple[Callable[[Subject], None], ...] = (
    learns_what_there_is_to_learn,
    predicts_probabilities,
    sees_numbers_and_categories,
    learns_ten_rows_by_heart,
    tells_an_unknown_number_from_0,
    is_the_same_from_the_same_rows,
    predicts_the_same_when_it_is_read_back,
    is_not_read_from_half_a_file,
    says_how_far_it_is,
)
