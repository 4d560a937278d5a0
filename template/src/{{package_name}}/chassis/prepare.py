# Keel keeps this file up to date.
"""Make the examples from the checked tables."""

import dataframely as dy

from ..examples import LABEL, TIME, Examples, build
from ..tables import TABLES
from .errors import UserError
from .hindsight import guard_against_hindsight
from .store import Store


def run(store: Store) -> dict[str, int]:
    """Store the examples; returns how many there are, and how many have a label.

    Raises UserError if they do not satisfy their schema, or hold what nobody knew by then.
    """
    tables = {table: store.read_table(store.checked(table)) for table in TABLES}
    try:
        examples = Examples.validate(build(tables).collect(), cast=True)
    except (dy.exc.ValidationError, dy.exc.SchemaError) as error:
        raise UserError(f"examples.py: what `build` made breaks `Examples`: {error}") from error
    moments = examples[TIME].drop_nulls()
    if len(moments):
        guard_against_hindsight(build, tables, moments[len(moments) // 2])
    store.write_table(store.examples, examples)
    return {"examples": len(examples), "labelled": len(examples) - examples[LABEL].null_count()}
