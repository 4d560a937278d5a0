# Keel keeps this file up to date.
"""Make the trained model the champion, if it is better than the one that is in use."""

import json
import shutil
from datetime import date
from functools import partial
from pathlib import Path

from .. import configuration
from ..champion import compare, table, verdicts
from ..commands import must
from ..errors import UserError
from ..gates import Verdict, waived
from ..store import Store, replace_all
from . import run

FILES = ("model.txt", "passport.json", "predictions.parquet")


def main(root: Path, arguments: list[str]) -> int:
    """Run the pipeline, compare with the champion, and take its place or say why not.

    Returns 1 when the champion stays.
    """
    if arguments:
        raise UserError(f"it has no options, and {' '.join(arguments)!r} is one")
    if code := run.main(root, []):
        return code
    store = Store(root, root)
    if configuration.load(store).data.rows:
        raise UserError("data.rows takes a part of the data: no model of that can be the champion")
    print()
    if (root / "champion.dvc").is_file():
        missing = [name for name in FILES if not store.champion(name).is_file()]
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
        found = judge(store)
        if any(verdict.refused for verdict in found):
            print("The champion stays: reports/candidate.md says why.")
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
    sources = (store.model, store.passport, store.predictions)
    copies = zip(FILES, sources, strict=True)
    replace_all({store.champion(name): partial(shutil.copyfile, source) for name, source in copies})


def judge(store: Store) -> list[Verdict]:
    """Compare with the champion, and write and print the table."""
    settings = configuration.load(store)
    compared = compare(
        store.read_table(store.champion("predictions.parquet")).collect(),
        store.read_table(store.predictions).collect(),
        settings.evaluation.slices,
        settings.evaluation.smallest_slice,
    )
    today = date.today()  # noqa: DTZ011 -- the day here
    found = waived(verdicts(compared), settings.waivers, today)
    stays = any(verdict.refused for verdict in found)
    better = all(verdict.passed for verdict in found)
    said = "The candidate is better." if better else "The candidate takes over by a waiver."
    said = "The champion stays." if stays else said
    text = "\n".join([said, "", *map(_line, found), "", table(compared)])
    store.write_text(store.report("candidate.md"), f"# Candidate and champion\n\n{text}")
    print(text)
    return found


def _line(verdict: Verdict) -> str:
    waiver = verdict.waiver
    ends = f" (waived until {waiver.until}: {waiver.why})" if waiver else ""
    return f"- {verdict.gate}: {verdict.sentence}{ends}"


def _hash(passport: Path) -> str:
    return str(json.loads(passport.read_text("utf-8"))["sha256"]["model"])
