"""The quality of the whole product: all figures, and what they answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from keel.project.about import load
from keel.project.errors import UserError
from keel.quality.budgets import figures as budget_figures
from keel.quality.budgets import standing
from keel.quality.budgets.standing import Overview
from keel.quality.change import gather as change
from keel.quality.change.gather import Written
from keel.quality.delivery import dora
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


@dataclass(frozen=True)
class Scorecard:
    """All that is known of a project's quality, as of now."""

    now: datetime
    figures: list[Figure]
    overview: Overview = field(default_factory=Overview)
    exempt: tuple[str, ...] = ()  # what goes on in a freeze
    problems: list[str] = field(default_factory=list)  # with files that people write

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


def read(root: Path, now: datetime) -> Sources:
    """Read it all, once. What is broken takes away no more than its own."""
    quality, wrong = Quality(), []
    try:
        quality = settings.load(root)
    except UserError as error:
        wrong = str(error).splitlines()
    overview = standing.look(root, quality.budgets, now.date())
    known = incidents.read(root, now)
    written = change.gather(root, now.date())
    wrong += [*overview.unread, *overview.problems, *known.problems]
    wrong += incidents.flaws(known.good, known_deployments(root))
    wrong += change.problems(root, written)
    return Sources(quality, overview, known, written, wrong)


def gather(root: Path, now: datetime) -> Scorecard:
    """Make all figures. Whatever fails takes away no more than its own."""
    sources, today = read(root, now), now.date()
    quality, overview = sources.quality, sources.overview
    delivery = quality.delivery
    figures = [
        *guarded("product", "Error budgets", lambda: budget_figures.figures(overview, today)),
        *guarded("product", "Model", lambda: _model(root, quality, now)),
        *guarded("product", "Data", lambda: _data(root, quality)),
        *guarded(
            "delivery", "Delivery", lambda: dora.provide(root, sources.incidents, delivery, now)
        ),
    ]
    figures += change.figures(root, sources.written, quality, today, figures)
    return Scorecard(now, figures, overview, quality.budgets.exempt, sources.problems)


def _model(root: Path, quality: Quality, now: datetime) -> list[Figure]:
    from keel.judge.metrics import metrics_of  # the project's own code may be broken
    from keel.quality.product import judged, model

    metrics = metrics_of(load(root))
    return model.figures(judged.gather(root, now), metrics, quality.model)


def _data(root: Path, quality: Quality) -> list[Figure]:
    from keel.quality.product import data

    return data.figures(data.gather(root), quality.data)


def answer(figures: Sequence[Figure]) -> str:
    """How a group stands, in a sentence; what is not known is never called good."""
    times = Counter(figure.state for figure in figures)
    total, unknown = len(figures), times[State.UNKNOWN]
    rest = f", {unknown} can’t be told yet" if unknown else ""
    if unknown == total:
        return "Nobody can tell yet: there are not enough data for any of its figures."
    if red := times[State.BAD]:
        return f"No. {_are(red, total, 'bad')} ({_titles(figures, State.BAD)}){rest}."
    if yellow := times[State.WATCH]:
        watched = _titles(figures, State.WATCH)
        return f"Mostly. {_are(yellow, total, 'to be watched')} ({watched}){rest}."
    yes = "As far as is known, yes" if unknown else "Yes"
    return f"{yes}. {_are(times[State.GOOD], total, 'good')}{rest}."


def _are(part: int, total: int, what: str) -> str:
    return f"{part} of {total} figures {'is' if part == 1 else 'are'} {what}"


def _titles(figures: Sequence[Figure], state: State) -> str:
    """The titles of those in a state, some of them if there are many."""
    titles = [f"“{figure.title}”" for figure in figures if figure.state == state]
    more = [f"{len(titles) - 3} more"] if len(titles) > 4 else []
    names = [*(titles[:3] if more else titles), *more]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
