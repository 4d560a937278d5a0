"""The page of the quality as HTML for people, Markdown for a pull request, JSON for machines."""

import html
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import Markup
from pydantic import TypeAdapter

from keel.data.store import Store
from keel.project.about import about
from keel.project.errors import UserError
from keel.quality.delivery.incident import OUTAGES
from keel.quality.page.scorecard import QUESTIONS, Scorecard
from keel.quality.records.figures import Figure, State
from keel.show.pages import coded, page

SCHEMA = 1  # of the JSON: a new number when a name in it changes or goes
WORDS = {
    State.BAD: ("■", "bad"),
    State.WATCH: ("▲", "watch"),
    State.GOOD: ("●", "good"),
    State.UNKNOWN: ("○", "not known"),
}
GAP = 31  # days between two values of a trend, beyond which no line joins them
WIDTH, HEIGHT = 120, 32  # of a trend, in pixels


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
