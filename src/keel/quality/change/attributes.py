"""Quality attributes: scenarios that the product owner ranks, each with a measure.

A scenario has the six parts of Bass, Clements and Kazman, Software Architecture in Practice; its
quality is one of ISO/IEC 25010:2023.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated

from pydantic import AfterValidator

from keel.project.settings import Section
from keel.quality.records.documents import Text, plural
from keel.quality.records.figures import Figure, State, about

FILE = "docs/quality/attributes.yaml"
NOT_MEASURED = "not measured"
REVIEW = 6  # months after the file came, if it has no date of its own
CHARACTERISTICS = {  # of ISO/IEC 25010:2023, with its words for their parts, and people's
    "functional suitability": "functional completeness, functional correctness, "
    "functional appropriateness, correctness, accuracy",
    "performance efficiency": "time behaviour, resource utilization, capacity, performance, speed",
    "compatibility": "co-existence, interoperability",
    "interaction capability": "appropriateness recognizability, learnability, operability, "
    "user error protection, user engagement, inclusivity, user assistance, self-descriptiveness, "
    "usability, accessibility, explainability, transparency",
    "reliability": "faultlessness, availability, fault tolerance, recoverability, robustness",
    "security": "confidentiality, integrity, non-repudiation, accountability, authenticity, "
    "resistance, privacy",
    "maintainability": "modularity, reusability, analysability, modifiability, testability, "
    "changeability, readability",
    "flexibility": "adaptability, scalability, installability, replaceability, portability",
    "safety": "operational constraint, risk identification, fail safe, hazard warning, "
    "safe integration, fairness",
}
WORDS = {word for parts in CHARACTERISTICS.values() for word in parts.split(", ")}


def known_quality(word: str) -> str:
    """A word of the standard, or people's for it. Raises ValueError with what may be meant."""
    if word.casefold() not in {*CHARACTERISTICS, *WORDS}:
        near = difflib.get_close_matches(word.casefold(), [*CHARACTERISTICS, *WORDS], 1)
        meant = f"did you mean {near[0]}?" if near else f"such as {', '.join(CHARACTERISTICS)}"
        raise ValueError(f"a quality of ISO/IEC 25010, please: {meant}")
    return word


def known_figure(figure: str) -> str:
    """The name of a figure, or that there is none. Raises ValueError for another text."""
    if figure != NOT_MEASURED and not re.fullmatch(r"[a-z_]+\.\w+", figure):
        raise ValueError(f"name a figure such as model.score, or write: {NOT_MEASURED}")
    return figure


class Scenario(Section):
    """What must happen when something happens, how well, and which figure shows it."""

    quality: Annotated[str, AfterValidator(known_quality)]
    source: Text
    stimulus: Text
    artefact: Text
    environment: Text
    response: Text
    measure: Text
    figure: Annotated[str, AfterValidator(known_figure)]


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
        f"{name}: {scenario.figure} is no figure of this page{_meant(scenario.figure, named)}"
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


def _meant(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f": did you mean {near[0]}?" if near else ""


def _value(figure: Figure | None) -> str:
    if figure is None:
        return NOT_MEASURED
    return figure.text + (f" ({figure.state})" if figure.value is not None else "")
