# Keel keeps this file up to date.
"""The settings of the quality page: what `conf/quality.yaml` leaves out."""

from pathlib import Path
from typing import Annotated

import yaml
from annotated_types import Ge, Gt, Le
from pydantic import ValidationError

from ...settings import Section
from ..configuration import sentences
from ..errors import UserError

FILE = "conf/quality.yaml"
Positive = Annotated[float, Gt(0)]
Share = Annotated[float, Ge(0), Le(1)]


class Delivery(Section):
    """What counts as delivering; the limits are a good value, and a bad one beyond it."""

    days: Annotated[int, Gt(0)] = 90  # that the figures look back
    incident_days: Annotated[int, Gt(0)] = 365  # that they look back for incidents
    least: Annotated[int, Gt(0)] = 5  # events that a figure needs
    stage: str = "production"  # of GTO's, that counts as deployed
    months: Annotated[int, Gt(0)] = 12  # of the trends
    days_between: tuple[Positive, Positive] = (7.0, 30.0)
    lead_days: tuple[Positive, Positive] = (7.0, 30.0)
    restore_hours: tuple[Positive, Positive] = (24.0, 168.0)
    failure_share: tuple[Share, Share] = (0.15, 0.3)
    rework_share: tuple[Share, Share] = (0.1, 0.2)


class Budgets(Section):
    """What error budgets ask for."""

    large: Share = 0.2  # of a budget: an incident that cost more needs an action
    low: Share = 0.25  # of a budget left: below, watch it
    burn_days: Annotated[int, Gt(0)] = 7  # that the burn rate looks back
    late_days: Annotated[int, Gt(0)] = 7  # without events, after which monitoring seems to rest
    waiver_days: Annotated[int, Gt(0)] = 28  # that a waiver lasts at most
    exempt: tuple[str, ...] = ("fix", "perf", "reliability", "security", "revert")


class Quality(Section):
    """All of them."""

    delivery: Delivery = Delivery()
    budgets: Budgets = Budgets()


def load(root: Path) -> Quality:
    """The settings of `conf/quality.yaml`, with the usual values for what it leaves out.

    Raises UserError that names each wrong one.
    """
    file = root / FILE
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
        return Quality.model_validate(content or {})
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{FILE} is not YAML: {error}") from error
    except ValidationError as error:
        raise UserError(sentences(error, f"{FILE}: ")) from error
