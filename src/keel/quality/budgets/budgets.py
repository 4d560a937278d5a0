"""Error budgets: how much may go wrong in a window, how much of that is left, and for how long.

The budget is 1 - target of the window's events; it is spent when more were bad. The burn rate is
the share of bad events by that of the budget: at 1 the budget lasts exactly as long as its window.
Source: Google's Site Reliability Workbook, example error budget policy, 2018.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt

from keel.project.settings import Section
from keel.quality.budgets.events import Day, Source
from keel.quality.records.documents import Text

MANY = 30  # days
YEAR = timedelta(days=365.25)
SPANS = {"a year": YEAR, "a month": YEAR / 12}
DAY = timedelta(days=1)
FEW = 20  # events
SHOWN = 5  # bad days, at most
BURN = 7  # days that the burn rate looks back


def as_time(target: float) -> str:
    """What a target in percent allows of the time, in hours a year and hours a month."""
    allowed = 1 - target / 100
    spans = (f"{hours(allowed * span)} in {name}" for name, span in SPANS.items())
    return f"at most {', '.join(spans)} out of order"


def as_days(target: float, days: int, least: int) -> str:
    """The same of days, of which each is good or bad."""
    allowed = max(math.floor(round((1 - target / 100) * days, 9)), least)
    return f"at most {allowed} bad {'day' if allowed == 1 else 'days'} in {days}"


def hours(span: timedelta) -> str:
    """A time in hours and minutes, or minutes and seconds, as people write it."""
    seconds = round(span.total_seconds())
    if seconds >= 3600:
        minutes = round(seconds / 60)
        return f"{minutes // 60} h {minutes % 60} min"
    minutes, rest = divmod(seconds, 60)
    parts = [f"{minutes} min"] * bool(minutes) + [f"{rest} s"] * bool(rest or not minutes)
    return " ".join(parts)


def lasting(span: timedelta) -> str:
    """A time as people write it: in days when it is longer than two, in whole ones after 30."""
    days = span / timedelta(days=1)
    if days >= MANY:
        return f"{days:.0f} days"
    return f"{days:.1f} days" if days >= 2 else hours(span)


class Objective(Section):
    """What was promised: how many of a hundred events are good, in a window of days."""

    title: Text
    of: Literal["service", "model", "data"]
    target: Annotated[float, Gt(0), Lt(100)]
    days: Annotated[int, Gt(0), Le(366)] = 28
    always_allowed: Annotated[int, Ge(0)] = 1  # bad events, however few there are in all
    source: Source
    meaning: Text
    cure: str = ""


@dataclass(frozen=True)
class Budget:
    """The error budget of an objective whose last events are of `day`."""

    target: float
    window: int
    day: date
    days: Mapping[date, Day]  # none of them later than `day`, and some in its window
    least: float = 0  # bad events that are always allowed

    @cached_property
    def first(self) -> date:
        return min(self.days)

    @property
    def share(self) -> float:
        """Of the events, that may be bad."""
        return round(1 - self.target / 100, 12)

    def sums(self, day: date, length: int) -> tuple[float, float]:
        """How many events there were in the days up to this one, and how many of them were bad."""
        back = (day - number * DAY for number in range(length))
        window = [self.days[earlier] for earlier in back if earlier in self.days]
        bad = sum(counts.bad for counts in window)
        return bad + sum(counts.good for counts in window), bad

    def allowed(self, day: date) -> float:
        """How many events may be bad in the window that ends on a day.

        Before a first window is over, as many are expected for the rest of it.
        """
        known = min((day - self.first).days + 1, self.window)
        expected = self.sums(day, self.window)[0] * self.window / max(known, 1)
        return max(expected * self.share, self.least)

    def cost(self, first: date, last: date) -> float:
        """The share of the present budget that some days took, first and last one included."""
        return self.sums(last, (last - first).days + 1)[1] / self.allowed(self.day)

    def spent(self, day: date) -> float | None:
        """The share of the budget that is gone by a day; None if its window has no events."""
        total, bad = self.sums(day, self.window)
        return round(bad / self.allowed(day), 9) if total else None

    def exceeded(self, day: date) -> bool:
        """Whether it is spent on a day."""
        return (self.spent(day) or 0.0) > 1

    @property
    def left(self) -> float:
        """The share of the budget that is left; below 0 it is overspent."""
        return 1 - (self.spent(self.day) or 0.0)

    @property
    def since(self) -> date | None:
        """The day on which it was spent, if it is."""
        day = self.day
        while self.exceeded(day):
            day -= DAY
        return None if day == self.day else day + DAY

    @property
    def burn(self) -> float | None:
        """The burn rate of the last days; None without events in them."""
        total, bad = self.sums(self.day, BURN)
        return bad / total / self.share if total else None

    @property
    def runs_out(self) -> date | None:
        """When it will be spent if it goes on like in the last days; None if it will last."""
        later = self._later(BURN)
        return next((day for day in self._coming if later.exceeded(day)), None)

    @property
    def ends(self) -> date:
        """The first day on which it is not spent any more, if nothing goes wrong from now on."""
        later = self._later(self.window, well=True)
        return next(day for day in self._coming if not later.exceeded(day))

    @property
    def reasons(self) -> list[tuple[date, str]]:
        """The last bad days that say why."""
        bad = [(day, of.why) for day, of in sorted(self.days.items()) if of.bad]
        return [(day, why) for day, why in bad[-SHOWN:] if why]

    @property
    def _coming(self) -> list[date]:
        return [self.day + number * DAY for number in range(1, self.window + 1)]

    def _later(self, length: int, *, well: bool = False) -> "Budget":
        """It after a window of days that are like the last ones on average, or all go `well`."""
        length = min(length, (self.day - self.first).days + 1)
        total, bad = self.sums(self.day, length)
        bad = 0.0 if well else bad
        usual = Day((total - bad) / length, bad / length)
        return replace(self, days={**self.days, **dict.fromkeys(self._coming, usual)})

    def __str__(self) -> str:
        """How much is left and how long it lasts, in a sentence."""
        total, bad = self.sums(self.day, self.window)
        allowed = _count(self.allowed(self.day))
        counts = f"{_count(bad)} bad of {allowed} allowed, of {_count(total)} up to {self.day}"
        if self.since:
            end = f"over on {self.ends} if nothing goes wrong any more"
            return f"SPENT since {self.since}: {counts}; {end}"
        burn = "" if self.burn is None else f"burn rate {self.burn:.1f}; "
        lasts = f"spent on {self.runs_out} if it goes on so" if self.runs_out else "it will last"
        return f"{self.left:.0%} left: {counts}; {burn}{lasts}"


def _count(number: float) -> str:
    """A number of events; parts of one matter where there are few."""
    return f"{number:,.0f}" if number >= FEW or number == int(number) else f"{number:.1f}"
