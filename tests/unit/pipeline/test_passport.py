from datetime import date

from builders import PROJECT

from keel.data.store import Store
from keel.pipeline import configuration


def test_the_passport_names_what_the_model_was_made_from(season_run: Store) -> None:
    passport = season_run.read_json(season_run.passport)

    assert list(passport["features"]) == list(PROJECT.features)
    assert passport["features"]["carrier"] == ["B6", "UA"]
    assert passport["features"]["wind_speed"] == "Float64"
    assert set(passport["sha256"]) == {"examples", "schema", "model", "baseline", "code"}


def test_what_is_learnt_ends_the_day_before_the_test_begins(season_run: Store) -> None:
    training = season_run.read_json(season_run.passport)["training"]

    assert configuration.load(season_run).split.test_from == date(2013, 7, 1)
    assert (training["from"], training["to"]) == ("2013-06-21", "2013-06-30")
