"""What the service does, whatever asks it."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from operator import itemgetter
from typing import Any

import polars as pl
from pydantic_core import from_json, to_json

from keel.data.store import Store
from keel.model.predictor import in_use
from keel.project.columns import Known, is_personal, when_known
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.serving.examples.alone import check_rows_alone
from keel.serving.examples.lookups import Lookups
from keel.serving.examples.needed import needed
from keel.serving.examples.rows import Read, Rows, asked
from keel.serving.log import Clock, Log, columns, key, now
from keel.serving.problems import MOST, ProblemError, WrongField, not_recorded
from keel.serving.scoring import Answer, Prediction, Scorer
from keel.serving.settings import Serving
from keel.serving.telemetry import Metrics


class Service:
    """What the routes call; all of it may be called from several threads.

    `state` is what is known of a request: `request`, its id; `exchange`, one that only it has where
    a client gave the other; what the log shall say of it; and `cancelled` when nobody waits for the
    answer any more: then CancelledError ends the work.
    """

    def __init__(
        self,
        store: Store,
        project: Project,
        serving: Serving | None = None,
        clock: Clock = now,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        """`clock` says when it is, and `timer` by its differences how many seconds were taken.

        Raises UserError if model or lookups are missing, or a setting names no table.

        So it does if `build` makes another example of a row alone than among all: what came before
        would be null in all that is answered.
        """
        self.serving = serving = serving or Serving()
        self.timer = timer
        self.stopping = False
        self.table = serving.asked_table(project)
        self.project = project
        self.store = store
        self.used = in_use(store, project)
        self.metrics = Metrics(project.task, self.used.version, self.used.passport)
        schema = project.tables[self.table]
        self._needed = needed(project, self.table)
        self.rows = Rows(schema, asked(schema), serving.rows, self._needed, partly=True)
        label = project.label
        names = [*key(project, personal=False), label]
        self.labels = Rows(project.examples, names, serving.rows, names[:-1])
        self.lookups = Lookups(store, project, self.table, serving.oldest_lookup, clock)
        self.log = Log(store.root, project, serving.keep_days, clock, serving.keep_gb * 1e9)
        self.log.forget()
        self._key = list(key(project, personal=True))
        self._columns = list(columns(project, personal=True))
        read, examples = project.features.columns_read(), project.examples.columns()
        inputs = [name for name in self._columns if name in read]
        self.measured = [name for name in inputs if when_known(examples[name]) == Known.MEASURED]
        self._scorer = Scorer(self.used, project, self.table)
        if (stored := self._stored()) is not None:
            check_rows_alone(project, self.table, stored, self.lookups.tables())
        self._count([])  # a rate needs a 0 before the first one

    def predict_one(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """The answer to a row. Raises ProblemError if there is none."""
        (answer,) = self._predict(self.rows.read_one(body), state)
        return answer | self._about(state)

    def predict_many(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """The answers to rows, in their order; a row that has none gets a problem.

        Raises ProblemError if all of them do, or one does and all or nothing is asked for.
        """
        answers = self._predict(self.rows.read_each(body), state)
        return {"predictions": answers} | self._about(state)

    def take_labels(self, body: bytes, state: dict[str, Any]) -> dict[str, Any]:
        """Write down what came out."""
        rows = self.labels.read_many(body)
        state["rows"] = len(rows)
        _go_on(state)
        try:
            self.log.labels(rows)
        except OSError as error:
            raise not_recorded(error) from error
        return {"recorded": len(rows), "request": state["request"]}

    def ready(self) -> dict[str, str]:
        """Raises ProblemError if it stops, can't record, or a lookup is too old or unreadable."""
        if self.stopping:
            raise ProblemError(503, "it is being stopped")
        try:
            self.log.check()
        except OSError as error:
            refused = "predictions are refused, since they can't be recorded"
            raise ProblemError(503, f"{refused}: {reason(error)}") from error
        self.lookups.tables()
        if stale := self.lookups.stale():
            wrong = [WrongField(table, reason) for table, reason in stale.items()]
            raise ProblemError(503, "; ".join(stale.values()), wrong)
        return {"status": "ready", "model": self.used.version}

    def version(self) -> dict[str, Any]:
        """The passport of the model, and its scores where it is the one that was judged last."""
        report = self.store.report("metrics.json")
        judged = not self.store.has_champion and report.is_file()
        scores = {"metrics": self.store.read_json(report)} if judged else {}
        return {"model": self.used.version, **self.used.passport, **scores}

    def example(self) -> dict[str, Any] | None:
        """A row to ask for, if the table is here and nothing personal is needed."""
        stored, columns = self._stored(), self.rows.columns
        if stored is None or any(is_personal(columns[name]) for name in self._needed):
            return None
        with suppress(pl.exceptions.PolarsError):
            shown = [name for name, column in columns.items() if not is_personal(column)]
            rows = stored.select(*shown).head(1).collect()
            return next(iter(from_json(to_json(rows.to_dicts()))), None)
        return None

    def figures(self) -> bytes:
        """What Prometheus reads."""
        for table, (newest, oldest) in self.lookups.ages().items():
            self.metrics.set("lookup_newest_timestamp_seconds", newest.timestamp(), table)
            if oldest:
                self.metrics.set("lookup_oldest_seconds", oldest.total_seconds(), table)
        self.metrics.set("log_size_bytes", self.log.size())
        self.metrics.set("log_free_bytes", self.log.free())
        return self.metrics.expose()

    def _stored(self) -> pl.LazyFrame | None:
        """The rows of the table that is asked for, if the pipeline's are here, as on a laptop."""
        with suppress(UserError):
            return self.store.read_table(self.store.checked(self.table))
        return None

    def _predict(self, read: Read, state: dict[str, Any]) -> list[dict[str, Any]]:
        """The answer to each row, or what is wrong with it, when all that is written down."""
        state["rows"] = len(read.places) + len(read.wrong)
        go_on = partial(_go_on, state)
        scored = self._scorer.answer(read.frame, self.lookups.tables(), go_on)
        answers: dict[int, Answer] = {place: parts[0] for place, parts in read.wrong.items()}
        answers |= dict(zip(read.places, scored, strict=True))
        wrong = {n: answer for n, answer in answers.items() if isinstance(answer, WrongField)}
        if wrong and (read.all_or_nothing or len(wrong) == len(answers)):
            raise read.refused({n: [part] for n, part in wrong.items()})
        state["problems"] = [wrong[n].logged() for n in sorted(wrong)[:MOST]]
        good = {row: answer for row, answer in answers.items() if isinstance(answer, Prediction)}
        lines = [{"row": row, **answer.said} for row, answer in good.items()]
        examples = [answer.example for answer in good.values()]
        go_on()
        try:
            if lines:
                ids = state["request"], self.used.version
                self.log.predictions(*ids, lines, examples, state.get("exchange"))
        except OSError as error:
            raise not_recorded(error) from error
        self._count(list(good.values()))
        return [self._told(answers[row]) for row in range(len(answers))]

    def _told(self, answer: Answer) -> dict[str, Any]:
        if isinstance(answer, WrongField):
            return {"problem": answer.as_json()}
        told = {"key": {name: answer.example[name] for name in self._key}, **answer.said}
        if self.measured:
            told["unmeasured"] = all(answer.example[name] is None for name in self.measured)
        return told

    def _count(self, answers: list[Prediction]) -> None:
        unseen = Counter(name for answer in answers for name in answer.said["unseen"])
        examples = [answer.example for answer in answers]
        self.metrics.predictions(
            [answer.said for answer in answers],
            {name: [*map(itemgetter(name), examples)].count(None) for name in self._columns},
            {name: unseen[name] for name in self.used.predictor.known},
        )

    def _about(self, state: dict[str, Any]) -> dict[str, Any]:
        return {
            "request": state["request"],
            "model": self.used.version,
            "stale": list(self.lookups.stale()),
        }


def _go_on(state: Mapping[str, Any]) -> None:
    if state.get("cancelled"):
        raise CancelledError
