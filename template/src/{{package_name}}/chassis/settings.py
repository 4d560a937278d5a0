# Keel keeps this file up to date.
"""The settings of the chassis, beside the team's: what `conf/` leaves out is as here."""

from datetime import date
from typing import Annotated

from annotated_types import Ge, Gt, MinLen
from pydantic import Field

from .. import settings as team

NotNegative = Annotated[float, Ge(0)]


class Gates(team.Section):
    """What a model may miss, beside its floors; None switches a gate off."""

    better_than_baseline: float | None = 0.0
    feature_loss: float | None = 0.0005
    psi: NotNegative | None = 1.0
    same: NotNegative | None = 0.3
    nulls: NotNegative | None = 0.1
    unseen: NotNegative | None = 0.05
    gap: Annotated[int, Ge(0)] | None = 7


class Staleness(team.Section):
    """How the ageing of a model is measured."""

    months: Annotated[int, Gt(0)] = 3  # that a model learns from
    rows: Annotated[int, Gt(0)] = 10_000  # of these months, evenly spread: ageing shows in few
    loss: Annotated[float, Gt(0)] = 0.02  # of the first metric, after which to train again


class Waiver(team.Section):
    """Why a gate may be missed, who answers for that, and until which day."""

    why: Annotated[str, MinLen(1)]
    owner: Annotated[str, MinLen(1)]
    until: date


class Settings(team.Settings):
    """All settings."""

    gates: Gates = Gates()
    staleness: Staleness = Staleness()
    waivers: dict[str, Waiver] = Field(default_factory=dict)
