# Keel keeps this file up to date.
"""What is measured of a Python file: complex functions, types, and lines that are copied."""

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import complexipy

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
