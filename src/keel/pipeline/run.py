"""The pipeline as DVC runs it: only what changed, or as an experiment beside those before."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from datetime import date
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from keel.pipeline.code import digests
from keel.project.about import load as load_project
from keel.project.about import package
from keel.project.commands import output
from keel.project.errors import RefusedError, UserError
from keel.repository.setup import set_up
from keel.show.tracing import PIPELINE, processes

if TYPE_CHECKING:  # slow to import, and a run that has nothing to do needs none of it
    from keel.data.store import Store
    from keel.judge.chance import Difference
    from keel.project.description import Project
    from keel.project.settings import Settings

TALKATIVE = {"--dry", "--interactive", "-i", "--verbose", "-v"}  # options that ask for DVC's words
INTERRUPTED = 252  # DVC's exit code
BUSY = "wait for the other run, or go on beside it, as `uv run keel run data=quick` does"
METRICS = "reports/metrics.json"
GATES = "reports/gates.json"


def run(root: Path, today: date, *options: str) -> int:
    """Run the stages that have to, and say where the report is; `options` are those of `dvc repro`.

    What is seen of it are the events of the stages; DVC itself speaks of errors only.
    """
    _check_targets(root, options)
    _check_places(root)
    for line in set_up(root):
        print(line, flush=True)
    stop_at_ended_waivers(root, today)
    notice_other_code(root)
    os.environ.setdefault("OPENLINEAGE_PARENT_ID", f"{package(root)}/run/{uuid4()}")
    judged = _written(root / METRICS)
    with processes("run", root / PIPELINE, service=package(root)):
        code, advice = dvc("repro", *options)
        if "up to date" in advice:
            print("Nothing has changed since the last run.")
    if code:
        if _written(root / METRICS) != judged:  # refused, but judged: it may help all the same
            beside_last_commit(root)
        return 1
    stop_at_refusals(root)
    beside_last_commit(root)
    stop_at_unusual(root, today)
    report = root / "reports/report.html"
    if report.is_file():
        print(f"\nThe report: {report}")
    return 0


def _written(file: Path) -> int | None:
    """When a file was written, in nanoseconds; None if it is not there."""
    return file.stat().st_mtime_ns if file.is_file() else None


def beside_last_commit(root: Path) -> None:
    """Say how much better the model is than the last commit's, where it is another one."""
    told = [f"  {name:<22} {gain.verdict}" for name, gain in gains_since_commit(root).items()]
    if told:
        print("\nCompared with the last commit, on the same rows:", *told, sep="\n")
    if any("unclear" in line for line in told):
        print("Unclear: the difference may be chance.")


def gains_since_commit(root: Path) -> dict[str, Difference]:
    """How much better the model is than the last commit's, by each metric; the first decides.

    Nothing if it is the same model, or if what the other predicted is not here.
    """
    before, now = output(root, "git", "show", f"HEAD:./{METRICS}"), root / METRICS
    if before is None or not now.is_file() or now.read_text("utf-8").strip() == before:
        return {}
    import polars as pl

    from keel.data.store import Store
    from keel.judge.champion import gains
    from keel.judge.metrics.known import metrics_of
    from keel.pipeline.configuration import load
    from keel.repository.recorded import Recorded

    store, project = Store(root, root), load_project(root)
    file = Recorded(root, "HEAD").file(store.name(store.predictions))
    if file is None:
        return {}  # no run was committed, or what it predicted is on another machine
    metrics = metrics_of(project, load(store).evaluation)
    after = store.read_table(store.predictions).collect()
    found = gains(project.task, pl.read_parquet(file, glob=False), after, metrics)
    return {metrics[name].title: gain for name, gain in found.items()}


def stop_at_refusals(root: Path) -> None:
    """Raise RefusedError if the model was refused in an experiment that was taken over."""
    file = root / GATES
    if refused := missed(file.read_text("utf-8") if file.is_file() else None):
        raise RefusedError([f"{verdict['gate']}: {verdict['sentence']}" for verdict in refused])


def missed(gates: str | None) -> list[dict[str, str]]:
    """What `reports/gates.json` says was missed, not waived. Raises ValueError if it's broken."""
    verdicts = json.loads(gates or "[]")
    return [each for each in verdicts if not (each["passed"] or each["waiver"])]


def gates_missed(gates: str | None) -> list[str]:
    """The names of those; none where that can't be read, such as after a merge."""
    try:
        return [verdict["gate"] for verdict in missed(gates)]
    except ValueError:
        return []


def stop_at_unusual(root: Path, today: date) -> None:
    """Say what has changed since the last accepted run: the champion's, or the one of HEAD.

    Raises RefusedError for what no new rows bring, unless it is waived. Nothing is said of a run on
    another part of the data.
    """
    from keel.judge.gates import waived
    from keel.judge.since import accepted, news, unusual

    file = root / "reports/facts.json"
    try:
        after = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except ValueError as error:  # such as after a merge
        cure = "`uv run dvc repro --single-item --force evaluate` writes it anew"
        raise UserError(f"{cure}: reports/facts.json is broken: {error}") from error
    last = accepted(root, after.get("data"))
    if last is None or last[1] == after or last[1]["form"] != after.get("form"):
        return
    whose, before = last
    print(f"\nSince {whose}: {', '.join(news(before, after)) or 'small changes'}.")
    if found := unusual(before, after):
        from keel.pipeline.configuration import waivers

        judged = waived(found, waivers(root / "conf"), today)
        for verdict in judged:
            if waiver := verdict.waiver:
                print(f"  {verdict.gate}, waived until {waiver.until}: {verdict.sentence}")
        if refused := [f"{each.gate}: {each.sentence}" for each in judged if each.refused]:
            if whose != "the champion":
                print("To accept what is unusual, commit reports/facts.json.")
            raise RefusedError(refused)


def warn_of_unusual(store: Store, project: Project, settings: Settings, today: date) -> None:
    """Warn of the same before a model is trained, as soon as tables and examples are there."""
    from keel.judge import since
    from keel.judge.gates import waived

    last = since.accepted(store.root, settings.data.rows)
    if last is None:
        return
    tables = {name: store.read_table(store.checked(name)) for name in project.tables}
    examples = store.read_table(store.examples).collect()
    quality = store.read_json(store.report("data-quality.json"))
    found = since.unusual(last[1], since.told(project, tables, examples, quality))
    for verdict in waived(found, settings.waivers, today):
        if verdict.refused:
            print(f"warning: {verdict.gate}: {verdict.sentence}", file=sys.stderr)


def stop_at_ended_waivers(root: Path, today: date) -> None:
    """Raise UserError for a waiver that has ended: DVC does not see that a day has come."""
    file = root / "conf/waivers.yaml"
    if not (
        file.is_file()
        and re.search(r"^[ \t]*(?!#|\{\}\s*$)\S", file.read_text("utf-8"), re.MULTILINE)
    ):
        return  # most projects have none, and reading YAML and settings takes a moment
    from keel.pipeline.configuration import waivers

    ended = [
        f"{name} ({waiver.owner}, {waiver.until})"
        for name, waiver in waivers(root / "conf").items()
        if waiver.until < today
    ]
    if ended:
        raise UserError(
            f"conf/waivers.yaml: the waiver of {', '.join(ended)} has ended: "
            "remove it, or agree on a later day"
        )


def notice_other_code(root: Path) -> None:
    """Let `configure` run again where Keel's code behind a stage is another one than it wrote down.

    DVC does not look at installed packages.
    """
    settings = root / "settings.yaml"
    text = settings.read_text("utf-8") if settings.is_file() else ""
    if text and not all(digest in text for digest in digests().values()):
        with settings.open("a", encoding="utf-8") as lines:
            lines.write("# Keel's code is another one now.\n")  # DVC sees that the file changed


def _check_targets(root: Path, options: Sequence[str]) -> None:
    """Raise UserError for a word that is neither an option nor a stage, such as `quick`."""
    targets = [option for option in options if not option.startswith("-")]
    if not targets or not (root / "dvc.yaml").is_file():
        return
    stages = re.findall(r"^  ([\w-]+):", (root / "dvc.yaml").read_text("utf-8"), re.MULTILINE)
    for target in targets:
        if target not in stages and not (root / target.partition(":")[0]).exists():
            choices = sorted((root / "conf").glob(f"*/{target}.yaml"))
            meant = f"did you mean {choices[0].parent.name}={target}?" if choices else ""
            raise UserError(
                f"{target!r} is neither a change such as data=quick nor a stage: "
                + (meant or f"the stages are {', '.join(stages)}")
            )


def _check_places(root: Path) -> None:
    """Raise UserError for a folder that no stage could write to, before one has worked.

    DVC keeps nothing behind a link: Git would not see what is there.
    """
    pipeline = root / "dvc.yaml"
    text = pipeline.read_text("utf-8") if pipeline.is_file() else ""
    named = set(re.findall(r"^ +- ([\w.-]+)([/:]) *", text, re.MULTILINE))
    for name, within in sorted(named):
        if within == "/" and (root / name).is_symlink():
            raise UserError(
                f"make {name} a folder, and have DVC keep its content on the other disk:\n  uv run "
                "dvc cache dir --local /OTHER/DISK\n  uv run dvc config --local cache.type symlink"
                f"\n{name} is a link to {(root / name).readlink()}: DVC keeps nothing behind one"
            )
    for place in (root, *(root / name for name in (".dvc/tmp", *sorted(dict(named))))):
        if place.exists() and not os.access(place, os.W_OK):
            raise UserError(
                f"make {place} yours to write to, or work in a clone: you may only read it"
            )


def _silence() -> None:
    """Let DVC's last words be unsaid, which ask to write to it."""
    from dvc.ui import ui  # type: ignore[import-untyped]  # DVC has no types

    ui.error_write = lambda *_, **__: None


def write_any_path() -> None:
    """Let DVC write paths into its settings that are not ASCII, which it can read."""
    from configobj import ConfigObj  # type: ignore[import-untyped]  # it has no types

    ConfigObj.__init__ = partialmethod(ConfigObj.__init__, default_encoding="utf-8")


def dvc(*command: str) -> tuple[int, str]:
    """DVC's exit code, and what it would have printed; in this process, which starts sooner.

    Of itself it speaks only of errors, unless it is asked to.
    """
    from dvc.cli import main  # type: ignore[import-untyped]  # DVC has no types

    if TALKATIVE & set(command):
        return int(main([*command])), ""
    log, news = logging.getLogger("dvc"), _News()
    log.setLevel(logging.WARNING)
    for handler in log.handlers:
        handler.addFilter(news)
    with contextlib.redirect_stdout(io.StringIO()) as advice:
        code = int(main([*command]))
    for handler in log.handlers:
        handler.removeFilter(news)
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    if news.ours:
        raise UserError(news.ours)
    return code, advice.getvalue()


class _News(logging.Filter):
    """Lets through what nobody has said yet, and keeps for `ours` what DVC gives no cure of.

    A stage that fails says why, and a person knows of Ctrl-C.
    """

    ours = ""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        for cause in (error, error and error.__cause__):
            if type(cause).__name__ in ("StageCmdFailedError", "KeyboardInterrupt"):
                return False
            if type(cause).__name__ == "LockError":
                self.ours = f"{BUSY}: {', '.join(re.findall(r'PID [0-9]+', str(cause)))} is at work"
            elif isinstance(cause, OSError):
                self.ours = (
                    f"make it your user's, or work in a clone: {cause.filename}: {cause.strerror}"
                )
        if self.ours:
            _silence()
        return not self.ours
