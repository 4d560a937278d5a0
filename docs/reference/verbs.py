"""What `uv run keel` can do, from the command itself."""

from keel.cli.app import GROUPS, PRODUCT


def tables() -> str:
    """A table for each group, in the order in which `uv run keel` lists them."""
    parts = []
    for title, verbs in GROUPS.items():
        rows = "".join(
            f"| `uv run keel {name}` | {verb.help}{' (a product)' if name in PRODUCT else ''} |\n"
            for name, verb in verbs.items()
        )
        parts.append(f"## {title}\n\n| verb | what it does |\n|---|---|\n{rows}")
    return "\n".join(parts)
