"""Whatever a team and Keel edit: each line of the team's is in place, or a person is asked."""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from copier import run_copy, run_update
from edits import EDITS, Edit, edits
from hypothesis import assume, given, note, settings
from rendering import commit, must
from test_ownership import entry
from updates import ANSWERS, NEXT, copy, releases, write

EXAMPLES = int(os.environ.get("EXAMPLES", "6"))
MARKS = (b"<<<<<<< ", b"=======", b">>>>>>> ")
# What Keel never does in a release, as other tests hold: drop or rename a path, or ship CRLF.
NOT_KEELS = {"remove", "rename", "move", "windows"}


@dataclass
class Tried:
    """What came of all examples, for `nox -s updates` to print."""

    edits: int = 0
    updates: int = 0
    lines: int = 0
    lost: int = 0
    conflicts: int = 0
    announced: int = 0


@pytest.fixture(scope="module")
def tried() -> Iterator[Tried]:
    total = Tried()
    yield total
    if report := os.environ.get("REPORT"):
        Path(report).write_text(
            f"{total.edits} edits in {total.updates} updates: {total.lines} lines of the team's, "
            f"{total.lost} lost; {total.conflicts} updates with a conflict, "
            f"{total.announced} announced\n",
            encoding="utf-8",
        )


@dataclass(frozen=True)
class Versions:
    """A project as the team has it, and what two releases of a template make."""

    team: Path
    before: Path
    after: Path


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts and path.name != ANSWERS
    }


def written(before: dict[str, bytes], team: dict[str, bytes]) -> dict[str, Counter[bytes]]:
    """The lines that the team wrote in each of its files, which may have a new name."""
    keels = sum((lines(text) for text in before.values()), Counter[bytes]())
    return {
        path: lines(text) - (lines(before[path]) if path in before else keels)
        for path, text in team.items()
    }


def lines(text: bytes) -> Counter[bytes]:
    return Counter(text.splitlines())


def merged(versions: Versions) -> list[str]:
    """Have Copier update the project; returns the files in conflict."""
    run_update(versions.team, vcs_ref="v1.1.0", defaults=True, overwrite=True, quiet=True)
    unmerged = must(versions.team, "git", "ls-files", "--unmerged", "-z").split("\0")[:-1]
    return sorted({line.partition("\t")[2] for line in unmerged})


def check(versions: Versions, tried: Tried) -> None:
    """The promise, from the files alone."""
    before, after, team = (files(f) for f in (versions.before, versions.after, versions.team))
    conflicts = merged(versions)
    now = files(versions.team)
    note(f"conflicts: {conflicts}")

    tried.updates += 1
    tried.conflicts += bool(conflicts)
    for path, ours in written(before, team).items():
        tried.lines += ours.total()
        gone = ours - lines(now.get(path, b""))
        tried.lost += gone.total()
        assert not gone, f"{path} lost {list(gone)[:3]}"

    for path, text in now.items():
        has_marks = all(b"\n" + mark in b"\n" + text for mark in MARKS)
        if has_marks and b"=======" not in team.get(path, b"") + after.get(path, b""):
            assert path in conflicts, f"{path} has markers that nobody announced"
    tried.announced += bool(conflicts)

    for path in before.keys() - team.keys():
        assert path not in now, f"{path}, which the team deleted, is back"

    all_trees = {"before": before, "after": after, "team": team, "now": now}
    for path in (before.keys() & team.keys() & after.keys()) - set(conflicts):
        of = {name: tree.get(path, b"").splitlines() for name, tree in all_trees.items()}
        if of["team"] == of["before"]:
            assert of["now"] == of["after"], f"{path} is not Keel's new one"
        elif of["after"] == of["before"]:
            assert of["now"] == of["team"], f"{path} was changed, and Keel had nothing new in it"


def prepare(folder: Path, before: Path, after: Path, ours: list[Edit]) -> Versions:
    """A project with the team's edits, of a template whose releases make the two folders."""
    template, answers = folder / "template", "{{_copier_conf.answers_file}}.jinja"
    for release, source in {"v1.0.0": before, "v1.1.0": after}.items():
        shutil.rmtree(template / "template", ignore_errors=True)
        shutil.copytree(source, template / "template")
        write(
            template,
            {
                "copier.yml": "_subdirectory: template\n",
                f"template/{answers}": "{{ _copier_answers | to_nice_yaml }}",
            },
        )
        commit(template, release, "--allow-empty")
        must(template, "git", "tag", release)
    team = folder / "team"
    run_copy(str(template), team, vcs_ref="v1.0.0", quiet=True)
    commit(team, "Start")
    for edit in ours:
        edit(team, "ours")
    commit(team, "Ours", "--allow-empty")
    # Where Git never calls a file clean, as with other line ends than .gitattributes asks for,
    # no update starts.
    assume(not must(team, "git", "status", "--porcelain"))
    return Versions(team, before, after)


@pytest.fixture(scope="module")
def made(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The frame as each release makes it; seeds are in no update."""
    folder = tmp_path_factory.mktemp("made")
    projects = {release: copy(clone, release, folder / release) for release in releases(clone)}
    for project in projects.values():
        shutil.rmtree(project / ".git")
        for path in files(project):
            if entry(path)[0] != "frame":
                (project / path).unlink()
        (project / ANSWERS).unlink()
    return projects


QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="EXAMPLES" not in os.environ,
    print_blob=True,
)


@QUICK
@given(ours=edits(EDITS))
def test_edits_survive_an_update_from_each_release(
    made: dict[str, Path], tried: Tried, ours: list[Edit]
) -> None:
    for release in made.keys() - {NEXT}:
        with TemporaryDirectory() as name:
            tried.edits += len(ours)
            check(prepare(Path(name), made[release], made[NEXT], ours), tried)


@QUICK
@given(ours=edits(EDITS), keels=edits(EDITS.keys() - NOT_KEELS))
def test_edits_survive_whatever_keel_changes(
    made: dict[str, Path], tried: Tried, ours: list[Edit], keels: list[Edit]
) -> None:
    with TemporaryDirectory() as name:
        after = Path(shutil.copytree(made[NEXT], Path(name) / "after"))
        for edit in keels:
            edit(after, "Keel's")
        tried.edits += len(ours)
        check(prepare(Path(name), made[NEXT], after, ours), tried)
