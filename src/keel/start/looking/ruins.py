"""What often ruins a project, with its figures."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from keel.start.looking.answers import Answered
from keel.start.looking.facts import Counted, Facts
from keel.start.looking.kinds import DATED
from keel.start.looking.roles import differing, is_id, nearly_keys, repeated
from keel.start.plan import Caution, Column, Type, Use
from keel.start.words import NAMES, UNKNOWN

FEW_ROWS = 200
FEW_OF_A_CLASS = 30
SPELLINGS = 4  # of a word that are named
MOSTLY_NULL = 0.5
NEARLY = 0.9  # of the values differ: an id that comes again
PLAIN = "write one plain value in each row, such as a number alone"
NAMELESS = "(without a name)"
ONE_OF_EACH = 'see "Keep one of several rows" in docs/how-to.md'
MAY_BE_NULL = (Use.FEATURE, Use.SLICE, Use.LEFT_OUT)


def of_table(counted: Counted, key: Sequence[str]) -> Iterator[Caution]:
    """Too few rows, and rows that are there twice."""
    rows = counted.table.rows
    if rows < FEW_ROWS:
        few = f"the table has {rows:,} rows, by which two models can hardly be told apart"
        yield Caution("", few, "get more, or use folds")
    for name, value in counted.table.frame.tail(1).collect().rows(named=True)[0].items():
        if isinstance(value, str) and value.strip(" :").casefold() in NAMES["sums"]:
            yield Caution(name, f"the last row has {value!r}: it sums up the others", "delete it")
    if example := counted.numerals.assumed:
        plain = example.replace(",", "." if counted.numerals.decimal_comma else "")
        said = f"numbers such as {example!r} could be read in two ways, and are taken as {plain}"
        yield Caution("", said, "write numbers without separators of thousands, with a point")
    if len(key) != 1 or counted.facts[key[0]].is_unique:  # else one is kept of copies
        yield from _of_duplicates(counted)


def _of_duplicates(counted: Counted) -> Iterator[Caution]:
    """Rows that are the same, where chance would not make any."""
    rows = counted.table.rows
    ids = [
        name
        for name, facts in counted.facts.items()
        if counted.is_counter(name) or (facts.is_unique and is_id(name))
    ]
    others = {name: facts.distinct for name, facts in counted.facts.items() if name not in ids}
    by_chance = sum(math.log10(max(each, 1)) for each in others.values()) < 2 * math.log10(rows) + 1
    if by_chance:
        return
    row = pl.struct(list(others)).hash()
    twice = rows - int(counted.table.frame.select(row.n_unique()).collect().item())
    if twice:
        same = f"rows that are the same as another{' in all but an id' * bool(ids)}: {twice:,}"
        cure = (
            "unless they are things of their own, which scores count twice, take the copies out: "
            f"{ONE_OF_EACH}"
        )
        yield Caution("", f"{same} of {rows:,}", cure)


def of_column(facts: Facts, column: Column) -> Iterator[Caution]:
    """What is odd in a column by itself."""
    parts = (_of_emptiness, _of_unusable, _of_text)
    for sentence, cure in (said for part in parts for said in part(facts, column)):
        yield Caution(facts.name or NAMELESS, sentence, cure)


def _of_emptiness(facts: Facts, column: Column) -> Iterator[tuple[str, str]]:
    if facts.type == Type.NOTHING:
        yield "it is null in all rows", "leave it out, or find where it went"
    elif column.use not in (Use.TARGET, Use.KEY) and facts.distinct == 1 and facts.nulls == 0:
        yield f"it has one value in all {facts.rows:,} rows", "leave it out"
    elif facts.nulls > MOSTLY_NULL * facts.rows and column.use in MAY_BE_NULL:
        share = f"it is null in {facts.nulls / facts.rows:.1%} of the rows"
        yield share, "ask whether it will be filled when it is needed"


def _of_unusable(facts: Facts, column: Column) -> Iterator[tuple[str, str]]:
    left_out = column.use == Use.LEFT_OUT
    until = "the column is left out until then" if left_out else "such rows are set aside"
    if facts.odd:
        row, value = facts.odd_values[0]
        odd = f"{facts.odd:,} of its values are no {facts.type}, such as {value!r} in row {row:,}"
        yield odd, f"fix or empty them: {until}"
    if facts.infinite:
        cure = f"empty them, or find what divided by zero: {until}"
        yield f"{facts.infinite:,} of its values are infinite", cure
    if facts.not_numbers:
        cure = f"write null in its place, as `fill_nan(None)` does: {until}"
        yield f"{facts.not_numbers:,} of its values are NaN", cure


def _of_text(facts: Facts, column: Column) -> Iterator[tuple[str, str]]:
    written = facts.kind.dates
    if facts.problem and not is_id(facts.name) and not column.personal:
        yield facts.problem, _cure_of_text(facts.problem)
    elif facts.type == Type.TEXT and column.use == Use.LEFT_OUT and not facts.is_unique:
        each = f"{facts.present / max(facts.distinct, 1):.1f} rows of each"
        cure = "derive something of fewer values from it, such as its kind or region"
        if facts.distinct > NEARLY * facts.present:
            cure = f"--key {shlex.quote(facts.name)} if it tells the rows apart, but for copies"
        yield f"it is text with {facts.distinct:,} different values, {each}", cure
    if written and written.also:
        both = f"it is read as {written.strptime}, and all its values could be {written.also}"
        yield both, "write dates as 2027-01-31"
    elif written and written.form:
        cure = "leave it so: it is read as that. Best is 2027-01-31"
        yield f"it is a {facts.type} that is written as {written.form}", cure
    if spellings := facts.spellings:
        several = "; ".join(map(_few, spellings[:3]))
        many = f"{len(spellings)} of its" if len(spellings) > 3 else "some"
        cure = 'see "Spell categories in one way" in docs/how-to.md'
        yield f"{many} values are spelled in several ways, such as {several}", cure
    if column.use != Use.TARGET and (words := [v for v in facts.counts if v in UNKNOWN]):
        rows = sum(facts.counts[word] for word in words)
        said = f"{' and '.join(map(repr, words))} may stand for no value, in {rows:,} rows"
        yield said, "add them to `nulls` in conf/data/full.yaml, so that they are null"


def _few(words: Sequence[object]) -> str:
    more = f" and {len(words) - SPELLINGS} more" if len(words) > SPELLINGS else ""
    return ", ".join(map(repr, words[:SPELLINGS])) + more


def _cure_of_text(problem: str) -> str:
    if "zeros" in problem:
        return "leave it so if that is meant"
    if "written with" in problem:
        return 'see "Read text as numbers" in docs/how-to.md'
    return PLAIN


def of_target(facts: Facts, task: str) -> Iterator[Caution]:
    """Classes with few rows, and rows without a label."""
    few = {value: n for value, n in facts.counts.items() if n < FEW_OF_A_CLASS}
    if task != "a number" and few:
        counts = ", ".join(f"{value!r} has {n}" for value, n in list(few.items())[:5])
        yield Caution(
            facts.name,
            f"few rows of a class: {counts} of {facts.present:,}",
            "get more of them: their scores will be uncertain",
        )
    if facts.nulls:
        yield Caution(
            facts.name,
            f"{facts.nulls:,} of {facts.rows:,} rows have no value of what is predicted",
            "leave it so if they are not known yet: they are not learned from",
        )


def of_roles(counted: Counted, answer: Answered, zone: str | None) -> Iterator[Caution]:
    """What is uncertain in the key and the time."""
    for facts in nearly_keys(counted, [answer.target]):
        times, _, at = repeated(counted, facts)
        where = f"values of it are in several rows: {times:,}, the first in {at[0]:,} and {at[1]:,}"
        by = f"if it says whose a row is, name it: --group {shlex.quote(facts.name)}"
        if facts.name not in answer.key:
            cure = f"{by}; if it is the key, {ONE_OF_EACH}"
            yield Caution(facts.name, f"it looks like a key, and {where}", cure)
        elif aside := differing(counted, facts.name):
            yield Caution(
                facts.name,
                f"it is the key, and {where}. Of copies one is kept, and {aside:,} rows that "
                "differ in other columns are set aside",
                f"{by}; to keep one of each, {ONE_OF_EACH}",
            )
        else:
            yield Caution(
                facts.name,
                f"it is the key, and {where}. They are copies, of which one is kept",
                "leave it so",
            )
    if not answer.time:
        return
    time = counted.facts[answer.time]
    if time.type == Type.MOMENT and time.kind.zone is None and zone is None:
        yield Caution(time.name, "it names no zone, and is taken as UTC", "say its zone")
    if time.type == Type.DATE:
        midnight = f"it is a date, taken as midnight in {zone or 'UTC'}"
        yield Caution(time.name, midnight, "leave it so, or say the zone")
    if time.nulls:
        sentence = f"{time.nulls:,} of {time.rows:,} rows have no time"
        yield Caution(time.name, sentence, "fill it: such rows are set aside")


def of_times(columns: Sequence[Column]) -> Iterator[Caution]:
    """A second time: a value may be known only from then on, or a prediction be needed earlier."""
    others = [c.name for c in columns if c.use == Use.FEATURE and c.type in DATED]
    for time in (column for column in columns if column.use == Use.TIME and others):
        yield Caution(
            time.name,
            f"it is taken for the moment of the prediction, and {others[0]} is another time",
            "leave it so if all is known by then; if a prediction is needed earlier, or a value is "
            'known only since another time, see "Predict some time ahead" in docs/how-to.md',
        )


def of_persons(columns: Sequence[Column]) -> Iterator[Caution]:
    """Columns that say who somebody is, and those that nobody should be judged by."""
    for column in columns:
        if column.personal:
            sentence = "it is personal: never a feature, never logged"
            yield Caution(column.name, sentence, "leave it out of the table if nobody needs it")
        if column.use == Use.SLICE:
            yield Caution(
                column.name,
                f"{column.reason}; the report has scores by it, and no feature uses it",
                "make it a feature only if that is lawful and fair",
            )


def of_leaks(leaking: Mapping[str, str]) -> Iterator[Caution]:
    """Columns that give the answer away."""
    for name, reason in leaking.items():
        option = f"--ahead {shlex.quote(name)}"
        cure = f"{option} if it is known when you predict"
        yield Caution(name or NAMELESS, reason, cure)
