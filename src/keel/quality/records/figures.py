"""What the quality page shows: a figure is a value with all that one needs to read it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

Group = Literal["product", "delivery", "change"]


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

    def figure(
        self,
        value: float,
        text: str,
        state: State,
        events: int,
        target: str = "",
        trend: Sequence[tuple[date, float]] = (),
    ) -> Figure:
        """It with a value."""
        return Figure(
            **vars(self),
            value=value,
            text=text,
            target=target,
            state=state,
            events=events,
            trend=list(trend),
        )

    def unknown(self, why: str, events: int = 0, target: str = "") -> Figure:
        """It without a value, and why there is none."""
        return Figure(
            **vars(self),
            value=None,
            text=f"not enough data yet: {why}",
            target=target,
            state=State.UNKNOWN,
            events=events,
        )

    def broken(self, why: str) -> Figure:
        """It where the file that it comes from can't be read."""
        return Figure(
            **vars(self),
            value=None,
            text=f"not counted: {why}",
            target="",
            state=State.UNKNOWN,
            events=0,
            broken=True,
        )


def guarded(group: Group, title: str, part: Callable[[], Iterable[Figure]]) -> list[Figure]:
    """The figures of a part of the page or, if it fails, one that says so: the others come."""
    try:
        return list(part())
    except Exception as error:  # noqa: BLE001 -- whatever is wrong there
        about = About(
            f"{group}.{title.lower()}",
            group,
            title,
            "Figures that could not be made.",
            "",
            "Nobody knows how it stands.",
            "Mend what it says; if that is no file of yours, tell who keeps this project's Keel.",
        )
        return [about.broken(f"{type(error).__name__}: {error}")]


def state(value: float, good: float, bad: float) -> State:
    """Good up to the first limit, bad beyond the second; more is worse, or else if `bad < good`."""
    if bad < good:
        value, good, bad = -value, -good, -bad
    return State.GOOD if value <= good else State.BAD if value > bad else State.WATCH
