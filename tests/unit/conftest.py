"""What the library's tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from builders import PROJECT, TODAY, content, store, write_source
from hypothesis import settings

from keel.data.store import Store
from keel.pipeline.flow import flow

settings.register_profile("keel", database=None, deadline=None, max_examples=50)
settings.load_profile("keel")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A test that sets up logging does so for itself."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The season's tables as Parquet files; tests leave them as they are."""
    return write_source(tmp_path_factory.mktemp("source"))


@pytest.fixture(scope="session")
def season_run(tmp_path_factory: pytest.TempPathFactory, source: str) -> Store:
    """All stages, run on the season's tables; tests leave it as it is."""
    finished = store(tmp_path_factory.mktemp("season"))
    flow(PROJECT, content(source), finished, TODAY)
    return finished


@pytest.fixture
def run_copy(season_run: Store, tmp_path: Path) -> Store:
    """A copy of that run, to change."""
    shutil.copytree(season_run.root, tmp_path / "run")
    return store(tmp_path / "run")
