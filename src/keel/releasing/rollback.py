"""Go back to the version that ran before."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keel.project.errors import UserError
from keel.releasing import environments
from keel.releasing.deploy import put
from keel.releasing.versions import Deployment, Registry, read, top


def main(root: Path, arguments: list[str]) -> int:
    """Deploy the version before; the environment is production if none is named."""
    started = time.perf_counter()
    here = environments.current()
    usual = environments.PRODUCTION if here == environments.LOCAL else here
    name, *rest = arguments or [usual]
    if rest:
        raise UserError("say where, and no more: `uv run keel rollback production`")
    environment = environments.known(name, "the environment")
    top(root)
    registry = read(root)
    bad, good = goal(registry, environment)
    put(root, registry, good.version, environment)
    ran = datetime.now(UTC) - bad.at
    print(
        f"{environment} went back from {bad.version} to {good.version} in "
        f"{time.perf_counter() - started:.1f} s; {bad.version} ran for {_readable(ran)}."
    )
    return 0


def goal(registry: Registry, environment: str) -> tuple[Deployment, Deployment]:
    """What runs, and what ran before. Raises UserError if there is none."""
    running, before = registry.running(environment), registry.before(environment)
    if running is None:
        raise UserError(
            f"nothing runs in {environment}: `uv run keel deploy` shows what runs where"
        )
    if before is None or before.version not in registry.commits:
        raise UserError(
            f"nothing ran in {environment} before {running.version}: deploy another version"
        )
    return running, before


def _readable(span: timedelta) -> str:
    """Such as `1 day, 2:03:04`."""
    return str(timedelta(seconds=round(span.total_seconds())))
