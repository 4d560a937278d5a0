"""The worked example gives way to a team's own table, and nothing that was edited does."""

import importlib
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import plans
import polars as pl
import pytest
import rendered
import yaml

from keel.project.about import load
from keel.project.description import Project
from keel.project.errors import UserError
from keel.start.plan import Column, Plan, Type, Use
from keel.start.writing.context import About, context
from keel.start.writing.measured import Measured
from keel.start.writing.rendering import passages, whole
from keel.start.writing.write import Written, write
from keel.testing.asked import Asked
from keel.testing.by_hand import HandWork

EXAMPLE = re.compile(
    r"flight|airport|carrier|weather|\bplanes?\b|departure|nyc|delay|aviation|humid|tailnum|airline"
    r"|passenger|newark|aircraft|dew.point",
    re.IGNORECASE,
)
NOT_READ = (".venv", ".git", "outputs", "source")
Start = Callable[..., Written]


def unmeasured(plan: Plan, root: Path, baseline: str) -> Measured:  # noqa: ARG001 -- a fake
    return Measured()


def start(plan: Plan, root: Path) -> Written:
    return write(plan, root, lambda _: None, measured=unmeasured)


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """All that a project says, by file."""
    for file in sorted(root.rglob("*")):
        name = file.relative_to(root).as_posix()
        if file.is_file() and not name.startswith(NOT_READ):
            yield name, file.read_text(encoding="utf-8")


@contextmanager
def imported(root: Path) -> Iterator[Project]:
    """The object in which a project describes itself, for a moment."""
    try:
        yield load(root)
    finally:
        sys.path.remove(str(root / "src"))
        for name in [name for name in sys.modules if name.partition(".")[0] == "churn"]:
            del sys.modules[name]
        importlib.invalidate_caches()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return rendered.project(tmp_path / "churn")


@pytest.mark.parametrize("name", plans.PLANS)
@pytest.mark.parametrize("maturity", ["product", "proof-of-concept"])
def test_nothing_of_the_example_is_left(name: str, maturity: str, tmp_path: Path) -> None:
    root = rendered.project(tmp_path / "churn", maturity=maturity, ci="github")

    written = start(plans.put(name, tmp_path), root)

    assert written.left == written.kept == []
    left = [
        f"{file}: {EXAMPLE.findall(text)}" for file, text in texts(root) if EXAMPLE.search(text)
    ]
    assert left == []
    assert [file for file, _ in texts(root) if EXAMPLE.search(file)] == []


def test_a_search_for_words_of_the_example_finds_no_memory_of_it(
    root: Path, tmp_path: Path
) -> None:
    start(plans.put("customers", tmp_path), root)

    kept = [file for file in (root / "outputs").rglob("*") if file.is_file()]

    assert kept
    assert not [file for file in kept if b"flight" in file.read_bytes().lower()]


@pytest.mark.parametrize("name", plans.PLANS)
def test_what_is_written_reads_the_table(name: str, root: Path, tmp_path: Path) -> None:
    plan = plans.put(name, tmp_path)
    start(plan, root)

    with imported(root) as project:
        row = {column.identifier: [None] for column in plan.columns if column.use != Use.LEFT_OUT}
        empty = pl.DataFrame(row).select(project.tables[plan.table].column_names())
        built = project.build(
            {plan.table: empty.cast(pl.Schema(_types(project, plan.table))).lazy()}
        )

        assert project.label == plan.target.identifier
        assert project.task.kind == plan.task
        assert built.collect_schema().names() == project.examples.column_names()
        assert len(project.features) > 1


@pytest.mark.parametrize("name", plans.PLANS)
def test_what_is_drafted_by_hand_holds_and_is_to_be_read(
    name: str, root: Path, tmp_path: Path
) -> None:
    start(plans.put(name, tmp_path), root)

    with imported(root) as project:
        written = _run(root, "tests/builders.py", "tests/by_hand.py")
        work = HandWork(project, written["BY_HAND"], written["ROWS"])
        for _, holds in work.checks():
            holds()
        asked = dict(Asked(work).checks())
        drafted = [check for sentence, check in asked.items() if "drafts" in sentence]

        assert len(drafted) == 1
        with pytest.raises(pytest.skip.Exception):
            drafted[0]()
        for sentence in asked.keys() - {s for s in asked if "drafts" in s or "different" in s}:
            asked[sentence]()  # all else follows from the plan


@pytest.mark.parametrize("name", ["customers", "rides"])
@pytest.mark.parametrize("room", [0.0, 100.0])
def test_rows_made_up_follow_ranges_that_a_team_narrows_or_widens(
    name: str, room: float, root: Path, tmp_path: Path
) -> None:
    plan = plans.put(name, tmp_path)
    start(plan, root)
    file = root / "src/churn/tables.py"

    def changed(line: re.Match[str]) -> str:
        column = next(each for each in plan.columns if each.identifier == line["name"])
        beyond = room * (column.high - column.low)
        limits = f"min={column.low - min(beyond, column.low)}, max={column.high + beyond}"
        return re.sub(r"min=\S+, max=[\d_.]+", limits, line[0])

    file.write_text(re.sub(r"(?m)^    (?P<name>\w+) = dy.*min=.*$", changed, file.read_text()))

    with imported(root) as project:
        made = _run(root, "tests/builders.py", "tests/integration/test_pipeline.py")["a_table"]()
        rows = made[plan.table].collect()
        impossible = _run(root, "tests/builders.py", "tests/acceptance/driver.py")["BROKEN"]

        assert project.tables[plan.table].is_valid(rows)
        assert rows[plan.target.identifier].n_unique() > 1
        broken = rows.head(1).with_columns(**{n: pl.lit(v) for n, v in impossible.items()})
        assert not project.tables[plan.table].is_valid(broken)


def test_what_is_known_some_time_ahead_is_said_as_the_how_to_says(
    root: Path, tmp_path: Path
) -> None:
    start(plans.put("requests", tmp_path), root)
    page = (root / "docs/how-to.md").read_text().partition("## Predict some time ahead")[2]
    column = re.search(r"decision_time = dy\..*?(?=`;)", page)
    build = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert column
    assert build
    names = {"starts": "asked", "entered": "signed", "seats": "monthly_charges"}
    steps = build[1]
    for theirs, mine in names.items():
        steps = steps.replace(theirs, mine)
    file = root / "src/churn/examples.py"
    text = file.read_text().replace("        .select(", f"{steps}        .select(", 1)
    text = re.sub(r"(class Examples.*?\"\"\"\n)", rf"\1\n    {column[0]}", text, flags=re.DOTALL)
    file.write_text(text.replace('.sort("asked"', '.sort("decision_time"'))

    with imported(root) as project:
        rows = _run(root, "tests/builders.py")
        days = ["01.01.2022", "01.01.2030"]
        asked = [rows["ROWS"]["requests"]["asked"]] * 2
        table = rows["table"]("requests", number=[1, 2], asked=asked, signed=days)
        examples = project.build({"requests": table.lazy()}).collect()

        assert examples["monthly_charges"].is_null().to_list() == [False, True]
        ahead = examples.select(pl.col("asked") - pl.col("decision_time")).to_series()
        assert ahead.to_list() == [timedelta(hours=2)] * 2


def test_rows_drafted_for_an_order_differ_by_their_key(root: Path, tmp_path: Path) -> None:
    plan = plans.put("customers", tmp_path)
    day = date(2022, 1, 1)
    signed = Column("signed", Type.DATE, Use.TIME, "", low=day, high=day, typical=day)

    start(replace(plan, columns=(*plan.columns, replace(signed, identifier="signed"))), root)

    with imported(root) as project:
        written = _run(root, "tests/builders.py", "tests/by_hand.py")
        checks = dict(HandWork(project, written["BY_HAND"], written["ROWS"]).checks())
        checks["by hand: examples are in the order of signed"]()


def _run(root: Path, *files: str) -> dict[str, Any]:
    """The names that files of a project define, one below the other."""
    text = "".join((root / file).read_text("utf-8") for file in files)
    together = root / "together.py"
    together.write_text(re.sub(r"from tests.builders import .*\n", "", text), "utf-8")
    return runpy.run_path(str(together))


def _types(project: Project, table: str) -> dict[str, pl.DataType]:
    return dict(project.tables[table].create_empty().schema)


def test_personal_columns_and_what_is_known_afterwards_are_in_no_example(
    root: Path, tmp_path: Path
) -> None:
    start(plans.put("customers", tmp_path), root)

    with imported(root) as project:
        assert {"email", "refund"} <= set(project.tables["customers"].column_names())
        assert not {"email", "refund", "region"} & set(project.examples.column_names())
        assert "religion" not in project.features
    assert "religion" in (root / "conf/config.yaml").read_text()


def test_the_table_is_copied_into_the_project(root: Path, tmp_path: Path) -> None:
    plan = plans.put("customers", tmp_path)

    start(plan, root)

    assert (root / "source/customers.csv").read_bytes() == plan.source.files[0].read_bytes()
    data = yaml.safe_load((root / "conf/data/full.yaml").read_text())
    assert data["source"] == "source/{table}.csv"
    assert data["names"] == {"Monthly Charges": "monthly_charges"}


def test_several_files_are_one_table(root: Path, tmp_path: Path) -> None:
    plan = plans.put("customers", tmp_path)
    other = tmp_path / "more.csv"
    other.write_text("a\n")
    files = (*plan.source.files, other)

    start(replace(plan, source=replace(plan.source, files=files)), root)

    copied = sorted(path.name for path in (root / "source").iterdir())
    assert copied == ["customers-001.csv", "customers-002.csv"]
    assert "source/{table}-*.csv" in (root / "conf/data/full.yaml").read_text()


def test_a_file_that_was_edited_stays_and_is_named(root: Path, tmp_path: Path) -> None:
    file = root / "src/churn/features.py"
    file.write_text(edited := file.read_text() + "\n# mine\n")

    written = start(plans.put("customers", tmp_path), root)

    assert written.kept == ["src/churn/features.py"]
    assert file.read_text() == edited
    assert "age" in (root / "outputs/start/kept/src/churn/features.py").read_text()


def test_a_sentence_that_was_edited_stays_and_is_named(root: Path, tmp_path: Path) -> None:
    file = root / "conf/service.yaml"
    file.write_text(file.read_text().replace("{weather: 3}", "{storms: 4}"))

    written = start(plans.put("customers", tmp_path), root)

    assert written.left == ["conf/service.yaml: such as {weather: 3}"]
    assert "{storms: 4}" in file.read_text()


def test_a_second_start_changes_nothing(root: Path, tmp_path: Path) -> None:
    plan = plans.put("requests", tmp_path)
    start(plan, root)
    before = dict(texts(root))

    again = start(plan, root)

    assert (again.files, again.kept, again.left) == ([], [], [])
    assert dict(texts(root)) == before


def test_another_start_takes_the_place_of_the_first(root: Path, tmp_path: Path) -> None:
    start(plans.put("requests", tmp_path), root)

    written = start(plans.put("penguins", tmp_path), root)

    assert (written.kept, written.left) == ([], [])
    assert not [name for name, text in texts(root) if "churned" in text or "requests" in name]
    assert (root / "docs/decisions/0001-split-by-key.md").is_file()
    assert not (root / "docs/decisions/0001-split-by-time.md").exists()


def test_a_sentence_that_was_edited_after_a_start_is_no_word_of_the_example(
    root: Path, tmp_path: Path
) -> None:
    plan = plans.put("customers", tmp_path)
    start(plan, root)
    file = root / "docs/how-to.md"
    file.write_text(edited := file.read_text() + "\nMine.\n")

    written = start(plan, root)

    assert (written.files, written.kept, written.left) == ([], [], [])
    assert file.read_text() == edited


def test_what_was_edited_after_a_start_stays(root: Path, tmp_path: Path) -> None:
    plan = plans.put("customers", tmp_path)
    start(plan, root)
    file = root / "src/churn/tables.py"
    file.write_text(file.read_text().replace("max=170", "max=110"))

    written = start(plan, root)

    assert written.kept == ["src/churn/tables.py"]
    assert "max=110" in file.read_text()


def test_a_title_and_a_purpose_that_were_said_stay(tmp_path: Path) -> None:
    root = rendered.project(tmp_path / "churn", purpose="Tells sales whom to call.")

    start(plans.put("customers", tmp_path), root)

    assert (root / "README.md").read_text().startswith("# Churn\n\nTells sales whom to call.\n")
    assert 'description = "Tells sales whom to call."' in (root / "pyproject.toml").read_text()


def test_a_purpose_of_the_example_is_replaced_everywhere(root: Path, tmp_path: Path) -> None:
    start(plans.put("customers", tmp_path), root)

    purpose = "Predicts whether churned is yes, for each row of customers."
    for name in ("README.md", "pyproject.toml", ".copier-answers.yml"):
        assert purpose in (root / name).read_text()


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run this in the folder of a project"):
        start(plans.put("customers", tmp_path), tmp_path)


def test_a_run_that_fails_is_told_and_leaves_no_floors(root: Path, tmp_path: Path) -> None:
    def failing(plan: Plan, root: Path, baseline: str) -> Measured:
        raise UserError(f"{plan.table} in {root.name} has no {baseline}")

    written = write(plans.put("customers", tmp_path), root, lambda _: None, measured=failing)

    assert written.problem.startswith("customers in churn")
    assert yaml.safe_load((root / "conf/config.yaml").read_text())["evaluation"]["floors"] == {}


@pytest.mark.parametrize("name", plans.PLANS)
def test_each_passage_stands_in_the_template(name: str, root: Path, tmp_path: Path) -> None:
    about = About("churn", "Churn", "Tells.", is_product=True, baseline="linear")
    plan = plans.PLANS[name](tmp_path / "x.csv")

    missing = [
        f"{passage.file}: {passage.old}"
        for model in ("boosting", "linear")
        for passage in passages(context(plan, about, Measured(model=model)))
        if passage.old not in (root / passage.file).read_text()
    ]

    assert missing == []


@pytest.mark.parametrize("name", plans.PLANS)
def test_settings_that_are_written_are_yaml(name: str, tmp_path: Path) -> None:
    about = About("churn", "Churn", "Tells.", is_product=True, baseline="linear")
    files = whole(context(plans.PLANS[name](tmp_path / "x.csv"), about, Measured()))

    for file, text in files.items():
        if file.endswith(".yaml"):
            assert yaml.safe_load(text), file
        if file.endswith(".py"):
            compile(text, file, "exec")
