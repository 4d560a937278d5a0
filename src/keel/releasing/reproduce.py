"""Build a version again from its source data, and compare everything with what it recorded."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from keel.project.errors import UserError
from keel.releasing.rebuild import get_sources, make_environment, run_pipeline, worktree
from keel.releasing.versions import plain, read, tag_of

MODEL, CHAMPION = "model/model.txt", "champion/model.txt"
# Pages made of the rest, with the time of the run in them.
PAGES = ("reports/report.html", "reports/model-card.md")
# When and from which commit, which differ; and what is waived, which is a matter of the day.
OF_THE_DAY = {"trained_at", "code", "waiver", "refusals"}


class Difference(NamedTuple):
    """A file, or a fact in one, that is otherwise than recorded."""

    what: str
    recorded: str
    rebuilt: str


class Comparison(NamedTuple):
    """What came out of building a version again."""

    version: str
    facts: int  # that were compared
    differences: list[Difference]
    failed: bool  # the pipeline, which said why
    seconds: tuple[float, float]  # for the packages, and for the rest

    @property
    def equal(self) -> bool:
        return not (self.differences or self.failed)

    def __str__(self) -> str:
        packages, rest = self.seconds
        took = f"{packages:.1f} s for the packages, {rest:.1f} s for the rest"
        if self.equal:
            facts = f"all {self.facts} facts are as recorded"
            return f"equal: {self.version} was built again, and {facts}.\n{took}"
        failed = "; the pipeline failed, which it says above" if self.failed else ""
        rows = [f"| {' | '.join(difference)} |" for difference in self.differences]
        table = "\n".join(["| what | recorded | built again |", "|---|---|---|", *rows])
        return (
            f"{self.version} can't be built again as it was; {len(rows)} facts differ:\n\n"
            f"{table}\n\n{took}{failed}"
        )


def reproduce(root: Path, version: str, begin: Callable[[str], None]) -> Comparison:
    """Build a version again in a folder of its own, which `begin` is told of, and compare."""
    version = plain(version)
    read(root).commit(version)
    tag = tag_of(root, version)
    expected = recorded(root, tag)
    started = time.perf_counter()
    with worktree(root, tag) as folder:
        begin(f"{tag} is built again in {folder}")
        make_environment(folder)
        installed = time.perf_counter()
        get_sources(root, folder)
        code = run_pipeline(folder)
        differing = differences(expected, rebuilt(folder, expected))
    seconds = installed - started, time.perf_counter() - installed
    return Comparison(version, len(expected), differing, bool(code), seconds)


def differences(expected: Mapping[str, str], actual: Mapping[str, str]) -> list[Difference]:
    """What differs, in the order in which the pipeline made it."""
    names = dict.fromkeys([*expected, *actual])
    pairs = (
        Difference(name, expected.get(name, "nothing"), actual.get(name, "nothing"))
        for name in names
    )
    return [pair for pair in pairs if pair.recorded != pair.rebuilt]


def facts(name: str, content: Callable[[], bytes], md5: str | None = None) -> dict[str, str]:
    """A file as facts: each value of JSON, the hash of everything else."""
    if name.endswith(".json"):
        return {
            f"{name} {key}".strip(): value
            for key, value in _flat(json.loads(content()))
            if not OF_THE_DAY.intersection(key.split("."))
        }
    return {name: md5 or hashlib.md5(content(), usedforsecurity=False).hexdigest()}


def recorded(root: Path, tag: str) -> dict[str, str]:
    """What the version recorded: tables, models, predictions, scores, gates, and its champion."""
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]
    from dvc_data.index import DataIndexDirError

    known: dict[str, str] = {}
    try:
        with Repo(str(root)) as repo, repo.switch(tag):
            stages = [stage for stage in repo.index.stages if not stage.is_data_source]
            for out in (out for stage in stages for out in stage.outs):
                path = f"/{repo.fs.relpath(out.fspath, repo.root_dir)}"
                known |= _out(repo.dvcfs, path, folder=out.hash_info.isdir)
            known[CHAMPION] = repo.dvcfs.info(f"/{CHAMPION}")["md5"]
    except (DvcException, DataIndexDirError, OSError) as error:
        raise UserError(
            f"what {tag} recorded can't be read ({error}): `uv run dvc fetch --all-tags` gets it"
        ) from error
    return known


def rebuilt(folder: Path, expected: Iterable[str]) -> dict[str, str]:
    """The same facts of the files in a folder, and nothing for those that are not there."""
    known: dict[str, str] = {}
    for name in dict.fromkeys(fact.partition(" ")[0] for fact in expected):
        file = folder / (MODEL if name == CHAMPION else name)
        if file.is_file():
            known |= facts(name, file.read_bytes)
    return known


def _out(files: Any, place: str, *, folder: bool) -> dict[str, str]:
    """The facts of what a stage made, a folder or a file, from Git or DVC's cache."""
    known: dict[str, str] = {}
    for path in sorted(files.find(place)) if folder else [place]:
        if path.lstrip("/") not in PAGES:
            md5 = files.info(path).get("md5")
            known |= facts(path.lstrip("/"), partial(files.read_bytes, path), md5)
    return known


def _flat(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict | list) or not content:
        yield prefix, json.dumps(content)
        return
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
