"""Changes of settings, as DVC records them; how they are read is told by the configuration."""

import pytest
from builders import REPOSITORY

from keel.pipeline.changes import recorded
from keel.project.errors import UserError


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("model=logistic", "++choose.model=logistic"),
        ("data=quick", "++choose.data=quick"),
        ("model@baseline=boosting", "++choose={model@baseline:boosting}"),
        ("model@baseline=a,b", "++choose={model@baseline:a},{model@baseline:b}"),
        ("model.trees=20,30", "++set.model.trees=20,30"),
        ("++data.rows.flights=500", "++set.data.rows.flights=500"),
        ("+evaluation.floors.log_loss=0.6", "++set.evaluation.floors.log_loss=0.6"),
        ("evaluation.slices=[carrier,weekday]", "++set.evaluation.slices=[carrier,weekday]"),
        ("data.source='a=b'", "++set.data.source='a=b'"),
        ("data.source=a=b", "++set.data.source='a=b'"),
        ("data.source=50% #1 & ü;{table}", "++set.data.source='50% #1 & ü;{table}'"),
        ("data.source=/o'neil/[a]/x.csv", r"++set.data.source='/o\'neil/[a]/x.csv'"),
        (r"data.source=C:\new\x.csv", r"++set.data.source='C:\new\x.csv'"),
        ("data.source=a${split.by}", r"++set.data.source='a\${split.by}'"),
        (r"data.source=a\${b}", r"++set.data.source='a\\\${b}'"),
    ],
)
def test_a_change_is_recorded_as_a_choice_of_a_file_or_a_value(change: str, written: str) -> None:
    assert recorded(REPOSITORY / "conf", change) == f"conf/overrides.yaml:{written}"


@pytest.mark.parametrize("change", ["model", "=logistic", "++", "trees 5"])
def test_what_is_no_change_of_a_setting_is_named_with_an_example(change: str) -> None:
    with pytest.raises(UserError, match="is not a change of a setting: write it as name=value"):
        recorded(REPOSITORY / "conf", change)
