"""Write down how the files of the worked example look now, so that `keel start` knows them again.

Digests of earlier releases stay: a project that was made with one may be started with a newer Keel.
And accept what the example's quick data give now, in its tests/accepted.json.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from keel.project.about import load
from keel.show.progress import warn_only
from keel.start.writing.placing import DIGESTS, digest
from keel.testing.accepted import FILE, accept

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "template"
ABOUT_IT = (  # what `keel start` writes anew, or deletes
    "CHANGELOG.md",
    "conf/config.yaml",
    "conf/data/full.yaml",
    "conf/data/quick.yaml",
    "docs/data-sheet.md",
    "docs/decisions/0001-predict-two-hours-before-departure.md",
    "docs/decisions/0002-split-by-time.md",
    "docs/decisions/open.yaml",
    "docs/model-card.md",
    "src/{package}/examples.py",
    "src/{package}/features.py",
    "src/{package}/tables.py",
    "tests/acceptance/data_quality.feature",
    "tests/acceptance/driver.py",
    "tests/acceptance/predictions.feature",
    "tests/acceptance/steps/data.py",
    "tests/acceptance/steps/predictions.py",
    "tests/behaviour/test_behaviour.py",
    "tests/builders.py",
    "tests/by_hand.py",
    "tests/integration/test_pipeline.py",
    "tests/test_what_holds_everywhere.py",
    "tests/unit/test_features.py",
    "tests/unit/test_tables.py",
)


def digests() -> dict[str, str]:
    """The digest of each file that is about the example, by its place in a project."""
    found = {}
    for file in sorted(TEMPLATE.rglob("*")):
        name = "/".join(_plain(part) for part in file.relative_to(TEMPLATE).parts)
        if file.is_file() and name in ABOUT_IT:
            text = file.read_text(encoding="utf-8").replace("{{ package_name }}", "{package}")
            found[name] = digest(text, "")
    return found


def _plain(part: str) -> str:
    """A part of a path in the template as projects have it."""
    if part.startswith("{%"):
        part = part.partition("%}")[2].partition("{%")[0]
    return part.removesuffix(".jinja").replace("{{package_name}}", "{package}")


def accepted() -> list[str]:
    """What has changed of what the quick data give, which is written down."""
    sys.path.insert(0, str(ROOT / "tests/unit"))
    from rendered import project

    with tempfile.TemporaryDirectory() as folder:
        root = project(Path(folder))
        os.chdir(root)
        warn_only()
        changed = accept(load(root), root)
        shutil.copyfile(root / FILE, TEMPLATE / FILE)
    return changed


if __name__ == "__main__":
    known: dict[str, list[str]] = json.loads(DIGESTS.read_text(encoding="utf-8"))
    for name, now in digests().items():
        known[name] = sorted({*known.get(name, []), now})
    text = json.dumps(dict(sorted(known.items())), indent=2) + "\n"
    DIGESTS.write_text(text, encoding="utf-8")
    print(*accepted(), sep="\n")
