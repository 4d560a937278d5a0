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
    assert context.driver.error is None
    assert context.driver.used("weather") == rows


@then('{rows:d} weather report is set aside because of its "{column}"')
def is_set_aside(context: Context, rows: int, column: str) -> None:
    reasons = context.driver.set_aside("weather")
    assert len(reasons) == rows
    assert all(reason.startswith(f"{column}|") for reason in reasons)


@then('the run stops and names "{table}", "{count}" and "{column}"')
def stops(context: Context, table: str, count: str, column: str) -> None:
    assert all(word in (context.driver.error or "") for word in (table, count, column))
