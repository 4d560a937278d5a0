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


@given("a champion that is wrong for {wrong:d} of 1,000 flights")
def have_champion(context: Context, wrong: int) -> None:
    context.driver.have_champion(wrong)


@when("a candidate is judged that is wrong for {wrong:d} of them")
def judge_candidate(context: Context, wrong: int) -> None:
    context.driver.judge_candidate(wrong)


@when("a candidate is judged that is wrong for {wrong:d} of them and for all flights of {airline}")
def judge_candidate_that_fails(context: Context, wrong: int, airline: str) -> None:
    context.driver.judge_candidate(wrong, airline)


@then("the {which} is in use")
def in_use(context: Context, which: str) -> None:
    assert context.driver.replaced == (which == "candidate")
