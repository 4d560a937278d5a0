import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import hydra
import pytest
import yaml
from builders import PROJECT, REPOSITORY, content, store
from omegaconf import OmegaConf

from keel.pipeline import configuration
from keel.pipeline.configuration import checked, compose, overrides
from keel.project.errors import UserError

CONF = REPOSITORY / "conf"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the project's settings, to change."""
    shutil.copytree(CONF, tmp_path / "conf")
    return tmp_path


def change(folder: Path, **parts: Any) -> Path:
    """Write `overrides.yaml`."""
    file = folder / "overrides.yaml"
    file.write_text(yaml.safe_dump(parts, allow_unicode=True), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "changes", [["model=logistic"], ["data=quick", "model.trees=7"], ["++data.rows.planes=3"]]
)
def test_settings_are_composed_as_hydra_does(changes: list[str]) -> None:
    with hydra.initialize_config_dir(str(CONF), version_base="1.3"):
        composed = hydra.compose("config", changes)

    assert compose(CONF, changes) == OmegaConf.to_container(composed, resolve=True)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            "model=nope",
            r"^model=nope: there is no such file in conf/model/, which has boosting, logistic$",
        ),
        ("model@baseline=nope", r"^model@baseline=nope: .* conf/model/, which has boosting, logi"),
        ("model@baselin=boosting", r"^baselin is not a setting: did you mean baseline\?$"),
        ("nope=1", r"^nope is not a setting: take it out; there are data, split, model, baseline"),
        ("++nope=1", r"^nope is not a setting: take it out"),
        ("+nope=1", r"^nope is not a setting: take it out"),
        ("modle=logistic", r"^modle is not a setting: did you mean model\?$"),
        ("model.tres=1", r"^model\.tres is not a setting: did you mean model\.trees\?$"),
        ("++model.tres=1", r"^model\.tres is not a setting: did you mean model\.trees\?$"),
        ("baseline.tres=1", r"^baseline\.tres is not .* there are baseline\.regularisation, base"),
        ("data.sauce=1", r"^data\.sauce is not a setting: did you mean data\.source\?$"),
        ("evaluation.tres=1", r"^evaluation\.tres is not a setting: .* evaluation\.floors, "),
        ("model.name=nope", r"^model\.name is 'nope': the models of the project are boosting, log"),
        ("model.name=__init__", r"the models of the project are boosting, logistic"),
        ("model.trees=", r"^model\.trees is '': input should be a valid integer"),
        ("model.trees=[1", r"^model\.trees is '\[1': input should be a valid integer"),
        (
            "model.trees=5,6",
            r"^model\.trees=5,6 are several values: add --multirun to run each, or",
        ),
        ("model.trees=0", r"^model\.trees is 0: input should be greater than 0$"),
        ("model.trees=many", r"^model\.trees is 'many': input should be a valid integer"),
        ("model.trees=1.5", r"^model\.trees is 1\.5: input should be a valid integer"),
        (
            "data.tolerated=1.5",
            r"^data\.tolerated is 1\.5: input should be less than or equal to 1",
        ),
        ("data.tolerated=nan", r"^data\.tolerated is nan: input should be less than or equal to 1"),
        ("++data.rows.flights=0", r"^data\.rows\.flights is 0: input should be greater than 0$"),
        ("split.test_from=soon", r"^split\.test_from is 'soon': input should be a valid date"),
        ("evaluation.slices=carrier", r"^evaluation\.slices is 'carrier': .* valid list$"),
        ("evaluation.floors={auc: high}", r"^evaluation\.floors\.auc is 'high': .* valid number"),
        ("evaluation.agreed_by=''", r"^evaluation\.agreed_by is ''"),
        ("model=null", r"^model=None: there is no such file in conf/model/"),
        ("split=null", r"^split is None: write names with"),
        ("~split.test_from", r"^split is \{.*\}: .*by: time takes test_from"),
        ("~split", r"^split is missing: give it a value in conf/$"),
        ("~model.trees", r"^model\.trees is missing"),
        ("~baseline.iterations", r"^baseline\.iterations is missing"),
        ("model.trees=${nope}", r"Interpolation key 'nope' not found"),
        ("nonsense", r"^'nonsense' is not a change of a setting: write it as name=value, such as"),
        ("=5", r"^'=5' is not a change of a setting"),
        ("a b=5", r"^'a b=5' is not a change of a setting"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value_and_what_is_allowed(
    wrong: str, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        checked(PROJECT, compose(CONF, [wrong]), "")


@pytest.mark.parametrize(
    ("change", "place", "value"),
    [
        (
            "data.source=https://host/{table}.csv?a=b",
            ("data", "source"),
            "https://host/{table}.csv?a=b",
        ),
        ("evaluation.floors.log_loss=0.6", ("evaluation", "floors", "log_loss"), 0.6),
        ("data.rows.flights=500", ("data", "rows", "flights"), 500),
        ("+data.rows.flights=500", ("data", "rows", "flights"), 500),
        ("model=logistic", ("model", "name"), "logistic"),
        ("gates.gap=null", ("gates", "gap"), None),
    ],
)
def test_a_change_means_what_everybody_guesses(
    change: str, place: tuple[str, ...], value: object
) -> None:
    composed: Any = compose(CONF, [change])

    for part in place:
        composed = composed[part]
    assert composed == value


def test_a_folder_of_choices_that_is_not_among_the_defaults_can_be_chosen_from(
    project: Path,
) -> None:
    (project / "conf/try").mkdir()
    (project / "conf/try/small.yaml").write_text("# @package _global_\nmodel: {trees: 3}\n")

    assert compose(project / "conf", ["try=small"])["model"]["trees"] == 3


def test_all_wrong_settings_are_named_at_once() -> None:
    with pytest.raises(UserError) as error:
        checked(
            PROJECT, compose(CONF, ["data.tolerated=2", "split.test_from=soon", "~data.nulls"]), ""
        )

    assert [line.split()[0] for line in str(error.value).splitlines()] == [
        "data.nulls",
        "data.tolerated",
        "split.test_from",
    ]


BROKEN_FILES = {
    "not YAML": (
        "config.yaml",
        b"split: {test_from: ",
        r"(?s)conf/ can't be composed: .*config\.yaml",
    ),
    "not YAML below": ("model/boosting.yaml", b"name: [", r"(?s)conf/ can't.*boosting\.yaml"),
    "said twice": ("model/boosting.yaml", b"name: a\nname: b", r"(?s)duplicate key name"),
    "a list": ("config.yaml", b"- split", r"conf/ can't be composed"),
    "a list below": ("model/boosting.yaml", b"- boosting", r"model is \['boosting'\]"),
    "nothing": ("config.yaml", b"", r"data is missing: give it a value"),
    "nothing below": ("model/boosting.yaml", b"", r"model\.name is missing"),
    "no UTF-8": (
        "data/full.yaml",
        "source: é".encode("latin-1"),
        r"conf/ can't be composed: 'utf-8'",
    ),
    "wrong defaults": ("config.yaml", b"defaults: full", r"conf/ can't be composed: .*efaults"),
}


@pytest.mark.parametrize(("name", "text", "message"), BROKEN_FILES.values(), ids=BROKEN_FILES)
def test_a_broken_settings_file_is_named(
    project: Path, name: str, text: bytes, message: str
) -> None:
    (project / "conf" / name).write_bytes(text)

    with pytest.raises(UserError, match=message):
        checked(PROJECT, compose(project / "conf", []), "")


def test_a_folder_without_settings_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no conf/config\.yaml here: run this in the project's"):
        compose(tmp_path / "conf", [])


def test_overrides_choose_files_and_set_values(tmp_path: Path) -> None:
    file = change(
        tmp_path,
        choose={"model": "logistic", "model@baseline": "boosting"},
        set={
            "split": {"test_from": date(2013, 8, 1)},
            "baseline": {"trees": 7, "learning_rate": 0.5},
            "evaluation": {"slices": ["carrier", "weekday"], "floors": {"log_loss": 0.6}},
            "data": {"rows": {"planes": 5}, "nulls": []},
        },
    )

    composed = compose(CONF, overrides(file))

    found = checked(PROJECT, composed, "")
    assert (found.model.name, found.baseline.name) == ("logistic", "boosting")
    assert found.split.test_from == date(2013, 8, 1)
    assert composed["baseline"]["trees"] == 7
    assert found.evaluation.slices == ["carrier", "weekday"]
    assert found.evaluation.floors["log_loss"] == 0.6
    assert found.evaluation.floors["auc"] == 0.68
    assert found.data.rows == {"planes": 5}
    assert found.data.nulls == []


def test_an_empty_mapping_takes_away_what_was_there(tmp_path: Path) -> None:
    file = change(tmp_path, set={"evaluation": {"floors": {}}, "model": {}})

    assert checked(PROJECT, compose(CONF, overrides(file)), "").evaluation.floors == {}


def test_who_agreed_on_no_floor_agreed_on_nothing(tmp_path: Path) -> None:
    file = change(tmp_path, set={"evaluation": {"floors": {}, "agreed_by": "sales"}})

    with pytest.raises(UserError, match=r"^evaluation is \{.*…\}: give floors what was agreed on"):
        checked(PROJECT, compose(CONF, overrides(file)), "")


@pytest.mark.parametrize("text", ["", "choose:\nset:\n", "choose: {}\nset: {}\n"])
def test_empty_overrides_change_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "overrides.yaml").write_text(text)

    assert overrides(tmp_path / "overrides.yaml") == []


def test_missing_overrides_change_nothing(tmp_path: Path) -> None:
    assert overrides(tmp_path / "overrides.yaml") == []


@pytest.mark.parametrize(
    "value",
    ["\\N", "C:\\new", "end\\", "it's", "\\'", "a=b, {c: [d]}", "", "null", "1e3", "yes", " é "],
)
def test_text_in_overrides_is_taken_word_for_word(tmp_path: Path, value: str) -> None:
    file = change(tmp_path, set={"data": {"nulls": [value], "source": f"x{value}"}})

    found = checked(PROJECT, compose(CONF, overrides(file)), "")

    assert (found.data.nulls, found.data.source) == ([value], f"x{value}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model: logistic",
            r"overrides\.yaml: model is not a setting: .* there are ",
        ),
        ("- model", r"overrides\.yaml is \['model'\]: write names with values"),
        (
            "set: model.trees=5",
            r"set is 'model\.trees=5': write names with values",
        ),
        (
            "choose: [logistic]",
            r"choose is \['logistic'\]: write names with values",
        ),
        ("set: {", r"(?s)overrides\.yaml is not YAML: .*line 1"),
        ("\tset: {}", r"overrides\.yaml is not YAML"),
        ("set: {data: {sauce: x}}", r"^data\.sauce is not a setting"),
        ("set: {model: {trees: yes please}}", r"^model\.trees is 'yes please'"),
        ("choose: {modle: logistic}", r"^modle is not a setting: did you mean model\?"),
        ("choose: {model: nope}", r"^model=nope: there is no such file in conf/model/"),
    ],
)
def test_wrong_overrides_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "overrides.yaml").write_text(text)

    with pytest.raises(UserError, match=message):
        checked(PROJECT, compose(CONF, overrides(tmp_path / "overrides.yaml")), "")


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    changes = {"data.nulls": ["\\N", "yes", "é", "1e3", ""], "data.source": "a: b # c"}
    written = configuration.write(PROJECT, content("x") | content("x", changes), store(tmp_path))

    assert configuration.load(store(tmp_path)) == written
    assert written.data.nulls == changes["data.nulls"]


def test_wrong_settings_leave_the_composed_ones_of_before(project: Path) -> None:
    configuration.configure(project, PROJECT)
    before = (project / "settings.yaml").read_bytes()
    (project / "conf/overrides.yaml").write_text("set: {model: {trees: -1}}")

    with pytest.raises(UserError, match=r"model\.trees is -1"):
        configuration.configure(project, PROJECT)

    assert (project / "settings.yaml").read_bytes() == before


@pytest.mark.parametrize("text", [b"", b"[]", b"a: b: c", b"\xff\xfe", b"settings"])
def test_a_broken_settings_yaml_says_how_to_get_a_new_one(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "settings.yaml").write_bytes(text)

    with pytest.raises(UserError, match=r"settings\.yaml .*: delete it, then `uv run keel run`"):
        configuration.load(store(tmp_path))


def test_a_missing_settings_yaml_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"settings\.yaml is missing: `uv run keel run` makes it"):
        configuration.load(store(tmp_path))


def test_what_dvc_remembers_of_the_settings_is_json(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "conf", tmp_path / "conf")
    waiver = "gap: {why: a strike, owner: the lead, until: 2027-01-31}\n"
    (tmp_path / "conf/waivers.yaml").write_text(waiver)

    configuration.configure(tmp_path, PROJECT)

    settings = yaml.safe_load((tmp_path / "settings.yaml").read_text())
    assert json.loads(json.dumps(settings)) == settings
    assert settings["waivers"]["gap"]["until"] == "2027-01-31"
