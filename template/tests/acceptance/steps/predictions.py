from behave import then, when
from behave.runner import Context

from tests.acceptance.driver import CLEAR, RAIN


@when("a flight leaves Newark at {clock} in heavy rain and fog")
def leave_in_rain(context: Context, clock: str) -> None:
    context.driver.predict(clock, RAIN)


@when("a flight leaves Newark at {clock} under a clear sky")
def leave_under_clear_sky(context: Context, clock: str) -> None:
    context.driver.predict(clock, CLEAR)


@when("a flight of a new airline leaves Newark at {clock} under a clear sky")
def leave_with_new_airline(context: Context, clock: str) -> None:
    context.driver.predict(clock, CLEAR, carrier="XX")


@then("it is flagged")
def is_flagged(context: Context) -> None:
    probability, limit = context.driver.probability, context.driver.limit
    assert probability > limit, f"{probability:.3f} is not above {limit:.3f}"


@then("it is not flagged")
def is_not_flagged(context: Context) -> None:
    probability, limit = context.driver.probability, context.driver.limit
    assert probability <= limit, f"{probability:.3f} is above {limit:.3f}"
