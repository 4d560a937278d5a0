"""Quality attributes: scenarios that the product owner ranks, each with a measure.

A scenario has the six parts of Bass, Clements and Kazman, Software Architecture in Practice; its
quality is one of ISO/IEC 25010:2023.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from keel.project.settings import Section
from keel.quality.records.documents import Text, plural
from keel.quality.records.figures import Figure, State, about

FILE = "docs/quality/attributes.yaml"
NOT_MEASURED = "not measured"
REVIEW = 6  # months after the file came, if it has no date of its own
Quality = Literal[
    "functional suitability",
    "performance efficiency",
    "compatibility",
    "interaction capability",
    "reliability",
    "security",
    "maintainability",
    "flexibility",
    "safety",
]


class Scenario(Section):
    """What must happen when something happens, how well, and which figure shows it."""

    quality: Quality
    source: Text
    stimulus: Text
    artefact: Text
    environment: Text
    response: Text
    measure: Text
    figure: Annotated[str, Field(pattern=rf"^([a-z_]+\.\w+|{NOT_MEASURED})$")]


class Attributes(Section):
    """The scenarios in the order of their rank, and when to look at them again."""

    review: date | None = None
    scenarios: dict[str, Scenario]


def figure(attributes: Attributes, others: Sequence[Figure], later: date, today: date) -> Figure:
    """How many are measured by the `others`; past the review, or with an unknown name, watch it.

    `later` is the day of the review if the file says none.
    """
    scenarios, measured = attributes.scenarios, about("attributes.measured")
    if not scenarios:
        return measured.unknown(f"{FILE} has no scenarios")
    named = {figure.name: figure for figure in others}
    shown = [named[s.figure] for s in scenarios.values() if s.figure in named]
    review = attributes.review or later
    notes = [
        f"{name}: {scenario.figure} is no figure of this page"
        for name, scenario in scenarios.items()
        if scenario.figure not in {*named, NOT_MEASURED}
    ]
    if review < today:
        notes.append(f"The ranking was to be looked at again by {review}.")
    standing = State.GOOD if len(shown) == len(scenarios) and not notes else State.WATCH
    empty = sum(figure.value is None for figure in shown)
    text = f"{len(shown)} of {plural(len(scenarios), 'scenario')}"
    text += f", {empty} without a value yet" if empty else ""
    target = f"all, and looked at again by {review}"
    share = len(shown) / len(scenarios)
    return measured.shown(share, text, standing, len(scenarios), target).also(
        [
            f"{rank}. {name} ({s.quality}): {s.source} {s.stimulus}, {s.environment}: "
            f"{s.artefact} {s.response}, {s.measure}. {_value(named.get(s.figure))}"
            for rank, (name, s) in enumerate(scenarios.items(), 1)
        ],
        notes,
    )


def _value(figure: Figure | None) -> str:
    if figure is None:
        return NOT_MEASURED
    return figure.text + (f" ({figure.state})" if figure.value is not None else "")
