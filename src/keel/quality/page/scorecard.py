"""The quality of the whole product: all figures, and what they answer."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from keel.project.about import load
from keel.quality.budgets import figures as budget_figures
from keel.quality.budgets import standing
from keel.quality.budgets.standing import Overview, Standing
from keel.quality.change import gather as change
from keel.quality.delivery import dora
from keel.quality.page import documents
from keel.quality.records.figures import Figure, Group, State, guarded
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
    stopping: list[Standing] = field(default_factory=list)  # what stops feature work
    waived: list[Standing] = field(default_factory=list)
    exempt: tuple[str, ...] = ()  # what goes on all the same
    problems: list[str] = field(default_factory=list)  # with files that people write

    def group(self, name: Group) -> list[Figure]:
        """The figures that answer one of the questions."""
        return [figure for figure in self.figures if figure.group == name]

    @property
    def answers(self) -> dict[str, str]:
        """How the product stands, by question."""
        return {question: answer(self.group(name)) for name, question in QUESTIONS.items()}

    @property
    def freeze(self) -> list[str]:
        """What stops feature work, in sentences."""
        return [stop(standing) for standing in self.stopping]


def gather(root: Path, now: datetime) -> Scorecard:
    """Make all figures. Whatever is broken takes away no more than its own."""
    today = now.date()
    quality, wrong = documents.chosen(root)
    written = change.gather(root, quality, today)
    try:
        wrong = [*wrong, *documents.problems(root, quality, written, now)]
    except Exception as error:  # noqa: BLE001 -- as for the figures: the rest of the page comes
        wrong.append(f"what people wrote can't be checked: {type(error).__name__}: {error}")
    overview = Overview()

    def budgets() -> list[Figure]:
        nonlocal overview
        overview = standing.look(root, quality.budgets, today)
        return budget_figures.figures(overview, quality.budgets, today)

    figures = [
        *guarded("product", "Error budgets", budgets),
        *guarded("product", "Model", lambda: _model(root, quality, now)),
        *guarded("product", "Data", lambda: _data(root, quality)),
        *guarded("delivery", "Delivery", lambda: dora.provide(root, quality, now)),
    ]
    figures += change.figures(root, written, quality, today, figures)
    return Scorecard(
        now,
        figures,
        [each for each in overview.standings if each.stops],
        [each for each in overview.standings if each.waiver],
        quality.budgets.exempt,
        wrong,
    )


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


def stop(standing: Standing) -> str:
    """What stops feature work, since when, and what ends that."""
    title = standing.objective.title
    if standing.budget is None:
        unknown = f"nobody knows how it stands ({standing.lack})"
        return f"“{title}”: {unknown}. It ends when that is mended."
    return (
        f"“{title}”: its error budget is spent since {standing.budget.since}. It ends when the "
        f"objective is met again, on {standing.budget.ends} at the earliest."
    )
