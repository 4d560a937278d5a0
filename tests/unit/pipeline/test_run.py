"""`keel run` and `keel exp`: what DVC runs, and what is seen of it."""

import logging
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from builders import PROJECT, TODAY, content_of
from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
from dvc.lock import LockError  # type: ignore[import-untyped]

from keel.cli import run
from keel.experiments.run import run as experiment
from keel.pipeline.code import digests
from keel.pipeline.run import INTERRUPTED, METRICS, notice_other_code
from keel.pipeline.run import run as pipeline
from keel.project.errors import UserError

ADVICE = ("git add", "autostage", "dvc push", "Running stage", "skipping", "lock file", "> keel")


@pytest.fixture
def two_stages(repository: Path) -> Path:
    """A project whose pipeline ends with the raw tables, which takes two seconds."""
    file = repository / "dvc.yaml"
    stages = yaml.safe_load(file.read_text())["stages"]
    file.write_text(yaml.safe_dump({"stages": {n: stages[n] for n in ("configure", "ingest")}}))
    (repository / "conf/overrides.yaml").write_text("choose: {data: season}\n")
    (repository / ".dvc").mkdir()
    (repository / ".dvc/config").write_text("[core]\n    analytics = false\n")
    hooks = repository / ".git/hooks/pre-commit"
    hooks.parent.mkdir(exist_ok=True)
    hooks.write_text("exec pre-commit run\n")
    hooks.chmod(0o755)
    return repository


def keel(*arguments: str) -> tuple[int, str, str]:
    """A verb in a process of its own: DVC writes to what was the output when it was imported."""
    done = subprocess.run(["keel", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def events(errors: str) -> list[str]:
    return [line.split()[3] for line in errors.splitlines() if "[info" in line]


@pytest.mark.usefixtures("two_stages")
def test_a_run_says_what_its_stages_did_and_a_second_one_that_nothing_changed() -> None:
    code, printed, errors = keel("run")

    assert (code, printed, events(errors)) == (0, "", ["ingest"])
    assert "flights=200" in errors
    assert not [advice for advice in ADVICE if advice in errors]
    assert keel("run") == (0, "Nothing has changed since the last run.\n", "")


@pytest.mark.parametrize(("digest", "noticed"), [("00000000", True), (None, False)])
def test_code_of_keel_that_is_another_one_is_noticed(
    tmp_path: Path, digest: str | None, noticed: bool
) -> None:
    """DVC runs `configure` again when what that wrote has changed."""
    settings = tmp_path / "settings.yaml"
    before = yaml.safe_dump({"code": {**digests(), **({"train": digest} if digest else {})}})
    settings.write_text(before)
    os.utime(settings, (0, 0))  # older than Keel's files

    notice_other_code(tmp_path)

    assert (settings.read_text() != before) is noticed
    assert yaml.safe_load(settings.read_text()) == yaml.safe_load(before)


def test_a_mistake_in_the_project_s_code_is_one_sentence_with_its_place(two_stages: Path) -> None:
    keel("run")
    before = content_of(two_stages / "data")
    file = two_stages / "src/flight_delay/tables.py"
    file.write_text(f"{file.read_text()}\nTABLES['plains']\n")
    line = len(file.read_text().splitlines())

    code, printed, errors = keel("run")

    assert (code, printed) == (1, "")
    assert errors == (
        "error: flight_delay.project can't be imported: src/flight_delay/tables.py, "
        f"line {line}: KeyError: 'plains'\n"
    )
    assert content_of(two_stages / "data") == before


def test_an_error_of_dvc_s_is_seen(two_stages: Path) -> None:
    (two_stages / "dvc.yaml").write_text("stages: {ingest: {deps: [conf]}}")

    code, _, errors = keel("run")

    assert code == 1
    assert "cmd" in errors
    assert "Traceback" not in errors


def test_a_folder_behind_a_link_is_told_before_a_stage_works(
    two_stages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(two_stages)
    (tmp_path / "other disk").mkdir()
    (two_stages / "data").symlink_to(tmp_path / "other disk")

    with pytest.raises(UserError, match="make data a folder, and have DVC keep its content on the"):
        pipeline(two_stages, TODAY)

    assert list((tmp_path / "other disk").iterdir()) == []


def test_a_folder_that_may_only_be_read_is_told(
    two_stages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(two_stages)
    monkeypatch.setattr(os, "access", lambda place, _: place != two_stages)  # as for another user

    with pytest.raises(UserError, match="you may only read it"):
        pipeline(two_stages, TODAY)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            LockError("busy:\n  (PID 12): keel run\n\nIf no such PIDs run, remove it by hand"),
            "^wait for the other run.*: PID 12 is at work$",
        ),
        (PermissionError(13, "Permission denied", "data/raw"), "data/raw: Permission denied"),
    ],
)
def test_what_dvc_gives_no_cure_of_is_told_in_words_of_ours(
    two_stages: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def main(_: list[str]) -> int:
        failure = DvcException("it failed")
        failure.__cause__ = error
        logging.getLogger("dvc").error("", exc_info=failure)
        return 255

    monkeypatch.chdir(two_stages)
    monkeypatch.setattr("dvc.cli.main", main)

    with pytest.raises(UserError, match=told):
        pipeline(two_stages, TODAY)


@pytest.mark.parametrize("judged", [True, False])
def test_a_refused_model_is_held_beside_the_last_commit_if_it_was_judged(
    two_stages: Path, monkeypatch: pytest.MonkeyPatch, *, judged: bool
) -> None:
    held: list[Path] = []
    file = two_stages / METRICS
    file.parent.mkdir(exist_ok=True)
    file.write_text("{}", "utf-8")
    os.utime(file, (1, 1))

    def main(_: list[str]) -> int:
        if judged:
            file.write_text("{}", "utf-8")
        return 255

    monkeypatch.chdir(two_stages)
    monkeypatch.setattr("dvc.cli.main", main)
    monkeypatch.setattr("keel.pipeline.run.beside_last_commit", held.append)

    assert pipeline(two_stages, TODAY) == 1

    assert bool(held) == judged


def test_a_run_that_is_stopped_says_so(
    two_stages: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(two_stages)
    monkeypatch.setattr("dvc.cli.main", lambda _: INTERRUPTED)

    assert run(["run"]) == 1

    assert capsys.readouterr().err.strip() == "error: stopped"


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("word", "cure"),
    [
        ("quick", "did you mean data=quick?"),
        ("logistic", "did you mean model=logistic?"),
        ("trian", "the stages are configure, ingest, validate, prepare, train, evaluate"),
    ],
)
def test_a_word_that_is_neither_a_change_nor_a_stage_is_named(
    word: str, cure: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", word]) == 1

    assert capsys.readouterr().err == (
        f"error: {word!r} is neither a change such as data=quick nor a stage: {cure}\n"
    )


@pytest.mark.parametrize("options", [["--queue"], ["-f"]])
def test_an_experiment_needs_a_change(tmp_path: Path, options: list[str]) -> None:
    with pytest.raises(UserError, match=r"say what to change: uv run keel exp model=logistic"):
        experiment(tmp_path, PROJECT, [], options)


def test_an_experiment_needs_a_commit_and_says_how_to_make_one(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)

    with pytest.raises(UserError, match=r"there is none yet: git add --all && git commit -m"):
        experiment(tmp_path, PROJECT, ["model=logistic"], [])
