"""Breaks projects in each of the bank's ways, and says which layer notices first, and how.

`python breaking.py` tries all and prints Markdown; `python breaking.py WORD …` only the bugs that
have the words in their project, kind or description; `--sound` the changes that are no mistake.
`--write` puts the figures into the docs.
What Keel brings is tried first, and only what that misses by the team's own tests. The exit code
is 1 if less is noticed than the goals ask for, or Keel speaks of a change that is sound.
"""

import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bank import BUGS
from bug import CLASSES, FLIGHTS, LIBRARY, NUMBER, Bug, Sound
from harmless import CHANGES
from projects import ALONE, ROOT, Made, misfits, ready, render
from stages import AFTER, BEFORE
from trial import Done, prepare, run

PYTEST = ("pytest", "-x", "-W", "ignore::pytest.PytestAssertRewriteWarning")
STAGES = "stages"
# What Keel brings, from cheap to dear, and then what the team has written itself.
CHECKS = {
    FLIGHTS: (*PYTEST, ALONE.format("checks")),
    **dict.fromkeys((NUMBER, CLASSES), (*PYTEST, "tests/test_what_holds_everywhere.py")),
}
OWN = {
    "rows by hand": (*PYTEST, ALONE.format("rows")),
    "unit": (*PYTEST, "tests/unit"),
    "integration": (*PYTEST, "tests/integration"),
    "behaviour": (*PYTEST, "tests/behaviour"),
    "acceptance": ("behave", "--stop"),
}
KEELS, EARLY, LATE = "Keel's tests", ("checks", "data"), "pipeline"
BROUGHT = (KEELS, *EARLY, LATE)
LAYERS = (*BROUGHT, *OWN)
DOCS, LAST_RUN = ROOT / "docs/explanation/silent-failures.md", "## The last run\n"
GOALS = {"brought": 0.9, "early": 0.8, "cause": 0.8}
SHOWN = {
    FLIGHTS: "the example",
    NUMBER: "a started one, for a number",
    CLASSES: "a started one, for classes",
    LIBRARY: "the library itself",
}
PLAIN = str.maketrans({"|": "\\|", "<": "&lt;", "`": ""})  # in a cell of Markdown
WORDS = re.compile(r"^(?:E   ?|error: |warning: |ASSERT FAILED: )(.+(?:\n  +\S.*)*)", re.MULTILINE)


@dataclass(frozen=True)
class Noticed:
    """The first layer that noticed a bug, and its words; None if none did."""

    bug: Bug
    layer: str | None
    words: str
    seconds: float

    @property
    def brought(self) -> bool:
        """Whether what Keel brings noticed it."""
        return self.layer in BROUGHT

    @property
    def early(self) -> bool:
        """Whether that was before a model learnt from all rows."""
        return self.brought and self.layer != LATE

    @property
    def points(self) -> bool:
        """Whether the words point at the cause."""
        return self.layer is not None and bool(re.search(self.bug.cause, self.words, re.IGNORECASE))


def main(arguments: list[str]) -> int:
    """Try bugs, or sound changes, and print what came of them."""
    prepare()
    started, words = time.perf_counter(), [each for each in arguments if each[:2] != "--"]
    known: Sequence[Bug] = CHANGES if "--sound" in arguments else BUGS
    chosen = [
        bug for bug in known if all(w in f"{bug.project} {bug.kind} {bug.what}" for w in words)
    ]
    found = list(tried(chosen))
    used = sum(each.seconds for each in found if each.bug.project != LIBRARY)
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        times = resource.getrusage(who)
        used += times.ru_utime + times.ru_stime
    tell(f"{time.perf_counter() - started:.0f} s, and {used:.0f} s of a processor")
    alarms = [each for each in found if isinstance(each.bug, Sound) and each.layer]
    for each in alarms:
        print(f"Keel speaks of a change that is sound: {shown(each)}")
    wrong = any(isinstance(each.bug, Sound) and not each.bug.asks for each in alarms)
    results = [each for each in found if not isinstance(each.bug, Sound)]
    if not results:
        print(f"{len(found) - len(alarms)} of {len(found)} sound changes pass without a word")
        return int(wrong)
    told = "\n".join(figures(results))
    print(told, *each_of(results), sep="\n")
    if "--write" in arguments:
        text = DOCS.read_text("utf-8")
        DOCS.write_text(f"{text.partition(LAST_RUN)[0]}{LAST_RUN}\n{told}\n", "utf-8")
    return int(wrong or not reached(results))


def tried(chosen: Sequence[Bug]) -> Iterator[Noticed]:
    """What notices each, two at once; before them the projects without a bug, which nothing may.

    Raises ValueError if a bug does not fit the code as it is now.
    """
    needed = {FLIGHTS if bug.project == LIBRARY else bug.project: None for bug in chosen}
    with TemporaryDirectory() as name, ThreadPoolExecutor(2) as threads:
        rendered = [render(name_, Path(name)) for name_ in needed]
        projects = {made.name: made for made in threads.map(ready, rendered)}
        for bug in chosen:
            root = ROOT / "src" if bug.project == LIBRARY else projects[bug.project].folder
            if sentences := list(misfits(bug, root)):
                raise ValueError("; ".join(sentences))
        unbroken = [Sound(name_, "sound", "nothing at all", "") for name_ in projects]
        for each in threads.map(lambda bug: notice(bug, projects), [*unbroken, *chosen]):
            tell(shown(each))
            yield each


def tell(line: str) -> None:
    """Say how it goes; the result alone goes to the standard output."""
    print(line, file=sys.stderr, flush=True)


def notice(bug: Bug, projects: Mapping[str, Made]) -> Noticed:
    """Run the layers on a project with a bug, until one notices."""
    made, seconds = projects[FLIGHTS if bug.project == LIBRARY else bug.project], 0.0
    with made.broken(bug) as folder:
        environment = made.environment(folder)
        for layer, command in layers(bug, made):
            anew = bug.project == LIBRARY  # what is loaded already has no mistake
            done = (started_anew if anew else run)(folder, environment, command)
            seconds += done.seconds
            if done.code:
                stages = {BEFORE: "data", AFTER: LATE}
                name = stages.get(done.code, LATE) if layer == STAGES else layer
                return Noticed(bug, name, message(done.said), seconds)
    return Noticed(bug, None, "", seconds)


def started_anew(folder: Path, environment: Mapping[str, str], command: Sequence[str]) -> Done:
    """The same in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    program = (
        [Path(__file__).with_name("stages.py")] if command[0] == STAGES else ["-m", command[0]]
    )
    done = subprocess.run(
        [sys.executable, *program, *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Done(done.returncode, done.stdout + done.stderr, after.ru_utime - before.ru_utime)


def layers(bug: Bug, made: Made) -> Iterator[tuple[str, Sequence[str]]]:
    """What is run for a bug, in order, until something notices it.

    What is wrong in the data shows in all rows first. Of the team's own tests only those of
    behaviour look at data.
    """
    stages = (STAGES, (STAGES,))
    checks = ("checks", CHECKS[made.name])
    if bug.project == LIBRARY:
        yield (
            KEELS,
            (
                *PYTEST,
                f"--rootdir={ROOT}",
                "-c",
                str(ROOT / "pyproject.toml"),
                *own_tests(next(iter(bug.edits))),
            ),
        )
    yield from (checks, stages) if bug.in_code else (stages, checks)
    if isinstance(bug, Sound):
        return
    for layer, command in OWN.items():
        by_hand_in_checks = layer == "rows by hand" and made.name != FLIGHTS
        if not by_hand_in_checks and (bug.in_code or layer == "behaviour"):
            yield layer, command


def own_tests(file: str) -> list[str]:
    """The library's own tests of the floor that a module is on, those that name it first."""
    _, floor, *_ = Path(file).parts
    module = Path(file).with_suffix("").as_posix().replace("/", ".")
    tests = sorted((ROOT / "tests/unit" / floor).glob("test_*.py"))
    names = {test: module.rpartition(".")[2] in test.name for test in tests}
    uses = {test: module in test.read_text("utf-8") for test in tests}
    return [str(test) for test in sorted(tests, key=lambda t: (not names[t], not uses[t]))]


def message(said: str) -> str:
    """What a layer says is wrong: the sentence of a test, and its error, or what stages said."""
    sentences = [match[1].strip() for match in WORDS.finditer(said)] or said.splitlines()[-1:]
    test = re.search(
        r"^FAILED \S*?::(?:test_what_holds_for_every_project\[|test_)(.+?)\]?(?: - |$)",
        said,
        re.MULTILINE,
    )
    named = [f"{test[1].replace('_', ' ')}:"] if test else []
    return re.sub(r"\s+", " ", " ".join([*named, *dict.fromkeys(sentences)]))


def shown(each: Noticed) -> str:
    """A row of the table."""
    words = re.sub(r"/\S*/project/", "", each.words).translate(PLAIN)
    cells = (
        SHOWN[each.bug.project],
        each.bug.kind,
        each.bug.what,
        each.layer or "**nothing**",
        "yes" if each.points else "no" if each.layer else "",
        words if len(words) < 160 else f"{words[:157]}…",
    )
    return f"| {' | '.join(cells)} |"


def figures(found: Sequence[Noticed]) -> Iterator[str]:
    """How many are noticed, by project and layer, and which are not, in Markdown."""
    total, count = len(found), Counter
    brought, early = (sum(getattr(e, name) for e in found) for name in ("brought", "early"))
    noticed = sum(each.layer is not None for each in found)
    points = sum(each.points for each in found)
    yield (
        f"Of {total} mistakes, {sum(not each.bug.in_code for each in found)} of them in the data, "
        f"{noticed} are noticed ({noticed / total:.0%}), {brought} by what Keel brings "
        f"({brought / total:.0%}), {early} of those before a model has learnt from all rows "
        f"({early / total:.0%}). {points} of the {noticed} messages point at the cause "
        f"({points / max(1, noticed):.0%})."
    )
    yield ""
    used = [layer for layer in LAYERS if any(each.layer == layer for each in found)]
    yield f"| project | mistakes | noticed | by what Keel brings | {' | '.join(used)} | nothing |"
    yield f"|---|{'---:|' * (len(used) + 4)}"
    for project, title in SHOWN.items():
        of = [each for each in found if each.bug.project == project]
        if not of:
            continue
        by = count(each.layer or "nothing" for each in of)
        counts = [len(of), len(of) - by["nothing"], sum(e.brought for e in of)]
        yield row(title, *counts, *(by[layer] for layer in (*used, "nothing")))
        if project == FLIGHTS:
            missed = len(of) - counts[2]
            mine = [by[layer] if layer in BROUGHT else "" for layer in used]
            yield row(
                f"{title} without its own tests", len(of), counts[2], counts[2], *mine, missed
            )
    by = count(each.layer or "nothing" for each in found)
    yield row("all", total, noticed, brought, *(by[layer] for layer in (*used, "nothing")))
    escaped = [f"{each.bug.what} ({SHOWN[each.bug.project]})" for each in found if not each.layer]
    yield from ("", f"What nothing notices: {'; '.join(escaped) or 'none of them'}.")


def each_of(found: Sequence[Noticed]) -> Iterator[str]:
    """A table of all of them, in Markdown."""
    yield ""
    yield "| project | kind | what is wrong | noticed by | points at the cause | its words |"
    yield "|---|---|---|---|---|---|"
    yield from map(shown, found)


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def reached(found: Sequence[Noticed]) -> bool:
    """Whether the goals are."""
    noticed = [each for each in found if each.layer]
    return (
        sum(each.brought for each in found) >= GOALS["brought"] * len(found)
        and sum(each.early for each in found) >= GOALS["early"] * len(found)
        and sum(each.points for each in noticed) >= GOALS["cause"] * len(noticed)
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
