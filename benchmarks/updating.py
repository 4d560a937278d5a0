"""Tries many more edits than the tests do, and says what was lost and what an update costs."""

import os
import subprocess
import sys
import tempfile
from operator import attrgetter
from pathlib import Path

from measure import Cost, cost, pairs, ratio, spread

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT / "tests"), str(ROOT / "tests/projects")]

from test_render import CHOICES, pairwise  # noqa: E402 - from the path above
from updates import KEEL, NEXT, clone, copy, releases  # noqa: E402 - from there too

WALL, CPU = attrgetter("wall"), attrgetter("cpu")
SOMEBODY = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Somebody", "EMAIL": "somebody@example.com"}.items()
}
TESTS = ("promise", "releases", "room", "update", "adopt", "robot", "fleet")


def main(arguments: list[str]) -> int:
    """Print a table; the exit code is pytest's. The argument is how many examples to draw."""
    examples = arguments[0] if arguments else "500"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"EXAMPLES": examples, "REPORT": str(folder / "report")}
        files = [str(ROOT / f"tests/projects/test_{test}.py") for test in TESTS]
        side_by_side = ("--numprocesses=2", "--dist=loadfile")
        command = [sys.executable, "-m", "pytest", "--quiet", *side_by_side, *files]
        code = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, check=False)
        report = (folder / "report").read_text() if (folder / "report").exists() else "not reached"
        os.environ.update(SOMEBODY)
        template = clone(folder / "template")
        known = releases(template)
        print(f"\n{len(known) - 1} releases, {len(pairwise(CHOICES))} sets of answers, {report}")
        print(times(folder, template, known[-2]))
    return code.returncode


def times(folder: Path, template: Path, release: str) -> str:
    """What an update costs, with Copier's own in turn."""
    project = copy(template, release, folder / "project")
    git = ["git", "-C", str(project)]

    def back() -> None:
        for command in (
            ["reset", "--quiet", "--hard"],
            ["clean", "-fdq"],
            ["switch", "-q", "main"],
        ):
            subprocess.run([*git, *command], check=True)
        subprocess.run([*git, "branch", "-qD", "keel-update"], check=False, capture_output=True)

    def ours() -> Cost:
        measured = cost(project, str(KEEL), "update", "--no-check")
        back()
        return measured

    def copiers() -> Cost:
        release = f"--vcs-ref={NEXT}"
        command = (sys.executable, "-m", "copier", "update", "--defaults", "--quiet", release)
        measured = cost(project, *command)
        back()
        return measured

    measured = pairs(ours, copiers, times=6)[1:]  # the first writes byte code
    seconds = [spread(map(WALL, column)) for column in zip(*measured, strict=True)]
    return (
        f"an update takes {seconds[0]} s, Copier's own {seconds[1]} s; CPU {ratio(measured, CPU)}×"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
