"""The stages of the project that it is run in, in one process: what `keel run` does on all rows.

It stops after `prepare` if a word was said by then, since training is not needed to notice it.
Exit codes: 0 for nothing, BEFORE if something was said before training, AFTER if later.
"""

import io
import sys
import traceback
from contextlib import redirect_stderr
from datetime import date
from pathlib import Path

BEFORE, AFTER = 3, 4
FIRST = ("ingest", "validate", "prepare")


def main() -> int:
    """Run them, and hold what came out beside the commit that was accepted."""
    from keel.data.store import Store
    from keel.pipeline import configuration
    from keel.pipeline.run import stop_at_unusual, warn_of_unusual
    from keel.pipeline.stages import STAGES, run_stage
    from keel.project.about import load
    from keel.project.errors import UserError

    root, today = Path.cwd(), date.today()  # noqa: DTZ011 -- the day where the person is
    place, said = "ingest", io.StringIO()
    try:
        with redirect_stderr(said):
            project, store = load(root), Store(root, root)
            conf = root / "conf"
            changes = configuration.overrides(conf / "overrides.yaml")
            settings = configuration.write(project, configuration.compose(conf, changes), store)
            for place in STAGES:
                if place not in FIRST and "warning: " in said.getvalue():
                    return BEFORE
                run_stage(place, store, project, settings, today)
                if place == "prepare":
                    warn_of_unusual(store, project, settings, today)
            stop_at_unusual(root, today)
    except UserError as error:
        print(f"error: {error}")
        return BEFORE if place in FIRST else AFTER
    except Exception:  # noqa: BLE001 -- whatever the project raises is a way to notice it
        traceback.print_exc()
        return BEFORE if place in FIRST else AFTER
    finally:
        print(said.getvalue(), file=sys.stderr)
    return AFTER if "warning: " in said.getvalue() else 0


if __name__ == "__main__":
    sys.exit(main())
