# Keel keeps this file up to date.
"""The whole pipeline, only what changed."""

import json
import re
from contextlib import nullcontext
from datetime import date
from pathlib import Path

from ..errors import RefusedError, UserError
from ..product import part
from ..tracing import PIPELINE, processes
from .setup import set_up


def main(root: Path, arguments: list[str]) -> int:
    """Run DVC's pipeline and say where the report is; arguments go to `dvc repro`."""
    for line in set_up(root):
        print(line, flush=True)
    stop_at_ended_waivers(root, date.today())  # noqa: DTZ011 -- the day here
    from dvc.cli import main as dvc  # type: ignore[import-untyped]  # DVC has no types

    lineage = part("monitoring.sending")
    sent = lineage.sent(root) if lineage else nullcontext()
    with processes("run", root / PIPELINE), sent:
        code = int(dvc(["repro", *arguments]))  # in this process: another takes longer to start
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
    from ..configuration import waivers

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
