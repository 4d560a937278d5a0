"""What a project's `AGENTS.md` says to coding assistants is as it is."""

import re
from pathlib import Path

import pytest
from rendered import project

from keel.cli.app import GROUPS, PRODUCT

MADE = {"settings.yaml", "dvc.lock", "uv.lock", "reports/", "data/", "model/", "champion/"}
MADE |= {"outputs/"}


@pytest.fixture(params=["product", "proof-of-concept"])
def maturity(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_it_lists_the_verbs_that_such_a_project_has(tmp_path: Path, maturity: str) -> None:
    page = (project(tmp_path, maturity=maturity) / "AGENTS.md").read_text("utf-8")

    listed = page.partition("| command |")[2].partition("\n## ")[0].splitlines()[2:]

    verbs = {name: verb.help for group in GROUPS.values() for name, verb in group.items()}
    theirs = {n: text for n, text in verbs.items() if maturity == "product" or n not in PRODUCT}
    assert [line for line in listed if line] == [f"| `{n}` | {t} |" for n, t in theirs.items()]


def test_the_places_that_it_names_are_there(tmp_path: Path, maturity: str) -> None:
    folder = project(tmp_path, maturity=maturity, ci="github")
    page = (folder / "AGENTS.md").read_text("utf-8")

    table = page.partition("| place |")[2].partition("\n## ")[0]
    places = re.findall(r"`([^`]+)`", " ".join(row.split(" | ")[0] for row in table.splitlines()))

    package = folder / "src/churn"
    missing = {p for p in places if not (folder / p).exists() and not (package / p).exists()}
    assert missing == MADE


def test_it_is_one_page(tmp_path: Path) -> None:
    page = (project(tmp_path) / "AGENTS.md").read_text("utf-8")

    assert len(page.splitlines()) < 100
