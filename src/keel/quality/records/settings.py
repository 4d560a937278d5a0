"""The settings of the quality page: what `conf/quality.yaml` leaves out."""

from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le

from keel.project.settings import Section
from keel.quality.records.documents import read

FILE = "conf/quality.yaml"
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]


class Delivery(Section):
    """What counts as delivering; the limits are a good value, and a bad one beyond it."""

    days: Annotated[int, Gt(0)] = 90  # that the figures look back
    incident_days: Annotated[int, Gt(0)] = 365  # that they look back for incidents
    least: Annotated[int, Gt(0)] = 5  # events that a figure needs
    stage: str = "production"  # of GTO's, that counts as deployed
    days_between: tuple[Positive, Positive] = (7.0, 30.0)
    lead_days: tuple[Positive, Positive] = (7.0, 30.0)
    restore_hours: tuple[Positive, Positive] = (24.0, 168.0)
    failure_share: tuple[Share, Share] = (0.15, 0.3)
    rework_share: tuple[Share, Share] = (0.1, 0.2)


class Model(Section):
    """What is shown of the model; its floors stand where it is judged, in `conf/config.yaml`."""

    age_months: tuple[Positive, Positive] = (6.0, 12.0)  # where evaluation found no ageing


class Data(Section):
    """How good data should be; the limits are a good value, and a bad one beyond it."""

    valid_share: tuple[Share, Share] = (0.999, 0.99)
    missing_share: tuple[Share, Share] = (0.05, 0.2)
    unmatched_share: tuple[Share, Share] = (0.2, 0.5)
    drift_share: tuple[Share, Share] = (0.25, 0.75)
    days: Annotated[int, Gt(0)] = 28  # of use, that drift looks back


class Budgets(Section):
    """What error budgets ask for."""

    large: Share = 0.2  # of a budget: an incident that cost more needs an action
    low: Share = 0.25  # of a budget left: below, watch it
    burn_days: Annotated[int, Gt(0)] = 7  # that the burn rate looks back
    late_days: Annotated[int, Gt(0)] = 7  # without events, after which monitoring seems to rest
    waiver_days: Annotated[int, Gt(0)] = 28  # that a waiver lasts at most
    exempt: tuple[str, ...] = ("fix", "perf", "reliability", "security", "revert")


class Decisions(Section):
    """What records of decisions ask for."""

    review_months: Annotated[int, Gt(0)] = 12  # after a decision that says no date of its own


class Attributes(Section):
    """What the quality attributes ask for."""

    review_months: Annotated[int, Gt(0)] = 6  # after the file came, if it says no date of its own


class Debt(Section):
    """What debt may cost."""

    pay_months: Annotated[int, Gt(0)] = 6  # after an entry that says no date of its own
    interest_hours: tuple[Positive, Positive] = (8.0, 24.0)  # a month, of all entries together


class People(Section):
    """How many should know a part or a task."""

    least: Annotated[int, Gt(0)] = 2  # people for each area and each task
    others_days: Annotated[int, Gt(0)] = 90  # within which somebody else should do a task


class Code(Section):
    """What is measured of the code, and how much is much; the limits are a good and a bad value."""

    paths: tuple[str, ...] = ("src", "tests")
    months: Annotated[int, Gt(0)] = 12  # whose changes are counted
    complexity: Annotated[int, Gt(0)] = 15  # of a function, above which it is complex
    changes: Annotated[int, Gt(0)] = 6  # of a complex file, from which it is a hotspot
    hotspots: tuple[NotNegative, NotNegative] = (0.0, 3.0)  # files
    complex_share: tuple[Share, Share] = (0.02, 0.1)
    unit_share: tuple[Share, Share] = (0.5, 0.25)
    coverage: tuple[Share, Share] = (0.9, 0.7)
    mutants: tuple[Share, Share] = (0.8, 0.6)


class Quality(Section):
    """All of them."""

    budgets: Budgets = Budgets()
    model: Model = Model()
    data: Data = Data()
    delivery: Delivery = Delivery()
    attributes: Attributes = Attributes()
    decisions: Decisions = Decisions()
    debt: Debt = Debt()
    people: People = People()
    code: Code = Code()


def load(root: Path) -> Quality:
    """The settings of `conf/quality.yaml`, with the usual values for what it leaves out.

    Raises UserError that names each wrong one.
    """
    return read(root, FILE, Quality) if (root / FILE).is_file() else Quality()
