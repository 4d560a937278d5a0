# Keel keeps this file up to date.
"""What the project is called, and what it is for."""

import tomllib
from pathlib import Path


def project(root: Path) -> dict[str, str]:
    """Name and purpose of the project, from `pyproject.toml`."""
    file = root / "pyproject.toml"
    content = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    about = content.get("project", {})
    return {
        "name": content.get("tool", {}).get("keel", {}).get("title")
        or about.get("name", root.name),
        "purpose": about.get("description", ""),
    }
