"""Judge the model on the test examples, write the report, and refuse one that misses a gate."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from keel.data.facts import as_text
from keel.data.split import folds, test, training
from keel.data.store import Store
from keel.judge import since
from keel.judge.judgement import Judgement, Part, judge
from keel.judge.metrics.known import metrics_of
from keel.judge.report import CARDS, Run, card, report, slices_csv
from keel.judge.scores import headline
from keel.model.fitting import fit
from keel.model.predictor import load
from keel.project.about import about
from keel.project.description import Project
from keel.project.errors import RefusedError
from keel.project.settings import Evaluation, Settings
from keel.show.charts import with_ground
from keel.show.progress import bar


def run(store: Store, project: Project, settings: Settings, today: date) -> dict[str, object]:
    """Store predictions, scores and report; returns the model's scores and the verdict.

    Raises UserError if a setting names a metric or a column that does not exist. Raises
    RefusedError, when all is written, if the model misses a gate that is not waived.
    """
    parts = list(_parts(store, project, settings))
    quality = store.read_json(store.report("data-quality.json"))
    with bar("judging") as progress:
        judgement = judge(project, settings, parts, quality, today=today, progress=progress)
    scores, verdict = write(store, project, judgement, quality, settings.evaluation)
    _write_facts(store, project, settings, judgement, quality)
    if judgement.refusals:
        missed = [f"{miss.gate}: {miss.sentence}" for miss in judgement.refusals]
        raise RefusedError(missed, scores)
    return {**scores, "verdict": verdict}


def _parts(store: Store, project: Project, settings: Settings) -> Iterator[Part]:
    """The stored models with the examples they have not seen; with folds, one more for each.

    A fold's models are fitted on all others, with the same settings, since the stored ones have
    seen all examples.
    """
    examples, split = store.read_table(store.examples), settings.split
    candidate = load(store, project, settings.model, store.model)
    simple = load(store, project, settings.baseline, store.baseline)
    if not split.folds:
        learnt, judged = (side(examples, project, split) for side in (training, test))
        yield Part(candidate, simple, learnt, judged)
        return
    for learnt, judged in folds(examples, project, split):
        candidate, simple = fit(project, learnt, settings.model, settings.baseline)
        yield Part(candidate, simple, learnt, judged)


def _write_facts(
    store: Store,
    project: Project,
    settings: Settings,
    judgement: Judgement,
    quality: dict[str, Any],
) -> None:
    """Write what later runs are held beside: it is small, so that Git keeps it."""
    facts = since.told(
        project,
        {name: store.read_table(store.checked(name)) for name in project.tables},
        store.read_table(store.examples).collect(),
        quality,
        judgement.scores,
        metrics_of(project, settings.evaluation),
    )
    store.write_text(
        store.report("facts.json"), as_text({"data": settings.data.rows, **facts}, 4) + "\n"
    )


def write(
    store: Store,
    project: Project,
    judgement: Judgement,
    quality: dict[str, Any],
    evaluation: Evaluation,
) -> tuple[dict[str, float | None], str]:
    """Write all that was found; returns the model's scores, and whether that is good enough."""
    scores = headline(judgement.scores, "model")
    counted = {
        **scores,
        **{simple: headline(judgement.scores, simple) for simple in ("baseline", "naive")},
        "refusals": len(judgement.refusals),
    }
    verdicts = [verdict.as_json() for verdict in judgement.verdicts]
    described = Run(
        about(store.repository),
        store.read_json(store.passport),
        quality,
        evaluation,
        metrics_of(project, evaluation),
    )
    told = report(project, judgement, described)
    store.write_table(store.predictions, judgement.predictions)
    store.write_json(store.report("metrics.json"), counted)
    store.write_json(store.report("gates.json"), verdicts)
    store.write_json(store.report("staleness.json"), judgement.staleness)
    store.write_text(store.report("report.html"), told.page)
    charts = {store.chart(title): chart for title, chart in told.charts.items()}
    for file, chart in charts.items():
        store.write_text(file, with_ground(chart))
    store.keep_only(list(charts))
    store.write_text(store.report("slices.csv"), slices_csv(judgement))
    for name in CARDS:
        store.write_text(store.report(name), card(store.repository / "docs" / name, told.figures))
    return scores, told.figures["answer"]["words"]
