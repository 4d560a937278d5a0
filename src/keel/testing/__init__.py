"""What a project's own tests take from Keel, kept by semantic versioning as `keel` itself is.

A project keeps tests about its own problem. What holds for any correct project is a check that
comes with Keel, and is applied in one line:

    @parametrize_with_checks(PROJECT, by_hand=BY_HAND, usual=ROWS)
    def test_what_holds_for_every_project(check: Check) -> None:
        check()
"""

from .by_hand import ByHand, Draft
from .checks import Check, parametrize_with_checks
from .pipeline import Pipeline, Trained, trained
from .rows import rows, spread

__all__ = [
    "ByHand",
    "Check",
    "Draft",
    "Pipeline",
    "Trained",
    "parametrize_with_checks",
    "rows",
    "spread",
    "trained",
]
