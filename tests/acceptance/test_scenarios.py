"""The scenarios of the library, run by behave in this process."""

from pathlib import Path

import pytest
from behave.__main__ import main


def test_the_scenarios_hold(capsys: pytest.CaptureFixture[str]) -> None:
    failed = main(  # type: ignore[no-untyped-call]  # its stubs have no types for it
        ["--no-color", "--format=progress", str(Path(__file__).parent)]
    )

    assert not failed, capsys.readouterr().out
