"""A run beside the last accepted one: what is other now, and what of that is not usual.

New rows come, and a season changes them; what was there already stays as it was.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from keel.data.facts import MOST_VALUES, change, facts, rounded
from keel.judge.gates import Verdict
from keel.judge.scores import Score
from keel.project.columns import is_personal
from keel.project.commands import output
from keel.project.description import Project
from keel.project.metric import Metric

FORM = 1  # of the facts: those of another form are not compared
FEWER = 0.05  # of the rows that were there
FEWER_LATER = 0.15  # where the oldest months are left out, since months are of several lengths
LOST = 0.002  # of the examples of months that were over: what has been stays
SEVERAL = 20  # rows, which are no chance
MORE = 1.8  # times the rows: then half of them may be of another season
ASIDE = 0.01  # of the rows more than before, and twice as many
UNKNOWN = 0.1  # of the rows more than before
COMMON = 0.01  # of the rows: such a value does not vanish
WIDER, FARTHER = 1.5, 10.0  # spreads, which neither more rows nor a season bring
MOVED, SURE = 0.25, 5.0  # spreads of the label, and standard errors
MOVED_BEFORE = 0.1  # spreads, in months that were over by then
MONTHS = 36  # that are told
DATED = re.compile(r"(19|20)\d\d")  # a text such as 2025-03 comes and goes
Facts = Mapping[str, Any]


def accepted(root: Path, data: object) -> tuple[str, Facts] | None:
    """The facts that were accepted last, of the champion or of HEAD, and which of them it is.

    None without any that can be read, or where they are of another part of the `data`, or of
    another form.
    """
    champion = root / "champion/facts.json"
    if champion.is_file():
        whose, text = "the champion", champion.read_text("utf-8")
    else:
        whose = "the last commit"
        text = output(root, "git", "show", "HEAD:./reports/facts.json") or ""
    try:
        found = json.loads(text or "{}")
    except ValueError:  # such as after a merge; this run writes them anew
        return None
    fits = (found.get("form"), found.get("data")) == (FORM, data)
    return (whose, found) if fits else None


def told(
    project: Project,
    tables: Mapping[str, pl.LazyFrame],
    examples: pl.DataFrame,
    quality: Mapping[str, Any],
    scores: Sequence[Score] = (),
    metrics: Mapping[str, Metric] = {},
) -> dict[str, Any]:
    """The facts of a run, of its checked tables, examples and scores: a few kilobytes, no row."""
    counted = {name: {at: quality[name][at] for at in ("rows", "set_aside")} for name in tables}
    return {
        "form": FORM,
        "tables": {
            **{
                name: _table(project.tables[name], frame.collect()) | counted[name]
                for name, frame in tables.items()
            },
            "examples": _table(project.examples, examples),
        },
        "label": _label(project, examples),
        "scores": {
            each.metric: {
                "sign": metrics[each.metric].sign,
                **{end: getattr(each, end) for end in ("score", "low", "high")},
            }
            for each in scores
            if each.slice == "all" and each.model == "model"
        },
    }


def unusual(before: Facts, after: Facts) -> list[Verdict]:
    """What no new rows bring: a verdict for each table, for the label and for the score."""
    starts = [min(side["label"]["months"], default="") for side in (before, after)]
    fewer = FEWER if starts[0] >= starts[1] else FEWER_LATER
    both = [name for name in before["tables"] if name in after["tables"]]
    found = {
        **{name: _of_table(before["tables"][name], after["tables"][name], fewer) for name in both},
        "label": _of_label(before["label"], after["label"]),
        "score": _of_score(before["scores"], after["scores"]),
    }
    return [
        Verdict(f"since.{name}", passed=False, sentence=text)
        for name, sentences in found.items()
        if (text := "; ".join(sentences))
    ]


def news(before: Facts, after: Facts) -> list[str]:
    """How tables, label and the score that decides differ, each in a few words."""
    pairs = [
        (name, value, later.get(name))
        for one, later in zip(_sizes(before), _sizes(after), strict=True)
        for name, value in one.items()
    ]
    return [
        f"{name} {change(was, now)}" for name, was, now in pairs if now is not None and was != now
    ]


def _sizes(side: Facts) -> tuple[dict[str, float], ...]:
    scores = {name: each["score"] for name, each in list(side["scores"].items())[:1]}
    return (
        {name: table["rows"] for name, table in side["tables"].items()},
        {name: mean for name, (mean, _) in side["label"]["means"].items()},
        {name: score for name, score in scores.items() if score is not None},
    )


def _table(schema: type[dy.Schema], frame: pl.DataFrame) -> dict[str, Any]:
    private = [name for name, column in schema.columns().items() if is_personal(column)]
    key = schema.primary_key()
    return {"rows": len(frame), "set_aside": 0, "key": key, "columns": facts(frame, private)}


def _label(project: Project, examples: pl.DataFrame) -> dict[str, Any]:
    """How many are known; mean and spread, of several classes of each; and that by month."""
    task = project.task
    values = task.labels(examples[project.label])
    parts = {name: values == name for name in task.classes} or {project.label: values}
    frame = pl.DataFrame({name: each.cast(pl.Float64) for name, each in parts.items()})
    sums = frame.select(pl.all().mean()).row(0), frame.select(pl.all().std(ddof=0)).row(0)
    means = {
        name: [rounded(each or 0.0) for each in pair]
        for name, *pair in zip(parts, *sums, strict=True)
    }
    months: dict[str, Any] = {}
    if project.time:
        dated = frame.with_columns(examples.select(project.month.alias(" month")))
        by_month = dated.drop_nulls(" month").group_by(" month")
        counted = by_month.agg(pl.len().alias(" rows"), pl.all().mean()).sort(" month")
        for month, *counts in counted.tail(MONTHS).iter_rows():
            months[month] = [each and rounded(each) for each in counts]
    return {"rows": len(values) - values.null_count(), "means": means, "months": months}


def _past(before: Facts, after: Facts) -> list[str]:
    """The months that both sides have from their first to their last day."""
    return sorted({*list(before)[1:-1]} & {*list(after)[1:-1]})


def _of_table(was: Facts, now: Facts, fewer: float) -> Iterator[str]:
    if now["rows"] < (1 - fewer) * was["rows"]:
        less = 1 - now["rows"] / was["rows"]
        yield f"{change(was['rows'], now['rows'])} rows, {less:.0%} fewer"
    shares = [side["set_aside"] / max(side["rows"], 1) for side in (was, now)]
    if shares[1] > max(shares[0] + ASIDE, 2 * shares[0]):
        yield f"set aside were {shares[0]:.1%} of the rows, and are {shares[1]:.1%}"
    for name, before in was["columns"].items():
        after = now["columns"].get(name)
        if after is None or before["kind"] != after["kind"]:
            continue  # that is a change of the code
        nulls = [side["columns"][name]["nulls"] / max(side["rows"], 1) for side in (was, now)]
        if nulls[1] == 0 and fewer == FEWER and nulls[0] * min(was["rows"], now["rows"]) > SEVERAL:
            yield f"{name} was unknown in {nulls[0]:.1%} of the rows, and never is"
        if nulls[1] > nulls[0] + UNKNOWN:
            yield f"{name} was unknown in {nulls[0]:.0%} of the rows, and is in {nulls[1]:.0%}"
        if before["kind"] == "text":
            yield from _gone(name, before, after)
        elif name not in was["key"] and nulls[1] < 1 and now["rows"] < MORE * was["rows"]:
            yield from _other_values(name, before, after)


def _gone(name: str, before: Facts, after: Facts) -> Iterator[str]:
    """Common values that vanished; where all values are told."""
    if after.get("distinct", MOST_VALUES + 1) > MOST_VALUES:
        return
    for value, share in before.get("shares", {}).items():
        if share >= COMMON and value not in after["shares"] and not DATED.search(value):
            yield f"{name} is never {value!r}, and was in {share:.0%} of the rows"


def _other_values(name: str, before: Facts, after: Facts) -> Iterator[str]:
    """A median beside what was there, and a spread or a distance that no season makes."""
    if (
        before["kind"] != "a number"
        or before.get("q05") == before.get("q95")
        or "mean" not in after
    ):
        return
    beside = not before["q05"] <= after["q50"] <= before["q95"]
    wider = max(before["sd"], after["sd"]) > WIDER * min(before["sd"], after["sd"])
    far = abs(after["mean"] - before["mean"]) > FARTHER * before["sd"]
    if beside and (wider or far):
        yield f"{name}: median {change(before['q50'], after['q50'])}: has its unit changed?"


def _of_label(was: Facts, now: Facts) -> Iterator[str]:
    """A label that is other in months that were over; without such months, other on the whole."""
    past = _past(was["months"], now["months"])
    lost = {month: was["months"][month][0] - now["months"][month][0] for month in past}
    rows = sum(was["months"][month][0] for month in past)
    if sum(lost.values()) > max(LOST * rows, SEVERAL):
        worst = max(lost, key=lambda month: lost[month])
        fell = change(rows, rows - sum(lost.values()))
        yield f"{past[0]} to {past[-1]} have {fell} examples, most are lost in {worst}"
    for name in (name for name in was["means"] if name in now["means"]):
        pair, spread = [side["means"][name][0] for side in (was, now)], was["means"][name][1]
        where = "on the whole"
        if past:
            where = f"from {past[0]} to {past[-1]}"
            pair = [_mean(side, past, name) for side in (was, now)]
        elif was["months"]:
            continue  # a season may have moved it
        apart = abs(pair[1] - pair[0])
        error = spread * math.hypot(*(1 / math.sqrt(max(side["rows"], 1)) for side in (was, now)))
        if apart > (MOVED_BEFORE if past else MOVED) * spread and apart > SURE * error:
            yield f"{name} was {change(*pair)} {where}"


def _mean(side: Facts, past: Sequence[str], name: str) -> float:
    """The mean of a label in some months, whose rows may be without one."""
    place = 1 + list(side["means"]).index(name)
    known = [months for month in past if (months := side["months"][month])[place] is not None]
    return float(sum(m[0] * m[place] for m in known) / max(sum(m[0] for m in known), 1))


def _of_score(was: Facts, now: Facts) -> Iterator[str]:
    """The score that decides, half as far from perfect and better by more than chance."""
    for name, before in list(was.items())[:1]:
        after = now.get(name)
        if after is None or None in (*before.values(), *after.values()):
            return
        best = 1.0 if before["sign"] > 0 else 0.0
        far = [before["sign"] * (best - side["score"]) for side in (before, after)]
        surely = (
            after["low"] > before["high"] if before["sign"] > 0 else after["high"] < before["low"]
        )
        if surely and 0 <= far[1] < far[0] / 2:
            scores = change(before["score"], after["score"])
            yield f"{name} {scores}, less than half as far from {best:g}: too good to be true?"
