"""Give code, data and model together a version."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from keel.project.errors import UserError
from keel.releasing.state import problems
from keel.releasing.tags import remote_of
from keel.releasing.versions import following, read, register


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
