"""`keel monitor`: how the predictions in use do, in words, on a page and as indicators."""

from datetime import datetime

import polars as pl

from keel.data.store import Store
from keel.monitoring import known
from keel.monitoring.indicators import as_lines
from keel.monitoring.observed import observe
from keel.monitoring.page import monitoring_page
from keel.monitoring.watch import Watched, watch
from keel.project.description import Project
from keel.project.errors import UserError
from keel.serving.settings import Monitoring
from keel.show.pages import page

PAGE, INDICATORS, QUALITY = "monitoring.html", "indicators.jsonl", "in-use.csv"


def monitor(store: Store, project: Project, settings: Monitoring, now: datetime | None) -> Watched:
    """Watch what the logs say up to now, or to their end without it, and write it down.

    Raises UserError if nothing was asked yet.
    """
    seen = observe(project, store.root, settings.near_days)
    if not len(seen.facts) and not len(seen.requests):
        raise UserError(
            "served/ has no requests yet: `uv run keel serve` answers some, "
            "and `uv run keel replay` makes a service and asks it"
        )
    watched = watch(project, seen, known.read(store, project), settings, now)
    store.write_text(store.report(PAGE), monitoring_page(watched, project, settings))
    store.write_text(store.report(INDICATORS), as_lines(watched.indicators))
    store.write_text(store.report(QUALITY), quality_csv(watched))
    return watched


def quality_csv(watched: Watched) -> str:
    """The metrics of each month, and of its slices."""
    rows = [
        {"month": part.month, "slice": part.slice, "value": part.value, "metric": part.name}
        | part.figures
        for part in watched.parts
    ]
    return pl.DataFrame(rows).write_csv(float_precision=6)


def summary(watched: Watched) -> list[str]:
    """What a team should know, the most pressing first, a line each."""
    return page("monitoring/summary.txt", watched=watched).splitlines()
