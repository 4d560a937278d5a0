import gzip
from pathlib import Path

import polars as pl
import pytest
from builders import PROJECT, as_text, content_of, season, settings, store, table, write_source

from keel.data.store import Store
from keel.pipeline import ingest
from keel.project.errors import UserError


def run(store: Store, source: str, **changes: object) -> dict[str, int]:
    data = settings(source, {f"data.{key}": value for key, value in changes.items()}).data
    return ingest.run(store, PROJECT, data=data)


def csv_source(folder: Path, **tables: bytes) -> str:
    """The season as CSV files, or other content in their place."""
    folder.mkdir()
    for name, frame in season().items():
        content = tables.get(name, as_text(frame).write_csv(null_value="NA").encode())
        (folder / f"{name}.csv").write_bytes(content)
    return str(folder / "{table}.csv")


def test_tables_are_stored_as_their_source_has_them(tmp_path: Path) -> None:
    source = csv_source(tmp_path / "source")

    counted = run(store(tmp_path), source)

    assert counted == {"flights": 200, "weather": 960, "planes": 1}
    flights = pl.read_parquet(store(tmp_path).raw("flights"))
    assert flights.equals(as_text(season()["flights"]))


def test_fewer_rows_are_taken_evenly_from_the_whole_table(tmp_path: Path, source: str) -> None:
    run(store(tmp_path), source, rows={"weather": 96})

    weather = pl.read_parquet(store(tmp_path).raw("weather"))
    assert weather.equals(season()["weather"].gather_every(10))


def test_a_table_that_is_no_longer_wanted_is_deleted(tmp_path: Path, source: str) -> None:
    run(store(tmp_path), source)
    table("planes").write_parquet(store(tmp_path).raw("airports"))

    run(store(tmp_path), source)

    assert set(content_of(tmp_path)) == {
        f"data/raw/{name}.parquet" for name in ("flights", "planes", "weather")
    }


def test_a_number_of_rows_for_an_unknown_table_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(UserError, match=r"data\.rows names airports: the tables are flights"):
        run(store(tmp_path), source, rows={"airports": 5})


HEADER = b"tailnum,year,seats\n"
NUMBERS = b"".join(b"N%d,2000,%d\n" % (n, n * n) for n in range(20_000))

UNREADABLE = {
    "rows of another length": (HEADER + b"N1,2000,9\nN2,2000,9,9\n", "found more fields"),
    "not UTF-8": (HEADER + "Ñ1,2000,9\n".encode("latin-1"), "invalid utf-8"),
    "an open quotation mark": (HEADER + b'"N1,2000,9\n', "could not parse|parsing"),
    "no rows": (HEADER, r"planes.csv has no rows: see data\.source"),
    "half a gzip file": (gzip.compress(HEADER + NUMBERS)[:20_000], "unexpected end of file"),
    "nothing": (b"", "planes.csv can't be read"),
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_broken_source_leaves_the_tables_of_the_run_before(
    tmp_path: Path, source: str, content: bytes, message: str
) -> None:
    run(store(tmp_path / "run"), source)
    before = content_of(tmp_path / "run")
    broken = csv_source(tmp_path / "broken", planes=content)

    with pytest.raises(UserError, match=message) as error:
        run(store(tmp_path / "run"), broken)

    assert "broken/planes.csv" in str(error.value)
    assert content_of(tmp_path / "run") == before


def test_damaged_rows_in_a_parquet_file_leave_the_tables_of_the_run_before(
    tmp_path: Path, source: str
) -> None:
    run(store(tmp_path / "run"), source)
    before = content_of(tmp_path / "run")
    planes = table("planes", tailnum=[f"N{n}" for n in range(1000)])
    broken = write_source(tmp_path / "broken", planes=planes)
    whole = (tmp_path / "broken/planes.parquet").read_bytes()
    (tmp_path / "broken/planes.parquet").write_bytes(whole[:10] + bytes(100) + whole[110:])

    with pytest.raises(UserError, match=r"broken/planes\.parquet can't be copied to"):
        run(store(tmp_path / "run"), broken)

    assert content_of(tmp_path / "run") == before


def test_a_run_goes_through_when_its_source_is_mended(tmp_path: Path, source: str) -> None:
    broken = csv_source(tmp_path / "broken", weather=b"")
    with pytest.raises(UserError):
        run(store(tmp_path / "run"), broken)

    counted = run(store(tmp_path / "run"), source)

    assert counted["weather"] == 960
