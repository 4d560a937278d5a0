"""What `uv run keel` can do, from the command itself."""

from keel.cli.app import GROUPS, PRODUCT


def tables() -> str:
    """A table for each group, in the order in which `uv run keel` lists them."""
    parts = []
    for title, group in GROUPS.items():
        rows = "".join(
            f"| `uv run keel {name}` | {entry.help}{' (a product)' if name in PRODUCT else ''} |\n"
            for name, entry in group.items()
        )
        parts.append(f"## {title}\n\n| command | what it does |\n|---|---|\n{rows}")
    return "\n".join(parts)
