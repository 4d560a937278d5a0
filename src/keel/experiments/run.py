"""Experiments as DVC runs them: in a copy of its own, and recorded."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from keel.pipeline.changes import read, recorded, variants
from keel.pipeline.configuration import checked, compose, overrides
from keel.pipeline.run import dvc, write_any_path
from keel.project.commands import output
from keel.project.description import Project
from keel.project.errors import UserError

STRANGE = re.compile(r"[^ -~]|[?#;]")
VALUED = ("-n", "--name", "-j", "--jobs", "-m", "--message")  # options that a value follows
EXAMPLE = (
    "uv run keel exp model=logistic, or several: uv run keel exp --queue model.trees=100,400, "
    "then uv run keel exp --run-all"
)


def apart(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Changes of settings, and the options of DVC with their values, such as `--name mine`."""
    changes: list[str] = []
    options: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        is_option = word.startswith("-") or before in VALUED
        (options if is_option else changes).append(word)
    return changes, options


def run(root: Path, project: Project, changes: Sequence[str], options: Sequence[str]) -> int:
    """Run `dvc exp run` with changes such as `model.trees=100`; options such as --queue are DVC's.

    It runs in a copy that DVC makes, so the files that a person works on stay as they are.
    """
    if not changes and "--run-all" not in options:
        raise UserError(f"say what to change: {EXAMPLE}")
    if output(root, "git", "rev-parse", "--verify", "--quiet", "HEAD") is None:
        raise UserError(
            "an experiment starts from a commit, and there is none yet: "
            'git add --all && git commit -m "Start"'
        )
    introduce(root)
    conf = root / "conf"
    own, runs = overrides(conf / "overrides.yaml"), variants(map(read, changes))
    if len(runs) > 1 and "--queue" not in options:
        raise UserError(
            f"add --queue to try each of {len(runs)}, then `uv run keel exp --run-all`: "
            + " ".join(changes)
        )
    for variant in runs:  # before a copy is made of all
        checked(project, compose(conf, [*own, *variant]), "")
    parameters = [part for change in changes for part in ("--set-param", recorded(conf, change))]
    where = [] if {"--queue", "--run-all"} & set(options) else ["--temp"]
    _take_any_folder(root, options)
    os.environ["PYTHONPATH"] = "src"  # in the copy that is the copy's, not what is installed
    code, said = dvc("exp", "run", *where, *options, *parameters)
    for line in re.findall(r"^Queued experiment '.*'", said, re.MULTILINE):
        print(line.replace("'", ""))
    if code == 0 and "--queue" in options:
        print("To run the queue: uv run keel exp --run-all")
    return min(code, 1)


def introduce(root: Path) -> None:
    """Tell DVC in whose name it records, as Git knows it by its settings or the environment.

    Raises UserError if Git doesn't.
    """
    named = {}
    for role in ("AUTHOR", "COMMITTER"):
        asked = ("git", "-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
        named[role] = re.match("(.*) <(.*)> ", output(root, *asked) or "")
    known = next(filter(None, named.values()), None)
    if known is None:
        raise UserError(
            'git config --global user.name "…" and git config --global user.email "…":\n  DVC '
            "records an experiment under your name, and Git does not know it"
        )
    for role, found in named.items():
        os.environ[f"GIT_{role}_NAME"], os.environ[f"GIT_{role}_EMAIL"] = (found or known).groups()
        os.environ.pop(f"GIT_{role}_DATE", None)  # DVC ends with an error where a day is given


def _take_any_folder(root: Path, options: Sequence[str]) -> None:
    """Let DVC make its copy in a folder of any name: it writes ASCII, and takes paths for URLs.

    Raises UserError for a queue in such a folder, which DVC runs in processes of its own.
    """
    if not (strange := STRANGE.search(str(root.resolve()))):
        return
    if {"--queue", "--run-all"} & set(options):
        raise UserError(
            "run experiments one by one, or the project in another folder: DVC can't run a queue "
            f"in one with {strange[0]!r} in its name: {root}"
        )
    from dvc.repo.experiments.executor import local  # type: ignore[import-untyped]  # no types

    write_any_path()
    local.BaseLocalExecutor.git_url = property(lambda copy: str(Path(copy.root_dir).absolute()))
