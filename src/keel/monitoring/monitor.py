"""`keel monitor`: how the predictions in use do, in words, on a page and as indicators."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from keel.data.store import Store
from keel.monitoring.findings import ACT, Finding
from keel.monitoring.indicators import lines
from keel.monitoring.observed import Observed, observe
from keel.monitoring.page import write_page
from keel.monitoring.watch import Watched, learn, watch
from keel.project.errors import UserError
from keel.serving import settings as operation
from keel.serving.settings import Monitoring

PAGE, INDICATORS, QUALITY = "monitoring.html", "indicators.jsonl", "in-use.csv"


def main(root: Path, arguments: list[str]) -> int:
    """Write page and indicators, and say what a team should know; 1 if it has to act."""
    if arguments:
        raise UserError(f"monitor takes no arguments, and got {' '.join(arguments)}")
    store = Store(root, root)
    found = monitor(store, operation.load(root).monitoring, datetime.now(UTC))
    print("\n".join(summary(found)))
    print(f"\nThe page: {store.report(PAGE)}")
    return 1 if acts(found.findings) else 0


def monitor(store: Store, settings: Monitoring, now: datetime) -> Watched:
    """Watch what the logs say, and write it down. Raises UserError if nothing was asked yet."""
    seen = observe(store.root)
    if not len(seen.facts) and not len(seen.requests):
        raise UserError(
            "served/ has no requests yet: `uv run keel serve` answers some, "
            "and `uv run keel replay` makes a service and asks it"
        )
    found = watch(seen, learn(store), settings, now)
    events = [json.dumps(line, ensure_ascii=False) for line in lines(found.indicators)]
    write_page(store, found, settings)
    store.write_text(store.report(INDICATORS), "".join(f"{line}\n" for line in events))
    rows = [
        {"month": part.month, "slice": part.slice, "value": part.value, **asdict(one)}
        for part in found.parts
        for one in part.quality
    ]
    store.write_text(store.report(QUALITY), pl.DataFrame(rows).write_csv(float_precision=6))
    return found


def acts(findings: list[Finding]) -> list[Finding]:
    """What is not well now, and needs somebody to do something."""
    return [one for one in findings if one.level == ACT and one.until is None]


def summary(found: Watched) -> list[str]:
    """What a team should know, the most pressing first."""
    still = [one for one in found.findings if one.until is None]
    over = [one for one in found.findings if one.until is not None]
    verdict = "not well" if acts(still) else "worth a look" if still else "well"
    seen = found.seen
    head = (
        f"{verdict}, as of {found.until}: {len(seen.facts):,} predictions on "
        f"{seen.facts['day'].n_unique():,} days, "
        f"{int(seen.facts['labelled'].sum()):,} of them with a label"
    )
    return [
        head,
        *(f"  {_line(one)}" for one in still),
        *(["what is over again:"] if over else []),
        *(f"  {_line(one)}" for one in over),
        *(["what can't be told:"] if found.known.gaps else []),
        *(f"  {gap}" for gap in found.known.gaps),
        *_labels(seen),
    ]


def _line(one: Finding) -> str:
    days = f"since {one.since}" if one.until is None else f"from {one.since} to {one.until}"
    cure = "" if one.until else f"; {one.cure}"
    return f"{one.noticed} {one.level}: {one.sentence} ({days}){cure}"


def _labels(seen: Observed) -> list[str]:
    """What is odd about labels and logs."""
    counts = {
        "labels are of nothing that was predicted": seen.unknown,
        "labels came more than once": seen.repeated,
        "predictions have both labels: the latest counts": seen.contradicted,
        "lines of the log can't be read, and are left out": seen.torn,
    }
    return [f"{count:,} {what}" for what, count in counts.items() if count]
