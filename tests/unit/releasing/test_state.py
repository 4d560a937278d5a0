"""What a release finds in a small project with real Git, real DVC, and a pipeline of one stage."""

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import chdir
from datetime import date
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo  # type: ignore[import-untyped]  # DVC has no types

from keel.cli import run
from keel.project.errors import UserError
from keel.releasing.release import problems, release
from keel.releasing.reproduce import (
    Comparison,
    Difference,
    differences,
    facts,
    get_data,
    make_environment,
    outs,
    reproduce,
    worktree,
)
from keel.releasing.versions import Registry, read

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # DVC's own
TODAY = date(2026, 11, 23)
STAGE = {
    "cmd": "python make.py",
    "deps": ["make.py", "src/project"],
    "outs": ["data/raw", "model"],
    "metrics": [
        {"reports/gates.json": {"cache": False}},
        {"reports/metrics.json": {"cache": False}},
    ],
}
MAKE = """
import hashlib, json
from pathlib import Path

from keel.project.about import own_code

def write(name, content):
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(content)

write("data/raw/rows.csv", "1,2,3")
write("model/model.txt", "the model")
model = hashlib.sha256(b"the model").hexdigest()
hashes = {"model": model, "code": own_code(Path.cwd())}
passport = {"trained_at": "now", "sha256": hashes, "versions": {"lightgbm": "4.0"}}
write("model/passport.json", json.dumps(passport))
write("reports/gates.json", "[]")
write("reports/metrics.json", json.dumps({"auc": 0.7, "baseline": {"auc": 0.6}}))
"""


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def git(folder: Path, *arguments: str) -> str:
    command = ("git", *arguments)
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "what there is")


@pytest.fixture(autouse=True)
def _on_a_laptop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVIRONMENT", raising=False)


def make(folder: Path, repository: Path) -> None:
    """A project that is ready to be released, with a remote for DVC."""
    folder.mkdir(parents=True)
    git(repository, "init", "--quiet", "--initial-branch", "main")
    for name in ("name", "email"):
        git(repository, "config", f"user.{name}", "anna@example.com")
    (folder / ".gitignore").write_text("/data\n/model\n/champion\n")
    (folder / "make.py").write_text(MAKE)
    (folder / "src/project").mkdir(parents=True)
    (folder / "src/project/features.py").write_text("FEATURES = ()")
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"train": STAGE}}))
    with chdir(folder), Repo.init(subdir=folder != repository) as repo:
        with repo.config.edit() as config:
            config["core"] |= {"remote": "storage", "analytics": False}
            config["remote"]["storage"] = {"url": str(repository.parent / "storage")}
        (folder / "champion").mkdir()
        repo.reproduce()
        promote(folder)
        repo.push()
    commit(repository)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a remote for Git, too."""
    folder = tmp_path_factory.mktemp("made") / "project"
    make(folder, folder)
    git(folder.parent, "init", "--quiet", "--bare", "origin.git")
    git(folder, "remote", "add", "origin", str(folder.parent / "origin.git"))
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A copy with copies of both remotes."""
    subprocess.run(["cp", "-r", *map(str, made.parent.iterdir()), str(tmp_path)], check=True)
    folder = tmp_path / "project"
    git(folder, "remote", "set-url", "origin", str(tmp_path / "origin.git"))
    config = folder / ".dvc/config"
    config.write_text(config.read_text().replace(str(made.parent), str(tmp_path)))
    commit(folder)
    git(folder, "push", "--quiet")
    return folder


def promote(folder: Path) -> None:
    for name in ("model.txt", "passport.json"):
        (folder / "champion" / name).write_bytes((folder / "model" / name).read_bytes())
    with chdir(folder), Repo() as repo:
        repo.add("champion")


def edit(folder: Path) -> None:
    (folder / "make.py").write_text(MAKE + "\n")


def edit_and_commit(folder: Path) -> None:
    edit(folder)
    commit(folder)
    git(folder, "push", "--quiet")


def add_file(folder: Path) -> None:
    (folder / "a file.py").touch()


def commit_only(folder: Path) -> None:
    commit(folder)


def lose_head(folder: Path) -> None:
    git(folder, "checkout", "--quiet", "--detach")
    commit(folder)


def miss_gate(folder: Path) -> None:
    verdict = {"gate": "baseline", "sentence": "no better", "passed": False, "waiver": None}
    (folder / "reports/gates.json").write_text(json.dumps([verdict]))


def end_waiver(folder: Path) -> None:
    waiver = {"gate": {"why": "it was so", "owner": "anna", "until": date(2026, 1, 1)}}
    (folder / "conf").mkdir()
    (folder / "conf/waivers.yaml").write_text(yaml.safe_dump(waiver))


def edit_and_say_that_nothing_changed(folder: Path) -> None:
    """What `dvc commit --force` does: the lock names the new code beside the old model."""
    (folder / "src/project/features.py").write_text("FEATURES = (age,)")
    with chdir(folder), Repo() as repo:
        repo.commit(force=True)
    commit(folder)
    git(folder, "push", "--quiet")


def exchange_model(folder: Path) -> None:
    with chdir(folder), Repo() as repo:
        for place in ("model", "champion"):
            (folder / place / "model.txt").unlink()
            (folder / place / "model.txt").write_text("another model")
        repo.commit(force=True)
        repo.push()
    commit(folder)
    git(folder, "push", "--quiet")


def upgrade(folder: Path) -> None:
    (folder / "uv.lock").write_text('[[package]]\nname = "lightgbm"\nversion = "4.1"\n')
    commit(folder)
    git(folder, "push", "--quiet")


def lose_champion(folder: Path) -> None:
    (folder / "champion/model.txt").unlink()


def have_another_champion(folder: Path) -> None:
    passport = {"sha256": {"model": "another"}}
    (folder / "champion/passport.json").write_text(json.dumps(passport))


def lose_storage(folder: Path) -> None:
    subprocess.run(["rm", "-r", str(folder.parent / "storage")], check=True)


def test_a_project_in_order_has_nothing_to_say(project: Path) -> None:
    assert list(problems(project, "1.0.0", Registry(), TODAY)) == []


def test_all_problems_are_said_at_once(project: Path) -> None:
    edit(project)
    lose_storage(project)

    found = list(problems(project, "1.0.0", Registry({"1.0.0": "older"}), TODAY))

    assert len(found) == 4
    assert "version 1.0.0 exists" in found[0]


def test_a_commit_has_one_version(project: Path) -> None:
    commit = git(project, "rev-parse", "HEAD").strip()

    [found] = problems(project, "1.1.0", Registry({"1.0.0": commit}), TODAY)

    assert "this commit is version 1.0.0 already" in found


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (edit, "make.py changed since the commit"),
        (add_file, "a file.py"),
        (edit_and_commit, "train not as the last run left it"),
        (edit_and_say_that_nothing_changed, "made by other code than src/project of this commit"),
        (exchange_model, "the model's passport is of another model/model.txt"),
        (upgrade, "the model was made with lightgbm 4.0, and uv.lock has 4.1"),
        (commit_only, "origin does not have this commit: `git push` first"),
        (lose_head, "origin does not have this commit"),
        (miss_gate, "baseline: no better"),
        (end_waiver, r"the waiver of gate (anna, 2026-01-01) has ended"),
        (lose_champion, "champion.dvc not as the last run left it"),
        (have_another_champion, "the champion is another model than this commit's"),
        (lose_storage, "nobody else can get"),
    ],
)
def test_what_is_not_in_order_stops_the_release(
    project: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(project)

    with pytest.raises(UserError) as caught:
        release(project, "patch", TODAY)

    assert "1.0.0 is not released" in str(caught.value)
    assert said in str(caught.value)
    assert git(project, "tag") == ""


def test_without_a_commit_there_is_nothing_to_release(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    with pytest.raises(UserError, match="a version is of a commit, and there is none"):
        release(tmp_path, "patch", TODAY)


def test_outside_of_git_there_is_nothing_to_release(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not in Git: `uv run keel setup`"):
        release(tmp_path, "patch", TODAY)


def test_a_release_is_a_tag_with_scores_and_hashes_here_and_on_the_remote(
    project: Path,
) -> None:
    message = release(project, "patch", TODAY)

    text = git(project, "cat-file", "-p", "refs/tags/model@v1.0.0")
    assert "auc: 0.7" in text
    assert f"model.sha256: {sha256('the model')}" in text
    assert "code.sha256: " in text
    assert "data/raw.md5: " in text
    assert "card: reports/model-card.md" in text
    assert "refs/tags/model@v1.0.0" in git(project, "ls-remote", "origin")
    assert "uv run keel deploy 1.0.0 sandbox" in message


def test_a_release_needs_no_remote_of_git(project: Path) -> None:
    git(project, "remote", "remove", "origin")

    release(project, "2.0.0", TODAY)

    assert list(read(project).commits) == ["2.0.0"]


@pytest.mark.parametrize(
    ("arguments", "code"), [(["patch", "minor"], 1), (["--force"], 1), (["1.2"], 1)]
)
def test_what_is_no_version_is_refused(
    project: Path, arguments: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)

    assert run(["release", *arguments]) == code

    assert git(project, "tag") == ""


# What a rebuilt version is compared with


def recorded(project: Path, tag: str) -> dict[str, str]:
    with worktree(project, tag) as folder:
        get_data(project, folder)
        return facts(folder, outs(folder))


def test_what_a_version_recorded_is_had_from_git_and_dvc(project: Path) -> None:
    release(project, "patch", TODAY)
    edit_and_commit(project)  # what came later does not matter

    found = recorded(project, "model@v1.0.0")

    assert {name: fact for name, fact in found.items() if name.endswith(("model.txt", ".csv"))} == {
        "data/raw/rows.csv": sha256("1,2,3"),
        "model/model.txt": sha256("the model"),
    }
    assert {name: fact for name, fact in found.items() if "json" in name} == {
        "model/passport.json sha256.model": f'"{sha256("the model")}"',
        "model/passport.json versions.lightgbm": '"4.0"',
        "reports/gates.json": "[]",
        "reports/metrics.json auc": "0.7",
        "reports/metrics.json baseline.auc": "0.6",
    }
    assert facts(project, outs(project)) == found


def test_what_a_version_recorded_is_had_from_the_remote(project: Path) -> None:
    release(project, "patch", TODAY)
    expected = recorded(project, "model@v1.0.0")
    subprocess.run(["rm", "-r", str(project / ".dvc/cache")], check=True)

    assert recorded(project, "model@v1.0.0") == expected


def test_what_nobody_has_any_more_is_said_with_the_cure(project: Path) -> None:
    release(project, "patch", TODAY)
    for folder in (project / ".dvc/cache", project.parent / "storage"):
        subprocess.run(["rm", "-r", str(folder)], check=True)

    with pytest.raises(UserError, match="uv run dvc fetch --all-tags"):
        recorded(project, "model@v1.0.0")


def test_each_fact_that_differs_is_named() -> None:
    recorded = {"model/model.txt": "a", "reports/metrics.json auc": "0.7", "data/raw/x": "c"}
    again = {"model/model.txt": "a", "reports/metrics.json auc": "0.6", "data/raw/y": "d"}

    assert differences(recorded, again) == [
        Difference("reports/metrics.json auc", "0.7", "0.6"),
        Difference("data/raw/x", "c", "nothing"),
        Difference("data/raw/y", "nothing", "d"),
    ]


def test_only_what_is_equal_and_did_not_fail_is_equal() -> None:
    differing = [Difference("reports/metrics.json auc", "0.7", "0.6")]
    compared = Comparison("1.0.0", 7, differing, failed=True, seconds=(1.0, 2.0))

    assert not compared.equal
    assert "| reports/metrics.json auc | 0.7 | 0.6 |" in str(compared)
    assert str(compared).endswith("; the pipeline failed, which it says above")
    assert not compared._replace(differences=[]).equal
    assert compared._replace(differences=[], failed=False).equal


def test_a_version_from_before_the_library_is_refused_with_the_way_to_build_it(
    project: Path,
) -> None:
    with pytest.raises(UserError, match=r"uv run poe reproduce VERSION.*before Keel was a library"):
        make_environment(project)


def test_the_time_of_a_run_is_no_difference(tmp_path: Path) -> None:
    passport = {"trained_at": "now", "code": {"commit": "a"}, "training": {"rows": 5}}
    (tmp_path / "passport.json").write_text(json.dumps(passport))

    assert facts(tmp_path, ["passport.json"]) == {"passport.json training.rows": "5"}


def test_an_unknown_version_can_not_be_reproduced(project: Path) -> None:
    with pytest.raises(UserError, match=r"no version 1\.0\.0; there are: none yet"):
        reproduce(project, "1.0.0", print)


def test_the_folder_of_a_rebuilt_version_is_gone_when_it_is_stopped(project: Path) -> None:
    def build_and_be_stopped() -> None:
        with worktree(project, "HEAD") as folder:
            assert (folder / "make.py").is_file()
            os.kill(os.getpid(), signal.SIGTERM)

    before = set(project.parent.iterdir())

    with pytest.raises(KeyboardInterrupt):
        build_and_be_stopped()

    assert set(project.parent.iterdir()) == before
    assert git(project, "worktree", "list").count("\n") == 1


def test_a_project_in_a_folder_of_a_repository_has_versions_of_its_own(tmp_path: Path) -> None:
    top = tmp_path / "repository"
    project = top / "flights"
    make(project, top)
    (top / "other.txt").write_text("another team is at work")  # which is none of this project's

    release(project, "patch", TODAY)

    assert git(top, "tag").split() == ["flights=model@v1.0.0"]
    with worktree(project, "flights=model@v1.0.0") as folder:
        assert folder.name == "flights"
        get_data(project, folder)
        assert facts(folder, outs(folder))["model/model.txt"] == sha256("the model")
