"""What a stage reads and makes, as datasets of OpenLineage: their versions are those of DVC."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
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


def parsed(text: str) -> Any:
    """The content of YAML, by a parser in C where there is one: ten times as fast."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe


def _paths(about: Mapping[str, Any], key: str) -> list[str]:
    return [
        next(iter(path)) if isinstance(path, dict) else str(path) for path in about.get(key) or []
    ]


def files(namespace: str, root: Path, path: str, *, made: bool) -> Iterator[Facets]:
    """The files of what a stage reads or made: of the latter with their rows and sizes."""
    place = root / path
    found = sorted(filter(Path.is_file, place.rglob("*"))) if place.is_dir() else [place]
    hashes = {file: md5(file) for file in found if file.is_file()}
    whole = next(iter(hashes.values()), "")
    if place.is_dir():
        whole = folder_hash({file.relative_to(place).as_posix(): hashes[file] for file in hashes})
    for file, digest in hashes.items():
        tags = {"dvc.path": path, "dvc.md5": whole}
        if file.name == MODEL:
            tags["sha256"] = sha256(file)
        listed = [{"key": key, "value": value, "source": "KEEL"} for key, value in tags.items()]
        facets = {"version": _version(digest), "tags": facet("1-0-0/TagsDatasetFacet", tags=listed)}
        size: dict[str, int] = {"size": file.stat().st_size, "fileCount": 1}
        if file.suffix == ".parquet":
            types = pl.read_parquet_schema(file)
            fields = [{"name": name, "type": str(dtype)} for name, dtype in types.items()]
            facets["schema"] = facet("1-2-0/SchemaDatasetFacet", fields=fields)
            size["rowCount"] = pl.scan_parquet(file).select(pl.len()).collect().item()
        about = {
            "namespace": namespace, "name": file.relative_to(root).as_posix(), "facets": facets,
        }  # fmt: skip
        if made:
            statistics = facet("1-0-2/OutputStatisticsOutputDatasetFacet", **size)
            about["outputFacets"] = {"outputStatistics": statistics}
        yield about


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
