"""The worked example of a project is replaced by a team's own table."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from keel.project.about import own_settings, package
from keel.project.commands import UV, output
from keel.project.errors import UserError, reason
from keel.start.plan import Plan, Use
from keel.start.writing import placing
from keel.start.writing.code import coded
from keel.start.writing.context import About, context, pattern, target_words
from keel.start.writing.measured import Measured
from keel.start.writing.measuring import measure
from keel.start.writing.rendering import EXAMPLES_OWN, RECORD, passages, whole
from keel.testing.accepted import FILE as ACCEPTED

ANSWERS = ".copier-answers.yml"
EXAMPLES_TITLE = "Flight delay"
EXAMPLES_PURPOSE = "Predicts two hours before departure which flights"
KEPT = Path("outputs/start/kept")  # what would have been written over files that were edited
Say = Callable[[str], None]
Measuring = Callable[[Plan, Path, str], Measured]  # in a folder, beside the baseline's name


@dataclass(frozen=True)
class Written:
    """What was done to a project."""

    files: list[str]  # that changed
    kept: list[str]  # that were edited, so that they stay
    left: list[str]  # passages about the example that were not found as they were
    measured: Measured
    problem: str = ""  # why nothing could be measured


def write(
    plan: Plan, root: Path, say: Say, *, purpose: str = "", measured: Measuring = measure
) -> Written:
    """Make the project in `root` one about the table of the plan.

    All is made to one side, and takes its place at the end. `measured` runs what was made so far,
    and says what came out. Raises UserError if `root` is no project.
    """
    about = _about(plan, root, purpose)
    project = placing.Project.at(root, about.package)
    with tempfile.TemporaryDirectory(prefix="keel-start-") as folder:
        staged = placing.stage(root, Path(folder) / root.name)
        source = copy_source(plan, root)
        say(f"Copied {source}.")
        made = _Making(plan, about, project, staged)
        made.render(Measured())
        say("Running it once, to see what the baseline reaches.")
        shown, problem = _measured(plan, about, staged, root, measured)
        left = made.render(shown)
        _formatted(staged, made.names, say)
        kept = [name for name in made.names if name in made.whole and not project.is_ours(name)]
        _set_apart(root, staged, kept)
        names = {name: before for name, before in made.names.items() if name not in kept}
        changed = list(placing.differing(root, staged, names))
        placing.place(project, staged, names)
    return Written(changed, kept, left, shown, problem)


class _Making:
    """The files of a project as they are made in a copy of it."""

    def __init__(self, plan: Plan, about: About, project: placing.Project, staged: Path) -> None:
        self._plan, self._about, self._project, self._staged = plan, about, project, staged
        self.names: dict[str, str | None] = {}  # and what was there before, of passages
        self.whole: set[str] = set()

    def render(self, measured: Measured) -> list[str]:
        """Write all files; returns the places where a passage was not found."""
        values = context(self._plan, self._about, measured)
        self._whole(values)
        return self._passages(values)

    def _whole(self, values: Mapping[str, Any]) -> None:
        files = whole(values)
        made = {name: text for name, text in files.items() if text.strip()}
        for name, text in made.items():
            self._put(name, text)
        self.whole |= set(made)
        others = [RECORD.format(by=by) for by in ("time", "group", "key")]
        for name in {*EXAMPLES_OWN, ACCEPTED, *others, *files} - set(made):
            if self._project.is_ours(name) or name == ACCEPTED:
                (self._staged / name).unlink(missing_ok=True)
                self.names[name] = None

    def _passages(self, values: Mapping[str, Any]) -> list[str]:
        missing: list[str] = []
        texts = {name: self._project.original(name) for name in ("README.md", "pyproject.toml")}
        for passage in passages(values):
            name = passage.file
            text = texts.get(name) or self._project.original(name)
            if text is None:
                continue  # a proof of concept has fewer files
            changed = passage.place_in(text)
            if changed is None and name not in self._project.written:
                missing.append(f"{name}: {passage.old.strip().splitlines()[0]}")
            texts[name] = text if changed is None else changed
        for name, text in texts.items():
            before = self._project.original(name)
            self._put(name, self._titled(name, text or ""))
            self.names[name] = before
        if (self._staged / ANSWERS).is_file():
            text = (self._project.root / ANSWERS).read_text(encoding="utf-8")
            self._put(ANSWERS, _answers(text, self._about))
        return missing

    def _titled(self, name: str, text: str) -> str:
        """With title and purpose of the project where they stand."""
        if name == "pyproject.toml":
            described = _setting(text, "description", self._about.purpose)
            return _setting(described, "title", self._about.title)
        if name == "README.md":
            old = _said(self._project.root)
            text = text.replace(f"# {old['title']}\n", f"# {self._about.title}\n", 1)
            return text.replace(old["purpose"], self._about.purpose, 1)
        return text

    def _put(self, name: str, text: str) -> None:
        file = self._staged / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
        self.names.setdefault(name, None)


def check(root: Path) -> None:
    """Raise UserError unless the folder is that of a project."""
    if "project" not in own_settings(root) or not (root / "conf/config.yaml").is_file():
        raise UserError(
            "run this in the folder of a project made with Keel: "
            f"{root} has no [tool.keel] project in pyproject.toml, or no conf/config.yaml"
        )


def _about(plan: Plan, root: Path, purpose: str) -> About:
    check(root)
    said = _said(root)
    if said["title"] == EXAMPLES_TITLE:
        said["title"] = plan.target.identifier.replace("_", " ").capitalize()
    if purpose or said["purpose"].startswith(EXAMPLES_PURPOSE):
        said["purpose"] = purpose or suggested_purpose(plan)
    conf = (root / "conf/config.yaml").read_text(encoding="utf-8")
    baseline = re.search(r"^ *- model@baseline: *(\w+)", conf, re.MULTILINE)
    return About(
        package=package(root),
        title=said["title"],
        purpose=said["purpose"],
        is_product=own_settings(root).get("maturity", "product") == "product",
        baseline=baseline[1] if baseline else "logistic",
    )


def suggested_purpose(plan: Plan) -> str:
    """What the project is for, as far as a table can tell."""
    target = next(column for column in coded(plan) if column.column.use == Use.TARGET)
    return f"Predicts {target_words(plan, target)}, for each row of {plan.table}."


def has_purpose(root: Path) -> bool:
    """Whether somebody said what the project is for."""
    return not _said(root)["purpose"].startswith(EXAMPLES_PURPOSE)


def _said(root: Path) -> dict[str, str]:
    """Title and purpose, as they were before an earlier start where nobody changed them since."""
    text = placing.Project.at(root, package(root)).original("pyproject.toml") or ""
    content = tomllib.loads(text)
    title = content.get("tool", {}).get("keel", {}).get("title", root.name)
    return {"title": title, "purpose": content.get("project", {}).get("description", "")}


def _setting(text: str, name: str, value: str) -> str:
    """A line of pyproject.toml with another value."""
    line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
    return re.sub(rf"^{name} = .*$", lambda _: line, text, count=1, flags=re.MULTILINE)


def _answers(text: str, about: About) -> str:
    """Copier's memory of the project with title and purpose."""
    comments = [line for line in text.splitlines() if line.startswith("#")]
    content = {**yaml.safe_load(text), "project_name": about.title, "purpose": about.purpose}
    dumped = yaml.safe_dump(content, sort_keys=True, allow_unicode=True, indent=4)
    return "\n".join([*comments, dumped])


def copy_source(plan: Plan, root: Path) -> str:
    """Copy the table's files into `source/`, unless they are there; returns their pattern.

    Each is written beside its place, so that there is never half a file.
    """
    place = pattern(plan).replace("{table}", plan.table)
    for number, file in enumerate(plan.source.files, 1):
        target = root / place.replace("*", f"{number:03}")
        if file.resolve() == target.resolve():
            continue
        target.parent.mkdir(exist_ok=True)
        beside = target.with_name(f".{target.name}.part")
        try:
            shutil.copyfile(file, beside)
            beside.replace(target)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise UserError(f"{file} can't be copied to {place}: {reason(error)}") from error
    return place


def _measured(
    plan: Plan, about: About, staged: Path, root: Path, measured: Measuring
) -> tuple[Measured, str]:
    """What a first run shows, and what kept it from being one."""
    (staged / "source").symlink_to((root / "source").resolve(), target_is_directory=True)
    here = Path.cwd()
    os.chdir(staged)
    try:
        return measured(plan, staged, about.baseline), ""
    except UserError as error:
        return Measured(), str(error)
    finally:
        os.chdir(here)
        (staged / "source").unlink()


def _formatted(staged: Path, names: Mapping[str, str | None], say: Say) -> None:
    """The code, also that in texts, as the project's own ruff has it."""
    beside = Path(sys.executable).parent
    ruff = shutil.which("ruff", path=f"{beside}{os.pathsep}{os.environ['PATH']}")
    if ruff is None:
        say("ruff is not installed: `uv run keel check format` formats the files when it is.")
        return
    code = [name for name in names if name.endswith(".py") and (staged / name).is_file()]
    texts = [name for name in names if name.endswith(".md") and (staged / name).is_file()]
    for command, files in (("check --fix-only", code), ("format", [*code, *texts])):
        arguments = (*command.split(), "--quiet", "--no-cache", *files)
        subprocess.run([ruff, *arguments], cwd=staged, check=False)


def _set_apart(root: Path, staged: Path, kept: list[str]) -> None:
    """Put what would have been written over edited files where a person can compare it."""
    shutil.rmtree(root / KEPT, ignore_errors=True)
    for name in kept:
        (root / KEPT / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(staged / name, root / KEPT / name)


def lock(root: Path) -> str:
    """Take the packages of the example out of uv.lock; a hint if that can't be done now."""
    if not (root / "uv.lock").is_file() or output(root, UV, "lock", "--quiet") is not None:
        return ""
    return "`uv lock` takes the packages of the example out of uv.lock."


def track(root: Path) -> str:
    """Have DVC keep the table's versions, and Git not see it; a hint if that can't be done."""
    if output(root, "dvc", "add", "--quiet", "source") is not None:
        return ""
    ignored = root / ".gitignore"
    text = ignored.read_text(encoding="utf-8") if ignored.is_file() else ""
    if "/source" not in text:
        ignored.write_text(f"{text}/source/\n", encoding="utf-8")
    return (
        "`uv run dvc add source` keeps the versions of the table, once there is a Git repository."
    )
