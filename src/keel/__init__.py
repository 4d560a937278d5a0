"""Keel: what carries a machine-learning project, so that the project holds only what is its own.

What is named here is all that a project's own code imports, beside `keel.testing`. It is kept by
semantic versioning; everything else may change. Nothing heavy is imported before it is used.
"""

import os
from typing import TYPE_CHECKING, Any

from .project.columns import Known, afterwards, ahead, measured, to_utc
from .project.cpus import limit_threads
from .project.description import Project, Tables
from .project.errors import UserError
from .project.features import Features
from .project.learning import Learner, Model, Progress, categories
from .project.metric import Metric, metric

if TYPE_CHECKING:
    from .experiments.opened import Run
    from .model.estimator import EstimatorSettings
    from .model.linear import Linear
    from .model.linear import Linear as Logistic
    from .project.settings import Section

__all__ = [
    "EstimatorSettings",
    "Features",
    "Known",
    "Learner",
    "Linear",
    "Logistic",
    "Metric",
    "Model",
    "Progress",
    "Project",
    "Run",
    "Section",
    "Tables",
    "UserError",
    "afterwards",
    "ahead",
    "categories",
    "measured",
    "metric",
    "to_utc",
]

# Threads that wait for each other shall sleep: by default they spin, and on a machine that is busy
# with something else a fit then takes several times as long. It counts when LightGBM is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
limit_threads(os.environ)


def __getattr__(name: str) -> Any:
    """What needs a library that takes long to import."""
    if name == "Section":
        from .project.settings import Section

        return Section
    if name == "Run":
        from .experiments.opened import Run

        return Run
    if name == "EstimatorSettings":
        from .model.estimator import EstimatorSettings

        return EstimatorSettings
    if name in ("Linear", "Logistic"):  # it was called Logistic when it knew yes and no only
        from .model.linear import Linear

        return Linear
    raise AttributeError(f"module 'keel' has no attribute {name!r}")
