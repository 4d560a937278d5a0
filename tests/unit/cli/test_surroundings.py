"""What a verb finds around it on machines that lack something."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from keel.cli import surroundings
from keel.cli.surroundings import folded, make_do

OWN = Path(sys.executable).parent


def nobody(_: int) -> None:
    raise KeyError("uid not found")


def test_where_nothing_is_missing_nothing_changes(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": f"{OWN}{os.pathsep}/bin"}

    make_do(environ)

    assert environ == {"HOME": str(tmp_path), "PATH": f"{OWN}{os.pathsep}/bin"}


@pytest.mark.parametrize("path", ["/bin", f"/bin{os.pathsep}{Path(sys.executable).parent}"])
def test_what_dvc_calls_is_that_of_this_interpreter(tmp_path: Path, path: str) -> None:
    environ = {"HOME": str(tmp_path), "PATH": path}

    make_do(environ)

    assert environ["PATH"] == f"{OWN}{os.pathsep}{path}"


def test_caches_have_a_place_where_home_is_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # as for another user
    environ = {"HOME": str(tmp_path)}

    make_do(environ)

    place = Path(environ["XDG_CACHE_HOME"])
    assert place.stat().st_mode & 0o077 == 0
    assert place.stat().st_uid == os.getuid()
    assert environ["HOME"] == str(tmp_path)  # where its settings are


@pytest.mark.parametrize("home", ["/dev/null", "/dev/null/home", "/nonexistent"])
def test_a_home_that_is_no_folder_is_another(home: str) -> None:
    environ = {"HOME": home}

    make_do(environ)

    assert Path(environ["HOME"]).is_dir()
    assert os.access(environ["HOME"], os.W_OK)


def test_a_user_in_no_list_has_a_name_and_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pwd.getpwuid", nobody)
    monkeypatch.delenv("HOME")
    environ: dict[str, str] = {}

    make_do(environ)

    assert environ["LOGNAME"] == str(os.getuid())
    assert Path(environ["HOME"]).is_dir()


def test_what_somebody_else_put_where_ours_would_be_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: 4321)
    (tmp_path / "keel-4321").mkdir()
    environ = {"HOME": "/nonexistent"}

    make_do(environ)

    assert environ["HOME"] != str(tmp_path / "keel-4321")


@pytest.mark.parametrize(
    ("named", "past"),
    [
        ({"http_proxy": "http://proxy:80"}, "localhost,127.0.0.1,::1"),
        ({"ALL_PROXY": "socks5://proxy:1080"}, "localhost,127.0.0.1,::1"),
        ({"HTTPS_PROXY": "p", "NO_PROXY": ".corp,::1"}, ".corp,::1,localhost,127.0.0.1"),
        ({"HTTPS_PROXY": "p", "no_proxy": "*"}, "*,localhost,127.0.0.1,::1"),
    ],
)
def test_requests_to_this_machine_go_past_a_proxy(
    tmp_path: Path, named: dict[str, str], past: str
) -> None:
    environ = {"HOME": str(tmp_path), **named}

    make_do(environ)

    assert environ["NO_PROXY"] == environ["no_proxy"] == past


@pytest.mark.parametrize(
    ("encoding", "text", "printed"),
    [
        ("ascii", "a → b … “ü” ’s", b'a -> b ... "?" \'s'),
        ("latin-1", "a → “ü” – 東", b'a -> "\xfc" - ?'),
        ("cp1252", "a → ü", b"a -> \xfc"),
        ("utf-8", "→ ü \udce4.csv", b"\xe2\x86\x92 \xc3\xbc \xe4.csv"),
        ("ascii", "└── m\udcfcller", b"+-- m\xfcller"),
    ],
)
def test_what_an_encoding_lacks_is_printed_in_plainer_letters(
    monkeypatch: pytest.MonkeyPatch, encoding: str, text: str, printed: bytes
) -> None:
    screen = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(screen, encoding))

    surroundings.print_anything()
    print(text, end="", flush=True)

    assert screen.getvalue() == printed


@pytest.mark.parametrize("encoding", ["latin-1", "cp437:strict"])
def test_the_command_prints_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    command = (sys.executable, "-m", "keel", "stage", "→")
    environ = {**os.environ, "PYTHONIOENCODING": encoding}

    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, check=False)

    assert done.stderr.startswith(b"error: '->' is no stage")


def test_what_a_library_warns_of_is_one_line() -> None:
    code = """
import warnings
from keel.cli.surroundings import warn_in_a_line
warn_in_a_line()
warnings.warn(UserWarning("not converged.\\nIncrease it, or scale:\\n  https://x"))
"""

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stderr == "warning: not converged. (UserWarning)\n"


LONG = (
    "error: fix the source of customers, or change Customers in tables.py, whatever is easier for:"
    "\n  3 of 4 rows (75.00%) break it: `uv run keel run --force --single-item validate` does it\n"
    "\n  data/quarantine/a-folder-of-a-name-that-is-longer-than-a-terminal-would-be/c.parquet"
)


def test_a_message_fits_the_terminal_and_keeps_words_and_commands_whole() -> None:
    lines = folded(LONG, 60).splitlines()

    assert " ".join(" ".join(lines).split()) == " ".join(LONG.split())
    assert "`uv run keel run --force --single-item validate`" in "".join(lines)
    assert all(len(line) <= 60 or " " not in line.strip() for line in lines)
    assert lines[1].startswith("  ")
    assert folded("error: short\n  indented", 60) == "error: short\n  indented"
