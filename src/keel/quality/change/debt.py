"""Technical debt: what is written down of it, what it costs, and what was paid."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Annotated, Literal, Self

from annotated_types import Ge, Gt
from pydantic import Field, model_validator

from keel.project.settings import Section
from keel.quality.records.documents import Past, Text, in_order, months_later, plural
from keel.quality.records.figures import Figure, State, about, state
from keel.quality.records.history import files
from keel.quality.records.settings import Debt

FILE = "docs/quality/debt.yaml"
PAY = 6  # months after an entry that has no date of its own
MARKER = re.compile(r"(?:#|//|--)\s*debt:\s*([\w-]*)", re.IGNORECASE)
CODE = (".py", ".ipynb", ".sh", ".sql", ".toml", ".yaml", ".yml", ".feature", ".js", ".r")
A_YEAR = {"day": 260, "week": 52, "month": 12, "quarter": 4, "year": 1}  # 260 days of work
Name = Annotated[str, Field(pattern=r"^[\w-]+$")]  # one word, for markers


class Interest(Section):
    """What a debt costs as long as it is not paid: hours of work, and how often."""

    hours: Annotated[float, Ge(0)]
    every: Literal["day", "week", "month", "quarter", "year"]
    why: Text

    @property
    def month(self) -> float:
        """Hours a month."""
        return self.hours * A_YEAR[self.every] / 12


class Entry(Section):
    """A debt. Without a day, it is there since the register came, and due after some months."""

    what: Text
    where: Text
    interest: Interest
    principal: Annotated[float, Gt(0)]  # hours of work that pay it
    owner: Text
    since: Past | None = None
    by: date | None = None
    paid: Past | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        in_order(since=self.since, by=self.by)
        in_order(since=self.since, paid=self.paid)
        return self


Register = dict[Name, Entry]
FIGURES = ("debt.interest", "debt.age", "debt.paid")


def figures(register: Register, came: date, today: date, debt: Debt) -> list[Figure]:
    """Interest, age, and what was paid; `came` is the register's day."""
    if not register:
        return [about(name).unknown("nobody has written a debt down") for name in FIGURES]
    entries = {name: dated(entry, came) for name, entry in register.items()}
    unpaid = {name: entry for name, entry in entries.items() if _open(entry, today)}
    return [_interest(entries, unpaid, today, debt), _age(unpaid, today), _paid(entries, today)]


def dated(entry: Entry, came: date) -> Entry:
    """The entry with all its days: those it does not say follow from the day that it came."""
    since = entry.since or came
    by = entry.by or months_later(since, PAY)
    return entry.model_copy(update={"since": since, "by": by})


def problems(register: Register, markers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What is wrong with the markers in the code that name entries of the register."""
    for place, name in markers:
        if name not in register:
            names = ", ".join(register) or "nothing"
            yield f"{place}: {FILE} has no debt {name!r}: add it; it has {names}"
        elif register[name].paid:
            yield f"{place}: {name} is paid, says {FILE}: take the marker out"


def markers(root: Path) -> Iterator[tuple[str, str]]:
    """Where the team's code says that it owes something, as FILE:LINE, and the name of the debt."""
    for name in files(root):
        if not name.endswith(CODE) or name.startswith("docs/"):
            continue
        text = (root / name).read_text(encoding="utf-8", errors="replace")
        if "debt:" in text.lower():
            for number, line in enumerate(text.splitlines(), 1):
                yield from ((f"{name}:{number}", debt) for debt in MARKER.findall(line))


def _open(entry: Entry, day: date) -> bool:
    return bool(entry.since and entry.since <= day and not (entry.paid and entry.paid <= day))


def _interest(
    entries: Mapping[str, Entry], unpaid: Mapping[str, Entry], today: date, debt: Debt
) -> Figure:
    first = min(entry.since or today for entry in entries.values())
    days = [months_later(today.replace(day=1), -months) for months in range(11, -1, -1)]
    trend = [
        (day, sum(entry.interest.month for entry in entries.values() if _open(entry, day)))
        for day in days
        if first <= day < today
    ]
    owed = sum(entry.interest.month for entry in unpaid.values())
    good, bad = debt.interest_hours
    text = f"{owed:.3g} hours a month, for {plural(len(unpaid), 'entry', 'entries')}"
    target = f"at most {good:g} hours a month"
    figure = about("debt.interest").shown(
        owed, text, state(owed, good, bad), len(unpaid), target, [*trend, (today, owed)]
    )
    dearest = sorted(unpaid.items(), key=lambda entry: -entry[1].interest.month)
    return figure.also(
        f"{name}: {entry.what} ({entry.where}). {entry.interest.why}: "
        f"{entry.interest.month:.3g} hours a month; {entry.principal:g} hours pay it. "
        f"{entry.owner}, by {entry.by}."
        for name, entry in dearest
    )


def _age(unpaid: Mapping[str, Entry], today: date) -> Figure:
    its, target = about("debt.age"), "nothing overdue"
    if not unpaid:
        return its.shown(0, "no debt is open", State.GOOD, 0, target)
    late = [name for name, entry in unpaid.items() if entry.by and entry.by < today]
    days = median((today - (entry.since or today)).days for entry in unpaid.values())
    text = f"{days:.0f} days in the median; {len(late)} of {len(unpaid)} overdue"
    figure = its.shown(days, text, State.WATCH if late else State.GOOD, len(unpaid), target)
    return figure.also(f"{name}: was due by {unpaid[name].by}" for name in late)


def _paid(entries: Mapping[str, Entry], today: date) -> Figure:
    its, year = about("debt.paid"), months_later(today, -12)
    paid = {n: e for n, e in entries.items() if e.paid and year < e.paid <= today}
    if not paid and all(e.since and e.since > months_later(today, -3) for e in entries.values()):
        return its.unknown("the oldest entry is younger than three months")
    hours = sum(entry.principal for entry in paid.values())
    text = f"{hours:g} hours, for {plural(len(paid), 'entry', 'entries')}"
    standing = State.GOOD if paid else State.WATCH
    figure = its.shown(hours, text, standing, len(paid), "something each year")
    return figure.also(f"{name}: {entry.what}, {entry.paid}" for name, entry in paid.items())
