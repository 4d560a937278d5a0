# Keel keeps this file up to date.
"""The whole pipeline, only what changed."""

from pathlib import Path

from .setup import set_up


def main(root: Path, arguments: list[str]) -> int:
    """Run DVC's pipeline and say where the report is; arguments go to `dvc repro`."""
    for line in set_up(root):
        print(line, flush=True)
    from dvc.cli import main as dvc  # type: ignore[import-untyped]  # DVC has no types

    code = int(dvc(["repro", *arguments]))  # in this process: another one takes longer to start
    report = root / "reports/report.html"
    if code == 0 and report.is_file():
        print(f"\nThe report: {report}")
    return code
