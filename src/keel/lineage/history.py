"""How data and models were made: what DVC and Git have recorded."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from keel.data.store import Store
from keel.project.commands import output
from keel.project.errors import UserError


@dataclass(frozen=True)
class Data:
    """A version of data, as DVC names it: a file or a folder."""

    path: str
    digest: str


@dataclass(frozen=True)
class Step:
    """A stage that made something, as `dvc.lock` has it; its inputs are the data among its deps."""

    stage: str
    inputs: list[Data]
    outputs: list[Data]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Lock:
    """All stages of the pipeline as they ran last; `where` says which file or commit has them."""

    where: str
    steps: list[Step]

    def maker(self, data: Data) -> Step | None:
        return next((step for step in self.steps if data in step.outputs), None)

    def output(self, path: str) -> Data | None:
        made = (data for step in self.steps for data in step.outputs)
        return next((data for data in made if data.path == path), None)


@dataclass(frozen=True)
class History:
    """What is known in a project of its past."""

    store: Store

    def locks(self) -> Iterator[Lock]:
        """That of the working tree if Git has it not, then those of all commits, newest first."""
        root = self.store.repository
        file = root / "dvc.lock"
        if file.is_file() and output(root, "git", "status", "--porcelain", "--", file.name) != "":
            yield _lock("dvc.lock, which is not committed", file.read_text("utf-8"))
        commits = output(root, "git", "log", "--all", "--format=%h %cs", "--", file.name) or ""
        for commit, day in (line.split() for line in commits.splitlines()):
            if text := output(root, "git", "show", f"{commit}:./{file.name}"):
                yield _lock(f"the dvc.lock of commit {commit}, {day}", text)

    @cached_property
    def cache(self) -> Path:
        """Where DVC keeps files by their hashes."""
        folder = output(self.store.repository, "dvc", "cache", "dir")
        return Path(folder or self.store.repository / ".dvc/cache") / "files/md5"

    def content(self, path: str, digest: str) -> Path | None:
        """A file with that content, in its place or in DVC's cache; None if neither has it."""
        here = self.store.root / path
        if here.is_file() and md5(here) == digest:
            return here
        cached = self.cache / digest[:2] / digest[2:]
        return cached if cached.is_file() else None

    def files(self, data: Data) -> dict[str, str]:
        """The files of some data with their hashes; nothing if that is not known here."""
        if not data.digest.endswith(".dir"):
            return {data.path: data.digest}
        place = self.store.root / data.path
        digests = {
            file.relative_to(place).as_posix(): md5(file)
            for file in sorted(place.rglob("*"))
            if file.is_file()
        }
        if folder_hash(digests) != data.digest:
            listed = self.content("", data.digest)
            entries = json.loads(listed.read_text("utf-8")) if listed else []
            digests = {entry["relpath"]: entry["md5"] for entry in entries}
        return {f"{data.path}/{name}": digest for name, digest in digests.items()}

    def rows(self, path: str, digest: str) -> int | None:
        """How many rows a file of that content has; None if nothing here says so."""
        file = self.content(path, digest) if path.endswith(".parquet") else None
        if file is None:
            return None
        return int(pl.scan_parquet(file, glob=False).select(pl.len()).collect().item())

    def passport(self, lock: Lock) -> dict[str, Any] | None:
        """The passport of the model that a lock records, if it can be had here."""
        model = lock.output(self.store.name(self.store.passport.parent))
        path = self.store.name(self.store.passport)
        digest = self.files(model).get(path) if model else None
        file = self.content(path, digest) if digest else None
        return dict(json.loads(file.read_text("utf-8"))) if file else None


def _lock(where: str, text: str) -> Lock:
    try:
        stages = parsed(text)["stages"]
        made = {name: _data(about.get("outs")) for name, about in stages.items()}
        known = {data.path for outs in made.values() for data in outs} - {"settings.yaml"}
        return Lock(
            where,
            [
                Step(
                    name,
                    [data for data in _data(about.get("deps")) if data.path in known],
                    made[name],
                    about.get("params", {}).get("settings.yaml", {}),
                )
                for name, about in stages.items()
            ],
        )
    except (yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise UserError(f"{where} can't be read: {error}") from error


def _data(entries: list[dict[str, Any]] | None) -> list[Data]:
    return [Data(entry["path"], entry["md5"]) for entry in entries or [] if "md5" in entry]


def parsed(text: str) -> Any:
    """The content of YAML, by a parser in C where there is one: ten times as fast."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 -- both are safe


def md5(file: Path) -> str:
    """The hash of a file's content, as DVC notes it."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "md5").hexdigest()


def folder_hash(files: Mapping[str, str]) -> str:
    """The hash of a folder, as DVC notes it, from the hashes of its files."""
    entries = [{"md5": files[path], "relpath": path} for path in sorted(files)]
    listed = json.dumps(entries, sort_keys=True).encode()
    return hashlib.md5(listed, usedforsecurity=False).hexdigest() + ".dir"
