"""Start the file of an incident: what is known of it, and the questions of its review."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import yaml

from keel.data.store import replace
from keel.project.errors import UserError
from keel.quality.budgets import standing
from keel.quality.records import settings
from keel.quality.records.documents import slug
from keel.quality.records.history import Deployment, known_deployments
from keel.quality.records.incidents import FOLDER, Incident, flaws, impossible, problems, read

USE = 'uv run keel incident "The service was down" --started 2026-11-23T14:05+01:00'
REVIEW = """
# {title}

No blame: everybody did what seemed right with what they knew. Ask what made it seem right.

## What users noticed

## What happened

Times, facts, what was seen and what was tried.

## How it was found

What noticed it? What could have noticed it sooner?

## What made it possible

Ask for the process and not for the person: which step let it through, and why did that make sense
on that day? Which check, which default, which habit was missing?

## What went well

What kept it from being worse?

## What changes

Above, as `actions`: each with an owner and a date. What costs more than a fifth of an error budget
needs at least one.
"""


def main(root: Path, arguments: list[str]) -> int:
    """Start a file; without a title, say what is wrong with those that are there."""
    now = datetime.now(UTC)
    parser = ArgumentParser(prog="uv run keel incident", description=__doc__)
    parser.add_argument("title", nargs="?", help="what users noticed; none: check the files")
    for name in ("started", "detected", "restored"):
        parser.add_argument(f"--{name}", metavar="TIME", help="such as 2026-11-23T14:05+01:00")
    parser.add_argument("--caused-by", metavar="TAG", help="a deployment: model#production#7")
    options = parser.parse_args(arguments)
    if options.title is None:
        return _check(root, now)
    incident = Incident(
        title=options.title.strip() or "Incident",
        started=_time("started", options.started) or now.replace(microsecond=0),
        detected=_time("detected", options.detected) or now.replace(microsecond=0),
        restored=_time("restored", options.restored),
        caused_by=options.caused_by,
    )
    path = start(root, incident, now)
    print(f"{path.relative_to(root)} is started: write down what is known by now, and commit it.")
    return 0


def start(root: Path, incident: Incident, now: datetime) -> Path:
    """Write the file of an incident. Raises UserError where it can't have been like that."""
    chosen = settings.load(root)
    deployments = known_deployments(root, chosen.delivery.stage)
    wrong = [*impossible(incident, now), *flaws({"it": incident}, deployments, large=1e9)]
    if wrong:
        raise UserError("\n".join(wrong))
    path = root / FOLDER / f"{incident.started:%Y-%m-%d}-{slug(incident.title)}.md"
    if path.exists():
        raise UserError(f"{FOLDER}/{path.name} is there already: go on with it, or say more words")
    costs = _costs(root, incident, chosen, now)
    written = page(incident.model_copy(update={"cost": costs}), deployments)
    replace(path, lambda beside: beside.write_text(written, encoding="utf-8", newline="\n"))
    return path


def page(incident: Incident, deployments: Sequence[Deployment] | None) -> str:
    """The file: facts that machines count, and questions."""
    before = [one.name for one in deployments or [] if one.at <= incident.started]
    example = f"{before[-1]}, the last one before it" if before else "model#production#7"
    facts = {
        "title": (incident.title, "what users noticed"),
        "started": (incident.started, "for users"),
        "detected": (incident.detected, "by whom or by what, below"),
        "restored": (incident.restored, "for users; empty while it goes on"),
        "caused_by": (incident.caused_by, f"a deployment, such as {example}; empty if none"),
        "restored_by": (None, "a deployment; empty: the last one while it was known"),
        "cost": (incident.cost, "the share of each error budget, such as {availability: 0.35}"),
        "actions": ([], "such as [{what: Ask for …, owner: Ada, due: 2026-12-31}]"),
    }
    lines = [
        f"{name}: {_plain(value)}".rstrip() + f"  # {about}"
        for name, (value, about) in facts.items()
    ]
    front = "\n".join(lines)
    return f"---\n{front}\n---\n{REVIEW.format(title=incident.title)}"


def _check(root: Path, now: datetime) -> int:
    for name, incident in read(root, now).good.items():
        print(f"{name}: {'over' if incident.restored else 'goes on'}")
    wrong = problems(root, settings.load(root), now)
    if wrong:
        raise UserError("\n".join(["mend this:", *wrong]))
    print(f"Start one: {USE}")
    return 0


def _costs(
    root: Path, incident: Incident, chosen: settings.Quality, now: datetime
) -> Mapping[str, float]:
    """What it has cost each budget, as far as the events are known."""
    first, last = incident.started.date(), (incident.restored or now).date()
    found = {
        one.name: round(one.budget.cost(first, min(last, one.budget.day)), 2)
        for one in standing.look(root, chosen.budgets, now).standings
        if one.budget and first <= one.budget.day
    }
    return {name: share for name, share in found.items() if share > 0}


def _time(name: str, written: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(written) if written else None
    except ValueError as error:
        raise UserError(f"--{name} is {written!r}: write it as 2026-11-23T14:05+01:00") from error


def _plain(value: object) -> str:
    """A value in YAML, on one line."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    written = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return written.removesuffix("\n").removesuffix("\n...")
