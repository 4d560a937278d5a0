from behave import given, then, when
from behave.runner import Context


@given("{rows:d} weather reports, of which {broken:d} has a wind of 1,048 mph")
@given("{rows:d} weather reports, of which {broken:d} have a wind of 1,048 mph")
def have_weather(context: Context, rows: int, broken: int) -> None:
    context.driver.have_weather(rows, broken)


@when("the data are checked")
def check_data(context: Context) -> None:
    context.driver.check_data()


@then("{rows:d} weather reports are used")
def are_used(context: Context, rows: int) -> None:
    used = context.driver.used("weather")
    assert used == rows, context.driver.error or f"{used} are used"


@then('{rows:d} weather report is set aside because of its "{column}"')
def is_set_aside(context: Context, rows: int, column: str) -> None:
    reasons = context.driver.set_aside("weather")
    assert [reason.partition("|")[0] for reason in reasons] == [column] * rows, reasons


@then('the run stops and names "{table}", "{count}" and "{column}"')
def stops(context: Context, table: str, count: str, column: str) -> None:
    error = context.driver.error or "nothing stopped it"
    assert all(word in error for word in (table, count, column)), error
