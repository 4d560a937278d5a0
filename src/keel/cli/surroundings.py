"""What a machine has and lacks; what libraries would stop for is made up for before a verb runs."""

import codecs
import io
import os
import pwd
import re
import shutil
import sys
import tempfile
import textwrap
import warnings
from collections.abc import MutableMapping
from pathlib import Path

HERE = ("localhost", "127.0.0.1", "::1")
PLAIN = {"→": "->", "…": "...", "–": "-", "—": "-", "’": "'", "“": '"', "”": '"'}
PLAIN |= dict.fromkeys("─━", "-") | dict.fromkeys("│┃", "|") | dict.fromkeys("└├┌╭╰┐┘╮╯", "+")


def make_do(environ: MutableMapping[str, str]) -> None:
    """Give the person a name, caches a place and this machine a way past a proxy, if need be.

    What DVC and hooks call is found as with `uv run`, also if `.venv/bin/keel` was called.
    """
    own, path = str(Path(sys.executable).parent), environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != own:
        environ["PATH"] = f"{own}{os.pathsep}{path}"
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:  # a container's user that is in no list: DVC asks for a name
        environ.setdefault("LOGNAME", str(os.getuid()))
    home = Path(environ.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111 -- Path's raises
    if not home.is_dir():
        home = _own()
        environ["HOME"] = str(home)
    if not _is_writable(Path(environ.get("XDG_CACHE_HOME") or home / ".cache")):
        environ["XDG_CACHE_HOME"] = str(_own())  # pre-commit and uv ask for one
    names = {name.lower() for name, value in environ.items() if value}
    if any(name.endswith("_proxy") for name in names - {"no_proxy"}):
        direct = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
        past = ",".join(dict.fromkeys([*filter(None, direct.split(",")), *HERE]))
        environ["no_proxy"] = environ["NO_PROXY"] = past


def print_anything() -> None:
    """Let text be printed wherever it goes, in plainer letters if it has to be."""
    codecs.register_error("keel", _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="keel")


def width() -> int:
    """The columns of the terminal, 100 at most: longer lines are hard to read."""
    return min(shutil.get_terminal_size().columns, 100)


def folded(text: str, columns: int) -> str:
    """The text in lines of so many columns at most; what stands in backticks stays in one."""
    kept = re.sub("`[^`\n]*`", lambda code: code[0].replace(" ", "\0"), text)
    lines = []
    for line in kept.splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += textwrap.wrap(
            line,
            columns,
            subsequent_indent=f"{indent}  ",
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return "\n".join(lines).replace("\0", " ")


def warn_in_a_line() -> None:
    """Let what a library warns of be a line between those of a run, without a place in its code."""
    warnings.formatwarning = _in_a_line


def _in_a_line(message: Warning | str, category: type[Warning], *_: object, **__: object) -> str:
    first = str(message).strip().partition("\n")[0]
    return f"warning: {first} ({category.__name__})\n"


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """A letter that an encoding lacks as one that it has; of a file's name that is no text, it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letter = error.object[error.start]
    if "\udc80" <= letter <= "\udcff":
        return letter.encode("utf-8", "surrogateescape"), error.start + 1
    return PLAIN.get(letter, "?"), error.start + 1


def _own() -> Path:
    """A folder that only this user can write to, where everybody can."""
    place = Path(tempfile.gettempdir()) / f"keel-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid == os.getuid():
        return place
    return Path(tempfile.mkdtemp(prefix="keel-"))  # somebody waits for us there


def _is_writable(folder: Path) -> bool:
    there = next(
        place for place in (folder.absolute(), *folder.absolute().parents) if place.exists()
    )
    return there.is_dir() and os.access(there, os.W_OK)
