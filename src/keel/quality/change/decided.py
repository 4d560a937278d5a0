"""What is wrong with records of decisions, and with the list of those to take early."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from keel.quality.change.decisions import OPEN, Early, Record


def problems(
    every: Sequence[Record],
    wanted: Mapping[str, Early],
    attributes: Collection[str] | None,
    today: date,
) -> list[str]:
    """All of it; `attributes` are the quality attributes, None where nobody knows them."""
    wrong = [flaw for record in every for flaw in record.wrong]
    wrong += [flaw for record in every for flaw in _links(record, every, today)]
    for number, times in Counter(record.number for record in every).items():
        if times > 1:
            names = ", ".join(record.file for record in every if record.number == number)
            wrong.append(f"{names}: {number:04} comes twice: give the newer one the next number")
    if attributes is not None:
        wrong += _unserved(every, attributes)
    taken = {record.number for record in every if record.status in ("accepted", "broken")}
    return wrong + [
        f"{OPEN}: {name}.decided is {entry.decided}: no record of that number is accepted"
        for name, entry in wanted.items()
        if entry.decided and entry.decided not in taken
    ]


def _links(record: Record, every: Sequence[Record], today: date) -> Iterator[str]:
    """What is wrong with its day, and with the links between it and what replaces it."""
    if record.day > today:
        yield f"{record.file}: date is {record.day}, which is still to come: correct the day"
    others = {other.number: other for other in every if other.number != record.number}
    if record.successor is not None:
        newer = others.get(record.successor)
        if newer is None:
            yield f"{record.file}: no other record {record.successor:04} supersedes it"
        elif record.number not in newer.supersedes:
            cure = f"add `supersedes: [{record.number}]`"
            yield f"{newer.file}: it says nothing of {record.file}: {cure}"
    for number in record.supersedes:
        older = others.get(number)
        if older is None:
            yield f"{record.file}: supersedes names {number:04}, and there is no such record"
        elif record.status == "accepted" and older.successor != record.number:
            yield f"{older.file}: its status must be `superseded by {record.number:04}`"


def _unserved(every: Sequence[Record], attributes: Collection[str]) -> Iterator[str]:
    for record in every:
        for name in record.serves:
            if name not in attributes:
                flaw = f"serves names {name!r}, which is no quality attribute"
                yield f"{record.file}: {flaw}: {', '.join(attributes)}"
