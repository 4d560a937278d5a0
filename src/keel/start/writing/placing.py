"""What may be written over in a project, and how the new files take their places."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from keel.data.store import Store, replace

DIGESTS = Path(__file__).with_name("example.json")
# What an earlier start wrote, and passages of the example as they were: packed, so that a search
# for words of the example finds the project's own text only. Git does not see it.
RECORD = Path("outputs/start/written.json.gz")
NOT_COPIED = {  # of the project's folder
    *(".git", ".venv", "data", "model", "champion", "outputs", "multirun", "source", "served"),
    *("reports", "uv.lock", ".uv-cache", "mutants"),
}
CACHES = shutil.ignore_patterns("__pycache__", ".*_cache")


def digest(text: str, package: str) -> str:
    """A digest of a file of the worked example, whatever the project's package is called."""
    # Only where it is imported: `late` stands elsewhere too, and means another thing.
    imported = rf"^(from|import) {re.escape(package)}\b"
    plain = re.sub(imported, r"\1 {package}", text, flags=re.MULTILINE) if package else text
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


@cache
def example() -> Mapping[str, list[str]]:
    """The files of the worked example that are all about it, with digests of all releases."""
    content: dict[str, list[str]] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    return content


@dataclass(frozen=True)
class Project:
    """A project's folder, and what is known of who wrote its files."""

    root: Path
    package: str
    written: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def at(cls, root: Path, package: str) -> Project:
        """The project in a folder."""
        try:
            written = json.loads(gzip.decompress((root / RECORD).read_bytes()))
        except (OSError, EOFError, zlib.error, ValueError):
            written = {}
        return cls(root, package, written if isinstance(written, dict) else {})

    def text(self, name: str) -> str | None:
        """What a file holds; None if it is not there, or no text."""
        try:
            return (self.root / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def is_ours(self, name: str) -> bool:
        """Whether a file is as the template or an earlier start left it, or is not there."""
        text = self.text(name)
        if text is None:
            return not (self.root / name).exists()
        plain = name.replace(f"src/{self.package}/", "src/{package}/")
        mine = self.written.get(name, {}).get("digest")
        known = example().get(plain, [])
        return digest(text, "") == mine or digest(text, self.package) in known

    def original(self, name: str) -> str | None:
        """The text before an earlier start put its passages in, if nobody changed it since."""
        text, entry = self.text(name), self.written.get(name, {})
        if text is not None and entry.get("before") and digest(text, "") == entry.get("digest"):
            return str(entry["before"])
        return text


def stage(root: Path, beside: Path) -> Path:
    """A copy of the project without its data, to work on."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        own = NOT_COPIED & set(names) if Path(folder) == root else set()
        return own | CACHES(folder, names)

    return shutil.copytree(root, beside, ignore=left_out, symlinks=True)


def place(project: Project, staged: Path, names: Mapping[str, str | None]) -> None:
    """Move files from where they were made into the project; what is not there is deleted.

    `names` has the text of each that may be changed again, before passages were put in; it is
    written down first, so that a start that was killed can be made once more.
    """
    record = dict(project.written)
    for name, before in names.items():
        made = staged / name
        if made.is_file():
            text = made.read_text(encoding="utf-8")
            record[name] = {"digest": digest(text, ""), **({"before": before} if before else {})}
    store = Store(project.root, project.root)
    packed = gzip.compress(json.dumps(record, ensure_ascii=False).encode(), mtime=0)
    replace(project.root / RECORD, lambda beside: beside.write_bytes(packed))
    for name in names:
        made = staged / name
        if made.is_file():
            store.write_text(project.root / name, made.read_text(encoding="utf-8"))
        else:
            (project.root / name).unlink(missing_ok=True)


def differing(root: Path, staged: Path, names: Mapping[str, str | None]) -> Iterator[str]:
    """The files that would change."""
    for name in names:
        old, new = root / name, staged / name
        if old.is_file() != new.is_file() or (
            new.is_file() and old.read_bytes() != new.read_bytes()
        ):
            yield name
