"""What the quality page shows: a figure is a value with all that one needs to read it."""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Literal

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
    sentence: str  # what it is
    value: float | None
    text: str
    unit: str
    target: str  # as people write it, such as "at most 1 day"; "" if it has none
    state: State
    events: int
    trend: list[tuple[date, float]] = field(default_factory=list)  # oldest first
    meaning: str = ""  # for the business
    cure: str = ""  # what to do when it is red
    notes: list[str] = field(default_factory=list)  # what is not counted, or odd, and why
    details: list[str] = field(default_factory=list)  # what it is made of, a sentence each
    counted: str = "event"  # what each of them is, such as "deployment"
    broken: bool = False  # what it comes from can't be read

    def also(self, details: Iterable[str] = (), notes: Iterable[str] = ()) -> "Figure":
        """It with more details and notes."""
        return replace(self, details=[*self.details, *details], notes=[*self.notes, *notes])


@dataclass(frozen=True)
class About:
    """What a figure says of itself, whatever its value is."""

    name: str
    group: Group
    title: str
    sentence: str
    unit: str
    meaning: str
    cure: str
    counted: str = "event"
    caveat: str = ""  # what it can't tell

    def figure(
        self,
        value: float | None,
        text: str,
        state: State,
        events: int,
        target: str = "",
        trend: Trend = (),
    ) -> Figure:
        """It with a value."""
        texts = {name: text for name, text in vars(self).items() if name != "caveat"}
        return Figure(
            **texts,
            value=value,
            text=text,
            target=target,
            state=state,
            events=events,
            trend=list(trend),
            notes=[self.caveat] if self.caveat else [],
        )

    def share(
        self, part: int, whole: int, limits: Limits, text: str = "", trend: Trend = ()
    ) -> Figure:
        """It as a part of a whole that is not 0."""
        share = part / whole
        text = text or f"{share:.1%}, {part:,} of {whole:,}"
        return self.figure(share, text, state(share, *limits), whole, goal(limits), trend)

    def unknown(self, why: str, events: int = 0, target: str = "") -> Figure:
        """It without a value, and why there is none."""
        return self.figure(None, f"not enough data yet: {why}", State.UNKNOWN, events, target)

    def lacking(self, why: str, target: str, broken: str | None) -> Figure:
        """It without its file, or with one that is `broken`, and why."""
        return self.broken(broken) if broken else self.unknown(why, 0, target)

    def broken(self, why: str) -> Figure:
        """It where the file that it comes from can't be read; a line of `why` for each problem."""
        first, *more = why.splitlines() or [why]
        figure = self.figure(None, f"not counted: {first}", State.UNKNOWN, 0)
        return replace(figure, notes=[first, *more] if more else [], broken=True)


@cache
def abouts() -> Mapping[str, About]:
    """What all figures say of themselves, by their names."""
    groups: dict[Group, dict[str, dict[str, str]]] = tomllib.loads(TEXTS.read_text("utf-8"))  # type: ignore[assignment]
    return {
        name: About(**{"name": name, "group": group, "unit": "", **texts})  # type: ignore[arg-type]
        for group, figures in groups.items()
        for name, texts in figures.items()
    }


def about(name: str) -> About:
    """What the figure of a name says of itself."""
    return abouts()[name]


def guarded(group: Group, title: str, part: Callable[[], Iterable[Figure]]) -> list[Figure]:
    """The figures of a part of the page or, if it fails, one that says so: the others come."""
    try:
        return list(part())
    except Exception as error:  # noqa: BLE001 -- whatever is wrong there
        failed = About(
            f"{group}.{title.lower()}",
            group,
            title,
            "Figures that could not be made.",
            "",
            "Nobody knows how it stands.",
            "Mend what it says; if that is no file of yours, tell who keeps this project's Keel.",
        )
        return [failed.broken(f"{type(error).__name__}: {error}")]


def state(value: float, good: float, bad: float) -> State:
    """Good up to the first limit, bad beyond the second; more is worse, or else if `bad < good`."""
    if bad < good:
        value, good, bad = -value, -good, -bad
    return State.GOOD if value <= good else State.BAD if value > bad else State.WATCH


def goal(limits: Limits) -> str:
    """The share that is good, as people write it."""
    good, bad = limits
    return f"at {'most' if good < bad else 'least'} {100 * good:g}%"
