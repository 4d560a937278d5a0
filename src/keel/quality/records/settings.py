"""The settings of the quality page: what `conf/quality.yaml` leaves out."""

from typing import Annotated, Self

from annotated_types import Ge, Gt, Le
from pydantic import model_validator

from keel.project.settings import Section, from_yaml
from keel.quality.records.history import Folder

FILE = "conf/quality.yaml"
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]


class Limits(Section):
    """Settings of which pairs are a good value, and a bad one beyond it."""

    @model_validator(mode="after")
    def _are_in_order(self) -> Self:
        for name, field in type(self).model_fields.items():
            match field.default, getattr(self, name):
                case (float() as usual, float() as worse), (good, bad):
                    if (worse - usual) * (bad - good) < 0:
                        better = "less" if usual < worse else "more"
                        raise ValueError(
                            f"write {name} as [{bad:g}, {good:g}]: the good value comes first, and "
                            f"{better} is better here"
                        )
        return self


class Delivery(Limits):
    """When the team delivers well."""

    days_between: tuple[Positive, Positive] = (7.0, 30.0)
    lead_days: tuple[Positive, Positive] = (7.0, 30.0)
    restore_hours: tuple[Positive, Positive] = (24.0, 168.0)
    failure_share: tuple[Share, Share] = (0.15, 0.3)
    rework_share: tuple[Share, Share] = (0.1, 0.2)


class Model(Limits):
    """When a model is old; its floors stand where it is judged, in `conf/config.yaml`."""

    age_months: tuple[Positive, Positive] = (6.0, 12.0)  # where evaluation found no ageing


class Data(Limits):
    """How good data should be."""

    valid_share: tuple[Share, Share] = (0.999, 0.99)
    missing_share: tuple[Share, Share] = (0.05, 0.2)
    unmatched_share: tuple[Share, Share] = (0.2, 0.5)
    drift_share: tuple[Share, Share] = (0.25, 0.75)


class Budgets(Section):
    """What error budgets ask for."""

    waiver_days: Annotated[int, Gt(0)] = 28  # that a waiver lasts at most
    exempt: tuple[str, ...] = ("fix", "perf", "reliability", "security", "revert")


class Debt(Limits):
    """What debt may cost."""

    interest_hours: tuple[Positive, Positive] = (8.0, 24.0)  # a month, of all entries together


class People(Section):
    """How many should know a part or a task."""

    least: Annotated[int, Gt(0)] = 2  # people for each area and each task
    others_days: Annotated[int, Gt(0)] = 90  # within which somebody else should do a task


class Code(Limits):
    """What is measured of the code, and how much is much."""

    paths: tuple[str, ...] = ("src", "tests")
    complexity: Annotated[int, Gt(0)] = 15  # of a function, above which it is complex
    hotspots: tuple[NotNegative, NotNegative] = (0.0, 3.0)  # files
    complex_share: tuple[Share, Share] = (0.02, 0.1)
    unit_share: tuple[Share, Share] = (0.5, 0.25)
    coverage: tuple[Share, Share] = (0.9, 0.7)
    mutants: tuple[Share, Share] = (0.8, 0.6)


class Quality(Section):
    """All of them; limits are a good value, and a bad one beyond it."""

    budgets: Budgets = Budgets()
    model: Model = Model()
    data: Data = Data()
    delivery: Delivery = Delivery()
    debt: Debt = Debt()
    people: People = People()
    code: Code = Code()


def load(root: Folder) -> Quality:
    """The settings of `conf/quality.yaml`, with the usual values for what it leaves out.

    Raises UserError that names each wrong one.
    """
    quality: Quality = from_yaml(Quality, root / FILE)
    return quality
