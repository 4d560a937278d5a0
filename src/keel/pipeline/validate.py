"""Set broken rows aside with their reasons, and say how good the data are."""

import sys
from collections.abc import Mapping
from typing import Any

import polars as pl

from keel.data.profile.look import Looked, compare, look
from keel.data.reasons import AGAIN, told, words
from keel.data.sources import Form
from keel.data.store import Store
from keel.data.validation import REASONS, WHY, check, measured
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Data


def run(store: Store, project: Project, *, data: Data) -> dict[str, int]:
    """Check each raw table against its schema; returns how many rows, and how many set aside.

    What the tables make one ask is warned of; it is looked for in all data only (no `data.rows`).
    Raises UserError if a table has more broken rows than the settings tolerate.
    """
    quality: dict[str, dict[str, Any]] = {}
    looked: dict[str, Looked] = {}
    for table, schema in project.tables.items():
        rows = store.read_table(store.raw(table)).collect()
        good, broken = check(rows, schema, Form.of(data))
        time = project.time_of(table)  # a join as of a time is quicker in its order
        ordered = good.sort(time, maintain_order=True) if time else good
        store.write_table(store.checked(table), ordered)
        why = told(broken[REASONS], schema).alias(WHY)
        store.write_table(store.quarantine(table), broken.with_columns(why))
        quality[table] = measured(rows, broken, schema)
        if not data.rows:
            looked[table] = look(project, table, good, broken, quality[table]["reasons"])
    for (table, other), misses in _without_match(store, project).items():
        quality[table]["without_match"][other] = misses
    for table, findings in compare(project, looked).items():
        quality[table]["findings"] = [vars(finding) for finding in findings]
        quality[table]["looked_at_in_time"] = looked[table].in_time
        for finding in findings:
            print(f"warning: {finding.sentence}", file=sys.stderr)
    for folder in (store.checked, store.quarantine):
        store.keep_only([folder(table) for table in project.tables])
    store.write_json(store.report("data-quality.json"), quality)
    for table, counts in quality.items():
        _tolerate(table, counts, project, data.tolerated, store)
    return {
        total: sum(counts[total] for counts in quality.values()) for total in ("rows", "set_aside")
    }


def _without_match(store: Store, project: Project) -> dict[tuple[str, str], int]:
    """The checked rows that refer to no row of another table."""
    checked = {table: store.read_table(store.checked(table)) for table in project.tables}
    return {
        (table, other): checked[table]
        .join(checked[other], on=columns, how="anti")
        .select(pl.len())
        .collect()
        .item()
        for (table, other), columns in project.references.items()
    }


def _tolerate(
    table: str, counts: Mapping[str, Any], project: Project, tolerated: float, store: Store
) -> None:
    broken = counts["set_aside"] - counts["reasons"].get(AGAIN, 0)  # of copies one is kept
    share = broken / max(counts["rows"], 1)
    if share > tolerated:
        worst = sorted(counts["reasons"].items(), key=lambda item: -item[1])[:3]
        schema = project.tables[table]
        raise UserError(
            f"fix the source of {table}, or change {schema.__name__} in tables.py:\n"
            f"  {broken:,} of {counts['rows']:,} rows ({share:.2%}) break it, and "
            f"data.tolerated is {tolerated:.2%}:\n"
            + "".join(f"  {count:,} × {words(reason, schema)}\n" for reason, count in worst)
            + f"They are in {store.name(store.quarantine(table))}"
        )
