"""Runs beside the last commit: what differs, and what is better by more than chance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders import PROJECT, content

from keel.experiments.show import experiments_page, lines
from keel.experiments.tried import MOST, Kept, Tried, beside, differing
from keel.judge.metrics.known import metrics_of
from keel.project.settings import Evaluation

ROWS = 2000
EVALUATION = Evaluation.model_validate(
    {**content("")["evaluation"], "slices": ["carrier"], "smallest_slice": 100}
)
METRICS = metrics_of(PROJECT, EVALUATION)


def kept(folder: Path, name: str, noise: float, **parts: Any) -> Kept:
    """A run whose predictions are the worse the more noise."""
    random = np.random.default_rng(1)
    risk = random.uniform(0.05, 0.95, ROWS)
    label = random.uniform(size=ROWS) < risk
    predicted = np.clip(risk + np.random.default_rng(2).normal(0, noise, ROWS), 0.01, 0.99)
    rows = {"example": [{"n": n} for n in range(ROWS)], "label": label, "model": predicted}
    file = folder / f"{name}.parquet"
    pl.DataFrame({**rows, "carrier": ["UA", "B6"] * (ROWS // 2)}).write_parquet(file)
    score = {"score": 0.8 - noise, "low": 0.7 - noise, "high": 0.9 - noise}
    return Kept(name, dict.fromkeys(METRICS, score), file, **parts)


@pytest.fixture
def before(tmp_path: Path) -> Kept:
    return kept(tmp_path, "the last commit", 0.3)


def tried(before: Kept, *runs: Kept) -> list[Tried]:
    return beside(PROJECT, EVALUATION, before, list(runs))


def settings(**model: Any) -> Mapping[str, Any]:
    return {"model": {"name": "boosting", "trees": 200, **model}, "code": {"train": "1"}}


def test_the_best_run_comes_first_with_what_it_gains(tmp_path: Path, before: Kept) -> None:
    worse, better = kept(tmp_path, "worse", 0.6), kept(tmp_path, "better", 0.1)

    found = tried(before, worse, better)

    assert [each.kept.name for each in found] == ["better", "worse"]
    verdicts = [each.gains["auc"].verdict.partition(" ")[0] for each in found]
    assert verdicts == ["better", "worse"]
    assert [part.place for part in found[0].parts] == ["carrier = B6", "carrier = UA"]


def test_of_more_runs_each_has_to_be_surer(tmp_path: Path, before: Kept) -> None:
    run = kept(tmp_path, "a run", 0.25)

    alone, beside_another = tried(before, run)[0], tried(before, run, run)[0]

    assert beside_another.gains["auc"].low < alone.gains["auc"].low


def test_the_same_predictions_are_the_same(before: Kept) -> None:
    assert tried(before, before)[0].gains["auc"].verdict == "the same"


def test_a_run_whose_predictions_are_elsewhere_is_shown_with_its_scores(before: Kept) -> None:
    elsewhere = Kept("elsewhere", before.scores, None)

    (found,) = tried(before, elsewhere)

    shown = list(lines(before, [found], METRICS, 80))
    assert found.gains == {}
    assert "  It can't be compared: no example in common, or they are on another machine." in shown
    assert sum("0.5000 (0.4000 to 0.6000)" in line for line in shown) == 2 * len(METRICS)


@pytest.mark.parametrize(
    ("typed", "model", "code", "differs"),
    [
        pytest.param({}, {}, [], [], id="nothing"),
        pytest.param(
            {"choose": {"model": "logistic"}, "set": {"model": {"iterations": 9}}},
            {"name": "logistic"},
            [],
            ["model=logistic", "model.iterations=9"],
            id="a choice, and not what follows from it",
        ),
        pytest.param({}, {"trees": 50}, [], ["model.trees=50"], id="a file of conf"),
        pytest.param(
            {"set": {"model": {"trees": 50}}},
            {"trees": 50},
            ["src/churn/features.py"],
            ["model.trees=50", "src/churn/features.py"],
            id="a value, once, and code",
        ),
    ],
)
def test_what_differs(
    typed: dict[str, Any], model: dict[str, Any], code: list[str], differs: list[str]
) -> None:
    before = Kept("before", {}, None, settings=settings())
    after = Kept("after", {}, None, settings=settings(**model), typed=typed, code=code)

    assert differing(before, after) == differs


def test_the_code_of_keel_is_no_difference() -> None:
    before, after = ({**settings(), "code": {"train": digest}} for digest in "12")

    assert (
        differing(Kept("a", {}, None, settings=before), Kept("b", {}, None, settings=after)) == []
    )


def test_what_is_shown_fits_a_terminal(tmp_path: Path, before: Kept) -> None:
    change = {"model": {f"a_setting_with_a_long_name_{n}": n for n in range(9)}}
    run = kept(tmp_path, "a-name-of-dvc", 0.1, typed={"set": change})

    shown = list(lines(before, tried(before, run), METRICS, 80))

    assert max(map(len, shown)) <= 80
    assert all(f"model.a_setting_with_a_long_name_{n}={n}" in " ".join(shown) for n in range(9))


def test_a_run_that_was_refused_says_by_which_gates(tmp_path: Path, before: Kept) -> None:
    run = kept(tmp_path, "a run", 0.1, refused=["floors", "feature.age"])
    found = tried(before, run)

    assert "  refused by floors, feature.age" in list(lines(before, found, METRICS, 80))
    page = experiments_page({"name": "A", "purpose": "B"}, before, found, METRICS)
    assert "refused by floors, feature.age" in page


def test_the_page_has_charts_side_by_side_of_the_first_runs(tmp_path: Path, before: Kept) -> None:
    chart = tmp_path / "By carrier%2Forigin.svg"
    chart.write_text("<svg>a chart</svg>")
    runs = [kept(tmp_path, f"run-{n}", n / 10, charts={chart.stem: chart}) for n in range(MOST + 1)]

    page = experiments_page({"name": "A", "purpose": "B"}, before, tried(before, *runs), METRICS)

    assert page.count("<svg>a chart</svg>") == MOST
    assert "By carrier/origin" in page
    assert all(f"run-{n}" in page for n in range(MOST + 1))
