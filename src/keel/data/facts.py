"""The facts of a frame, column by column: small, and without a row of it.

They are JSON, and the same on every machine but for the last digits. Of a personal column they say
only how much is unknown and how its values lie among the rows, which tells none of them.
"""

import json
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from keel.data.split import share

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
SOME = 20_000  # rows, about, evenly spread, tell the quantiles
MOST_VALUES = 200  # of text, that are counted
FEW = 5  # a value of fewer rows may be somebody's
TOLERANCE = 1e-6  # of the spread: what platforms add up differently is far less
UNKNOWN = 3.0  # spreads from the mean, for a value that is not known
START = datetime(1970, 1, 1, tzinfo=UTC)
Facts = Mapping[str, Any]


def facts(
    frame: pl.DataFrame,
    personal: Collection[str] = (),
    *,
    key: Sequence[str] | None = None,
    most: int = MOST_VALUES,
) -> dict[str, dict[str, Any]]:
    """By column: its kind, how many are unknown; mean, spread and quantiles, or common values.

    With a key there is a fingerprint, which changes when values change places: their mean, each
    weighted by a hash of the row's key. An empty key is for rows that nothing tells apart: weights
    are what stands beside the value. At most so many values of text are told.
    """
    numbers = frame.select(_number(column) for column in frame)
    told = {c.name: {"kind": _kind(c.dtype), "nulls": c.null_count()} for c in frame}
    shown = {name: told[name]["kind"] for name in frame.columns if name not in personal}
    measured = [name for name, kind in shown.items() if kind not in ("text", "other")]
    if measured:
        some = numbers.gather_every(max(1, len(numbers) // SOME)).select(map(_quantiles, measured))
        for sums in (numbers.select(map(_sums, measured)), some):
            for name, values in sums.row(0, named=True).items():
                told[name] |= {key: rounded(value or 0.0) for key, value in values.items()}
    for name in (name for name, kind in shown.items() if kind == "text"):
        told[name] |= _counted(frame[name], most)
    if key is not None:
        for name, value in _fingerprints(frame, numbers, key):
            told[name]["fingerprint"] = rounded(value)
    return told


def differences(before: Facts, after: Facts, rows: int, key: Sequence[str]) -> dict[str, str]:
    """What differs of each column that both have, in words, the most telling first.

    Values that changed places are told only while what tells the rows apart is the same.
    """
    common = [name for name in before if name in after]
    found = {name: list(_differ(before[name], after[name], rows)) for name in common}
    if not any(found.get(name) for name in key or common):
        for name in (name for name in common if not found[name]):
            apart = abs(before[name]["fingerprint"] - after[name]["fingerprint"])
            if apart > TOLERANCE:
                found[name] = [(apart, "the same values, in other rows")]
    worst = sorted(filter(found.get, common), key=lambda name: -max(found[name])[0])
    return {
        name: ", ".join(words for _, words in sorted(found[name], reverse=True)[:2])
        for name in worst
    }


def as_text(content: Any, levels: int) -> str:
    """JSON with a line for each entry down to some level, so that a change is easy to read."""
    if not (levels and content and isinstance(content, dict)):
        return json.dumps(content, ensure_ascii=False)
    entries = (f"{json.dumps(name)}: {as_text(each, levels - 1)}" for name, each in content.items())
    return "{\n" + textwrap.indent(",\n".join(entries), "  ") + "\n}"


def change(before: float, after: float) -> str:
    """Two numbers, with as many digits as show that they differ."""
    texts = ["", ""]
    for digits in range(3, 12):
        texts = [f"{float(f'{value:.{digits}g}'):,}" for value in (before, after)]
        if texts[0] != texts[1]:
            break
    return " → ".join(text.removesuffix(".0") for text in texts)


def _differ(before: Facts, after: Facts, rows: int) -> Iterator[tuple[float, str]]:
    """How telling each difference is, and what it is."""
    if before["kind"] != after["kind"]:
        yield 99.0, f"{after['kind']}, and was {before['kind']}"
        return
    if before["nulls"] != after["nulls"]:
        more = abs(before["nulls"] - after["nulls"]) / max(rows, 1)
        yield 10 * more, f"unknown in {before['nulls']:,} → {after['nulls']:,}"
    if "mean" in before and "mean" in after:
        yield from _numbers_differ(before, after)
    if "shares" in before and "shares" in after:
        yield from _shares_differ(before, after)


def _numbers_differ(before: Facts, after: Facts) -> Iterator[tuple[float, str]]:
    scale = max(before["sd"], 1e-6 * abs(before["mean"])) or 1.0
    names = ("mean",) if before["kind"] == "yes or no" else ("mean", "sd", *QUANTILES)
    for name in names:
        apart = abs(after[name] - before[name]) / scale
        if apart > TOLERANCE:  # the mean says most to people, a quantile least
            yield apart * {"mean": 5, "sd": 2}.get(name, 1), _told(name, before, after)


def _told(name: str, before: Facts, after: Facts) -> str:
    values, kind = (before[name], after[name]), before["kind"]
    if kind == "yes or no":
        return f"true in {change(100 * values[0], 100 * values[1])} %"
    words = {"mean": name, "sd": "spread", "q50": "median"}.get(
        name
    ) or f"{int(name[1:])} % quantile"
    if kind not in ("day", "moment") or name == "sd":
        return f"{words} {change(*values)}"
    seconds, form = (86_400, "%Y-%m-%d") if kind == "day" else (1, "%Y-%m-%d %H:%M:%S")
    one, other = (START + timedelta(seconds=value * seconds) for value in values)
    return f"{words} {one:{form}} → {other:{form}}"


def _shares_differ(before: Facts, after: Facts) -> Iterator[tuple[float, str]]:
    was, now = before["shares"], after["shares"]
    moved = {name: abs(was.get(name, 0) - now.get(name, 0)) for name in sorted({*was, *now})}
    most = max(moved, key=lambda name: moved[name], default="")
    if moved.get(most, 0) > TOLERANCE:
        shares = change(100 * was.get(most, 0), 100 * now.get(most, 0))
        yield 5 * moved[most], f"{most!r} in {shares} %"
    elif before["distinct"] != after["distinct"]:
        yield 0.01, f"{before['distinct']:,} → {after['distinct']:,} different values"


def _kind(dtype: pl.DataType) -> str:
    if dtype == pl.Boolean:
        return "yes or no"
    if dtype in (pl.Date, pl.Datetime):
        return "day" if dtype == pl.Date else "moment"
    if dtype.is_numeric() or dtype.is_temporal():
        return "a number"
    return "text" if dtype in (pl.String, pl.Enum, pl.Categorical) else "other"


def _number(column: pl.Series) -> pl.Expr:
    """The column as numbers, such as days and seconds; of what is none whether it is known."""
    value, dtype = pl.col(column.name), column.dtype
    if dtype == pl.Datetime:
        return value.dt.epoch("us").cast(pl.Float64) / 1e6
    if dtype.is_numeric() or dtype.is_temporal() or dtype == pl.Boolean:
        number = (value.to_physical() if dtype.is_temporal() else value).cast(pl.Float64)
        return pl.when(number.is_finite()).then(number).alias(column.name)
    return pl.when(value.is_not_null()).then(1.0).alias(column.name)


def _sums(name: str) -> pl.Expr:
    value = pl.col(name)
    return pl.struct(value.mean().alias("mean"), value.std(ddof=0).alias("sd")).alias(name)


def _quantiles(name: str) -> pl.Expr:
    at = [pl.col(name).quantile(at, "nearest").alias(key) for key, at in QUANTILES.items()]
    return pl.struct(at).alias(name)


def _counted(column: pl.Series, most: int) -> dict[str, Any]:
    """How many different values there are, and what share of the rows the commonest have."""
    counts = column.drop_nulls().cast(pl.String).rename("value").value_counts()
    often = counts.filter(pl.col("count") >= FEW)
    common = often.sort("count", "value", descending=[True, False])[:most]
    shares = {value: rounded(count / len(column)) for value, count in common.iter_rows()}
    return {"distinct": len(counts), "shares": shares}


def _fingerprints(
    frame: pl.DataFrame, numbers: pl.DataFrame, key: Sequence[str]
) -> Iterator[tuple[str, float]]:
    values = {
        column.name: _hashed(column) if _kind(column.dtype) == "text" else numbers[column.name]
        for column in frame
    }
    spread = {name: _standardised(value.to_numpy()) for name, value in values.items()}
    if key:
        weights = np.array([share(row) for row in frame.select(key).iter_rows()])
    else:
        weights = np.sum([share((name,)) * value for name, value in spread.items()], axis=0)
    for name, value in spread.items():
        yield name, float(np.mean(value * weights)) if len(value) else 0.0


def _hashed(texts: pl.Series) -> pl.Series:
    """A number from 0 to 1 for each text."""
    known = texts.cast(pl.String)
    hashes = {text: share((text,)) for text in known.drop_nulls().unique()}
    return known.replace_strict(hashes, default=None, return_dtype=pl.Float64)


def _standardised(values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    """Spreads from the mean, which units don't change."""
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(values), UNKNOWN)
    centred = values - values[known].mean()
    sd = centred[known].std()
    least = 1e-9 * max(abs(values[known]).max(), 1e-300)  # a constant has rounding for a spread
    return np.where(known, centred / sd if sd > least else 0.0, UNKNOWN)


def rounded(value: float) -> float:
    """Ten digits, since the last ones may differ between machines."""
    return float(f"{value:.10g}")
