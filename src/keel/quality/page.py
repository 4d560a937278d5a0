"""The page of the quality as HTML for people, Markdown for a pull request, JSON for machines."""

import html
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from keel.data.store import Store
from keel.quality.records.figures import Figure, State
from keel.quality.scorecard import QUESTIONS, Scorecard, answer, stop
from keel.show.pages import page

SCHEMA = 1  # of the JSON: a new number when a name in it changes or goes
WORDS = {
    State.BAD: ("■", "bad"),
    State.WATCH: ("▲", "watch"),
    State.GOOD: ("●", "good"),
    State.UNKNOWN: ("○", "not known"),
}
WIDTH, HEIGHT = 120, 32  # of a trend, in pixels


def write(store: Store, card: Scorecard) -> Path:
    """Write all three; returns where the HTML is."""
    about = _about(store.repository)
    file = store.report("scorecard.html")
    context = {**facts(card), "project": about, "first": first(card), "groups": groups(card)}
    words = {"words": WORDS, "trend": trend, "was": was, "counted": counted, "coded": coded}
    text = page("quality/scorecard.html", **context, **words)
    store.write_text(file, text)
    store.write_text(store.report("scorecard.md"), markdown(card, about["name"]))
    store.write_json(store.report("scorecard.json"), as_json(card, about["name"]))
    return file


def _about(root: Path) -> dict[str, str]:
    try:
        return project(root)
    except ValueError:  # a broken pyproject.toml is for uv to tell
        return {"name": root.name, "purpose": ""}


def facts(card: Scorecard) -> dict[str, Any]:
    """What all three say at their top."""
    return {
        "day": card.now.date().isoformat(),
        "answers": {q: answer(card.group(name)) for name, q in QUESTIONS.items()},
        "freeze": [stop(one) for one in card.stopping],
        "exempt": list(card.exempt),
        "waivers": [
            f"“{one.objective.title}” may be missed until {one.waiver.until}: {one.waiver.why} "
            f"(signed by {one.waiver.signed} on {one.waiver.since})"
            for one in card.waived
            if one.waiver
        ],
        "problems": card.problems,
    }


def first(card: Scorecard) -> list[Figure]:
    """What to look at first: the bad, then the broken, then what is to be watched."""
    bad, watch = ([one for one in card.figures if one.state == s] for s in (State.BAD, State.WATCH))
    return [*bad, *(one for one in card.figures if one.broken), *watch]


def groups(card: Scorecard) -> dict[str, dict[str, Any]]:
    """By its question, what is known of a group and what is not yet."""
    return {
        question: {
            "name": name,
            "known": [one for one in card.group(name) if one.value is not None or one.broken],
            "unknown": [one for one in card.group(name) if one.value is None and not one.broken],
        }
        for name, question in QUESTIONS.items()
    }


def as_json(card: Scorecard, name: str) -> dict[str, Any]:
    """All of it, for machines."""
    return {
        "schema": SCHEMA,
        "project": name,
        "at": card.now.isoformat(timespec="seconds"),
        **facts(card),
        "figures": [
            {**asdict(one), "trend": [[day.isoformat(), value] for day, value in one.trend]}
            for one in card.figures
        ],
    }


def markdown(card: Scorecard, name: str) -> str:
    """The same for a pull request: what is red or yellow first, all else folded."""
    return "\n".join(_lines(card, name)) + "\n"


def _lines(card: Scorecard, name: str) -> Iterator[str]:
    said = facts(card)
    yield f"## Quality of {_plain(name)}, {said['day']}"
    yield ""
    for question, told in said["answers"].items():
        yield f"- **{question}** {_plain(told)}"
    for title in ("freeze", "waivers", "problems"):
        if said[title]:
            yield from ("", f"**{TITLES[title]}**", "")
            yield from (f"- {_plain(one)}" for one in said[title])
    if look := first(card):
        yield from ("", "**What to look at first**", "")
        yield from _table(look, "what to do", lambda one: one.cure)
    yield from ("", f"<details><summary>All {len(card.figures)} figures</summary>", "")
    yield from _table(card.figures, "target", lambda one: one.target)
    yield from ("", "</details>")


def _table(figures: Sequence[Figure], last: str, what: Any) -> Iterator[str]:
    yield from (f"| | figure | value | {last} |", "|---|---|---|---|")
    for one in figures:
        shape, word = WORDS[one.state]
        yield f"| {shape} {word} | {_plain(one.title)} | {_plain(one.text)} | {_plain(what(one))} |"


TITLES = {
    "freeze": "Features have to wait",
    "waivers": "Waived for a while",
    "problems": "Files to mend",
}


def _plain(text: str) -> str:
    """Text in a cell of Markdown, that can't be taken for a tag or for the end of the cell."""
    return html.escape(text, quote=False).replace("|", "\\|").replace("\n", " ")


def trend(points: Sequence[tuple[date, float]]) -> Markup:
    """A line of the values by their days, with a point for the last one; nothing for one value."""
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
    line = " ".join(f"{x},{y}" for x, y in at)
    x, y = at[-1]
    return Markup(  # noqa: S704 -- numbers only
        f'<svg class="trend" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true"><polyline points="{line}"/><circle cx="{x}" cy="{y}" r="2.5"/></svg>'
    )


def counted(figure: Figure) -> str:
    """From how many of what a figure was computed, in words."""
    return f"{figure.events:,} {figure.counted}{'s' * (figure.events != 1)}"


def was(figure: Figure) -> str:
    """What the first value of a trend was, in words."""
    if len(figure.trend) < 2:
        return ""
    day, value = figure.trend[0]
    share = figure.unit == "share"
    told = (
        f"{value:.1%}"
        if share
        else f"{value:.3g} {figure.unit}".replace(" %", "\N{NO-BREAK SPACE}%")
    )
    return f"{told} on {day}"


def coded(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    parts = [str(escape(part)) for part in text.split("`")]
    if len(parts) % 2 == 0:  # one that nothing closes
        return escape(text)
    return Markup("".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts)))  # noqa: S704 -- escaped above
