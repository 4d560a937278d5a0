"""The runs of stages, as their events in `reports/lineage.jsonl` have them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keel.lineage.events import read


@dataclass(frozen=True)
class Data:
    """A version of data, as DVC names it: a file or a folder."""

    path: str
    digest: str


@dataclass(frozen=True)
class File:
    """A file that a stage read or made, `of` what DVC has as one."""

    namespace: str
    name: str
    version: str
    of: Data | None
    sha256: str | None
    rows: int | None


@dataclass
class Run:
    """One run of a stage."""

    id: str
    stage: str
    parent: str
    commit: str | None
    started: str
    ended: str = ""
    inputs: list[File] = field(default_factory=list)
    outputs: list[File] = field(default_factory=list)

    @property
    def made(self) -> set[Data]:
        return {file.of for file in self.outputs if file.of}


def finished(file: Path) -> list[Run]:
    """The runs that came to a good end, the newest first."""
    runs: dict[str, Run] = {}
    for event in read(file):
        about = event["run"]
        run = runs.setdefault(
            about["runId"],
            Run(
                about["runId"],
                event["job"]["name"],
                about["facets"].get("parent", {}).get("run", {}).get("runId", ""),
                event["job"]["facets"].get("sourceCodeLocation", {}).get("version"),
                event["eventTime"],
            ),
        )
        run.inputs += map(_file, event.get("inputs", []))
        run.outputs += map(_file, event.get("outputs", []))
        if event["eventType"] == "COMPLETE":
            run.ended = event["eventTime"]
    return sorted((run for run in runs.values() if run.ended), key=lambda run: run.ended)[::-1]


def _file(dataset: dict[str, Any]) -> File:
    facets = dataset["facets"]
    tags = {tag["key"]: tag["value"] for tag in facets.get("tags", {}).get("tags", [])}
    counted = {
        **dataset.get("inputFacets", {}).get("dataQualityMetrics", {}),
        **dataset.get("outputFacets", {}).get("outputStatistics", {}),
    }
    return File(
        namespace=dataset["namespace"],
        name=dataset["name"],
        version=facets.get("version", {}).get("datasetVersion", ""),
        of=Data(tags["dvc.path"], tags["dvc.md5"]) if "dvc.md5" in tags else None,
        sha256=tags.get("sha256"),
        rows=counted.get("rowCount"),
    )
