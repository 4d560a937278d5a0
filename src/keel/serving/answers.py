"""What is answered of examples, by the service and beside the rows of a file."""

from typing import Any

import polars as pl

from keel.model.predictor import InUse

INTERVAL = pl.Struct({"low": pl.Float64, "high": pl.Float64})
UNSEEN = pl.List(pl.String)


class Answers:
    """Of each example what the task answers with, `interval` where the model has one, and `unseen`.

    The interval goes as far from a predicted number as the passport says; `unseen` are features
    whose category training did not see.
    """

    def __init__(self, used: InUse) -> None:
        self._predictor = used.predictor
        self._reach = used.passport.get("interval", {}).get("reach")
        interval = {} if self._reach is None else {"interval": INTERVAL}
        self.fields = {**used.predictor.task.fields, **interval, "unseen": UNSEEN}

    def of(self, examples: pl.DataFrame) -> list[dict[str, Any]]:
        """The answers, in the order of the examples."""
        if examples.is_empty():  # not every model predicts nothing of nothing
            return []
        predictions, unseen = self._predictor.answers(examples)
        answers = self._predictor.task.answers(predictions)
        if self._reach is not None:
            for answer, number in zip(answers, predictions, strict=True):
                answer["interval"] = {"low": number - self._reach, "high": number + self._reach}
        return [{**answer, "unseen": new} for answer, new in zip(answers, unseen, strict=True)]
