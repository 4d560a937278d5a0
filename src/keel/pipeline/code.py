"""A digest of Keel's code behind each stage, so that a newer Keel runs again what it changes.

`settings.yaml` holds the digests and `dvc.yaml` names one for each stage. A stage's code is its
module, and the rooms of Keel that it works with.
"""

import hashlib
from pathlib import Path

KEEL = Path(__file__).parents[1]
TABLES = ("project", "data")
ROOMS = {
    "ingest": TABLES,
    "validate": TABLES,
    "prepare": TABLES,
    "train": (*TABLES, "model"),
    "evaluate": (*TABLES, "model", "judge", "show"),
}
STAGES = tuple(ROOMS)


def digests(keel: Path = KEEL) -> dict[str, str]:
    """The digest of the code behind each stage, by its name."""
    return {name: _digest(keel, name) for name in STAGES}


def _digest(keel: Path, stage: str) -> str:
    digest = hashlib.sha256((keel / f"pipeline/{stage}.py").read_bytes())
    for room in ROOMS[stage]:
        for file in sorted((keel / room).glob("**/*")):
            if file.suffix in (".py", ".html", ".toml"):
                digest.update(file.relative_to(keel).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:8]  # a longer one looks like a secret to the project's hooks
