"""The whole pipeline, only what changed."""

import json
import re
from datetime import date
from pathlib import Path

from keel.lineage.sending import sent
from keel.project.about import package
from keel.project.errors import RefusedError, UserError
from keel.repository.setup import set_up
from keel.show.tracing import PIPELINE, processes


def run(root: Path, today: date, *options: str) -> int:
    """Run DVC's pipeline and say where the report is; `options` are those of `dvc repro`."""
    for line in set_up(root):
        print(line, flush=True)
    stop_at_ended_waivers(root, today)
    from dvc.cli import main as dvc  # type: ignore[import-untyped]  # DVC has no types

    with processes("run", root / PIPELINE, service=package(root)), sent(root):
        code = int(dvc(["repro", *options]))  # in this process: another takes longer to start
    if code == 0:
        stop_at_refusals(root)
    report = root / "reports/report.html"
    if code == 0 and report.is_file():
        print(f"\nThe report: {report}")
    return code


def stop_at_refusals(root: Path) -> None:
    """Raise RefusedError if the model was refused in an experiment that was taken over."""
    file = root / "reports/gates.json"
    verdicts = json.loads(file.read_text("utf-8")) if file.is_file() else []
    found = [
        f"{verdict['gate']}: {verdict['sentence']}"
        for verdict in verdicts
        if not (verdict["passed"] or verdict["waiver"])
    ]
    if found:
        raise RefusedError(found)


def stop_at_ended_waivers(root: Path, today: date) -> None:
    """Raise UserError for a waiver that has ended: DVC does not see that a day has come."""
    file = root / "conf/waivers.yaml"
    if not (
        file.is_file()
        and re.search(r"^[ \t]*(?!#|\{\}\s*$)\S", file.read_text("utf-8"), re.MULTILINE)
    ):
        return  # most projects have none, and reading YAML and settings takes a moment
    from keel.pipeline.configuration import waivers

    ended = [
        f"{name} ({waiver.owner}, {waiver.until})"
        for name, waiver in waivers(root / "conf").items()
        if waiver.until < today
    ]
    if ended:
        raise UserError(
            f"conf/waivers.yaml: the waiver of {', '.join(ended)} has ended: "
            "take it out, or agree on a later day"
        )
