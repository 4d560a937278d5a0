"""Where the library comes from: its table in `pyproject.toml`, and another place for a while."""

import re
from pathlib import Path

from keel.project.commands import UV, output
from keel.project.errors import UserError

# Up to an empty line or the next table.
TABLE = re.compile(r"^(\[tool\.uv\.sources\.keel-ml\]\r?\n)((?:[^\[\s].*\n?)*)", re.MULTILINE)


def read(project: Path) -> str:
    """The text of `pyproject.toml`, line ends as they are. Raises UserError if it is not there."""
    try:
        return (project / "pyproject.toml").read_bytes().decode()
    except FileNotFoundError as error:
        raise UserError(
            f"run this in the folder of a project: {project} has no pyproject.toml"
        ) from error


def workspace(project: Path) -> Path:
    """The folder whose `[tool.uv]` counts: the project, or the root of uv's workspace around it."""
    return Path(output(project, UV, "workspace", "dir") or project)


def write(project: Path, text: str) -> None:
    """Write `pyproject.toml` to one side, and move it into place."""
    beside = project / ".pyproject.toml.part"
    beside.write_bytes(text.encode())
    beside.replace(project / "pyproject.toml")


def lines(text: str) -> list[str]:
    """The lines of the table. Raises UserError if there is none."""
    table = TABLE.search(text)
    if not table:
        raise UserError("pyproject.toml has no table [tool.uv.sources.keel-ml]: put it back")
    return table[2].splitlines()


def replaced(text: str, new: list[str]) -> str:
    """The text with these lines in the table."""
    lines(text)
    body = "".join(f"{line}\n" for line in new)
    return TABLE.sub(lambda table: table[1] + body, text, count=1)


def elsewhere(text: str) -> list[str]:
    """The lines that point somewhere else than to the template, none if they don't."""
    body = lines(text) if TABLE.search(text) else []
    return [line for line in body if line[:1] != "#"] if _commented(body) else []


def pointed(text: str, to: list[str]) -> str:
    """The text with the library taken from another place; the template's is kept as comments."""
    body = lines(text)
    return replaced(text, to + (_commented(body) or [f"# {line}" for line in body]))


def pointed_back(text: str) -> str:
    """The text with the library taken from the template, as it was."""
    if not elsewhere(text):
        return text
    return replaced(text, [line.removeprefix("# ") for line in _commented(lines(text))])


def _commented(body: list[str]) -> list[str]:
    return [line for line in body if re.match(r"# (git|tag|rev|path|editable) = ", line)]
