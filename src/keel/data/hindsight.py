"""Whether the examples hold what nobody knew when they had to be predicted.

The tables are cut at a moment, as a service would have had them then. Each example that was decided
up to that moment has to be the same as from all data, however it was joined or summed up.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from keel.project.columns import (
    Known,
    is_personal,
    is_time,
    known_ahead,
    known_from,
    moment_of,
    when_known,
)
from keel.project.description import Project, Tables
from keel.project.errors import UserError

ROUNDING = 1e-9  # of the greatest number: a sum of other rows is taken in another order
UTC_TIME = pl.Datetime("us", "UTC")
FIRST = datetime(1, 1, 1, tzinfo=UTC)
AT, END = "keel: at", "keel: end"  # as no column of a table is called
A_COLUMN = 3  # nulls and gaps to look at
INSTANT = timedelta(microseconds=1)


def guard_against_hindsight(
    project: Project, tables: Tables, now: pl.DataFrame, moments: Sequence[datetime | None]
) -> None:
    """Raise UserError if an example up to one of the moments uses what was known only later.

    `now` is what the project builds of all the tables. At the moment None nothing is known of what
    is known afterwards: that is all that can be asked without a time.
    """
    for moment in moments:
        here = _up_to(project, now.lazy(), moment)
        changed = _changed(project, as_of(project, tables, moment), here, moment)
        if changed:
            raise UserError(_sentence(project, tables, here, moment, changed))


def as_of(
    project: Project, tables: Tables, moment: datetime | None, *, at_once: bool = False
) -> Mapping[str, pl.LazyFrame]:
    """The tables as they were known at a moment.

    A row that was measured later is not there yet. What is known afterwards is null until `after`
    has passed since the row's time, or the time in `by` has come. A column that says neither is
    known at no moment; or `at_once`, from the row's time on. A table without a time is a register.
    """
    return {
        name: _as_of(project, name, table, moment, at_once=at_once)
        for name, table in tables.items()
    }


def telling_moments(
    project: Project, tables: Tables, now: pl.DataFrame, count: int
) -> list[datetime | None]:
    """About so many moments to look at: the ends, evenly spread ones, those after nulls and gaps.

    A value that is taken from later may show only where the one before is missing.
    """
    if project.time is None:
        return [None]
    times = now.select(at=project.moment).to_series().drop_nulls().unique().sort()
    begins, found = [], []
    for name, table in tables.items():
        measured, ends = _breaks(project, name, table)
        begins += measured
        found += ends
    if times.is_empty():
        return []
    start = max(begins, default=times[0])
    times = times.filter(times >= min(start, times[-1]))  # `build` may need a row
    breaks = sorted({at for at in found if times[0] <= at <= times[-1]})
    some = min(count // 2 - 1, len(breaks))
    spread = _spread(times, count - some - 2)
    return [*sorted({times[0], *spread, *_spread(breaks, some), times[-1]})]


def differences(one: pl.DataFrame, other: pl.DataFrame) -> dict[str, pl.Series]:
    """Where two tables of equal columns and rows differ by more than rounding, by column."""
    found = {}
    for name in one.columns:
        if not one[name].equals(other[name], null_equal=True):
            differs = one[name].ne_missing(other[name])
            if one[name].dtype.is_float() and other[name].dtype.is_float():
                finite = other[name].filter(other[name].is_finite()).to_numpy()
                near = ROUNDING * float(np.abs(finite).max(initial=0))
                close = one[name].is_close(other[name], abs_tol=near, nans_equal=True)
                differs &= ~close.fill_null(value=False)
            if differs.any():
                found[name] = differs
    return found


def _up_to(project: Project, examples: pl.LazyFrame, moment: datetime | None) -> pl.DataFrame:
    schema = project.examples.columns()
    columns = [name for name, column in schema.items() if known_ahead(column)]
    known = examples if moment is None else examples.filter(project.moment <= moment)
    return known.select(columns).collect()


def _changed(
    project: Project, tables: Tables, here: pl.DataFrame, moment: datetime | None
) -> dict[str, str]:
    """What is otherwise in each column of the examples of these tables; "" is their number."""
    then = _up_to(project, project.build(tables), moment)
    if len(then) != len(here):
        return {"": f"{len(then)} examples, and from all data {len(here)}"}
    key = project.key
    if differences(then, here):  # they may only have come in another order
        then, here = then.sort(key), here.sort(key)
    personal = {name for name, said in project.examples.columns().items() if is_personal(said)}
    changed = {}
    for name, differs in differences(then, here).items():
        row = here.filter(differs).row(0, named=True)
        shown = dict.fromkeys([*project.examples.primary_key(), name])
        example = ", ".join(f"{c} = {row[c]}" for c in shown if c not in personal)
        changed[name] = f"{differs.sum()} of {len(here)} rows of {name}, such as {example}"
    return changed


def _as_of(
    project: Project, name: str, table: pl.LazyFrame, moment: datetime | None, *, at_once: bool
) -> pl.LazyFrame:
    columns, time = project.tables[name].columns(), project.time_of(name)
    at = moment_of(time, columns[time], project.zone) if time else None
    happens = time is not None and when_known(columns[time]) != Known.AHEAD
    if at is not None and happens and moment:
        table = table.filter(at <= moment)
    known, now = {}, pl.lit(moment, UTC_TIME)
    for column, said in columns.items():
        start = known_from(said)
        if when_known(said) == Known.AFTERWARDS and not (happens and column == time):
            if isinstance(start, str):
                since = moment_of(start, columns[start], project.zone)
            elif at is not None and (start or at_once):
                since = at + (start or INSTANT)
            else:
                since = pl.lit(FIRST if at_once else None, UTC_TIME)
            known[column] = since <= now
        elif when_known(said) == Known.MEASURED and at is not None and not happens and moment:
            known[column] = at <= now
    nulls = [pl.when(when).then(column).alias(column) for column, when in known.items()]
    return table.with_columns(nulls) if nulls else table


def _breaks(
    project: Project, name: str, table: pl.LazyFrame
) -> tuple[list[datetime], list[datetime]]:
    """When a table of measurements begins; and where nulls and gaps end, a few of each column."""
    columns, time = project.tables[name].columns(), project.time_of(name)
    if time is None:
        return [], []
    happens = when_known(columns[time]) != Known.AHEAD
    later = [c for c, said in columns.items() if c != time and when_known(said) != Known.AHEAD]
    series = [column for column in project.tables[name].primary_key() if column != time]
    at = moment_of(time, columns[time], project.zone).alias(AT)
    rows = table.select(*{*later, *series} if happens else later, at).drop_nulls(AT).collect()
    times = rows[AT].unique().sort()
    after = pl.col(AT).shift(-1)
    ends: list[datetime] = []
    for column in later:
        if happens:  # the longest times without a value: most examples lie in these
            known = rows.filter(pl.col(column).is_not_null()).sort(AT)
            gaps = known.select(AT, (after.over(series) if series else after).alias(END))
            longest = gaps.top_k(A_COLUMN, by=pl.col(END) - pl.col(AT))
            ends += longest[END].drop_nulls().to_list()
        else:
            nulls = rows.filter(pl.col(column).is_null())[AT].unique()
            place = times.search_sorted(nulls, "right")
            ends += _spread(times.gather(place.filter(place < len(times))), A_COLUMN)
    return times[:1].to_list() * happens, [end - INSTANT if happens else end for end in ends]


def _spread(moments: Sequence[datetime] | pl.Series, count: int) -> list[datetime]:
    """So many of them, or all, evenly spread."""
    count = min(count, len(moments))
    return [moments[(2 * n + 1) * len(moments) // (2 * count)] for n in range(count)]


def _sentence(
    project: Project,
    tables: Tables,
    here: pl.DataFrame,
    moment: datetime | None,
    changed: Mapping[str, str],
) -> str:
    """What changes and where, by which tables, and the cure."""
    name, how = next(iter(changed.items()))
    cut = as_of(project, tables, moment)
    by = [t for t in tables if _changed(project, {**tables, t: cut[t]}, here, moment)] or [*tables]
    at_once = as_of(project, tables, moment, at_once=True)
    unsaid = _unsaid(project, by) if not _changed(project, at_once, here, moment) else ""
    when = f" up to {moment}" if moment else ""
    if not name:
        return (
            f"examples.py: of those{when} there were {how}: `build` picks rows by what was known "
            f"only later in {', '.join(by)}: {unsaid or 'keep them, with a label that is null'}"
        )
    cure = "join only what was measured by the decision, and leave out what is known afterwards"
    return (
        f"examples.py: {', '.join(changed)} of examples{when} changes with what was known only "
        f"later in {', '.join(by)} ({how}): {unsaid or cure + _zones(project, by)}"
    )


def _unsaid(project: Project, tables: Sequence[str]) -> str:
    """What the tables have to say, if what is known afterwards was known by the decision."""
    columns = [
        f"{table}.{name}"
        for table in tables
        for name, said in project.tables[table].columns().items()
        if when_known(said) == Known.AFTERWARDS and not known_from(said)
    ]
    if not columns:
        return ""
    return (
        f"if it was known by then, say in tables.py after how long {', '.join(columns)} is known: "
        "afterwards(after=timedelta(hours=6)), or by= the column that says when"
    )


def _zones(project: Project, tables: Sequence[str]) -> str:
    """Where times have no zone, that may be the cause."""
    naive = [
        f"{table}.{time}"
        for table in tables
        if (time := project.time_of(table)) and not is_time(project.tables[table].columns()[time])
    ]
    return (
        f". {', '.join(naive)} has no zone and is taken for one of {project.zone}: if it is not, "
        "give it its zone in tables.py"
        if naive
        else ""
    )
