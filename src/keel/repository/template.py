"""The template that a project was made from: its releases, and what each makes of the answers."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from keel.project.commands import UV, must, output
from keel.project.errors import UserError

ANSWERS = ".copier-answers.yml"
COPIER = (UV, "tool", "run", "--from", "copier>=9.19,<10", "copier")
RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
SHORT = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}  # as Copier has it
SOURCE = re.compile(r"^_src_path:.*$", re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """What a project was made from: the place of the template, its revision, and the answers."""

    source: str
    revision: str
    answers: dict[str, Any]


def origin(root: Path) -> Origin:
    """What a project remembers of its making. Raises UserError if that is missing or broken."""
    cure = f"`git log -- {ANSWERS}` lists what it was before"
    try:
        content = yaml.safe_load((root / ANSWERS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{ANSWERS} is missing: run this in the folder of a project made with Keel; {cure}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{ANSWERS} is not YAML: {error}; {cure}") from error
    content = content if isinstance(content, dict) else {}
    for name in ("_src_path", "_commit", "package_name"):
        if not isinstance(content.get(name), str):
            raise UserError(f"{ANSWERS} has no text for {name}; {cure}")
    package = content["package_name"]
    if not (root / "src" / package).is_dir():
        raise UserError(f"{ANSWERS} has package_name {package!r}, without src/{package}; {cure}")
    answers = {name: value for name, value in content.items() if not name.startswith("_")}
    return Origin(content["_src_path"], content["_commit"], answers)


@dataclass(frozen=True)
class Template:
    """A clone of the template."""

    folder: Path

    @classmethod
    def clone(cls, source: str, project: Path, folder: Path) -> "Template":
        """Clone it into a folder. Raises UserError if it can't be had."""
        place = source
        for short, long in SHORT.items():
            if source.startswith(short):
                place = long + source.removeprefix(short)
        # A path may start at the folder that Copier ran in: most often this one, or the one above.
        for start in (project, project.parent):
            path = start / Path(source).expanduser()
            place = str(path) if (path / "copier.yml").is_file() else place
        try:
            must(folder.parent, "git", "clone", "--quiet", "--no-checkout", place, str(folder))
        except UserError as error:
            raise UserError(
                f"the template can't be had from {source}, which {ANSWERS} names: {error}"
            ) from error
        return cls(folder)

    def releases(self) -> list[str]:
        """The tags such as v1.2.3, oldest first."""
        tags = must(self.folder, "git", "tag").split()
        return sorted(filter(RELEASE.fullmatch, tags), key=_number)

    def commit(self, revision: str) -> str:
        """The commit of a revision. Raises UserError if there is none."""
        for name in (f"origin/{revision}", revision):
            commit = output(self.folder, "git", "rev-parse", "--verify", "--quiet", f"{name}^0")
            if commit and not revision.startswith("-"):
                return commit
        there = ", ".join(self.releases()) or "none yet"
        raise UserError(f"the template has no revision {revision!r}; its releases: {there}")

    def release(self, commit: str) -> str | None:
        """The release that a commit is, or comes after; None if it comes before all of them."""
        match = ("--match", "v[0-9]*.[0-9]*.[0-9]*")
        return output(self.folder, "git", "describe", "--tags", "--abbrev=0", *match, commit)

    def has(self, commit: str, later: str) -> bool:
        """Whether a commit is part of the history of a later one."""
        base = output(self.folder, "git", "merge-base", commit, later)
        return base == commit

    def changes(self, before: str, after: str) -> str:
        """The part of the changelog that `after` has and `before`, both commits, has not."""
        old, new = (self._text(commit, "CHANGELOG.md") for commit in (before, after))
        known = set(re.findall(r"^## .*$", old, re.MULTILINE))
        sections = re.split(r"^(?=## )", new, flags=re.MULTILINE)[1:]
        return "".join(part for part in sections if part.partition("\n")[0] not in known).strip()

    def settings(self, commit: str) -> dict[str, Any]:
        """What `copier.yml` says: questions, and Copier's settings with names that begin with _."""
        content = yaml.safe_load(self._text(commit, "copier.yml"))
        return content if isinstance(content, dict) else {}

    def render(self, commit: str, origin: Origin, changed: dict[str, str], folder: Path) -> None:
        """Make a project from the answers in a new folder. Raises UserError if one is refused."""
        data = folder.with_suffix(".yml")
        data.write_text(yaml.safe_dump(origin.answers), encoding="utf-8")
        answers = ("--data-file", str(data), *(f"--data={n}={v}" for n, v in changed.items()))
        command = ("copy", "--quiet", "--defaults", "--vcs-ref", commit, *answers)
        try:
            must(folder.parent, *COPIER, *command, str(self.folder), str(folder))
        except UserError as error:
            said = str(error).strip().rpartition("\n")[2]
            name = self.release(commit) or commit[:7]
            raise UserError(f"{name} can't be made from {ANSWERS}: {said}") from error
        file = folder / ANSWERS
        text = SOURCE.sub(lambda _: f"_src_path: {origin.source}", file.read_text("utf-8"))
        file.write_text(text, encoding="utf-8", newline="\n")

    def _text(self, commit: str, file: str) -> str:
        return output(self.folder, "git", "show", f"{commit}:{file}") or ""


def _number(release: str) -> tuple[int, ...]:
    found = RELEASE.fullmatch(release)
    return tuple(map(int, found.groups())) if found else ()


def is_older(release: str | None, than: str | None) -> bool:
    """Whether a release comes before another; what comes before all releases is None."""
    return bool(than) and (not release or _number(release) < _number(than or ""))
