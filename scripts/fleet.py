"""Updates many projects, each on a branch of its own: `python fleet.py LIST.txt`.

The list has the path of a clone or a URL on each line. Each is updated by the `keel update` that
stands here.
"""

import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

ROOT = Path(__file__).parents[1]
KEEL = "import sys; from keel.cli import main; sys.argv[0] = 'keel'; main()"
DECIDED_BY_A_PERSON = 2  # the exit code of an update that needs one
UPDATED, UP_TO_DATE, DECIDE, FAILED = "updated", "up to date", "needs a decision", "failed"


@dataclass(frozen=True)
class Outcome:
    """What came of one project."""

    project: str
    result: str
    why: str


def main(arguments: list[str]) -> int:
    """Print a table of what came of each; 1 if one failed, 2 if one needs a decision."""
    parser = ArgumentParser(prog="nox -s fleet --", description=__doc__)
    parser.add_argument("list", type=Path, help="a file with a path or a URL on each line")
    parser.add_argument("--to", help="a release (default: the newest)")
    parser.add_argument("--no-check", action="store_true", help="leave out `uv run keel check`")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "build/fleet", help="for logs, clones"
    )
    options = parser.parse_args(arguments)
    if not options.list.is_file():
        parser.error(f"there is no file {options.list}")
    lines = [line.partition("#")[0].strip() for line in options.list.read_text().splitlines()]
    projects = sorted(filter(None, lines))
    options.folder.mkdir(parents=True, exist_ok=True)
    extra = [f"--to={options.to}"] if options.to else []
    extra += ["--no-check"] if options.no_check else []
    with ThreadPoolExecutor(max(1, options.jobs)) as threads:
        waiting = [threads.submit(update, name, options.folder, extra) for name in projects]
        shown = tqdm(as_completed(waiting), total=len(waiting), unit="project", disable=None)
        outcomes = sorted((done.result() for done in shown), key=lambda outcome: outcome.project)
    print("| project | result | why |\n|---|---|---|")
    for outcome in outcomes:
        print(f"| {outcome.project} | {outcome.result} | {outcome.why} |")
    count = Counter(outcome.result for outcome in outcomes)
    print(f"\n{', '.join(f'{n} {result}' for result, n in count.items()) or 'no projects'}")
    return 1 if count[FAILED] else 2 if count[DECIDE] else 0


def update(project: str, folder: Path, options: list[str]) -> Outcome:
    """Update a project on the branch keel-update, and leave it on the branch that it was on."""
    name = re.sub(r"[^\w.-]+", "-", project).strip("-")
    place = Path(project).expanduser()
    if not place.is_dir():
        place = folder / name
        if place.exists():
            done = run(["git", "pull", "--quiet", "--ff-only"], place)
        else:
            done = run(["git", "clone", "--quiet", project, str(place)], folder)
        if done.returncode:
            return Outcome(project, FAILED, last_line(done.stderr))
    branch = run(["git", "branch", "--show-current"], place).stdout.strip()
    command = [sys.executable, "-c", KEEL, "update", "--unattended", *options]
    done = run(command, place)
    (folder / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if branch:
        run(["git", "switch", "--quiet", branch], place)
    if done.returncode == DECIDED_BY_A_PERSON:
        found = re.search(r"^Needs a decision:\n((?:- .*\n)+)", done.stdout, re.MULTILINE)
        decisions = found[1].splitlines() if found else ["see its log"]
        return Outcome(project, DECIDE, "; ".join(line.removeprefix("- ") for line in decisions))
    if done.returncode:
        return Outcome(project, FAILED, last_line(done.stderr))
    lines = [line for line in done.stdout.splitlines() if not line.startswith("This starts")]
    first = lines[0] if lines else ""
    return Outcome(project, UP_TO_DATE if first.startswith("Nothing") else UPDATED, first)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, without the environment of this one."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT / "src"), "GIT_TERMINAL_PROMPT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


def last_line(text: str) -> str:
    """The last line that says something."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].removeprefix("error: ") if lines else "see its log"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
