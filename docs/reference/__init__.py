"""Makes the tables of these pages from the code, `copier.yml`, `ownership.yml` and projects."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "src"))  # the docs are built without installing it
