"""What `uv run poe` can do, from the tasks of a rendered project."""

import tomllib

from .rendered import project


def table() -> str:
    """One row for each verb, in the order in which `uv run poe` lists them."""
    tasks = tomllib.loads((project() / "tasks.toml").read_text("utf-8"))["tool"]["poe"]["tasks"]
    rows = [f"| `uv run poe {name}` | {task['help']} |" for name, task in tasks.items()]
    return "| verb | what it does |\n|---|---|\n" + "\n".join(rows) + "\n"
