"""Records of decisions, and the list of those to take early; both in `docs/decisions/`."""

import re
from collections.abc import Iterator, Mapping, Sequence
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
    Text,
    front_matter,
    listed,
    months_later,
    plural,
    slug,
    text,
)
from keel.quality.records.figures import Figure, State, about

FOLDER = "docs/decisions"
OPEN = f"{FOLDER}/open.yaml"
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


def records(root: Path, came: Mapping[str, date], today: date, months: int) -> list[Record]:
    """All records by number; `came` has the days of files that say none."""
    names = [f"{FOLDER}/{file.name}" for file in sorted((root / FOLDER).glob("*.md"))]
    return [
        record(root, name, came.get(name, today), months)
        for name in names
        if FILE.fullmatch(Path(name).name)
    ]


def record(root: Path, name: str, came: date, months: int) -> Record:
    """A record as it stands in its file. What is wrong with it is in it, too."""
    number = int(Path(name).name[:4])
    try:
        front, body = front_matter(text(root, name), name, Front)
    except UserError as error:
        review, wrong = months_later(came, months), tuple(listed(error))
        return Record(number, name, Path(name).stem, "broken", came, review, wrong=wrong)
    day = front.date or came
    heading = HEADING.search(body)
    return Record(
        number,
        name,
        heading["title"].strip() if heading else "",
        front.status,
        day,
        front.review or months_later(day, months),
        tuple(front.serves),
        tuple(front.supersedes),
        tuple(f"{name}: {flaw}" for flaw in _flaws(number, front, body, day)),
    )


def _flaws(number: int, front: Front, body: str, day: date) -> Iterator[str]:
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


def start(
    root: Path, title: str, today: date, months: int, serves: Sequence[str], supersedes: int | None
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
        review=months_later(today, months),
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
    proposed = [record for record in records if record.status == "proposed"]
    text = f"{len(late)} of {len(relied)} are due"
    standing = State.WATCH if late else State.GOOD
    return (
        about("decisions.review")
        .figure(len(late), text, standing, len(relied), "none")
        .also(
            [
                *(f"{r.number:04} {r.title}: was to be looked at by {r.review}" for r in late),
                *(f"{r.number:04} {r.title}: proposed since {r.day}" for r in proposed),
            ],
            notes,
        )
    )


def early(
    wanted: Mapping[str, Early], records: Sequence[Record], came: date, today: date
) -> Figure:
    """Whether the dear ones are taken in time; `came` is the day on which the list came."""
    if not wanted:
        return about("decisions.open").unknown(f"{OPEN} has no entries")
    titles = {record.number: record.title for record in records if record.status == "accepted"}
    waiting = [entry for entry in wanted.values() if entry.decided not in titles]
    taken = [(entry, entry.decided) for entry in wanted.values() if entry.decided in titles]
    late = [entry for entry in waiting if entry.due(came) < today]
    text = f"{len(late)} overdue; {len(taken)} of {len(wanted)} are taken"
    standing = State.BAD if late else State.GOOD
    waiting.sort(key=lambda entry: entry.due(came))
    return (
        about("decisions.open")
        .figure(len(late), text, standing, len(wanted), "none")
        .also(
            [
                *(f"by {entry.due(came)}: {entry.question} {entry.dear}" for entry in waiting),
                *(
                    f"taken: {entry.question} {number:04} {titles[number]}"
                    for entry, number in taken
                    if number
                ),
            ]
        )
    )
