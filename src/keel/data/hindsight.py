"""Whether the examples hold what nobody knew when they had to be predicted.

The tables are cut at a moment, as a service would have had them then. Each example that was decided
up to that moment has to be the same as from all data, however it was joined or summed up.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from keel.project.columns import Known, is_time, known_ahead, moment_of, when_known
from keel.project.description import Project, Tables
from keel.project.errors import UserError


def guard_against_hindsight(project: Project, tables: Tables, moment: datetime) -> None:
    """Raise UserError if an example up to `moment` uses what was known only later."""
    schema = project.examples.columns()
    columns = [name for name, column in schema.items() if known_ahead(column)]
    then, now = (
        project.build(frames).filter(project.moment <= moment).select(columns).collect()
        for frames in (as_of(project, tables, moment), tables)
    )
    if len(then) != len(now):
        raise UserError(
            f"examples.py: at {moment} there were {len(then)} examples up to then, and from all "
            f"data there are {len(now)}: `build` picks rows by what was known only later"
        )
    changed = [name for name in columns if not then[name].equals(now[name], null_equal=True)]
    if changed:
        rows = (then[changed[0]].eq_missing(now[changed[0]])).not_().sum()
        raise UserError(
            f"examples.py: {', '.join(changed)} of examples up to {moment} changes with what was "
            f"known only later ({rows} of {len(now)} rows of {changed[0]}): join only what was "
            "measured by the decision, and leave out what is known afterwards"
        )


def as_of(project: Project, tables: Tables, moment: datetime) -> Mapping[str, pl.LazyFrame]:
    """The tables as they were known at a moment.

    A row that was measured later is not there yet, and what is known afterwards is null in rows
    from that moment on. A table without a time is a register.
    """
    return {name: _as_of(project, name, table, moment) for name, table in tables.items()}


def time_of(project: Project, table: str) -> str | None:
    """The column with the time of a table's rows.

    The first time in its primary key, else the column that the examples have as their time, else
    the first time that is measured; None where it has none.
    """
    columns, key = project.tables[table].columns(), project.tables[table].primary_key()
    own = [project.time] if project.time in columns else []
    measured = [name for name, column in columns.items() if when_known(column) == Known.MEASURED]
    return next((name for name in [*key, *own, *measured] if name and is_time(columns[name])), None)


def _as_of(project: Project, name: str, table: pl.LazyFrame, moment: datetime) -> pl.LazyFrame:
    columns, time = project.tables[name].columns(), time_of(project, name)
    if time is None:
        return table
    at = moment_of(time, columns[time], project.zone)
    if when_known(columns[time]) == Known.MEASURED:
        return table.filter(at <= moment)
    later = [name for name, column in columns.items() if when_known(column) == Known.AFTERWARDS]
    return table.with_columns(pl.when(at < moment).then(name).alias(name) for name in later)
