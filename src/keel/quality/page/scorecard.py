"""The quality of the whole product: all figures, what they answer, and the page that shows them."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from keel.data.store import Store
from keel.project.about import about, load
from keel.project.errors import UserError
from keel.quality.budgets import freeze, standing
from keel.quality.budgets.standing import Overview
from keel.quality.change import gather as change
from keel.quality.change.gather import Written
from keel.quality.delivery import dora, incidents
from keel.quality.delivery.incidents import OUTAGES, Incidents
from keel.quality.product import data
from keel.quality.records import settings
from keel.quality.records.figures import Figure, Group, State, guarded
from keel.quality.records.history import deployments, known_deployments
from keel.quality.records.settings import Quality
from keel.show.pages import page

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
SCHEMA = 1  # of the JSON: a new number when a name in it changes or goes
WORDS = {
    State.BAD: ("■", "bad"),
    State.WATCH: ("▲", "watch"),
    State.GOOD: ("●", "good"),
    State.UNKNOWN: ("○", "not known"),
}
GAP = 31  # days between two values of a trend, beyond which no line joins them
WIDTH, HEIGHT = 120, 32  # of a trend, in pixels


@dataclass(frozen=True)
class Scorecard:
    """All that is known of a project's quality, as of now."""

    now: datetime
    figures: list[Figure] = field(default_factory=list)
    quality: Quality = field(default_factory=Quality)
    overview: Overview = field(default_factory=Overview)
    incidents: Incidents = field(default_factory=Incidents)
    problems: list[str] = field(default_factory=list)  # with files that people write
    rules: list[str] = field(default_factory=list)  # whose they are, and what changes in them

    @property
    def answers(self) -> dict[str, str]:
        """How the product stands, by question."""
        groups = {name: [f for f in self.figures if f.group == name] for name in QUESTIONS}
        return {question: answer(groups[name]) for name, question in QUESTIONS.items()}


def read(root: Path, now: datetime) -> tuple[Scorecard, Written]:
    """What people wrote on quality, and what is wrong with it; there are no figures yet.

    What is broken takes away no more than its own.
    """
    quality, wrong = Quality(), []
    rules = freeze.of(root, freeze.target(root))
    try:
        quality = settings.load(rules.folder)
    except UserError as error:
        wrong = str(error).splitlines()
    overview = standing.look(root, quality.budgets, now.date(), rules=rules.folder)
    known = incidents.costed(incidents.read(root, now), overview, now)
    written = change.gather(root, now.date())
    wrong += [*overview.unread, *overview.problems, *known.problems]
    wrong += incidents.flaws(known.good, known_deployments(root))
    wrong += change.problems(written)
    return Scorecard(now, [], quality, overview, known, wrong, rules.told), written


def gather(root: Path, now: datetime) -> Scorecard:
    """Make all figures. Whatever fails takes away no more than its own."""
    card, written = read(root, now)
    quality, known = card.quality, card.incidents

    def delivery() -> list[Figure]:
        return dora.figures(deployments(root), known, quality.delivery, now)

    figures = [
        *guarded("product", "Outages", lambda: [incidents.figure(known, now)]),
        *guarded("product", "Error budgets", lambda: standing.figures(card.overview, now.date())),
        *guarded("product", "Model", lambda: _model(root, quality, now)),
        *guarded("product", "Data", lambda: data.figures(root, quality.data)),
        *guarded("delivery", "Delivery", delivery, "delivery."),
    ]
    return replace(card, figures=[*figures, *change.figures(written, quality, figures)])


def _model(root: Path, quality: Quality, now: datetime) -> list[Figure]:
    from keel.judge.metrics.known import metrics_of  # the project's own code may be broken
    from keel.quality.product import model

    metrics = metrics_of(load(root))
    return model.figures(model.gather(root, now), metrics, quality.model)


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


def write(store: Store, card: Scorecard) -> Path:
    """Write it as HTML for people, Markdown for a pull request, JSON for machines.

    Returns where the HTML is.
    """
    try:
        project = about(store.repository)
    except UserError:  # a broken pyproject.toml is for uv to tell
        project = {"name": store.repository.name, "purpose": ""}
    top = facts(card)
    context: dict[str, Any] = {
        "project": project,
        "figures": card.figures,
        "first": first(card.figures),
    }
    context |= {"questions": QUESTIONS, "words": WORDS, "plain": _plain, "lines": trend}
    for kind in ("html", "md"):
        text = page(f"quality/page/scorecard.{kind}", **top, **context)
        store.write_text(store.report(f"scorecard.{kind}"), text)
    figures = TypeAdapter(list[Figure]).dump_python(card.figures, mode="json")
    at = card.now.isoformat(timespec="seconds")
    machines = {"schema": SCHEMA, "project": project["name"], "at": at, **top, "figures": figures}
    store.write_json(store.report("scorecard.json"), machines)
    return store.report("scorecard.html")


def facts(card: Scorecard) -> dict[str, Any]:
    """What all three say at their top."""
    return {
        "day": card.now.date().isoformat(),
        "answers": card.answers,
        "outages": [each.text for each in card.figures if each.name == OUTAGES and each.value],
        "freeze": [f"“{stop.objective.title}”: {stop}" for stop in card.overview.stopping],
        "exempt": list(card.quality.budgets.exempt),
        "waivers": [
            f"“{standing.objective.title}” may be missed until {waiver.until}: "
            f"{waiver.why} ({waiver.owner} answers for it"
            + (f"; number {standing.waivers} within a year)" if standing.waivers > 1 else ")")
            for standing in card.overview.standings
            if (waiver := standing.waiver)
        ],
        "problems": card.problems,
        "rules": card.rules,
    }


def first(figures: Sequence[Figure]) -> list[Figure]:
    """What to look at first: the bad, then the broken, then what is to be watched."""
    bad, watch = ([f for f in figures if f.state == s] for s in (State.BAD, State.WATCH))
    return [*bad, *(f for f in figures if f.broken and f.state != State.BAD), *watch]


def trend(points: Sequence[tuple[date, float]]) -> list[list[tuple[float, float]]]:
    """The lines that show values by their days, in pixels; none for one value.

    Where there are none for longer than a month, there is no line.
    """
    days, values = [day.toordinal() for day, _ in points], [value for _, value in points]
    right, up = _scaled(days, WIDTH), _scaled(values, HEIGHT)
    at = [(round(x, 1), round(HEIGHT - y, 1)) for x, y in zip(right, up, strict=True)]
    lines = [at[:1]]
    for (before, day), point in zip(pairwise(days), at[1:], strict=True):
        if day - before > GAP:
            lines.append([])
        lines[-1].append(point)
    return lines if len(points) > 1 else []


def _scaled(numbers: Sequence[float], length: int) -> list[float]:
    """Numbers from one end of a length to the other, 3 pixels free; the middle if all agree."""
    low, span = min(numbers, default=0), max(numbers, default=0) - min(numbers, default=0)
    return [3 + (length - 6) * ((number - low) / span if span else 0.5) for number in numbers]


def _plain(text: str) -> str:
    """Text in a cell of Markdown, that can't be taken for a tag or for the end of the cell."""
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")
