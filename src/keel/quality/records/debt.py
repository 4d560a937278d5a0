"""Technical debt: what is written down of it, what it costs, and how much of the work pays it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

from annotated_types import Ge, Gt
from pydantic import Field

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records import settings as limits
from keel.quality.records.churn import Change
from keel.quality.records.documents import Text, listed, months_later, plural, read
from keel.quality.records.figures import About, Figure, State, state
from keel.quality.records.tracked import files

FILE = "docs/quality/debt.yaml"
PACKAGE = __name__.partition(".")[0]
MARKER = re.compile(r"(?:#|//|--)\s*debt:\s*([\w-]*)", re.IGNORECASE)
CODE = (".py", ".ipynb", ".sh", ".sql", ".toml", ".yaml", ".yml", ".feature", ".js", ".r")
A_YEAR = {"day": 260, "week": 52, "month": 12, "quarter": 4, "year": 1}  # 260 days of work
TICKET = re.compile(r"^\[?[A-Z][A-Z0-9]*-\d+\]?:?\s*")
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
    since: date | None = None
    by: date | None = None
    paid: date | None = None


Register = Mapping[Name, Entry]
INTEREST = About(
    "debt.interest",
    "change",
    "Interest on debt",
    "What the known shortcuts in the code cost us each month.",
    "hours a month",
    "Work that brings no feature, each month, until the debt behind it is paid.",
    "Pay the entry whose principal is small beside its interest first.",
    "debt",
)
AGE = About(
    "debt.age",
    "change",
    "Age of debt",
    "How long the known shortcuts have been there, and which of them should be gone by now.",
    "days",
    "What is old has seldom become cheaper: fewer people remember why.",
    "Plan what is overdue, or agree on a new day and write it down.",
    "debt",
)
PAID = About(
    "debt.paid",
    "change",
    "Debt paid",
    "How many hours of work at known shortcuts were finished within a year.",
    "hours",
    "What is paid costs nothing any more.",
    "Give debt the share of the work that was agreed.",
    "debt",
)
SHARE = About(
    "debt.share",
    "change",
    "Work on debt",
    "Which share of the changes of the last months made code simpler and nothing else.",
    "share",
    "Below what was agreed, debt grows while nobody looks.",
    "Plan debt beside features, with the share that was agreed.",
    "change",
)


def figures(
    register: Register, changes: Sequence[Change], came: date, today: date, debt: limits.Debt
) -> list[Figure]:
    """Interest, age, what was paid, and the share of the work; `came` is the register's day."""
    entries = {name: dated(entry, came, debt) for name, entry in register.items()}
    unpaid = {name: entry for name, entry in entries.items() if _open(entry, today)}
    if not entries:
        none = "nobody has written a debt down"
        return [INTEREST.unknown(none), AGE.unknown(none), PAID.unknown(none), share(changes, debt)]
    return [
        _interest(entries, unpaid, today, debt),
        _age(unpaid, today),
        _paid(entries, today),
        share(changes, debt),
    ]


def dated(entry: Entry, came: date, debt: limits.Debt) -> Entry:
    """The entry with all its days: those it does not say follow from the day that it came."""
    since = entry.since or came
    by = entry.by or months_later(since, debt.pay_months)
    return entry.model_copy(update={"since": since, "by": by})


def kind(subject: str, words: Mapping[str, Iterable[str]]) -> str:
    """What a change is for, by the first word of its message, as conventional or not; or ""."""
    first = re.search(r"[a-z]+", TICKET.sub("", subject).lower())
    found = first[0] if first else ""
    for name, stems in words.items():
        if any(re.fullmatch(f"{stem.rstrip('e')}e?(|s|es|d|ed|ing)", found) for stem in stems):
            return name
    return ""


def problems(root: Path, today: date | None = None) -> list[str]:
    """What is wrong with the register, and with the markers in the code that name its entries."""
    now = today or datetime.now(UTC).date()
    try:
        register = read(root, FILE, dict[Name, Entry]) if (root / FILE).exists() else {}
    except UserError as error:
        return listed(error)
    wrong = [
        f"{FILE}: {name}: {what}" for name, entry in register.items() for what in _odd(entry, now)
    ]
    for place, name in markers(root):
        if name not in register:
            there = ", ".join(register) or "nothing"
            wrong.append(f"{place}: {FILE} has no debt {name!r}: add it; it has {there}")
        elif register[name].paid:
            wrong.append(f"{place}: {name} is paid, says {FILE}: take the marker out")
    return wrong


def markers(root: Path) -> Iterator[tuple[str, str]]:
    """Where the team's code says that it owes something, as FILE:LINE, and the name of the debt."""
    for name in files(root):
        if not name.endswith(CODE) or name.startswith(("docs/", f"src/{PACKAGE}/chassis/")):
            continue
        text = (root / name).read_text(encoding="utf-8", errors="replace")
        if "debt:" in text.lower():
            for number, line in enumerate(text.splitlines(), 1):
                yield from ((f"{name}:{number}", found) for found in MARKER.findall(line))


def _odd(entry: Entry, today: date) -> Iterator[str]:
    for field, day in (("since", entry.since), ("paid", entry.paid)):
        if day and day > today:
            yield f"{field} is {day}, which is still to come: correct the day"
    for field, day in (("by", entry.by), ("paid", entry.paid)):
        if day and entry.since and day < entry.since:
            yield f"{field} is {day}, before since, {entry.since}: correct one of them"


def _open(entry: Entry, day: date) -> bool:
    return bool(entry.since and entry.since <= day and not (entry.paid and entry.paid <= day))


def _months(entries: Iterable[Entry]) -> float:
    return sum(entry.interest.month for entry in entries)


def _interest(
    entries: Mapping[str, Entry], unpaid: Mapping[str, Entry], today: date, debt: limits.Debt
) -> Figure:
    first = min(entry.since or today for entry in entries.values())
    days = [months_later(today.replace(day=1), -months) for months in range(11, -1, -1)]
    trend = [
        (day, _months(e for e in entries.values() if _open(e, day)))
        for day in days
        if first <= day < today
    ]
    owed = _months(unpaid.values())
    good, bad = debt.interest_hours
    figure = INTEREST.figure(
        owed,
        f"{owed:.3g} hours a month, for {plural(len(unpaid), 'entry', 'entries')}",
        state(owed, good, bad),
        len(unpaid),
        f"at most {good:g} hours a month",
        [*trend, (today, owed)],
    )
    dearest = sorted(unpaid, key=lambda name: -unpaid[name].interest.month)
    notes = ["Hours are people's estimates, and what nobody wrote down is not in them."]
    return replace(figure, details=[_told(name, unpaid[name]) for name in dearest], notes=notes)


def _told(name: str, entry: Entry) -> str:
    return (
        f"{name}: {entry.what} ({entry.where}). {entry.interest.why}: "
        f"{entry.interest.month:.3g} hours a month; {entry.principal:g} hours pay it. "
        f"{entry.owner}, by {entry.by}."
    )


def _age(unpaid: Mapping[str, Entry], today: date) -> Figure:
    if not unpaid:
        return AGE.figure(0, "no debt is open", State.GOOD, 0, "nothing overdue")
    late = [name for name, entry in unpaid.items() if entry.by and entry.by < today]
    days = median((today - (entry.since or today)).days for entry in unpaid.values())
    text = f"{days:.0f} days in the median; {len(late)} of {len(unpaid)} overdue"
    standing = State.WATCH if late else State.GOOD
    figure = AGE.figure(days, text, standing, len(unpaid), "nothing overdue")
    return replace(figure, details=[f"{name}: was due by {unpaid[name].by}" for name in late])


def _paid(entries: Mapping[str, Entry], today: date) -> Figure:
    year = months_later(today, -12)
    paid = {n: e for n, e in entries.items() if e.paid and year < e.paid <= today}
    if not paid and all(e.since and e.since > months_later(today, -3) for e in entries.values()):
        return PAID.unknown("the oldest entry is younger than three months")
    hours = sum(entry.principal for entry in paid.values())
    text = f"{hours:g} hours, for {plural(len(paid), 'entry', 'entries')}"
    standing = State.GOOD if paid else State.WATCH
    figure = PAID.figure(hours, text, standing, len(paid), "something each year")
    return replace(figure, details=[f"{name}: {e.what}, {e.paid}" for name, e in paid.items()])


def share(changes: Sequence[Change], debt: limits.Debt) -> Figure:
    """Which share of the changes is for debt, beside what was agreed."""
    kinds = Counter(kind(change.subject, debt.words) for change in changes)
    known = len(changes) - kinds[""]
    target = f"about {debt.capacity:.0%}"
    if known < max(debt.least, len(changes) / 2):
        why = f"{known} of {plural(len(changes), 'change')} say what they are for"
        return SHARE.unknown(f"{why}, within {plural(debt.months, 'month')}", len(changes), target)
    part = kinds["debt"] / known
    text = f"{part:.0%} of {known} changes in {plural(debt.months, 'month')}"
    standing = state(part, debt.capacity / 2, 0.0) if debt.capacity else State.GOOD
    figure = SHARE.figure(part, text, standing, known, target)
    told = [f"{name}: {kinds[name]} changes, {kinds[name] / known:.0%}" for name in debt.words]
    notes = ["Changes are counted, not hours, and each by the first word of its message."]
    if kinds[""]:
        notes.append(f"Of {len(changes)} changes, {kinds['']} say nothing that is known.")
    return replace(figure, details=told, notes=notes)
