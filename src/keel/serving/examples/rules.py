"""What a schema asks of rows beyond the types and ranges of their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from keel.data.reasons import of_column, of_row

UNKNOWN_TO_PYDANTIC = ("check", "resolution", "unique")  # what rules of columns begin with


@dataclass(frozen=True)
class Rule:
    """What a schema asks for beyond the types and ranges of values."""

    column: str  # "" for a rule of whole rows
    name: str
    holds: pl.Expr
    words: str = ""  # what is wrong with what breaks it
    among_rows: bool = False  # it can't be broken by a row alone


def rules(schema: type[dy.Schema], columns: Mapping[str, dy.Column]) -> list[Rule]:
    """What a schema asks of these columns that `annotation` can't say."""
    # dataframely says in no public place which rules a schema has of its own.
    own = schema._schema_validation_rules()  # noqa: SLF001
    key = schema.primary_key()
    return [
        *(Rule("", name, rule.expr, of_row(name, schema)) for name, rule in own.items()),
        *([Rule("", "primary_key", pl.struct(key).is_unique(), among_rows=True)] if key else []),
        *(
            Rule(column, name, holds, of_column(name, described), among_rows=name == "unique")
            for column, described in columns.items()
            for name, holds in described.validation_rules(pl.col(column)).items()
            if name.startswith(UNKNOWN_TO_PYDANTIC)
        ),
    ]


def broken_rules(frame: pl.DataFrame, rules: Sequence[Rule]) -> dict[int, list[Rule]]:
    """The rules that rows break, by the number of the row; nothing for those that are good.

    A rule that null has no answer to holds, as in dataframely.
    """
    if len(frame) == 1:
        rules = [rule for rule in rules if not rule.among_rows]
    if not rules:
        return {}
    holds = frame.select(
        rule.holds.fill_null(value=True).alias(str(n)) for n, rule in enumerate(rules)
    )
    return {
        int(row): [rule for rule, held in zip(rules, holds.row(int(row)), strict=True) if not held]
        for row in holds.select(~pl.all_horizontal(pl.all())).to_series().arg_true()
    }
