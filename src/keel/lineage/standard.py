"""The runs of stages and their data in OpenLineage's words: versions of files are those of DVC."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import polars as pl
from openlineage.client import OpenLineageClient, event_v2
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    error_message_run,
    output_statistics_output_dataset,
    parent_run,
    schema_dataset,
    set_producer,
    source_code_location_job,
    tags_dataset,
)

from keel.data.sources import PACKAGE, place
from keel.data.store import Store, sha256
from keel.lineage.history import folder_hash, md5, parsed
from keel.project.about import package
from keel.project.commands import output
from keel.project.description import Project
from keel.project.settings import Settings

set_producer("urn:keel:lineage")
PARENT = "OPENLINEAGE_PARENT_ID"
MODEL = "model.txt"  # its SHA-256 is how predictions name their model


class Run:
    """One run of a stage, whose events are sent as OpenLineage's client is set up."""

    def __init__(self, stage: str, project: Project, settings: Settings, store: Store) -> None:
        self._client = OpenLineageClient()
        self._stage, self._project, self._settings, self._store = stage, project, settings, store
        self._namespace = os.environ.get("OPENLINEAGE_NAMESPACE") or package(store.repository)
        self._id = str(uuid4())
        os.environ.setdefault(PARENT, f"{self._namespace}/run/{uuid4()}")

    def tell(
        self, kind: str, *, made: bool | None = None, error: tuple[str, str | None] | None = None
    ) -> None:
        """Send an event, with what was read or made; `error` is its message and its trace."""
        namespace, name, run = os.environ[PARENT].rsplit("/", 2)
        facets: dict[str, Any] = {
            "parent": parent_run.ParentRunFacet(
                parent_run.Run(run), parent_run.Job(namespace, name)
            )
        }
        if error:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
                error[0], "Python", error[1]
            )
        event = event_v2.RunEvent(
            eventType=event_v2.RunState[kind],
            eventTime=datetime.now(UTC).isoformat(),
            run=event_v2.Run(self._id, facets),
            job=event_v2.Job(self._namespace, self._stage, code(self._store.repository)),
            inputs=list(self._inputs()) if made is False else [],
            outputs=list(self._outputs()) if made else [],
        )
        self._client.emit(event)

    def _inputs(self) -> Iterator[event_v2.InputDataset]:
        for _, name, facets in self._files(places(self._store.repository, self._stage)[0]):
            yield event_v2.InputDataset(self._namespace, name, facets=facets)
        for table in self._project.tables if self._stage == "ingest" else ():
            yield source(place(self._settings.data.source, table))

    def _outputs(self) -> Iterator[event_v2.OutputDataset]:
        for file, name, facets in self._files(places(self._store.repository, self._stage)[1]):
            table = pl.scan_parquet(file, glob=False) if file.suffix == ".parquet" else None
            rows = None if table is None else table.select(pl.len()).collect().item()
            size = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rows, file.stat().st_size, 1
            )
            counted: Any = {"outputStatistics": size}
            yield event_v2.OutputDataset(self._namespace, name, counted, facets=facets)

    def _files(self, paths: list[str]) -> Iterator[tuple[Path, str, dict[str, Any]]]:
        """The files of what DVC has by these names, with their own names and facets."""
        for path in paths:
            for file, facets in described(self._store.root, path):
                yield file, file.relative_to(self._store.root).as_posix(), facets


def places(project: Path, stage: str) -> tuple[list[str], list[str]]:
    """The data that a stage reads and makes, relative to the project, as `dvc.yaml` names them.

    Code and settings are no data: Git has them.
    """
    file = project / "dvc.yaml"
    stages: dict[str, Any] = parsed(file.read_text("utf-8"))["stages"] if file.is_file() else {}
    made = {
        name: [*_paths(about, "outs"), *_paths(about, "metrics")] for name, about in stages.items()
    }
    data = {path for paths in made.values() for path in paths} - {"settings.yaml"}
    read = _paths(stages.get(stage, {}), "deps")
    inputs = [path for path in read if path in data or (project / f"{path}.dvc").is_file()]
    return inputs, made.get(stage, [])


def _paths(about: dict[str, Any], key: str) -> list[str]:
    entries = about.get(key) or []
    return [next(iter(path)) if isinstance(path, dict) else str(path) for path in entries]


def described(root: Path, path: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The files of what DVC has as one: their versions and columns, and whose part they are."""
    whole = root / path
    files = sorted(filter(Path.is_file, whole.rglob("*"))) if whole.is_dir() else [whole]
    hashes = {file: md5(file) for file in files if file.is_file()}
    digest = next(iter(hashes.values()), "")
    if whole.is_dir():
        digest = folder_hash({file.relative_to(whole).as_posix(): hashes[file] for file in hashes})
    for file, version in hashes.items():
        tags = {"dvc.path": path, "dvc.md5": digest}
        if file.name == MODEL:
            tags["sha256"] = sha256(file)
        fields = [tags_dataset.TagsDatasetFacetFields(*tag, "KEEL") for tag in tags.items()]
        facets: dict[str, Any] = {
            "version": _version(version),
            "tags": tags_dataset.TagsDatasetFacet(fields),
        }
        if file.suffix == ".parquet":
            columns = [
                schema_dataset.SchemaDatasetFacetFields(name, str(dtype))
                for name, dtype in pl.scan_parquet(file, glob=False).collect_schema().items()
            ]
            facets["schema"] = schema_dataset.SchemaDatasetFacet(columns)
        yield file, facets


def source(place: str) -> event_v2.InputDataset:
    """Where a raw table comes from. What may be secret in a URL is left out."""
    facets: dict[str, Any] = {}
    if place.startswith(PACKAGE):
        name, _, file = place.removeprefix(PACKAGE).partition("/")
        with suppress(PackageNotFoundError):  # its name need not be what it is installed by
            facets["version"] = _version(installed(name))
        return event_v2.InputDataset(f"{PACKAGE}{name}", file, facets=facets)
    if "://" in place:
        parts = urlsplit(place)
        host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        return event_v2.InputDataset(host, parts.path.lstrip("/"))
    return event_v2.InputDataset("file", Path(place).absolute().as_posix())


def _version(version: str) -> Any:
    return dataset_version_dataset.DatasetVersionDatasetFacet(version)


def code(project: Path) -> dict[str, Any]:
    """The commit; nothing outside of Git."""
    commit = output(project, "git", "rev-parse", "HEAD")
    if commit is None:
        return {}
    remote = output(project, "git", "config", "--get", "remote.origin.url")
    url = public(remote) if remote else project.absolute().as_uri()
    location = source_code_location_job.SourceCodeLocationJobFacet("git", url, url, version=commit)
    return {"sourceCodeLocation": location}


def public(remote: str) -> str:
    """The URL of a repository without the password that it may have."""
    if "://" not in remote:  # as SSH has it: git@host:group/project.git
        remote = re.sub(r"^([^/:]+):", r"ssh://\1/", remote)
    parts = urlsplit(remote)
    host = parts.netloc.rpartition("@")[2]
    user = "git@" if parts.scheme == "ssh" else ""
    return urlunsplit(parts._replace(netloc=user + host)) if parts.scheme else f"file://{remote}"
