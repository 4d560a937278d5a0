"""What the logs of the service say, also where they are torn, late or contradict themselves."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from served import JULY, Served, on

NEXT = JULY + timedelta(days=1)


def test_a_prediction_gets_the_label_that_came_for_it(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY, 2)
    log.predict(rows)
    log.label(rows, [True, False])

    assert log.observed().facts["label"].to_list() == [True, False]


def test_of_labels_that_contradict_each_other_the_latest_counts(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY, 2)
    log.predict(rows)
    log.label(rows, [True, True])
    log.label(rows, [False, True])

    seen = log.observed()

    assert seen.facts["label"].to_list() == [False, True]
    assert (seen.contradicted, seen.repeated) == (1, 1)


def test_the_latest_label_is_the_last_written_also_if_the_clock_jumped_back(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY)
    log.predict(rows)
    log.label(rows, labels=True)
    log.at -= timedelta(hours=1)
    log.label(rows, labels=False)

    assert log.observed().facts["label"].to_list() == [False]


def test_a_label_that_will_never_be_known_has_come(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY)
    log.predict(rows)
    log.label(rows, [None])

    facts = log.observed().facts

    assert facts["labelled"].item()
    assert facts["label"].item() is None


def test_a_label_of_what_was_never_predicted_is_counted(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))
    log.label(on(NEXT), labels=True)

    seen = log.observed()

    assert seen.unknown == 1
    assert not seen.facts["labelled"].item()


def test_a_label_is_known_on_the_day_on_which_it_came(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY)
    log.predict(rows)
    log.at += timedelta(days=5)
    log.label(rows, labels=True)

    assert log.observed().facts["known_on"].item() == date(2013, 7, 6)


def test_a_label_that_has_not_come_is_known_on_no_day(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))

    assert log.observed().facts["known_on"].item() is None


def test_a_later_prediction_of_an_example_takes_the_place_of_the_first(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY)
    log.predict(rows, 0.1)
    log.predict(rows, 0.4)

    assert log.observed().facts["last"].to_list() == [False, True]


def test_an_example_is_about_the_day_of_its_time_and_answered_on_the_services(
    tmp_path: Path,
) -> None:
    log = Served(tmp_path)
    log.predict(on(NEXT), at=datetime(2013, 7, 1, 16, tzinfo=UTC))

    seen = log.observed()

    assert seen.facts["day"].to_list() == [NEXT]
    assert seen.facts["answered"].to_list() == [JULY]
    assert seen.requests["day"].to_list() == [JULY]
    assert seen.far == 0


@pytest.mark.parametrize("day", [date(2126, 1, 1), date(1813, 1, 1), date(2013, 9, 1)])
def test_an_example_of_a_time_that_is_far_is_about_the_day_of_its_request(
    tmp_path: Path, day: date
) -> None:
    log = Served(tmp_path)
    log.predict(on(day), at=datetime(2013, 7, 1, 16, tzinfo=UTC))

    seen = log.observed()

    assert seen.facts["day"].to_list() == [JULY]
    assert seen.far == 1


def test_a_request_that_was_not_answered_has_its_day(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))
    log.at += timedelta(days=2)
    log.request(status=503)
    log.request(status=422, rows=3, fields=["carrier"])

    requests = log.observed().requests

    assert requests["day"].to_list() == [JULY, date(2013, 7, 3), date(2013, 7, 3)]
    assert requests["refused"].to_list() == [0, 0, 3]


def test_rows_of_an_answered_batch_without_a_prediction_were_refused(tmp_path: Path) -> None:
    log, rows = Served(tmp_path), on(JULY, 4)
    log.predict(rows)
    log.request("another", status=200, rows=4, fields=["rows.0.origin"])

    assert log.observed().requests["refused"].to_list() == [0, 4]


def test_a_torn_line_is_left_out_and_counted(tmp_path: Path) -> None:
    log = Served(tmp_path)
    log.predict(on(JULY))
    log.tear("predictions")

    seen = log.observed()

    assert len(seen.facts) == 1
    assert seen.torn == 1


def test_a_service_that_was_never_asked_has_nothing_to_say(tmp_path: Path) -> None:
    seen = Served(tmp_path).observed()

    assert len(seen.facts) == len(seen.requests) == 0
