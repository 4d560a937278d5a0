"""Whether the unit tests notice mistakes: makes small ones in the ML, and tests each of them."""

import ast
import re
import shutil
import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from difflib import ndiff
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from keel.data.store import Store
from keel.project.about import pyproject
from keel.project.commands import must, output
from keel.project.errors import UserError
from keel.show.pages import page
from keel.show.progress import bar

NOTICED = {"killed", "timeout", "segfault"}  # a test failed, or never came to its end
PROGRESS = re.compile(r"(\d+)/(\d+) .*⏰ (\d+)")  # mutants done, mutants in all, of them too late


class Mutant(NamedTuple):
    """A changed function, with mutmut's names for it and for what became of it."""

    module: str
    name: str
    status: str


@dataclass(frozen=True)
class Survivor:
    """A change that no test notices: where it is, and its lines as a diff shows them."""

    file: str
    line: int
    function: str
    change: list[str]


def mutate(root: Path, package: str, chosen: Sequence[str]) -> str:
    """Mutate the modules that `pyproject.toml` names, or those chosen, and say what survives.

    It works in a copy outside of the project. The report is written if no module is left out.
    """
    settings = pyproject(root).get("tool", {}).get("mutmut", {})
    files = mutated(root, package, settings.get("only_mutate", []))
    if not files:
        raise UserError("only_mutate of [tool.mutmut] in pyproject.toml names no file below src")
    for module in chosen:
        if module not in files:
            raise UserError(f"{module!r} is not mutated: there is {', '.join(files)}")
    with TemporaryDirectory(prefix="mutate-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _copy(root, folder, ["pyproject.toml", "src", "tests", *settings.get("also_copy", [])])
        _undecorate(folder, files.values())
        _run(folder, *(f"{package}.{module}.x*" for module in chosen))
        results = must(folder, "mutmut", "results", "--all", "true")
        mutants = parsed(results, package, chosen)
        survivors = [
            survivor(mutant.name, files[mutant.module], root, folder / "mutants")
            for mutant in mutants
            if mutant.status not in NOTICED
        ]
    if not chosen:
        _write(root, mutants, survivors)
    return summary(mutants, survivors)


def mutated(root: Path, package: str, patterns: list[str]) -> dict[str, str]:
    """The files that match, by module: `models.boosting` is `src/…/models/boosting.py`."""
    folder = root / "src" / package
    files = {path: path.relative_to(root).as_posix() for path in sorted(folder.rglob("*.py"))}
    return {
        ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__"): file
        for path, file in files.items()
        if any(fnmatch(file, pattern) for pattern in patterns)
    }


def undecorated(source: str) -> str:
    """The same program, with the decorators of its functions as calls below them.

    mutmut leaves decorated functions out; `f = decorator(f)` is what a decorator stands for.
    """
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            decorators = [ast.unparse(decorator) for decorator in reversed(node.decorator_list)]
            calls = [f"{node.name} = {decorator}({node.name})\n" for decorator in decorators]
            lines[node.end_lineno : node.end_lineno] = calls
            del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "".join(lines)


def parsed(results: str, package: str, modules: Sequence[str]) -> list[Mutant]:
    """The mutants of these modules, or all, from what `mutmut results` says.

    Raises UserError if there are none, or one was not tried.
    """
    lines = re.findall(rf"^ *{package}\.(\S+)\.(x\S+): (.+)$", results, re.MULTILINE)
    mutants = [Mutant(*line) for line in lines]
    chosen = [mutant for mutant in mutants if not modules or mutant.module in modules]
    if not chosen or any(mutant.status == "not checked" for mutant in chosen):
        raise UserError("mutmut stopped before it had tried every change")
    return chosen


def score(mutants: list[Mutant]) -> dict[str, Any]:
    """How many there are, and how many and which share of them a test noticed."""
    killed = sum(mutant.status in NOTICED for mutant in mutants)
    return {"mutants": len(mutants), "killed": killed, "score": round(killed / len(mutants), 4)}


def survivor(mutant: str, file: str, root: Path, copy: Path) -> Survivor:
    """Where a mutant differs from its original: mutmut's copy of the file has both."""
    mangled = mutant.rpartition("__mutmut_")[0]
    name = re.split("^x_|ǁ", mangled)[-1]
    before, after = (
        [line.replace(generated, name) for line in _functions(copy / file)[generated][1]]
        for generated in (f"{mangled}__mutmut_orig", mutant)
    )
    diff = [line for line in ndiff(before, after) if line[0] != "?"]
    same = next(n for n, line in enumerate(diff) if line[0] != " ")
    change = [f"{line[0]} {line[2:].strip()}" for line in diff if line[0] != " "]
    return Survivor(file, _functions(root / file)[name][0] + same, name, change)


def summary(mutants: list[Mutant], survivors: list[Survivor]) -> str:
    """The score and the survivors, for people."""
    counted = score(mutants)
    text = page("quality/score/mutants.txt", counted=counted, survivors=survivors)
    return text.removesuffix("\n")


@cache
def _functions(file: Path) -> dict[str, tuple[int, list[str]]]:
    """The functions of a file by name: the number of the first line, and the lines."""
    source = file.read_text(encoding="utf-8")
    lines = source.splitlines()
    return {
        node.name: (node.lineno, lines[node.lineno - 1 : node.end_lineno])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def _copy(root: Path, folder: Path, names: list[str]) -> None:
    for name in names:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name)
        else:
            shutil.copy2(root / name, folder / name)


def _undecorate(folder: Path, files: Iterable[str]) -> None:
    for name in files:
        try:
            source = undecorated((folder / name).read_text(encoding="utf-8"))
        except SyntaxError as error:
            raise UserError(f"{name}:{error.lineno}: {error.msg}") from error
        (folder / name).write_text(source, encoding="utf-8")


def _run(folder: Path, *mutants: str) -> None:
    """Run mutmut. Raises UserError if the tests fail without a change, or hang."""
    command = ["mutmut", "run", *mutants]
    with (
        bar("mutants") as update,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        ) as process,
    ):
        for line in process.stdout or ():  # a carriage return ends a line, too
            if progress := PROGRESS.search(line):
                done, total, late = map(int, progress.groups())
                update(done, total)
                if late > max(5, done / 2):
                    process.send_signal(signal.SIGINT)
                    raise UserError(
                        "most changes make the tests hang, so a score would say nothing: if a "
                        "test module computes with Polars while it is imported, use a fixture"
                    )
    if process.returncode:
        raise UserError(
            "before anything is changed the tests have to pass: `uv run keel check unit`"
        )


def _write(root: Path, mutants: list[Mutant], survivors: list[Survivor]) -> None:
    store = Store(root, root)
    report = {
        **score(mutants),
        "survivors": [asdict(survivor) for survivor in survivors],
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": output(root, "git", "rev-parse", "HEAD"),
    }
    store.write_json(store.report("mutation.json"), report)
