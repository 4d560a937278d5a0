"""How easily the team's code can be changed: hotspots, complex functions, types and copies."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from keel.quality.code.measures import Measures, Snapshots, copied
from keel.quality.records import settings as limits
from keel.quality.records.churn import Change
from keel.quality.records.documents import plural
from keel.quality.records.figures import About, Figure, state

Files = Mapping[str, Measures]
Count = Callable[[Files], tuple[int, int]]  # how many, of how many
HOTSPOTS = About(
    "code.hotspots",
    "change",
    "Hotspots in the code",
    "How many files are both hard to read and changed again and again.",
    "files",
    "Much of the work goes through these files, and each change there takes longer and is riskier.",
    "Split the complex function of the first one, before the next feature goes there.",
    "change",
)
COMPLEX = About(
    "code.complexity",
    "change",
    "Complex functions",
    "Which share of the functions has too many branches to hold in one's head.",
    "share",
    "Such functions are slow to change, and hide mistakes.",
    "Take a part out of the function and give it a name, with tests around it first.",
    "function",
)
TYPED = About(
    "code.typed",
    "change",
    "Functions with types",
    "For which share of the functions a tool can check that they are given what they need.",
    "share",
    "Types find mistakes in seconds that a training run finds in an hour.",
    "Write the types of the functions named here; `uv run keel types` checks them.",
    "function",
)
COPIES = About(
    "code.copies",
    "change",
    "Copied code",
    "Which share of the lines is in a part that is somewhere else, too.",
    "share",
    "A mistake in copied code has to be found and mended more than once.",
    "Make one function of the copies that change together.",
    "line",
)
CANNOT_TELL = {
    HOTSPOTS.name: "It can't tell whether the changes were hard, only that they came together "
    "with complexity; a file that is finished is none.",
    COMPLEX.name: "It can't tell a function that is complex because the subject is from one that "
    "is badly written, nor whether small functions call each other in knots.",
    TYPED.name: "It can't tell whether the types are right or say much: `Any` is one.",
    COPIES.name: "It finds equal lines only, not the same thought in other words; some copies are "
    "better than a wrong thing in common.",
}


def figures(
    files: Files, past: Snapshots, changes: Sequence[Change], code: limits.Code
) -> list[Figure]:
    """All four, of the files as they are, as they were, and as they were changed."""
    broken = [f"{name} is not Python that can be read" for name in files if files[name].broken]
    complex_ones = _share(COMPLEX, code.complex_share, _complex(code.complexity), files, past)
    typed = _share(TYPED, code.typed_share, _typed, files, past)
    found = [
        _hotspots(files, changes, code),
        replace(complex_ones, details=_complex_ones(files, code.complexity)),
        replace(typed, details=_untyped_ones(files)),
        _share(COPIES, code.copied_share, _copied(code.lines), files, past),
    ]
    return [
        replace(figure, notes=[CANNOT_TELL[figure.name], *figure.notes, *broken])
        for figure in found
    ]


def _hotspots(files: Files, changes: Sequence[Change], code: limits.Code) -> Figure:
    usual = [change for change in changes if len(change.files) <= code.sweep]
    if len(usual) < code.changes:
        said = f"{plural(len(usual), 'change')} within {plural(code.months, 'month')}"
        return HOTSPOTS.unknown(f"{said}, and {code.changes} are the least", len(usual))
    times = Counter(name for change in usual for name in change.files)
    worst = {
        name: max((c for _, c in file.complexities), default=0) for name, file in files.items()
    }
    hot = [n for n in files if worst[n] > code.complexity and times[n] >= code.changes]
    hot.sort(key=lambda name: -worst[name] * times[name])
    figure = HOTSPOTS.figure(
        len(hot),
        f"{len(hot)} of {plural(len(files), 'file')}",
        state(len(hot), *code.hotspots),
        len(usual),
        f"at most {code.hotspots[0]:g}",
    )
    told = [f"{name}: complexity {worst[name]}, {times[name]} changes" for name in hot[:10]]
    return replace(figure, details=told)


def _share(
    about: About, limit: tuple[float, float], count: Count, files: Files, past: Snapshots
) -> Figure:
    """A part of a whole, as it is and as it was."""
    part, whole = count(files)
    more = limit[0] < limit[1]
    target = f"at {'most' if more else 'least'} {limit[0]:.0%}"
    if not whole:
        return about.unknown("there is no function yet", target=target)
    trend = [
        (day, part / whole) for day, was in past.items() for part, whole in [count(was)] if whole
    ]
    text = f"{part / whole:.1%}, {part} of {whole}"
    return about.figure(part / whole, text, state(part / whole, *limit), whole, target, trend)


def _complex(limit: int) -> Count:
    def count(files: Files) -> tuple[int, int]:
        found = [c for file in files.values() for _, c in file.complexities]
        return sum(complexity > limit for complexity in found), len(found)

    return count


def _typed(files: Files) -> tuple[int, int]:
    return sum(f.typed for f in files.values()), sum(f.functions for f in files.values())


def _copied(window: int) -> Count:
    def count(files: Files) -> tuple[int, int]:
        return copied(files.values(), window), sum(file.lines for file in files.values())

    return count


def _complex_ones(files: Files, limit: int) -> list[str]:
    found = [
        (complexity, f"{name}: {function} has {complexity}, and {limit} are enough")
        for name, file in files.items()
        for function, complexity in file.complexities
        if complexity > limit
    ]
    return [said for _, said in sorted(found, reverse=True)][:10]


def _untyped_ones(files: Files) -> list[str]:
    lacking = {name: file.functions - file.typed for name, file in files.items()}
    found = sorted((-number, name) for name, number in lacking.items() if number)
    return [f"{name}: {plural(-number, 'function')} without" for number, name in found[:10]]
