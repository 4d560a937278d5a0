"""Sends the events of a run to a server of OpenLineage, where the environment names one."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from keel.project.about import package

SERVER = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")  # as OpenLineage's own client reads them


@contextmanager
def sent(root: Path) -> Iterator[None]:
    """Name one run as the parent of all stages within, and send what they noted."""
    os.environ.setdefault("OPENLINEAGE_PARENT_ID", f"{package(root)}/run/{uuid4()}")
    started = datetime.now(UTC).isoformat()
    try:
        yield
    finally:
        if any(map(os.environ.get, SERVER)):
            _send(root, started)


def _send(root: Path, started: str) -> None:
    from keel.lineage import events  # slow to import, and only needed here

    noted = events.read(root / "reports" / events.FILE)
    new = [event for event in noted if event["eventTime"] >= started]
    if not new:
        return
    try:
        client = importlib.import_module("openlineage.client").OpenLineageClient()
        for event in new:
            client.emit(_typed(event))
        client.close()
    except ModuleNotFoundError as error:
        _warn(f"{error.name} is not installed: `uv add --dev 'keel-ml[lineage]'` installs it")
    except Exception as error:  # noqa: BLE001 -- whatever way of sending is configured
        _warn(f"the server takes no events: {error}")


def _typed(event: dict[str, Any]) -> Any:
    kinds = importlib.import_module("openlineage.client.event_v2")
    return kinds.RunEvent(
        eventType=kinds.RunState(event["eventType"]),
        eventTime=event["eventTime"],
        producer=event["producer"],
        run=kinds.Run(**event["run"]),
        job=kinds.Job(**event["job"]),
        inputs=[kinds.InputDataset(**data) for data in event.get("inputs", [])],
        outputs=[kinds.OutputDataset(**data) for data in event.get("outputs", [])],
    )


def _warn(reason: str) -> None:
    print(
        f"warning: the lineage was not sent, since {reason}. They are in reports/lineage.jsonl",
        file=sys.stderr,
    )
