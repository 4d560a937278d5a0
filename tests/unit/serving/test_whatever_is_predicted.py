"""The service of each task, with a time, a date, or none."""

import io
import json
import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest
import structlog
from tasks import LABELS, TIMES, orders, task_project, task_settings, task_store

from keel import Features, Project, Tables, afterwards, ahead, measured
from keel.data.store import Store
from keel.model.predictor import in_use
from keel.pipeline.flow import flow
from keel.project.errors import UserError
from keel.serving import log, logged
from keel.serving.app import application
from keel.serving.examples.alone import check_rows_alone
from keel.serving.service import Service

with warnings.catch_warnings():  # it asks for another client than the one that is installed
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

STAGES = ("ingest", "validate", "prepare", "train")
CLASSES = ["home", "office", "shop", "box"]
ROW = {"order": 7, "town": "Bern", "weight": 5.0}
DAY = {"time": "2025-04-01T12:00:00Z", "date": "2025-04-01"}


def trained(project: Project, folder: Path) -> Store:
    """A run up to a model."""
    store = task_store(folder)
    flow(project, task_settings(project, folder / "source"), store, date(2025, 4, 1), STAGES)
    return store


def client(project: Project, store: Store) -> TestClient:
    app = application(Service(store, project), {"name": "Test", "purpose": "Is a test."})
    return TestClient(app, raise_server_exceptions=False)


class Asked:
    """A service of one task that tests ask, with its log."""

    def __init__(self, kind: str, time: str | None, folder: Path) -> None:
        self.project = task_project(kind, time)
        self.store = trained(self.project, folder)
        self.row = ROW | ({"day": DAY[time]} if time else {})
        self.client = client(self.project, self.store)

    def post(self, path: str, content: Any) -> Any:
        return self.client.post(path, json=content)

    @property
    def schemas(self) -> Any:
        return self.client.get("/openapi.json").json()["components"]["schemas"]


Served = Callable[[str], Asked]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The service of a task, without a time; there is one of each."""
    return cache(lambda kind: Asked(kind, None, tmp_path_factory.mktemp("asked")))


@pytest.fixture(params=LABELS)
def asked(request: pytest.FixtureRequest, served: Served) -> Asked:
    """The service of each task in turn."""
    return served(request.param)


@pytest.fixture
def said() -> io.StringIO:
    """What the service logs."""
    lines = io.StringIO()
    structlog.configure(
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    return lines


# --- Answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("kind", LABELS)
def test_a_row_is_answered_alone_and_among_others_as_the_model_predicts(
    kind: str, time: str, tmp_path: Path
) -> None:
    asked = Asked(kind, time, tmp_path)
    stored = orders(asked.project).head(30)
    task, model = asked.project.task, in_use(asked.store, asked.project).predictor
    rows = json.loads(stored.drop("outcome").write_json())
    for row in rows:
        row["day"] = DAY[time]

    several = asked.post("/predict/batch", {"rows": rows}).json()["predictions"]
    alone = asked.post("/predict", rows[3]).json()

    fields = ["key", *task.fields, "unseen", "unmeasured"]
    expected = task.answers(model.predict(stored))
    assert [{name: row[name] for name in task.fields} for row in several] == expected
    assert {name: alone[name] for name in fields} == several[3]
    told = logged.predictions(asked.store.root, asked.project).collect()
    assert told["prediction"].dtype == task.dtype
    assert told["prediction"].head(30).equals(model.predict(stored))


def test_an_answer_has_what_its_description_says(asked: Asked) -> None:
    answer = asked.post("/predict", asked.row).json()

    described = asked.schemas["Answer"]
    assert answer.keys() == described["properties"].keys()
    assert set(described["required"]) == answer.keys()
    assert answer["key"] == {"order": 7}


def test_a_probability_is_described_from_0_to_1(served: Served) -> None:
    described = served("yes or no").schemas["Answer"]["properties"]["probability"]

    assert (described["type"], described["minimum"], described["maximum"]) == ("number", 0, 1)


def test_classes_are_described_each_with_its_probability(served: Served) -> None:
    asked = served("one of several")
    schemas = asked.schemas

    answer = asked.post("/predict", asked.row).json()

    assert schemas["Answer"]["properties"]["prediction"]["enum"] == CLASSES
    shares = schemas["Probabilities"]
    assert (list(shares["properties"]), shares["required"]) == (CLASSES, CLASSES)
    assert all((p["minimum"], p["maximum"]) == (0, 1) for p in shares["properties"].values())
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert answer["prediction"] == max(CLASSES, key=answer["probabilities"].get)


def test_a_number_is_described_by_what_the_schema_says_of_the_label(served: Served) -> None:
    described = served("a number").schemas["Answer"]["properties"]["prediction"]

    assert described == {"description": "outcome", "title": "Prediction", "type": "number"}


def test_a_number_is_answered_with_its_interval_where_one_is_asked_for(tmp_path: Path) -> None:
    project, store = task_project("a number", None), task_store(tmp_path)
    settings = task_settings(project, tmp_path / "source", interval=0.9)
    flow(project, settings, store, date(2025, 4, 1), STAGES)
    reach = json.loads(store.passport.read_text())["interval"]["reach"]

    with client(project, store) as service:
        answer = service.post("/predict", json=ROW).json()
        schemas = service.get("/openapi.json").json()["components"]["schemas"]

    low, high = answer["interval"]["low"], answer["interval"]["high"]
    assert (low, high) == (answer["prediction"] - reach, answer["prediction"] + reach)
    described = schemas["Answer"]["properties"]["interval"]
    assert described["description"] == "has the truth in 90% of the rows"
    assert schemas["Interval"]["required"] == ["low", "high"]


class Wild:
    """A model that predicts what is none, and the settings of one."""

    def __init__(self, predicted: Any) -> None:
        self._predicted = predicted

    def from_text(self, _: str) -> "Wild":
        return self

    def predict(self, _: pl.DataFrame) -> Any:
        return np.asarray(self._predicted)

    def to_text(self) -> str:
        return ""


WILD: dict[str, tuple[str, Any, str]] = {
    "not a number": ("a number", [np.nan], "not finite"),
    "without an end": ("a number", [np.inf], "not finite"),
    "a number as a probability": ("yes or no", [178.3], "a probability of 178.3"),
    "a probability for each class of a number": ("a number", [[0.5, 0.5]], "the shape"),
    "fewer classes": ("one of several", [[0.5, 0.5]], "the shape"),
    "a class below nothing": ("one of several", [[-0.1, 0.1, 0.5, 0.5]], "a probability of -0.1"),
    "two of a row": ("a number", [1.0, 2.0], "zip"),
}


@pytest.mark.parametrize(("kind", "predicted", "cause"), WILD.values(), ids=WILD)
def test_what_is_no_prediction_is_a_failure_with_a_cause_in_the_log_and_no_answer(
    served: Served, kind: str, predicted: Any, cause: str, said: io.StringIO
) -> None:
    asked = served(kind)
    models: Any = {"linear": lambda **_: Wild(predicted)}

    with client(replace(asked.project, models=models), asked.store) as broken:
        response = broken.post("/predict", json=asked.row, headers={"x-request-id": "wild"})

    assert response.status_code == response.json()["status"] == 500
    assert cause in said.getvalue()
    told = logged.predictions(asked.store.root, asked.project).filter(request="wild")
    assert told.collect().is_empty()


# --- Labels ---------------------------------------------------------------------------------------

FIT = {"yes or no": "yes", "one of several": "box", "a number": -12.5}
UNFIT: dict[str, list[Any]] = {
    "yes or no": [True, 1, "Yes", ""],
    "one of several": ["Home", "tree", 2],
    "a number": ["12", True, [1]],
}


def test_labels_are_taken_as_the_schema_has_them_and_null_if_they_never_will_be_known(
    asked: Asked,
) -> None:
    kind = asked.project.task.kind
    rows = [{"order": 1, "outcome": FIT[kind]}, {"order": 2, "outcome": None}]

    response = asked.post("/labels", {"rows": rows})

    assert response.json()["recorded"] == 2
    labels = logged.labels(asked.store.root, asked.project).collect()
    assert labels.select("order", "label").tail(2).rows() == [(1, FIT[kind]), (2, None)]
    assert labels["label"].dtype == asked.project.examples.columns()["outcome"].dtype
    taken = asked.project.task.labels(labels["label"].drop_nulls())
    assert taken.dtype in (pl.Boolean, pl.Enum, pl.Float64)


def test_a_label_that_the_schema_does_not_have_is_refused(asked: Asked) -> None:
    for label in UNFIT[asked.project.task.kind]:
        response = asked.post("/labels", {"rows": [{"order": 1, "outcome": label}]})

        assert response.status_code == 422
        assert response.json()["problems"][0]["field"] == "rows.0.outcome"


def test_a_label_may_be_null_although_the_examples_all_have_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LABELS, "a number", dy.Float64(metadata=afterwards()))
    project = task_project("a number", None)
    store = trained(project, tmp_path)

    with client(project, store) as service:
        never = service.post("/labels", json={"rows": [{"order": 1, "outcome": None}]})

    assert never.status_code == 200


# --- The log --------------------------------------------------------------------------------------


def read(project: Project, folder: Path, line: bytes) -> pl.DataFrame:
    """What a line of the log of predictions says."""
    log.append(folder / "served/predictions/2026-01-01.jsonl", line)
    return logged.predictions(folder, project).collect()


def test_a_log_that_was_written_for_yes_or_no_before_is_still_read(tmp_path: Path) -> None:
    line = (
        b'{"at":"2026-01-01T12:00:00Z","request":"r","row":0,"model":"m","probability":0.25,'
        b'"unseen":["town"],"example":{"order":3,"town":"Bern","weight":1.5}}\n'
    )

    rows = read(task_project("yes or no", None), tmp_path, line)

    assert rows.select("prediction", "order", "weight").row(0) == (0.25, 3, 1.5)


def test_a_prediction_of_other_classes_is_null(tmp_path: Path) -> None:
    line = (
        b'{"at":"2026-01-01T12:00:00Z","row":0,"prediction":"home","probabilities":'
        b'{"home":0.75,"street":0.25},"example":{"order":3}}\n'
    )

    rows = read(task_project("one of several", None), tmp_path, line)

    assert rows["prediction"].to_list() == [None]


ODD = ["1", "a b", "prediction", "key", "é"]


class Odd(dy.Schema):
    """Examples without a key, whose columns and classes are called as fields of answers and log."""

    prediction = dy.Float64(metadata=ahead())
    probabilities = dy.String(metadata=ahead())
    request = dy.Int64(nullable=True, metadata=ahead())
    label = dy.Enum(ODD, nullable=True, metadata=afterwards())


def test_columns_and_classes_may_be_called_like_fields_and_a_key_may_be_missing(
    tmp_path: Path,
) -> None:
    usual = task_project("one of several", None)
    project = replace(
        usual,
        tables={"orders": Odd},
        examples=Odd,
        build=lambda tables: tables["orders"],
        label="label",
        features=Features(Odd).plain("prediction", "probabilities"),
    )
    settings = task_settings(usual, tmp_path) | {"split": {"by": "key", "test_share": 0.5}}
    settings["evaluation"]["slices"] = []
    numbers = [float(number) for number in range(200)]
    texts = {"probabilities": [f"town {n % 3}" for n in range(200)], "request": [None] * 200}
    rows = pl.DataFrame({"prediction": numbers, **texts, "label": ODD * 40})
    Odd.validate(rows, cast=True).write_parquet(tmp_path / "orders.parquet")
    store = task_store(tmp_path / "run")
    flow(project, settings, store, date(2025, 4, 1), STAGES)
    row = {"prediction": 7.0, "probabilities": "town 1", "request": 3}

    with client(project, store) as service:
        answer = service.post("/predict", json=row).json()
        labelled = service.post("/labels", json={"rows": [row | {"label": "a b"}]})

    assert (answer["key"], labelled.status_code) == (row, 200)
    assert list(answer["probabilities"]) == ODD
    told = logged.predictions(store.root, project).collect().row(0, named=True)
    assert told["log_prediction"] == list(answer["probabilities"].values())
    assert {name: told[name] for name in row} == row
    assert told["log_request"] == answer["request"]
    assert logged.labels(store.root, project).collect()["label"].to_list() == ["a b"]


# --- Figures --------------------------------------------------------------------------------------


def test_what_is_predicted_is_counted_as_the_task_has_it(asked: Asked) -> None:
    folder = asked.store.root.with_name(f"{asked.store.root.name}-counted")
    shutil.copytree(asked.store.root, folder)
    with client(asked.project, task_store(folder)) as service:
        answer = service.post("/predict", json=asked.row).json()
        lines = service.get("/metrics").text.splitlines()

    figures = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    training = json.loads(asked.store.passport.read_text())["training"]
    match asked.project.task.kind:
        case "yes or no":
            assert figures["predictions_total"] == "1.0"
            assert float(figures["prediction_probability_sum"]) == answer["probability"]
            share = float(figures["model_training_positive_ratio"])
            assert share == training["share_positive"]
        case "one of several":
            counts = [float(figures[f'predictions_total{{class="{name}"}}']) for name in CLASSES]
            assert counts == [name == answer["prediction"] for name in CLASSES]
            for name in CLASSES:
                own = f'{{class="{name}"}}'
                sums = float(figures[f"prediction_probability_sum{own}"])
                assert sums == answer["probabilities"][name]
                share = float(figures[f"model_training_class_ratio{own}"])
                assert share == training["shares"][name]
            assert figures["prediction_confidence_count"] == "1.0"
        case _:
            assert float(figures["prediction_value_sum"]) == answer["prediction"]
            for percent in (5, 25, 50, 75, 95):
                border = training[f"q{percent:02}"]
                below = float(figures[f'prediction_value_bucket{{le="{border}"}}'])
                assert below == (answer["prediction"] <= border)
                told = figures[f'model_training_label{{quantile="{percent / 100}"}}']
                assert float(told) == border


# --- What looks at other rows ---------------------------------------------------------------------


def looking(name: str, how: pl.Expr) -> Project:
    """A project whose weight, or another column, is made of other rows too."""
    project = task_project("a number", None)
    build = project.build
    changed = {name: how}
    return replace(project, build=lambda tables: build(tables).with_columns(**changed))


LOOKS: dict[str, tuple[str, pl.Expr]] = {
    "the value before": ("weight", pl.col("weight").shift(1)),
    "the value before of its kind": ("weight", pl.col("weight").shift(7).over("town")),
    "a window": ("weight", pl.col("weight").rolling_mean(5, min_samples=1)),
    "the mean of all": ("weight", pl.col("weight").mean()),
    "a rank": ("weight", pl.col("weight").rank()),
}


@pytest.mark.parametrize(("name", "how"), LOOKS.values(), ids=LOOKS)
def test_what_is_made_of_other_rows_is_not_served_and_named(
    name: str, how: pl.Expr, tmp_path: Path
) -> None:
    project = looking(name, how)
    store = trained(project, tmp_path)

    with pytest.raises(UserError, match=f"take {name} from a table of its own"):
        Service(store, project)


def test_it_is_named_in_examples_without_a_key_too() -> None:
    usual = task_project("one of several", None)

    def build(tables: Tables) -> pl.LazyFrame:
        return tables["orders"].with_columns(request=pl.col("request").shift(1))

    features = Features(Odd).plain("prediction")
    project = replace(
        usual, tables={"orders": Odd}, examples=Odd, build=build, label="label", features=features
    )
    rows = pl.LazyFrame(
        {"prediction": [0.5, float("nan")] * 50, "probabilities": "x", "request": range(100)}
    ).with_columns(label=pl.lit(None, pl.Enum(ODD)))

    with pytest.raises(UserError, match="take request from a table of its own"):
        check_rows_alone(project, "orders", rows, {})
    check_rows_alone(replace(project, build=lambda tables: tables["orders"]), "orders", rows, {})


def test_a_key_that_is_the_number_of_the_row_is_not_served(tmp_path: Path) -> None:
    project = looking("order", pl.int_range(pl.len()))
    store = trained(project, tmp_path)

    with pytest.raises(UserError, match="let order come with the row: `build` makes it of other"):
        Service(store, project)


def test_of_rows_with_one_key_build_may_take_the_last(tmp_path: Path) -> None:
    project = task_project("a number", None)
    build = project.build

    def newest(tables: Tables) -> pl.LazyFrame:
        halved = tables["orders"].with_columns(pl.col("order") // 2)
        return build({"orders": halved}).unique("order", keep="last")

    project = replace(project, build=newest)

    assert Service(trained(project, tmp_path), project).example()


ALONE: dict[str, pl.Expr] = {
    "of one row": pl.col("weight") * 2,
    "of one row, up to rounding": pl.col("weight") * (1 + 1e-13),
}


@pytest.mark.parametrize("how", ALONE.values(), ids=ALONE)
def test_what_is_made_of_one_row_is_served(how: pl.Expr, tmp_path: Path) -> None:
    project = looking("weight", how)

    assert Service(trained(project, tmp_path), project).example()


def test_that_examples_without_a_label_are_left_out_is_no_way_to_serve(tmp_path: Path) -> None:
    project = task_project("a number", None)
    build = project.build
    dropping = replace(project, build=lambda tables: build(tables).drop_nulls("outcome"))

    with pytest.raises(UserError, match=r"makes no example of rows whose outcome is not known yet"):
        Service(trained(project, tmp_path), dropping)


class Past(dy.Schema):
    """What orders weighed, known at the moment of each."""

    town = dy.String(primary_key=True, metadata=ahead())
    day = dy.Datetime(primary_key=True, time_zone="UTC", metadata=measured())
    before = dy.Float64(metadata=measured())


def with_past() -> Project:
    """A project that joins what was before, as of the day, from a table of its own."""
    project = task_project("a number", "time")

    def build(tables: Tables) -> pl.LazyFrame:
        known = tables["past"].with_columns(pl.col("day") + pl.duration(days=1)).sort("day")
        mine = tables["orders"].drop("weight").sort("day")
        joined = mine.join_asof(known, on="day", by="town", check_sortedness=False)
        return joined.rename({"before": "weight"}).select(project.examples.column_names())

    return replace(project, build=build, tables={**project.tables, "past": Past})


def test_what_came_before_is_served_from_a_table_of_its_own(tmp_path: Path) -> None:
    project, source = with_past(), tmp_path / "source"
    source.mkdir()
    past = orders(project).group_by("town", "day").agg(before=pl.col("weight").mean())
    past.write_parquet(source / "past.parquet")
    store = trained(project, tmp_path)
    made = pl.read_parquet(store.examples).sort("order").filter(pl.col("order") % 90 == 89)
    rows = json.loads(made.drop("outcome").write_json())
    for row, day in zip(rows, made["day"], strict=True):
        row["day"] = day.isoformat()

    with client(project, store) as service:
        for row in rows:
            assert service.post("/predict", json=row).status_code == 200

    told = logged.predictions(store.root, project).collect()
    assert made["weight"].null_count() == 0
    assert told["weight"].to_list() == made["weight"].to_list()
