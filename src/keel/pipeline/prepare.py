"""Make the examples from the checked tables."""

import dataframely as dy
import polars as pl

from keel.data.hindsight import guard_against_hindsight, telling_moments
from keel.data.store import Store
from keel.project.blame import blamed, defined
from keel.project.description import Project
from keel.project.errors import UserError, reason

MOMENTS = 4  # at which hindsight is looked for: each costs as much as the examples


def run(store: Store, project: Project) -> dict[str, object]:
    """Store the examples; returns how many there are, and how many have a label.

    Raises UserError if they do not satisfy their schema, or hold what nobody knew by then.
    """
    tables = {table: store.read_table(store.checked(table)) for table in project.tables}
    try:
        built = project.build(tables).collect()
        examples = project.examples.validate(built, cast=True)
        moments = telling_moments(project, tables, built, MOMENTS)
        guard_against_hindsight(project, tables, built, moments)
    except (dy.exc.ValidationError, dy.exc.SchemaError) as error:
        name = project.examples.__name__
        raise UserError(f"examples.py: what `build` made breaks `{name}`: {error}") from error
    except pl.exceptions.PolarsError as error:
        if blamed(error, store.repository):
            raise
        raise UserError(
            f"{defined(project.build)}: what `build` made can't be worked out: {reason(error)}"
        ) from error
    label = project.task.labels(examples[project.label].drop_nulls())
    if problem := project.task.problem(label):
        raise UserError(
            f"examples.py: {project.label} is {examples.schema[project.label]}, and {problem}: "
            f"see how `build` makes it"
        )
    store.write_table(store.examples, examples)
    unlabelled = examples[project.label].null_count()
    facts: dict[str, object] = {
        "examples": len(examples),
        "labelled": len(examples) - unlabelled,
    }
    if project.time and examples.schema[project.time] == pl.Date:
        facts[project.time] = f"each day from midnight in {project.zone}"
    return facts
