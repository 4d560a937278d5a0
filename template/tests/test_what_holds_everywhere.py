from keel.testing import Check, parametrize_with_checks

from tests.builders import PROJECT, ROWS
from tests.by_hand import BY_HAND


@parametrize_with_checks(PROJECT, by_hand=BY_HAND, usual=ROWS)
def test_what_holds_for_every_project(check: Check) -> None:
    check()
