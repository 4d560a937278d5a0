# Keel keeps this file up to date.
"""The whole flow in one process, in a folder of its own, with Hydra's command line.

python -m <package> model=logistic data=quick
python -m <package> --multirun model.trees=50,100,200
"""

import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from .chassis.configuration import compose
from .chassis.errors import UserError
from .chassis.flow import flow

PROJECT = Path.cwd()


@hydra.main(config_path=str(PROJECT / "conf"), config_name="config", version_base="1.3")
def main(composed: DictConfig) -> float | None:
    """Run all stages; returns the first metric, for Hydra's sweepers."""
    return flow(composed, PROJECT)


if __name__ == "__main__":
    try:
        compose(PROJECT / "conf", [])  # of a broken file Hydra's command line shows the traceback
    except UserError as error:
        sys.exit(f"error: {error}")
    main()
