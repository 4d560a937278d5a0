"""Small changes that a good colleague makes, that raise no error, and that are wrong.

Each replaces a text of a rendered project, once, or changes what its source holds.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

Tables = dict[str, pl.DataFrame]  # all columns as text, as in the source's files


@dataclass(frozen=True)
class Bug:
    """One mistake: its kind, what it is, and the texts in a file of the project that it replaces."""

    kind: str
    what: str
    file: str = ""
    edits: dict[str, str] = field(default_factory=dict)
    more: dict[str, dict[str, str]] = field(default_factory=dict)  # edits of other files
    data: Callable[[Tables], Tables] | None = None  # what the source holds instead


EXAMPLES, FEATURES = (f"src/flight_delay/{n}.py" for n in ("examples", "features"))
BOOSTING = "src/flight_delay/models/boosting.py"
# Of the library: a mistake in it has to be noticed before it gets into any project.
KEEL = "keel/"
SPLIT = f"{KEEL}data/split.py"
INPUTS, PREDICTOR, LINEAR = (f"{KEEL}model/{n}.py" for n in ("inputs", "predictor", "linear"))
METRICS, SCORES = (f"{KEEL}judge/{n}.py" for n in ("metrics/yes_no", "scores"))
TRAIN, EVALUATE = (f"{KEEL}pipeline/{n}.py" for n in ("train", "evaluate"))
BUILDERS = "tests/builders.py"
LATE = "    late = dy.Bool(\n"
LABEL = "        late=Flights.arr_delay.col > LATE_AFTER,\n"
LAST = "    return Examples.temperature.col - Examples.dew_point.col\n"


def new_column(name: str, value: str) -> dict[str, str]:
    """Edits of examples.py that add a column said to be known ahead."""
    column = f'    {name} = dy.Float64(nullable=True, metadata=ahead(), description="minutes")\n'
    return {LATE: column + LATE, LABEL: f"        {name}={value},\n{LABEL}"}


def builder(name: str) -> dict[str, str]:
    """Edits of the tests' builders that give the new column an ordinary value."""
    return {'    "late": False,\n': f'    "{name}": 0.0,\n    "late": False,\n'}


def new_feature(name: str, value: str) -> dict[str, str]:
    """Edits of features.py that add a feature."""
    return {
        LAST: f'{LAST}\n\n@FEATURES.add\ndef {name}() -> pl.Expr:\n    """Minutes."""\n    return {value}\n'
    }


def instead(name: str, value: str) -> dict[str, str]:
    """Edits of features.py that make a plain column a function."""
    return {f'    "{name}",\n': ""} | new_feature(name, value)


def from_month(month: int, frame: pl.DataFrame, column: str, value: pl.Expr) -> pl.DataFrame:
    """The value in place of a column's, from a month of 2013 on."""
    later = pl.col("time_hour") >= f"2013-{month:02d}"
    return frame.with_columns(pl.when(later).then(value).otherwise(column).alias(column))


BUGS = [
    # --- leakage ------------------------------------------------------------------------------
    Bug("leakage", "the delay at departure, said to be known ahead", EXAMPLES,
        new_column("departure_delay", "Flights.dep_delay.col"),
        {FEATURES: new_feature("departure_delay", "Examples.departure_delay.col"),
         BUILDERS: builder("departure_delay")}),
    Bug("leakage", "the label as a feature", FEATURES, new_feature("lateness", "Examples.late.col")),
    Bug("leakage", "how often a carrier is late, over all of the year", EXAMPLES,
        new_column("carrier_delay", 'Flights.arr_delay.col.mean().over("carrier")'),
        {FEATURES: new_feature("carrier_delay", "Examples.carrier_delay.col"),
         BUILDERS: builder("carrier_delay")}),
    Bug("leakage", "a feature less its mean over all rows", FEATURES,
        instead("pressure", "Examples.pressure.col - Examples.pressure.col.mean()")),
    Bug("leakage", "the first day of the test period in both parts", SPLIT,
        {"later if test else later.not_()": "later if test else project.local_day <= split.test_from"}),
    Bug("leakage", "the test period learnt too", TRAIN,
        {"training(store.read_table(store.examples), project, split)": "training(store.read_table(store.examples), project, Split(test_from=split.test_from.replace(month=12)))"}),
    # --- joins --------------------------------------------------------------------------------
    Bug("join", "weather of the destination", EXAMPLES,
        {'            by="origin",\n': '            by_left="destination",\n            by_right="origin",\n'}),
    Bug("join", "aircraft twice in the register", EXAMPLES,
        {'    return planes.select("tailnum", aircraft_built=Planes.year.col)\n':
         '    known = planes.select("tailnum", aircraft_built=Planes.year.col)\n    return pl.concat([known, known])\n'}),
    Bug("join", "weather an hour before it was measured", EXAMPLES,
        {"measured=Weather.time_hour.col,": "measured=Weather.time_hour.col - timedelta(hours=1),"}),
    Bug("join", "inner in place of left", EXAMPLES,
        {'on="tailnum", how="left"': 'on="tailnum", how="inner"'}),
    Bug("join", "the nearest weather, also from later", EXAMPLES,
        {'strategy="backward"': 'strategy="nearest"'}),
    Bug("join", "weather however old", EXAMPLES,
        {"OLDEST_WEATHER = timedelta(hours=3)": "OLDEST_WEATHER = timedelta(days=30)"}),
    # --- time ---------------------------------------------------------------------------------
    Bug("time", "the hour of departure in UTC", FEATURES,
        {"    local = Examples.scheduled_departure.col.dt.convert_time_zone(ZONE)\n": "    local = Examples.scheduled_departure.col\n"}),
    Bug("time", "no daylight saving", FEATURES,
        {"    local = Examples.scheduled_departure.col.dt.convert_time_zone(ZONE)\n": '    local = Examples.scheduled_departure.col.dt.offset_by("-5h")\n'}),
    Bug("time", "the weekday in UTC", FEATURES,
        {"Examples.scheduled_departure.col.dt.convert_time_zone(ZONE).dt.weekday()": "Examples.scheduled_departure.col.dt.weekday()"}),
    Bug("time", "rows in the order of carriers", EXAMPLES,
        {'        .sort("decision_time", "carrier", "flight_number")\n': '        .sort("carrier", "flight_number", "decision_time")\n'}),
    Bug("time", "a split at random", SPLIT,
        {"later = project.local_day >= split.test_from": "later = project.local_day.dt.day() % 2 == 1"}),
    Bug("time", "the decision at departure", EXAMPLES, {"NOTICE = timedelta(hours=2)": "NOTICE = timedelta(hours=0)"}),
    Bug("time", "clock times read as minutes", EXAMPLES, {"hhmm // 100 * 60 + hhmm % 100": "hhmm * 1"}),
    # --- units and scales ---------------------------------------------------------------------
    Bug("unit", "degrees Celsius", EXAMPLES, {"temperature=Weather.temp.col,": "temperature=(Weather.temp.col - 32) * 5 / 9,"}),
    Bug("unit", "wind in knots", EXAMPLES,
        {'        "wind_speed",\n        "pressure",\n': '        "pressure",\n        wind_speed=Weather.wind_speed.col * 0.869,\n'}),
    Bug("unit", "late by hours", EXAMPLES, {"LATE_AFTER = 15  # minutes": "LATE_AFTER = 15 / 60  # hours"}),
    Bug("unit", "visibility in kilometres", FEATURES, instead("visibility", "Examples.visibility.col * 1.609")),
    Bug("unit", "minutes as hours", EXAMPLES,
        {"pl.duration(minutes=Flights.sched_dep_time.col % 100)": "pl.duration(hours=Flights.sched_dep_time.col % 100)"}),
    # --- nulls --------------------------------------------------------------------------------
    Bug("null", "an unknown age is 0", FEATURES,
        {"Examples.scheduled_departure.col.dt.year() - Examples.aircraft_built.col": "(Examples.scheduled_departure.col.dt.year() - Examples.aircraft_built.col).fill_null(0)"}),
    Bug("null", "flights without a known aircraft dropped", EXAMPLES,
        {"        .select(Examples.column_names())\n": '        .drop_nulls("aircraft_built")\n        .select(Examples.column_names())\n'}),
    Bug("null", "999 for an unknown visibility", EXAMPLES,
        {"visibility=Weather.visib.col,": "visibility=Weather.visib.col.fill_null(999),"}),
    Bug("null", "a null is 0 for the trees", BOOSTING, {".fill_null(np.nan).to_numpy()": ".fill_null(0).to_numpy()"}),
    # --- categories ---------------------------------------------------------------------------
    Bug("category", "other codes when predicting", PREDICTOR,
        {"        return model_inputs(self.features, examples, self.known)\n": "        known = {name: values[::-1] for name, values in self.known.items()}\n        return model_inputs(self.features, examples, known)\n"}),
    Bug("category", "an unseen one is the first one", INPUTS,
        {"pl.col(name).cast(pl.Enum(values), strict=False) for": "pl.col(name).cast(pl.Enum(values), strict=False).fill_null(values[0]) for"}),
    Bug("category", "codes by what the rows happen to have", PREDICTOR,
        {"        return model_inputs(self.features, examples, self.known)\n": "        known = {name: examples[name].unique().sort().to_list() for name in self.known}\n        return model_inputs(self.features, examples, known)\n"}),
    # --- labels -------------------------------------------------------------------------------
    Bug("label", "inverted", EXAMPLES, {"late=Flights.arr_delay.col > LATE_AFTER": "late=Flights.arr_delay.col <= LATE_AFTER"}),
    Bug("label", "fifteen minutes is late", EXAMPLES, {"late=Flights.arr_delay.col > LATE_AFTER": "late=Flights.arr_delay.col >= LATE_AFTER"}),
    Bug("label", "cancelled counts as on time", EXAMPLES,
        {"late=Flights.arr_delay.col > LATE_AFTER": "late=(Flights.arr_delay.col > LATE_AFTER).fill_null(value=False)"}),
    Bug("label", "late at departure, not at arrival", EXAMPLES, {"late=Flights.arr_delay.col > LATE_AFTER": "late=Flights.dep_delay.col > LATE_AFTER"}),
    # --- training -----------------------------------------------------------------------------
    Bug("training", "the target shuffled", BOOSTING, {"label.to_physical().to_numpy()": "label.shuffle(seed=1).to_physical().to_numpy()"}),
    Bug("training", "a constant feature", FEATURES, instead("humidity", "pl.lit(50.0)")),
    Bug("training", "the intercept lost", LINEAR, {"            intercepts.tolist(),\n": "            [0.0] * len(intercepts),\n"}),
    Bug("training", "weights of categories lost", LINEAR,
        {"return_dtype=pl.Float64)\n": "return_dtype=pl.Float64) * 0\n"}),
    Bug("training", "the seed not used", BOOSTING,
        {'            "seed": self.seed,\n': '            "seed": np.random.default_rng().integers(1000),\n            "bagging_fraction": 0.8,\n            "bagging_freq": 1,\n'}),
    Bug("training", "ten trees, whatever is set", BOOSTING, {"data, self.trees, callbacks": "data, min(self.trees, 10), callbacks"}),
    # --- evaluation ---------------------------------------------------------------------------
    Bug("evaluation", "ties count as right", METRICS, {"axis=1) - counts.negative / 2": "axis=1)"}),
    Bug("evaluation", "precision from the wrong end", METRICS,
        {"    hits = np.cumsum(counts.positive[:, ::-1], axis=1)\n": "    hits = np.cumsum(counts.positive, axis=1)\n"}),
    Bug("evaluation", "logarithm to base 2", METRICS, {"counts.positive * np.log(probability)": "counts.positive * np.log2(probability)"}),
    Bug("evaluation", "the unknown ones left out of slices", SCORES,
        {'            yield name, "unknown" if value is None else str(value), rows\n': "            if value is not None:\n                yield name, str(value), rows\n"}),
    Bug("evaluation", "the best that it might be against the floor", SCORES,
        {"short = metric.sign * (floor - score.score)": "short = metric.sign * (floor - (score.high or 0))"}),
    Bug("evaluation", "slices not judged", SCORES, {"large = whole or score.rows >= settings.smallest_slice": "large = whole"}),
    Bug("evaluation", "the baseline is the model itself", EVALUATE, {"simple = load(store, project, settings.baseline, store.baseline)": "simple = load(store, project, settings.model, store.model)"}),
    Bug("evaluation", "calibration without its sign", METRICS,
        {"np.abs(np.add.reduceat(surplus, starts, axis=1)).sum(axis=1)": "np.add.reduceat(surplus, starts, axis=1).sum(axis=1)"}),
    # --- serving ------------------------------------------------------------------------------
    Bug("serving", "other features than in training", PREDICTOR,
        {"        return model_inputs(self.features, examples, self.known)\n": "        return model_inputs(self.features, examples, self.known).fill_null(0)\n"}),
    Bug("serving", "a default for an unknown year of building", PREDICTOR,
        {"        return model_inputs(self.features, examples, self.known)\n": "        return model_inputs(self.features, examples.with_columns(pl.col('aircraft_built').fill_null(2000)), self.known)\n"}),
    Bug("serving", "the class in place of the probability", BOOSTING,
        {"        return np.asarray(self.booster.predict(matrix(features)), dtype=np.float64)\n": "        return (np.asarray(self.booster.predict(matrix(features))) > 0.5).astype(np.float64)\n"}),
    Bug("serving", "log-odds in place of the probability", BOOSTING, {"predict(matrix(features))": "predict(matrix(features), raw_score=True)"}),
    Bug("serving", "the probability of being on time", LINEAR, {"np.exp(-single)": "np.exp(single)"}),
    # --- data ---------------------------------------------------------------------------------
    Bug("data", "a month missing", data=lambda t: t | {"flights": t["flights"].filter(pl.col("month") != "3")}),
    Bug("data", "rows twice", data=lambda t: t | {"flights": pl.concat([t["flights"], t["flights"][::40]])}),
    Bug("data", "a sensor stuck", data=lambda t: t | {"weather": from_month(8, t["weather"], "humid", pl.lit("58.35"))}),
    Bug("data", "another unit from July on", data=lambda t: t | {"weather": from_month(7, t["weather"], "pressure", (pl.col("pressure").cast(pl.Float64, strict=False) * 0.75).cast(pl.String))}),
    Bug("data", "a carrier's new code", data=lambda t: t | {"flights": from_month(9, t["flights"], "carrier", pl.col("carrier").replace("UA", "U2"))}),
    Bug("data", "a sensor that says nothing any more", data=lambda t: t | {"weather": from_month(8, t["weather"], "humid", pl.lit("NA"))}),
]  # fmt: skip
