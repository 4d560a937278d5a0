"""The verb that scores files."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from keel.project.about import load
from keel.project.commands import output

if TYPE_CHECKING:
    from keel.batch.predict import Result

SOME = 5  # reasons that are named


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--out", type=click.Path(path_type=Path), help="one file for all predictions: .parquet or .csv"
)
def predict(files: tuple[str, ...], out: Path | None) -> int:
    """Predict the rows of each FILE, Parquet or CSV, with the champion (the model in use).

    A FILE may be a pattern in quotes, such as 'july/*.parquet'. It needs the
    columns that key, time and features come from. Predictions go to FILE.predictions.parquet, with
    the key; rows that break the schema go to FILE.set-aside.parquet, with the reasons. If the file
    has the label, it says how good the predictions are.

    Exits with 1 if no row of a file could be predicted.
    """
    from keel.batch.predict import predict as predict_files
    from keel.data.store import Store
    from keel.serving import settings

    root = Path.cwd()
    failed = False
    store, project = Store(root, root), load(root)
    for result in predict_files(store, project, settings.load(root).serving, files, out):
        click.echo("\n".join(lines(result)))
        if exposed := [file for file in (result.predictions, result.broken) if _seen(root, file)]:
            names = " and ".join(map(str, exposed))
            click.echo(f"warning: keep {names} out of commits: Git does not ignore it", err=True)
        failed = failed or result.predictions is None
    return 1 if failed else 0


def _seen(root: Path, file: Path | None) -> bool:
    """Whether `git add --all` would take the file, and the rows in it, into a commit."""
    asked = ("status", "--porcelain", "--untracked-files=all", "--", str(file))
    return bool(file and output(root, "git", *asked))


def lines(result: "Result") -> Iterator[str]:
    """What became of a file, for people."""
    counts = result.counts
    release = f", release {result.release}" if result.release else ", not released"
    yield (
        f"{counts.predicted:,} of {counts.rows:,} rows predicted by model {result.model}{release}, "
        f"in {result.seconds:.1f} s"
    )
    if result.predictions:
        yield f"  {result.predictions}"
    if result.broken:
        yield f"{sum(counts.reasons.values()):,} rows set aside:"
        for reason, count in counts.reasons.most_common(SOME):
            yield f"  {count:,} × {reason}"
        if (more := len(counts.reasons) - SOME) > 0:
            yield f"  and {more} more reasons"
        yield f"  {result.broken}"
    for name, count in counts.unseen.most_common(SOME):
        yield f"{count:,} rows have a value of {name} that training did not see"
    yield from (f"warning: {sentence}" for sentence in result.stale)
    if result.quality:
        yield from result.quality.lines()
