"""Give code, data and model together a version."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from keel.project.errors import UserError
from keel.releasing import environments
from keel.releasing.state import look, problems
from keel.releasing.versions import PARTS, following, read, register, remote_of, top

USE = f"`uv run keel release`, with {', '.join(PARTS)} or a version such as 1.2.0"


def main(root: Path, arguments: list[str]) -> int:
    """Tag the commit that is checked out, or say all that stands in the way."""
    wish, *rest = arguments or ["patch"]
    if rest or wish.startswith("-"):
        raise UserError(f"{' '.join(arguments)!r} is not a version: {USE}")
    environments.current()
    top(root)
    registry = read(root)
    version = following(registry, wish)
    found = problems(look(root, date.today()), version, registry)  # noqa: DTZ011 -- the day here
    if found:
        raise UserError(f"{version} is not released:\n- " + "\n- ".join(found))
    tag = register(root, version, message(root, version))
    shared = (
        f"on {remote_of(root)}" if remote_of(root) else "here, as there is no remote to push to"
    )
    print(
        f"{version} is released: the tag {tag}, {shared}.\n"
        f"  uv run keel deploy {version} sandbox\n"
        f"  uv run keel reproduce {version}"
    )
    return 0


def message(root: Path, version: str) -> str:
    """What the tag says: scores, and the hashes of code, data and model, a fact in each line."""
    metrics = json.loads((root / "reports/metrics.json").read_text("utf-8"))
    hashes = json.loads((root / "model/passport.json").read_text("utf-8"))["sha256"]
    facts = {
        **{name: value for name, value in metrics.items() if not isinstance(value, dict)},
        **{f"{name}.sha256": value for name, value in hashes.items()},
        **{f"{path}.md5": value for path, value in tables(root).items()},
        "card": "reports/model-card.md",
    }
    lines = [f"{name}: {value}" for name, value in facts.items()]
    return "\n".join([f"Version {version} of code, data and model", "", *lines, ""])


def tables(root: Path) -> dict[str, str]:
    """The hashes of the tables that the model was made from, as `dvc.lock` has them."""
    lock: dict[str, Any] = yaml.safe_load((root / "dvc.lock").read_text("utf-8"))
    outs = [out for stage in lock["stages"].values() for out in stage.get("outs", ())]
    return {out["path"]: out["md5"] for out in outs if out["path"].startswith("data/")}
