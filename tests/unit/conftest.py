"""What the library's tests share."""

import logging
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from builders import PROJECT, REPOSITORY, TODAY, content, store, write_source
from flights import PACKAGE
from hypothesis import settings

from keel.data.store import Store
from keel.pipeline.flow import flow

settings.register_profile("keel", database=None, deadline=None, max_examples=50)
settings.load_profile("keel")

ODD = "[a-c] * müller & o'neil, 50% #1"  # a folder's name, as people have them


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A test that sets up logging does so for itself."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The season's tables as Parquet files; tests leave them as they are."""
    return write_source(tmp_path_factory.mktemp(ODD))


@pytest.fixture(scope="session")
def season_run(tmp_path_factory: pytest.TempPathFactory, source: str) -> Store:
    """All stages, run on the season's tables; tests leave it as it is."""
    finished = store(tmp_path_factory.mktemp(ODD))
    flow(PROJECT, content(source), finished, TODAY)
    return finished


@pytest.fixture
def run_copy(season_run: Store, tmp_path: Path) -> Store:
    """A copy of that run, to change."""
    shutil.copytree(season_run.root, tmp_path / "run")
    return store(tmp_path / "run")


SEASON = """\
# @package _global_
defaults: [full@data, _self_]
data: {{source: "{source}"}}
evaluation:
  resamples: 20
  smallest_slice: 20
  floors: {{auc: 0, calibration_error: 1}}
  slice_floors: {{auc: 0}}
gates:
  {{better_than_baseline: null, feature_loss: null, psi: null, same: null, nulls: null, leak: null}}
"""


@pytest.fixture
def repository(tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project's folder of one's own, to run `keel` in; `data=season` are few rows.

    Its code is imported anew, so that a test can change it.
    """
    root = tmp_path / "flight-delay"
    shutil.copytree(REPOSITORY, root, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "conf/data/season.yaml").write_text(SEASON.format(source=source))
    monkeypatch.chdir(root)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if "flight-delay" not in place])
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        monkeypatch.delitem(sys.modules, name)
    handlers = logging.getLogger().handlers[:]
    yield root
    logging.getLogger().handlers = handlers  # Hydra puts its own in their place
