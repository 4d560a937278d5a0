# ruff: noqa: INP001 -- MkDocs loads this file by its path
"""What MkDocs calls while it builds: tables of the reference are made from the code itself.

A page says where its table goes by a line such as `<!-- questions -->`.
"""

from typing import Any

from reference import files, library, questions, settings, verbs

TABLES = {
    "<!-- files -->": files.tables,
    "<!-- keel -->": lambda: library.sections("keel"),
    "<!-- keel.testing -->": lambda: library.sections("keel.testing"),
    "<!-- questions -->": questions.sections,
    "<!-- settings -->": settings.tables,
    "<!-- verbs -->": verbs.tables,
}


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables into the pages that ask for them."""
    for marker, make in TABLES.items():
        if marker in markdown:
            markdown = markdown.replace(marker, make())
    return markdown
