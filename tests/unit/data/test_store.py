import errno
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from builders import content_of, store

from keel.data.store import replace, replace_all
from keel.project.errors import UserError

ROWS = pl.DataFrame({"number": range(50_000)})


def full(_: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def interrupted(beside: Path) -> None:
    beside.write_text("half", encoding="utf-8")
    raise KeyboardInterrupt


def test_a_file_is_written_with_its_folder(tmp_path: Path) -> None:
    replace(tmp_path / "data/model.txt", lambda beside: beside.write_text("new"))

    assert content_of(tmp_path) == {"data/model.txt": b"new"}


def test_while_a_file_is_written_the_old_one_is_there(tmp_path: Path) -> None:
    file = tmp_path / "model.txt"
    file.write_text("old")

    def write(beside: Path) -> None:
        beside.write_text("new", encoding="utf-8")
        assert file.read_text() == "old"

    replace(file, write)

    assert file.read_text() == "new"


@pytest.mark.parametrize(
    ("write", "error"),
    [(full, UserError), (interrupted, KeyboardInterrupt), (lambda _: 1 / 0, ZeroDivisionError)],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, write: Callable[[Path], object], error: type[BaseException]
) -> None:
    (tmp_path / "model.txt").write_text("old")

    with pytest.raises(error):
        replace(tmp_path / "model.txt", write)

    assert content_of(tmp_path) == {"model.txt": b"old"}


def test_of_several_files_none_is_replaced_when_one_fails(tmp_path: Path) -> None:
    old = {"a.txt": b"old", "b.txt": b"old"}
    for name, text in old.items():
        (tmp_path / name).write_bytes(text)

    with pytest.raises(UserError):
        replace_all(
            {
                tmp_path / "a.txt": lambda beside: beside.write_text("new"),
                tmp_path / "b.txt": full,
            }
        )

    assert content_of(tmp_path) == old


def test_a_full_disk_is_named_with_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.txt can't be written \(No space left on device\)"):
        replace(tmp_path / "model.txt", full)


SLOW = """
import sys, time
from pathlib import Path
from keel.data.store import replace

def write(beside):
    beside.write_text("half")
    print("writing", flush=True)
    time.sleep(60)

replace(Path(sys.argv[1]), write)
"""

WRITE = """
import sys
from pathlib import Path
import polars as pl
from keel.project.errors import UserError
from keel.data.store import Store

root, source, path = map(Path, sys.argv[1:])
store = Store(root, root)
try: """
OR_SAY = """
except UserError as error: sys.exit(str(error))
"""

WRITERS = {
    "a table": "store.write_table(path, pl.read_parquet(source))",
    "a table as it is read": "store.write_table(path, pl.scan_parquet(source))",
    "text": "store.write_text(path, 'x' * 100_000)",
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path: Path, write: str) -> None:
    source, path = tmp_path / "source.parquet", tmp_path / "run/table.parquet"
    ROWS.write_parquet(source)
    store(tmp_path / "run").write_table(path, ROWS.head(1))
    before = content_of(tmp_path)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            WRITE + write + OR_SAY,
            str(tmp_path / "run"),
            str(source),
            str(path),
        ],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "table.parquet can't be written (" in done.stderr
    assert "File too large" in done.stderr
    assert content_of(tmp_path) == before


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "model.txt"
    file.write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", SLOW, str(file)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        writer.kill()

    assert file.read_text() == "old"

    replace(file, lambda beside: beside.write_text("new"))

    assert content_of(tmp_path) == {"model.txt": b"new"}


def test_text_has_the_same_bytes_on_every_system(tmp_path: Path) -> None:
    store(tmp_path).write_json(tmp_path / "scores.json", {"größe": [1, None]})

    written = (tmp_path / "scores.json").read_bytes()
    assert written == '{\n  "größe": [\n    1,\n    null\n  ]\n}\n'.encode()


def test_equal_tables_have_equal_bytes_however_threads_cut_them(tmp_path: Path) -> None:
    whole = pl.DataFrame({"carrier": ["UA", "B6", "AA"] * 1000, "late": [True, False, None] * 1000})
    parts = pl.concat([whole[:7], whole[7:1900], whole[1900:]], rechunk=False)
    assert parts.n_chunks() == 3

    for name, frame in (("whole", whole), ("parts", parts)):
        store(tmp_path).write_table(tmp_path / name, frame)

    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()


def test_a_table_that_is_missing_or_broken_is_named_with_the_cure(tmp_path: Path) -> None:
    kept = store(tmp_path)

    with pytest.raises(UserError, match=r"data/examples\.parquet is missing: `uv run keel run`"):
        kept.read_table(kept.examples)

    kept.write_text(kept.examples, "no table")
    with pytest.raises(UserError, match=r"data/examples\.parquet can't be read \(.*\): delete it"):
        kept.read_table(kept.examples)
