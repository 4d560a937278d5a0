"""The worked example as a project: the template's own seeds, imported as they stand."""

import importlib
import importlib.util
import sys
from pathlib import Path

TEMPLATE = Path(__file__).parents[2] / "template"
PACKAGE = "flight_delay"


def _import_seeds() -> None:
    """Make the folder that the template renders a package: none of its files is a template."""
    folder = TEMPLATE / "src/{{package_name}}"
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec
    assert spec.loader
    sys.modules[PACKAGE] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if PACKAGE not in sys.modules:
    _import_seeds()

PROJECT = importlib.import_module(f"{PACKAGE}.project").PROJECT
