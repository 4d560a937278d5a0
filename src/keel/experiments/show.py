"""What was tried, in a terminal and on a page."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markupsafe import Markup

from keel.data.store import Store
from keel.experiments.run import EXAMPLE
from keel.experiments.tried import MOST, Kept, Tried, beside, experiments, last_commit, others
from keel.judge.chance import plain
from keel.judge.metrics.known import metrics_of
from keel.pipeline.configuration import load
from keel.project.about import about
from keel.project.description import Project
from keel.project.metric import Metric
from keel.show import charts
from keel.show.pages import page

PAGE = "experiments.html"
Row = Mapping[str, Any]


def overview(root: Path, project: Project, *, everything: bool, width: int) -> Iterator[str]:
    """What was tried since the last commit, or ever, in lines of a width; and write the page."""
    store = Store(root, root)
    before, named = last_commit(root), experiments(root, everything=everything)
    evaluation = load(store).evaluation
    tried = beside(project, evaluation, before, list(others(root, named)))
    metrics = metrics_of(project, evaluation)
    store.write_text(store.report(PAGE), experiments_page(about(root), before, tried, metrics))
    yield ""
    yield from lines(before, tried, metrics, width)
    if not named:
        ever = "" if everything else "; those of earlier commits: uv run keel exp --all"
        yield f"No experiments since the last commit{ever}.\nTry something: {EXAMPLE}"
    if tried:
        yield "Compared with the last commit on the same rows, best first; unclear: maybe chance."
        yield "To use one: uv run dvc exp apply NAME, then uv run keel run"
        yield f"\nThe page: {store.report(PAGE)}"


def lines(
    before: Kept, tried: Sequence[Tried], metrics: Mapping[str, Metric], width: int
) -> Iterator[str]:
    """For each run what differs, its metrics, and how much better they are; the best run first."""
    wide = max(len(metric.title) for metric in metrics.values())
    for kept, changes, gains in [(before, [], {}), *((t.kept, t.changes, t.gains) for t in tried)]:
        named = kept.name + ": " * bool(changes) + ", ".join(changes)
        yield from textwrap.wrap(
            named, width, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
        )
        for name, metric in metrics.items():
            gain = gains[name].verdict if name in gains else ""
            score = interval(kept.scores.get(name))
            yield f"  {metric.title:<{wide}}  {score:<25}  {gain}".rstrip()
        if kept.refused:
            yield from textwrap.wrap(
                f"refused by {', '.join(kept.refused)}",
                width,
                initial_indent="  ",
                subsequent_indent="    ",
                break_on_hyphens=False,
            )
        if kept is not before and not gains:
            yield "  It can't be compared: no example in common, or they are on another machine."
        yield ""


def interval(score: Mapping[str, float | None] | None) -> str:
    """A score and its 95 % interval, or a dash for none."""
    if not score or None in (score["score"], score["low"], score["high"]):
        return "–"
    value, low, high = (plain(score[end] or 0.0) for end in ("score", "low", "high"))
    return f"{value} ({low} to {high})"


def experiments_page(
    about: Mapping[str, str], before: Kept, tried: Sequence[Tried], metrics: Mapping[str, Metric]
) -> str:
    """The page `experiments.html`: a table, where each is better, and charts side by side."""
    main = next(iter(metrics.values()))
    shown = [before, *(each.kept for each in tried[:MOST])]
    titles = dict.fromkeys(title for kept in shown for title in kept.charts)
    return page(
        "experiments/experiments.html",
        project=about,
        before=before,
        tried=tried,
        metrics=metrics,
        main=main,
        interval=interval,
        where={each.kept.name: _where(each, main) for each in tried if each.parts},
        shown=shown,
        side_by_side={
            unquote(title): [_chart(kept.charts.get(title)) for kept in shown] for title in titles
        },
    )


def _where(tried: Tried, main: Metric) -> Markup:
    rows = [
        {
            "name": part.place,
            "low": part.gain.low,
            "middle": part.gain.value,
            "high": part.gain.high,
        }
        for part in tried.parts
    ]
    return charts.ranges(rows, f"{main.title}, better by")


def _chart(file: Path | None) -> Markup | None:
    return Markup(file.read_text("utf-8")) if file else None  # noqa: S704 -- Keel has drawn it
