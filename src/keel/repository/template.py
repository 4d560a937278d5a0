"""The template that a project was made from: its releases, and what each makes of the answers."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from keel.project.commands import UV, must, output
from keel.project.errors import UserError

ANSWERS = ".copier-answers.yml"
COPIER = (UV, "tool", "run", "--from", "copier>=9.19,<10", "copier")
RELEASE = re.compile(r"v(\d+)\.(\d+)\.(\d+)")
FIRST = (0, 4, 0)  # the first release with the library
SHORT = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}  # as Copier has it


@dataclass(frozen=True)
class Origin:
    """What a project was made from: the place of the template, its revision, and the answers."""

    source: str
    revision: str
    answers: dict[str, Any]


def origin(root: Path) -> Origin:
    """What a project remembers of its making.

    Raises UserError if that is missing or broken, or if nothing can be updated from it.
    """
    content = recorded(root)
    cure = f"`git log -- {ANSWERS}` lists what it was before"
    if isinstance(content.get("_src_path"), str) and "_commit" not in content:
        raise UserError(
            f"clone Keel's repository with Git, write its URL as _src_path into {ANSWERS} and the "
            "version of Keel that the project has as _commit, such as v0.4.0, and commit that: "
            f"this project was made from {content['_src_path']}, which has no versions to go to"
        )
    for name in ("_src_path", "_commit", "package_name"):
        if not isinstance(content.get(name), str):
            raise UserError(f"{ANSWERS} has no text for {name}; {cure}")
    package = content["package_name"]
    if not (root / "src" / package).is_dir():
        raise UserError(f"{ANSWERS} has package_name {package!r}, without src/{package}; {cure}")
    version = number(content["_commit"])
    if (version and version < FIRST) or (root / "src" / package / "chassis").is_dir():
        raise UserError(
            f"make a new project and move your files there: this one is of {content['_commit']}, "
            "from before Keel was a library, and there is no update from that"
        )
    answers = {name: value for name, value in content.items() if not name.startswith("_")}
    return Origin(content["_src_path"], content["_commit"], answers)


def recorded(root: Path) -> dict[str, Any]:
    """What Copier wrote down in the project. Raises UserError if it can't be read."""
    cure = f"`git log -- {ANSWERS}` lists what it was before"
    try:
        content = yaml.safe_load((root / ANSWERS).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(
            f"{ANSWERS} is missing: run this in the folder of a project made with Keel; {cure}"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{ANSWERS} is not YAML: {error}; {cure}") from error
    return content if isinstance(content, dict) else {}


@dataclass(frozen=True)
class Template:
    """A clone of the template."""

    folder: Path

    @classmethod
    def clone(cls, place: str, folder: Path) -> "Template":
        """Clone it into a folder. Raises UserError if it can't be had."""
        url = place
        for short, long in SHORT.items():
            url = long + url.removeprefix(short) if url.startswith(short) else url
        try:
            must(folder.parent, "git", "clone", "--quiet", "--no-checkout", "--", url, str(folder))
        except UserError as error:
            raise UserError(
                f"if it has moved, commit its new place as _src_path in {ANSWERS}: the template "
                f"can't be had from {place}: {error}"
            ) from error
        return cls(folder)

    def releases(self) -> list[str]:
        """The tags such as v1.2.3, oldest first."""
        tags = must(self.folder, "git", "tag").split()
        return sorted(filter(RELEASE.fullmatch, tags), key=number)

    def commit(self, revision: str, cure: str = "") -> str:
        """The commit of a revision. Raises UserError, beginning with a cure, if there is none."""
        described = re.fullmatch(r".+-\d+-g([0-9a-f]+)", revision)  # what Copier writes down
        for name in (f"origin/{revision}", described[1] if described else revision):
            commit = output(self.folder, "git", "rev-parse", "--verify", "--quiet", f"{name}^0")
            if commit and not revision.startswith("-"):
                return commit
        known = ", ".join(self.releases()) or "none yet"
        raise UserError(f"{cure}the template has no revision {revision!r}; its releases: {known}")

    def release(self, commit: str) -> str | None:
        """The release that a commit is, or comes after; None if it comes before all of them."""
        match = ("--match", "v[0-9]*.[0-9]*.[0-9]*")
        return output(self.folder, "git", "describe", "--tags", "--abbrev=0", *match, commit)

    def name(self, commit: str) -> str:
        """What to call a commit: a release, or what comes after one."""
        return must(self.folder, "git", "describe", "--tags", "--always", commit).strip()

    def has(self, commit: str, later: str) -> bool:
        """Whether a commit is part of the history of a later one."""
        return output(self.folder, "git", "merge-base", commit, later) == commit

    def news(self, before: str, after: str) -> str:
        """The part of the changelog that `after` has and `before`, both commits, has not."""
        old, new = (self._text(commit, "CHANGELOG.md") for commit in (before, after))
        known = set(re.findall(r"^## .*$", old, re.MULTILINE))
        sections = re.split(r"^(?=## )", new, flags=re.MULTILINE)[1:]
        return "".join(part for part in sections if part.partition("\n")[0] not in known).strip()

    def questions(self, commit: str) -> list[str]:
        """The names of the questions that a commit asks."""
        content = yaml.safe_load(self._text(commit, "copier.yml"))
        return [
            name
            for name, about in (content if isinstance(content, dict) else {}).items()
            if not name.startswith("_") and about.get("when") is not False
        ]

    def render(self, commit: str, answers: dict[str, Any], folder: Path) -> Path:
        """Make a project from the answers in a new folder. Raises UserError if one is refused."""
        data = folder.with_suffix(".yml")
        data.write_text(yaml.safe_dump(answers), encoding="utf-8")
        command = ("copy", "--quiet", "--defaults", "--vcs-ref", commit, "--data-file", str(data))
        try:
            must(folder.parent, *COPIER, *command, str(self.folder), str(folder))
        except UserError as error:
            cause = str(error).strip().rpartition("\n")[2]
            raise UserError(f"{self.name(commit)} can't be made from {ANSWERS}: {cause}") from error
        return folder

    def checkout(self, commit: str) -> Path:
        """A folder with the files of a commit."""
        folder = self.folder.with_name("checkout")
        shutil.rmtree(folder, ignore_errors=True)
        must(self.folder, "git", "worktree", "prune")
        must(self.folder, "git", "worktree", "add", "--quiet", "--detach", str(folder), commit)
        return folder

    def _text(self, commit: str, file: str) -> str:
        return output(self.folder, "git", "show", f"{commit}:{file}") or ""


def number(release: str) -> tuple[int, ...]:
    """The version that a release has, or what Copier writes down of a commit after it."""
    found = RELEASE.match(release)
    return tuple(map(int, found.groups())) if found else ()


def is_older(release: str | None, than: str | None) -> bool:
    """Whether a release comes before another; what comes before all releases is None."""
    return bool(than) and (not release or number(release) < number(than or ""))
