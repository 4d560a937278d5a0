"""The weekly job asks for a newer Keel in one request, which says what `keel update` says."""

import os
import shutil
from pathlib import Path
from subprocess import CompletedProcess, run

import pytest
from rendering import Render, commit, must, parse
from updates import KEEL, copy, small, write

NEWER = "refs/heads/keel-update"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("small") / "template")


@pytest.fixture(scope="module", params=["github", "gitlab"])
def ci(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shared(template: Path, ci: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that a project is shared in, which writes down what a push asks for."""
    folder = tmp_path_factory.mktemp(ci)
    project = copy(template, "v1.0.0", folder / "project")
    origin = folder / "origin.git"
    must(folder, "git", "clone", "--quiet", "--bare", str(project), str(origin))
    must(origin, "git", "config", "receive.advertisePushOptions", "true")
    write(
        origin, {"hooks/pre-receive": "#!/bin/sh\nenv | grep ^GIT_PUSH_OPTION > options || true\n"}
    )
    (origin / "hooks/pre-receive").chmod(0o755)
    return origin


@pytest.fixture(scope="module")
def after_a_week(
    shared: Path, ci: str, rendered: Render, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same after the job has run once."""
    folder = tmp_path_factory.mktemp("week") / "all"
    origin = Path(shutil.copytree(shared.parent, folder)) / "origin.git"
    done = week(ci, rendered, origin)
    assert done.returncode == 0, done.stdout + done.stderr
    return origin


@pytest.fixture
def origin(shared: Path, tmp_path: Path) -> Path:
    """A copy of the repository, to change."""
    return Path(shutil.copytree(shared.parent, tmp_path / "all")) / "origin.git"


@pytest.fixture
def asking(after_a_week: Path, tmp_path: Path) -> Path:
    """A copy of the repository with an open request, to change."""
    return Path(shutil.copytree(after_a_week.parent, tmp_path / "all")) / "origin.git"


def scripts(rendered: Render, ci: str) -> str:
    """What the job runs, as one script."""
    if ci == "github":
        steps = parse(rendered(ci=ci) / ".github/workflows/keel.yml")["jobs"]["update"]["steps"]
        return "\n".join(step["run"] for step in steps if "run" in step)
    job = parse(rendered(ci=ci) / ".gitlab-ci.yml")["keel"]["script"]
    return "\n".join(job).replace('"https://keel:$KEEL_UPDATE_TOKEN@$CI_SERVER_HOST/', '"$ORIGIN')


def week(ci: str, rendered: Render, origin: Path, request: str = "") -> CompletedProcess[str]:
    """Run the job in a new clone, as each week; `request` is the number of an open one."""
    folder = origin.parent / "clone"
    shutil.rmtree(folder, ignore_errors=True)
    must(origin.parent, "git", "clone", "--quiet", str(origin), str(folder))
    write(
        origin.parent / "bin",
        {
            # `uv run keel update`, without the checks
            "uv": f"""\
                #!/bin/sh
                if [ "$1" != run ]; then exec {shutil.which("uv")} "$@"; fi
                shift 3
                exec {KEEL} update --no-check "$@"
            """,
            # what GitHub's program was asked for
            "gh": f"""\
                #!/bin/sh
                cd {origin.parent}
                echo "$@" >> asked
                case "$*" in *list*) echo "{request}";; esac
                case "$*" in *body-file*) cat summary.md >> asked;; esac
            """,
        },
    )
    for program in (origin.parent / "bin").iterdir():
        program.chmod(0o755)
    return run(
        ["bash", "-e", "-o", "pipefail", "-c", scripts(rendered, ci)],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{origin.parent / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GH_TOKEN": "secret",
            "GITHUB_OUTPUT": str(origin.parent / "output"),
            "RUNNER_TEMP": str(origin.parent),
            "BASE": "main",
            "CI_DEFAULT_BRANCH": "main",
            "CI_SERVER_HOST": "example.com",
            "KEEL_UPDATE_TOKEN": "secret",
            "ORIGIN": f"file://{origin.parent}/",
            "CI_PROJECT_PATH": "origin",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def edit(origin: Path, branch: str, **texts: str) -> None:
    """Push a commit of a person's to a branch."""
    folder = origin.parent / "person"
    shutil.rmtree(folder, ignore_errors=True)
    must(origin.parent, "git", "clone", "--quiet", "-b", branch, str(origin), str(folder))
    write(folder, {f"{name}.txt": text for name, text in texts.items()})
    commit(folder, "By a person")
    must(folder, "git", "push", "--quiet", "origin", branch)


def asked(ci: str, origin: Path) -> str:
    """What the request that the job asked for says."""
    file = origin.parent / "asked" if ci == "github" else origin / "options"
    return file.read_text().replace("\\n", "\n")


def test_it_asks_for_what_is_new(ci: str, after_a_week: Path) -> None:
    assert must(after_a_week, "git", "show", f"{NEWER}:new.txt") == "New.\n"
    text = asked(ci, after_a_week)
    assert "Update Keel from v1.0.0 to v1.1.0" in text
    assert "\n- Five is 5.\n" in text


def test_with_nothing_new_it_asks_for_nothing(ci: str, rendered: Render, asking: Path) -> None:
    must(asking, "git", "update-ref", "refs/heads/main", NEWER)
    must(asking, "git", "update-ref", "-d", NEWER)

    done = week(ci, rendered, asking)

    assert done.returncode == 0, done.stdout + done.stderr
    assert must(asking, "git", "branch", "--list", "keel-update") == ""


def test_a_conflict_is_in_the_request(ci: str, rendered: Render, origin: Path) -> None:
    edit(origin, "main", numbers="1\n2\n3\n4\nV\n6\n7\n8\n9\n")

    done = week(ci, rendered, origin)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Needs a decision:\n- numbers.txt: you and Keel changed the same lines" in asked(
        ci, origin
    )
    text = must(origin, "git", "show", f"{NEWER}:numbers.txt")
    assert {"V", "five", "======="} <= set(text.split("\n"))


def test_the_next_week_refreshes_it(ci: str, rendered: Render, asking: Path) -> None:
    edit(asking, "main", mine="Mine.\n")

    done = week(ci, rendered, asking, request="7")

    assert done.returncode == 0, done.stdout + done.stderr
    assert must(asking, "git", "show", f"{NEWER}:mine.txt") == "Mine.\n"
    if ci == "github":
        assert "pr edit 7" in asked(ci, asking)


def test_what_a_person_did_on_its_branch_stays(ci: str, rendered: Render, asking: Path) -> None:
    edit(asking, "keel-update", mine="Mine.\n")

    done = week(ci, rendered, asking, request="7")

    assert done.returncode != 0
    assert "origin/keel-update has commits that would be lost" in done.stderr
    assert must(asking, "git", "show", f"{NEWER}:mine.txt") == "Mine.\n"


def test_an_update_that_fails_is_a_job_that_fails(ci: str, rendered: Render, origin: Path) -> None:
    edit(origin, "main", mine="Mine.\n")
    folder = origin.parent / "person"
    must(folder, "git", "rm", "--quiet", ".copier-answers.yml")
    commit(folder, "Away with it")
    must(folder, "git", "push", "--quiet", "origin", "main")

    done = week(ci, rendered, origin)

    assert done.returncode != 0
    assert ".copier-answers.yml is missing" in done.stderr
