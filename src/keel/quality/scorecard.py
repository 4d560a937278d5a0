"""`keel scorecard`: the quality of the whole product on one page."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from keel.data.store import Store
from keel.project.errors import UserError
from keel.quality import trends
from keel.quality.budgets import figures as budget_figures
from keel.quality.budgets import standing
from keel.quality.budgets.standing import Overview, Standing
from keel.quality.code import change
from keel.quality.delivery import dora
from keel.quality.records import settings
from keel.quality.records.figures import Figure, Group, State, guarded
from keel.quality.records.problems import problems
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


def main(root: Path, arguments: list[str]) -> int:
    """Write the page as HTML, Markdown and JSON, and print the answers."""
    from keel.quality import page

    if arguments:
        raise UserError(f"scorecard takes no arguments, and got {' '.join(arguments)}")
    card = gather(root, datetime.now(UTC))
    written = page.write(Store(root, root), card)
    for name, question in QUESTIONS.items():
        print(f"{question} {answer(card.group(name))}")
    for one in card.stopping:
        print(f"FREEZE: {stop(one)}")
    print(f"\nThe page: {written}")
    return 0


def gather(root: Path, now: datetime) -> Scorecard:
    """Make all figures. Whatever is broken takes away no more than its own."""
    try:
        wrong = problems(root, now)
    except Exception as error:  # noqa: BLE001 -- as for the figures: the rest of the page comes
        wrong = [f"what people wrote can't be checked: {type(error).__name__}: {error}"]
    try:
        chosen = settings.load(root)
    except UserError:
        chosen = Quality()  # what is wrong with them is among the problems
    overview = Overview()

    def budgets() -> list[Figure]:
        nonlocal overview
        overview = standing.look(root, chosen.budgets, now)
        return budget_figures.figures(overview, chosen.budgets, now.date())

    def model() -> list[Figure]:
        from keel.quality import model

        return model.provide(root, chosen, now)

    def data() -> list[Figure]:
        from keel.quality import data

        return data.provide(root, chosen, now)

    found = [
        *guarded("product", "Error budgets", budgets),
        *guarded("product", "Model", model),
        *guarded("product", "Data", data),
        *guarded("delivery", "Delivery", lambda: dora.provide(root, chosen, now)),
    ]
    found += change.figures(change.Project(root, now.date(), chosen), found)
    found = trends.filled(found, trends.known(root), now.date())
    standings = overview.standings
    return Scorecard(
        now,
        found,
        [one for one in standings if one.stops],
        [one for one in standings if one.waiver],
        chosen.budgets.exempt,
        wrong,
    )


def answer(figures: list[Figure]) -> str:
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


def stop(one: Standing) -> str:
    """What stops feature work, since when, and what ends that."""
    title = one.objective.title
    if one.budget is None:
        return f"“{title}”: nobody knows how it stands ({one.lack}). It ends when that is mended."
    return (
        f"“{title}”: its error budget is spent since {one.budget.since}. It ends when the "
        f"objective is met again, on {one.budget.ends} at the earliest."
    )


def _titles(figures: list[Figure], state: State) -> str:
    """The titles of those in a state, some of them if there are many."""
    titles = [f"“{figure.title}”" for figure in figures if figure.state == state]
    more = [f"{len(titles) - 3} more"] if len(titles) > 4 else []
    names = [*(titles[:3] if more else titles), *more]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
