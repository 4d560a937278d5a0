"""Build a version again from its source data, and compare everything with what it recorded."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from keel.releasing.rebuild import get_data, make_environment, run_pipeline, worktree
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
    started = time.perf_counter()
    with worktree(root, tag) as folder:
        begin(f"{tag} is built again in {folder}")
        make_environment(folder)
        installed = time.perf_counter()
        get_data(root, folder)
        made = list(outs(folder))
        expected = facts(folder, made) | champion(folder, CHAMPION)
        code = run_pipeline(folder)
        differing = differences(expected, facts(folder, made) | champion(folder, MODEL))
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


def outs(folder: Path) -> Iterator[str]:
    """What the stages make, as `dvc.lock` names it."""
    lock = yaml.safe_load((folder / "dvc.lock").read_text("utf-8"))
    for stage in lock["stages"].values():
        yield from (out["path"] for out in stage.get("outs", ()))


def facts(folder: Path, made: Iterable[str]) -> dict[str, str]:
    """What is there of it as facts: each value of JSON, the hash of everything else."""
    known: dict[str, str] = {}
    files = (file for out in made for file in (folder / out, *sorted((folder / out).rglob("*"))))
    for file in filter(Path.is_file, files):
        name = file.relative_to(folder).as_posix()
        if name.endswith(".json"):
            values = _flat(json.loads(file.read_bytes()))
            known |= {
                f"{name} {key}".strip(): value
                for key, value in values
                if not OF_THE_DAY.intersection(key.split("."))
            }
        elif name not in PAGES:
            known[name] = _hash(file)
    return known


def champion(folder: Path, model: str) -> dict[str, str]:
    """The hash of what is, or should be, the champion."""
    return {CHAMPION: _hash(folder / model)} if (folder / model).is_file() else {}


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _flat(content: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if not isinstance(content, dict | list) or not content:
        yield prefix, json.dumps(content)
        return
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield from _flat(value, f"{prefix}.{key}" if prefix else str(key))
