"""Data and models come back from where they are shared: a folder, and an S3 server."""

import shutil
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from rendering import Render, files, must, parse, questions, render

QUICK = "choose: {data: quick}\nset: {}\n"
SHARED = ("data", "model", "reports/report.html")
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "for-tests",
    "AWS_SECRET_ACCESS_KEY": "for-tests",
    "AWS_DEFAULT_REGION": "us-east-1",
}
URLS = {
    "local": "../../flight-delay-storage",  # as seen from .dvc/
    "s3": "s3://flight-delay/data",
    "gs": "gs://flight-delay/data",
    "azure": "azure://flight-delay/data",
    "ssh": "ssh://data.example.com/srv/flight-delay",
}


@pytest.fixture
def s3() -> Iterator[str]:
    """An S3 server on this machine with an empty bucket: its host and port."""
    from moto.server import ThreadedMotoServer  # a second, for one test

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    ask(f"{host}:{port}", "PUT", "/flights")
    yield f"{host}:{port}"
    server.stop()


def test_data_come_back_from_a_folder(trained: Path, project: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "project", symlinks=True)

    push_delete_and_pull(folder, project)

    assert files(tmp_path / "flight-delay-storage")


def test_a_project_moves_to_an_s3_server(s3: str, trained: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(trained, tmp_path / "project", symlinks=True)
    render(folder, storage="s3", storage_s3="s3://flights/data")
    (folder / "conf/overrides.yaml").write_text(QUICK)
    dvc(folder, folder, "repro", "configure")  # it looks into pyproject.toml, which asks for dvc-s3
    dvc(folder, folder, "remote", "modify", "--local", "storage", "endpointurl", f"http://{s3}")

    push_delete_and_pull(folder, folder)

    assert b"<Key>data/files/md5/" in ask(s3, "GET", "/flights?list-type=2")


def test_each_kind_of_storage_is_one_that_dvc_can_install(project: Path) -> None:
    kinds = set(questions()["storage"]["choices"].values()) - {"local"}
    extras = "import importlib.metadata as m; print(*m.metadata('dvc').get_all('Provides-Extra'))"

    known = must(project, "uv", "run", "python", "-c", extras).split()

    assert kinds <= set(known)


@pytest.mark.parametrize(("storage", "url"), URLS.items())
def test_dvc_shares_where_the_answer_says(rendered: Render, storage: str, url: str) -> None:
    settings = parse(rendered(storage=storage) / ".dvc/config")

    assert settings["core"]["remote"] == "storage"
    assert settings["'remote \"storage\"'"]["url"] == url


def ask(server: str, method: str, path: str) -> bytes:
    connection = HTTPConnection(server)
    connection.request(method, path)
    return connection.getresponse().read()


def push_delete_and_pull(folder: Path, environment: Path) -> None:
    """Share all that DVC keeps, lose it, and get it back as it was."""
    before = content(folder)
    dvc(folder, environment, "push")
    for name in SHARED:
        remove(folder / name)
    remove(folder / ".dvc/cache")

    dvc(folder, environment, "pull")

    assert content(folder) == before
    assert dvc(folder, environment, "status") == "Data and pipelines are up to date.\n"
    in_the_cloud = dvc(folder, environment, "status", "--cloud")
    assert in_the_cloud == "Cache and remote 'storage' are in sync.\n"


def dvc(folder: Path, environment: Path, *arguments: str) -> str:
    command = ("uv", "run", "--quiet", "--project", str(environment), "dvc", *arguments)
    return must(folder, *command, **CREDENTIALS)


def content(folder: Path) -> dict[Path, bytes]:
    named = {name for name in files(folder) if name.as_posix().startswith(SHARED)}
    assert named
    return {name: (folder / name).read_bytes() for name in named}


def remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
