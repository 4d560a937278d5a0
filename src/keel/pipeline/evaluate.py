"""Judge the model on the test examples, write the report, and refuse one that misses a gate."""

from datetime import date

from keel.data.periods import test, training
from keel.data.store import Store
from keel.judge.judgement import Judgement, judge
from keel.judge.report import CARDS, Run, card, report, slices_csv
from keel.judge.scores import headline
from keel.model.predictor import load
from keel.project.about import about
from keel.project.description import Project
from keel.project.errors import RefusedError
from keel.project.settings import Settings


def run(store: Store, project: Project, settings: Settings, today: date) -> dict[str, object]:
    """Store predictions, scores and report; returns the model's scores.

    Raises UserError if a setting names a metric or a column that does not exist. Raises
    RefusedError, when all is written, if the model misses a gate that is not waived.
    """
    examples = store.read_table(store.examples)
    judgement = judge(
        project,
        settings,
        candidate=load(store, project, settings.model, store.model),
        simple=load(store, project, settings.baseline, store.baseline),
        learnt=training(examples, project, settings.split),
        period=test(examples, project, settings.split),
        today=today,
    )
    scores = write(store, project, judgement, settings.evaluation.smallest_slice)
    if judgement.refusals:
        missed = [f"{miss.gate}: {miss.sentence}" for miss in judgement.refusals]
        raise RefusedError(missed, scores)
    return dict(scores)


def write(
    store: Store, project: Project, judgement: Judgement, smallest_slice: int
) -> dict[str, float | None]:
    """Write all that was found; returns the model's scores."""
    scores = headline(judgement.scores, "model")
    counted = {
        **scores,
        "baseline": headline(judgement.scores, "baseline"),
        "refusals": len(judgement.refusals),
    }
    verdicts = [verdict.as_json() for verdict in judgement.verdicts]
    described = Run(
        about(store.repository),
        store.read_json(store.passport),
        store.read_json(store.report("data-quality.json")),
        smallest_slice,
    )
    page, context = report(project, judgement, described)
    store.write_table(store.predictions, judgement.predictions)
    store.write_json(store.report("metrics.json"), counted)
    store.write_json(store.report("gates.json"), verdicts)
    store.write_json(store.report("staleness.json"), judgement.staleness)
    store.write_text(store.report("report.html"), page)
    store.write_text(store.report("slices.csv"), slices_csv(judgement))
    for name in CARDS:
        store.write_text(store.report(name), card(store.repository / "docs" / name, context))
    return scores
