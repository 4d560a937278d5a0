"""Mistakes in the code of projects that `keel start` made: one predicts a number, one classes."""

from bug import CLASSES, NUMBER, Bug


def files(package: str) -> tuple[str, ...]:
    names = ("examples", "features", "models/boosting")
    return tuple(f"src/{package}/{name}.py" for name in names)


EXAMPLES, FEATURES, BOOSTING = files("hourly")
BUILD = 'tables["hourly"].select(Examples.column_names()).sort("time_hour", "origin")'
OBJECTIVE = 'objective: dict[str, object] = {"objective": "regression"}'
PENGUIN_EXAMPLES, PENGUIN_FEATURES, PENGUIN_BOOSTING = files("penguins")
PENGUINS = 'tables["penguins"].select(Examples.column_names()).sort(Examples.column_names())'
BOOSTER = "        return np.asarray(self.booster.predict(matrix(features)), dtype=np.float64)\n"


def built(what: str) -> str:
    """The hourly rows with something done to them."""
    return f'tables["hourly"]{what}.select(Examples.column_names()).sort("time_hour", "origin")'


def penguins(what: str) -> str:
    """The penguins with something done to them."""
    return f'tables["penguins"]{what}.select(Examples.column_names()).sort(Examples.column_names())'


def number(kind: str, what: str, cause: str, file: str, *edit: str) -> Bug:
    """A mistake in the project for a number: old and new texts in turn."""
    return Bug(NUMBER, kind, what, cause, {file: dict(zip(edit[::2], edit[1::2], strict=True))})


def classes(kind: str, what: str, cause: str, file: str, *edit: str) -> Bug:
    """A mistake in the project for classes."""
    return Bug(CLASSES, kind, what, cause, {file: dict(zip(edit[::2], edit[1::2], strict=True))})


def looks_back(name: str, value: str) -> dict[str, dict[str, str]]:
    """A column of the hourly examples that is said to be known ahead, and a feature."""
    head = '    """What is known of a row of `hourly`, and temp, which is predicted."""\n'
    return {
        EXAMPLES: {
            head: f"{head}\n    {name} = dy.Float64(nullable=True, metadata=ahead())\n",
            BUILD: built(f".with_columns({name}={value})"),
            "import polars as pl\nfrom keel import Tables\n": "import dataframely as dy\nimport polars as pl\nfrom keel import Tables, ahead\n",
        },
        FEATURES: {'    "humid",\n': f'    "humid",\n    "{name}",\n'},
        "tests/builders.py": {
            "EXAMPLE: dict[str, Any] = {\n": f'EXAMPLE: dict[str, Any] = {{\n    "{name}": 50.0,\n'
        },
    }


BUGS = [
    Bug(NUMBER, "leakage", "the temperature an hour later", "near_temp|later",
        looks_back("near_temp", 'pl.col("temp").shift(-1).over("origin", order_by="time_hour")')),
    Bug(NUMBER, "leakage", "the mean temperature of the day", "day_temp",
        looks_back("day_temp", 'pl.col("temp").mean().over("origin", pl.col("time_hour").dt.date())')),
    number("unit", "degrees Celsius in place of Fahrenheit", "temp", EXAMPLES, BUILD, built('.with_columns((pl.col("temp") - 32) * 5 / 9)')),
    number("label", "that of another airport at the same time", "temp", EXAMPLES, BUILD,
           built('.with_columns(pl.col("temp").reverse().over("time_hour"))')),
    number("rows", "one airport for each hour", "examples|origin|rows", EXAMPLES, BUILD, built('.unique("time_hour", keep="first", maintain_order=True)')),
    number("rows", "hours with rain left out", "examples|precip|rows", EXAMPLES, BUILD, built('.filter(pl.col("precip") == 0)')),
    number("null", "an unknown pressure is the last one", "pressure", EXAMPLES, BUILD, built('.with_columns(pl.col("pressure").forward_fill())')),
    number("time", "the hour of the clock in New York, called UTC", "time_hour", EXAMPLES, BUILD,
           built('.with_columns(pl.col("time_hour").dt.convert_time_zone("America/New_York").dt.replace_time_zone(None).dt.replace_time_zone("UTC", ambiguous="earliest"))')),
    number("feature", "the week in place of the weekday", "weekday", FEATURES, ".dt.weekday()", ".dt.week()"),
    number("training", "a quantile in place of the mean", "mean|bias|numbers", BOOSTING, OBJECTIVE,
           'objective: dict[str, object] = {"objective": "quantile", "alpha": 0.8}'),
    number("serving", "never below freezing", "mean|numbers|learn|high", BOOSTING, BOOSTER,
           "        return np.maximum(np.asarray(self.booster.predict(matrix(features)), dtype=np.float64), 32)\n"),
    number("settings", "what is written for unknown taken for text", "NA|nulls|dtype|pressure", "conf/data/full.yaml", "nulls: ['', NA]", "nulls: ['']"),
    classes("label", "two species the wrong way round", "species", PENGUIN_EXAMPLES, PENGUINS,
            penguins('.with_columns(pl.col("species").cast(pl.String).replace({"Gentoo": "Chinstrap", "Chinstrap": "Gentoo"}))')),
    classes("label", "all those of one island are of one species", "species", PENGUIN_EXAMPLES, PENGUINS,
            penguins('.with_columns(species=pl.when(pl.col("island") == "Dream").then(pl.lit("Chinstrap")).otherwise(pl.col("species").cast(pl.String)))')),
    classes("null", "rows with anything unknown dropped", "examples|rows", PENGUIN_EXAMPLES, PENGUINS, penguins(".drop_nulls()")),
    classes("rows", "one of those that weigh and measure the same", "examples|rows", PENGUIN_EXAMPLES, PENGUINS,
            penguins('.unique(["island", "body_mass_g"], keep="first", maintain_order=True)')),
    classes("unit", "the bill in centimetres in one year", "bill_length", PENGUIN_EXAMPLES, PENGUINS,
            penguins('.with_columns(bill_length_mm=pl.when(pl.col("year") == 2009).then(pl.col("bill_length_mm") / 10).otherwise("bill_length_mm"))')),
    classes("feature", "the depth of the bill as its length", "bill_length", PENGUIN_EXAMPLES, PENGUINS,
            penguins('.with_columns(bill_length_mm=pl.col("bill_depth_mm"))')),
    classes("serving", "the classes in another order", "learn|balanced accuracy|class", PENGUIN_BOOSTING, BOOSTER,
            "        predicted = np.asarray(self.booster.predict(matrix(features)), dtype=np.float64)\n        return predicted[..., ::-1] if predicted.ndim > 1 else predicted\n"),
]  # fmt: skip
