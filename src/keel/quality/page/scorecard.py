"""The quality of the whole product: all figures, and what they answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from keel.project.about import load
from keel.project.errors import UserError
from keel.quality.budgets import figures as budget_figures
from keel.quality.budgets import rules, standing
from keel.quality.budgets.standing import Overview
from keel.quality.change import gather as change
from keel.quality.change.gather import Written
from keel.quality.delivery import dora, incident
from keel.quality.records import incidents, settings
from keel.quality.records.figures import Figure, Group, State, guarded
from keel.quality.records.history import known_deployments
from keel.quality.records.incidents import Incidents
from keel.quality.records.settings import Quality

QUESTIONS: dict[Group, str] = {
    "product": "Is the product well?",
    "delivery": "Do we deliver?",
    "change": "Can we keep changing it?",
}
COUNTED = {
    State.BAD: "bad",
    State.WATCH: "to be watched",
    State.GOOD: "good",
    State.UNKNOWN: "can’t be told yet",
}


@dataclass(frozen=True)
class Scorecard:
    """All that is known of a project's quality, as of now."""

    now: datetime
    figures: list[Figure]
    overview: Overview = field(default_factory=Overview)
    exempt: tuple[str, ...] = ()  # what goes on in a freeze
    problems: list[str] = field(default_factory=list)  # with files that people write
    rules: list[str] = field(
        default_factory=list
    )  # whose they are, and what a change makes of them

    @property
    def answers(self) -> dict[str, str]:
        """How the product stands, by question."""
        groups = {name: [f for f in self.figures if f.group == name] for name in QUESTIONS}
        return {question: answer(groups[name]) for name, question in QUESTIONS.items()}


@dataclass(frozen=True)
class Sources:
    """What people wrote on quality, and what is wrong with it."""

    quality: Quality
    overview: Overview
    incidents: Incidents
    written: Written
    problems: list[str]
    rules: list[str]  # whose they are, and what a change makes of them


def read(root: Path, now: datetime) -> Sources:
    """Read it all, once. What is broken takes away no more than its own."""
    quality, wrong = Quality(), []
    with rules.of(root, rules.target(root)) as held:
        try:
            quality = settings.load(held.folder)
        except UserError as error:
            wrong = str(error).splitlines()
        overview = standing.look(root, quality.budgets, now.date(), rules=held.folder)
    known = incident.costed(incidents.read(root, now), overview, now)
    written = change.gather(root, now.date())
    wrong += [*overview.unread, *overview.problems, *known.problems]
    wrong += incidents.flaws(known.good, known_deployments(root))
    wrong += change.problems(root, written)
    return Sources(quality, overview, known, written, wrong, held.told)


def gather(root: Path, now: datetime) -> Scorecard:
    """Make all figures. Whatever fails takes away no more than its own."""
    sources, today = read(root, now), now.date()
    quality, overview = sources.quality, sources.overview
    delivery = quality.delivery
    figures = [
        *guarded("product", "Outages", lambda: [incident.figure(sources.incidents, now)]),
        *guarded("product", "Error budgets", lambda: budget_figures.figures(overview, today)),
        *guarded("product", "Model", lambda: _model(root, quality, now)),
        *guarded("product", "Data", lambda: _data(root, quality)),
        *guarded(
            "delivery", "Delivery", lambda: dora.provide(root, sources.incidents, delivery, now)
        ),
    ]
    figures += change.figures(root, sources.written, quality, today, figures)
    return Scorecard(
        now, figures, overview, quality.budgets.exempt, sources.problems, sources.rules
    )


def _model(root: Path, quality: Quality, now: datetime) -> list[Figure]:
    from keel.judge.metrics.known import metrics_of  # the project's own code may be broken
    from keel.quality.product import judged, model

    metrics = metrics_of(load(root))
    return model.figures(judged.gather(root, now), metrics, quality.model)


def _data(root: Path, quality: Quality) -> list[Figure]:
    from keel.quality.product import data

    return data.figures(root, quality.data)


def answer(figures: Sequence[Figure]) -> str:
    """How a group stands, in a sentence; what is not known is never called good."""
    titles = {state: [f"“{f.title}”" for f in figures if f.state == state] for state in State}
    if len(titles[State.UNKNOWN]) == len(figures):
        return "Nobody can tell yet: there are not enough data for any of its figures."
    verdict = "As far as is known, yes" if titles[State.UNKNOWN] else "Yes"
    if titles[State.BAD]:
        verdict = "No"
    elif 2 * len(titles[State.UNKNOWN]) > len(figures):
        verdict = "Too early to say"
    elif titles[State.WATCH]:
        verdict = "Mostly"
    counts = [f"{len(titles[state])} {word}" for state, word in COUNTED.items() if titles[state]]
    named = titles[State.BAD] or titles[State.WATCH]
    some = [*named[:3], *([f"{len(named) - 3} more"] if named[3:] else [])]
    return f"{verdict}: {', '.join(counts)}" + (f" ({', '.join(some)})." if some else ".")
