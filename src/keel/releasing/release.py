"""Give code, data and model together a version, unless something stands in the way."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from keel.data.store import Store, sha256
from keel.pipeline.run import stop_at_ended_waivers, stop_at_refusals
from keel.project.about import own_code, package
from keel.project.commands import output
from keel.project.errors import UserError
from keel.releasing.versions import Registry, following, number, read, register, remote_of

SOME = 5  # of many names are named


def release(root: Path, wish: str, today: date) -> str:
    """Tag the commit that is checked out; returns what can be done next.

    `wish` is major, minor, patch or a version. Raises UserError with all that stands in the way.
    """
    registry = read(root)
    version = following(registry, wish)
    if obstacles := list(problems(root, version, registry, today)):
        raise UserError(f"{version} is not released:\n- " + "\n- ".join(obstacles))
    metrics = json.loads((root / "reports/metrics.json").read_text("utf-8"))
    passport = json.loads((root / "model/passport.json").read_text("utf-8"))
    lock = yaml.safe_load((root / "dvc.lock").read_text("utf-8"))
    tag = register(root, version, message(version, metrics, passport["sha256"], lock))
    remote = remote_of(root)
    shared = f"on {remote}" if remote else "here, as there is no remote to push to"
    return (
        f"{version} is released: the tag {tag}, {shared}.\n"
        f"  uv run keel deploy {version} sandbox\n"
        f"  uv run keel reproduce {version}"
    )


def message(
    version: str, metrics: Mapping[str, Any], hashes: Mapping[str, str], lock: Mapping[str, Any]
) -> str:
    """What the tag says: scores, and the hashes of code, data and model, a fact in each line.

    `lock` is the content of `dvc.lock`, which has those of the tables.
    """
    outs = [out for stage in lock["stages"].values() for out in stage.get("outs", ())]
    facts = {
        **{name: value for name, value in metrics.items() if not isinstance(value, dict)},
        **{f"{name}.sha256": value for name, value in hashes.items()},
        **{f"{o['path']}.md5": o["md5"] for o in outs if o["path"].startswith("data/")},
        "card": "reports/model-card.md",
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return "\n".join([f"Version {version} of code, data and model", "", *lines, ""])


def problems(root: Path, version: str, registry: Registry, today: date) -> Iterator[str]:
    """A sentence for each thing. Raises UserError where Git or DVC can't look."""
    commit = output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD")
    if commit is None:
        yield 'a version is of a commit, and there is none: `git add --all && git commit -m "…"`'
        return
    yield from _version(commit, version, registry)
    yield from _commit(root)
    for check in (partial(stop_at_ended_waivers, root, today), partial(stop_at_refusals, root)):
        try:
            check()
        except UserError as error:
            yield str(error)
    yield from _model(root)
    yield from _made(root)


def _version(commit: str, version: str, registry: Registry) -> Iterator[str]:
    released = [name for name, of in registry.commits.items() if of == commit]
    if released:
        yield f"this commit is version {released[0]} already: commit what is new about {version}"
    elif version in registry.commits:
        yield f"version {version} exists: take a later one, such as `uv run keel release patch`"
    elif registry.latest and number(version) < number(registry.latest):
        yield f"{version} comes before {registry.latest}, which is the latest: take a later one"


def _commit(root: Path) -> Iterator[str]:
    if changed := _lines(root, "status", "--porcelain", "--", "."):
        yield f"{_some(changed)} changed since the commit: commit it, or take it back"
    remote = remote_of(root)
    where = f"refs/remotes/{remote}" if remote else "refs/heads"
    named = ("for-each-ref", "--contains", "HEAD", "--format=%(refname:short)", where)
    if _lines(root, *named):
        return
    if remote:
        yield f"{remote} does not have this commit: `git push` first"
    else:
        yield "no branch has this commit, and Git may throw it away: `git switch --create NAME`"


def _model(root: Path) -> Iterator[str]:
    from dvc.exceptions import DvcException  # type: ignore[import-untyped]  # DVC has no types
    from dvc.repo import Repo  # type: ignore[import-untyped]  # DVC has no types

    try:
        with Repo(str(root)) as repo:  # in this process: another one takes longer to start
            stale, away = repo.status(), repo.status(cloud=True)
    except DvcException as error:
        raise UserError(f"DVC can't say how the data are: {error}") from error
    if stale:
        yield (
            f"{_some(stale)} not as the last run left it: `uv run keel run`, or `uv run dvc "
            "checkout` for files that were changed by hand; then commit"
        )
    champion, model = (_hash(root / place / "passport.json") for place in ("champion", "model"))
    if champion is None:
        yield "there is no champion: `uv run keel promote`, then commit champion.dvc"
    elif champion != model:
        yield (
            "the champion is another model than this commit's: `uv run keel promote` makes it the "
            "champion if it is better; then commit champion.dvc"
        )
    if unshared := [name for name, how in away.items() if how != "deleted"]:
        yield f"nobody else can get {_some(unshared)}: `uv run dvc push`"


def _made(root: Path) -> Iterator[str]:
    """Whether this commit's code, data and packages made the model, by what its passport recorded.

    DVC goes by `dvc.lock`, which can be made to say otherwise, and does not look at packages.
    """
    store = Store(root, root)
    if not store.passport.is_file():
        return  # which DVC has said
    passport = store.read_json(store.passport)
    recorded, again = passport["sha256"], "`uv run dvc repro --force train`, then commit"
    if recorded.get("code") != own_code(root):
        yield f"the model was made by other code than src/{package(root)} of this commit: {again}"
    for name, file in (("examples", store.examples), ("model", store.model)):
        if name in recorded and file.is_file() and recorded[name] != sha256(file):
            yield f"the model's passport is of another {store.name(file)}: {again}"
    locked = _locked(root)
    for name, version in passport.get("versions", {}).items():
        if name in locked and version not in locked[name]:
            has = " or ".join(sorted(locked[name]))
            yield f"the model was made with {name} {version}, and uv.lock has {has}: {again}"


def _locked(root: Path) -> dict[str, set[str]]:
    """The versions of each package in `uv.lock`."""
    file = root / "uv.lock"
    packages = tomllib.loads(file.read_text("utf-8")).get("package", []) if file.is_file() else []
    versions: dict[str, set[str]] = {}
    for each in packages:
        versions.setdefault(each["name"], set()).add(each.get("version", ""))
    return versions


def _some(every: Iterable[str]) -> str:
    names = list(every)
    more = len(names) - SOME
    return ", ".join(names[:SOME]) + (f" and {more} more" if more > 0 else "")


def _lines(root: Path, *command: str) -> list[str]:
    printed = output(root, "git", *command) or ""
    return [line.split(maxsplit=1)[-1] for line in printed.splitlines()]


def _hash(passport: Path) -> str | None:
    if not passport.is_file():
        return None
    return str(json.loads(passport.read_text("utf-8"))["sha256"]["model"])
