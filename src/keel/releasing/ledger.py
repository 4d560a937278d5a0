"""What a sandbox may use and what it has used: rows, minutes, and what these cost."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from keel.project.errors import UserError
from keel.serving.settings import Sandbox

Line = dict[str, Any]


def seconds(limits: Sandbox, spent: float) -> float:
    """How long the next run may take. Raises UserError if the budget is used up."""
    if not limits.price_per_hour:
        return limits.minutes * 60
    affordable = (limits.cost - spent) / limits.price_per_hour * 3600
    if affordable < 1:
        raise UserError(
            f"the budget of this sandbox is used up: {spent:.2f} of sandbox.cost = "
            f"{limits.cost:.2f}. Agree on more in conf/service.yaml"
        )
    return min(limits.minutes * 60, affordable)


def price(limits: Sandbox, seconds: float) -> float:
    """What a run of so many seconds costs."""
    return limits.price_per_hour * seconds / 3600


def rows(limits: Sandbox, tables: Iterable[str], asked: Mapping[str, int]) -> dict[str, int]:
    """How many rows of each table to ask `ingest` for, so that it takes no more than the limit.

    It takes every n-th row, so about as many as it is asked for, and less than twice as many.
    Raises UserError if more were asked for than the limit.
    """
    for table, count in asked.items():
        if count > limits.rows:
            raise UserError(
                f"data.rows.{table} = {count} is more than a sandbox may have: "
                f"sandbox.rows = {limits.rows} in conf/service.yaml"
            )
    most = max(1, limits.rows // 2)
    return {table: min(asked.get(table, most), most) for table in tables}


def runs(ledger: Path) -> list[Line]:
    """The runs of a sandbox, as its ledger has them."""
    text = ledger.read_text("utf-8") if ledger.is_file() else ""
    return [json.loads(line) for line in text.splitlines()]


def spent(ledger: Path) -> float:
    """What all runs cost."""
    return float(sum(run["cost"] for run in runs(ledger)))


def add(ledger: Path, run: Line) -> None:
    """Write down a run, whole or not at all."""
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(run, ensure_ascii=False) + "\n")
