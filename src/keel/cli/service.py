"""Verbs of a model in use: the service, and what watches it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from keel.project.about import load
from keel.project.cpus import one_thread

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--host", help="where to listen; the settings say 127.0.0.1 unless changed")
@click.option("--port", type=int, help="0 takes any that is free")
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="processes; the settings say 1"
)
def serve(host: str | None, port: int | None, workers: int | None) -> int:
    """Serve the model over HTTP until Ctrl-C; what was accepted is answered first."""
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
    """How the predictions in use do, in words, on a page and as indicators.

    Ends with 1 if somebody has to act.
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
@click.option("--from", "start", type=DAY, metavar="DAY", help="the first, as 2027-01-31")
@click.option("--days", type=click.IntRange(1), metavar="N", help="how many; else all")
@click.option("--trouble", multiple=True, metavar="TROUBLE", help="may be given several times")
@click.option("--speed", type=float, default=0.0, metavar="DAYS", help="a second at most")
def replay(start: datetime | None, days: int | None, trouble: tuple[str, ...], speed: float) -> int:
    """Train on what was known before a day, serve what came then, and watch it.

    Day by day; then it says what the monitoring would have told. Nothing of the project
    is touched: it happens in outputs/replay. Without --from it begins about in the middle, on the
    first of a month.

    A TROUBLE is a KIND[:TABLE.COLUMN][@DAY][+DAYS] that goes wrong:

    \b
    sensor    a column has the value that it had last
    nulls     a column is unknown
    category  a column has a new value in a tenth of the rows
    gap       nobody asks the service
    stale     no newer rows of a lookup come
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
    """What the model in use came from, or the prediction for the REQUEST with this id."""
    from keel.data.store import Store
    from keel.lineage.trace import trace

    root = Path.cwd()
    for line in trace(Store(root, root), load(root).key, request_id):
        click.echo(line)
    return 0
