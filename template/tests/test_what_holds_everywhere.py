from keel.testing import Check, parametrize_with_checks

from tests.builders import PROJECT


@parametrize_with_checks(PROJECT)
def test_what_holds_for_every_project(check: Check) -> None:
    check()
