"""Where in the project's own code an error came from: a file and a line."""

import bdb
import inspect
import traceback
from collections.abc import Callable
from pathlib import Path


def blamed(error: BaseException, root: Path) -> str | None:
    """An error with the place in the project's own code where it came from, innermost.

    None if none of that code was running. Who leaves the debugger wants to stop, as with Ctrl-C.
    """
    if isinstance(error, bdb.BdbQuit):
        raise KeyboardInterrupt from error
    places = [
        (Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        places.append((Path(error.filename), error.lineno))
    own = [place for place in places if place[0].is_relative_to(root / "src")]
    return f"{_place(*own[-1])}: {message(error)}" if own else None


def defined(function: Callable[..., object]) -> str:
    """File and line of a function of the project, for an error that comes from what it returned."""
    code = inspect.unwrap(function).__code__
    return _place(Path(code.co_filename), code.co_firstlineno)


def _place(file: Path, line: int | None) -> str:
    source = next((folder.parent for folder in file.parents if folder.name == "src"), file.parent)
    return f"{file.relative_to(source).as_posix()}, line {line}"


def message(error: BaseException) -> str:
    """What an error says, with its type."""
    if isinstance(error, OSError) and "libomp" in str(error):  # which wheels for macOS don't have
        return "brew install libomp: LightGBM and XGBoost need it, and this Mac has none"
    text = str(error).partition("\n\n")[0]  # Polars adds the whole plan of a query
    return f"{type(error).__name__}: {text}"
