"""How a run ends where nothing can be held beside it."""

from datetime import date
from pathlib import Path

import pytest
from repositories import Repository

from keel.pipeline.run import METRICS, beside_last_commit


@pytest.mark.parametrize("committed", [None, '{"auc": 0.7}'])
def test_nothing_is_said_before_the_first_commit_or_where_the_scores_are_the_same(
    tmp_path: Path, committed: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    made = Repository(tmp_path)
    made.file(METRICS, '{"auc": 0.7}')
    if committed:
        made.commit(date(2026, 3, 1))

    beside_last_commit(tmp_path)

    assert capfd.readouterr() == ("", "")


def test_nothing_is_said_outside_of_a_repository(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    beside_last_commit(tmp_path)

    assert capfd.readouterr() == ("", "")
