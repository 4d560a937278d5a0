# ruff: noqa: INP001 -- a script: `python docs/pages.py`
"""Writes the pages that the site is built from into `build/docs`, from those in this folder.

A page says where a table goes that is made from the code by a line as `MADE` is, for who reads it
in a clone.
Words of the glossary are explained where the pointer rests on them. `llms.txt` lists the pages for
machines. So whatever builds the site needs to know none of this.
"""

import re
import shutil
from pathlib import Path

import yaml
from reference import files, library, questions, settings, verbs

DOCS = Path(__file__).parent
REPOSITORY = DOCS.parent
PAGES = REPOSITORY / "build/docs"

MADE = "*Here the site has what the code says of {}: `uvx nox -s docs` builds it.*"
TABLES = {
    MADE.format(what): make
    for what, make in {
        "files": files.tables,
        "`keel`": lambda: library.sections("keel"),
        "`keel.testing`": lambda: library.sections("keel.testing"),
        "questions": questions.sections,
        "settings": settings.tables,
        "verbs": verbs.tables,
    }.items()
}
LINK = re.compile(r"\[([^]]+)]\([^)]*\)")


def write(folder: Path) -> None:
    """Write all pages, with their tables and words, and `llms.txt`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    words = abbreviations(DOCS.joinpath("reference/glossary.md").read_text("utf-8"))
    for page in folder.rglob("*.md"):
        text = filled(page.read_text("utf-8"))
        page.write_text(text if page.stem == "glossary" else f"{text}\n{words}", "utf-8")
    (folder / "llms.txt").write_text(llms(), "utf-8")


def filled(markdown: str) -> str:
    """A page with the tables that it asks for."""
    for marker, make in TABLES.items():
        if marker in markdown:
            markdown = markdown.replace(marker, make())
    return markdown


def glossary(page: str) -> dict[str, str]:
    """The words of the glossary, each with its meaning as plain text."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", page, re.MULTILINE)
    return {word: LINK.sub(r"\1", meaning).replace("`", "") for word, meaning in rows}


def abbreviations(page: str) -> str:
    """The glossary as Markdown's abbreviations, which explain a word wherever it stands."""
    return "".join(f"*[{word}]: {meaning}\n" for word, meaning in glossary(page).items())


def llms() -> str:
    """An overview of the pages for language models, as https://llmstxt.org describes it."""
    site = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text("utf-8"))
    lines = [f"# {site['site_name']}", "", f"> {site['site_description']}"]
    for title, entry in (pair for part in site["nav"] for pair in part.items()):
        pages = (f"- [{name}]({page}): {about(page)}" for name, page in leaves(title, entry))
        lines += ["", f"## {title}", "", *pages]
    return "\n".join([*lines, ""])


def leaves(title: str, entry: object) -> list[tuple[str, str]]:
    """The pages below an entry of the navigation, each with its title."""
    if isinstance(entry, list):
        return [page for part in entry for pair in part.items() for page in leaves(*pair)]
    return [(title, str(entry))]


def about(page: str) -> str:
    """The first sentence of a page, below its title."""
    _, _, text = (DOCS / page).read_text("utf-8").partition("\n\n")
    return LINK.sub(r"\1", text.partition("\n")[0])


if __name__ == "__main__":
    write(PAGES)
