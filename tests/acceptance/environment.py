"""What behave does around the scenarios."""

from behave.model import Scenario
from behave.runner import Context
from driver import Driver


def before_all(context: Context) -> None:
    context.driver = Driver()


def before_scenario(context: Context, scenario: Scenario) -> None:  # noqa: ARG001 -- behave's form
    context.driver.start_scenario()
