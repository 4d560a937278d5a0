"""What records cost for a request, in µs: runs inside a project, `python recording.py`."""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import structlog

from keel.data.store import Store
from keel.project.about import load
from keel.serving.log import Log
from keel.serving.serve import set_up_logging
from keel.show.tracing import recording, span

TIMES = 2_000


def microseconds(work: Callable[[], object]) -> float:
    """How long one call takes, of many."""
    work()
    started = time.perf_counter()
    for _ in range(TIMES):
        work()
    return (time.perf_counter() - started) / TIMES * 1e6


def spans() -> None:
    """The spans of a prediction."""
    with span("request"):
        for name in ("build", "predict"):
            with span(name, rows=1):
                pass


def main(folder: Path) -> None:
    """Print a line for each."""
    store = Store(Path.cwd(), Path.cwd())
    example = pl.read_parquet(store.examples).head(1).to_dicts()
    log = Log(folder, load(Path.cwd()), 90)
    facts = {"route": "/predict", "status": 200, "rows": 1, "seconds": 0.004}
    answer = {"row": 0, "probability": 0.25, "unseen": []}
    set_up_logging(sys.stderr)
    event = structlog.get_logger()
    with recording(folder / "traces.jsonl"):
        costs = {
            "prediction": lambda: log.predictions("an-id", "0123456789ab", [answer], example),
            "request": lambda: log.request(request="an-id", **facts, problems=[]),
            "event": lambda: event.info("answered", **facts),
            "spans": spans,
        }
        for name, work in costs.items():
            print(f"{name} {microseconds(work):.1f}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
