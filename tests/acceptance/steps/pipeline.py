from behave import given, then, when
from behave.runner import Context


@given("a pipeline that has run")
def have_pipeline(context: Context) -> None:
    context.driver.have_pipeline_that_ran()


@when('"{setting}" is changed to "{value}"')
def change_setting(context: Context, setting: str, value: str) -> None:
    context.driver.change_setting(setting, value)


@then('the steps that run again are "{steps}"')
def run_again(context: Context, steps: str) -> None:
    assert context.driver.steps_that_run_again() == steps.split(", ")
