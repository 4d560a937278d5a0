"""Checks of what a project says of itself: nothing is run."""

from collections.abc import Callable

from keel.project.columns import is_personal, when_known
from keel.project.description import Project
from keel.testing.failing import require


def each_column_says_when_it_is_known_and_whether_it_is_personal(project: Project) -> None:
    """What the guards against leakage and against logging of personal data go by."""
    silent = [
        f"{schema.__name__}.{name}"
        for schema in (*project.tables.values(), project.examples)
        for name, column in schema.columns().items()
        if when_known(column) is None or not isinstance((column.metadata or {})["personal"], bool)
    ]
    require(
        not silent,
        f"{', '.join(silent)}: give each metadata=ahead(), measured() or afterwards(), with "
        "personal=True where it is about a person",
    )


def no_feature_reads_the_future(project: Project) -> None:
    """Nor a column that does not say when it is known."""
    project.check_features()  # says which, and what


def no_feature_reads_personal_data(project: Project) -> None:
    """It would be in the model, and in what explains a prediction."""
    columns = project.examples.columns()
    personal = [name for name in project.features.columns_read() if is_personal(columns[name])]
    require(not personal, f"features.py reads {', '.join(personal)}, which is personal")


CHECKS: tuple[Callable[[Project], None], ...] = (
    each_column_says_when_it_is_known_and_whether_it_is_personal,
    no_feature_reads_the_future,
    no_feature_reads_personal_data,
)
