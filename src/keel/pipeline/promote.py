"""Make the trained model the champion, if it is better than the one that is in use."""

import json
import shutil
from datetime import date
from functools import partial
from pathlib import Path

from keel.data.store import Store, replace_all
from keel.judge.champion import compare, table, verdicts
from keel.judge.gates import Verdict, waived
from keel.judge.metrics.known import main_metric
from keel.pipeline import configuration
from keel.pipeline.run import gains_since_commit, run
from keel.project.commands import must
from keel.project.description import Project
from keel.project.errors import UserError

FACTS = "facts.json"  # which a champion of an earlier Keel has not
FILES = ("model.txt", "passport.json", "predictions.parquet", FACTS)


def promote(root: Path, project: Project, today: date) -> int:
    """Run the pipeline, compare with the champion, and take its place or say why not.

    Returns 1 when the champion stays.
    """
    if code := run(root, today):
        return code
    store = Store(root, root)
    if configuration.load(store).data.rows:
        raise UserError("data.rows takes a part of the data: no model of that can be the champion")
    print()
    if store.has_champion:
        missing = [n for n in FILES if n != FACTS and not store.champion(n).is_file()]
        if not missing and json.loads(must(root, "dvc", "status", "--json", "champion.dvc")):
            raise UserError(
                "champion/ is not what champion.dvc records: `uv run dvc checkout champion.dvc` "
                "gets it, `uv run dvc add champion` records it"
            )
        if missing:
            raise UserError(f"champion/{missing[0]} is missing: `uv run dvc pull champion` gets it")
        if _hash(store.champion("passport.json")) == _hash(store.passport):
            print("The model is the champion already.")
            return 0
        judged = judge(store, project, today)
        if any(verdict.refused for verdict in judged):
            print("The champion stays: reports/candidate.md says why.")
            return 1
    elif (gain := next(iter(gains_since_commit(root).values()), None)) and gain.high < 0:
        print(
            "It is surely worse than the last commit's model, and does not become the champion.\n"
            "Undo the change, or commit the model first if that is what you want."
        )
        return 1
    take_over(store)
    must(root, "dvc", "add", "--quiet", "champion")
    print(
        "The model is the champion now. Record it:\n"
        '  git add champion.dvc && git commit -m "A new champion"'
    )
    return 0


def take_over(store: Store) -> None:
    """Copy the model, what it was made from and what it predicted, all or nothing."""
    sources = (store.model, store.passport, store.predictions, store.report(FACTS))
    copies = zip(FILES, sources, strict=True)
    replace_all({store.champion(name): partial(shutil.copyfile, source) for name, source in copies})


def judge(store: Store, project: Project, today: date) -> list[Verdict]:
    """Compare with the champion, and write and print the table."""
    settings = configuration.load(store)
    metric = main_metric(project, settings.evaluation)
    compared = compare(
        project.task,
        store.read_table(store.champion("predictions.parquet")).collect(),
        store.read_table(store.predictions).collect(),
        metric,
        settings.evaluation.slices,
        settings.evaluation.smallest_slice,
    )
    judged = waived(verdicts(compared, metric), settings.waivers, today)
    stays = any(verdict.refused for verdict in judged)
    better = all(verdict.passed for verdict in judged)
    answer = "The candidate is better." if better else "The candidate takes over by a waiver."
    answer = "The champion stays." if stays else answer
    text = "\n".join([answer, "", *map(_line, judged), "", table(compared, metric)])
    store.write_text(store.report("candidate.md"), f"# Candidate and champion\n\n{text}")
    print(text)
    return judged


def _line(verdict: Verdict) -> str:
    waiver = verdict.waiver
    ends = f" (waived until {waiver.until}: {waiver.why})" if waiver else ""
    return f"- {verdict.gate}: {verdict.sentence}{ends}"


def _hash(passport: Path) -> str:
    return str(json.loads(passport.read_text("utf-8"))["sha256"]["model"])
