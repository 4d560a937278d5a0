"""What a first run of a project shows: floors and the better model."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from keel.judge.metrics.known import metrics_of
from keel.project.about import load
from keel.project.description import Project
from keel.project.errors import RefusedError
from keel.project.settings import Gates
from keel.project.task import Number
from keel.start.plan import Plan
from keel.start.writing.behaviour import Behaviour, outward
from keel.start.writing.measured import GATES, Measured, Rhythm, Split, eased
from keel.start.writing.splitting import (
    MOST_QUICK,
    enough_rows,
    first_test_day,
    rhythm,
    share_from,
    split_of,
)
from keel.testing.about_quick_data import learns
from keel.testing.pipeline import Quick

CELLS = 500_000  # of the table are enough for floors; more would only take longer
ROWS = range(5_000, 20_000)  # and that many rows
LEAST = 0.05  # floor of a score from 0 to 1: nothing is worse than 0
ROOM = 2.0  # how many times the error of the quick data may be, whose scores mean little


def _of(run: Quick, model: str, metric: str) -> pl.DataFrame:
    """What `reports/slices.csv` says of a model by a metric: first over all rows, then by slice."""
    file = run.store.report("slices.csv")
    frame = pl.read_csv(file, glob=False, infer_schema_length=None)
    mine = frame.filter(pl.col("model") == model, pl.col("metric") == metric)
    return mine.sort(pl.col("slice") != "all", maintain_order=True)


def some(plan: Plan) -> int:
    """How many rows of a table are enough for a first run: fewer where each is long."""
    return min(plan.rows, ROWS.stop, max(ROWS.start, CELLS // len(plan.columns)))


def measure(plan: Plan, root: Path, baseline: str) -> Measured:
    """Run the project in `root` on at most some rows, and see what comes out.

    The settings there have neither floors nor the gates that a first run can't know. Raises
    UserError as the stages do.
    """
    project = load(root)
    prepared = Quick(project, f"data.rows={{{plan.table}: {some(plan)}}}", root=root).run("prepare")
    examples = prepared.examples()
    split, least = _split(plan, project, examples), enough_rows(_classes(project, examples))
    _set(root, split_of(plan), split)
    whole = chosen = _finished(prepared.again("train", "data.rows={}"))
    model = "boosting" if _passed(whole, "baseline") else baseline
    if model == baseline:
        chosen = _finished(prepared.again("train", "data.rows={}", f"model={baseline}"))
    quick, rows, learnt = _quick(plan, project, root, model, least)
    behaviour = Behaviour(plan, project, quick)
    return replace(
        _judged(project, whole, quick, model, baseline, part=some(plan) < plan.rows),
        quick_rows=rows,
        learns=learnt,
        better=0.0 if _passed(chosen, "naive") else None,
        eased=tuple(eased(chosen, project, Gates.model_validate(GATES))),
        rhythm=_rhythm(examples, project),
        split=split,
        cases=behaviour.cases(),
        directions=tuple(behaviour.directions()),
    )


def _quick(
    plan: Plan, project: Project, root: Path, model: str, least: int
) -> tuple[Quick, int, bool]:
    """A run on quick data of as many rows as each model needs to learn from them.

    Where the columns say little, few rows show no model to be better than a guess; where no rows
    do, it is the run on the fewest.
    """
    runs: list[Quick] = []
    for rows in (least, 3 * least, MOST_QUICK):
        changes = (f"data.rows={{{plan.table}: {rows}}}", f"model={model}")
        runs.append(_finished(Quick(project, *changes, root=root)))
        if all(_learns(runs[-1], name) for name in project.models):
            return runs[-1], rows, True
        if rows >= min(plan.rows, MOST_QUICK):
            break
    return runs[0], least, False


def _learns(quick: Quick, model: str) -> bool:
    """Whether the project's check of that will be fine."""
    try:
        learns(quick, model)
    except AssertionError:
        return False
    return True


def _passed(pipeline: Quick, gate: str) -> bool:
    verdicts = pipeline.store.read_json(pipeline.store.report("gates.json"))
    return all(verdict["passed"] for verdict in verdicts if verdict["gate"] == gate)


def _finished(pipeline: Quick) -> Quick:
    """Run; what a gate says is told later, with a cure."""
    with contextlib.suppress(RefusedError):
        pipeline.run()
    return pipeline


def _split(plan: Plan, project: Project, examples: pl.DataFrame) -> Split:
    """By time from a day on that suits the labels, else as it is."""
    split = split_of(plan)
    if split.by != "time":
        return split
    known = examples.drop_nulls(project.label)
    days = known.select(project.local_day.alias("day"))["day"]
    first = first_test_day(days, _classes(project, known))
    return Split("time", test_from=first, tested=share_from(days, first))


def _classes(project: Project, examples: pl.DataFrame) -> pl.Series | None:
    """What each label is, if it is one of few."""
    if isinstance(project.task, Number):
        return None
    return project.task.labels(examples[project.label]).cast(pl.String)


def _set(root: Path, guessed: Split, split: Split) -> None:
    """Have the settings in `root` say from when on rows test, as all that runs there reads them."""
    file = root / "conf/config.yaml"
    text = file.read_text(encoding="utf-8")
    old, new = (f"test_from: {each.test_from} " for each in (guessed, split))
    file.write_text(text.replace(old, new), encoding="utf-8")


def _judged(
    project: Project, run: Quick, quick: Quick, model: str, baseline: str, *, part: bool
) -> Measured:
    """What the scores of a run with boosting and the baseline say, and floors that follow.

    Where only a part of the rows was run, floors are half way to a guess: all rows will differ.
    """
    main, metric = next(iter(metrics_of(project, run.settings.evaluation).items()))
    scores = {name: _of(run, name, main) for name in ("model", "baseline", "naive")}
    boosting, simple, naive = (each.row(0, named=True) for each in scores.values())
    mine = simple if model == baseline else boosting

    def floor_of(score: float) -> float:
        better = metric.sign * (score - naive["score"]) > 0
        return outward((score + naive["score"]) / 2 if part and better else score, metric.sign)

    floor = floor_of(simple["low" if metric.higher_is_better else "high"])
    large = pl.col("rows") >= run.settings.evaluation.smallest_slice
    slices = scores["model"].filter(~pl.col("slice").is_in(["all", "month"]), large)
    worst: Any = slices["low"].min() if metric.higher_is_better else slices["high"].max()
    of_rows, of_slices = lax(quick, main, metric.sign)
    return Measured(
        model=model,
        beats_guess=metric.sign * (mine["score"] - naive["score"]) > 0,
        floors={main: floor},
        slice_floors={} if worst is None else {main: floor_of(worst)},
        quick_floors={main: of_rows},
        quick_slice_floors={} if worst is None else {main: of_slices},
        floors_words=f"The baseline's, to begin with: {floor:g} is "
        f"{'half way from a guess to ' * part}the worse end of its interval.",
        metric=metric.title,
        scores={
            "boosting": boosting["score"],
            baseline: simple["score"],
            "a guess": naive["score"],
        },
    )


def lax(quick: Quick, main: str, sign: int) -> tuple[float, float]:
    """Floors for the quick data, and for slices of them, that any sound model reaches."""
    score = _of(quick, "model", main).row(0, named=True)
    spread = abs(score["score"] - score["low" if sign > 0 else "high"])
    if sign > 0:
        rows, slices = (score["score"] - times * max(spread, 0.03) for times in (3, 8))
        if not isinstance(quick.project.task, Number):
            rows = max(rows, LEAST)
    else:
        rows, slices = (score["score"] * factor + 3 * spread for factor in (ROOM, 2 * ROOM))
    return outward(rows, sign), outward(slices, sign)


def _rhythm(examples: pl.DataFrame, project: Project) -> Rhythm:
    if project.time is None:
        return Rhythm()
    return rhythm(examples.select(day=project.local_day)["day"].drop_nulls())
