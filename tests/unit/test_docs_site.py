"""The docs' site: what the navigation, the index of decisions and the glossary have."""

import re
from collections.abc import Iterator
from pathlib import Path

import pages
import pytest
import yaml

from keel.cli.app import GROUPS
from keel.replay import trouble

DOCS = Path(pages.__file__).parent
REPOSITORY = DOCS.parent
PAGES = sorted(DOCS.rglob("*.md"))
DECISIONS = [page for page in PAGES if page.parent.name == "decisions" and page.stem != "index"]
README, CONTRIBUTING = REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md"
CLAIM = re.compile(r"`(?:\w+\.)?(\w+)` \(([\d.]+)(?: s)?\)")  # such as "`psi` (1.0)"
SCENARIO = re.compile(r"^\s*Scenario", re.MULTILINE)
GLOSSARY = (DOCS / "reference/glossary.md").read_text("utf-8")


def test_each_page_is_in_the_navigation_or_in_the_index_of_decisions() -> None:
    site = yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text("utf-8"))
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

    assert pages.abbreviations(page).splitlines() == [
        "*[gate]: What stops keel run.",
        "*[gates]: What stops keel run.",
    ]


def test_each_table_stands_on_one_page() -> None:
    asked = [name for page in PAGES for name in pages.MADE.findall(page.read_text("utf-8"))]

    assert sorted(asked) == sorted(pages.TABLES)


@pytest.mark.parametrize("page", [p for p in PAGES if p not in DECISIONS], ids=str)
def test_a_page_opens_with_a_sentence_that_says_what_it_is_for(page: Path) -> None:
    title, _, sentence = pages.about(page.relative_to(DOCS).as_posix())

    assert title
    assert re.match(r"[A-Z`[]", sentence)
    assert not sentence.startswith("```")


@pytest.mark.parametrize("page", [*PAGES, README, CONTRIBUTING], ids=str)
def test_what_a_page_links_to_is_in_a_clone(page: Path) -> None:
    links = re.findall(r"]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", page.read_text("utf-8"))

    targets = [(page.parent / path if path else page, anchor) for path, anchor in links]

    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [
        f"{target}#{anchor}" for target, anchor in targets if anchor and not has(target, anchor)
    ] == []


def has(page: Path, anchor: str) -> bool:
    """Whether a page has a heading, or gets some when the site is built."""
    text = page.read_text("utf-8")
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
    return anchor in anchors or pages.MADE.search(text) is not None


def test_the_index_takes_over_what_the_readme_says_and_its_links() -> None:
    text = pages.readme("What you get", "When not to use it")

    assert text.startswith("## What you get\n")
    assert "](how-to/grow.md)" in text
    assert "](docs/" not in text


def test_a_number_behind_a_setting_is_its_usual_value() -> None:
    said = [found for page in PAGES for found in CLAIM.findall(page.read_text("utf-8"))]

    usual = set(usual_values())
    assert said != []
    assert [(name, value) for name, value in said if (name, float(value)) not in usual] == []


def usual_values() -> Iterator[tuple[str, float]]:
    """The numbers in `conf/` and in the code of settings, by their names, without a section."""
    for file in (REPOSITORY / "template/conf").rglob("*.yaml*"):
        for name, value in re.findall(r"\b(\w+): (\d+\.?\d*)(?![\w.-])", file.read_text("utf-8")):
            yield name, float(value)
    for module in (REPOSITORY / "src/keel").rglob("settings.py"):
        for name, value in re.findall(
            r"^ +(\w+): .* = (\d+\.?\d*)\b", module.read_text("utf-8"), re.MULTILINE
        ):
            yield name, float(value)


def test_a_project_s_how_to_begins_with_links_to_all_its_recipes() -> None:
    page = (REPOSITORY / "template/docs/how-to.md.jinja").read_text("utf-8")
    headings = re.findall(r"^## (.+)$", page, re.MULTILINE)

    linked = re.findall(r"\(#([\w-]+)\)", page.partition("\n## ")[0])

    anchors = [re.sub(r"[^\w ]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert sorted(linked) == sorted(anchors)


def test_the_alerts_in_the_docs_are_those_of_the_rules() -> None:
    rules = next(REPOSITORY.glob("template/*operation*/rules.yml")).read_text("utf-8")
    alerts = re.findall(r"alert: (\w+)", rules)

    told = re.search(r"^\| alert \|.*?\n\n", how_to("observe"), re.MULTILINE | re.DOTALL)

    assert told
    assert sorted(re.findall(r"`([A-Z]\w+)`", told[0])) == sorted(alerts)


def test_the_routes_in_the_docs_are_those_of_the_service() -> None:
    app = (REPOSITORY / "src/keel/serving/app.py").read_text("utf-8")

    told = set(re.findall(r"`(?:GET|POST) (/[\w/]+)`", how_to("serve")))

    assert told == set(re.findall(r'"(/[\w/]+)": (?:Post|lambda)', app)) | {"/docs"}


def test_the_troubles_in_the_docs_are_those_of_a_replay_with_their_days() -> None:
    told = re.findall(r"^\| `(\w+)` \| .*? for (\d+) days \|", how_to("replay"), re.MULTILINE)

    assert {kind: int(days) for kind, days in told} == {
        kind: days for kind, (days, _) in trouble.KINDS.items()
    }


def how_to(name: str) -> str:
    return (DOCS / f"how-to/{name}.md").read_text("utf-8")


def test_the_scenarios_are_as_many_as_the_docs_say() -> None:
    page = (DOCS / "explanation/compared.md").read_text("utf-8")
    said = re.search(r"(\d+) in a project.*?(\d+) of Keel's own", page)

    assert said
    folders = ("template/tests/acceptance", "tests/acceptance")
    files = [list((REPOSITORY / folder).glob("*.feature")) for folder in folders]
    counted = [
        sum(len(SCENARIO.findall(file.read_text("utf-8"))) for file in each) for each in files
    ]
    assert list(map(int, said.groups())) == counted


def test_the_news_can_be_read_in_ten_minutes() -> None:
    """A merge has brought back what had been sorted, more than once."""
    changelog = (REPOSITORY / "CHANGELOG.md").read_text("utf-8")
    news = changelog.partition("## Unreleased")[2].partition("\n## ")[0]

    assert len(news.split()) < 2500


def test_each_verb_is_on_a_page_that_says_more_than_its_line() -> None:
    texts = [page.read_text("utf-8") for page in DOCS.rglob("*.md")]
    named = {verb for text in texts for verb in re.findall(r"`?keel ([a-z]+)", text)}

    assert {verb for verbs in GROUPS.values() for verb in verbs} - named == set()
