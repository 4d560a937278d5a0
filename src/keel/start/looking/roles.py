"""Which columns tell rows apart, say when, and say whose a row is."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import polars as pl

from keel.project.errors import UserError
from keel.start.identifiers import identifier
from keel.start.looking.facts import TOLERATED, Counted, Facts
from keel.start.looking.kinds import DATED
from keel.start.plan import Type
from keel.start.words import NAMES, parts, says

ID_LIKE = r"^[A-Za-z]{0,5}[-_#]?\d+$|^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"
NEARLY = 0.9  # of the rows with a value of their own: a key with duplicates
ALL_COMBINATIONS = 2  # for each row at most
GROUPS = 10  # different ones at least
DISCRETE = (Type.WHOLE, Type.TEXT, Type.CATEGORY)


def is_id(name: str) -> bool:
    """Whether the name says that the column is an id: customer_id, PassengerId, patient_no."""
    words = parts(name)
    if not words:
        return False
    of_entity = (f"{words[-1]} ".partition(f"{end} ") for end in ("id", *NAMES["numbered"]))
    glued = any(end and whose in NAMES["entity"] for whose, end, _ in of_entity)
    numbered = words[-1] in NAMES["numbered"] and not NAMES["entity"].isdisjoint(words[:-1])
    return glued or numbered or words[-1] in NAMES["id"] or words[0] in {"id", "uuid", "guid"}


def typed(name: str) -> str:
    """A column's name as a person types it: without marks, quotes and blanks around it."""
    return " ".join(name.strip("\ufeff\"' \r\n\t").split())


def named(counted: Counted, argument: str, name: str) -> Facts:
    """The column that was named. Raises UserError if the table has none of that name."""
    names = list(counted.facts)
    for form in (str, typed, lambda text: typed(text).casefold(), identifier):
        same = [other for other in names if form(other) == form(name)]
        if len(same) == 1:
            return counted.facts[same[0]]
    near = same or difflib.get_close_matches(name, names, 1)
    has = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    raise UserError(
        f"{argument}: {counted.table.place} has no column {name!r}: "
        + (f"did you mean {near[0]}?" if near else f"it has {has}")
    )


def keys(counted: Counted, taken: Sequence[str], personal: Mapping[str, str]) -> list[str]:
    """Columns with a value of its own in each row that are made for it, the likeliest first.

    An id is one too if what few rows have the same are copies, nearly all.
    """
    ranks = {
        name: _key_rank(facts, counted.sample[name])
        for name, facts in counted.facts.items()
        if name not in taken
        and name not in personal
        and facts.type in (Type.WHOLE, Type.TEXT)
        and (facts.is_unique or (_is_nearly_key(facts) and is_tolerable(counted, name)))
    }
    return sorted((name for name in ranks if ranks[name]), key=lambda name: -ranks[name])


def _key_rank(facts: Facts, values: pl.Series) -> float:
    if is_id(facts.name):
        return 4 if len(parts(facts.name)) == 1 else 3.9
    if facts.type == Type.WHOLE:
        counts = facts.low in (0, 1) and facts.high - facts.low + 1 == facts.rows
        return 3 if counts else 0
    if values.dtype != pl.String or (values.str.len_chars() > 64).any():
        return 0
    return 2 if values.str.contains(ID_LIKE).all() else 1


def nearly_keys(counted: Counted, taken: Sequence[str]) -> list[Facts]:
    """Columns that are called an id and have a few values more than once."""
    return [
        facts
        for name, facts in counted.facts.items()
        if name not in taken and facts.type in DISCRETE and _is_nearly_key(facts)
    ]


def _is_nearly_key(facts: Facts) -> bool:
    return is_id(facts.name) and NEARLY * facts.rows <= facts.distinct < facts.rows


def is_tolerable(counted: Counted, name: str) -> bool:
    """Whether a column can be the key: so few rows would be set aside that the run goes on."""
    return not counted.facts[name].nulls and (
        differing(counted, name) <= TOLERATED * counted.table.rows
    )


def differing(counted: Counted, name: str) -> int:
    """How many rows have an id that other rows have too, which are no copies of them."""
    twice = counted.table.frame.filter(pl.col(name).is_duplicated()).collect()
    nested = [column for column in twice.columns if twice.schema[column].is_nested()]
    return int(twice.drop(nested).unique().select(pl.col(name).is_duplicated().sum()).item())


def repeated(counted: Counted, facts: Facts) -> tuple[int, object, list[int]]:
    """How many values a column has more than once, the first of them, and two of its rows."""
    rows = counted.table.frame.select(pl.col(facts.name)).with_row_index("\0row", 1)
    twice = rows.drop_nulls().filter(pl.col("\0row").count().over(facts.name) > 1).collect()
    if not len(twice):
        return 0, None, []
    value = twice[facts.name][0]
    at = twice.filter(pl.col(facts.name) == value)["\0row"].head(2).to_list()
    return twice[facts.name].n_unique(), value, at


def check_key(counted: Counted, names: Sequence[str]) -> None:
    """Raise UserError if the rows of a key that was named can't be told apart by it."""
    facts = [named(counted, "key", name) for name in names]
    for each in facts:
        if each.nulls:
            raise UserError(
                f"fill the key {each.name}, or name another: it is null in {each.nulls:,} of "
                f"{each.rows:,} rows"
            )
    if len(facts) == 1:
        times, value, at = repeated(counted, facts[0])
        if times and not is_tolerable(counted, facts[0].name):
            raise UserError(
                f"delete the duplicates in {facts[0].name}, or name another key: values that are "
                f"there more than once: {times:,}, such as {value!r} in the rows {at[0]:,} and "
                f"{at[1]:,}. If it says whose a row is, name it as the group; to keep one of "
                'each, see "Keep one of several rows" in docs/how-to.md'
            )
    elif not together_unique(counted, names):
        raise UserError(f"add a column to the key {', '.join(names)}: rows have the same values")


def together_unique(counted: Counted, names: Sequence[str]) -> bool:
    """Whether no two rows have the same values in these columns."""
    columns = counted.table.frame.select(names)
    if any(counted.facts[name].nulls for name in names):
        return False
    different = columns.select(pl.struct(names).n_unique()).collect(engine="streaming").item()
    return int(different) == counted.table.rows


def together(counted: Counted, target: str, time: str, group: str) -> tuple[str, ...]:
    """Columns that tell rows apart together: the time, or a time or a place of each of a group.

    Nothing where chance may do that: there have to be about as many rows as combinations.
    """
    if time and together_unique(counted, [time]):
        return (time,)
    discrete = [
        name
        for name, facts in counted.facts.items()
        if name != target
        and facts.type in (*DISCRETE, Type.DATE, Type.MOMENT)
        and 1 < facts.distinct < NEARLY * facts.rows
        and name not in counted.personal
    ]
    first = [name for name in (group, time) if name]
    pairs = [(first[0], first[1])] if len(first) == 2 else []
    pairs += [(one, other) for one in first for other in discrete if other not in first]
    for pair in pairs:
        combinations = counted.facts[pair[0]].distinct * counted.facts[pair[1]].distinct
        by_design = len(first) == 2 or combinations <= ALL_COMBINATIONS * counted.table.rows
        if by_design and together_unique(counted, pair):
            return pair
    return ()


def times(counted: Counted, taken: Sequence[str], personal: Mapping[str, str]) -> list[str]:
    """Columns that could be the moment of the prediction, the likeliest first."""
    candidates = [
        facts
        for name, facts in counted.facts.items()
        if facts.type in DATED
        and name not in taken
        and name not in personal
        and facts.distinct > 1
        and not says(name, NAMES["later"])
        and facts.nulls + facts.odd < 0.05 * facts.rows
    ]
    return [facts.name for facts in sorted(candidates, key=lambda each: each.nulls + each.odd)]


def check_time(counted: Counted, name: str) -> None:
    """Raise UserError if the column that was named is no time."""
    facts = named(counted, "time", name)
    written = facts.problem
    if "dates in" in written:
        raise UserError(f"write the dates of the time {name} in one form: {written}")
    if facts.type not in DATED:
        values = counted.sample[name].drop_nulls().head(3).to_list()
        raise UserError(
            f"name a date as the time, or none: {name} is {facts.type}, such as "
            f"{', '.join(map(repr, values)) or 'null'}. Dates are best written as 2027-01-31"
        )
    if facts.odd:
        row, value = facts.odd_values[0]
        raise UserError(
            f"fix {facts.odd:,} values of the time {name}: row {row:,} has {value!r}, which is no "
            f"{facts.type}"
        )


def groups(counted: Counted, taken: Sequence[str]) -> list[str]:
    """Columns that say whose a row is, of whom there are several rows, the likeliest first."""
    candidates = {
        name: (is_id(name), facts.distinct)
        for name, facts in counted.facts.items()
        if name not in taken
        and facts.type in DISCRETE
        and (is_id(name) or "".join(parts(name)) in NAMES["entity"])
        and GROUPS <= facts.distinct <= facts.present / 1.5
    }
    return sorted(candidates, key=lambda name: candidates[name], reverse=True)
