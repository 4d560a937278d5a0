"""What each stage read and made, as events of OpenLineage in `reports/lineage.jsonl`."""

import json
import os
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import polars as pl
import structlog
import yaml

from keel.data.sources import place
from keel.data.store import Store, replace
from keel.lineage.datasets import PRODUCER, Facets, facet, files, places, source
from keel.project.about import package
from keel.project.commands import output
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.project.settings import Settings

FILE = "lineage.jsonl"
LIMIT = 8_000_000  # bytes of the file, which are hundreds of runs: then the older half goes
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
PARENT = str(uuid4())  # of the stages of one process, unless `keel run` started it
UNNOTED = (
    *(OSError, LookupError, TypeError, ValueError, UserError),
    *(yaml.YAMLError, pl.exceptions.PolarsError),
)

log = structlog.get_logger()


@contextmanager
def recorded(stage: str, project: Project, settings: Settings, store: Store) -> Iterator[None]:
    """Note the start of a stage and its end. What can't be noted is told at the end."""
    run = Run(stage, str(uuid4()), store, namespace(store.repository))
    run.note("START", {}, inputs=lambda: _data(run, project, settings, made=False))
    try:
        yield
    except BaseException as error:
        kind = "ABORT" if isinstance(error, KeyboardInterrupt) else "FAIL"
        run.note(kind, {"errorMessage": _error(error)})
        raise
    run.note("COMPLETE", {}, outputs=lambda: _data(run, project, settings, made=True))
    for problem in run.problems:
        log.warning("lineage_not_noted", stage=stage, reason=problem)


@dataclass(frozen=True)
class Run:
    """One run of a stage."""

    stage: str
    id: str
    store: Store
    namespace: str
    problems: list[str] = field(default_factory=list)

    def note(self, kind: str, facets: Facets, **datasets: Callable[[], list[Facets]]) -> None:
        """Append an event to the file."""
        try:
            event = {
                "eventType": kind,
                "eventTime": datetime.now(UTC).isoformat(),
                "producer": PRODUCER,
                "schemaURL": SCHEMA,
                "run": {"runId": self.id, "facets": {**_parent(self.namespace), **facets}},
                "job": {
                    "namespace": self.namespace,
                    "name": self.stage,
                    "facets": _code(self.store.repository),
                },
                **{name: described() for name, described in datasets.items()},
            }
            append(self.store.report(FILE), event)
        except UNNOTED as error:
            self.problems.append(reason(error))


def append(file: Path, event: Facets) -> None:
    """Add a line in one write, and drop the older half of a file that is too large."""
    file.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
    with file.open("ab", buffering=0) as lines:
        lines.write(line.encode())
        size = lines.tell()
    if size > LIMIT:
        newer = file.read_bytes()[size // 2 :].partition(b"\n")[2]
        replace(file, lambda beside: beside.write_bytes(newer))


def read(file: Path) -> list[Facets]:
    """The events, oldest first; a broken line is left out."""
    events = []
    for line in file.read_bytes().splitlines() if file.is_file() else []:
        try:
            event = json.loads(line)
        except ValueError:
            continue  # the machine went down while it was written
        if isinstance(event, dict) and event.get("run", {}).get("runId"):
            events.append(event)
    return events


def namespace(root: Path) -> str:
    """What jobs and datasets are named within: the project's package, unless it is set."""
    return os.environ.get("OPENLINEAGE_NAMESPACE") or package(root)


def _data(run: Run, project: Project, settings: Settings, *, made: bool) -> list[Facets]:
    """What a stage reads, or made."""
    root, paths = run.store.root, places(run.store.repository, run.stage)[made]
    data = [file for path in paths for file in files(run.namespace, root, path, made=made)]
    if run.stage == "ingest" and not made:
        data += [source(place(settings.data.source, table)) for table in project.tables]
    return data


def _parent(namespace: str) -> Facets:
    """The run that this one is a part of, as other tools also name it."""
    named = os.environ.get("OPENLINEAGE_PARENT_ID") or f"{namespace}/run/{PARENT}"
    namespace, name, run = named.rsplit("/", 2)
    return {
        "parent": facet(
            "1-2-0/ParentRunFacet",
            run={"runId": run},
            job={"namespace": namespace, "name": name},
        )
    }


def _code(project: Path) -> Facets:
    """The commit; nothing outside of Git."""
    commit = output(project, "git", "rev-parse", "HEAD")
    if commit is None:
        return {}
    remote = output(project, "git", "config", "--get", "remote.origin.url")
    url = public(remote) if remote else project.absolute().as_uri()
    location = facet(
        "1-1-0/SourceCodeLocationJobFacet", type="git", url=url, repoUrl=url, version=commit
    )
    return {"sourceCodeLocation": location}


def public(remote: str) -> str:
    """The URL of a repository without the password that it may have."""
    if "://" not in remote:  # as SSH has it: git@host:group/project.git
        remote = re.sub(r"^([^/:]+):", r"ssh://\1/", remote)
    parts = urlsplit(remote)
    host = parts.netloc.rpartition("@")[2]
    user = "git@" if parts.scheme == "ssh" else ""
    return urlunsplit(parts._replace(netloc=user + host)) if parts.scheme else f"file://{remote}"


def _error(error: BaseException) -> Facets:
    """A mistake of a person's needs no trace."""
    trace = {} if isinstance(error, UserError) else {"stackTrace": traceback.format_exc()}
    message = str(error) or type(error).__name__
    return facet(
        "1-0-1/ErrorMessageRunFacet", message=message, programmingLanguage="Python", **trace
    )
