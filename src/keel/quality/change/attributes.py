"""Quality attributes: scenarios that the product owner ranks, each with a measure.

A scenario has the six parts of Bass, Clements and Kazman, Software Architecture in Practice; its
quality is one of ISO/IEC 25010:2023.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from keel.project.errors import UserError
from keel.project.settings import Section
from keel.quality.records.documents import Text, listed, plural, read
from keel.quality.records.figures import Figure, State, about

FILE = "docs/quality/attributes.yaml"
NOT_MEASURED = "not measured"
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
    figure: Text


class Attributes(Section):
    """The scenarios in the order of their rank, and when to look at them again."""

    review: date | None = None
    scenarios: dict[str, Scenario]


@dataclass(frozen=True)
class Measured:
    """A scenario with its rank and its figure; None if there is none of that name."""

    rank: int
    name: str
    scenario: Scenario
    figure: Figure | None


def measured(attributes: Attributes, figures: Sequence[Figure]) -> list[Measured]:
    """Each scenario with the figure of the page that shows it."""
    named = {figure.name: figure for figure in figures}
    return [
        Measured(rank, name, scenario, named.get(scenario.figure))
        for rank, (name, scenario) in enumerate(attributes.scenarios.items(), 1)
    ]


def figure(attributes: Attributes, others: Sequence[Figure], later: date, today: date) -> Figure:
    """How many are measured by the `others`; past the review, or with an unknown name, watch it.

    `later` is the day of the review if the file says none.
    """
    ranked = measured(attributes, others)
    if not ranked:
        return about("attributes.measured").unknown(f"{FILE} has no scenarios")
    shown = [each.figure for each in ranked if each.figure]
    review = attributes.review or later
    notes = [
        f"{each.name}: {each.scenario.figure} is no figure of this page"
        for each in ranked
        if not each.figure and each.scenario.figure != NOT_MEASURED
    ]
    if review < today:
        notes.append(f"The ranking was to be looked at again by {review}.")
    standing = State.GOOD if len(shown) == len(ranked) and not notes else State.WATCH
    empty = sum(figure.value is None for figure in shown)
    text = f"{len(shown)} of {plural(len(ranked), 'scenario')}"
    return (
        about("attributes.measured")
        .figure(
            len(shown) / len(ranked),
            f"{text}, {empty} without a value yet" if empty else text,
            standing,
            len(ranked),
            f"all, and looked at again by {review}",
        )
        .also(map(_sentence, ranked), notes)
    )


def problems(root: Path) -> list[str]:
    """What is wrong with the file."""
    if not (root / FILE).exists():
        return []  # the page says so
    try:
        attributes = read(root, FILE, Attributes)
    except UserError as error:
        return listed(error)
    return list(_unlikely(attributes.scenarios))


def names(root: Path) -> list[str] | None:
    """The names of the attributes; None if the file can't be read."""
    try:
        return list(read(root, FILE, Attributes).scenarios)
    except UserError:
        return None


def _unlikely(scenarios: Mapping[str, Scenario]) -> Iterator[str]:
    for name, scenario in scenarios.items():
        is_name = "." in scenario.figure and " " not in scenario.figure
        if scenario.figure != NOT_MEASURED and not is_name:
            cure = f"the name of a figure, such as code.complexity, or {NOT_MEASURED}"
            yield f"{FILE}: scenarios.{name}.figure is {scenario.figure!r}: it is {cure}"


def _sentence(ranked: Measured) -> str:
    asked, figure = ranked.scenario, ranked.figure
    shows = figure.text if figure else NOT_MEASURED
    shows += f" ({figure.state})" if figure and figure.value is not None else ""
    return (
        f"{ranked.rank}. {ranked.name} ({asked.quality}): {asked.source} {asked.stimulus}, "
        f"{asked.environment}: {asked.artefact} {asked.response}, {asked.measure}. {shows}"
    )
