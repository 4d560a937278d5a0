"""Build a version again from its source data, and compare everything with what it recorded."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from keel.project.errors import UserError
from keel.releasing.rebuild import get_sources, make_environment, run_pipeline, worktree
from keel.releasing.versions import number, plain, read, tag_of, top

MODEL, CHAMPION = "model/model.txt", "champion/model.txt"
# Pages made of the rest, with the time of the run in them.
PAGES = ("reports/report.html", "reports/model-card.md")
# When and from which commit, which differ; and what is waived, which is a matter of the day.
OF_THE_DAY = ("trained_at", "code", "waiver", "refusals")


@dataclass(frozen=True)
class Difference:
    """A file, or a fact in one, that is otherwise than recorded."""

    what: str
    recorded: str
    rebuilt: str


def main(root: Path, arguments: list[str]) -> int:
    """Return 0 if all is equal, and 1 with a table of what differs."""
    if len(arguments) != 1:
        raise UserError("say which version: `uv run keel reproduce 1.2.0`")
    version = plain(arguments[0])
    top(root)
    commits = read(root).commits
    if version not in commits:
        there = ", ".join(sorted(commits, key=number)) or "none yet"
        raise UserError(f"there is no version {version}; there are: {there}")
    tag = tag_of(root, version)
    expected = recorded(root, tag)
    started = time.perf_counter()
    with worktree(root, tag) as folder:
        print(f"{tag} is built again in {folder}", flush=True)
        get_sources(root, folder)
        make_environment(folder)
        installed = time.perf_counter()
        code = run_pipeline(folder)
        found = differences(expected, rebuilt(folder, list(expected)))
    ended = time.perf_counter()
    took = f"{installed - started:.1f} s for the packages, {ended - installed:.1f} s for the rest"
    if not found and not code:
        print(f"\nequal: {version} was built again, and all {len(expected)} facts are as recorded.")
        print(took)
        return 0
    print(
        f"\n{version} can't be built again as it was; {len(found)} facts differ:\n\n{table(found)}"
    )
    print(took + ("; the pipeline failed, which it says above" if code else ""))
    return 1


def differences(expected: Mapping[str, str], actual: Mapping[str, str]) -> list[Difference]:
    """What differs, in the order in which the pipeline made it."""
    names = [*expected, *(name for name in actual if name not in expected)]
    pairs = ((name, expected.get(name, "nothing"), actual.get(name, "nothing")) for name in names)
    return [Difference(*pair) for pair in pairs if pair[1] != pair[2]]


def table(found: list[Difference]) -> str:
    """The differences in Markdown."""
    lines = [f"| {one.what} | {one.recorded} | {one.rebuilt} |" for one in found]
    return "\n".join(["| what | recorded | built again |", "|---|---|---|", *lines, ""])


def facts(name: str, content: Callable[[], bytes], md5: str | None = None) -> dict[str, str]:
    """A file as facts: each value of JSON, the hash of everything else."""
    if name.endswith(".json"):
        return {
            f"{name} {key}".strip(): value
            for key, value in _flat(json.loads(content()))
            if not set(key.split(".")) & set(OF_THE_DAY)
        }
    return {name: md5 or hashlib.md5(content(), usedforsecurity=False).hexdigest()}


def recorded(root: Path, tag: str) -> dict[str, str]:
    """What the version recorded: tables, models, predictions, scores, gates, and its champion."""
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]
    from dvc_data.index import DataIndexDirError

    found: dict[str, str] = {}
    try:
        with Repo(str(root)) as repo, repo.switch(tag):
            stages = [stage for stage in repo.index.stages if not stage.is_data_source]
            for out in (out for stage in stages for out in stage.outs):
                path = f"/{repo.fs.relpath(out.fspath, repo.root_dir)}"
                found |= _out(repo.dvcfs, path, folder=out.hash_info.isdir)
            found[CHAMPION] = repo.dvcfs.info(f"/{CHAMPION}")["md5"]
    except (DvcException, DataIndexDirError, OSError) as error:
        raise UserError(
            f"what {tag} recorded can't be read ({error}): `uv run dvc fetch --all-tags` gets it"
        ) from error
    return found


def rebuilt(folder: Path, expected: list[str]) -> dict[str, str]:
    """The same facts of the files in a folder, and nothing for those that are not there."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(fact.partition(" ")[0] for fact in expected):
        file = folder / (MODEL if name == CHAMPION else name)
        if file.is_file():
            found |= facts(name, file.read_bytes)
    return found


def _out(files: Any, place: str, *, folder: bool) -> dict[str, str]:
    """The facts of what a stage made, a folder or a file, from Git or DVC's cache."""
    found: dict[str, str] = {}
    for path in sorted(files.find(place)) if folder else [place]:
        if path.lstrip("/") not in PAGES:
            md5 = files.info(path).get("md5")
            found |= facts(path.lstrip("/"), partial(files.read_bytes, path), md5)
    return found


def _flat(content: Any, prefix: str = "") -> list[tuple[str, str]]:
    if not isinstance(content, dict | list) or not content:
        return [(prefix, json.dumps(content))]
    items = content.items() if isinstance(content, dict) else enumerate(content)
    return [
        pair
        for key, value in items
        for pair in _flat(value, f"{prefix}.{key}" if prefix else str(key))
    ]
