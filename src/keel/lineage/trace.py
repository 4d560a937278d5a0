"""What a model or a prediction came from, back to the raw rows and the code: as a tree."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from keel.data.store import Store, sha256
from keel.lineage.history import Data, History, Lock
from keel.project.errors import UserError

DIGITS = 12  # of a hash, enough to tell it


@dataclass
class Node:
    """What is said of one thing, and what it came from."""

    text: str
    notes: list[str] = field(default_factory=list)
    nodes: list["Node"] = field(default_factory=list)


def trace(store: Store, key: Sequence[str], request: str | None) -> Iterator[str]:
    """The lineage of the model in use, or of a prediction by the id of its request, drawn.

    `key` are the columns that name an example.
    """
    history = History(store)
    yield from draw(prediction(history, request, key) if request else model(history, in_use(store)))


def in_use(store: Store) -> str:
    """The digits of the champion, or of the last model where there is no champion."""
    store.read_text(store.in_use)  # which says what to do where it is missing
    return sha256(store.in_use)[:DIGITS]


def prediction(history: History, request: str, key: Sequence[str]) -> Node:
    """What was answered to a request, each row with the model that said so."""
    rows = list(_logged(history.store, request))
    if not rows:
        raise UserError(
            f"served/predictions has no request {request!r}: the service names it in the answer "
            "and in the header X-Request-ID, and drops what is older than serving.keep_days"
        )
    answers = [f"row {row['row']}: {_answer(row)}, for {_key(row, key)}" for row in rows]
    unseen = sorted({name for row in rows for name in row.get("unseen") or []})
    more = [f"and {len(answers) - DIGITS} more"] if len(answers) > DIGITS else []
    notes = [*answers[:DIGITS], *more]
    if unseen:
        notes.append(f"{', '.join(unseen)}: a value that training did not see")
    notes.append("? which version of the tables beside the request was used: not logged")
    models = dict.fromkeys(row["model"] for row in rows)
    text = f"request {request}, answered {_time(rows[0]['at'])}"
    return Node(text, notes, [model(history, digits) for digits in models])


def model(history: History, digits: str) -> Node:
    """A model and how it was made, also when it has been replaced since."""
    lock, passport = _recorded(history, digits)
    if passport is None:
        return Node(
            f"model {digits}",
            [
                "? how it was made: it is neither in this folder nor in DVC's cache, which",
                "  `uv run dvc fetch --all-commits` fills with what the storage has",
            ],
        )
    notes = _notes(passport)
    if lock is None:
        notes.append("? which data it was made from: no dvc.lock, here or in a commit, records it")
        return Node(f"model {digits}", notes)
    notes.append(f"recorded by {lock.where}")
    made = lock.output(history.store.name(history.store.model.parent))
    return Node(f"model {digits}", notes, [_step(history, lock, made)] if made else [])


def _recorded(history: History, digits: str) -> tuple[Lock | None, dict[str, Any] | None]:
    """The lock that records a model, and its passport."""
    for lock in history.locks():
        passport = history.passport(lock)
        if passport and passport["sha256"]["model"].startswith(digits):
            return lock, passport
    for file in (history.store.champion("passport.json"), history.store.passport):
        passport = history.store.read_json(file) if file.is_file() else None
        if passport and passport["sha256"]["model"].startswith(digits):
            return None, passport
    return None, None


def _notes(passport: dict[str, Any]) -> list[str]:
    code, training = passport["code"], passport["training"]
    commit = f"commit {code['commit'][:DIGITS]}" if code["commit"] else "? its commit: no Git"
    days = f", {training['from']} to {training['to']}" if training["from"] else ""
    changes = " and changes that were not committed" if code["uncommitted_changes"] else ""
    return [
        f"trained {_time(passport['trained_at'])} with {commit}{changes}",
        f"learnt from {training['rows']:,} rows{days}",
        *(f"{name}: {_values(values)}" for name, values in passport["settings"].items()),
    ]


def _step(history: History, lock: Lock, data: Data) -> Node:
    """The stage that made some data, and what it made that from."""
    step = lock.maker(data)
    if step is None:
        return Node(f"? what made {data.path}: another version of it is in {lock.where}")
    settings = {} if step.inputs else step.settings  # of a model its passport has them
    notes = [f"{name}: {_values(value)}" for name, value in settings.items()]
    return Node(f"by {step.stage}", notes, [_data(history, lock, made) for made in step.inputs])


def _data(history: History, lock: Lock, data: Data) -> Node:
    files = history.files(data)
    notes = [
        f"{name}  {digest[:DIGITS]}{_rows(history, name, digest)}" for name, digest in files.items()
    ]
    if not files:
        notes = ["? its files: `uv run dvc fetch --all-commits` gets what the storage has"]
    if list(files) == [data.path]:
        text, notes = notes[0], []
    else:
        text = f"{data.path}  {data.digest[:DIGITS]}"
    return Node(text, notes, [_step(history, lock, data)])


def _rows(history: History, name: str, digest: str) -> str:
    rows = history.rows(name, digest)
    if rows is None:
        return "  ? rows" if name.endswith(".parquet") else ""
    return f"  {rows:,} rows"


def _logged(store: Store, request: str) -> Iterator[dict[str, Any]]:
    """The lines of a request; one that is broken is none."""
    for file in sorted((store.root / "served/predictions").glob("*.jsonl")):
        for line in file.read_bytes().splitlines():
            with suppress(ValueError):
                row = json.loads(line) if request.encode() in line else {}
                if row.get("request") == request:
                    yield row


def _answer(row: dict[str, Any]) -> str:
    """A number, the probability of yes, or the likeliest class with its probability."""
    prediction = row.get("probability", row.get("prediction"))
    if "probabilities" in row:
        return f"{prediction} ({row['probabilities'][prediction]:.4f})"
    return f"{prediction:.4f}"


def _key(row: dict[str, Any], key: Sequence[str]) -> str:
    """What tells the example from others, less what is personal and so was not logged."""
    names = [name for name in key if name in row["example"]]
    return ", ".join(f"{name} {row['example'][name]}" for name in names or row["example"])


def _values(values: Any) -> str:
    if isinstance(values, dict):
        return ", ".join(f"{name} {value}" for name, value in values.items()) or "all"
    return str(values)


def _time(text: str) -> str:
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"


def draw(node: Node, first: str = "", rest: str = "") -> Iterator[str]:
    """The lines of a tree."""
    yield first + node.text
    bar = "│  " if node.nodes else "   "
    yield from (rest + bar + note for note in node.notes)
    for child in node.nodes:
        last = child is node.nodes[-1]
        yield from draw(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
