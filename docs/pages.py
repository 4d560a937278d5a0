# ruff: noqa: INP001 -- a script: `python docs/pages.py`
"""Writes the pages that the site is built from into `build/docs`, from those in this folder.

Between `<!-- made: NAME -->` and `<!-- /made -->` a page says where a reader of a clone finds what
the site shows there, a table that is made from the code.
Words of the glossary are explained where the pointer rests on them. `llms.txt` lists the pages for
machines. So whatever builds the site needs to know none of this.
"""

import re
import shutil
from pathlib import Path

import yaml
from reference import commands, files, floors, library, questions, settings

DOCS = Path(__file__).parent
REPOSITORY = DOCS.parent
PAGES = REPOSITORY / "build/docs"

MADE = re.compile(r"<!-- made: (.+?) -->.*?<!-- /made -->", re.DOTALL)
TABLES = {
    "files": files.tables,
    "floors": floors.table,
    "keel": lambda: library.sections("keel"),
    "keel.testing": lambda: library.sections("keel.testing"),
    "questions": questions.sections,
    "readme": lambda: readme("What you get", "When not to use it"),
    "settings": settings.tables,
    "commands": commands.tables,
}
DECISION = "*One of the [decisions](index.md) that Keel stands on.*"
LINK = re.compile(r"\[([^]]+)]\([^)]*\)")


def write(folder: Path) -> None:
    """Write all pages, with their tables and words, and `llms.txt`."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    words = abbreviations(DOCS.joinpath("reference/glossary.md").read_text("utf-8"))
    for page in folder.rglob("*.md"):
        text = filled(page.read_text("utf-8"))
        if page.parent.name == "decisions" and page.stem != "index":
            text = text.replace("\n", f"\n\n{DECISION}\n", 1)
        page.write_text(text if page.stem == "glossary" else f"{text}\n{words}", "utf-8")
    (folder / "llms.txt").write_text(llms(), "utf-8")


def filled(markdown: str) -> str:
    """A page with the tables that it asks for."""
    return MADE.sub(lambda found: TABLES[found[1]](), markdown)


def readme(*titles: str) -> str:
    """Sections of the README, with links as a page of this folder has them."""
    _, *parts = REPOSITORY.joinpath("README.md").read_text("utf-8").split("\n## ")
    sections = {title: text for title, _, text in (part.partition("\n") for part in parts)}
    text = "\n\n".join(f"## {title}\n\n{sections[title].strip()}" for title in titles)
    return text.replace("](docs/", "](")


def glossary(page: str) -> dict[str, str]:
    """The words of the glossary, each with its meaning as plain text."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+) \|$", page, re.MULTILINE)
    return {word: LINK.sub(r"\1", meaning).replace("`", "") for word, meaning in rows}


def abbreviations(page: str) -> str:
    """The glossary as Markdown's abbreviations, which explain a word wherever it stands."""
    return "".join(
        f"*[{word}{ending}]: {meaning}\n"
        for word, meaning in glossary(page).items()
        for ending in (("",) if word.endswith("s") else ("", "s"))
    )


def llms() -> str:
    """An overview of the pages for language models, as https://llmstxt.org describes it."""
    site = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text("utf-8"))
    lines = [f"# {site['site_name']}", "", f"> {site['site_description']}"]
    for title, entry in (pair for part in site["nav"] for pair in part.items()):
        pages = ("- [{}]({}): {}".format(*about(page)) for _, page in leaves(title, entry))
        lines += ["", f"## {title}", "", *pages]
    return "\n".join([*lines, ""])


def leaves(title: str, entry: object) -> list[tuple[str, str]]:
    """The pages below an entry of the navigation, each with its title."""
    if isinstance(entry, list):
        return [page for part in entry for pair in part.items() for page in leaves(*pair)]
    return [(title, str(entry))]


def about(page: str) -> tuple[str, str, str]:
    """The title of a page, its address, and the first line below its title."""
    title, _, text = (DOCS / page).read_text("utf-8").partition("\n\n")
    return title.removeprefix("# "), page, LINK.sub(r"\1", text.partition("\n")[0])


if __name__ == "__main__":
    write(PAGES)
