import json
import shutil
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders import PROJECT, ROWS, store
from starlette.datastructures import Headers

from keel.data.store import Store
from keel.project.description import Project
from keel.serving import log, logged
from keel.serving.app import application
from keel.serving.guard import LONGEST, Keys, Places, fits, keys
from keel.serving.service import Service
from keel.serving.settings import Serving
from keel.show import tracing

with warnings.catch_warnings():  # it asks for another client than the one that is installed
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

JUNE = datetime(2013, 6, 24, 15, tzinfo=UTC)  # of the season, with weather
KEY = "a-key-of-the-service"


def client(
    run: Store, allowed: Keys = (), project: Project = PROJECT, **serving: Any
) -> TestClient:
    """The service of a run, in this process."""
    service = Service(run, project, Serving(**serving))
    app = application(service, {"name": "Test", "purpose": "Is a test."}, allowed)
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def asked(season_run: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A service with the usual settings, which many tests ask."""
    shutil.copytree(season_run.root, folder := tmp_path_factory.mktemp("asked") / "run")
    with client(store(folder)) as service:
        yield service


def flight(**columns: Any) -> dict[str, Any]:
    """A flight as a client sends it: without what came afterwards."""
    known = {name: value for name, value in ROWS["flights"].items() if "_delay" not in name}
    return {**known, "time_hour": JUNE.isoformat(), **columns}


YEAR_9999 = "9999-12-31T23:59:59Z"


def test_a_row_gets_its_probability_its_key_and_what_was_unseen(asked: TestClient) -> None:
    response = asked.post("/predict", json=flight(carrier="XX"))

    answer = response.json()
    assert response.status_code == 200
    assert 0 < answer["probability"] < 1
    assert answer["key"] == {
        "scheduled_departure": "2013-06-24T15:00:00Z",
        "carrier": "XX",
        "flight_number": 100,
    }
    assert answer["unseen"] == ["carrier"]
    assert answer["request"] == response.headers["x-request-id"]
    assert len(answer["model"]) == 12
    assert answer["unmeasured"] is False
    said = {"key", "probability", "unseen", "unmeasured", "request", "model", "stale"}
    assert answer.keys() == said


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "0001-01-01T06:00:00Z", YEAR_9999])
def test_a_time_at_the_end_of_all_years_keeps_no_other_row_from_its_answer(
    asked: TestClient, time: str
) -> None:
    rows = [flight(), flight(flight=3, time_hour=time)]

    alone = asked.post("/predict", json=rows[1])
    response = asked.post("/predict/batch", json={"rows": rows})

    assert response.status_code == 200
    assert "probability" in response.json()["predictions"][0]
    assert alone.status_code in (200, 422)


def test_a_time_of_which_nothing_was_measured_is_told(asked: TestClient) -> None:
    later = flight(time_hour="2031-06-24T15:00:00Z")

    one = asked.post("/predict", json=later).json()
    both = asked.post("/predict/batch", json={"rows": [flight(), later]}).json()

    assert one["unmeasured"] is True
    assert [row["unmeasured"] for row in both["predictions"]] == [False, True]


def test_rows_asked_for_get_what_the_evaluation_predicted_for_them(run_copy: Store) -> None:
    flights = pl.read_parquet(run_copy.checked("flights"))
    expected = pl.read_parquet(run_copy.predictions).select("example", "model")
    rows = flights.drop("dep_delay", "arr_delay").sample(fraction=1, shuffle=True, seed=1)

    with client(run_copy) as asked:
        body = {"rows": [json.loads(row) for row in rows.write_ndjson().splitlines()]}
        answers = asked.post("/predict/batch", json=body).json()["predictions"]
        alone = [asked.post("/predict", json=row).json() for row in body["rows"][:20]]

    assert [one["key"]["flight_number"] for one in answers] == rows["flight"].to_list()
    assert [one["probability"] for one in answers[:20]] == [one["probability"] for one in alone]
    found = {one["key"]["flight_number"]: one["probability"] for one in answers}
    assert len(expected) > 50
    for example, probability in expected.iter_rows():
        assert found[example["flight_number"]] == pytest.approx(probability, abs=1e-12)


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a missing field": ({"origin": ...}, "origin", "is missing"),
    "an unknown field": ({"orgin": "EWR"}, "orgin", "is not known here: the keys are time_hour, "),
    "what comes afterwards": ({"arr_delay": 5}, "arr_delay", "is not known here"),
    "a number in quotation marks": ({"flight": "100"}, "flight", "should be a valid integer"),
    "a fraction": ({"flight": 1.5}, "flight", "should be a valid integer"),
    "too small": ({"flight": 0}, "flight", "should be greater than or equal to 1"),
    "too large": ({"flight": 10**40}, "flight", "should be less than or equal to 9999"),
    "a pattern": ({"origin": "ewr"}, "origin", "string should match pattern '^[A-Z]{3}$'"),
    "too long": ({"carrier": "UAL"}, "carrier", "string should have at most 2 characters"),
    "null": ({"carrier": None}, "carrier", "should be a valid string"),
    "a time without a zone": (
        {"time_hour": "2013-06-24T15:00:00"},
        "time_hour",
        "needs a time zone, as in 2027-01-31T12:00:00+01:00",
    ),
    "no time": ({"time_hour": "noon"}, "time_hour", "should be a valid datetime"),
    "a time out of the calendar": (
        {"time_hour": "9999-12-31T23:59:59-05:00"},
        "time_hour",
        "can't be read as Datetime",
    ),
    "what only the example shows": (
        {"sched_arr_time": 2399},
        "arrival_minute",
        "should be less than or equal to 1440, as examples.py: `build` makes it",
    ),
}


@pytest.mark.parametrize(("change", "field", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_row_is_refused_with_field_value_and_what_is_allowed(
    asked: TestClient, change: dict[str, Any], field: str, reason: str
) -> None:
    row = {name: value for name, value in flight(**change).items() if value is not ...}

    response = asked.post("/predict", json=row)

    problem = response.json()
    assert response.status_code == problem["status"] == 422
    assert response.headers["content-type"] == "application/problem+json"
    (found,) = problem["problems"]
    assert found["field"] == field
    assert found["reason"].startswith(reason)
    assert f"{field} {reason}" in problem["detail"]


@pytest.mark.parametrize("year", ["0001", "1913", "2100", "9999"])
def test_a_date_of_another_year_is_answered_or_refused_and_no_failure(
    asked: TestClient, year: str
) -> None:
    one = asked.post("/predict", json=flight(time_hour=f"{year}-06-24T15:00:00Z"))
    rows = [flight(), flight(flight=2, time_hour=f"{year}-06-24T15:00:00Z")]
    both = asked.post("/predict/batch", json={"rows": rows})

    assert (one.status_code, both.status_code) == (200, 200)
    assert both.json()["predictions"][1]["probability"] == one.json()["probability"]


def test_the_value_that_is_refused_is_repeated_as_long_as_it_is_short(asked: TestClient) -> None:
    response = asked.post("/predict", json=flight(origin="x" * 5_000, flight=-3))

    values = {one["field"]: one["value"] for one in response.json()["problems"]}
    assert values == {"origin": "x" * 100 + "…", "flight": -3}


WRONG_ROWS: dict[str, tuple[Any, str]] = {
    "a pattern": (flight(flight=2, dest="??"), "dest"),
    "a missing field": ({"flight": 2}, "time_hour"),
    "an unknown field": (flight(flight=2, orgin="EWR"), "orgin"),
    "no object": ("flight", ""),
    "null": (None, ""),
    "what can't be held": (flight(flight=2, time_hour="9999-12-31T23:59:59-05:00"), "time_hour"),
    "what only the example shows": (flight(flight=2, sched_arr_time=2399), "arrival_minute"),
}


@pytest.mark.parametrize(("row", "field"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_wrong_row_of_several_gets_a_problem_in_its_place_and_the_others_their_answers(
    asked: TestClient, row: Any, field: str
) -> None:
    response = asked.post("/predict/batch", json={"rows": [flight(), row, flight(flight=3)]})

    first, second, third = response.json()["predictions"]
    assert response.status_code == 200
    assert second["problem"]["field"] == field
    assert (first["key"]["flight_number"], third["key"]["flight_number"]) == (100, 3)


def test_a_wrong_row_is_logged_beside_the_places_of_the_others(run_copy: Store) -> None:
    with client(run_copy) as asked:
        rows = [flight(dest="??"), flight(flight=2), flight(flight=3)]
        asked.post("/predict/batch", json={"rows": rows})

    (request,) = logged.requests(run_copy.root).collect().iter_rows(named=True)
    predicted = logged.predictions(run_copy.root, PROJECT).collect()
    assert (request["rows"], request["problems"][0]["field"]) == (3, "dest")
    assert predicted.select("row", "flight_number").rows() == [(1, 2), (2, 3)]


@pytest.mark.parametrize(("row", "field"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_all_or_nothing_refuses_the_batch_and_names_wrong_rows_by_their_places(
    asked: TestClient, row: Any, field: str
) -> None:
    body = {"rows": [flight(), row], "all_or_nothing": True}

    response = asked.post("/predict/batch", json=body)

    fields = {problem["field"] for problem in response.json()["problems"]}
    assert response.status_code == 422
    assert f"rows.1.{field}".rstrip(".") in fields


@pytest.mark.parametrize(("row", "field"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_batch_without_a_good_row_is_refused(asked: TestClient, row: Any, field: str) -> None:
    response = asked.post("/predict/batch", json={"rows": [row]})

    assert response.status_code == 422
    assert response.json()["problems"][0]["field"] == f"rows.0.{field}".rstrip(".")


def test_rows_with_the_same_key_get_a_problem_each(asked: TestClient) -> None:
    rows = [flight(), flight(flight=2), flight(dest="LAX")]

    answers = asked.post("/predict/batch", json={"rows": rows}).json()["predictions"]

    reasons = [one.get("problem", {}).get("reason", "") for one in answers]
    assert ["same key as another row" in reason for reason in reasons] == [True, False, True]


BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "half of it": (b'{"flight": 1', 400),
    "bytes": (b"\xff\xfe\x00", 400),
    "another encoding": ('{"flight": "é"}'.encode("latin-1"), 400),
    "another Unicode": (json.dumps(flight()).encode("utf-16"), 400),
    "half a character": (b'{"origin": "\\ud800"}', 400),
    "very deep": (b'{"a":' * 100_000, 400),
    "a number without an end": (b'{"flight": ' + b"1" * 100_000 + b"}", 400),
    "not a number": (json.dumps(flight(flight=float("nan"))).encode(), 422),
    "infinity": (json.dumps(flight(flight=float("inf"))).encode(), 422),
    "a list": (b"[]", 422),
    "null": (b"null", 422),
    "a word": (b'"flight"', 422),
}


@pytest.mark.parametrize("route", ["/predict", "/predict/batch", "/labels"])
@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_row_is_refused(
    asked: TestClient, route: str, body: bytes, status: int
) -> None:
    response = asked.post(route, content=body, headers={"content-type": "application/json"})

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_a_charset_or_an_encoding_that_it_can_not_read_is_refused(
    asked: TestClient, headers: dict[str, str]
) -> None:
    response = asked.post("/predict", content=json.dumps(flight()).encode(), headers=headers)

    assert response.status_code == 415


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf8"', "us-ascii"])
def test_the_usual_charsets_are_read(asked: TestClient, charset: str) -> None:
    headers = {"content-type": f"application/json; charset={charset}"}

    response = asked.post("/predict", content=json.dumps(flight()).encode(), headers=headers)

    assert response.status_code == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/version", "/metrics"])
def test_head_is_answered_where_get_is(asked: TestClient, path: str) -> None:
    assert asked.head(path).status_code == asked.get(path).status_code == 200


def test_what_is_no_json_by_its_header_is_refused(asked: TestClient) -> None:
    for headers in ({"content-type": "text/plain"}, {}):
        response = asked.post("/predict", content=json.dumps(flight()), headers=headers)

        assert response.status_code == 415
        assert "has to be application/json" in response.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/predict", 405), ("PUT", "/labels", 405), ("GET", "/", 404), ("POST", "/x", 404)],
)
def test_another_method_or_path_is_a_problem_too(
    asked: TestClient, method: str, path: str, status: int
) -> None:
    response = asked.request(method, path)

    assert response.status_code == response.json()["status"] == status
    assert response.headers["content-type"] == "application/problem+json"


def test_more_rows_or_bytes_than_the_settings_allow_are_refused(run_copy: Store) -> None:
    with client(run_copy, rows=2, bytes=1_000) as asked:
        many = asked.post("/predict/batch", json={"rows": [{}, {}, {}]})
        none = asked.post("/predict/batch", json={"rows": []})
        long = asked.post("/predict", content=b"{" + b" " * 1_000, headers=AS_JSON)
        streamed = asked.post("/predict", content=iter([b" " * 600] * 2), headers=AS_JSON)

    assert many.status_code == none.status_code == 422
    assert long.status_code == streamed.status_code == 413
    assert "more than 1,000 bytes" in streamed.json()["detail"]


AS_JSON = {"content-type": "application/json"}


def test_what_was_asked_and_answered_is_logged_without_values_of_the_refused(
    run_copy: Store,
) -> None:
    with client(run_copy) as asked:
        asked.post("/predict", json=flight(), headers={"x-request-id": "mine-1"})
        asked.post("/predict", json=flight(origin="secret"))
        asked.get("/health")

    good, bad = logged.requests(run_copy.root).collect().iter_rows(named=True)
    (one,) = logged.predictions(run_copy.root, PROJECT).collect().iter_rows(named=True)
    assert (good["request"], good["route"], good["status"], good["rows"]) == (
        ("mine-1", "/predict", 200, 1)
    )
    assert bad["status"] == 422
    assert bad["problems"] == [
        {"field": "origin", "reason": "string should match pattern '^[A-Z]{3}$'"}
    ]
    assert "secret" not in next((run_copy.root / "served/requests").iterdir()).read_text()
    assert (one["request"], one["row"], one["flight_number"]) == ("mine-1", 0, 100)
    assert one["scheduled_departure"] == JUNE
    assert one["wind_speed"] is not None


def test_requests_with_the_same_id_are_told_apart_in_the_log(run_copy: Store) -> None:
    with client(run_copy) as asked:
        for number in (1, 2):
            asked.post("/predict", json=flight(flight=number), headers={"x-request-id": "mine"})
        asked.post("/predict", json=flight(dest="??"), headers={"x-request-id": "mine"})

    requests = logged.requests(run_copy.root).collect()
    predicted = logged.predictions(run_copy.root, PROJECT).collect()
    assert set(requests["request"]) == set(predicted["request"]) == {"mine"}
    joined = requests.join(predicted, on="exchange", how="left")
    assert joined["flight_number"].to_list() == [1, 2, None]


def test_a_request_id_that_could_break_a_log_is_replaced(asked: TestClient) -> None:
    response = asked.get("/health", headers={"x-request-id": "a b\t{}"})

    assert len(response.headers["x-request-id"]) == 32


def test_labels_are_recorded_by_the_key_of_their_example(run_copy: Store) -> None:
    key = {"scheduled_departure": JUNE.isoformat(), "carrier": "UA", "flight_number": 100}
    with client(run_copy) as asked:
        response = asked.post("/labels", json={"rows": [{**key, "late": True}]})
        never = asked.post("/labels", json={"rows": [{**key, "late": None}]})
        wrong = asked.post("/labels", json={"rows": [{**key, "late": 1}]})

    assert response.json()["recorded"] == never.json()["recorded"] == 1
    assert wrong.status_code == 422
    labels = logged.labels(run_copy.root, PROJECT).collect()
    assert labels["label"].to_list() == [True, None]
    assert labels["scheduled_departure"].to_list() == [JUNE] * 2


def test_a_prediction_that_can_not_be_recorded_is_not_answered(run_copy: Store) -> None:
    (run_copy.root / "served").write_text("a file where a folder should be")

    with client(run_copy) as asked:
        predicted = asked.post("/predict", json=flight())
        labelled = asked.post("/labels", json={"rows": [label()]})

    for response in (predicted, labelled):
        assert response.status_code == 503
        assert "this can't be recorded, and so not answered" in response.json()["detail"]


def label() -> dict[str, Any]:
    return {
        "scheduled_departure": JUNE.isoformat(),
        "carrier": "UA",
        "flight_number": 1,
        "late": True,
    }


def test_with_keys_all_but_health_and_readiness_need_one(run_copy: Store) -> None:
    with client(run_copy, [KEY.encode(), b"another-key-of-it"]) as asked:
        for path in ("/health", "/ready"):
            assert asked.get(path).status_code == 200
        for headers in ({}, {"x-api-key": "wrong"}, {"authorization": f"Basic {KEY}"}):
            for path in ("/version", "/metrics", "/openapi.json", "/nothing"):
                assert asked.get(path, headers=headers).status_code == 401
            assert asked.post("/predict", json=flight(), headers=headers).status_code == 401
            assert asked.post("/labels", json={}, headers=headers).status_code == 401
        for headers in ({"x-api-key": "another-key-of-it"}, {"authorization": f"Bearer {KEY}"}):
            assert asked.get("/version", headers=headers).status_code == 200
            assert asked.get("/docs", headers=headers).status_code == 404
            assert asked.post("/predict", json=flight(), headers=headers).status_code == 200


def test_keys_may_stand_in_a_file_by_lines_or_commas(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("the-first-of-the-keys\nthe-second-of-the-keys,\n")

    allowed = keys({"ENVIRONMENT": "production", "SERVICE_KEYS_FILE": str(tmp_path / "keys")})

    assert fits(allowed, Headers({"x-api-key": "the-second-of-the-keys"}))
    assert not fits(allowed, Headers({"x-api-key": ""}))


def test_an_answer_that_takes_too_long_is_refused_with_the_reason(run_copy: Store) -> None:
    with client(run_copy, seconds=0.01) as asked:
        rows = [flight(flight=number) for number in range(1, 1001)]
        response = asked.post("/predict/batch", json={"rows": rows})

    assert response.status_code in (408, 503)  # whichever took so long: sending it, or answering
    assert "took longer than 0.01 seconds" in response.json()["detail"]


def test_the_first_is_refused_at_once_and_of_many_each_waits_its_turn() -> None:
    places = Places(1, 100)

    first, *others = [places.pause() for _ in range(1_000)]

    assert first == 0
    assert max(others) <= LONGEST
    assert others[-1] == pytest.approx(LONGEST)


def test_bodies_on_their_way_have_room_for_as_many_as_are_worked_on() -> None:
    places = Places(2, 100)

    assert places.hold(150)
    assert not places.hold(60)
    assert places.hold(-60)


def test_without_keys_there_is_a_page_to_try_it_out(run_copy: Store) -> None:
    with client(run_copy) as asked:
        assert "/openapi.json" in asked.get("/docs").text


def test_an_old_lookup_is_used_and_said_to_be_stale(run_copy: Store) -> None:
    with client(run_copy, oldest_lookup={"weather": 1e-9}) as asked:
        ready = asked.get("/ready")
        answer = asked.post("/predict", json=flight())

    assert ready.status_code == 503
    assert "data/checked/weather.parquet: the newest row is " in ready.json()["detail"]
    assert answer.json()["stale"] == ["weather"]


def test_a_lookup_that_changes_is_read_again(run_copy: Store) -> None:
    with client(run_copy) as asked:
        asked.post("/predict", json=flight())
        weather = pl.read_parquet(run_copy.checked("weather"))
        run_copy.write_table(run_copy.checked("weather"), weather.with_columns(temp=pl.lit(77.0)))
        asked.post("/predict", json=flight())
        run_copy.checked("weather").write_bytes(b"broken")
        asked.post("/predict", json=flight())
        ready = asked.get("/ready")

    temperatures = logged.predictions(run_copy.root, PROJECT).collect()["temperature"].to_list()
    assert temperatures == [55.0, 77.0, 77.0]
    assert ready.status_code == 503
    assert "data/checked/weather.parquet can't be read" in ready.json()["detail"]


def test_ready_says_that_predictions_are_refused_and_when_they_are_no_more(run_copy: Store) -> None:
    served = run_copy.root / "served"
    with client(run_copy) as asked:
        good = asked.get("/ready").status_code
        shutil.rmtree(served)
        served.write_text("a file where a folder should be")
        refused = asked.post("/predict", json=flight()).status_code
        bad = asked.get("/ready")
        served.unlink()
        again = asked.get("/ready").status_code

    assert (good, refused, bad.status_code, again) == (200, 503, 503, 200)
    assert "can't be recorded" in bad.json()["detail"]
    assert str(run_copy.root) not in bad.text


@pytest.mark.parametrize("broken", ["gone", "cut", "a folder", "other columns"])
def test_what_is_wrong_with_a_lookup_names_no_folder_of_the_machine(
    run_copy: Store, broken: str
) -> None:
    file = run_copy.checked("weather")
    with client(run_copy) as asked:
        content = file.read_bytes()
        file.unlink()
        if broken == "cut":
            file.write_bytes(content[:200] + content[-2_000:])
        if broken == "a folder":
            file.mkdir()
        if broken == "other columns":
            pl.DataFrame({"origin": [1]}).write_parquet(file)
        ready = asked.get("/ready")

    assert ready.status_code == 503
    assert "data/checked/weather.parquet" in ready.text
    assert str(run_copy.root) not in ready.text


def test_query_strings_are_in_no_trace(run_copy: Store) -> None:
    file = run_copy.root / "served/traces.jsonl"
    with tracing.recording(file) as tracers:
        service = Service(run_copy, PROJECT, Serving())
        app = application(service, {"name": "Test", "purpose": "Is a test."}, tracers=tracers)
        with TestClient(app) as asked:
            for path in ("/predict", "/version", "/nothing"):
                asked.post(f"{path}?name=Ada", json=flight())

    assert "/predict" in file.read_text()
    assert "Ada" not in file.read_text()


def test_the_service_says_what_its_model_was_made_from(run_copy: Store) -> None:
    passport = json.loads(run_copy.passport.read_text())

    with client(run_copy) as asked:
        version = asked.get("/version").json()

    assert version["sha256"] == passport["sha256"]
    assert version["model"] == passport["sha256"]["model"][:12]
    assert version["code"].keys() == {"commit", "uncommitted_changes"}
    assert "auc" in version["metrics"]


def test_the_service_is_described_with_ranges_and_units(asked: TestClient) -> None:
    described = asked.get("/openapi.json").json()

    schemas = described["components"]["schemas"]
    flight = schemas["Flights"]["properties"]["flight"]
    body = described["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Flights"}
    assert (flight["description"], flight["minimum"], flight["maximum"]) == (
        ("flight number", 1, 9_999)
    )
    assert "arr_delay" not in schemas["Flights"]["properties"]
    assert "tailnum" not in schemas["Flights"]["required"]  # it may be null
    assert "distance" not in schemas["Flights"]["required"]  # no feature comes from it


def test_the_example_of_the_description_is_answered(asked: TestClient) -> None:
    described = asked.get("/openapi.json").json()

    for path in ("/predict", "/predict/batch"):
        content = described["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert asked.post(path, json=content["example"]).status_code == 200
    assert (described["info"]["title"], described["info"]["description"]) == ("Test", "Is a test.")


def test_without_the_table_the_description_has_no_example(run_copy: Store) -> None:
    run_copy.checked("flights").unlink()

    with client(run_copy) as asked:
        paths = asked.get("/openapi.json").json()["paths"]

    body = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    assert "example" not in body


def test_what_is_counted_can_be_read(run_copy: Store) -> None:
    with client(run_copy) as asked:
        asked.post("/predict", json=flight(carrier="XX", tailnum=None))
        asked.post("/predict", json={})

        text = asked.get("/metrics").text

    assert 'http_requests_total{route="/predict",status="200"} 1.0' in text
    assert 'http_requests_total{route="/predict",status="422"} 1.0' in text
    assert 'prediction_unseen_categories_total{column="carrier"} 1.0' in text
    assert 'prediction_missing_values_total{column="aircraft_built"} 1.0' in text


@pytest.mark.parametrize(("limits", "shown"), [({"weather": 3.0}, True), ({}, False)])
def test_a_lookup_without_a_limit_has_none(
    run_copy: Store, limits: dict[str, float], shown: bool
) -> None:
    with client(run_copy, oldest_lookup=limits) as asked:
        text = asked.get("/metrics").text

    assert 'lookup_newest_timestamp_seconds{table="weather"} 1.' in text
    assert ('lookup_oldest_seconds{table="weather"} 10800.0' in text) is shown


def test_columns_are_those_that_the_examples_have(run_copy: Store) -> None:
    with client(run_copy) as asked:
        asked.post("/predict", json=flight())

    told = logged.predictions(run_copy.root, PROJECT).collect()
    known: Mapping[str, pl.DataType] = log.columns(PROJECT, personal=False)
    assert {name: told.schema[name] for name in known} == known
    assert set(PROJECT.examples.column_names()) - set(told.columns) == {"late"}
