"""The metrics by which a project's models are judged."""

from collections.abc import Mapping

from keel.judge.metrics import numbers, one_of_several, yes_no
from keel.judge.metrics.sums import Counted
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.metric import Metric
from keel.project.settings import Evaluation
from keel.project.task import Classes, Number, Task, YesNo

METRICS: Mapping[type[Task], Mapping[str, Counted]] = {
    YesNo: yes_no.METRICS,
    Classes: one_of_several.METRICS,
    Number: numbers.METRICS,
}


def metrics_of(project: Project, evaluation: Evaluation | None = None) -> dict[str, Metric]:
    """The metrics by which models of the project are judged; the first one decides.

    All of the task and of the project, or those that the settings name, in their order. Raises
    UserError if one of them does not exist.
    """
    metrics = {**METRICS[type(project.task)], **project.metrics}
    names = evaluation.metrics if evaluation else []
    for name in names:
        if name not in metrics:
            raise UserError(
                f"evaluation.metrics names {name!r}: the metrics are {', '.join(metrics)}"
            )
    return {name: metrics[name] for name in names or metrics}


def main_metric(project: Project, evaluation: Evaluation | None = None) -> Metric:
    """The one that decides."""
    return next(iter(metrics_of(project, evaluation).values()))


def check_metrics(project: Project, settings: Evaluation) -> dict[str, Metric]:
    """The metrics that judge. Raises UserError if a floor or the settings name another one."""
    metrics = metrics_of(project, settings)
    for key in ("floors", "slice_floors"):
        for name in getattr(settings, key):
            if name not in metrics:
                raise UserError(
                    f"evaluation.{key} names {name!r}: the metrics are {', '.join(metrics)}"
                )
    return metrics
