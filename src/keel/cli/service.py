"""Verbs of a model in use: the service, and what watches it."""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from keel.project.about import load


@click.command()
@click.option("--host", help="where to listen; the settings say 127.0.0.1 unless changed")
@click.option("--port", type=int, help="0 takes any that is free")
@click.option("--folder", type=Path, default=".", hidden=True)  # a replay's, with its own files
def serve(host: str | None, port: int | None, folder: Path) -> int:
    """Serve the model over HTTP until Ctrl-C; what was accepted is answered first."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before LightGBM is loaded: rows come singly
    from keel.data.store import Store
    from keel.serving.serve import serve as serve_model

    root = Path.cwd()
    store = Store(root, root / folder)
    serve_model(store, load(root), os.environ, host=host, port=port, announce=click.echo)
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
@click.argument("request_id", required=False, metavar="[REQUEST]")
def lineage(request_id: str | None) -> int:
    """What the model in use came from, or the prediction for the REQUEST with this id."""
    from keel.data.store import Store
    from keel.lineage.trace import trace

    root = Path.cwd()
    for line in trace(Store(root, root), load(root).key, request_id):
        click.echo(line)
    return 0
