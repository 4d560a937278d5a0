import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from runpy import run_path
from typing import Any

import dataframely as dy
import polars as pl
import pytest
from builders import PROJECT, TODAY, season
from click.testing import CliRunner
from tasks import orders, task_project, task_settings, task_store

import keel.cli.predict
from keel import Features, afterwards, ahead
from keel.batch import files, quality
from keel.batch.predict import Result, predict
from keel.batch.release import release_of
from keel.cli.predict import lines
from keel.data.store import Store
from keel.model.predictor import in_use
from keel.pipeline.flow import flow
from keel.project.description import Project, Tables
from keel.project.errors import UserError
from keel.serving.answers import Answers
from keel.serving.settings import Serving

STAGES = ("ingest", "validate", "prepare", "train")
KINDS = ("yes or no", "one of several", "a number")
Runs = dict[str, tuple[Project, Store]]


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """A trained project of each task; tests leave them as they are."""
    made = {}
    for kind in KINDS:
        project = task_project(kind)
        store = task_store(tmp_path_factory.mktemp("run"))
        flow(project, task_settings(project, store.root / "source"), store, TODAY)
        made[kind] = project, store
    return made


def score(
    run: tuple[Project, Store], *names: Path | str, out: Path | None = None
) -> Sequence[Result]:
    return list(predict(run[1], run[0], Serving(), list(map(str, names)), out))


def asked(project: Project, **columns: Any) -> pl.DataFrame:
    """Ten rows without what comes out, or with other columns."""
    rows = orders(project).head(10).drop("outcome")
    return rows.with_columns(**columns)


def written(frame: pl.DataFrame, file: Path) -> Path:
    frame.write_csv(file) if file.suffix == ".csv" else frame.write_parquet(file)
    return file


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["july.parquet", "july.csv"])
def test_each_row_is_predicted_as_the_model_does(
    runs: Runs, kind: str, name: str, tmp_path: Path
) -> None:
    project, store = runs[kind]
    rows = orders(project).head(10)

    (result,) = score(runs[kind], written(asked(project), tmp_path / name))

    predictions = pl.read_parquet(tmp_path / "july.predictions.parquet")
    expected = in_use(store, project).predictor.predict(rows)
    assert result.predictions == tmp_path / "july.predictions.parquet"
    assert predictions["order"].to_list() == rows["order"].to_list()
    assert predictions.select(*project.task.fields).schema == pl.Schema(project.task.fields)
    assert predictions.select(project.task.read()).to_series().to_list() == expected.to_list()
    assert set(predictions["model"]) == {in_use(store, project).version}
    assert predictions["release"].null_count() == 10
    assert result.broken is None
    assert result.quality is None


def test_a_csv_has_a_column_for_each_class(runs: Runs, tmp_path: Path) -> None:
    project, _ = runs["one of several"]
    file = written(asked(project, town=pl.lit("Zug")), tmp_path / "july.parquet")

    score(runs["one of several"], file, out=tmp_path / "scores.csv")

    scores = pl.read_csv(tmp_path / "scores.csv")
    each = [f"probabilities.{name}" for name in ("home", "office", "shop", "box")]
    assert scores.columns == ["order", "prediction", *each, "unseen", "model", "release"]
    assert scores.select(pl.sum_horizontal(each)).to_series().to_list() == pytest.approx([1] * 10)
    assert set(scores["unseen"]) == {"town"}


def test_a_number_has_the_interval_that_the_service_answers_with(tmp_path: Path) -> None:
    project, store = task_project("a number"), task_store(tmp_path / "run")
    settings = task_settings(project, tmp_path / "source", interval=0.9)
    flow(project, settings, store, TODAY, STAGES)
    file = written(asked(project), tmp_path / "july.csv")

    score((project, store), file, out=tmp_path / "scores.parquet")
    score((project, store), file, out=tmp_path / "scores.csv")

    scores = pl.read_parquet(tmp_path / "scores.parquet").unnest("interval")
    answers = Answers(in_use(store, project)).of(orders(project).head(10))
    assert scores.select("low", "high").to_dicts() == [answer["interval"] for answer in answers]
    flat = pl.read_csv(tmp_path / "scores.csv")
    assert flat["interval.high"].to_list() == pytest.approx(scores["high"].to_list())


def test_broken_rows_are_set_aside_with_their_numbers_and_reasons(
    runs: Runs, tmp_path: Path
) -> None:
    project, _ = runs["a number"]
    order = pl.Series([0, 1, 2, 3, 4, 5, 6, 7, 8, 8])
    weight = pl.Series(["1", "-1", "heavy", "", "5", "6", "7", "8", "9", "9"])
    file = written(asked(project, order=order, weight=weight), tmp_path / "july.csv")

    (result,) = score(runs["a number"], file)

    aside = pl.read_parquet(tmp_path / "july.set-aside.parquet")
    assert aside["its row"].to_list() == [2, 3, 4, 9, 10]
    twice, unread = "another row has the same order", "weight is no number"
    assert aside["reasons"].to_list() == ["weight is below 0", unread, unread, twice, twice]
    assert aside["weight"].to_list() == ["-1", "heavy", "", "9", "9"]
    assert pl.read_parquet(tmp_path / "july.predictions.parquet")["order"].to_list() == [
        0, 4, 5, 6, 7
    ]  # fmt: skip
    assert (result.counts.rows, result.counts.predicted) == (10, 5)
    assert result.counts.reasons == {"weight is below 0": 1, unread: 2, twice: 2}


def test_batches_make_no_difference(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = runs["yes or no"]
    rows = pl.concat([orders(project), orders(project).head(1)])  # the last is the first again
    file = written(rows, tmp_path / "july.parquet")
    at_once = score(runs["yes or no"], file, out=tmp_path / "at-once.parquet")

    monkeypatch.setattr(files, "ROWS", 7)
    batches = score(runs["yes or no"], file, out=tmp_path / "batches.parquet")

    one, other = (pl.read_parquet(tmp_path / f"{n}.parquet") for n in ("at-once", "batches"))
    assert one.equals(other)
    assert at_once[0].counts == batches[0].counts
    assert at_once[0].counts.reasons == {"another row has the same order": 2}
    assert at_once[0].quality == batches[0].quality


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_how_good_it_was_where_the_labels_are_there(
    runs: Runs, kind: str, tmp_path: Path
) -> None:
    project, _ = runs[kind]
    some = pl.when(pl.col("order") < 500).then("outcome").alias("outcome")
    file = written(orders(project).with_columns(some), tmp_path / "july.parquet")

    (result,) = score(runs[kind], file)

    assert result.quality
    assert result.quality.labelled == 500
    title, value, low, high = result.quality.metrics[0]
    assert low < value < high
    assert any(title in line for line in lines(result))
    assert "outcome" not in pl.read_parquet_schema(tmp_path / "july.predictions.parquet")


def test_labels_do_not_change_a_prediction(runs: Runs, tmp_path: Path) -> None:
    project, _ = runs["yes or no"]
    turned = pl.lit("yes", project.examples.columns()["outcome"].dtype)
    files = {
        "with": asked(project, outcome=turned),
        "unreadable": asked(project, outcome=pl.lit("perhaps")),
        "without": asked(project),
    }

    for name, rows in files.items():
        score(runs["yes or no"], written(rows, tmp_path / f"{name}.parquet"))

    first, *others = (pl.read_parquet(tmp_path / f"{n}.predictions.parquet") for n in files)
    assert all(first.equals(other) for other in others)


def test_labels_are_found_however_build_writes_the_key(runs: Runs, tmp_path: Path) -> None:
    project, store = runs["a number"]

    def written_otherwise(tables: Tables) -> pl.LazyFrame:
        return project.build(tables).with_columns(pl.col("order").cast(pl.Float64))

    file = written(orders(project), tmp_path / "july.parquet")

    (result,) = score((replace(project, build=written_otherwise), store), file)

    assert result.quality
    assert result.quality.labelled == 800


def test_an_answer_gives_way_to_a_key_of_its_name(tmp_path: Path) -> None:
    columns = {
        "prediction": dy.Int64(primary_key=True, metadata=ahead()),
        "model": dy.String(primary_key=True, metadata=ahead()),
        "price": dy.Float64(nullable=True, metadata=afterwards()),
    }
    schema: Any = type("Goods", (dy.Schema,), columns)
    usual = task_project("a number", None)
    project = replace(
        usual,
        tables={"goods": schema},
        examples=schema,
        build=lambda tables: tables["goods"],
        label="price",
        features=Features(schema).plain("model", "prediction"),
    )
    settings = task_settings(usual, tmp_path / "source")
    settings["evaluation"]["slices"] = []
    rows = pl.DataFrame(
        {"prediction": range(200), "model": ["a", "b"] * 100, "price": [*map(float, range(200))]}
    )
    rows.write_parquet(tmp_path / "source/goods.parquet")
    store = task_store(tmp_path / "run")
    flow(project, settings, store, TODAY, STAGES)

    (result,) = score((project, store), tmp_path / "source/goods.parquet")

    assert result.predictions
    assert result.quality
    predictions = pl.read_parquet(result.predictions)
    own = ["keel_prediction", "unseen", "keel_model", "release"]
    assert predictions.columns == ["prediction", "model", *own]
    assert predictions["prediction"].to_list() == list(range(200))
    assert predictions["keel_prediction"].dtype == pl.Float64


def test_many_labels_are_judged_by_some(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "MOST", 300)
    file = written(orders(runs["a number"][0]), tmp_path / "july.parquet")

    (result,) = score(runs["a number"], file)

    assert result.quality
    assert next(result.quality.lines()) == "800 rows have a label, judged by 267 of them:"


def test_rows_that_build_leaves_out_are_set_aside(runs: Runs, tmp_path: Path) -> None:
    project, store = runs["a number"]

    def light(tables: Tables) -> pl.LazyFrame:
        return project.build(tables).filter(pl.col("weight") < 5)

    file = written(
        asked(project, weight=pl.Series([*range(10)], dtype=pl.Float64)), tmp_path / "a.csv"
    )

    (result,) = score((replace(project, build=light), store), file)

    assert result.counts.predicted == 5
    assert result.counts.reasons == {"examples.py: `build` makes 0 examples of it, and not one": 5}


def test_examples_that_break_their_schema_are_set_aside(runs: Runs, tmp_path: Path) -> None:
    project, store = runs["a number"]

    def less(tables: Tables) -> pl.LazyFrame:
        return project.build(tables).with_columns(pl.col("weight") - 3)

    file = written(
        asked(project, weight=pl.Series([*range(10)], dtype=pl.Float64)), tmp_path / "a.csv"
    )

    (result,) = score((replace(project, build=less), store), file)

    assert result.counts.reasons == {"weight is below 0, as examples.py: `build` makes it": 3}


def test_a_build_that_fails_with_every_row_is_an_error(runs: Runs, tmp_path: Path) -> None:
    project, store = runs["a number"]

    def fails(tables: Tables) -> pl.LazyFrame:
        return project.build(tables).with_columns(pl.col("missing"))

    with pytest.raises(UserError, match=r"`build` fails with each of 10 rows: .*missing"):
        score((replace(project, build=fails), store), written(asked(project), tmp_path / "a.csv"))

    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_several_files_are_scored_each_or_all_into_one(runs: Runs, tmp_path: Path) -> None:
    project, _ = runs["a number"]
    written(asked(project).head(4), tmp_path / "a.parquet")
    written(asked(project, weight=pl.lit(-1.0)).tail(2), tmp_path / "b.csv")

    each = score(runs["a number"], f"{tmp_path}/*.parquet", tmp_path / "b.csv")
    again = score(runs["a number"], f"{tmp_path}/*", out=tmp_path / "all.parquet")

    assert [result.counts.predicted for result in each] == [4, 0]
    assert [result.predictions for result in each] == [tmp_path / "a.predictions.parquet", None]
    assert [result.counts.rows for result in again] == [6]
    aside = pl.read_parquet(tmp_path / "all.set-aside.parquet")
    assert aside["its file"].to_list() == [str(tmp_path / "b.csv")] * 2


def test_what_an_earlier_run_set_aside_does_not_stay(runs: Runs, tmp_path: Path) -> None:
    project, _ = runs["a number"]
    file = written(asked(project, weight=pl.lit(-1.0)), tmp_path / "july.parquet")
    score(runs["a number"], file)
    written(asked(project), file)

    score(runs["a number"], file)

    assert {path.name for path in tmp_path.iterdir()} == {
        "july.parquet", "july.predictions.parquet"
    }  # fmt: skip


def test_the_other_tables_are_the_checked_ones(season_run: Store, tmp_path: Path) -> None:
    flights = season()["flights"].drop("arr_delay", "dep_delay")

    (result,) = score((PROJECT, season_run), written(flights, tmp_path / "flights.parquet"))

    assert result.counts.predicted == len(flights)
    predictions = pl.read_parquet(tmp_path / "flights.predictions.parquet")
    examples = season_run.read_table(season_run.examples).collect()
    expected = in_use(season_run, PROJECT).predictor.predict(examples)
    both = predictions.join(examples.with_columns(expected=expected), on=PROJECT.key)
    assert len(both) == len(flights)
    assert both["probability"].to_list() == pytest.approx(both["expected"].to_list())


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (pl.DataFrame({"order": [1]}), "a.parquet", r"needs the columns town, weight, day: it has"),
        (pl.DataFrame({"order": [1]}), "a.xlsx", r"is of no known kind: its name has to end in"),
        (b"", "a.csv", r"a.csv can't be read: empty CSV"),
        (b"order,town,weight,day\n", "a.csv", r"a.csv has no rows"),
        (b"PAR1 and no more", "a.parquet", r"a.parquet can't be read"),
        (b"order,town,weight,day\n\xff\xfe,1,2,3\n", "a.csv", r"a.csv can't be read.*utf-?8"),
        (None, "a.csv", r"there is no .*a.csv: give a file"),
        (None, "", r"is a folder: give its files"),
    ],
)
def test_a_file_that_can_not_be_scored_is_an_error_and_leaves_nothing(
    runs: Runs, tmp_path: Path, content: pl.DataFrame | bytes | None, name: str, message: str
) -> None:
    file = tmp_path / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        content.write_parquet(file)
    before = sorted(tmp_path.iterdir())

    with pytest.raises(UserError, match=message):
        score(runs["a number"], file)

    assert sorted(tmp_path.iterdir()) == before


def test_without_a_model_it_says_how_to_get_one(runs: Runs, tmp_path: Path) -> None:
    project, _ = runs["a number"]
    file = written(asked(project), tmp_path / "a.csv")

    with pytest.raises(UserError, match=r"passport.json is missing: `uv run keel run` makes it"):
        score((project, Store(tmp_path, tmp_path)), file)


def test_another_ending_of_out_is_refused(runs: Runs, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--out .*a.json: its name has to end in .parquet or .csv"):
        score(runs["a number"], "july.csv", out=tmp_path / "a.json")


def test_no_file_is_written_over(runs: Runs, tmp_path: Path) -> None:
    project, _ = runs["a number"]
    two = [written(asked(project), tmp_path / f"a.{end}") for end in ("csv", "parquet")]

    with pytest.raises(UserError, match=r"a.csv and .*a.parquet would both go to .*a.predictions"):
        score(runs["a number"], *two)
    with pytest.raises(UserError, match=r"--out .*a.csv is one of the files to score"):
        score(runs["a number"], two[0], out=two[0])

    assert sorted(tmp_path.iterdir()) == two


def test_an_error_in_build_names_the_line(runs: Runs, tmp_path: Path) -> None:
    project, store = runs["a number"]
    source = tmp_path / "src" / "broken.py"
    source.parent.mkdir()
    source.write_text("def build(tables):\n    raise KeyError('orders')\n")
    broken = replace(project, build=run_path(str(source))["build"])

    with pytest.raises(UserError, match=r"a.csv: src/broken.py, line 2: KeyError: 'orders'"):
        score((broken, Store(tmp_path, store.root)), written(asked(project), tmp_path / "a.csv"))


def test_the_release_of_a_model_is_the_latest_that_holds_it(tmp_path: Path) -> None:
    def git(*command: str) -> None:
        who = {
            f"GIT_{role}_{what}": "Ada"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        subprocess.run(["git", *command], cwd=tmp_path, env=os.environ | who, check=True)

    assert release_of(tmp_path, "abc") is None

    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "First")
    for version, model in {"1.0.0": "abc", "1.10.0": "abc", "1.9.0": "abc", "2.0.0": "def"}.items():
        git("tag", "-a", f"model@v{version}", "-m", f"Version {version}\n\nmodel.sha256: {model}\n")

    assert release_of(tmp_path, "abc") == "1.10.0"
    assert release_of(tmp_path, "ab") is None


def test_the_verb_says_what_became_of_the_rows(
    runs: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, store = runs["yes or no"]
    monkeypatch.chdir(store.root)
    monkeypatch.setattr(keel.cli.predict, "load", lambda _root: project)
    town = pl.Series(["Zug", *["Bern"] * 9])
    broken = written(asked(project, weight=pl.lit(-1.0)), tmp_path / "broken.csv")
    good = written(
        asked(project, town=town, weight=pl.Series([-1.0, *[3.0] * 9])), tmp_path / "good.csv"
    )

    all_well = CliRunner().invoke(keel.cli.predict.predict, [str(good)], standalone_mode=False)
    none = CliRunner().invoke(keel.cli.predict.predict, [str(broken)], standalone_mode=False)

    assert all_well.return_value == 0
    assert "9 of 10 rows predicted by model" in all_well.output
    assert "1 × weight is below 0" in all_well.output
    assert none.return_value == 1
    assert "0 of 10 rows predicted" in none.output


NOT_EVERYWHERE = "starlette fastapi hydra omegaconf dvc tqdm opentelemetry prometheus_client jinja2"


def test_it_needs_neither_a_service_nor_what_trains() -> None:
    blocked = f"import sys; sys.modules.update(dict.fromkeys({NOT_EVERYWHERE.split()}))"

    subprocess.run([sys.executable, "-c", f"{blocked}; import keel.batch.predict"], check=True)
