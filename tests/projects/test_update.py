"""`uv run keel update`: what it does with a project, and with what is in its way."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from copier import run_copy
from rendering import commit, must
from updates import ANSWERS, content, copy, small, update, write

from keel.repository import source


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("small") / "template")


@pytest.fixture(scope="module")
def made(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy(template, "v1.0.0", tmp_path_factory.mktemp("made") / "project")


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """A project of the first release, to change."""
    return Path(shutil.copytree(made, tmp_path / "project"))


@dataclass(frozen=True)
class Updated:
    """A project after its update, as it was before, and what the update said."""

    project: Path
    before: tuple[dict[str, bytes], str, str]
    done: CompletedProcess[str]

    def copy(self, folder: Path) -> Path:
        """The project as the update left it, to go on with."""
        return Path(shutil.copytree(self.project, folder / "project"))


@pytest.fixture(scope="module")
def merged(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Updated:
    """An update that merges all that the team has done; tests leave the project as it is."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("merged") / "project"))
    must(project, "git", "rm", "--quiet", "seed_of_ci.txt", "deleted.txt")
    must(project, "git", "mv", "renamed.txt", "figures.txt")
    (project / "run.txt").chmod(0o755)
    later = (project / "pyproject.toml").read_text().replace("2026-01-01", "2027-01-01")
    edit(
        project,
        {
            "seed.txt": "Ours.\n",
            "numbers.txt": "1\n2\nIII\n4\n5\n6\n7\n8\n9\n",
            "windows.txt": b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n",
            "data.bin": b"\0mine",
            "pyproject.toml": later,
        },
    )
    before = state(project)
    return Updated(project, before, update(project))


@pytest.fixture(scope="module")
def torn(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Updated:
    """An update that waits for decisions; tests leave the project as it is."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("torn") / "project"))
    earlier = (project / "pyproject.toml").read_text().replace("2026-01-01", "2026-01-15")
    edit(project, TORN | {"pyproject.toml": earlier})
    before = state(project)
    return Updated(project, before, update(project))


TORN: dict[str, str | bytes] = {
    "numbers.txt": "1\n2\n3\n4\nV\n6\n7\n8\n9\n",
    "goes.txt": "It goes.\nAnd mine?\n",
    "new.txt": "Ours.\n",
}
DECIDED: dict[str, str | bytes] = {
    "numbers.txt": "1\n2\n3\n4\nfive, V\n6\n7\n8\n9\n",
    "new.txt": "New, and ours.\n",
}
MINE: dict[str, str | bytes] = {"mine.txt": "Mine.\n"}


def edit(project: Path, texts: Mapping[str, str | bytes]) -> None:
    """Commit other contents for files."""
    write(project, texts)
    commit(project, "What the team did")


def state(project: Path) -> tuple[dict[str, bytes], str, str]:
    branch = must(project, "git", "rev-parse", "--symbolic-full-name", "HEAD")
    return content(project), branch, must(project, "git", "log", "--all", "--format=%H %D")


def frame(files: dict[str, bytes]) -> dict[str, bytes]:
    return {path: text for path, text in files.items() if not path.startswith("seed")}


def merge_it(project: Path) -> None:
    """What a team does after its review."""
    must(project, "git", "switch", "--quiet", "main")
    must(project, "git", "merge", "--quiet", "keel-update")


def lines(project: Path, name: str = "numbers.txt") -> list[str]:
    return (project / name).read_text().split()


# --- What it does -----------------------------------------------------------------------------


def test_it_brings_the_newest_release_on_a_branch(project: Path, template: Path) -> None:
    before = state(project)

    done = update(project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert must(project, "git", "branch", "--show-current") == "keel-update\n"
    assert must(project, "git", "status", "--porcelain") == ""
    fresh = content(copy(template, "v1.1.0", project.parent / "fresh"))
    assert frame(content(project)) == frame(fresh)
    must(project, "git", "switch", "--quiet", "main")
    assert content(project) == before[0]


def test_it_succeeds_where_all_can_be_merged(merged: Updated) -> None:
    assert merged.done.returncode == 0, merged.done.stdout + merged.done.stderr
    assert must(merged.project, "git", "status", "--porcelain") == ""


def test_it_says_where_from_and_to_and_what_is_new(merged: Updated) -> None:
    assert "Update Keel from v1.0.0 to v1.1.0" in merged.done.stdout
    assert "- Five is 5." in merged.done.stdout
    assert "The first." not in merged.done.stdout


def test_a_new_question_gets_its_default_and_is_named(merged: Updated) -> None:
    assert "- colour: green" in merged.done.stdout
    assert "colour: green\n" in (merged.project / ANSWERS).read_text()


def test_its_commit_tells_a_reviewer_what_came_in_and_what_was_kept(merged: Updated) -> None:
    message = must(merged.project, "git", "log", "-1", "--format=%B")

    assert "Came in: 5 files changed, 1 new, 1 gone." in message
    assert "both is in it:\n- numbers.txt\n- pyproject.toml\n- windows.txt\n" in message
    assert "left as it is:\n- deleted.txt (not in your project)\n" in message
    assert "Checks: not run." in message


def test_a_second_update_has_nothing_to_do_and_a_downgrade_is_refused(
    merged: Updated, tmp_path: Path
) -> None:
    project = merged.copy(tmp_path)
    merge_it(project)
    before = state(project)

    again, back = update(project), update(project, "--to=v1.0.0")

    assert again.returncode == 0
    assert again.stdout == "Nothing to do: this project has v1.1.0, the newest Keel.\n"
    assert back.returncode == 1
    assert "v1.0.0 is older than what this project has (v1.1.0)" in back.stderr
    assert state(project) == before


def test_it_does_not_start_on_the_branch_of_the_last_one(merged: Updated) -> None:
    before = state(merged.project)

    done = update(merged.project, "--to=v1.1.0", "ci=none")

    assert done.returncode == 1
    assert "keel-update is the branch of the last update: merge it" in done.stderr
    assert state(merged.project) == before


def test_it_works_in_a_folder_of_a_larger_repository(
    made: Path, template: Path, tmp_path: Path
) -> None:
    outer = tmp_path / "outer"
    folder = outer / "services/flights"
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(".git"))
    write(outer, {"numbers.txt": "of others\n", "services/other/a.txt": "a\n"})
    commit(outer, "Start")

    # A revision will do as well as a release.
    done = update(folder, "--to", must(template, "git", "rev-parse", "v1.1.0").strip()[:9])

    assert done.returncode == 0, done.stdout + done.stderr
    assert lines(folder)[4] == "five"
    changed = must(outer, "git", "diff", "--name-only", "main", "HEAD").splitlines()
    assert "services/flights/new.txt" in changed
    assert [path for path in changed if not path.startswith("services/flights/")] == []


@pytest.mark.parametrize("kind", ["shallow", "detached", "worktree"])
def test_it_works_in_any_clone(project: Path, tmp_path: Path, kind: str) -> None:
    edit(project, MINE)
    folder = tmp_path / "clone"
    if kind == "worktree":
        must(project, "git", "worktree", "add", "--quiet", "-b", "side", str(folder))
    else:
        depth = ("--depth=1",) if kind == "shallow" else ()
        must(tmp_path, "git", "clone", "--quiet", *depth, f"file://{project}", str(folder))
    if kind == "detached":
        must(folder, "git", "checkout", "--quiet", "--detach")

    done = update(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert lines(folder)[4] == "five"


# --- What Copier loses, and other cases that its update is known for ----------------------------


def test_seeds_are_not_in_it(merged: Updated) -> None:
    before = {path: text for path, text in merged.before[0].items() if path.startswith("seed")}
    now = content(merged.project)

    assert {path: text for path, text in now.items() if path.startswith("seed")} == before
    assert "- seed.txt\n- seed_that_is_new.txt (not in your" in merged.done.stdout


def test_a_binary_of_the_teams_stays(merged: Updated) -> None:
    assert (merged.project / "data.bin").read_bytes() == b"\0mine"


def test_a_file_that_the_team_deleted_stays_deleted(merged: Updated) -> None:
    assert not (merged.project / "deleted.txt").exists()


def test_a_file_that_the_team_renamed_is_left_and_named(merged: Updated) -> None:
    assert "\n- renamed.txt (not in your project)\n" in merged.done.stdout
    assert not (merged.project / "renamed.txt").exists()
    assert lines(merged.project, "figures.txt")[4] == "5"


def test_lines_with_one_between_them_are_merged(merged: Updated) -> None:
    assert lines(merged.project)[2:5] == ["III", "4", "five"]


def test_line_ends_of_windows_are_no_change(merged: Updated) -> None:
    assert lines(merged.project, "windows.txt")[3:] == ["4", "five", "6", "7", "8", "9", "10"]


def test_an_executable_stays_one(merged: Updated) -> None:
    assert os.access(merged.project / "run.txt", os.X_OK)
    assert "five" in lines(merged.project, "run.txt")


def test_the_later_day_for_packages_counts(merged: Updated, torn: Updated) -> None:
    assert '"2027-01-01T00:00:00Z"' in (merged.project / "pyproject.toml").read_text()
    assert '"2026-02-02T00:00:00Z"' in (torn.project / "pyproject.toml").read_text()


def test_line_ends_of_windows_in_the_repository_itself_lose_nothing(project: Path) -> None:
    must(project, "git", "rm", "--quiet", "--cached", ".gitattributes")
    (project / ".gitattributes").unlink()
    edit(project, {"numbers.txt": b"1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\nnine\r\n"})

    done = update(project)

    assert done.returncode in (0, 2), done.stdout + done.stderr
    assert {"five", "nine"} <= set(lines(project))
    assert done.returncode == 2 or "<<<<<<<" not in lines(project)


# --- Decisions --------------------------------------------------------------------------------


def test_what_can_not_be_merged_waits_for_a_decision(torn: Updated) -> None:
    assert torn.done.returncode == 2, torn.done.stdout + torn.done.stderr
    assert {"five", "V"} <= set(lines(torn.project))
    for why in (
        "- goes.txt: lines of yours are gone, such as 'And mine?'; `git show ",
        "- new.txt: you and Keel both added it",
        "- numbers.txt: you and Keel changed the same lines",
    ):
        assert why in torn.done.stdout
    assert "pyproject.toml" not in torn.done.stdout


@pytest.fixture
def undecided(torn: Updated, tmp_path: Path) -> Path:
    """A project whose update waits for a decision, to make one."""
    return torn.copy(tmp_path)


def test_after_a_decision_it_goes_on(undecided: Path) -> None:
    write(undecided, DECIDED)
    must(undecided, "git", "add", *DECIDED)

    done = update(undecided, "--continue", "--no-check")

    assert done.returncode == 0, done.stdout + done.stderr
    assert must(undecided, "git", "status", "--porcelain") == ""
    message = must(undecided, "git", "log", "-1", "--format=%B")
    assert "Decided by a person:\n- new.txt\n- numbers.txt\n" in message


def test_after_a_decision_that_was_committed_by_hand_it_ends(undecided: Path) -> None:
    write(undecided, DECIDED)
    commit(undecided, "By hand")

    done = update(undecided, "--continue", "--no-check")

    assert done.returncode == 0, done.stderr
    assert must(undecided, "git", "log", "-1", "--format=%s") == "By hand\n"
    assert not (undecided / ".git/keel-update.json").exists()


@pytest.mark.parametrize("added", [False, True], ids=["as it is", "added with its markers"])
def test_it_does_not_go_on_without_a_decision(undecided: Path, added: bool) -> None:
    if added:
        must(undecided, "git", "add", *DECIDED)

    done = update(undecided, "--continue", "--no-check")

    assert done.returncode == 2
    assert "- numbers.txt: " in done.stdout


def test_another_update_does_not_start_in_the_middle(torn: Updated) -> None:
    done = update(torn.project)

    assert done.returncode == 1
    assert "an update is under way: uv run keel update --continue, or" in done.stderr


def test_abort_returns_to_where_it_was(undecided: Path, torn: Updated) -> None:
    done = update(undecided, "--abort")

    assert done.returncode == 0, done.stdout + done.stderr
    assert state(undecided) == torn.before
    assert must(undecided, "git", "status", "--porcelain") == ""


def test_abort_returns_to_a_commit_that_is_on_no_branch(project: Path) -> None:
    edit(project, TORN)
    must(project, "git", "checkout", "--quiet", "--detach")
    before = state(project)
    update(project)

    done = update(project, "--abort")

    assert done.returncode == 0, done.stdout + done.stderr
    assert state(project) == before


def test_abort_does_not_throw_commits_away(undecided: Path) -> None:
    must(undecided, "git", "add", "--all")
    must(undecided, "git", "commit", "--quiet", "--message", "By hand")

    done = update(undecided, "--abort")

    assert done.returncode == 1
    assert "keel-update has commits" in done.stderr
    assert "By hand" in must(undecided, "git", "log", "-1")


def test_a_person_may_also_leave_it_by_git_alone(undecided: Path, torn: Updated) -> None:
    must(undecided, "git", "switch", "--quiet", "--discard-changes", "main")

    assert content(undecided) == torn.before[0]
    assert update(undecided).returncode == 2  # and start again


@pytest.mark.parametrize("step", ["--continue", "--abort"])
def test_without_an_update_there_is_nothing_to_go_on_with(project: Path, step: str) -> None:
    done = update(project, step)

    assert done.returncode == 1
    assert "no update is under way" in done.stderr


def test_a_robot_commits_what_needs_a_decision(project: Path) -> None:
    edit(project, TORN)

    done = update(project, "--unattended")

    assert done.returncode == 2
    message = must(project, "git", "log", "-1", "--format=%B")
    assert (
        "- numbers.txt: you and Keel changed the same lines"
        in message.partition("Needs a decision:")[2]
    )
    assert {"<<<<<<<", "five", "V"} <= set(lines(project))
    assert must(project, "git", "status", "--porcelain") == ""


def test_a_robot_makes_its_branch_anew(merged: Updated, tmp_path: Path) -> None:
    project = merged.copy(tmp_path)
    must(project, "git", "switch", "--quiet", "main")
    edit(project, MINE)

    done = update(project, "--unattended")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "mine.txt").exists()


def test_a_robot_leaves_a_branch_that_a_person_worked_on(merged: Updated, tmp_path: Path) -> None:
    project = merged.copy(tmp_path)
    edit(project, MINE)
    must(project, "git", "switch", "--quiet", "main")

    done = update(project, "--unattended")

    assert done.returncode == 1
    assert "keel-update has commits that would be lost" in done.stderr


# --- Other answers ----------------------------------------------------------------------------


@pytest.mark.parametrize("first", ["github", "none"])
def test_another_answer_makes_what_a_new_project_has(
    template: Path, tmp_path: Path, first: str
) -> None:
    project = copy(template, "v1.0.0", tmp_path / "project", ci=first)
    other = {"github": "none", "none": "github"}[first]
    edit(project, MINE)

    done = update(project, f"ci={other}")

    assert done.returncode == 0, done.stdout + done.stderr
    fresh = copy(template, "v1.0.0", tmp_path / "fresh", ci=other)
    assert content(project) == content(fresh) | {"mine.txt": b"Mine.\n"}


def test_another_answer_leaves_seeds_that_were_edited_or_deleted(project: Path) -> None:
    edit(project, {"seed_on_ci.txt": "Ours.\n"})
    must(project, "git", "rm", "--quiet", "seed_of_ci.txt")
    commit(project, "Away with it")

    done = update(project, "ci=none")
    merge_it(project)
    again = update(project, "ci=github")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert (project / "seed_on_ci.txt").read_text() == "Ours.\n"
    assert "left as it is:\n- seed_on_ci.txt\n" in again.stdout
    assert (project / "seed_of_ci.txt").read_text() == "Of CI.\n"  # a new project has it


def test_a_seed_that_was_edited_is_not_switched_off(project: Path) -> None:
    edit(project, {"seed_of_ci.txt": "Ours.\n"})
    before = state(project)

    done = update(project, "ci=none")

    assert done.returncode == 1
    assert "seed_of_ci.txt" in done.stderr
    assert state(project) == before


def test_a_file_that_was_edited_is_not_switched_off(project: Path) -> None:
    write(project, {".github/checks.yml": "on: [push, pull_request]\n"})
    commit(project, "Ours")
    before = state(project)

    done = update(project, "ci=none")

    assert done.returncode == 1
    assert ".github/checks.yml" in done.stderr
    assert "`git rm` them" in done.stderr
    assert state(project) == before


def test_the_package_name_stays(project: Path) -> None:
    before = state(project)

    done = update(project, "package_name=other")

    assert done.returncode == 1
    assert "package_name can't change" in done.stderr
    assert state(project) == before


@pytest.mark.parametrize("answer", ["ci", "CI=none", "colours=red"])
def test_an_answer_to_no_question_is_refused(project: Path, answer: str) -> None:
    done = update(project, answer)

    assert done.returncode == 1
    assert f"'{answer}' is no QUESTION=ANSWER; questions: package_name, ci" in done.stderr


def test_an_answer_that_the_question_refuses_is_refused(project: Path) -> None:
    before = state(project)

    done = update(project, "ci=jenkins")

    assert done.returncode == 1
    assert "ci" in done.stderr
    assert "Traceback" not in done.stderr
    assert state(project) == before


# --- What is in its way -----------------------------------------------------------------------


def test_changes_without_a_commit_are_named(project: Path) -> None:
    write(project, {"numbers.txt": "1\n", "mine.txt": "Mine.\n"})

    done = update(project)

    assert done.returncode == 1
    assert "there are changes without a commit (numbers.txt, mine.txt)" in done.stderr


def test_without_a_repository_it_says_how_to_make_one(project: Path) -> None:
    shutil.rmtree(project / ".git")

    done = update(project)

    assert done.returncode == 1
    assert "is in no Git repository: uv run keel setup" in done.stderr


def test_without_a_commit_it_says_so(project: Path) -> None:
    shutil.rmtree(project / ".git")
    must(project, "git", "init", "--quiet")

    done = update(project)

    assert done.returncode == 1
    assert "an update starts from a commit" in done.stderr


def test_a_merge_in_progress_is_left_alone(project: Path) -> None:
    must(project, "git", "switch", "--quiet", "-c", "side")
    edit(project, MINE)
    must(project, "git", "switch", "--quiet", "main")
    edit(project, {"other.txt": "Other.\n"})
    must(project, "git", "merge", "--quiet", "--no-commit", "--no-ff", "side")

    done = update(project)

    assert done.returncode == 1
    assert "Git is in the middle of something (MERGE_HEAD)" in done.stderr


def test_without_a_name_it_says_how_to_give_one(project: Path) -> None:
    nobody = dict.fromkeys(("EMAIL", "GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "")
    done = update(project, GIT_CONFIG_GLOBAL="/dev/null", HOME=str(project), **nobody)

    assert done.returncode == 1
    assert "git config --global user.name" in done.stderr


BROKEN = {
    "missing": (None, "is missing: run this in the folder of a project made with Keel"),
    "no YAML": ("{", "is not YAML"),
    "a list": ("[1]", "has no text for _src_path"),
    "without a source": ("_commit: v1.0.0\npackage_name: demo\n", "has no text for _src_path"),
    "of another package": (
        "_commit: v1.0.0\n_src_path: /nowhere\npackage_name: other\n",
        "has package_name 'other', without src/other",
    ),
    "of a template that is gone": (
        "_commit: v1.0.0\n_src_path: /nowhere\npackage_name: demo\n",
        "the template can't be had from /nowhere",
    ),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=list(BROKEN))
def test_broken_answers_are_explained(project: Path, text: str | None, said: str) -> None:
    (project / ANSWERS).unlink()
    if text is not None:
        (project / ANSWERS).write_text(text)
    commit(project, "By hand")
    before = state(project)

    done = update(project)

    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert state(project) == before


def test_a_revision_that_the_template_does_not_have_is_explained(project: Path) -> None:
    text = (project / ANSWERS).read_text().replace("_commit: v1.0.0", "_commit: v0.9.9-fork")
    (project / ANSWERS).write_text(text)
    commit(project, "Of a fork")

    done = update(project)

    assert done.returncode == 1
    assert done.stderr.startswith("error: write the release that is nearest to this project as")
    assert "no revision 'v0.9.9-fork'; its releases: v1.0.0, v1.1.0" in done.stderr


@pytest.mark.parametrize("release", ["v2.0.0", "-x", "a b"])
def test_a_release_that_does_not_exist_is_refused(project: Path, release: str) -> None:
    done = update(project, f"--to={release}")

    assert done.returncode == 1
    assert f"no revision '{release}'; its releases: v1.0.0, v1.1.0" in done.stderr


def test_a_project_from_after_the_last_release_has_nothing_to_do(
    template: Path, tmp_path: Path
) -> None:
    newer = Path(shutil.copytree(template, tmp_path / "template"))
    write(newer, {"template/new.txt": "Newer.\n"})
    commit(newer, "Not released")
    project = copy(newer, "HEAD", tmp_path / "project")

    done = update(project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("Nothing to do")


def test_a_template_without_releases_says_what_to_name(template: Path, tmp_path: Path) -> None:
    bare = Path(shutil.copytree(template, tmp_path / "template"))
    must(bare, "git", "tag", "--delete", "v1.0.0", "v1.1.0")
    project = copy(bare, "HEAD", tmp_path / "project")

    done = update(project)

    assert done.returncode == 1
    assert "the template has no releases yet: name a revision, as in --to HEAD" in done.stderr


def test_a_file_in_the_way_that_git_ignores_is_kept(project: Path) -> None:
    write(project, {".gitignore": "new.txt\n"})
    commit(project, "Ignore it")
    write(project, {"new.txt": "Not in Git.\n"})
    before = state(project)

    done = update(project)

    assert done.returncode == 1
    assert "new.txt" in done.stderr
    assert state(project) == before


# What Git is asked for when it is killed, and what it has done by then.
MOMENTS = {
    "before Copier works": ("worktree add", ""),
    "before its result is looked at": ("ls-files --unmerged", ""),
    "before the branch": ("switch --quiet --force-create", ""),
    "before the files": ("read-tree -m", ""),
    "among the files": ("read-tree -m", "echo New. > new.txt; echo 0 > numbers.txt"),
    "before the index": ("read-tree -m", "echo New. > new.txt; : > .git/index.lock"),
    "before the commit": ("commit --quiet --cleanup", ""),
    "in the commit": ("commit --quiet --cleanup", ": > .git/index.lock"),
}


def other_git(folder: Path, case: str) -> str:
    """A PATH on which Git does something else in a case of its arguments."""
    script = f'#!/bin/sh\ncase "$*" in {case} esac\nexec {shutil.which("git")} "$@"\n'
    write(folder, {"bin/git": script})
    (folder / "bin/git").chmod(0o755)
    return f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"


# Each second one; `nox -s updates` tries all.
SOME = list(MOMENTS)[:: 1 if "EXAMPLES" in os.environ else 2]


@pytest.mark.parametrize("when", SOME)
def test_after_it_was_killed_abort_brings_everything_back(
    project: Path, tmp_path: Path, when: str
) -> None:
    moment, deed = MOMENTS[when]
    path = other_git(tmp_path, f'*"{moment}"*) {deed or ":"}; kill -9 $PPID;;')
    edit(project, MINE)
    before = state(project)

    done = update(project, PATH=path)
    back = update(project, "--abort")

    assert done.returncode == -9
    assert back.returncode == 0, back.stderr
    assert state(project) == before
    assert must(project, "git", "status", "--porcelain") == ""
    assert must(project, "git", "worktree", "list").count("\n") == 1


def test_after_it_was_killed_another_one_starts(project: Path, tmp_path: Path) -> None:
    update(project, PATH=other_git(tmp_path, "*unmerged*) kill -9 $PPID;;"))

    done = update(project)

    assert done.returncode == 0, done.stderr
    assert must(project, "git", "worktree", "list").count("\n") == 1


def test_what_can_not_be_read_is_not_taken_for_nothing(project: Path, tmp_path: Path) -> None:
    """A check that says "no line is gone" because Git failed would be none."""
    path = other_git(tmp_path, "cat-file*) exit 1;;")
    edit(project, {"goes.txt": TORN["goes.txt"]})
    before = state(project)

    done = update(project, PATH=path)

    assert done.returncode == 1
    assert "cat-file" in done.stderr
    assert state(project) == before


def test_a_branch_that_was_merged_as_one_commit_is_known(merged: Updated, tmp_path: Path) -> None:
    project = merged.copy(tmp_path)
    must(project, "git", "switch", "--quiet", "main")
    must(project, "git", "merge", "--quiet", "--squash", "keel-update")
    commit(project, "Update Keel (#12)")
    edit(project, MINE)

    done = update(project, "ci=none")

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_person_s_git_may_be_set_up_in_any_way(project: Path, tmp_path: Path) -> None:
    (tmp_path / "gitconfig").write_text(
        "[user]\nname = Somebody\nemail = somebody@example.com\n[core]\nautocrlf = true\n"
        "safecrlf = true\n[merge]\nconflictStyle = zdiff3\n[commit]\ngpgSign = false\n"
        "[diff]\nnoprefix = true\nexternal = false\n[status]\nshowUntrackedFiles = no\n"
    )
    edit(project, TORN)

    done = update(project, GIT_CONFIG_GLOBAL=str(tmp_path / "gitconfig"))

    assert done.returncode == 2, done.stdout + done.stderr
    assert "- numbers.txt: you and Keel changed the same lines" in done.stdout
    assert {"five", "V"} <= set(lines(project))


def test_a_project_with_the_librarys_wheel_gets_the_newer_one(
    template: Path, tmp_path: Path
) -> None:
    pyproject = """\
        [project]
        name = "keel-ml"
        version = "1.2.0"
        [build-system]
        requires = ["uv_build>=0.9,<1"]
        build-backend = "uv_build"
        [tool.uv.build-backend]
        module-name = "keel"
    """
    newer = Path(shutil.copytree(template, tmp_path / "template"))
    write(newer, {"pyproject.toml": pyproject, "src/keel/__init__.py": ""})
    commit(newer, "Release 1.2.0")
    must(newer, "git", "tag", "v1.2.0")
    project = copy(newer, "v1.1.0", tmp_path / "project")
    text = (project / "pyproject.toml").read_text()
    wheel = "vendor/keel_ml-1.1.0-py3-none-any.whl"
    write(
        project, {wheel: "a wheel", "pyproject.toml": source.pointed(text, [f'path = "{wheel}"'])}
    )
    commit(project, "uv run keel vendor")

    done = update(project)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in (project / "vendor").iterdir()] == [
        "keel_ml-1.2.0-py3-none-any.whl"
    ]
    text = (project / "pyproject.toml").read_text()
    assert 'path = "vendor/keel_ml-1.2.0-py3-none-any.whl"\n# git = ' in text
    assert '# tag = "v1.2.0"\n' in text
    assert must(project, "git", "status", "--porcelain") == ""


def test_a_project_in_a_workspace_locks_the_workspace(made: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    folder = outer / "services/flights"
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns(".git"))
    member, root = (
        f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = ">=3.11"\n'
        for name in ("flights", "outer")
    )
    text = (folder / "pyproject.toml").read_text()
    write(folder, {"pyproject.toml": text + f"\n{member}"})
    root += '[tool.uv.workspace]\nmembers = ["services/*"]\n'
    write(outer, {"pyproject.toml": root})
    must(outer, "uv", "lock", "--quiet")
    commit(outer, "Start")

    done = update(folder)

    assert done.returncode == 0, done.stdout + done.stderr
    assert 'name = "flights"' in must(outer, "git", "show", "HEAD:uv.lock")
    assert must(outer, "git", "status", "--porcelain") == ""


@pytest.mark.parametrize("sign", ["v0.3.0", "chassis"])
def test_a_project_from_before_the_library_is_told_so(project: Path, sign: str) -> None:
    if sign == "chassis":
        write(project, {"src/demo/chassis/__init__.py": ""})
    else:
        text = (project / ANSWERS).read_text().replace("v1.0.0", sign)
        write(project, {ANSWERS: text})
    commit(project, "Old")

    done = update(project)

    assert done.returncode == 1
    assert "make a new project and move your files there" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_project_from_a_folder_without_git_is_told_what_to_do(
    template: Path, tmp_path: Path
) -> None:
    folder = Path(
        shutil.copytree(template, tmp_path / "keel", ignore=shutil.ignore_patterns(".git"))
    )
    run_copy(str(folder), tmp_path / "project", defaults=True, quiet=True)
    commit(tmp_path / "project", "Start")

    done = update(tmp_path / "project")

    assert done.returncode == 1
    assert "clone Keel's repository with Git" in done.stderr


def test_help_lists_what_can_be_asked_for(project: Path) -> None:
    done = update(project, "--help")

    assert done.returncode == 0
    assert "--abort" in done.stdout


def test_a_wrong_option_is_explained(project: Path) -> None:
    done = update(project, "--force")

    assert done.returncode == 1
    assert "--force" in done.stderr
