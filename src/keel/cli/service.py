"""Verbs of a model in use: the service, and what watches it."""

import os
from pathlib import Path

import click

from keel.project.about import load


@click.command()
@click.option("--host", help="where to listen; the settings say 127.0.0.1 unless changed")
@click.option("--port", type=int, help="0 takes any that is free")
def serve(host: str | None, port: int | None) -> int:
    """Serve the model over HTTP until Ctrl-C; what was accepted is answered first."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before LightGBM is loaded: rows come singly
    from keel.serving.serve import serve as serve_model

    root = Path.cwd()
    serve_model(root, load(root), os.environ, host=host, port=port, announce=click.echo)
    return 0
