"""A proof of concept becomes a product, and the other way round, and no edit is lost."""

import shutil
from pathlib import Path

import pytest
from rendering import commit, files, must, parse, run
from updates import content as contents
from updates import copy, update

POC, PRODUCT = "proof-of-concept", "product"
ML = "src/flight_delay"
FEATURE = '''

@FEATURES.add
def distance_to_noon() -> pl.Expr:
    """Hours between the scheduled departure and noon."""
    return (departure_hour() - 12).abs()
'''
TEST_OF_IT = """

def test_the_distance_to_noon_has_no_sign() -> None:
    assert value("distance_to_noon", scheduled_departure=utc(1, 15, 16, 30)) == 0.5
"""
COLUMN = """    engines = dy.Int16(nullable=True, min=1, metadata=ahead(), description="how many")
"""
SCENARIO = """
    Scenario: A flight at noon in good weather is not flagged
      When a flight leaves Newark at 12:00 under a clear sky
      Then it is not flagged
"""
# What a team does in the meantime: the file, what it replaces by what; None is the end of the file.
LAYER = 'acceptance = ["python -m behave"]\n'
PACKAGE = '    "dataframely>=3.1",\n'
PLANES = '    """The register of aircraft."""\n\n'
STAGE = """
  ours:
    cmd: python --version > ours.txt
    outs:
      - ours.txt: {cache: false}
"""
EDITS: dict[str, tuple[str, str | None, str]] = {
    "a feature": (f"{ML}/features.py", None, FEATURE),
    "its test": ("tests/unit/test_features.py", None, TEST_OF_IT),
    "a column": (f"{ML}/tables.py", PLANES, PLANES + COLUMN),
    "rows that have it": ("tests/builders.py", '"seats": 150', '"seats": 150, "engines": 2'),
    "a setting": ("conf/model/boosting.yaml", "trees: 200", "trees: 40"),
    "what data to take": ("conf/overrides.yaml", "choose: {}", "choose: {data: quick}"),
    "a layer of checks": ("pyproject.toml", LAYER, LAYER + 'ours = ["python --version"]\n'),
    "a tool": ("pyproject.toml", "dev = []", 'dev = ["packaging>=24"]'),
    "a package": ("pyproject.toml", PACKAGE, PACKAGE + '    "packaging>=24",\n'),
    "a section by another name": ("README.md", "## How it runs", "## How our pipeline runs"),
    "a scenario": ("tests/acceptance/predictions.feature", None, SCENARIO),
    "an ignored file": (".gitignore", "# Secrets\n", "# Notes\n/notes/\n\n# Secrets\n"),
    "a stage": ("dvc.yaml", None, STAGE),
}


def edit(project: Path) -> dict[str, list[str]]:
    """Make and commit all these edits; returns the new lines by file."""
    lines: dict[str, list[str]] = {}
    for path, old, new in EDITS.values():
        text = (project / path).read_text("utf-8")
        assert old is None or text.count(old) == 1, (path, old)
        (project / path).write_text(text.replace(old, new) if old else text + new, "utf-8")
        added = set(new.splitlines()) - set((old or "").splitlines())
        lines.setdefault(path, []).extend(line for line in added if line.strip())
    commit(project, "What the team did")
    return lines


def lost(project: Path, lines: dict[str, list[str]]) -> list[str]:
    """The lines of edits that are gone."""
    return [
        f"{path}: {line}"
        for path, wanted in lines.items()
        for line in wanted
        if line not in (project / path).read_text("utf-8")
    ]


@pytest.fixture(scope="module")
def made(release: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A project of each kind, committed; tests leave them as they are."""
    folder = tmp_path_factory.mktemp("maturity")
    return {
        kind: copy(release, "v1.0.0", folder / kind, package_name="flight_delay", maturity=kind)
        for kind in (POC, PRODUCT)
    }


@pytest.fixture
def project(made: dict[str, Path], tmp_path: Path) -> Path:
    """A proof of concept, to change."""
    return Path(shutil.copytree(made[POC], tmp_path / "project"))


@pytest.fixture
def product(made: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[PRODUCT], tmp_path / "product"))


# --- What each of them has --------------------------------------------------------------------


def test_a_product_has_all_that_a_proof_of_concept_has(made: dict[str, Path]) -> None:
    assert set(files(made[POC])) - set(files(made[PRODUCT])) <= {
        path for path in files(made[POC]) if path.parts[0] == ".git"
    }


def test_a_seed_of_the_ml_is_the_same_in_both(made: dict[str, Path]) -> None:
    """Otherwise a proof of concept would have to be edited to become a product."""
    folders = ("src", "tests", "conf")
    shared = [path for path in files(made[POC]) if path.parts[0] in folders]

    assert shared
    assert [
        p for p in shared if (made[POC] / p).read_bytes() != (made[PRODUCT] / p).read_bytes()
    ] == []


def test_only_a_product_asks_for_the_packages_of_a_service(made: dict[str, Path]) -> None:
    groups = {
        kind: set(parse(folder / "pyproject.toml")["dependency-groups"])
        for kind, folder in made.items()
    }

    assert groups[PRODUCT] - groups[POC] == {"service"}


# --- From one to the other --------------------------------------------------------------------


def test_no_edit_is_lost_on_the_way_back(product: Path) -> None:
    lines = edit(product)

    done = update(product, f"maturity={POC}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert lost(product, lines) == []
    assert not (product / "conf/service.yaml").exists()


def test_a_proof_of_concept_becomes_what_a_new_product_is_and_back(
    project: Path, made: dict[str, Path]
) -> None:
    for kind in (PRODUCT, POC):
        done = update(project, f"maturity={kind}")

        assert done.returncode == 0, done.stdout + done.stderr
        assert f"Change maturity to {kind}" in done.stdout
        assert contents(project) == contents(made[kind])
        must(project, "git", "switch", "--quiet", "main")
        must(project, "git", "merge", "--quiet", "keel-update")
        must(project, "git", "branch", "--quiet", "--delete", "keel-update")


def test_what_was_edited_of_a_product_is_not_taken_away(product: Path) -> None:
    settings = product / "conf/service.yaml"
    settings.write_text(settings.read_text("utf-8").replace("port: 8000", "port: 9000"), "utf-8")
    commit(product, "Another port")
    before = contents(product)

    done = update(product, f"maturity={POC}")

    assert done.returncode == 1
    assert "with these answers files would go that you changed: conf/service.yaml" in done.stderr
    assert contents(product) == before
    assert must(product, "git", "branch", "--show-current") == "main\n"


def test_an_edited_proof_of_concept_works_as_a_product_and_no_edit_is_lost(project: Path) -> None:
    lines = edit(project)
    must(project, "uv", "run", "--quiet", "keel", "setup")
    must(project, "git", "add", "--all")
    must(project, "git", "commit", "--quiet", "--no-verify", "--message", "Packages")

    done = run(project, "uv", "run", "keel", "update", f"maturity={PRODUCT}")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Checks: pass." in must(project, "git", "log", "-1", "--format=%B")
    assert must(project, "git", "status", "--porcelain") == ""
    assert lost(project, lines) == []
    ran = run(project, "uv", "run", "keel", "run")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (project / "ours.txt").read_text("utf-8").startswith("Python ")
    tree = must(project, "uv", "run", "--quiet", "keel", "lineage")
    assert "trees 40" in tree
    assert "by ingest" in tree
