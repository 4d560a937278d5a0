"""What the quick data give, beside what was accepted: the same tables have to give the same.

`tests/accepted.json` holds the facts of what a project makes of its quick data. While the raw
tables are the same, whatever differs was made by the code.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import polars as pl

from keel.data.facts import as_text, change, differences, facts
from keel.data.store import Store
from keel.judge.importance import importance
from keel.judge.metrics.known import metrics_of
from keel.judge.metrics.sample import Sample
from keel.judge.scores import with_interval
from keel.model.fitting import fit
from keel.project.columns import is_personal
from keel.project.description import Project
from keel.project.errors import UserError
from keel.quality.records.junit import NOT_JUDGED
from keel.testing.failing import require
from keel.testing.pipeline import Quick, quick

FILE = "tests/accepted.json"
FORM = 1  # of the file: one of another form is made anew
ACCEPT = "uv run keel check --accept"
UNTOLD = "nothing that matters has changed"
TO_DO = f"`{ACCEPT}` writes {FILE}, beside which a change that the code makes is noticed"
READING = {"nulls", "names", "separator", "encoding", "decimal_comma", "thousands", "blanks"}
FEATURE = "feature "  # before its name
MOST = 5  # columns that are named
VALUES = 12  # of text, that are told
APART = 0.5  # of half of the interval: how far the same data and settings may move the score
LEAST = 0.01  # of the score, where its interval says nothing
MOVED = 0.1  # spreads: how far they may move the mean and the spread of predictions
Facts = Mapping[str, Any]


def the_quick_data_give_the_examples_and_features_that_were_accepted(run: Quick) -> None:
    """While the raw tables are the same, it is the code that makes others."""
    accepted, now = _comparable(run)
    changed = list(changes(run.project, accepted, now))
    _require_none(changed, f"the raw tables, of {now['rows']:,} examples, are")
    if new := [_place(name) for name in now["columns"] if name not in accepted["columns"]]:
        _not_judged(f"{', '.join(new)}, of which {FILE} says nothing yet: `{ACCEPT}`")


def the_quick_data_give_the_model_that_was_accepted(run: Quick) -> None:
    """As good on the same examples, and no better: that would be too good to be true."""
    accepted, now = _comparable(run)
    if any(changes(run.project, accepted, now)):
        _not_judged("the model, since its examples or features are others than accepted")
    if accepted["settings"] != now["settings"]:
        _not_judged(f"the model, since its settings are others than accepted: `{ACCEPT}`")
    if accepted["model"]["tested"] != now["model"]["tested"]:
        _not_judged("the model, since it is tested on other examples than accepted")
    changed = list(_of_model(accepted, now))
    if changed and _gain(accepted["model"], now["model"]) > 1:
        changed.append(f"too good to be true? It looks most at {_carrier(run)}")
    tested = now["model"]["tested"][0]
    _require_none(changed, f"data and settings, with {tested:,} test examples, are")


CHECKS = (
    the_quick_data_give_the_examples_and_features_that_were_accepted,
    the_quick_data_give_the_model_that_was_accepted,
)


def accept(project: Project, root: Path) -> list[str]:
    """Write down what the quick data give now; returns what has changed since the last time.

    Raises UserError if a stage of the pipeline does.
    """
    now, before = found(quick(project, root)), _read(root)
    Store(root, root).write_text(root / FILE, as_text(now, 2) + "\n")
    if before is None:
        return ["nothing was accepted before"]
    other = ["the raw tables are others"] if _other_data(before, now) else []
    if before["settings"] != now["settings"]:
        other.append("the settings of the model are others")
    listed, columns = before["columns"], now["columns"]
    moved = [f"{_place(name)} is new" for name in columns if name not in listed]
    moved += [f"{_place(name)} is gone" for name in listed if name not in columns]
    told = [*other, *changes(project, before, now), *_of_model(before, now)]
    told += [each for each in moved if not any(other.startswith(each) for other in told)]
    return told or [UNTOLD] * (before != now)


@cache
def found(run: Quick) -> dict[str, Any]:
    """What the quick data give now."""
    project, store, data = run.project, run.store, run.settings.data
    examples = run.examples()
    features = project.features.table(examples.lazy()).collect()
    named = features.rename({name: f"{FEATURE}{name}" for name in features.columns})
    private = [name for name, column in project.examples.columns().items() if is_personal(column)]
    raw = {name: store.read_table(store.raw(name)).collect() for name in project.tables}
    quality = store.read_json(store.report("data-quality.json"))
    metric, model = _model(run)
    settings = run.settings.model_dump(mode="json", include={"split", "model"}, exclude_none=True)
    return {
        "form": FORM,
        "data": data.model_dump(mode="json", include={"source", "rows"}),
        "reading": data.model_dump(mode="json", include=READING),
        "raw": {name: {each.name: _digest(each) for each in table} for name, table in raw.items()},
        "set aside": {name: table["reasons"] for name, table in quality.items()},
        "rows": len(examples),
        "columns": facts(
            pl.concat([examples, named], how="horizontal"),
            private,
            key=project.examples.primary_key(),
            most=VALUES,
        ),
        "settings": {**settings, "metric": metric},
        "model": model,
    }


def changes(project: Project, accepted: Facts, now: Facts) -> Iterator[str]:
    """What differs of tables, examples and features, in sentences; not what follows from that.

    Columns that are new are told beside others only.
    """
    for table, reasons in now["set aside"].items():
        before = accepted["set aside"].get(table, reasons)
        for reason in sorted({*before, *reasons}):
            if before.get(reason, 0) != reasons.get(reason, 0):
                counts = f"{before.get(reason, 0):,} → {reasons.get(reason, 0):,}"
                yield f"{table}: rows set aside since they break {reason}: {counts}"
    was, columns, rows = accepted["columns"], now["columns"], now["rows"]
    alike = accepted["rows"] == rows
    if not alike:
        yield f"examples.py: {accepted['rows']:,} → {rows:,} examples"
    new = [name for name in columns if name not in was]
    for name in (name for name in was if name not in columns):
        if name.removeprefix(FEATURE) in columns or FEATURE not in name:
            yield f"{_place(name)} is gone" + (f"; new: {', '.join(new)}" if new else "")
    differ = differences(was, columns, rows, project.examples.primary_key())
    for name in sorted(differ, key=lambda name: name.startswith(FEATURE)):
        build = project.features.get(name.removeprefix(FEATURE)) if FEATURE in name else None
        follows = build and (not alike or differ.keys() & set(build().meta.root_names()))
        if not follows:
            yield f"{_place(name)}: {differ[name]}"


def _place(name: str) -> str:
    """A column with the file that makes it."""
    derived = name.startswith(FEATURE)
    return f"{'features' if derived else 'examples'}.py: {name.removeprefix(FEATURE)}"


def _of_model(accepted: Facts, now: Facts) -> Iterator[str]:
    """What differs of the model by more than platforms add up differently.

    With other features it may predict otherwise, but is not much better by chance.
    """
    was, model = accepted["model"], now["model"]
    alike = accepted["columns"].keys() == now["columns"].keys()
    gain = _gain(was, model)
    if gain > (1 if alike else 1 / APART) or (alike and gain < -1):
        yield f"{now['settings']['metric']}: {change(was['score'], model['score'])}"
    if not alike:
        return
    scale = max(spread for _, spread in was["predictions"].values())
    for name, pair in was["predictions"].items():
        others = model["predictions"].get(name, pair)
        for word, before, after in zip(("mean", "spread"), pair, others, strict=True):
            if abs(after - before) > MOVED * scale:
                yield f"{word} of what is predicted, {name}: {change(before, after)}"


def _gain(was: Facts, model: Facts) -> float:
    """How much better the score is, as a share of what chance and platforms explain."""
    if was["score"] is None or model["score"] is None:
        return 0.0
    usual = max(APART * (was["high"] - was["low"]) / 2, LEAST * abs(was["score"]))
    return float(model["sign"] * (model["score"] - was["score"]) / (usual or 1.0))


def _model(run: Quick) -> tuple[str, dict[str, Any]]:
    """The metric that decides, and how well the model predicts what it has not seen."""
    project, evaluation = run.project, run.settings.evaluation
    learnt, judged = run.sides()
    predictor = run.model().predictor
    if run.settings.split.folds:  # that one has seen them
        (predictor,) = fit(project, learnt, run.settings.model)
    predicted = predictor.predict(judged.examples)
    name, metric = next(iter(metrics_of(project, evaluation).items()))
    sample = Sample(project.task, judged.label, predicted)
    scored = with_interval(sample, metric, evaluation.resamples, evaluation.seed)
    score, low, high = (float(f"{each:.6g}") if np.isfinite(each) else None for each in scored)
    by_field = {n: values.to_numpy() for n, values in project.task.scores(predicted).items()}
    spread = {
        name: [float(f"{each:.6g}") for each in (np.mean(values), np.std(values))]
        for name, values in by_field.items()
    }
    tested = [len(predicted), float(f"{np.mean(project.task.numbers(judged.label)):.6g}")]
    told = {"tested": tested, "score": score, "low": low, "high": high, "sign": metric.sign}
    return name, {**told, "predictions": spread}


def _carrier(run: Quick) -> str:
    """The feature without which the model would lose most."""
    evaluation = run.settings.evaluation
    metric = next(iter(metrics_of(run.project, evaluation).values()))
    lost = importance([(run.model().predictor, run.sides()[1])], metric, evaluation.seed)
    return next(iter(lost))


def _comparable(run: Quick) -> tuple[Facts, Facts]:
    """What was accepted and what is now; the check is skipped where that can't be compared."""
    accepted = _read(run.store.repository)
    if accepted is None:
        _not_judged(f"what the code makes of the quick data: {TO_DO}")
    if other := _other_data(accepted, found(run)):
        _not_judged(f"code and model beside what was accepted, since {other}: `{ACCEPT}`")
    return accepted, found(run)


def _other_data(accepted: Facts, now: Facts) -> str:
    """Why nothing follows from a difference: there are other raw tables, not read otherwise."""
    if accepted["data"] == now["data"] and accepted["reading"] != now["reading"]:
        return ""
    for table, digests in now["raw"].items():
        before = accepted["raw"].get(table, digests)
        if others := [name for name in digests if before.get(name, "") not in ("", digests[name])]:
            return f"the quick data are others ({table}: {', '.join(others[:3])})"
    return ""


def _require_none(changed: list[str], alike: str) -> None:
    more = [f"and {len(changed) - MOST} more"] if len(changed) > MOST else []
    listed = "\n  ".join([*changed[:MOST], *more])
    message = f"{alike} as accepted, so the code made that. If it was meant: {ACCEPT}"
    require(not changed, f"{message}\n  {listed}")


def _not_judged(what: str) -> NoReturn:
    import pytest

    pytest.skip(NOT_JUDGED + what)


def _read(root: Path) -> dict[str, Any] | None:
    """What was accepted; None if nothing was, or by another Keel.

    Raises UserError if the file is broken.
    """
    try:
        content = json.loads((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise UserError(f"{FILE} is broken ({error}): `{ACCEPT}` writes it anew") from error
    return content if isinstance(content, dict) and content.get("form") == FORM else None


def _digest(column: pl.Series) -> str:
    """A digest of a column's values, the same in all versions."""
    plain = column.to_physical() if column.dtype.is_temporal() else column
    if plain.dtype.is_numeric() or plain.dtype == pl.Boolean:
        content = plain.cast(pl.Float64).fill_null(np.nan).to_numpy().tobytes()
    elif plain.dtype == pl.String:
        content = plain.to_frame().write_csv().encode()
    else:
        content = json.dumps(plain.to_list(), default=str).encode()
    return hashlib.blake2b(content, digest_size=4).hexdigest()
