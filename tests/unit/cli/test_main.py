import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from builders import REPOSITORY, content, content_of, table

from keel.cli import main
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
    configuration.write(content("nowhere/{table}.csv", named), Store(REPOSITORY, root))


def say(file: str, text: str) -> Callable[[Path], object]:
    return lambda root: (root / file).write_text(text)


MISTAKES: dict[str, tuple[list[str], Callable[[Path], object], str]] = {
    "no name": ([], lambda _: None, "error: nothing: there is configure, ingest, "),
    "a wrong name": (["trian"], lambda _: None, "error: trian: there is configure, ingest, "),
    "an option": (["--help"], lambda _: None, "error: --help: there is configure"),
    "no conf": (
        ["configure"],
        lambda root: shutil.rmtree(root / "conf"),
        "run this in the project's",
    ),
    "conf that is no YAML": (["configure"], say("conf/config.yaml", "a: ["), "can't be composed"),
    "an unknown setting": (
        ["configure"],
        say("conf/overrides.yaml", "set: {model: {tres: 5}}"),
        "error: configure: model.tres is not a setting",
    ),
    "overrides that are a word": (
        ["configure"],
        say("conf/overrides.yaml", "set: x"),
        "set is 'x'",
    ),
    "no settings": (["train"], lambda root: (root / "settings.yaml").unlink(), "settings.yaml is"),
    "settings of another version": (
        ["train"],
        say("settings.yaml", "data: {}"),
        "error: train: data.source is missing: give it a value in conf/",
    ),
    "no source": (["ingest"], composed, "flights: nowhere/flights.csv can't be read"),
    "a source of another kind": (
        ["ingest"],
        lambda root: composed(root, data__source="http://localhost/{table}.xlsx"),
        "data.source is http://localhost/flights.xlsx: it must end in .parquet, .csv",
    ),
    "no raw table": (
        ["validate"],
        lambda root: (root / "data/raw/planes.parquet").unlink(),
        "error: validate: data/raw/planes.parquet is missing: `uv run keel run` makes it",
    ),
    "half a raw table": (
        ["validate"],
        lambda root: half(root / "data/raw/planes.parquet"),
        "data/raw/planes.parquet can't be read (",
    ),
    "an empty raw table": (
        ["validate"],
        lambda root: table("planes", seats=[0]).write_parquet(root / "data/raw/planes.parquet"),
        "planes: 1 of 1 rows (100.00%) break their schema",
    ),
    "no checked table": (
        ["prepare"],
        lambda root: (root / "data/checked/planes.parquet").unlink(),
        "data/checked/planes.parquet is missing",
    ),
    "no test examples": (
        ["train"],
        lambda root: composed(root, split__test_from="2013-01-01"),
        "split.test_from is 2013-01-01: that leaves no examples to train on",
    ),
    "half the examples": (
        ["train"],
        lambda root: half(root / "data/examples.parquet"),
        "data/examples.parquet can't be read (",
    ),
    "half a model": (
        ["evaluate"],
        lambda root: half(root / "model/model.txt"),
        "error: evaluate: model/model.txt is not what model/passport.json describes: delete it",
    ),
    "a floor that is missed": (
        ["evaluate"],
        lambda root: composed(root, evaluation__floors={"auc": 1.5}),
        "error: evaluate: the model is refused:\n  floors: AUC on all rows is ",
    ),
    "a folder in place of a file": (
        ["train"],
        lambda root: folder(root / "data/examples.parquet"),
        "error: train: ",
    ),
    "a file in place of a folder": (
        ["evaluate"],
        no_folder,
        "error: evaluate: ",
    ),
    "an argument too many": (
        ["setup", "now"],
        lambda _: None,
        "setup takes no arguments, and got now",
    ),
    "an experiment without a change": (["experiment"], lambda _: None, "say what to change"),
    "an experiment before the first commit": (
        ["experiment", "model=logistic"],
        lambda _: None,
        "an experiment starts from a commit, and there is none yet",
    ),
    "packages of no day": (["upgrade"], say("pyproject.toml", ""), "has no line `exclude-newer"),
    "no pyproject": (["upgrade"], lambda _: None, "pyproject.toml"),
}


@pytest.fixture
def project(run_copy: Store) -> Path:
    """A folder that a run went through, with the settings it had."""
    shutil.copytree(REPOSITORY / "conf", run_copy.root / "conf")
    shutil.copytree(REPOSITORY / "docs", run_copy.root / "docs")
    return run_copy.root


@pytest.mark.parametrize(("arguments", "make", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_said_in_one_message_without_a_traceback(
    project: Path,
    arguments: list[str],
    make: Callable[[Path], object],
    message: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make(project)

    with contextlib.chdir(project):
        code = main(arguments)

    printed, said = capfd.readouterr()
    assert code == 1
    assert message in said
    assert said.count("error: ") == 1
    assert said.startswith("error: ")
    assert "Traceback" not in printed + said


def test_a_mistake_ends_the_process_with_its_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flight_delay.chassis", "train"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("error: train: settings.yaml is missing: `uv run keel run` makes it\n")


def test_a_stage_says_in_one_line_what_it_did(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flight_delay.chassis", "prepare"],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "prepare" in line
    assert "examples=200" in line
    assert "seconds=" in line


def test_a_stage_that_stops_leaves_what_was_there(project: Path) -> None:
    half(project / "data/raw/planes.parquet")
    before = content_of(project)

    with contextlib.chdir(project):
        main(["validate"])

    after = content_of(project)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"reports/lineage.jsonl"}  # which says that it stopped
