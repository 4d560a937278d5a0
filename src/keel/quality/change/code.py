"""How easily the code can be changed: hotspots, complex functions, and functions with types."""

import ast
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import complexipy

from keel.quality.records.documents import plural
from keel.quality.records.figures import About, Figure, Limits, about, goal, state
from keel.quality.records.settings import Code
from keel.quality.records.tracked import files

SHOWN = 10  # of the worst
Changes = Sequence[tuple[str, ...]]  # the files of each
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Measures:
    """What is measured of a file."""

    complexities: tuple[tuple[str, int], ...] = ()  # of each function
    typed: int = 0  # functions
    functions: int = 0
    broken: bool = False  # Python can't read it

    @property
    def worst(self) -> int:
        """The complexity of its most complex function."""
        return max((complexity for _, complexity in self.complexities), default=0)


def measure(text: str) -> Measures:
    """What a file is like.

    The complexity is the cognitive one (Campbell, SonarSource, 2018): nesting counts more.
    """
    try:
        functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, Function)]
        measured = complexipy.code_complexity(text, no_ignore=True, with_plans=False).functions
    except (SyntaxError, ValueError, RecursionError):
        return Measures(broken=True)
    complexities = tuple((function.name, function.complexity) for function in measured)
    return Measures(complexities, sum(map(is_typed, functions)), len(functions))


def is_typed(function: Function) -> bool:
    """Whether its result and all its parameters have types, but for `self` and `cls`."""
    taken = function.args
    parameters = [*taken.posonlyargs, *taken.args, *taken.kwonlyargs, taken.vararg, taken.kwarg]
    untyped = [each.arg for each in parameters if each and not each.annotation]
    return function.returns is not None and untyped in ([], ["self"], ["cls"])


def read(root: Path, paths: Sequence[str]) -> dict[str, Measures]:
    """Each Python file below one of the paths, as it is on disk, also if it is not committed."""
    folders = tuple(f"{path.rstrip('/')}/" for path in paths)
    return {
        name: measure((root / name).read_text(encoding="utf-8", errors="replace"))
        for name in files(root)
        if name.startswith(folders) and name.endswith(".py")
    }


def figures(files: Mapping[str, Measures], changes: Changes, settings: Code) -> list[Figure]:
    """All three, of the files as they are and as they were changed."""
    broken = [f"{name} is not Python that can be read" for name in files if files[name].broken]
    made = (
        _hotspots(files, changes, settings),
        _complexity(files, settings),
        _typed(files, settings),
    )
    return [figure.also(notes=broken) for figure in made]


def _hotspots(files: Mapping[str, Measures], changes: Changes, settings: Code) -> Figure:
    hotspots = about("code.hotspots")
    usual = [change for change in changes if len(change) <= settings.sweep]
    if len(usual) < settings.changes:
        known = f"{plural(len(usual), 'change')} within {plural(settings.months, 'month')}"
        return hotspots.unknown(f"{known}, and {settings.changes} are the least", len(usual))
    times = Counter(name for change in usual for name in change)
    hot = {
        name: file.worst
        for name, file in files.items()
        if file.worst > settings.complexity and times[name] >= settings.changes
    }
    worst = sorted(hot, key=lambda name: -hot[name] * times[name])[:SHOWN]
    return hotspots.figure(
        len(hot),
        f"{len(hot)} of {plural(len(files), 'file')}",
        state(len(hot), *settings.hotspots),
        len(usual),
        f"at most {settings.hotspots[0]:g}",
    ).also(f"{name}: complexity {hot[name]}, {times[name]} changes" for name in worst)


def _complexity(files: Mapping[str, Measures], settings: Code) -> Figure:
    limit = settings.complexity
    functions = [
        (complexity, f"{name}: {function} has {complexity}, and {limit} are enough")
        for name, file in files.items()
        for function, complexity in file.complexities
    ]
    knots = sorted((function for function in functions if function[0] > limit), reverse=True)
    figure = _share(about("code.complexity"), len(knots), len(functions), settings.complex_share)
    return figure.also(detail for _, detail in knots[:SHOWN])


def _typed(files: Mapping[str, Measures], settings: Code) -> Figure:
    typed, functions = (
        sum(getattr(file, name) for file in files.values()) for name in ("typed", "functions")
    )
    lacking = sorted((file.typed - file.functions, name) for name, file in files.items())
    figure = _share(about("code.typed"), typed, functions, settings.typed_share)
    return figure.also(
        f"{name}: {plural(-number, 'function')} without"
        for number, name in lacking[:SHOWN]
        if number
    )


def _share(about: About, part: int, whole: int, limits: Limits) -> Figure:
    if not whole:
        return about.unknown("there is no function yet", 0, goal(limits))
    return about.share(part, whole, limits)
