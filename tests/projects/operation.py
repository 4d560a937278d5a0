"""Reads a Dockerfile, and does without an engine what it says."""

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from rendering import must

PLACE = "/app"  # the folder of the image that the service runs in
ELSEWHERE = ("pip install ", "apt-get ", "useradd ", "install --directory ")  # for the image only


@dataclass(frozen=True)
class Step:
    """An instruction of a Dockerfile."""

    name: str
    text: str

    @property
    def command(self) -> list[str]:
        """The command of CMD and HEALTHCHECK, which are written as JSON."""
        found: list[str] = json.loads(self.text[self.text.index("[") :])
        return found


def steps(dockerfile: Path) -> list[Step]:
    lines = [
        line
        for line in dockerfile.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Step(*line.split(maxsplit=1)) for line in joined.splitlines() if line]


def step(dockerfile: Path, name: str) -> Step:
    (found,) = [step for step in steps(dockerfile) if step.name == name]
    return found


def environment(dockerfile: Path, place: Path) -> dict[str, str]:
    """What the ENV instructions set, with `place` for the folder of the image."""
    pairs = [pair for step in steps(dockerfile) if step.name == "ENV" for pair in step.text.split()]
    values = dict(pair.replace(PLACE, str(place)).split("=", 1) for pair in pairs)
    return {name: value.replace("$PATH", os.environ["PATH"]) for name, value in values.items()}


def allowed(dockerfile: Path) -> list[str]:
    """What the file beside it lets into the image, all else being left out."""
    lines = dockerfile.with_name("Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert rules[-1] == "**/__pycache__"
    return [rule.removeprefix("!") for rule in rules[1:-1]]


def build(project: Path, place: Path) -> None:
    """Do in an empty folder what the stage that builds does: copy and install."""
    dockerfile = project / "operation/Dockerfile"
    for step in steps(dockerfile):
        if step.name == "COPY" and not step.text.startswith("--from"):
            *names, where = step.text.split()
            copy(project, names, place / where, allowed(dockerfile))
        elif step.name == "RUN" and not step.text.startswith(ELSEWHERE):
            must(place, *step.text.split(), **environment(dockerfile, place))


def copy(project: Path, names: list[str], place: Path, allowed: list[str]) -> None:
    """Copy files into a folder, and of a folder what is in it; a pattern may fit nothing."""
    everything = names == ["."]
    for path in [
        path for name in (allowed if everything else names) for path in project.glob(name)
    ]:
        name = path.relative_to(project).as_posix()
        assert name in allowed, f"{name} is left out of the image"
        target = place / name if everything else place
        if path.is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, target, ignore=leave, dirs_exist_ok=True)
        else:
            file = target if everything else target / path.name
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, file)
