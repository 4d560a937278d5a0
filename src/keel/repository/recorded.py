"""Files as they were at a commit, whether Git keeps them or DVC."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path

import yaml

from keel.project.commands import output


class Recorded:
    """The files of a project at a `revision`, as far as they are on this machine."""

    def __init__(self, root: Path, revision: str) -> None:
        self._root = root
        self._revision = revision

    def text(self, name: str) -> str | None:
        """What a file that Git keeps held; None if there was none."""
        return output(self._root, "git", "show", f"{self._revision}:./{name}")

    def file(self, name: str) -> Path | None:
        """Where DVC keeps what a file held; None if that is not here: `dvc pull` may get it."""
        return self._kept(self._hashes.get(name))

    def folder(self, name: str) -> dict[str, Path]:
        """Where DVC keeps what the files of a folder held, by their names; those that are here."""
        listed = self._kept(self._hashes.get(name))
        entries = json.loads(listed.read_text("utf-8")) if listed else []
        files = {entry["relpath"]: self._kept(entry["md5"]) for entry in entries}
        return {name: file for name, file in files.items() if file}

    @cached_property
    def _hashes(self) -> dict[str, str]:
        lock = yaml.safe_load(self.text("dvc.lock") or "") or {}
        outputs = [
            out for stage in lock.get("stages", {}).values() for out in stage.get("outs", [])
        ]
        return {out["path"]: out["md5"] for out in outputs if "md5" in out}

    @cached_property
    def _cache(self) -> Path:
        from dvc.repo import Repo  # type: ignore[import-untyped]  # slow to import; it has no types

        with Repo(str(self._root)) as repo:
            return Path(repo.cache.local.path)

    def _kept(self, digest: str | None) -> Path | None:
        file = self._cache / digest[:2] / digest[2:] if digest else None
        return file if file and file.is_file() else None
