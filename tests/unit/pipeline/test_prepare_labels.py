"""Labels that nothing can be learnt from are refused before anything is trained."""

from pathlib import Path

import polars as pl
import pytest
from builders import TODAY
from small import small_project, small_settings, small_store

from keel.pipeline.flow import flow
from keel.project.errors import UserError


@pytest.mark.parametrize(
    ("bought", "message"),
    [
        (pl.lit(value=True), r"bought is Boolean, and all 400 labels are True; a model needs both"),
        (pl.lit(None, pl.Boolean), r"bought is Boolean, and no example has a label"),
    ],
)
def test_a_label_that_never_varies_stops_at_the_examples(
    tmp_path: Path, bought: pl.Expr, message: str
) -> None:
    settings = small_settings(tmp_path / "source")
    file = tmp_path / "source/visits.parquet"
    pl.read_parquet(file).with_columns(bought=bought).write_parquet(file)
    store = small_store(tmp_path)

    with pytest.raises(UserError, match=message):
        flow(small_project(), settings, store, TODAY)

    assert not store.examples.exists()
    assert not store.model.exists()
