"""Score files with the model in use: predictions beside them, broken rows aside with reasons."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import polars as pl

from keel.batch.files import WRITTEN, Input, meant, opened_as, set_aside, targets, write
from keel.batch.quality import Quality, quality
from keel.batch.release import release_of
from keel.batch.scoring import LABEL, BatchScorer
from keel.data.sources import USUAL, Form
from keel.data.store import Store, replace_all
from keel.data.validation import REASONS
from keel.model.predictor import in_use
from keel.pipeline.configuration import load
from keel.project.blame import blamed
from keel.project.description import Project
from keel.project.errors import UserError
from keel.project.settings import Evaluation
from keel.serving.examples.alone import check_rows_alone
from keel.serving.examples.lookups import Lookups
from keel.serving.examples.origins import PLACE
from keel.serving.settings import Serving

FILE, ROW = "its file", "its row"  # where a row comes from, from 1 on; no column has a blank


@dataclass
class Counts:
    """How many rows there were, got a prediction, and why the others got none."""

    rows: int = 0
    predicted: int = 0
    unseen: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Result:
    """What was written, and what of."""

    predictions: Path | None  # None if no row got one
    broken: Path | None  # None if each row got one
    counts: Counts
    quality: Quality | None  # None without a label
    model: str
    release: str | None
    stale: tuple[str, ...]  # lookups that are too old, each a sentence
    seconds: float


def predict(
    store: Store, project: Project, serving: Serving, names: Sequence[str], out: Path | None = None
) -> Iterator[Result]:
    """Score each file, or all of them into the file `out`.

    Raises UserError if there is no model, or a file can't be read or has not the columns: of that
    file nothing is written then.
    """
    if out and out.suffix not in WRITTEN:
        raise UserError(f"--out {out}: its name has to end in {' or '.join(WRITTEN)}")
    files = meant(names)
    table = serving.asked_table(project)
    used = in_use(store, project)
    settings = load(store) if store.settings.is_file() else None
    form = Form.of(settings.data) if settings else USUAL
    scorer = BatchScorer(used, project, table, form)
    lookups = Lookups(store, project, table, serving.oldest_lookup)
    release = release_of(store.root, used.passport["sha256"]["model"])
    evaluation = settings.evaluation if settings else None
    run = _Run(store, project, table, scorer, lookups, used.version, release, evaluation)
    rest = [name for name in project.tables[table].column_names() if name not in scorer.needed]
    inputs = [opened_as(file, scorer.needed, rest, form) for file in files]
    for target, scored in targets(inputs, out).items():
        yield run.scored(scored, target)


@dataclass
class _Run:
    store: Store
    project: Project
    table: str
    scorer: BatchScorer
    lookups: Lookups
    model: str
    release: str | None
    evaluation: Evaluation | None
    looked_alone: bool = False  # whether `build` was seen to make the same of a row alone

    def scored(self, inputs: Sequence[Input], target: Path) -> Result:
        """Score files into one; nothing is there of it before all is."""
        started = time.perf_counter()
        counts, aside = Counts(), set_aside(target)
        with _folder(target) as folder:
            for file in inputs:
                self._parts(file, folder, counts)
            if not counts.rows:
                raise UserError(f"{', '.join(str(file.path) for file in inputs)} has no rows")
            found, writers = None, {}
            if counts.predicted:
                predictions = pl.scan_parquet(sorted(folder.glob("predictions-*")), glob=False)
                names = self.scorer.names
                found = quality(self.project, self.evaluation, predictions, names)
                versions = {"model": self.model, "release": self.release}
                own = {names[name]: pl.lit(value, pl.String) for name, value in versions.items()}
                whole = predictions.drop(LABEL).with_columns(**own)
                writers[target] = partial(write, whole, suffix=target.suffix)
            if counts.reasons:
                parts = sorted(folder.glob("broken-*"))
                frames = (pl.scan_parquet(part, glob=False) for part in parts)
                broken = pl.concat(frames, how="diagonal_relaxed")
                writers[aside] = partial(write, broken, suffix=target.suffix)
            replace_all(writers)
            for old in {target, aside} - set(writers):
                old.unlink(missing_ok=True)  # of an earlier run: it says nothing of these rows
        return Result(
            target if counts.predicted else None,
            aside if counts.reasons else None,
            counts,
            found,
            self.model,
            self.release,
            tuple(self.lookups.stale().values()),
            time.perf_counter() - started,
        )

    def _parts(self, file: Input, folder: Path, counts: Counts) -> None:
        """The predictions of a file's rows, and the broken ones, each batch in a file."""
        twice = file.duplicates(self.scorer.key) if self.scorer.key else pl.DataFrame()
        first = 0
        for batch in file.batches():
            lookups = self.lookups.tables()
            try:
                if not first:
                    self.scorer.probe(batch, lookups)
                    self._check_rows_alone()
                scored = self.scorer.scored(batch, first, twice, lookups)
            except UserError:
                raise
            except Exception as error:
                if own := blamed(error, self.store.repository):
                    raise UserError(f"{file.path}: {own}") from error
                raise
            first += len(batch)
            number = f"{counts.rows:012}"
            scored.predictions.drop(PLACE).write_parquet(folder / f"predictions-{number}")
            if len(scored.broken):
                place = (pl.lit(str(file.path)).alias(FILE), (pl.col(PLACE) + 1).alias(ROW))
                broken = scored.broken.select(*place, pl.exclude(PLACE))
                broken.write_parquet(folder / f"broken-{number}")
            counts.rows += len(batch)
            counts.predicted += len(scored.predictions)
            unseen = scored.predictions[self.scorer.names["unseen"]]
            counts.unseen.update(unseen.explode().drop_nulls().to_list())
            counts.reasons.update(dict(scored.broken[REASONS].value_counts().iter_rows()))

    def _check_rows_alone(self) -> None:
        """As for the service: what `build` makes of other rows would be otherwise for these."""
        if self.looked_alone:
            return
        self.looked_alone = True
        checked = self.store.checked(self.table)
        if checked.is_file():
            stored = self.store.read_table(checked)
            check_rows_alone(self.project, self.table, stored, self.lookups.tables())


@contextmanager
def _folder(target: Path) -> Iterator[Path]:
    """A folder for parts, on the disk that the whole goes to; it is gone afterwards."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise UserError(f"{target} can't be written: {error.strerror}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
