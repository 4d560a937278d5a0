"""Mistakes in the library, which have to be noticed before it gets into any project."""

from bug import LIBRARY, Bug

SPLIT, GUARD = "keel/data/split.py", "keel/data/hindsight.py"
INPUTS, PREDICTOR, LINEAR, FITTING = (
    f"keel/model/{name}.py" for name in ("inputs", "predictor", "linear", "fitting")
)
METRICS, SCORES, CHAMPION, CHANCE = (
    f"keel/judge/{name}.py" for name in ("metrics/yes_no", "scores", "champion", "chance")
)
TRAIN, EVALUATE = (f"keel/pipeline/{name}.py" for name in ("train", "evaluate"))
INPUTS_OF = "        return Inputs(self.features, self.known)\n"


def bug(kind: str, what: str, cause: str, file: str, *edit: str) -> Bug:
    """A mistake in one file: old and new texts in turn."""
    return Bug(LIBRARY, kind, what, cause, {file: dict(zip(edit[::2], edit[1::2], strict=True))})


BUGS = [
    bug("leakage", "the first day of the test period in both parts", "test day|begin|both|side", SPLIT,
        "later if test else later.not_()", "later if test else project.local_day <= split.test_from"),
    bug("leakage", "the test period learnt too", "learn|test", TRAIN,
        "training(store.read_table(store.examples), project, split)",
        "training(store.read_table(store.examples), project, Split(test_from=split.test_from.replace(month=12)) if split.test_from else split)"),
    bug("time", "a split at random", "split|day|test", SPLIT, "later = project.local_day >= split.test_from", "later = project.local_day.dt.day() % 2 == 1"),
    bug("category", "other codes when predicting", "categor|predict|fitted", PREDICTOR, INPUTS_OF,
        "        known = {name: values[::-1] for name, values in self.known.items()}\n        return Inputs(self.features, known)\n"),
    bug("category", "an unseen one is the first one", "categor|seen|unknown", INPUTS,
        "pl.col(n).cast(pl.Enum(values), strict=False) for", "pl.col(n).cast(pl.Enum(values), strict=False).fill_null(values[0]) for"),
    bug("training", "the intercept lost", "mean|intercept|probabilit", LINEAR, "            intercepts.tolist(),\n", "            [0.0] * len(intercepts),\n"),
    bug("training", "weights of categories lost", "weights|categor", LINEAR, "return_dtype=pl.Float64)\n", "return_dtype=pl.Float64) * 0\n"),
    bug("evaluation", "ties count as right", "metric|AUC|tie", METRICS, "axis=1) - counts.negative / 2", "axis=1)"),
    bug("evaluation", "precision from the wrong end", "metric|precision|better", METRICS,
        "    hits = np.cumsum(counts.positive[:, ::-1], axis=1)\n", "    hits = np.cumsum(counts.positive, axis=1)\n"),
    bug("evaluation", "the unknown ones left out of slices", "slice", SCORES,
        '            yield name, "unknown" if value is None else str(value), rows\n', "            if value is not None:\n                yield name, str(value), rows\n"),
    bug("evaluation", "slices of the first thousand rows", "slice", SCORES, "in sliced(predictions, [*months", "in sliced(predictions.head(1000), [*months"),
    bug("evaluation", "the best that it might be against the floor", "floor", SCORES,
        "short = metric.sign * (floor - score.score)", "short = metric.sign * (floor - (score.high or 0))"),
    bug("evaluation", "a ninety per cent interval, called 95", "interval|quantile|cover", SCORES, "[0.025, 0.975]", "[0.05, 0.95]"),
    bug("evaluation", "the baseline is the model itself", "baseline|simple|model", EVALUATE,
        "simple = load(store, project, settings.baseline, store.baseline)", "simple = load(store, project, settings.model, store.model)"),
    bug("evaluation", "calibration without its sign", "metric|calibration", METRICS,
        "np.abs(np.add.reduceat(surplus, starts, axis=1)).sum(axis=1)", "np.add.reduceat(surplus, starts, axis=1).sum(axis=1)"),
    bug("evaluation", "the champion's score for the candidate's", "champion|candidate|better", CHAMPION,
        "gain = difference(task, label, candidate, champion, metric, sure=sure)", "gain = difference(task, label, champion, candidate, metric, sure=sure)"),
    bug("evaluation", "an interval of a number from the rows that were learnt", "interval|cover|share", FITTING,
        "    (model,) = fit(project, most, choice)\n", "    (model,) = fit(project, learnt, choice)\n"),
    bug("serving", "other features than in training", "null|unknown|predict", PREDICTOR, "_inputs.of(examples)", "_inputs.of(examples).fill_null(0)"),
    bug("serving", "the probability of being on time", "probabilit|weights", LINEAR, "np.exp(-single)", "np.exp(single)"),
]  # fmt: skip
