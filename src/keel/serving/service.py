"""What the service does, whatever asks it."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from pydantic_core import from_json, to_json
from TEAM.examples import LABEL, Examples
from TEAM.tables import TABLES

from keel.data.store import Store
from keel.model.predictor import InUse
from keel.project.errors import UserError
from keel.serving.log import Log, columns, key
from keel.serving.lookups import Lookups
from keel.serving.problems import MOST, ProblemError, Wrong, not_recorded
from keel.serving.rows import Rows, asked
from keel.serving.scoring import Answers, Scorer
from keel.serving.settings import Serving
from keel.serving.telemetry import Metrics


class Service:
    """What the routes call; all of it may be called from several threads."""

    def __init__(self, store: Store, serving: Serving, used: InUse, metrics: Metrics) -> None:
        """Raises UserError if a lookup is missing, or a setting names what is not there."""
        self.table = serving.table or next(iter(TABLES))
        if self.table not in TABLES:
            raise UserError(f"serving.table is {self.table!r}: the tables are {', '.join(TABLES)}")
        self.store = store
        self.used = used
        self.metrics = metrics
        self.rows = Rows(TABLES[self.table], asked(TABLES[self.table]), serving.rows)
        self.labels = Rows(Examples, [*key(personal=False), LABEL], serving.rows)
        self.lookups = Lookups(store, self.table, serving.oldest_lookup)
        self._oldest = serving.oldest_lookup
        self.log = Log(store.root, serving.keep_days)
        self.log.forget()
        self._columns = list(columns(personal=True))
        self._scorer = Scorer(used.predictor, self.table)
        passport = used.passport
        metrics.model(
            used.version,
            datetime.fromisoformat(passport["trained_at"]),
            passport["training"]["share_positive"],
            passport["training"].get("missing"),
        )
        self._count(Answers([], [], [], []))

    def predict_one(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """The answer to a row. Raises ProblemError if there is none."""
        rows = self.rows.read_one(body)
        state["rows"] = 1
        (answer,) = self._predict(rows, state)
        if wrong := answer.get("wrong"):
            raise ProblemError(422, f"{wrong.field} {wrong.reason}".strip(), [wrong])
        return answer | self._about(state)

    def predict_many(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """The answers to rows, in their order; a row that has none gets a problem."""
        rows = self.rows.read_many(body)
        state["rows"] = len(rows)
        answers = self._predict(rows, state)
        for answer in answers:
            if wrong := answer.pop("wrong", None):
                answer["problem"] = wrong.as_json()
        return {"predictions": answers} | self._about(state)

    def take_labels(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """Write down what came out."""
        rows = self.labels.read_many(body)
        state["rows"] = len(rows)
        try:
            self.log.labels(rows)
        except OSError as error:
            raise not_recorded(error) from error
        return {"recorded": len(rows), "request": state["request"]}

    def ready(self) -> dict[str, str]:
        """Raises ProblemError if a lookup is too old, or can't be read."""
        self.lookups.tables()
        if stale := self.lookups.stale():
            wrong = [Wrong(table, reason) for table, reason in stale.items()]
            raise ProblemError(503, "; ".join(stale.values()), wrong)
        return {"status": "ready", "model": self.used.version}

    def version(self) -> dict[str, Any]:
        """The passport of the model, and its scores where it is the one that was judged last."""
        report = self.store.report("metrics.json")
        judged = not (self.store.root / "champion.dvc").is_file() and report.is_file()
        scores = {"metrics": self.store.read_json(report)} if judged else {}
        return {"model": self.used.version, **self.used.passport, **scores}

    def example(self) -> dict[str, Any] | None:
        """A row to ask for, if the table is here, as on a laptop, and has nothing personal."""
        file = self.store.checked(self.table)
        personal = any((one.metadata or {}).get("personal") for one in self.rows.columns.values())
        if personal or not file.is_file():
            return None
        with suppress(UserError, pl.exceptions.PolarsError):
            rows = self.store.read_table(file).select(*self.rows.columns).head(1).collect()
            return next(iter(from_json(to_json(rows.to_dicts()))), None)
        return None

    def figures(self) -> tuple[bytes, str]:
        """What Prometheus reads, and the media type that it is written in."""
        for table, written in self.lookups.written().items():
            hours = self._oldest.get(table)
            self.metrics.lookup(table, written, timedelta(hours=hours) if hours else None)
        return self.metrics.expose()

    def _predict(self, rows: pl.DataFrame, state: dict[str, Any]) -> list[dict[str, Any]]:
        found = self._scorer.answer(rows, self.lookups.tables())
        state["problems"] = [
            {"field": wrong.field, "reason": wrong.reason}
            for wrong in list(found.wrong.values())[:MOST]
        ]
        answers: list[dict[str, Any]] = [
            {"row": row, "probability": probability, "unseen": unseen}
            for row, probability, unseen in zip(
                found.rows, found.probability, found.unseen, strict=True
            )
        ]
        try:
            if answers:
                self.log.predictions(state["request"], self.used.version, answers, found.examples)
        except OSError as error:
            raise not_recorded(error) from error
        self._count(found)
        names = key(personal=True)
        by_row: dict[int, dict[str, Any]] = {
            row: {"wrong": wrong} for row, wrong in found.wrong.items()
        }
        for answer, example in zip(answers, found.examples, strict=True):
            row = answer.pop("row")
            by_row[row] = {"key": {name: example[name] for name in names}, **answer}
        return [by_row[row] for row in range(len(rows))]

    def _count(self, found: Answers) -> None:
        unseen = dict.fromkeys(self.used.predictor.known, 0)
        for names in found.unseen:
            for name in names:
                unseen[name] += 1
        missing = {
            name: sum(example[name] is None for example in found.examples) for name in self._columns
        }
        self.metrics.predictions(pl.Series(found.probability, dtype=pl.Float64), missing, unseen)

    def _about(self, state: dict[str, Any]) -> dict[str, Any]:
        return {
            "request": state["request"],
            "model": self.used.version,
            "stale": list(self.lookups.stale()),
        }
