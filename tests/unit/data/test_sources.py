import gzip
import sys
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest

from keel.data.sources import Form, matching, scan
from keel.project.errors import UserError

PLANES = pl.DataFrame({"tailnum": ["N1", "N2", "N3"], "seats": ["150", None, "20"]})
CSV = PLANES.write_csv(null_value="NA").encode()


class Ranges(SimpleHTTPRequestHandler):
    """Files with a part of them on demand, as object stores and most web servers give them."""

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content, asked = path.read_bytes(), self.headers.get("Range", "bytes=0-")
        start, end = asked.removeprefix("bytes=").split("-")
        first = int(start) if start else max(0, len(content) - int(end))
        last = min(int(end) if start and end else len(content), len(content) - 1)
        self.send_response(206)
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(content[first : last + 1])

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the name it has there
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The address of a web server with the files of the test's folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Ranges, directory=str(tmp_path)))
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def planes(source: str) -> pl.DataFrame:
    return scan(source, "planes", ["tailnum", "seats"], Form(["NA"])).collect()


def zipped(path: Path, **files: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


WRITERS: dict[str, Callable[[Path], object]] = {
    "planes.csv": lambda path: path.write_bytes(CSV),
    "planes.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV)),
    "planes.csv.zip": lambda path: zipped(path, **{"data/": b"", "data/planes.csv": CSV}),
    "planes.parquet": PLANES.write_parquet,
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_read_from_a_file(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)

    rows = planes(f"{tmp_path}/{{table}}{name.removeprefix('planes')}")

    assert rows.equals(PLANES)


@pytest.mark.parametrize("name", ["planes.csv", "planes.csv.gz", "planes.parquet"])
def test_a_table_is_read_from_a_url(tmp_path: Path, url: str, name: str) -> None:
    WRITERS[name](tmp_path / name)

    rows = planes(f"{url}/{name}")

    assert rows.equals(PLANES)


def test_a_table_may_be_spread_over_several_files(tmp_path: Path) -> None:
    PLANES.head(1).write_parquet(tmp_path / "planes-1.parquet")
    PLANES.tail(2).write_parquet(tmp_path / "planes-2.parquet")

    rows = planes(f"{tmp_path}/{{table}}-*.parquet")

    assert rows.equals(PLANES)


def test_columns_that_no_schema_names_are_left_out(tmp_path: Path) -> None:
    PLANES.with_columns(engines=2).write_parquet(tmp_path / "planes.parquet")

    rows = planes(f"{tmp_path}/planes.parquet")

    assert rows.columns == ["tailnum", "seats"]


def test_a_file_of_a_package_is_found_without_importing_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "fleet"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')\n")
    zipped(package / "planes.csv.zip", planes=CSV)
    monkeypatch.syspath_prepend(tmp_path)

    rows = planes("package:fleet/{table}.csv")

    assert rows.equals(PLANES)
    assert "fleet" not in sys.modules


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("package:no_such_package/planes.csv", "`uv add no_such_package` installs it"),
        ("package:no_such.package/planes.csv", "`uv add no_such.package` installs it"),
        ("package:../planes.csv", "names the package ..:"),
        ("package:json/planes.csv", r"package:json/planes.csv can't be read \(there is no such"),
        ("nowhere/{table}.csv", r"planes: nowhere/planes.csv can't be read \(there is no such"),
        ("nowhere/{table}-*.csv", r"planes: nowhere/planes-\*.csv can't be read"),
        ("nowhere/{table}.csv.zip", "planes: nowhere/planes.csv.zip can't be read"),
    ],
)
def test_a_source_that_is_not_there_is_named(source: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        planes(source)


def test_a_file_that_a_server_does_not_have_is_named(url: str) -> None:
    with pytest.raises(UserError, match=r"planes: http://.*/planes.csv can't be read .*not found"):
        planes(f"{url}/planes.csv")


PARQUET = b"".join([b"PAR1", bytes(200), b"PAR1"])

BROKEN: dict[str, tuple[str, bytes]] = {
    "nothing in it, CSV": ("planes.csv", b""),
    "nothing in it, Parquet": ("planes.parquet", b""),
    "nothing in it, gzip": ("planes.csv.gz", b""),
    "nothing in it, zip": ("planes.csv.zip", b""),
    "truncated Parquet": ("planes.parquet", PARQUET[:-4]),
    "Parquet without an index": ("planes.parquet", PARQUET),
    "text called Parquet": ("planes.parquet", CSV),
    "text called zip": ("planes.csv.zip", CSV),
}


@pytest.mark.parametrize(("name", "content"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_named_with_the_setting_to_look_at(
    tmp_path: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(
        UserError, match=rf"planes: .*/{name} can't be read \(.*\): see data.source"
    ):
        planes(f"{tmp_path}/{name}")


def test_an_archive_without_a_file_in_it_is_named(tmp_path: Path) -> None:
    zipped(tmp_path / "planes.csv.zip")

    with pytest.raises(UserError, match=r"planes.csv.zip can't be read \(the archive is empty\)"):
        planes(f"{tmp_path}/planes.csv.zip")


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    zipped(tmp_path / "planes.csv.zip", planes=CSV)
    whole = (tmp_path / "planes.csv.zip").read_bytes()
    (tmp_path / "planes.csv.zip").write_bytes(whole.replace(b"N2", b"N9"))

    with pytest.raises(UserError, match=r"planes.csv.zip can't be read \(Bad CRC-32"):
        planes(f"{tmp_path}/planes.csv.zip")


@pytest.mark.parametrize("name", ["planes", "planes.xlsx", "planes.csv.bz2"])
def test_a_file_of_another_kind_is_refused_with_the_kinds_there_are(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(CSV)

    with pytest.raises(
        UserError, match=rf"data.source is .*/{name}: it must end in .parquet, .csv"
    ):
        planes(f"{tmp_path}/{name}")


@pytest.mark.parametrize("name", ["planes.csv", "planes.parquet"])
def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    with pytest.raises(UserError, match=rf"planes: .*/{name} can't be read"):
        planes(f"{tmp_path}/{name}")


def test_a_renamed_column_is_named_beside_those_there_are(tmp_path: Path) -> None:
    PLANES.rename({"seats": "places"}).write_csv(tmp_path / "planes.csv")

    with pytest.raises(UserError, match=r"planes.csv has no column seats; it has tailnum, places"):
        planes(f"{tmp_path}/planes.csv")


def test_a_csv_file_of_another_encoding_and_separator_is_read(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_bytes("tailnum;seats;Größe\nÄ1;2;groß\n".encode("latin1"))
    form = Form(separator=";", encoding="latin1", names={"Größe": "size"})

    frame = scan(f"{tmp_path}/{{table}}.csv", "planes", ["tailnum", "size"], form).collect()

    assert frame.rows() == [("Ä1", "groß")]


def test_blanks_around_names_and_values_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "planes.csv").write_text("tailnum , seats\nN1, 2 \nN2, ?\n")

    frame = scan(
        f"{tmp_path}/planes.csv", "planes", ["tailnum", "seats"], Form(["?"], blanks=True)
    ).collect()

    assert frame.rows() == [("N1", "2"), ("N2", None)]


def test_several_files_that_have_to_be_decoded_are_one_table(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"planes-{number}.csv").write_bytes(f"seats\n{number}\n".encode("utf16"))

    frame = scan(f"{tmp_path}/planes-*.csv", "planes", ["seats"], Form(encoding="utf16"))

    assert frame.collect()["seats"].to_list() == ["1", "2"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("[a-c] *?/*.csv", ["[a-c] *?/1.csv", "[a-c] *?/2.csv"]),
        ("[a-c] *?/[1].csv", ["[a-c] *?/1.csv"]),
        ("b/[1].csv", ["b/[1].csv"]),  # which is there by that name
        ("?/*.csv", ["b/1.csv", "b/[1].csv"]),
        ("**/2.csv", ["[a-c] *?/2.csv"]),
        ("c/*.csv", []),
    ],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_what_is_there_by_a_name_is_no_pattern(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, names: list[str], absolute: bool
) -> None:
    for name in ("[a-c] *?/1.csv", "[a-c] *?/2.csv", "b/1.csv", "b/[1].csv", "b/.2.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(CSV)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path if absolute else Path()

    assert matching(str(folder / pattern)) == [folder / name for name in names]


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz", ".csv.zip"])
def test_a_folder_of_any_name_has_tables(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "[a-c] *? ü #1"
    folder.mkdir()
    file = folder / f"planes{ending}"
    if ending == ".parquet":
        PLANES.write_parquet(file)
    elif ending == ".csv.zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("planes.csv", CSV)
    else:
        file.write_bytes(gzip.compress(CSV) if ending == ".csv.gz" else CSV)

    for name in ("planes", "*", "[p]lanes"):
        table = scan(str(folder / f"{name}{ending}"), "planes", ["tailnum"], Form(["NA"])).collect()
        assert len(table) == 3
