"""Records of decisions, and the list of those to take early; both in `docs/decisions/`."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

from annotated_types import Gt
from pydantic import BaseModel, Field

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records.documents import (
    FENCE,
    Text,
    front_matter,
    listed,
    months_later,
    plural,
    read,
    text,
)
from keel.quality.records.figures import About, Figure, State

FOLDER = "docs/decisions"
OPEN = f"{FOLDER}/open.yaml"
FILE = re.compile(r"(\d{4})-[^/]+\.md")
HEADING = re.compile(r"^# +(?:(?P<number>\d+)[.:]? +)?(?P<title>\S.*)$", re.MULTILINE)
WORDS = re.IGNORECASE | re.MULTILINE
OPTIONS = re.compile(r"^## +Considered options *$(?P<below>.*?)(?=^#|\Z)", WORDS | re.DOTALL)
OUTCOME = re.compile(r"^## +Decision outcome *$\s+[^#\s]", WORDS)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
OLD = re.compile(r"^Status: *(?P<status>\w+)", re.MULTILINE)
STATUS = r"proposed|accepted|rejected|deprecated|superseded by \d{4}"
Day = date  # by a name that no field has


class Front(BaseModel, extra="allow"):
    """What a record says of itself at its top, after MADR; fields of one's own are fine."""

    status: Annotated[str, Field(pattern=f"^({STATUS})$")]
    serves: list[Text] = []
    supersedes: list[int] = []
    date: Day | None = None
    review: Day | None = None


@dataclass(frozen=True)
class Record:
    """A decision; `wrong` is what keeps it from being a good record."""

    number: int
    file: str
    title: str
    status: str
    day: date
    review: date
    serves: tuple[str, ...] = ()
    supersedes: tuple[int, ...] = ()
    wrong: tuple[str, ...] = ()
    old: bool = False  # from before records had front matter

    @property
    def successor(self) -> int | None:
        """The number of the record that replaces it."""
        return int(self.status[-4:]) if self.status.startswith("superseded") else None


class Early(Section):
    """A decision that is dear to change later: by when to take it, or the record that has it."""

    question: Text
    dear: Text  # why it is dear to change
    weeks: Annotated[int, Gt(0)] = 4  # after the list came, where no day is given
    by: date | None = None
    decided: Annotated[int, Gt(0)] | None = None


REVIEW = About(
    "decisions.review",
    "change",
    "Decisions that are looked at again",
    "How many decisions are past the day on which we wanted to look at them again.",
    "decisions",
    "What was right a year ago may hold us back today, unless somebody asks.",
    "Look at each: write down that it holds, with a new day, or replace it: `uv run keel decide`.",
    "decision",
)
EARLY = About(
    "decisions.open",
    "change",
    "Decisions to take early",
    "How many decisions that become dearer each week are open after the day to take them.",
    "decisions",
    "Taken late, they cost much of the work that was done until then.",
    "Take them, and write each down: `uv run keel decide TITLE`.",
    "decision",
)


def records(root: Path, came: Mapping[str, date], today: date, months: int) -> list[Record]:
    """All records by number; `came` has the days of files that say none."""
    found = []
    for file in sorted((root / FOLDER).glob("*.md")):
        name = f"{FOLDER}/{file.name}"
        if FILE.fullmatch(file.name):
            found.append(record(root, name, came.get(name, today), months))
    return found


def record(root: Path, name: str, came: date, months: int) -> Record:
    """A record as it stands in its file. What is wrong with it is in it, too."""
    number = int(Path(name).name[:4])
    try:
        content = text(root, name)
        front, body = front_matter(content, name, Front)
    except UserError as error:
        return _unread(root, name, came, months, tuple(listed(error)))
    day = front.date or came
    return Record(
        number,
        name,
        _title(body),
        front.status,
        day,
        front.review or months_later(day, months),
        tuple(front.serves),
        tuple(front.supersedes),
        tuple(f"{name}: {said}" for said in _lacking(number, front, body, day)),
    )


def due(one: Early, came: date) -> date:
    """The day by which to take a decision."""
    return one.by or came + timedelta(weeks=one.weeks)


def problems(
    root: Path, attributes: Collection[str] | None = None, today: date | None = None
) -> list[str]:
    """What is wrong with the records and with the list; `attributes` are those that there are.

    A record from before there was front matter, which says `Status: …`, is left as it is.
    """
    now = today or datetime.now(UTC).date()
    found = records(root, {}, now, 12)
    wrong = [said for one in found for said in one.wrong if not one.old]
    wrong += [said for one in found for said in _linked(one, found, now)]
    twice = Counter(one.number for one in found)
    for number, times in twice.items():
        if times > 1:
            names = ", ".join(one.file for one in found if one.number == number)
            wrong.append(f"{names}: {number:04} comes twice: give the newer one the next number")
    if attributes is not None:
        wrong += _unserved(found, attributes)
    return [*wrong, *_listed_early(root, found)]


def _unread(root: Path, name: str, came: date, months: int, wrong: tuple[str, ...]) -> Record:
    """A record without readable front matter; an old one says `Status: …` below its title."""
    body = (root / name).read_text(encoding="utf-8", errors="replace")
    old = None if body.startswith(FENCE) else OLD.search(body)
    status = old["status"].lower() if old else "broken"
    review = months_later(came, months)
    return Record(
        int(Path(name).name[:4]),
        name,
        _title(body),
        status,
        came,
        review,
        wrong=wrong,
        old=bool(old),
    )


def _title(body: str) -> str:
    heading = HEADING.search(body)
    return heading["title"].strip() if heading else ""


def _lacking(number: int, front: Front, body: str, day: date) -> Iterator[str]:
    heading = HEADING.search(body)
    if not heading:
        yield "it has no title: a line `# …` says what was decided"
    elif heading["number"] and int(heading["number"]) != number:
        yield f"its title has the number {heading['number']}, its file {number}: make them the same"
    if front.review and front.review <= day:
        yield f"review is {front.review}, not after {day}, the day of the decision"
    if front.status == "proposed":
        return  # what comes below is still being written
    body = COMMENT.sub("", body)
    below = OPTIONS.search(body)
    options = re.findall(r"^[*-] +\S", below["below"], re.MULTILINE) if below else []
    if len(options) < 2:
        yield f"{plural(len(options), 'option')} below `## Considered options`: name two at least"
    if not OUTCOME.search(body):
        yield "it says nothing below `## Decision outcome`: which option, and why"
    if not front.serves:
        yield "serves is empty: name the quality attributes that the decision is for"


def _linked(one: Record, found: Sequence[Record], today: date) -> Iterator[str]:
    """What is wrong with its day, and with the links between it and what replaces it."""
    if one.day > today:
        yield f"{one.file}: date is {one.day}, which is still to come: correct the day"
    by_number = {other.number: other for other in found}
    if one.successor is not None:
        newer = by_number.get(one.successor)
        if newer is None or newer.number == one.number:
            yield f"{one.file}: there is no other record {one.successor:04} that supersedes it"
        elif one.number not in newer.supersedes:
            yield f"{newer.file}: it says nothing of {one.file}: add `supersedes: [{one.number}]`"
    for number in one.supersedes:
        older = by_number.get(number)
        if older is None or older.number == one.number:
            yield f"{one.file}: supersedes names {number:04}, and there is no such record"
        elif one.status == "accepted" and older.successor != one.number:
            yield f"{older.file}: its status must be `superseded by {one.number:04}`"


def _unserved(found: Sequence[Record], attributes: Collection[str]) -> Iterator[str]:
    for one in found:
        for name in one.serves:
            if name not in attributes:
                there = ", ".join(attributes)
                yield f"{one.file}: serves names {name!r}, which is no quality attribute: {there}"


def _listed_early(root: Path, found: Sequence[Record]) -> Iterator[str]:
    if not (root / OPEN).exists():
        return  # the page says so
    try:
        wanted = read(root, OPEN, dict[str, Early])
    except UserError as error:
        yield from listed(error)
        return
    taken = {one.number for one in found if one.status in ("accepted", "broken")}
    for name, one in wanted.items():
        if one.decided and one.decided not in taken:
            yield f"{OPEN}: {name}.decided is {one.decided}: no record of that number is accepted"


def review(found: Sequence[Record], today: date) -> Figure:
    """Whether the decisions that the project relies on are looked at again."""
    relied = [one for one in found if one.status == "accepted"]
    if not relied:
        return replace(REVIEW.unknown("no decision is accepted"), notes=_notes(found))
    late = [one for one in relied if one.review < today]
    text = f"{len(late)} of {len(relied)} are due"
    standing = State.WATCH if late else State.GOOD
    figure = REVIEW.figure(len(late), text, standing, len(relied), "none")
    told = [f"{one.number:04} {one.title}: was to be looked at by {one.review}" for one in late]
    told += [
        f"{one.number:04} {one.title}: proposed since {one.day}"
        for one in found
        if one.status == "proposed"
    ]
    return replace(figure, details=told, notes=_notes(found))


def _notes(found: Sequence[Record]) -> list[str]:
    return [said for one in found for said in one.wrong]


def early(listed: Mapping[str, Early], found: Sequence[Record], came: date, today: date) -> Figure:
    """Whether the dear ones are taken in time; `came` is the day on which the list came."""
    if not listed:
        return EARLY.unknown(f"{OPEN} has no entries")
    titles = {one.number: one.title for one in found if one.status == "accepted"}
    waiting = {name: one for name, one in listed.items() if one.decided not in titles}
    late = [name for name, one in waiting.items() if due(one, came) < today]
    text = f"{len(late)} overdue; {len(listed) - len(waiting)} of {len(listed)} are taken"
    standing = State.BAD if late else State.GOOD
    figure = EARLY.figure(len(late), text, standing, len(listed), "none")
    order = sorted(waiting, key=lambda name: due(waiting[name], came))
    told = [f"by {due(waiting[n], came)}: {waiting[n].question} {waiting[n].dear}" for n in order]
    told += [
        f"taken: {one.question} {one.decided:04} {titles[one.decided]}"
        for name, one in listed.items()
        if name not in waiting and one.decided
    ]
    return replace(figure, details=told)
