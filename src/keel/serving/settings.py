"""The settings of the service and of what watches it: what `conf/service.yaml` leaves out."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Gt, Le
from pydantic import Field

from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Section, from_yaml

Positive = Annotated[int, Gt(0)]
LOCAL, SANDBOX, PRODUCTION = ENVIRONMENTS = ("local", "sandbox", "production")


def environment(environ: Mapping[str, str]) -> str:
    """Where this runs, as the variable ENVIRONMENT says; `local` without it.

    Raises UserError if it names none: "prod" would be a production that nothing guards.
    """
    name = environ.get("ENVIRONMENT") or LOCAL
    if name not in ENVIRONMENTS:
        raise UserError(
            f"the variable ENVIRONMENT is {name!r}: make it one of {', '.join(ENVIRONMENTS)}"
        )
    return name


class Serving(Section):
    """Where the service listens, and how much it takes on."""

    host: str = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 8000
    rows: Positive = 1_000  # of one request
    bytes: Positive = 2_000_000  # of the body of one request
    seconds: Annotated[float, Gt(0)] = 10.0  # for one request
    at_once: Positive = 16  # requests; more are told to come again
    workers: Positive = 1  # processes that answer, each with the model and the lookups in memory
    drain_seconds: Annotated[float, Ge(0)] = 5.0  # from SIGTERM on, in which it still takes some
    keep_days: Positive = 90  # of the prediction log
    keep_gb: Annotated[float, Gt(0)] = 10.0  # of it; its oldest days go first
    traced: Annotated[float, Ge(0), Le(1)] = 1.0  # share of the requests, in 40 MB of spans
    table: str | None = None  # what a request is a row of; None for the first of tables.TABLES
    # Hours, by table that rows are joined with: with an older newest row it is said to be stale.
    oldest_lookup: dict[str, Annotated[float, Gt(0)]] = Field(default_factory=dict)

    def of_each_worker(self) -> "Serving":
        """The same for each of the workers, which takes its part of the requests at once.

        Raises UserError if there is none for each.
        """
        if self.workers > self.at_once:
            raise UserError(
                f"raise serving.at_once, which is {self.at_once}, to some 8 for each worker: "
                f"{self.workers} workers share it"
            )
        return self.model_copy(update={"at_once": self.at_once // self.workers})

    def asked_table(self, project: Project) -> str:
        """The table that a request is a row of. Raises UserError if the setting names none."""
        table = self.table or next(iter(project.tables))
        if table not in project.tables:
            raise UserError(
                f"serving.table is {table!r}: the tables are {', '.join(project.tables)}"
            )
        return table


Limit = Annotated[float, Gt(0)]


class Alerts(Section):
    """What the service may reach before Prometheus calls somebody; it tells Prometheus these."""

    error_share: Limit = 0.01  # of the requests, answered with 5xx
    p95_seconds: Limit = 0.1
    p99_seconds: Limit = 0.25
    model_days: Limit = 90.0
    free_gb: Limit = 1.0  # of the disk that the prediction log is on: less is too little
    rows: Limit = 100.0  # predicted in an hour: fewer say nothing of the shares below
    unseen_share: Limit = 0.05  # of the rows, by category
    missing_share: Limit = 0.1  # of the rows, by column, more than in training
    score_factor: Limit = 2.0  # between a mean probability and its share in training


class Sandbox(Section):
    """What a person may use to try things out."""

    rows: Annotated[int, Gt(1)] = 100_000  # of a table
    minutes: Annotated[float, Gt(0)] = 10.0  # for one run
    price_per_hour: Annotated[float, Ge(0)] = 0.2  # of this machine
    cost: Annotated[float, Ge(0)] = 5.0  # of all runs in a sandbox


Share = Annotated[float, Ge(0), Le(1)]


class Monitoring(Section):
    """When the monitoring says so; None switches a check off. Shares are those of a day."""

    failed: Share | None = 0.01  # requests that the service could not answer
    slow: Share | None = 0.05  # requests that took longer than
    answer_within: Annotated[float, Gt(0)] = 0.5  # seconds, one row
    batch_within: Annotated[float, Gt(0)] = 2.0  # seconds, several of them
    refused: Share | None = 0.05  # rows that were refused
    unseen: Share | None = 0.05  # rows with a category that training did not see
    nulls: Share | None = 0.1  # more of a column's values unknown than in training
    same: Share | None = 0.3  # more of a number's values one and the same
    psi: Annotated[float, Ge(0)] | None = 1.0  # stability index; needs a year to learn from
    volume: Share | None = 0.5  # of the rows of the same weekdays before
    rows: Positive = 200  # are enough to judge inputs by; days with fewer are put together
    in_a_row: Positive = 2  # days that are needed to say so, and to take it back
    window: Positive = 28  # days to judge the quality by
    window_rows: Positive = 1_000  # of them with a label are enough
    labels: Annotated[float, Gt(0), Le(1)] = 0.8  # of a day's rows make its labels enough
    label_days: Positive = 7  # after which they should be there
    near_days: Positive = 31  # from its request, within which an example's own time is believed


class Operation(Section):
    """All of them."""

    serving: Serving = Serving()
    alerts: Alerts = Alerts()
    sandbox: Sandbox = Sandbox()
    monitoring: Monitoring = Monitoring()


def load(root: Path) -> Operation:
    """The settings of `conf/service.yaml`, with the usual values for what it leaves out.

    Raises UserError that names each wrong one.
    """
    operation: Operation = from_yaml(Operation, root / "conf/service.yaml")
    return operation
