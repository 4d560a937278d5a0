"""The docs' site: what the navigation, the index of decisions and the glossary have."""

import re
from pathlib import Path

import pages
import pytest
import yaml

from keel.cli.app import GROUPS

DOCS = Path(pages.__file__).parent
SCENARIO = re.compile(r"^\s*Scenario", re.MULTILINE)
GLOSSARY = (DOCS / "reference/glossary.md").read_text("utf-8")


def test_each_page_is_in_the_navigation_or_in_the_index_of_decisions() -> None:
    site = yaml.safe_load((DOCS.parent / "mkdocs.yml").read_text("utf-8"))
    index = (DOCS / "decisions/index.md").read_text("utf-8")
    linked = {
        page for part in site["nav"] for pair in part.items() for _, page in pages.leaves(*pair)
    }
    linked |= {f"decisions/{page}" for page in re.findall(r"\(([\w-]+\.md)\)", index)}

    assert {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")} == linked


def test_the_page_for_machines_lists_what_the_navigation_has_with_a_sentence() -> None:
    lines = pages.llms().splitlines()

    assert "- [Glossary](reference/glossary.md): " in "\n".join(lines)
    assert [line for line in lines if line.startswith("- ") and line.endswith(": ")] == []


def test_the_words_of_the_glossary_are_in_order_and_there_once() -> None:
    words = list(pages.glossary(GLOSSARY))

    assert words == sorted(set(words), key=str.lower)
    assert len(words) == len(re.findall(r"^\| [^|w-]", GLOSSARY, re.MULTILINE))


def test_a_word_is_explained_without_markup() -> None:
    page = "| word | what it means |\n|---|---|\n| **gate** | What [stops](a.md) `keel run`. |\n"

    assert pages.abbreviations(page) == "*[gate]: What stops keel run.\n"


@pytest.mark.parametrize("marker", pages.TABLES)
def test_each_table_stands_on_one_page(marker: str) -> None:
    assert sum(marker in page.read_text("utf-8") for page in DOCS.rglob("*.md")) == 1


def test_a_project_s_how_to_begins_with_links_to_all_its_recipes() -> None:
    page = (DOCS.parent / "template/docs/how-to.md.jinja").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)

    linked = re.findall(r"\(#([\w-]+)\)", page.partition("\n## ")[0])

    anchors = [re.sub(r"[^\w ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert sorted(linked) == sorted(anchors)


def test_the_scenarios_are_as_many_as_the_docs_say() -> None:
    page = (DOCS / "explanation/compared.md").read_text("utf-8")
    said = re.search(r"(\d+) in a project.*?(\d+) of Keel's own", page)

    assert said
    folders = ("template/tests/acceptance", "tests/acceptance")
    files = [list((DOCS.parent / folder).glob("*.feature")) for folder in folders]
    counted = [
        sum(len(SCENARIO.findall(file.read_text("utf-8"))) for file in each) for each in files
    ]
    assert list(map(int, said.groups())) == counted


def test_each_verb_is_on_a_page_that_says_more_than_its_line() -> None:
    texts = [page.read_text("utf-8") for page in DOCS.rglob("*.md")]
    named = {verb for text in texts for verb in re.findall(r"`?keel ([a-z]+)", text)}

    assert {verb for verbs in GROUPS.values() for verb in verbs} - named == set()
