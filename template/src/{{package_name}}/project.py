"""The description of this project for Keel: tables, examples, label, features and models."""

from keel import Linear, Project

from . import examples, features, tables
from .models import boosting

PROJECT = Project(
    tables=tables.TABLES,
    references=tables.REFERENCES,
    examples=examples.Examples,
    build=examples.build,
    label="late",
    time="decision_time",  # for the split into training and test data
    zone=examples.ZONE,
    features=features.FEATURES,
    models={"boosting": boosting.Settings, "logistic": Linear},
)
