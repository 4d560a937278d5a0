"""What a first run of a project shows: floors, the better model, and cases for its tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from keel.data.store import Store
from keel.judge.metrics.known import metrics_of
from keel.project.about import load
from keel.project.description import Project
from keel.project.errors import RefusedError
from keel.project.settings import Gates
from keel.project.task import Classes, Number, YesNo
from keel.start.plan import Plan, Type
from keel.start.writing.code import coded, listed, literal
from keel.start.writing.easing import eased
from keel.start.writing.measured import GATES, Measured, Rhythm, Split
from keel.start.writing.splitting import (
    MOST_QUICK,
    enough_rows,
    first_test_day,
    rhythm,
    split_of,
    tested,
)
from keel.testing.about_quick_data import learns
from keel.testing.pipeline import Pipeline, Quick

CELLS = 500_000  # of the table are enough for floors; more would only take longer
ROWS = range(5_000, 20_000)  # and that many rows
LEAST_CORRELATION = 0.2  # of a column with the label, below which no test is made of it
TAIL = 0.1  # share of the test examples below "low" and above "high"
MOST_CASES = 3
P = TypeVar("P", bound=Pipeline)
ROOM = 2.0  # how many times the error of the quick data may be, whose scores mean little


@dataclass(frozen=True)
class Scores:
    """What `reports/slices.csv` says."""

    frame: pl.DataFrame

    def of(self, model: str, metric: str) -> dict[str, Any]:
        """Score, low and high over all rows."""
        mine = (pl.col("model") == model) & (pl.col("metric") == metric)
        rows = self.frame.filter(mine, pl.col("slice") == "all")
        return rows.row(0, named=True)

    def worst(self, metric: str, *, higher_is_better: bool, least_rows: int) -> float | None:
        """Of the model's large slices, the end of the interval that is worst."""
        rows = self.frame.filter(
            pl.col("model") == "model",
            pl.col("metric") == metric,
            ~pl.col("slice").is_in(["all", "month"]),
            pl.col("rows") >= least_rows,
        )
        value = rows["low"].min() if higher_is_better else rows["high"].max()
        return float(value) if isinstance(value, int | float) else None


def some(plan: Plan) -> int:
    """How many rows of a table are enough for a first run: fewer where each is long."""
    return min(plan.rows, ROWS.stop, max(ROWS.start, CELLS // len(plan.columns)))


def measure(plan: Plan, root: Path, baseline: str) -> Measured:
    """Run the project in `root` on at most some rows, and see what comes out.

    The settings there have neither floors nor the gates that a first run can't know. Raises
    UserError as the stages do.
    """
    project = load(root)
    raw = Pipeline(project, f"data.rows={{{plan.table}: {some(plan)}}}", root=root).run("ingest")
    tables = {name: pl.read_parquet(raw.store.raw(name)) for name in project.tables}
    prepared = Pipeline(project, tables=tables, root=root).run("prepare").examples()
    split, least = _split(plan, project, prepared), enough_rows(_classes(project, prepared))
    _set(root, split_of(plan), split)
    settings: list[str] = []
    whole = _finished(Pipeline(project, "data.rows={}", *settings, tables=tables, root=root))
    model, chosen = "boosting", whole
    if not _passed(whole, "baseline"):
        model, settings = baseline, [*settings, f"model={baseline}"]
        chosen = _finished(Pipeline(project, "data.rows={}", *settings, tables=tables, root=root))
    quick, rows, learnt = _quick(plan, project, root, settings, least)
    measured = _measured(plan, project, (model, baseline), split, whole, quick)
    return replace(
        measured,
        quick_rows=rows,
        learns=learnt,
        better=0.0 if _passed(chosen, "naive") else None,
        eased=tuple(eased(chosen, project, Gates.model_validate(GATES))),
    )


def _quick(
    plan: Plan, project: Project, root: Path, settings: list[str], least: int
) -> tuple[Pipeline, int, bool]:
    """A run on quick data of as many rows as each model needs to learn from them, if it ever does.

    Where the columns say little, few rows show no model to be better than a guess.
    """
    for rows in (least, 3 * least, MOST_QUICK):
        changes = (f"data.rows={{{plan.table}: {rows}}}", *settings)
        quick = _finished(Quick(project, *changes, root=root))
        learnt = all(_learns(quick, name) for name in project.models)
        if learnt or rows >= min(plan.rows, MOST_QUICK):
            break
    return quick, rows if learnt else least, learnt


def _learns(quick: Quick, model: str) -> bool:
    """Whether the project's check of that will be fine."""
    try:
        learns(quick, model)
    except AssertionError:
        return False
    return True


def _passed(pipeline: Pipeline, gate: str) -> bool:
    verdicts = pipeline.store.read_json(pipeline.store.report("gates.json"))
    return all(verdict["passed"] for verdict in verdicts if verdict["gate"] == gate)


def _finished(pipeline: P) -> P:
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
    return Split("time", test_from=first, tested=tested(days, first))


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


def _measured(
    plan: Plan,
    project: Project,
    models: tuple[str, str],
    split: Split,
    whole: Pipeline,
    quick: Pipeline,
) -> Measured:
    chosen, baseline = models
    main, metric = next(iter(metrics_of(project, whole.settings.evaluation).items()))
    scores = Scores(_read_scores(whole.store))
    model, simple = scores.of("model", main), scores.of("baseline", main)
    naive = scores.of("naive", main)
    floor = _outward(simple["low"] if metric.higher_is_better else simple["high"], metric.sign)
    worst = scores.worst(
        main,
        higher_is_better=metric.higher_is_better,
        least_rows=whole.settings.evaluation.smallest_slice,
    )
    mine = simple if chosen == baseline else model
    return Measured(
        model=chosen,
        beats_guess=metric.sign * (mine["score"] - naive["score"]) > 0,
        floors={main: floor},
        slice_floors={} if worst is None else {main: _outward(worst, metric.sign)},
        quick_floors={main: _lax(quick, main, metric.sign)},
        quick_slice_floors=(
            {} if worst is None else {main: _lax(quick, main, metric.sign, slices=True)}
        ),
        floors_words=f"The baseline's, to begin with: the worse end of its interval, {floor:g}.",
        rhythm=_rhythm(whole.examples(), project),
        split=split,
        metric=metric.title,
        scores={"boosting": model["score"], baseline: simple["score"], "a guess": naive["score"]},
        cases=tuple(_cases(plan, project, quick)) or (_ordinary_case(plan, project, quick),),
        directions=tuple(_directions(plan, project, quick)),
    )


def _read_scores(store: Store) -> pl.DataFrame:
    return pl.read_csv(store.report("slices.csv"), infer_schema_length=None)


def _outward(value: float, sign: int) -> float:
    """Two or three digits of a floor, away from what is wanted: lower, or higher for an error."""
    if value == 0:
        return 0.0
    step = 10.0 ** (len(str(int(abs(value)))) - 3 if abs(value) >= 1 else -2)
    if 0 < abs(value) < 0.1:
        step = 0.001
    rounded = (value // step) * step if sign > 0 else -((-value) // step) * step
    return float(f"{rounded:.10g}")


def _lax(quick: Pipeline, main: str, sign: int, *, slices: bool = False) -> float:
    """A floor for the quick data that any sound model reaches."""
    score = Scores(_read_scores(quick.store)).of("model", main)
    spread = abs(score["score"] - (score["low"] if sign > 0 else score["high"]))
    if sign > 0:
        return _outward(score["score"] - (8 if slices else 3) * max(spread, 0.03), sign)
    factor = ROOM * (2 if slices else 1)
    return _outward(score["score"] * factor + 3 * spread, sign)


def _rhythm(examples: pl.DataFrame, project: Project) -> Rhythm:
    if project.time is None:
        return Rhythm()
    return rhythm(examples.select(day=project.local_day)["day"].drop_nulls())


def _numbers(plan: Plan, project: Project, rows: pl.DataFrame) -> list[tuple[float, str]]:
    """The plain features that are numbers, by how they go with the label: the strongest first."""
    label = project.task.numbers(project.task.labels(rows[project.label]))
    names = [
        column.identifier
        for column in plan.columns
        if column.identifier in project.features
        and column.type in (Type.WHOLE, Type.NUMBER)
        and column.identifier in rows.columns
    ]
    found = []
    for name in names:
        both = pl.DataFrame({"x": rows[name].cast(pl.Float64), "y": label}).drop_nulls()
        value = both.select(pl.corr("x", "y", method="spearman")).item() if len(both) > 2 else None
        if value is not None and abs(value) >= LEAST_CORRELATION:
            found.append((value, name))
    return sorted(found, key=lambda pair: -abs(pair[0]))[:MOST_CASES]


def _ends(rows: pl.DataFrame, name: str) -> tuple[Any, Any]:
    low, high = rows[name].quantile(TAIL, "lower"), rows[name].quantile(1 - TAIL, "higher")
    whole = rows.schema[name].is_integer()
    return (int(low or 0), int(high or 0)) if whole else (_short(low), _short(high))


def _short(value: float | None) -> float:
    return float(f"{value or 0:.4g}")


def _directions(plan: Plan, project: Project, quick: Pipeline) -> Iterator[dict[str, Any]]:
    """Numbers that move the mean prediction as they go with the label, as the model has it."""
    if isinstance(project.task, Classes):
        return
    model, rows = quick.model(), quick.model().test_examples
    for correlation, name in _numbers(plan, project, rows):
        low, high = _ends(rows, name)
        before, after = (low, high) if correlation > 0 else (high, low)
        ends = (model.predict(_with(rows, name, value)).to_numpy() for value in (before, after))
        at_one, at_other = (float(predicted.mean()) for predicted in ends)
        little = 0.1 * float(model.predict(rows).to_numpy().std())
        if low != high and at_other - at_one > little:
            word = "higher" if correlation > 0 else "lower"
            yield {
                "why": f"the {word} {name} is, the higher {project.label}",
                "name": name,
                "before": literal(before),
                "after": literal(after),
            }


def _with(rows: pl.DataFrame, name: str, value: Any) -> pl.DataFrame:
    return rows.with_columns(pl.lit(value, rows.schema[name]).alias(name))


def _cases(plan: Plan, project: Project, quick: Pipeline) -> Iterator[dict[str, Any]]:
    """Examples that anybody would tell, as the model has them."""
    types = quick.examples().schema
    ordinary = _ordinary(plan, types)
    if isinstance(project.task, Classes):
        yield from _clear_classes(plan, project, quick, ordinary)
        return
    model, rows = quick.model(), quick.model().test_examples
    everyday = model.predict(rows).mean()
    strong = [(c, name, *_ends(rows, name)) for c, name in _numbers(plan, project, rows)]
    probable = isinstance(project.task, YesNo)
    label = project.label
    for word, up in ((f"more {label}", True), (f"less {label}", False)):
        values = {n: (high if (c > 0) == up else low) for c, n, low, high in strong}
        if not values or not isinstance(everyday, int | float):
            continue
        row = ordinary.with_columns(pl.lit(v, types[n]).alias(n) for n, v in values.items())
        predicted = model.predict(row).item()
        between = float(f"{(predicted + everyday) / 2:.2g}")
        if (predicted > between > everyday) if up else (predicted < between < everyday):
            yield {
                "why": f"{listed(list(values))} speak{'s' * (len(values) == 1)} for {word}",
                "columns": _dict(values),
                "least": literal(between) if up else ("0.0" if probable else "-inf"),
                "most": ("1.0" if probable else "inf") if up else literal(between),
            }


def _ordinary(plan: Plan, types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """One example whose values are as usual."""
    usual = {c.name: c.moment(c.usual) for c in coded(plan)}
    return pl.DataFrame(
        {n: pl.Series([usual.get(n)], dtype=t, strict=False) for n, t in types.items()}
    )


def _ordinary_case(plan: Plan, project: Project, quick: Pipeline) -> dict[str, Any]:
    """What the model says where nothing stands out: of a table that shows nothing else."""
    model = quick.model()
    predicted = model.predict(_ordinary(plan, quick.examples().schema)).item()
    case: dict[str, Any] = {"why": "an ordinary row is nothing special", "columns": "{}"}
    if isinstance(project.task, Classes):
        return {**case, "value": repr(project.task.classes[pl.Series(predicted).arg_max() or 0])}
    all_of_them = [predicted, *model.predict(model.test_examples).to_list()]
    least, most = _outward(min(all_of_them), 1), _outward(max(all_of_them), -1)
    return {**case, "least": literal(least), "most": literal(most)}


def _clear_classes(
    plan: Plan, project: Project, quick: Pipeline, ordinary: pl.DataFrame
) -> Iterator[dict[str, Any]]:
    """An example of each class whose numbers are the medians of the class."""
    model, rows = quick.model(), quick.model().test_examples
    names = [
        c.identifier
        for c in plan.columns
        if c.identifier in project.features and c.type in (Type.WHOLE, Type.NUMBER)
    ]
    for place, name in enumerate(project.task.classes):
        own = rows.filter(rows[project.label].cast(pl.String) == name)
        values = {n: _median(own, n) for n in names if own[n].drop_nulls().len()}
        if not values:
            continue
        row = ordinary.with_columns(pl.lit(v, rows.schema[n]).alias(n) for n, v in values.items())
        shares = model.predict(row).item()
        if pl.Series(shares).arg_max() == place:
            yield {
                "why": f"an ordinary {name}",
                "columns": _dict(values),
                "value": repr(name),
            }


def _median(rows: pl.DataFrame, name: str) -> Any:
    value = rows[name].quantile(0.5, "nearest")
    return int(value or 0) if rows.schema[name].is_integer() else _short(value)


def _dict(values: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name!r}: {literal(value)}" for name, value in values.items()) + "}"
