"""A space of one's own to try things out in, by person and branch, with limits.

Everything that a run there writes lies below `outputs/sandbox/<person>-<branch>/`, which neither
Git nor DVC looks at: nothing of it can be shared or released by accident.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from TEAM.tables import TABLES

from keel.pipeline import configuration
from keel.project.commands import output
from keel.project.errors import UserError
from keel.releasing import environments
from keel.releasing.ledger import Allowance, Ledger, allowance, price, rows
from keel.serving import settings

SPACES = "outputs/sandbox"
USE = "`uv run keel sandbox`, `sandbox run model=logistic` or `sandbox clean`"
OWN_DVC = "[core]\n    no_scm = true\n"  # without a remote: the project's can't be reached


def main(root: Path, arguments: list[str]) -> int:
    """Show one's sandbox, run the flow in it, or remove it whole."""
    if environments.current() == environments.PRODUCTION:
        raise UserError("a sandbox is not for production: unset the variable ENVIRONMENT")
    verb, *rest = arguments or ["show"]
    person, branch = who(root)
    folder = root / SPACES / name(person, branch)
    if verb == "run":
        return run(root, mine(folder, person), person, rest)
    if verb == "clean" and len(rest) <= 1:
        return clean(mine(root / SPACES / Path(*rest).name if rest else folder, person))
    if verb == "show" and not rest:
        print(overview(folder, Ledger(folder / "ledger.jsonl"), settings.load(root).sandbox))
        return 0
    raise UserError(f"{' '.join(arguments)!r} is not what a sandbox can do: {USE}")


def who(root: Path) -> tuple[str, str]:
    """The person and the branch. Raises UserError if Git does not know them."""
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
    return person, branch


def name(person: str, branch: str) -> str:
    """What a sandbox is called: letters, digits and dots for the person, a hyphen, the branch."""
    return f"{_safe(person, '.')}-{_safe(branch, '-')}"


def mine(folder: Path, person: str) -> Path:
    """The folder, if it is the person's or nobody's. Raises UserError if it is another's."""
    owner = Ledger(folder / "ledger.jsonl").owner()
    if owner not in (None, person) or (owner is None and folder.exists()):
        raise UserError(f"{SPACES}/{folder.name} is the sandbox of {owner or 'nobody known'}")
    return folder


def clean(folder: Path) -> int:
    """Remove a sandbox with all that is in it."""
    if not folder.is_dir():
        raise UserError(f"there is no sandbox {SPACES}/{folder.name}")
    spent = Ledger(folder / "ledger.jsonl").spent()
    shutil.rmtree(folder)
    print(f"Removed {SPACES}/{folder.name}, which cost {spent:.2f}.")
    return 0


def run(root: Path, folder: Path, person: str, changes: list[str]) -> int:
    """Run the whole flow in a new folder of the sandbox, within its limits."""
    limits = settings.load(root).sandbox
    within = limited(root, changes, limits)
    ledger = Ledger(folder / "ledger.jsonl")
    may = allowance(limits, ledger.spent())
    number = _claim(folder, ledger, person)
    print(
        f"Run {number} in {SPACES}/{folder.name}: at most {limits.rows:,} rows of a table, "
        f"{may.seconds / 60:.1f} minutes and {may.cost:.2f} of the {may.left:.2f} that are left",
        flush=True,
    )
    begun = {"run": number, "at": datetime.now(UTC).isoformat(timespec="seconds")}
    ledger.write({**begun, "changes": changes, "cost": may.cost, "ended": "cut off"})
    started = time.perf_counter()
    ended = "stopped"
    try:
        ended = _flow(root, f"{SPACES}/{folder.name}/{number}", within, may)
    finally:
        seconds = time.perf_counter() - started
        took = {"seconds": round(seconds, 1), "cost": price(limits, seconds), "ended": ended}
        ledger.write({"run": number, **took})
    left = limits.cost - ledger.spent()
    print(f"Run {number} {ended} after {seconds:.1f} s: {took['cost']:.4f}, and {left:.2f} left")
    return int(ended != "finished")


def limited(root: Path, changes: list[str], limits: settings.Sandbox) -> list[str]:
    """The changes, and what keeps a run to the rows that it may have. Raises UserError."""
    for change in changes:
        if re.match(r"-|[+~]*hydra\b", change):
            raise UserError(
                f"{change!r} is not a change of a setting, such as model=logistic: where a run "
                "writes, the sandbox decides"
            )
    changes = [re.sub(r"^(?=[\w@]+\.)", "++", change) for change in changes]  # also a new value
    found = configuration.checked(configuration.compose(root / "conf", changes), "")
    most = rows(limits, TABLES, found.data.rows)
    return [*changes, *(f"++data.rows.{table}={count}" for table, count in most.items())]


def overview(folder: Path, ledger: Ledger, limits: settings.Sandbox) -> str:
    """What is there, and what is left."""
    runs = [
        f"| {run['run']} | {' '.join(run['changes']) or '–'} | {run.get('seconds', '')} "
        f"| {run['cost']:.4f} | {run['ended']} |"
        for run in ledger.runs()
    ]
    head = ["| run | changes | seconds | cost | ended |", "|---:|---|---:|---:|---|"]
    left = (
        f"{limits.cost - ledger.spent():.2f} of {limits.cost:.2f} are left, and a run may have "
        f"{limits.rows:,} rows of a table and {limits.minutes:g} minutes."
    )
    table = [*head, *runs] if runs else ["Nothing yet: `uv run keel sandbox run` runs the flow."]
    return "\n".join([f"{SPACES}/{folder.name}", "", *table, "", left])


def _claim(folder: Path, ledger: Ledger, person: str) -> int:
    """Make the folder of the next run; two that start at once get one each."""
    (folder / ".dvc").mkdir(parents=True, exist_ok=True)
    (folder / ".dvc/config").write_text(OWN_DVC, encoding="utf-8")
    if ledger.owner() is None:
        ledger.write({"owner": person})
    number = 1
    while True:
        try:
            (folder / str(number)).mkdir()
        except FileExistsError:
            number += 1
        else:
            return number


def _flow(root: Path, place: str, changes: list[str], may: Allowance) -> str:
    """Run all stages in a process that can be stopped; returns how it ended."""
    package = __name__.partition(".chassis.")[0]
    command: list[Any] = [sys.executable, "-m", package, *changes, f"hydra.run.dir={place}"]
    environ = {**os.environ, "ENVIRONMENT": environments.SANDBOX}
    try:
        done = subprocess.run(command, cwd=root, env=environ, timeout=may.seconds, check=False)
    except subprocess.TimeoutExpired:
        limit = "sandbox.minutes and sandbox.cost in conf/service.yaml say how long it may take"
        print(f"error: sandbox: the time is up: {limit}", file=sys.stderr)
        return "stopped"
    return "failed" if done.returncode else "finished"


def _safe(text: str, other: str) -> str:
    return re.sub(r"[^a-z0-9]+", other, text.lower()).strip(other)
