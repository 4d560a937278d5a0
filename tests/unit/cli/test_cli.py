"""The command: mistakes in one sentence, stages in one line, verbs in groups."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import PROJECT, content, content_of, table
from repositories import Repository

from keel.cli import run
from keel.data.store import Store
from keel.pipeline import configuration


def half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def no_folder(root: Path) -> None:
    shutil.rmtree(root / "reports")
    (root / "reports").write_text("")


def composed(root: Path, **changes: object) -> None:
    """Other settings for the stages."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    configuration.write(PROJECT, content("nowhere/{table}.csv", named), Store(root, root))


def say(file: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / file).write_text(text)


MISTAKES: dict[str, tuple[list[str], Callable[[Path], object], str]] = {
    "no such verb": (
        ["promot"],
        lambda _: None,
        "error: there is no command 'promot': did you mean promote?",
    ),
    "no name": (["stage"], lambda _: None, "error: Missing argument 'NAME'."),
    "a wrong name": (
        ["stage", "trian"],
        lambda _: None,
        "error: 'trian' is no stage: they are configure, ingest, validate, prepare, train, eval",
    ),
    "an option": (["stage", "--nope"], lambda _: None, "error: No such option '--nope'"),
    "no conf": (
        ["stage", "configure"],
        lambda root: shutil.rmtree(root / "conf"),
        "run this in the project's",
    ),
    "conf that is no YAML": (
        ["stage", "configure"],
        say("conf/config.yaml", "a: ["),
        "can't be composed",
    ),
    "an unknown setting": (
        ["stage", "configure"],
        say("conf/overrides.yaml", "set: {model: {tres: 5}}"),
        "error: model.tres is not a setting",
    ),
    "overrides that are a word": (
        ["stage", "configure"],
        say("conf/overrides.yaml", "set: x"),
        "set is 'x'",
    ),
    "no settings": (
        ["stage", "train"],
        lambda root: (root / "settings.yaml").unlink(),
        "settings.yaml is",
    ),
    "settings of another version": (
        ["stage", "train"],
        say("settings.yaml", "data: {}"),
        "error: data.source is missing: give it a value in conf/",
    ),
    "no source": (["stage", "ingest"], composed, "flights: nowhere/flights.csv can't be read"),
    "a source of another kind": (
        ["stage", "ingest"],
        lambda root: composed(root, data__source="http://localhost/{table}.xlsx"),
        "data.source is http://localhost/flights.xlsx: it must end in .parquet, .csv",
    ),
    "no raw table": (
        ["stage", "validate"],
        lambda root: (root / "data/raw/planes.parquet").unlink(),
        "error: data/raw/planes.parquet is missing: `uv run keel run` makes it",
    ),
    "half a raw table": (
        ["stage", "validate"],
        lambda root: half(root / "data/raw/planes.parquet"),
        "data/raw/planes.parquet can't be read (",
    ),
    "an empty raw table": (
        ["stage", "validate"],
        lambda root: table("planes", seats=[0]).write_parquet(root / "data/raw/planes.parquet"),
        "planes, or change Planes in tables.py:\n  1 of 1 rows (100.00%) break it",
    ),
    "no checked table": (
        ["stage", "prepare"],
        lambda root: (root / "data/checked/planes.parquet").unlink(),
        "data/checked/planes.parquet is missing",
    ),
    "no test examples": (
        ["stage", "train"],
        lambda root: composed(root, split__test_from="2013-01-01"),
        "split.test_from = 2013-01-01: that leaves no examples to train on",
    ),
    "half the examples": (
        ["stage", "train"],
        lambda root: half(root / "data/examples.parquet"),
        "data/examples.parquet can't be read (",
    ),
    "half a model": (
        ["stage", "evaluate"],
        lambda root: half(root / "model/model.txt"),
        "error: model/model.txt is not what model/passport.json describes: delete it",
    ),
    "a floor that is missed": (
        ["stage", "evaluate"],
        lambda root: composed(root, evaluation__floors={"auc": 1.5}),
        "error: the model is refused:\n  floors: AUC on all rows is ",
    ),
    "a folder in place of a file": (
        ["stage", "train"],
        lambda root: folder(root / "data/examples.parquet"),
        "error: ",
    ),
    "a file in place of a folder": (
        ["stage", "evaluate"],
        no_folder,
        "error: ",
    ),
    "an experiment without a change": (["exp", "-f"], lambda _: None, "say what to change"),
    "experiments beside no commit": (
        ["exp"],
        lambda _: None,
        "experiments are compared with a committed run",
    ),
    "an experiment before the first commit": (
        ["exp", "model=logistic"],
        lambda _: None,
        "an experiment starts from a commit, and there is none yet",
    ),
    "no project": (["stage", "train"], say("pyproject.toml", ""), "[tool.keel] in pyproject.toml"),
}


@pytest.fixture
def project(repository: Path, season_run: Store) -> Path:
    """A project that a run went through, with the settings it had."""
    shutil.copytree(season_run.root, repository, dirs_exist_ok=True)
    shutil.rmtree(repository / ".git")
    return repository


@pytest.mark.parametrize(("arguments", "make", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_in_one_message_without_a_traceback(
    project: Path,
    arguments: list[str],
    make: Callable[[Path], object],
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make(project)

    code = run(arguments)

    printed, errors = capfd.readouterr()
    assert code == 1
    assert message in errors
    assert errors.count("error: ") == 1
    told = [line for line in errors.splitlines() if "[info " not in line]  # scores may precede it
    assert told[0].startswith("error: ")
    assert "Traceback" not in printed + errors


def test_a_mistake_ends_the_process_with_its_code(repository: Path) -> None:
    done = subprocess.run(
        ["keel", "stage", "train"], cwd=repository, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: settings.yaml is missing: `uv run keel run` makes it\n"


@pytest.mark.usefixtures("project")
def test_a_stage_says_in_one_line_what_it_did(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["stage", "prepare"]) == 0

    printed, events = capfd.readouterr()
    assert printed == ""
    (line,) = events.splitlines()
    assert "prepare" in line
    assert "examples=200" in line
    assert line.rpartition(" ")[2].startswith("seconds=")


def test_a_stage_that_stops_leaves_what_was_there(project: Path) -> None:
    half(project / "data/raw/planes.parquet")
    before = content_of(project)

    run(["stage", "validate"])

    after = content_of(project)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"reports/traces.jsonl"}  # which say that it stopped


def test_a_refused_experiment_is_a_warning(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    composed(project, evaluation__floors={"auc": 1.5})
    monkeypatch.setenv("DVC_EXP_BASELINE_REV", "abc")

    assert run(["stage", "evaluate"]) == 0

    assert "warning: the model is refused" in capfd.readouterr().err


@pytest.mark.usefixtures("repository")
def test_help_shows_the_verbs_in_their_groups(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    without = capsys.readouterr().out
    assert run(["--help"]) == 0

    shown = capsys.readouterr().out
    assert shown.strip() == without.strip()
    places = [shown.index(title) for title in ("Every day:", "In use:", "Quality:", "The project:")]
    assert places == sorted(places)
    assert "stage" not in shown  # which the pipeline calls


def test_a_proof_of_concept_shows_and_has_fewer(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / "pyproject.toml"
    file.write_text(file.read_text() + 'maturity = "poc"\n')

    assert run(["--help"]) == 0
    assert "serve" not in capsys.readouterr().out

    assert run(["serve"]) == 1
    assert "keel update maturity=product" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("conf/waivers.yaml", ["run"]),
        ("dvc.yaml", ["stage", "configure"]),
        ("src/müller [1].py", ["trian"]),
        ("pyproject.toml", ["check"]),
    ],
)
def test_what_a_merge_left_is_named_beside_any_mistake(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    file: str,
    arguments: list[str],
) -> None:
    left = Repository(tmp_path)
    left.git("config", "color.ui", "always")
    left.file(file, "a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n")
    monkeypatch.chdir(tmp_path)

    assert run(arguments) == 1

    end = f"a merge left conflicts: fix them, then `git add` the files\n  {file}:2\n  {file}:6\n"
    assert capsys.readouterr().err.endswith(end)
