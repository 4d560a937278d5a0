"""The layers of checks: what one prints when it fails among others, and when it is watched."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from keel.repository.check import Layer, run

TEST = """\
def test_a_sum():
    print("what nobody asked for")
    total = 1 + 1

    assert total == 3
"""


def layer(*commands: Sequence[str]) -> Layer:
    return Layer("unit", list(commands))


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    (tmp_path / "test_sums.py").write_text(TEST)
    return tmp_path


def test_a_failed_test_among_others_says_where_and_what(failing: Path) -> None:
    outcome = run(failing, layer([sys.executable, "-m", "pytest", "test_sums.py"]))

    assert outcome.code == 1
    assert "test_sums.py:5" in outcome.failure
    assert "assert 2 == 3" in outcome.failure
    assert "what nobody asked for" not in outcome.failure
    assert "short test summary" not in outcome.failure


def test_one_that_is_watched_says_all(failing: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(failing, layer([sys.executable, "-m", "pytest", "test_sums.py"]), watched=True)

    assert "what nobody asked for" in capfd.readouterr().out


def test_the_commands_of_a_layer_stop_at_the_first_that_fails(tmp_path: Path) -> None:
    fails, prints = [sys.executable, "-c", "exit(3)"], [sys.executable, "-c", "print('second')"]

    outcome = run(tmp_path, layer(fails, prints))

    assert (outcome.code, "second" in outcome.failure) == (3, False)
    assert "it printed nothing" in outcome.failure
