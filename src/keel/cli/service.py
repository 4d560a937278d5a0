"""Verbs of a model in use: the service, and what watches it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from keel.project.about import load
from keel.project.cpus import one_thread

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--host", help="address to listen on; default: that in conf/service.yaml")
@click.option("--port", type=int, help="0 takes a free one; default: that in conf/service.yaml")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="processes; default: that in conf/service.yaml",
)
def serve(host: str | None, port: int | None, workers: int | None) -> int:
    """Serve the model over HTTP until Ctrl-C. Requests that it has accepted are still answered."""
    one_thread(os.environ)  # before LightGBM is loaded: rows come singly
    from keel.data.store import Store
    from keel.serving import settings
    from keel.serving.serve import serve as serve_model

    root = Path.cwd()
    asked = {"host": host, "port": port, "workers": workers}
    given = {name: value for name, value in asked.items() if value is not None}
    serving = settings.load(root).serving.model_copy(update=given)
    serve_model(Store(root, root), load(root), os.environ, serving, click.echo)
    return 0


@click.command()
def monitor() -> int:
    """Judge the predictions in use, and write reports/monitoring.html and the indicators.

    Exits with 1 if somebody has to act.
    """
    from keel.data.store import Store
    from keel.monitoring.monitor import PAGE, summary
    from keel.monitoring.monitor import monitor as watch
    from keel.serving import settings

    root = Path.cwd()
    store = Store(root, root)
    watched = watch(store, load(root), settings.load(root).monitoring, datetime.now(UTC))
    click.echo("\n".join(summary(watched)))
    click.echo(f"\nThe page: {store.report(PAGE)}")
    return 1 if watched.urgent else 0


@click.command()
@click.option("--from", "start", type=DAY, metavar="DAY", help="first day, such as 2027-01-31")
@click.option("--days", type=click.IntRange(1), metavar="N", help="number of days; default: all")
@click.option(
    "--trouble", multiple=True, metavar="TROUBLE", help="what goes wrong; may be repeated"
)
@click.option("--speed", type=float, default=0.0, metavar="DAYS", help="days per second at most")
def replay(start: datetime | None, days: int | None, trouble: tuple[str, ...], speed: float) -> int:
    """Train on the data before a day, serve the days after it, and monitor them.

    It goes day by day, and ends with what monitoring would have reported on which day. It runs in
    outputs/replay and leaves the project as it is. Without --from it begins about in the middle of
    the data, on the first of a month.

    A TROUBLE is KIND[:TABLE.COLUMN][@DAY][+DAYS], with a KIND of

    \b
    sensor    a column keeps its last value
    nulls     a column is missing
    category  a column has a new value in a tenth of the rows
    gap       no requests come
    stale     a table that is joined gets no newer rows
    slow      each request takes twice as long as promised
    """  # noqa: D301 -- click's mark of lines that it leaves as they are
    from keel.data.store import Store
    from keel.replay.replay import Wishes
    from keel.replay.replay import replay as play
    from keel.serving import settings

    root = Path.cwd()
    wishes = Wishes(start.date() if start else None, days, trouble, speed)
    for line in play(Store(root, root), load(root), settings.load(root), wishes):
        click.echo(line)
    return 0


@click.command()
@click.argument("request_id", required=False, metavar="[REQUEST]")
def lineage(request_id: str | None) -> int:
    """Trace the model in use, or the prediction of the REQUEST with this id, back to raw rows."""
    from keel.data.store import Store
    from keel.lineage.trace import trace

    root = Path.cwd()
    for line in trace(Store(root, root), load(root).key, request_id):
        click.echo(line)
    return 0
