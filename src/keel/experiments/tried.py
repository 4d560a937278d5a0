"""What was tried, and how much better it is than the last commit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from keel.data.store import Store
from keel.judge.champion import Comparison, compare, gains
from keel.judge.chance import Difference
from keel.judge.metrics.known import metrics_of
from keel.pipeline.changes import flat
from keel.pipeline.run import gates_missed
from keel.project.commands import output
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.metric import Metric
from keel.project.settings import Evaluation
from keel.repository.recorded import Recorded

COMMIT = "the last commit"
MOST = 5  # runs whose slices and charts are shown
CODE = ("src", "pyproject.toml")  # what a model comes from, beside data and settings


@dataclass(frozen=True)
class Kept:
    """What is kept of a run."""

    name: str
    scores: Mapping[str, Mapping[str, float | None]]  # score, low and high by metric
    predictions: Path | None  # None if they are on another machine
    charts: Mapping[str, Path] = field(default_factory=dict)  # SVG, by title
    settings: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, Any] = field(default_factory=dict)  # what an experiment was asked to change
    code: list[str] = field(default_factory=list)  # files that are other than the last commit's
    refused: list[str] = field(default_factory=list)  # by these gates


@dataclass(frozen=True)
class Tried:
    """A run beside the last commit."""

    kept: Kept
    changes: list[str]
    gains: Mapping[str, Difference]  # by metric; none if nothing can be compared
    parts: list[Comparison]  # by slice, of the metric that decides


def experiments(root: Path, *, everything: bool) -> list[tuple[str, str]]:
    """Names and commits of DVC's experiments since the last commit, or of all."""
    from dvc.repo import Repo  # type: ignore[import-untyped]  # slow to import; it has no types

    with Repo(str(root)) as repo:
        listed = repo.experiments.ls(all_commits=everything)
    return [pair for pairs in listed.values() for pair in pairs]


def last_commit(root: Path) -> Kept:
    """The run that was committed last. Raises UserError if none was."""
    kept = _at(root, COMMIT, "HEAD")
    if kept is None:
        raise UserError(
            "experiments are compared with a committed run, and there is none: "
            'uv run keel run, then git add --all && git commit -m "A run"'
        )
    return kept


def others(root: Path, named: list[tuple[str, str]]) -> Iterator[Kept]:
    """The run that is here, if it is another than the last commit's, and the experiments."""
    store = Store(root, root)
    metrics = store.report("metrics.json")
    now = metrics.read_text("utf-8").strip() if metrics.is_file() else None
    if now not in (None, output(root, "git", "show", "HEAD:./reports/metrics.json")):
        yield Kept(
            "here, not committed",
            _scores(store.read_text(store.report("facts.json"))),
            store.predictions,
            {file.stem: file for file in sorted(store.report("charts").glob("*.svg"))},
            _tree(store.read_text(store.settings)),
            _tree(store.read_text(root / "conf/overrides.yaml")),
            _code(root),
            gates_missed(store.read_text(store.report("gates.json"))),
        )
    facts, predictions = (store.champion(name) for name in ("facts.json", "predictions.parquet"))
    if facts.is_file() and predictions.is_file():
        yield Kept("the champion", _scores(store.read_text(facts)), predictions)
    for name, revision in named:
        if kept := _at(root, name, revision):
            yield kept


def beside(project: Project, evaluation: Evaluation, before: Kept, runs: list[Kept]) -> list[Tried]:
    """The runs beside the last commit, the best first; by slice only the first few.

    Of many one looks better by chance, so that each has to be surer (Bonferroni).
    """
    metrics = metrics_of(project, evaluation)
    name, main = next(iter(metrics.items()))
    sure = 1 - 0.05 / max(1, len(runs))
    known = _predictions(before)
    tried: list[Tried] = []
    for run in sorted(runs, key=lambda run: _far(run.scores.get(name, {}).get("score"), main)):
        now = _predictions(run)
        found: dict[str, Difference] = {}
        parts: list[Comparison] = []
        if known is not None and now is not None:
            found = gains(project.task, known, now, metrics, sure)
            slices = [name for name in evaluation.slices if name in now.columns]
            if len(tried) < MOST:
                smallest = evaluation.smallest_slice
                parts = compare(project.task, known, now, main, slices, smallest)[1:]
        tried.append(Tried(run, differing(before, run), found, parts))
    return tried


def differing(before: Kept, after: Kept) -> list[str]:
    """What differs: changes as they were typed, other settings, and files of the code."""
    typed = _pairs(after.typed.get("choose"), after.typed.get("set"))
    old = _pairs(before.typed.get("choose"), before.typed.get("set"))
    asked = {name: value for name, value in typed.items() if old.get(name) != value}
    was, now = _pairs(before.settings), _pairs(after.settings)
    followed = {
        name: value
        for name, value in now.items()
        if name in was
        and was[name] != value
        and not any(f"{name}.".startswith(f"{change}.") for change in (*asked, "code"))
    }
    changed = [f"{name}={_text(value)}" for name, value in {**asked, **followed}.items()]
    return [*changed, *after.code]


def _at(root: Path, name: str, revision: str) -> Kept | None:
    """What is kept of the run of a commit; None if it has none."""
    recorded = Recorded(root, revision)
    facts = recorded.text("reports/facts.json")
    if not facts:
        return None
    charts = recorded.folder("reports/charts")
    return Kept(
        name,
        _scores(facts),
        recorded.file("data/predictions.parquet"),
        {Path(file).stem: path for file, path in charts.items()},
        _tree(recorded.text("settings.yaml")),
        _tree(recorded.text("conf/overrides.yaml")),
        _code(root, revision),
        gates_missed(recorded.text("reports/gates.json")),
    )


def _scores(facts: str) -> dict[str, dict[str, float | None]]:
    try:
        scores: dict[str, dict[str, float | None]] = json.loads(facts)["scores"]
    except (ValueError, KeyError):  # such as after a merge
        return {}
    return scores


def _tree(text: str | None) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(text or "")
    except yaml.YAMLError:
        tree = None
    return tree if isinstance(tree, dict) else {}


def _pairs(*trees: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: values[0] for tree in trees for name, values in flat(dict(tree or {}))}


def _code(root: Path, *revision: str) -> list[str]:
    """The files of the code that differ from the last commit's."""
    command = ("git", "diff", "--name-only", "--relative", "HEAD", *revision, "--", *CODE)
    return (output(root, *command) or "").splitlines()


def _predictions(run: Kept) -> pl.DataFrame | None:
    return pl.read_parquet(run.predictions, glob=False) if run.predictions else None


def _far(score: float | None, metric: Metric) -> float:
    return math.inf if score is None else -metric.sign * score


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
