"""How easily the code can be changed: hotspots, and complex functions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import complexipy

from keel.quality.records.documents import plural
from keel.quality.records.figures import Figure, about, goal, state
from keel.quality.records.settings import Code
from keel.quality.records.tracked import files

SHOWN = 10  # of the worst
MONTHS = 12  # whose changes are counted
CHANGES = 6  # of a complex file, from which it is a hotspot
SWEEP = 50  # files: a change of more says nothing of each of them
Functions = Sequence[tuple[str, int]]  # their names and complexities
Changes = Sequence[tuple[str, ...]]  # the files of each


def measure(text: str) -> Functions | None:
    """The functions of a file; None if Python can't read it.

    The complexity is the cognitive one (Campbell, SonarSource, 2018): nesting counts more.
    """
    try:
        measured = complexipy.code_complexity(text, no_ignore=True, with_plans=False).functions
    except ValueError:
        return None
    return [(function.name, function.complexity) for function in measured]


def read(root: Path, paths: Sequence[str]) -> dict[str, Functions | None]:
    """Each Python file below one of the paths, as it is on disk, also if it is not committed."""
    folders = tuple(f"{path.rstrip('/')}/" for path in paths)
    return {
        name: measure((root / name).read_text(encoding="utf-8", errors="replace"))
        for name in files(root)
        if name.startswith(folders) and name.endswith(".py")
    }


def figures(
    files: Mapping[str, Functions | None], changes: Changes, settings: Code
) -> list[Figure]:
    """Both, of the files as they are and as they were changed."""
    broken = [f"{name} is not Python that can be read" for name in files if files[name] is None]
    measured = {name: functions or () for name, functions in files.items()}
    made = (_hotspots(measured, changes, settings), _complexity(measured, settings))
    return [figure.also(notes=broken) for figure in made]


def _hotspots(files: Mapping[str, Functions], changes: Changes, settings: Code) -> Figure:
    usual = [change for change in changes if len(change) <= SWEEP]
    if len(usual) < CHANGES:
        known = f"{plural(len(usual), 'change')} within {plural(MONTHS, 'month')}"
        why = f"{known}, and {CHANGES} are the least"
        return about("code.hotspots").unknown(why, len(usual))
    times = Counter(name for change in usual for name in change)
    worst = {
        name: max((complexity for _, complexity in functions), default=0)
        for name, functions in files.items()
        if times[name] >= CHANGES
    }
    hot = [name for name in worst if worst[name] > settings.complexity]
    hot.sort(key=lambda name: -worst[name] * times[name])
    text = f"{len(hot)} of {plural(len(files), 'file')}"
    standing, target = state(len(hot), *settings.hotspots), f"at most {settings.hotspots[0]:g}"
    figure = about("code.hotspots").shown(len(hot), text, standing, len(usual), target)
    return figure.also(
        f"{name}: complexity {worst[name]}, {times[name]} changes" for name in hot[:SHOWN]
    )


def _complexity(files: Mapping[str, Functions], settings: Code) -> Figure:
    limit, its = settings.complexity, about("code.complexity")
    functions = [
        (complexity, f"{name}: {function} has {complexity}, and {limit} are enough")
        for name in files
        for function, complexity in files[name]
    ]
    if not functions:
        return its.unknown("there is no function yet", 0, goal(settings.complex_share))
    knots = sorted((function for function in functions if function[0] > limit), reverse=True)
    figure = its.share(len(knots), len(functions), settings.complex_share)
    return figure.also(detail for _, detail in knots[:SHOWN])
