from behave import given, then, when
from behave.runner import Context


@given("a floor of {floor:g} for the AUC")
def have_floor(context: Context, floor: float) -> None:
    context.driver.floor = floor


@when("the model is evaluated")
def evaluate(context: Context) -> None:
    context.driver.evaluate()


@then("it is refused because its AUC on all rows is below {floor}")
def is_refused(context: Context, floor: str) -> None:
    assert "AUC on all rows" in (context.driver.error or "")
    assert f"below evaluation.floors.auc = {floor}" in (context.driver.error or "")


@then("it is accepted")
def is_accepted(context: Context) -> None:
    assert context.driver.error is None


@then("its report shows the refusal")
def report_shows_refusal(context: Context) -> None:
    assert "Refused." in context.driver.report()
