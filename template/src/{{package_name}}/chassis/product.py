# Keel keeps this file up to date.
"""The parts of the chassis that only a product has."""

import importlib
from pathlib import Path
from types import ModuleType


def part(name: str) -> ModuleType | None:
    """A module such as `monitoring.events`; None in a proof of concept."""
    folder = Path(__file__).parent / name.partition(".")[0]
    return importlib.import_module(f".{name}", __package__) if folder.is_dir() else None
