"""What a stage reads and makes, as datasets of OpenLineage: their versions are those of DVC."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl
import yaml

from keel.data.sources import PACKAGE
from keel.data.store import sha256

Facets = dict[str, Any]

PRODUCER = "urn:keel:lineage"
MODEL = "model.txt"  # its SHA-256 is how predictions name their model


@dataclass(frozen=True)
class Places:
    """The data that a stage reads and makes, relative to the project, as `dvc.yaml` names them."""

    inputs: list[str]
    outputs: list[str]


def places(project: Path, stage: str) -> Places:
    """Code and settings are no data: Git has them."""
    file = project / "dvc.yaml"
    if not file.is_file():
        return Places([], [])
    stages: dict[str, Any] = parsed(file.read_text("utf-8"))["stages"]
    made = {
        name: [*_paths(about, "outs"), *_paths(about, "metrics")] for name, about in stages.items()
    }
    every = {path for paths in made.values() for path in paths}
    inputs = [
        path
        for path in _paths(stages.get(stage, {}), "deps")
        if path in every or (project / f"{path}.dvc").is_file()
    ]
    return Places([path for path in inputs if path != "settings.yaml"], made.get(stage, []))


def parsed(text: str) -> Any:
    """The content of YAML, by a parser in C where there is one: ten times as fast."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe


def _paths(about: Mapping[str, Any], key: str) -> list[str]:
    return [
        next(iter(entry)) if isinstance(entry, dict) else str(entry)
        for entry in about.get(key) or []
    ]


def inputs(namespace: str, root: Path, path: str) -> Iterator[Facets]:
    """The files of an input, with what is known of their quality."""
    for file, about in _files(namespace, root, path):
        if file.suffix == ".parquet":
            frame = pl.scan_parquet(file)
            nulls, rows = pl.collect_all([frame.null_count(), frame.select(pl.len())])
            columns = {
                name: {"nullCount": count} for name, count in nulls.row(0, named=True).items()
            }
            about["inputFacets"] = {
                "dataQualityMetrics": facet(
                    "1-0-3/DataQualityMetricsInputDatasetFacet",
                    rowCount=rows.item(),
                    bytes=file.stat().st_size,
                    columnMetrics=columns,
                )
            }
        yield about


def outputs(namespace: str, root: Path, path: str) -> Iterator[Facets]:
    """The files of an output, with their sizes."""
    for file, about in _files(namespace, root, path):
        counted = {}
        if file.suffix == ".parquet":
            counted["rowCount"] = pl.scan_parquet(file).select(pl.len()).collect().item()
        about["outputFacets"] = {
            "outputStatistics": facet(
                "1-0-2/OutputStatisticsOutputDatasetFacet",
                **counted,
                size=file.stat().st_size,
                fileCount=1,
            )
        }
        yield about


def _files(namespace: str, root: Path, path: str) -> Iterator[tuple[Path, Facets]]:
    place = root / path
    files = sorted(filter(Path.is_file, place.rglob("*"))) if place.is_dir() else [place]
    hashes = {file: md5(file) for file in files if file.is_file()}
    whole = next(iter(hashes.values()), "")
    if place.is_dir():
        whole = folder_hash(
            {file.relative_to(place).as_posix(): digest for file, digest in hashes.items()}
        )
    for file, digest in hashes.items():
        tags = {"dvc.path": path, "dvc.md5": whole}
        if file.name == MODEL:
            tags["sha256"] = sha256(file)
        facets = {
            "version": _version(digest),
            "tags": facet(
                "1-0-0/TagsDatasetFacet",
                tags=[
                    {"key": key, "value": value, "source": "KEEL"} for key, value in tags.items()
                ],
            ),
        }
        if file.suffix == ".parquet":
            fields = [
                {"name": name, "type": str(dtype)}
                for name, dtype in pl.read_parquet_schema(file).items()
            ]
            facets["schema"] = facet("1-2-0/SchemaDatasetFacet", fields=fields)
        name = file.relative_to(root).as_posix()
        yield file, {"namespace": namespace, "name": name, "facets": facets}


def source(place: str) -> Facets:
    """Where a raw table comes from. What may be secret in a URL is left out."""
    facets = {}
    if place.startswith(PACKAGE):
        package, _, name = place.removeprefix(PACKAGE).partition("/")
        namespace = f"{PACKAGE}{package}"
        with suppress(PackageNotFoundError):  # its name need not be what it is installed by
            facets["version"] = _version(installed(package))
    elif "://" in place:
        parts = urlsplit(place)
        namespace = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        name = parts.path.lstrip("/")
    else:
        namespace, name = "file", Path(place).absolute().as_posix()
    return {"namespace": namespace, "name": name, "facets": facets}


def _version(version: str) -> Facets:
    return facet("1-0-1/DatasetVersionDatasetFacet", datasetVersion=version)


def facet(schema: str, **content: Any) -> Facets:
    """A facet of the standard, such as `1-0-1/DatasetVersionDatasetFacet`."""
    name = schema.partition("/")[2]
    url = f"https://openlineage.io/spec/facets/{schema}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


def md5(file: Path) -> str:
    """The hash of a file's content, as DVC notes it."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def folder_hash(files: Mapping[str, str]) -> str:
    """The hash of a folder, as DVC notes it, from the hashes of its files."""
    entries = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    listed = json.dumps(entries, sort_keys=True).encode()
    return hashlib.md5(listed, usedforsecurity=False).hexdigest() + ".dir"
