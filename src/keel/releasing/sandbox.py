"""A space of one's own to try things out in, by person and branch, with limits.

Everything that a run there writes lies below `outputs/sandbox/<person>-<branch>/`, which neither
Git nor DVC looks at: nothing of it can be shared or released by accident. A ledger has what it has
used: rows, minutes, and what these cost.
"""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from keel.pipeline import configuration
from keel.project.commands import output
from keel.project.description import Project
from keel.project.errors import UserError
from keel.releasing.deploy import PRODUCTION, SANDBOX, current
from keel.serving.settings import Sandbox
from keel.show.pages import page

SPACES = "outputs/sandbox"
OWN_DVC = "[core]\n    no_scm = true\n"  # without a remote: the project's can't be reached


def seconds(limits: Sandbox, spent: float) -> float:
    """How long the next run may take. Raises UserError if the budget is used up."""
    if not limits.price_per_hour:
        return limits.minutes * 60
    affordable = (limits.cost - spent) / limits.price_per_hour * 3600
    if affordable < 1:
        raise UserError(
            f"the budget of this sandbox is used up: {spent:.2f} of sandbox.cost = "
            f"{limits.cost:.2f}. Agree on more in conf/service.yaml"
        )
    return min(limits.minutes * 60, affordable)


def rows(limits: Sandbox, tables: Iterable[str], asked: Mapping[str, int]) -> dict[str, int]:
    """How many rows of each table to ask `ingest` for, so that it takes no more than the limit.

    It takes every n-th row, so about as many as it is asked for, and less than twice as many.
    Raises UserError if more were asked for than the limit.
    """
    for table, count in asked.items():
        if count > limits.rows:
            raise UserError(
                f"data.rows.{table} = {count} is more than a sandbox may have: "
                f"sandbox.rows = {limits.rows} in conf/service.yaml"
            )
    most = max(1, limits.rows // 2)
    return {table: min(asked.get(table, most), most) for table in tables}


@dataclass(frozen=True)
class Space:
    """A person's sandbox for a branch."""

    root: Path  # of the project
    name: str

    @property
    def place(self) -> str:
        return f"{SPACES}/{self.name}"

    @property
    def folder(self) -> Path:
        return self.root / self.place

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Its runs, as its ledger has them."""
        text = self.ledger.read_text("utf-8") if self.ledger.is_file() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def spent(self) -> float:
        """What all runs cost."""
        return float(sum(run["cost"] for run in self.runs))

    def claim_run(self) -> int:
        """Make the folder of the next run."""
        (self.folder / ".dvc").mkdir(parents=True, exist_ok=True)
        (self.folder / ".dvc/config").write_text(OWN_DVC, encoding="utf-8")
        number = 1 + sum(path.name.isdigit() for path in self.folder.iterdir())
        (self.folder / str(number)).mkdir()
        return number


def own_space(root: Path, environ: Mapping[str, str]) -> Space:
    """The sandbox of who works here, on this branch. Raises UserError if Git does not know them."""
    if current(environ) == PRODUCTION:
        raise UserError("a sandbox is not for production: unset the variable ENVIRONMENT")
    person = output(root, "git", "config", "user.email")
    if not person:
        raise UserError(
            'a sandbox is a person\'s, and Git does not know you: git config user.email "…"'
        )
    branch = output(root, "git", "branch", "--show-current")
    branch = branch or output(root, "git", "rev-parse", "--short", "HEAD")
    if not branch:
        raise UserError(
            "a sandbox is a branch's, and this is no Git repository: `uv run keel setup`"
        )
    return Space(root, name(person, branch))


def name(person: str, branch: str) -> str:
    """What a sandbox is called: letters, digits and dots for the person, a hyphen, the branch."""
    return f"{_safe(person, '.')}-{_safe(branch, '-')}"


def clean(own: Space, name: str) -> str:
    """Remove a sandbox of the same person with all that is in it; returns what it cost."""
    space = replace(own, name=Path(name).name)
    if own.name.partition("-")[0] != space.name.partition("-")[0]:
        raise UserError(
            f"{space.place} is not yours: yours begin with {own.name.partition('-')[0]}"
        )
    if not space.folder.is_dir():
        raise UserError(f"there is no sandbox {space.place}")
    spent = space.spent
    shutil.rmtree(space.folder)
    return f"Removed {space.place}, which cost {spent:.2f}."


def run(
    space: Space,
    project: Project,
    limits: Sandbox,
    changes: list[str],
    environ: Mapping[str, str],
    now: datetime,
) -> int:
    """Run the whole flow in a new folder of the sandbox, within its limits; 1 if it fails."""
    within = limited(space.root, project, changes, limits)
    most = seconds(limits, space.spent)
    number, price = space.claim_run(), limits.price_per_hour / 3600
    print(
        f"Run {number} in {space.place}: at most {limits.rows:,} rows of a table, "
        f"{most / 60:.1f} minutes and {price * most:.2f} of the "
        f"{limits.cost - space.spent:.2f} that are left",
        flush=True,
    )
    started, ended = time.perf_counter(), "stopped"
    try:
        ended = _flow(space.root, [*within, f"hydra.run.dir={space.place}/{number}"], most, environ)
    finally:
        took = round(time.perf_counter() - started, 1)
        cost = price * took
        facts = {"run": number, "at": now.isoformat(timespec="seconds"), "changes": changes}
        facts |= {"seconds": took, "cost": cost, "ended": ended}
        with space.ledger.open("a", encoding="utf-8") as file:  # a run, whole or not at all
            file.write(json.dumps(facts, ensure_ascii=False) + "\n")
    left = limits.cost - space.spent
    print(f"Run {number} {ended} after {took} s: {cost:.4f}, and {left:.2f} left")
    return int(ended != "finished")


def limited(root: Path, project: Project, changes: list[str], limits: Sandbox) -> list[str]:
    """The changes, and what keeps a run to the rows that it may have. Raises UserError."""
    for change in changes:
        if re.match(r"-|[+~]*hydra\b", change):
            raise UserError(
                f"{change!r} is not a change of a setting, such as model=logistic: where a run "
                "writes, the sandbox decides"
            )
    changes = [re.sub(r"^(?=[\w@]+\.)", "++", change) for change in changes]  # also a new value
    composed = configuration.compose(root / "conf", changes)
    asked = configuration.checked(project, composed, "").data.rows
    most = rows(limits, project.tables, asked).items()
    return [*changes, *(f"++data.rows.{table}={count}" for table, count in most)]


def overview(space: Space, limits: Sandbox) -> str:
    """What is there, and what is left."""
    return page("releasing/sandbox.txt", space=space, limits=limits).rstrip("\n")


def _flow(root: Path, changes: list[str], most: float, environ: Mapping[str, str]) -> str:
    """Run all stages in a process that can be stopped; returns how it ended."""
    command = [sys.executable, "-m", "keel", "run", *changes]
    own = {**environ, "ENVIRONMENT": SANDBOX}
    try:
        done = subprocess.run(command, cwd=root, env=own, timeout=most, check=False)
    except subprocess.TimeoutExpired:
        limit = "sandbox.minutes and sandbox.cost in conf/service.yaml say how long it may take"
        print(f"error: sandbox: the time is up: {limit}", file=sys.stderr)
        return "stopped"
    return "failed" if done.returncode else "finished"


def _safe(text: str, other: str) -> str:
    return re.sub(r"[^a-z0-9]+", other, text.lower()).strip(other)
