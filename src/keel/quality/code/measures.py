"""What is measured of the team's Python code, as it is and as it was: functions, types, copies."""

import ast
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import complexipy

from keel.project.commands import output
from keel.quality.records.documents import months_later
from keel.quality.records.tracked import BORN, blobs, files

PACKAGE = __name__.partition(".")[0]
KEELS = f"src/{PACKAGE}/chassis/"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Measures:
    """Of one file. `windows` are hashes of some lines in a row, one for each line to start at."""

    complexities: tuple[tuple[str, int], ...] = ()  # of each function
    typed: int = 0  # functions
    functions: int = 0
    lines: int = 0  # with code on them
    windows: tuple[int, ...] = ()
    broken: bool = False  # Python can't read it


Snapshots = Mapping[date, Mapping[str, Measures]]


def measure(text: str, window: int) -> Measures:
    """What a file is like; `window` lines in a row are compared to find copies.

    The complexity is the cognitive one (Campbell, SonarSource, 2018): nesting counts more.
    """
    try:
        tree = ast.parse(text)
        found = complexipy.code_complexity(text, no_ignore=True, with_plans=False).functions
    except (SyntaxError, ValueError, RecursionError):
        return Measures(broken=True)
    functions = [node for node in ast.walk(tree) if isinstance(node, Function)]
    lines = _lines(text)
    return Measures(
        tuple((function.name, function.complexity) for function in found),
        sum(map(is_typed, functions)),
        len(functions),
        len(lines),
        tuple(hash(tuple(lines[at : at + window])) for at in range(len(lines) - window + 1)),
    )


def is_measured(name: str, paths: Sequence[str]) -> bool:
    """Whether it is Python code of the team's below one of the paths."""
    inside = name.startswith(tuple(f"{path.rstrip('/')}/" for path in paths))
    return inside and name.endswith(".py") and not name.startswith(KEELS)


def now(root: Path, paths: Sequence[str], window: int) -> dict[str, Measures]:
    """Each file as it is on disk, also if it is not committed."""
    return {
        name: measure((root / name).read_text(encoding="utf-8", errors="replace"), window)
        for name in files(root)
        if is_measured(name, paths)
    }


def before(
    root: Path, paths: Sequence[str], window: int, today: date, months: int
) -> dict[date, dict[str, Measures]]:
    """Each file as it was on the main line at the start of each month; none before its start."""
    first = today.replace(day=1)
    commits = _commits(root, [months_later(first, -back) for back in range(months - 1, -1, -1)])
    trees = {day: _tree(root, commit, paths) for day, commit in commits.items()}
    wanted = sorted({blob for tree in trees.values() for blob in tree.values()})
    contents = dict(zip(wanted, blobs(root, wanted), strict=True))

    @cache
    def measured(blob: str) -> Measures:
        return measure(contents[blob], window)

    return {
        day: {name: measured(blob) for name, blob in tree.items()} for day, tree in trees.items()
    }


def _commits(root: Path, days: Sequence[date]) -> dict[date, str]:
    """The last commit before each day. A commit with an impossible time is passed over."""
    log = output(root, "git", "log", "--first-parent", "--format=%H %ct") or ""
    lines = (line.split() for line in log.splitlines())
    history = [(commit, int(at)) for commit, at in lines if int(at) >= BORN]
    found = {}
    for day in days:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        commit = next((commit for commit, at in history if at < start), None)
        if commit:
            found[day] = commit
    return found


def _tree(root: Path, commit: str, paths: Sequence[str]) -> dict[str, str]:
    listed = output(root, "git", "ls-tree", "-r", "-z", commit, "--", *paths) or ""
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    return {
        name: about.split()[2]
        for about, _, name in entries
        if is_measured(name, paths) and about.split()[1] == "blob"
    }


def is_typed(function: Function) -> bool:
    """Whether its result and all its parameters have types, but for `self` and `cls`."""
    taken = function.args
    first = [*taken.posonlyargs, *taken.args]
    if first and first[0].arg in ("self", "cls"):
        first = first[1:]
    rest = [*taken.kwonlyargs, taken.vararg, taken.kwarg]
    parameters = [*first, *(one for one in rest if one)]
    return function.returns is not None and all(one.annotation for one in parameters)


def copied(files: Iterable[Measures], window: int) -> int:
    """How many lines are in a part that is somewhere else, too."""
    measured = list(files)
    times = Counter(one for file in measured for one in file.windows)
    return sum(_covered([times[one] > 1 for one in file.windows], window) for file in measured)


def _covered(twice: list[bool], window: int) -> int:
    """The lines of windows that come twice; they overlap."""
    total, end = 0, 0
    for start, is_twice in enumerate(twice):
        if is_twice:
            total += start + window - max(start, end)
            end = start + window
    return total


def _lines(text: str) -> list[str]:
    """Lines of code, without comments, imports and what only closes a bracket."""
    stripped = (line.strip() for line in text.splitlines())
    return [
        line
        for line in stripped
        if len(line) > 1 and not line.startswith(("#", "import ", "from ", ")", "]", "}"))
    ]
