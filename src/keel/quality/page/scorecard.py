"""The quality of the whole product: all figures, what they answer, and the page that shows them."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import Markup
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
from keel.quality.records import settings
from keel.quality.records.figures import Figure, Group, State, guarded
from keel.quality.records.history import known_deployments
from keel.quality.records.settings import Quality
from keel.show.pages import coded, page

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
    with freeze.of(root, freeze.target(root)) as held:
        try:
            quality = settings.load(held.folder)
        except UserError as error:
            wrong = str(error).splitlines()
        overview = standing.look(root, quality.budgets, now.date(), rules=held.folder)
    known = incidents.costed(incidents.read(root, now), overview, now)
    written = change.gather(root, now.date())
    wrong += [*overview.unread, *overview.problems, *known.problems]
    wrong += incidents.flaws(known.good, known_deployments(root))
    wrong += change.problems(written)
    return Sources(quality, overview, known, written, wrong, held.told)


def gather(root: Path, now: datetime) -> Scorecard:
    """Make all figures. Whatever fails takes away no more than its own."""
    sources, today = read(root, now), now.date()
    quality, overview = sources.quality, sources.overview
    delivery = quality.delivery
    figures = [
        *guarded("product", "Outages", lambda: [incidents.figure(sources.incidents, now)]),
        *guarded("product", "Error budgets", lambda: standing.figures(overview, today)),
        *guarded("product", "Model", lambda: _model(root, quality, now)),
        *guarded("product", "Data", lambda: _data(root, quality)),
        *guarded(
            "delivery", "Delivery", lambda: dora.provide(root, sources.incidents, delivery, now)
        ),
    ]
    figures += change.figures(sources.written, quality, figures)
    return Scorecard(
        now, figures, overview, quality.budgets.exempt, sources.problems, sources.rules
    )


def _model(root: Path, quality: Quality, now: datetime) -> list[Figure]:
    from keel.judge.metrics.known import metrics_of  # the project's own code may be broken
    from keel.quality.product import model

    metrics = metrics_of(load(root))
    return model.figures(model.gather(root, now), metrics, quality.model)


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


def write(store: Store, card: Scorecard) -> Path:
    """Write all three; returns where the HTML is."""
    project = _about(store.repository)
    top = facts(card)
    context = {
        **top,
        "project": project,
        "figures": card.figures,
        "first": first(card.figures),
        "questions": QUESTIONS,
        "words": WORDS,
        "plain": _plain,
        "coded": coded,
        "trend": trend,
        "was": was,
    }
    for kind in ("html", "md"):
        text = page(f"quality/page/scorecard.{kind}", **context)
        store.write_text(store.report(f"scorecard.{kind}"), text)
    figures = TypeAdapter(list[Figure]).dump_python(card.figures, mode="json")
    at = card.now.isoformat(timespec="seconds")
    machines = {"schema": SCHEMA, "project": project["name"], "at": at, **top, "figures": figures}
    store.write_json(store.report("scorecard.json"), machines)
    return store.report("scorecard.html")


def _about(root: Path) -> dict[str, str]:
    try:
        return about(root)
    except UserError:  # a broken pyproject.toml is for uv to tell
        return {"name": root.name, "purpose": ""}


def facts(card: Scorecard) -> dict[str, Any]:
    """What all three say at their top."""
    return {
        "day": card.now.date().isoformat(),
        "answers": card.answers,
        "outages": [each.text for each in card.figures if each.name == OUTAGES and each.value],
        "freeze": [f"“{stop.objective.title}”: {stop}" for stop in card.overview.stopping],
        "exempt": list(card.exempt),
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


def trend(points: Sequence[tuple[date, float]]) -> Markup:
    """A line of the values by their days, with a point for the last one; nothing for one value.

    Where there are none for longer than a month, there is no line.
    """
    if len(points) < 2:
        return Markup()
    days, values = [day.toordinal() for day, _ in points], [value for _, value in points]
    low, high = min(values), max(values)
    long, tall = (days[-1] - days[0]) or 1, (high - low) or 1
    at = [
        (
            round(3 + (WIDTH - 6) * (day - days[0]) / long, 1),
            round(HEIGHT - 3 - (HEIGHT - 6) * ((value - low) / tall if high > low else 0.5), 1),
        )
        for day, value in zip(days, values, strict=True)
    ]
    lines = [[at[0]]]
    for (before, day), point in zip(pairwise(days), at[1:], strict=True):
        if day - before > GAP:
            lines.append([])
        lines[-1].append(point)
    drawn = "".join(
        f'<polyline points="{" ".join(f"{x},{y}" for x, y in line)}"/>' for line in lines
    )
    x, y = at[-1]
    return Markup(  # noqa: S704 -- numbers only
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true">{drawn}<circle cx="{x}" cy="{y}" r="2.5"/></svg>'
    )


def was(figure: Figure) -> str:
    """What the first value of a trend was, in words."""
    if len(figure.trend) < 2:
        return ""
    day, value = figure.trend[0]
    if figure.unit == "share":
        return f"{value:.1%} on {day}"
    return f"{value:.3g} {figure.unit}".replace(" %", "\N{NO-BREAK SPACE}%") + f" on {day}"


def _plain(text: str) -> str:
    """Text in a cell of Markdown, that can't be taken for a tag or for the end of the cell."""
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")
