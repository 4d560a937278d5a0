"""Mistakes in the code of the example, which predicts yes or no."""

from bug import FLIGHTS, Bug

EXAMPLES, FEATURES, TABLES, BOOSTING = (
    f"src/flight_delay/{name}.py" for name in ("examples", "features", "tables", "models/boosting")
)
BUILDERS = "tests/builders.py"
LATE = "    late = dy.Bool(\n"
IS_LATE = "late=Flights.arr_delay.col > LATE_AFTER"
LABEL = f"        {IS_LATE},\n"
LAST = "    return Examples.temperature.col - Examples.dew_point.col\n"
ORDER = '        .sort("decision_time", "carrier", "flight_number")\n'
LOCAL_HOUR = "    local = Examples.scheduled_departure.col.dt.convert_time_zone(ZONE)\n"


def leak(name: str, value: str) -> dict[str, dict[str, str]]:
    """A column of the examples that is said to be known ahead, and a feature of it."""
    column = f'    {name} = dy.Float64(nullable=True, metadata=ahead(), description="minutes")\n'
    return {
        EXAMPLES: {LATE: column + LATE, LABEL: f"        {name}={value},\n{LABEL}"},
        FEATURES: feature(name, f"Examples.{name}.col"),
        BUILDERS: {'    "late": False,\n': f'    "{name}": 0.0,\n    "late": False,\n'},
    }


def feature(name: str, value: str) -> dict[str, str]:
    """Edits of features.py that add a feature."""
    new = f'\n\n@FEATURES.add\ndef {name}() -> pl.Expr:\n    """Minutes."""\n    return {value}\n'
    return {LAST: LAST + new}


def instead(name: str, value: str) -> dict[str, dict[str, str]]:
    """A feature that is a function, and no longer the plain column."""
    return {FEATURES: {f'    "{name}",\n': ""} | feature(name, value)}


def bug(kind: str, what: str, cause: str, file: str, *edit: str) -> Bug:
    """A mistake in one file: old and new texts in turn."""
    return Bug(FLIGHTS, kind, what, cause, {file: dict(zip(edit[::2], edit[1::2], strict=True))})


BUGS = [
    # --- leakage ------------------------------------------------------------------------------
    Bug(FLIGHTS, "leakage", "the delay at departure, said to be known ahead", "departure_delay|dep_delay",
        leak("departure_delay", "Flights.dep_delay.col")),
    Bug(FLIGHTS, "leakage", "how often a carrier is late, over all of the year", "carrier_delay",
        leak("carrier_delay", 'Flights.arr_delay.col.mean().over("carrier")')),
    Bug(FLIGHTS, "leakage", "the delay of the aircraft's flight before, which may still be in the air", "last_delay|arr_delay",
        leak("last_delay", 'Flights.arr_delay.col.shift(1).over("tailnum", order_by="time_hour")')),
    Bug(FLIGHTS, "leakage", "how many of the airport's flights are cancelled on that day", "cancelled|arr_delay",
        leak("cancelled", 'Flights.arr_delay.col.is_null().mean().over("origin", Flights.time_hour.col.dt.date())')),
    Bug(FLIGHTS, "leakage", "when it arrived, from a column that is said to be known ahead", "arrived|arr_time",
        {TABLES: {"    tailnum = dy.String(nullable=True, metadata=ahead(), description=\"the aircraft's registration\")\n":
                  "    tailnum = dy.String(nullable=True, metadata=ahead(), description=\"the aircraft's registration\")\n"
                  '    arr_time = dy.Int16(nullable=True, metadata=ahead(), description="local time, hhmm")\n'},
         **leak("arrived", "minute_of_day(Flights.arr_time.col) - minute_of_day(Flights.sched_arr_time.col)"),
         BUILDERS: {'    "late": False,\n': '    "arrived": 0.0,\n    "late": False,\n',
                    '        "arr_delay": 0,\n': '        "arr_time": 1345,\n        "arr_delay": 0,\n'}}),
    # --- joins --------------------------------------------------------------------------------
    bug("join", "weather of the destination", "weather|temperature|humidity|wind_speed|pressure", EXAMPLES,
        '            by="origin",\n', '            by_left="destination",\n            by_right="origin",\n'),
    bug("join", "weather of whichever airport measured last", "weather|temperature|humidity|wind_speed|pressure|order of rows", EXAMPLES,
        '            by="origin",\n', "",
        "            weather,\n", '            weather.drop("origin"),\n'),
    bug("join", "weather with the latest first, which a join as of a time can't use", "weather|temperature|humidity|wind_speed|pressure", EXAMPLES,
        '.sort("measured")', '.sort("measured", descending=True)'),
    bug("join", "the nearest weather, also from later", "weather|temperature|humidity|wind_speed|pressure", EXAMPLES,
        'strategy="backward"', 'strategy="nearest"'),
    bug("join", "aircraft by another form of their number", "aircraft|planes|tailnum", EXAMPLES,
        '        "tailnum",\n        scheduled', '        scheduled',
        "        flight_number=Flights.flight.col,\n", '        tailnum=Flights.tailnum.col.str.strip_prefix("N"),\n        flight_number=Flights.flight.col,\n'),
    bug("join", "flights without a known aircraft lost in the join", "aircraft|planes|rows|examples", EXAMPLES,
        'on="tailnum", how="left"', 'on="tailnum", how="inner"'),
    # --- time ---------------------------------------------------------------------------------
    bug("time", "the hour of departure in UTC", "departure_hour", FEATURES, LOCAL_HOUR, "    local = Examples.scheduled_departure.col\n"),
    bug("time", "the decision at departure", "decision_time|at the decision", EXAMPLES, "NOTICE = timedelta(hours=2)", "NOTICE = timedelta(hours=0)"),
    bug("time", "clock times read as minutes", "arrival_minute|arrival_hour", EXAMPLES, "hhmm // 100 * 60 + hhmm % 100", "hhmm * 6 // 10"),
    # --- units and scales ---------------------------------------------------------------------
    bug("unit", "degrees Celsius at one airport", "temperature", EXAMPLES, "temperature=Weather.temp.col,",
        'temperature=pl.when(Weather.origin.col == "JFK").then((Weather.temp.col - 32) * 5 / 9).otherwise(Weather.temp.col),'),
    bug("unit", "the dew point less the temperature", "dew_point_spread", FEATURES, LAST, "    return Examples.dew_point.col - Examples.temperature.col\n"),
    bug("unit", "minutes of the departure as hours", "departure|decision_time", EXAMPLES,
        "pl.duration(minutes=Flights.sched_dep_time.col % 100)", "pl.duration(hours=Flights.sched_dep_time.col % 100 // 12)"),
    # --- nulls --------------------------------------------------------------------------------
    bug("null", "an unknown age is 0", "aircraft_age", FEATURES, "    return Examples.scheduled_departure.col.dt.year() - Examples.aircraft_built.col\n",
        "    return (Examples.scheduled_departure.col.dt.year() - Examples.aircraft_built.col).fill_null(0)\n"),
    bug("null", "unknown pressure is that of the hour after", "pressure", EXAMPLES, '        "pressure",\n        measured=',
        '        pressure=Weather.pressure.col.backward_fill().over("origin", order_by="time_hour"),\n        measured='),
    bug("null", "a null is 0 for the trees", "unknown", BOOSTING, ".fill_null(np.nan)).to_numpy()", ".fill_null(0)).to_numpy()"),
    # --- labels -------------------------------------------------------------------------------
    bug("label", "inverted", "late", EXAMPLES, IS_LATE, "late=Flights.arr_delay.col <= LATE_AFTER"),
    bug("label", "fifteen minutes is late", "late|fifteen", EXAMPLES, IS_LATE, "late=Flights.arr_delay.col >= LATE_AFTER"),
    bug("label", "cancelled counts as on time", "late|arrive", EXAMPLES, IS_LATE, "late=(Flights.arr_delay.col > LATE_AFTER).fill_null(value=False)"),
    bug("label", "late at departure, not at arrival", "late", EXAMPLES, IS_LATE, "late=Flights.dep_delay.col > LATE_AFTER"),
    bug("label", "early counts as late", "late|early", EXAMPLES, IS_LATE, "late=Flights.arr_delay.col.abs() > LATE_AFTER"),
    bug("label", "that of the row before", "late", EXAMPLES, IS_LATE, "late=(Flights.arr_delay.col > LATE_AFTER).shift(1)"),
    # --- training and settings ----------------------------------------------------------------
    bug("training", "the target shuffled", "AUC|label|learn", BOOSTING, "label.to_physical().to_numpy()", "label.shuffle(seed=1).to_physical().to_numpy()"),
    bug("training", "ten trees, whatever is set", "trees", BOOSTING, "data, self.trees, callbacks", "data, min(self.trees, 10), callbacks"),
    bug("training", "leaves and rows per leaf the wrong way round", "leaves|rows_per_leaf", BOOSTING,
        '"num_leaves": self.leaves', '"num_leaves": self.rows_per_leaf', '"min_data_in_leaf": self.rows_per_leaf', '"min_data_in_leaf": self.leaves'),
    bug("training", "a tenth of the learning rate", "learning_rate", BOOSTING, '"learning_rate": self.learning_rate', '"learning_rate": self.learning_rate / 10'),
    bug("training", "late flights count four times", "probabilit|mean|calibration", BOOSTING, '            "verbosity": -1,\n', '            "verbosity": -1,\n            "scale_pos_weight": 4.0,\n'),
    bug("training", "every second row learnt", "learn|rows|model", BOOSTING,
        "            matrix(features),\n            label.to_physical()", "            matrix(features.gather_every(2)),\n            label.gather_every(2).to_physical()"),
]  # fmt: skip
