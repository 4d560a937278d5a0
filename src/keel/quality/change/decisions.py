"""Records of decisions, and the list of those to take early; both in `docs/decisions/`."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from annotated_types import Gt
from pydantic import BaseModel, Field

from keel.data.store import Store
from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records.documents import (
    Past,
    Text,
    front_matter,
    months_later,
    parsed,
    plural,
    slug,
    text,
    typed,
)
from keel.quality.records.figures import Figure, State, about

FOLDER = "docs/decisions"
OPEN = f"{FOLDER}/open.yaml"
REVIEW = 12  # months after a decision that has no date of its own
FILE = re.compile(r"(\d{4})-[^/]+\.md")
HEADING = re.compile(r"^# +(?:(?P<number>\d+)[.:]? +)?(?P<title>\S.*)$", re.MULTILINE)
WORDS = re.IGNORECASE | re.MULTILINE
OPTIONS = re.compile(r"^## +Considered options *$(?P<below>.*?)(?=^#|\Z)", WORDS | re.DOTALL)
OUTCOME = re.compile(r"^## +Decision outcome *$\s+[^#\s]", WORDS)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
STATUS = r"proposed|accepted|rejected|deprecated|superseded by \d{4}"
Day = date  # by a name that no field has
STARTED = Path(__file__).with_name("decision.md")


class Front(BaseModel, extra="allow"):
    """What a record says of itself at its top, after MADR; fields of one's own are fine."""

    status: Annotated[str, Field(pattern=f"^({STATUS})$")]
    serves: list[Text] = []
    supersedes: list[int] = []
    date: Past | None = None
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
    serves: Sequence[str] = ()
    supersedes: Sequence[int] = ()
    wrong: tuple[str, ...] = ()

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

    def due(self, came: date) -> date:
        """The day by which to take it; `came` is the day on which the list came."""
        return self.by or came + timedelta(weeks=self.weeks)


def records(root: Path, came: Mapping[str, date], today: date) -> list[Record]:
    """All records by number; `came` has the days of files that say none."""
    names = [f"{FOLDER}/{file.name}" for file in sorted((root / FOLDER).glob("*.md"))]
    return [
        record(root, name, came.get(name, today), today)
        for name in names
        if FILE.fullmatch(Path(name).name)
    ]


def record(root: Path, name: str, came: date, today: date) -> Record:
    """A record as it stands in its file. What is wrong with it is in it, too."""
    number = int(Path(name).name[:4])
    try:
        head, body = front_matter(text(root, name), name)
        front = typed(parsed(head, name) or {}, name, Front, today)
    except UserError as error:
        wrong = tuple(str(error).splitlines())
        return Record(number, name, Path(name).stem, "broken", came, came, wrong=wrong)
    day, heading = front.date or came, HEADING.search(body)
    title = heading["title"].strip() if heading else ""
    wrong = tuple(f"{name}: {flaw}" for flaw in _flaws(front.status, COMMENT.sub("", body)))
    said = front.model_dump(include={"status", "serves", "supersedes"})
    review = front.review or months_later(day, REVIEW)
    return Record(number, name, title, day=day, review=review, wrong=wrong, **said)


def _flaws(status: str, body: str) -> Iterator[str]:
    if not HEADING.search(body):
        yield "it has no title: a line `# …` says what was decided"
    if status == "proposed":
        return  # what comes below is still being written
    below = OPTIONS.search(body)
    options = re.findall(r"^[*-] +\S", below["below"], re.MULTILINE) if below else []
    if len(options) < 2:
        yield f"{plural(len(options), 'option')} below `## Considered options`: name two at least"
    if not OUTCOME.search(body):
        yield "it says nothing below `## Decision outcome`: which option, and why"


def problems(
    every: Sequence[Record],
    wanted: Mapping[str, Early],
    attributes: Collection[str] | None,
) -> Iterator[str]:
    """What is wrong with them; `attributes` are the quality attributes, None if nobody knows."""
    for record in every:
        yield from record.wrong
        yield from _links(record, every)
        if not record.serves and record.status not in ("proposed", "broken"):
            yield f"{record.file}: serves is empty: name the quality attributes it is for"
        for name in () if attributes is None else {*record.serves}.difference(attributes):
            flaw = f"serves names {name!r}, which is no quality attribute"
            yield f"{record.file}: {flaw}: {', '.join(attributes or ())}"
    for number, names in _twice((f"{record.number:04}", record) for record in every):
        yield f"{names}: {number} comes twice: give the newer one the next number"
    standing = (r for r in every if r.title and r.status in ("proposed", "accepted"))
    for _, names in _twice((record.title.casefold(), record) for record in standing):
        yield f"{names}: they have one title: say in it how they differ, or supersede the older one"
    taken = {record.number for record in every if record.status in ("accepted", "broken")}
    for name, entry in wanted.items():
        if entry.decided and entry.decided not in taken:
            yield f"{OPEN}: {name}.decided is {entry.decided}: no record of that number is accepted"


def _twice(named: Iterable[tuple[str, Record]]) -> Iterator[tuple[str, str]]:
    """What several records share, with their files."""
    files: dict[str, list[str]] = {}
    for name, record in named:
        files.setdefault(name, []).append(record.file)
    yield from ((name, ", ".join(shared)) for name, shared in files.items() if len(shared) > 1)


def _links(record: Record, every: Sequence[Record]) -> Iterator[str]:
    """What is wrong with the links between a record and what replaces it."""
    others = {other.number: other for other in every if other.number != record.number}
    for number in {record.successor, *record.supersedes} - {None} - others.keys():
        yield f"{record.file}: it names {number:04}, and there is no such record"
    newer = others.get(record.successor or 0)
    if newer and record.number not in newer.supersedes:
        cure = f"add `supersedes: [{record.number}]`"
        yield f"{newer.file}: it says nothing of {record.file}: {cure}"
    for older in (others[number] for number in record.supersedes if number in others):
        if record.status == "accepted" and older.successor != record.number:
            yield f"{older.file}: its status must be `superseded by {record.number:04}`"


def start(
    root: Path, title: str, today: date, serves: Sequence[str], supersedes: int | None
) -> Path:
    """Write a record with the next number; returns its file. Raises UserError without a title."""
    title = " ".join(title.split())
    if not title:
        raise UserError("a decision needs a title, such as: uv run keel decide Train each month")
    names = [path.name for path in (root / FOLDER).glob("*.md")]
    numbers = {int(name[:4]) for name in names if FILE.fullmatch(name)}
    number = max(numbers, default=0) + 1
    if supersedes is not None and supersedes not in numbers:
        raise UserError(f"{FOLDER} has no record {supersedes:04}: it has {sorted(numbers)}")
    content = STARTED.read_text("utf-8").format(
        number=number,
        title=title,
        day=today,
        review=months_later(today, REVIEW),
        serves=", ".join(serves),
        supersedes="" if supersedes is None else f"supersedes: [{supersedes}]\n",
    )
    file = root / FOLDER / f"{number:04}-{slug(title)}.md"
    Store(root, root).write_text(file, content)
    return file


def review(records: Sequence[Record], today: date) -> Figure:
    """Whether the decisions that the project relies on are looked at again."""
    notes = [flaw for record in records for flaw in record.wrong]
    relied = [record for record in records if record.status == "accepted"]
    if not relied:
        return about("decisions.review").unknown("no decision is accepted").also(notes=notes)
    late = [record for record in relied if record.review < today]
    text = f"{len(late)} of {len(relied)} are due"
    figure = about("decisions.review").lapses(len(late), len(relied), text, "none")
    lines = [f"{r.number:04} {r.title}: was to be looked at by {r.review}" for r in late]
    proposed = [record for record in records if record.status == "proposed"]
    lines += [f"{r.number:04} {r.title}: proposed since {r.day}" for r in proposed]
    return figure.also(lines, notes)


def early(
    wanted: Mapping[str, Early], records: Sequence[Record], came: date, today: date
) -> Figure:
    """Whether the dear ones are taken in time; `came` is the day on which the list came."""
    if not wanted:
        return about("decisions.open").unknown(f"{OPEN} has no entries")
    titles = {record.number: record.title for record in records if record.status == "accepted"}
    waiting = [entry for entry in wanted.values() if entry.decided not in titles]
    taken = [entry for entry in wanted.values() if entry.decided in titles]
    late = sum(entry.due(came) < today for entry in waiting)
    text = f"{late} overdue; {len(taken)} of {len(wanted)} are taken"
    figure = about("decisions.open").lapses(late, len(wanted), text, "none", State.BAD)
    waiting.sort(key=lambda entry: entry.due(came))
    lines = [f"by {entry.due(came)}: {entry.question} {entry.dear}" for entry in waiting]
    lines += [
        f"taken: {entry.question} {entry.decided:04} {titles[entry.decided or 0]}"
        for entry in taken
    ]
    return figure.also(lines)
