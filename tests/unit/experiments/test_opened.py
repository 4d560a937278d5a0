"""A run as a notebook opens it."""

import shutil
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from keel import Run, UserError
from keel.data.store import Store
from keel.experiments.opened import FOLDER, errors
from keel.project.task import Classes, Number, Task, YesNo

LATE = pl.Series([True, False])
KIND = pl.Series(["a", "c"], dtype=pl.Enum(["a", "b", "c"]))
SHARES = pl.Series([[0.25, 0.75, 0.0], [0.5, 0.0, 0.5]], dtype=pl.Array(pl.Float64, 3))


@pytest.fixture
def other(repository: Path, season_run: Store) -> Path:
    """A run in a folder of its own."""
    return Path(shutil.copytree(season_run.root, repository / "outputs/other"))


@pytest.mark.parametrize(
    ("task", "label", "predicted", "says", "error"),
    [
        (YesNo("late"), LATE, pl.Series([0.75, 0.5]), [0.75, 0.5], [0.25, 0.5]),
        (Number("price"), pl.Series([10.0, 1.0]), pl.Series([7.0, 2.0]), [7.0, 2.0], [3.0, 1.0]),
        (Classes("kind", ("a", "b", "c")), KIND, SHARES, ["b", "a"], [0.75, 0.5]),
    ],
)
def test_how_far_off_a_prediction_is(
    task: Task, label: pl.Series, predicted: pl.Series, says: list[object], error: list[float]
) -> None:
    expected = pl.DataFrame({"label": label, "predicted": says, "error": error})

    assert_frame_equal(errors(task, label, predicted), expected)


def test_a_run_is_opened_with_its_model(other: Path) -> None:
    run = Run("outputs/other")

    found = run.errors(run.judged)

    predictions = pl.read_parquet(other / "data/predictions.parquet")
    assert found["predicted"].to_list() == pytest.approx(predictions["model"].to_list())
    assert run.features(run.judged).columns == list(run.project.features)
    assert run.examples.select(pl.len()).collect().item() >= run.judged.height


@pytest.mark.usefixtures("other")
def test_the_environment_says_which_run_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDER, "outputs/other")

    assert Run().judged.height


@pytest.mark.usefixtures("repository")
def test_without_a_run_it_is_said_how_to_make_one() -> None:
    with pytest.raises(UserError, match=r"settings\.yaml is missing: `uv run keel run` makes"):
        Run()
