"""What the quality page shows: a figure is a value with all that one needs to read it."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

from keel.project.errors import UserError

Group = Literal["product", "delivery", "change"]
Trend = Sequence[tuple[date, float]]  # oldest first
Limits = tuple[float, float]  # a good value, and one beyond which it is bad
TEXTS = Path(__file__).with_name("figures.toml")


class State(StrEnum):
    """How a figure stands to its target."""

    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Figure:
    """One figure of the page, in words that a product owner understands.

    `name` is its stable id, such as "delivery.lead_time", which quality attributes refer to.
    `value` is what machines compare, in `unit`; `text` is the same as people write it, with the
    unit. `events` is how many of them it was computed from.
    """

    name: str
    group: Group
    title: str
    sentence: str = ""  # what it is
    unit: str = ""
    meaning: str = ""  # for the business
    cure: str = ""  # what to do when it is red
    counted: str = "event"  # what each of them is, such as "deployment"
    value: float | None = None
    text: str = ""
    state: State = State.UNKNOWN
    events: int = 0
    target: str = ""  # as people write it, such as "at most 1 day"; "" if it has none
    trend: Trend = ()
    notes: Sequence[str] = ()  # what is not counted, or odd, and why; what it can't tell
    details: Sequence[str] = ()  # what it is made of, a sentence each
    broken: bool = False  # what it comes from can't be read

    def also(self, details: Iterable[str] = (), notes: Iterable[str] = ()) -> "Figure":
        """It with more details and notes."""
        return replace(self, details=[*self.details, *details], notes=[*self.notes, *notes])

    def shown(
        self,
        value: float,
        text: str,
        state: State,
        events: int,
        target: str = "",
        trend: Trend = (),
    ) -> "Figure":
        """It with a value."""
        return replace(
            self, value=value, text=text, state=state, events=events, target=target, trend=trend
        )

    def share(self, part: int, whole: int, limits: Limits, text: str = "") -> "Figure":
        """It as a part of a whole that is not 0."""
        share = part / whole
        text = text or f"{share:.1%}, {part:,} of {whole:,}"
        return self.shown(share, text, state(share, *limits), whole, goal(limits))

    def lapses(
        self, number: int, whole: int, text: str, target: str, worst: State = State.WATCH
    ) -> "Figure":
        """It as a number of things that are not as they should be: good if there are none."""
        return self.shown(number, text, worst if number else State.GOOD, whole, target)

    def unknown(self, why: str, events: int = 0, target: str = "") -> "Figure":
        """It without a value, and why there is none."""
        return replace(self, text=f"not enough data yet: {why}", events=events, target=target)

    def lacking(self, why: str, target: str, broken: str | None) -> "Figure":
        """It without its file, or with one that is `broken`, and why."""
        return self.fails(broken) if broken else self.unknown(why, 0, target)

    def fails(self, why: str) -> "Figure":
        """It where the file that it comes from can't be read; a line of `why` for each problem."""
        first, *more = why.splitlines() or [why]
        notes = [*self.notes, *([first, *more] if more else [])]
        return replace(self, text=f"not counted: {first}", notes=notes, broken=True)


@cache
def abouts() -> Mapping[str, Figure]:
    """What all figures say of themselves, whatever their values are, by their names."""
    groups: dict[Group, dict[str, dict[str, Any]]] = tomllib.loads(TEXTS.read_text("utf-8"))  # type: ignore[assignment]
    return {
        name: Figure(name, group, **texts)
        for group, figures in groups.items()
        for name, texts in figures.items()
    }


def about(name: str) -> Figure:
    """What the figure of a name says of itself."""
    return abouts()[name]


def guarded(
    group: Group, title: str, part: Callable[[], Iterable[Figure]], names: str = ""
) -> list[Figure]:
    """The figures of a part of the page or, if it fails, one that says so: the others come.

    What a person can mend takes away those whose names begin with `names`.
    """
    try:
        return list(part())
    except Exception as error:  # noqa: BLE001 -- whatever is wrong there
        if names and isinstance(error, UserError):
            mine = (its for name, its in abouts().items() if name.startswith(names))
            return [its.fails(str(error)) for its in mine]
        failed = Figure(
            f"{group}.{title.lower()}",
            group,
            title,
            "Figures that could not be made.",
            meaning="Nobody knows how it stands.",
            cure="Fix what it says; if that is no file of yours, tell who keeps Keel.",
        )
        return [failed.fails(f"{type(error).__name__}: {error}")]


def state(value: float, good: float, bad: float) -> State:
    """Good up to the first limit, bad beyond the second; more is worse, or else if `bad < good`."""
    if bad < good:
        value, good, bad = -value, -good, -bad
    return State.GOOD if value <= good else State.BAD if value > bad else State.WATCH


def goal(limits: Limits) -> str:
    """The share that is good, as people write it."""
    good, bad = limits
    return f"at {'most' if good < bad else 'least'} {100 * good:g}%"
