# Keel keeps this file up to date.
"""Runs a stage of the pipeline or a verb: `python -m <package>.chassis train`."""

import gc
import os
import sys
from pathlib import Path

from .errors import RefusedError, UserError
from .product import part

VERBS = {
    "setup": "verbs.setup",
    "run": "verbs.run",
    "experiment": "verbs.experiment",
    "promote": "verbs.promote",
    "score": "verbs.score",
    "mutate": "verbs.mutate",
    "doctor": "verbs.doctor",
    "update": "verbs.update",
    "upgrade": "verbs.upgrade",
}
PRODUCT = {  # only a product has these
    "serve": "serving.serve",
    "replay": "monitoring.replay",
    "monitor": "monitoring.monitor",
    "lineage": "monitoring.lineage",
    "release": "releasing.release",
    "deploy": "releasing.deploy",
    "rollback": "releasing.rollback",
    "reproduce": "releasing.reproduce",
    "sandbox": "releasing.sandbox",
    "decide": "quality.decide",
    "owners": "quality.owners",
    "incident": "quality.incident",
    "budget": "quality.freeze",
    "availability": "quality.availability",
    "documents": "quality.problems",
    "scorecard": "quality.scorecard",
    "comment": "quality.comment",
    "keep": "quality.trends",
}


def main(arguments: list[str]) -> int:
    """Run what the first argument names; returns the exit code."""
    name, *rest = arguments or ["nothing"]
    try:
        module = VERBS.get(name) or PRODUCT.get(name)
        return _verb(name, module, rest) if module else _stage(name)
    except UserError as error:
        print(f"error: {name}: {error}", file=sys.stderr)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        print(f"error: {name}: {place}{error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"error: {name}: stopped", file=sys.stderr)
    return 1


def _verb(name: str, module: str, arguments: list[str]) -> int:
    found = part(module)
    if found is None:
        raise UserError(
            f"{name} comes with a product, and this is a proof of concept: "
            "`uv run poe update maturity=product` makes it one"
        )
    return int(found.main(Path.cwd(), arguments))


def _stage(name: str) -> int:
    from . import configuration
    from .progress import set_up_logging
    from .stages import STAGES, run_stage
    from .store import Store
    from .tracing import PIPELINE, VARIABLE, recording, span

    set_up_logging()
    root = Path.cwd()
    if name not in ("configure", *STAGES):
        raise UserError(f"there is {', '.join(['configure', *STAGES, *VERBS])}")
    with recording(root / PIPELINE, os.environ.get(VARIABLE, "")):
        if name == "configure":
            with span(name):
                configuration.configure(root)
            return 0
        store = Store(root, root)
        try:
            run_stage(name, configuration.load(store), store)
        except RefusedError as refused:
            if "DVC_EXP_BASELINE_REV" not in os.environ:
                raise
            print(f"warning: {refused}", file=sys.stderr)  # an experiment is kept, to compare
    return 0


if __name__ == "__main__":
    gc.set_threshold(1_000_000)  # what is imported stays: look for garbage seldom,
    code = main(sys.argv[1:])
    gc.freeze()  # and not once more at the end; together a sixth of a short run
    sys.exit(code)
