"""What Keel has to know of this project: what comes in, what is predicted, from what, and how."""

from keel import Linear, Project

from . import examples, features, tables
from .models import boosting

PROJECT = Project(
    tables=tables.TABLES,
    references=tables.REFERENCES,
    examples=examples.Examples,
    build=examples.build,
    label="late",
    time="decision_time",  # what the split into training and test data goes by
    zone=examples.ZONE,
    features=features.FEATURES,
    models={"boosting": boosting.Settings, "logistic": Linear},
)
