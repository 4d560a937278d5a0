"""The tests of Keel's own code, which need a project around them."""

from pathlib import Path

import pytest
from conftest import run

CHASSIS = Path(__file__).parent / "chassis"


@pytest.mark.parametrize(
    "command",
    [
        ("pytest", "-p", "no:cacheprovider", "--quiet", str(CHASSIS)),
        ("mypy", "--config-file=", "--strict", "--explicit-package-bases", str(CHASSIS)),
    ],
    ids=["tests", "types of the tests"],
)
def test_the_chassis_passes_its(project: Path, command: tuple[str, ...]) -> None:
    paths = f"{project}/src:{CHASSIS}"

    done = run(project, "uv", "run", "--no-sync", "--quiet", *command, MYPYPATH=paths)

    assert done.returncode == 0, done.stdout + done.stderr
