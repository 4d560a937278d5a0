"""What Git does not know of the past is kept on a branch of its own.

Some trends are computed from the history. All else is measured once a week in CI; the branch has
the reports of the last time, and a line with the values of all figures for each time. Nothing is
ever merged from there or to there.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, ValidationError

from keel.project.commands import must, output
from keel.quality.change import tests
from keel.quality.records.documents import report
from keel.quality.records.figures import Figure

BRANCH = "keel-quality"
HERE = f"refs/remotes/origin/{BRANCH}"
FILE, PAGE = "reports/trends.jsonl", "reports/scorecard.json"
KEPT = (FILE, tests.TESTS, tests.MUTATION, tests.COVERAGE)
KEEL = ("-c", "user.name=Keel", "-c", "user.email=keel@users.noreply.github.com")
Trend = list[tuple[date, float]]


class Line(BaseModel):
    """The values of the figures on a day."""

    day: date
    commit: str
    figures: dict[str, float]


class _Value(BaseModel):
    name: str
    value: float | None


class _Page(BaseModel):
    figures: list[_Value]


def keep(root: Path, today: date) -> str:
    """Add a line for today to the trends, and push them with the reports of the last run.

    Returns what was kept. Raises UserError if there is no page, or pushing is refused.
    """
    values = _values(root)
    output(root, "git", "fetch", "--quiet", "origin", f"+refs/heads/{BRANCH}:{HERE}")  # if it is
    before = _lines((output(root, "git", "show", f"{HERE}:{FILE}") or "").splitlines())
    commit = must(root, "git", "rev-parse", "--short=12", "HEAD").strip()
    line = Line(day=today, commit=commit, figures=values)
    lines = [*(earlier for earlier in before if earlier.day != today), line]
    text = "".join(f"{line.model_dump_json()}\n" for line in lines)
    (root / FILE).write_text(text, encoding="utf-8")
    _push(root, [name for name in KEPT if (root / name).exists()], f"Quality on {today}")
    return f"Kept {len(values)} figures, for the {len(lines)}. time: branch {BRANCH}"


def known(root: Path) -> dict[str, Trend]:
    """The past values by figure, oldest first, of `reports/trends.jsonl`, if it is there."""
    file = root / FILE
    written = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    trends: dict[str, Trend] = {}
    for line in sorted(_lines(written.splitlines()), key=lambda line: line.day):
        for name, value in line.figures.items():
            trends.setdefault(name, []).append((line.day, value))
    return trends


def filled(figures: Iterable[Figure], past: Mapping[str, Trend], today: date) -> list[Figure]:
    """The figures, each with a trend that was kept where it has none of its own."""
    return [_filled(figure, past.get(figure.name, []), today) for figure in figures]


def _filled(figure: Figure, past: Trend, today: date) -> Figure:
    if figure.trend or figure.value is None:
        return figure
    before = [(day, value) for day, value in past if day < today]
    return replace(figure, trend=[*before, (today, figure.value)]) if before else figure


def _values(root: Path) -> dict[str, float]:
    """The values of the page. Raises UserError if there is none."""
    page = report(root, PAGE, _Page, "uv run keel scorecard")
    return {figure.name: figure.value for figure in page.figures if figure.value is not None}


def _lines(written: Iterable[str]) -> list[Line]:
    """The lines that can be read; others say nothing."""
    lines = []
    for line in written:
        with suppress(ValidationError):
            lines.append(Line.model_validate_json(line))
    return lines


def _push(root: Path, names: list[str], message: str) -> None:
    """Commit only these files to the branch, and leave the project's own index alone."""
    with TemporaryDirectory() as folder:
        index = f"{folder}/index"
        must(root, "git", "add", "--force", "--", *names, GIT_INDEX_FILE=index)
        tree = must(root, "git", "write-tree", GIT_INDEX_FILE=index).strip()
    parent = output(root, "git", "rev-parse", "--verify", "--quiet", HERE)
    parents = ("-p", parent) if parent else ()
    made = must(root, "git", *KEEL, "commit-tree", tree, "-m", message, *parents).strip()
    must(root, "git", "push", "--quiet", "origin", f"{made}:refs/heads/{BRANCH}")
