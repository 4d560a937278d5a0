"""Settings: composed from `conf/` by Hydra, checked by their types, written to `settings.yaml`.

DVC compares `settings.yaml` with the last run, so a stage runs again when a value that it uses
changes, wherever in `conf/` that was.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from keel.data.store import Store
from keel.judge.metrics.known import check_metrics
from keel.model.choice import learner
from keel.pipeline.changes import Change, choice, flat, read
from keel.pipeline.code import digests
from keel.project.description import Project
from keel.project.errors import UserError, reason
from keel.project.settings import Section, Settings, Waiver, from_yaml, sentences

HEADER = "# Composed from conf/ by `uv run keel run`: change it there, not here.\n"


def configure(root: Path, project: Project) -> None:
    """Compose the settings of the project, with `conf/overrides.yaml`, into `settings.yaml`."""
    conf = root / "conf"
    write(project, compose(conf, overrides(conf / "overrides.yaml")), Store(root, root))


def compose(conf: Path, changes: Sequence[str | Change]) -> dict[str, Any]:
    """The settings in `conf`, with changes such as `model=logistic` and `model.trees=50`.

    A value need not be there yet, such as the floor of another metric: the types say afterwards
    which setting there is none of. Raises UserError if `conf` is broken, or a change is none.
    """
    from hydra import compose, initialize_config_dir  # slow to import, and only needed here
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import (
        GrammarParseError,
        InterpolationResolutionError,
        OmegaConfBaseException,
    )

    if not (conf / "config.yaml").is_file():
        raise UserError(
            f"there is no {conf.name}/config.yaml here: run this in the project's folder"
        )
    try:
        read_changes = [read(change) if isinstance(change, str) else change for change in changes]
        choices = {change.name: choice(conf, change) for change in read_changes}
        with initialize_config_dir(str(conf.resolve()), version_base="1.3"):
            composed = compose("config", [chosen for chosen in choices.values() if chosen])
        for name, values in read_changes:
            if choices[name] is None:
                OmegaConf.update(composed, name, *values, merge=bool(values[0]), force_add=True)
        return cast("dict[str, Any]", OmegaConf.to_container(composed, resolve=True))
    except (HydraException, OmegaConfBaseException, yaml.YAMLError, ValueError) as error:
        cause = error if str(error) else error.__cause__ or error  # Hydra wraps some without a word
        if isinstance(cause, (GrammarParseError, InterpolationResolutionError)):
            raise UserError(
                "name a setting between ${ and }, or write \\${ where that is the text itself:\n  "
                f"{cause.full_key or 'conf/'}: {reason(cause)}"
            ) from error
        raise UserError(f"conf/ can't be composed: {reason(cause)}") from error


class Overrides(Section):
    """What `conf/overrides.yaml` asks for: other files of `conf/`, and other values."""

    choose: dict[str, Any] | None = None
    set: dict[str, Any] | None = None


def overrides(file: Path) -> list[Change]:
    """The changes that a file such as `conf/overrides.yaml` asks for."""
    parts: Overrides = from_yaml(Overrides, file)
    return [*flat(parts.choose or {}), *flat(parts.set or {})]


def checked(project: Project, content: Any, place: str) -> Settings:
    """The settings as their types. Raises UserError naming each wrong one."""
    settings = _typed(content, place)
    for key in ("model", "baseline"):
        learner(project, getattr(settings, key), f"{place}{key}.")
    check_metrics(project, settings.evaluation)
    return settings


def write(project: Project, content: dict[str, Any], store: Store) -> Settings:
    """Check the settings and write them down."""
    gates = waivers(store.repository / "conf")
    waived = {name: waiver.model_dump() for name, waiver in gates.items()}
    settings = checked(project, {**content, "waivers": waived, "code": digests()}, "")
    own = settings.model_dump(  # in the form in which DVC compares it
        mode="json", include={"data", "interval", "gates", "staleness", "waivers", "code"}
    )
    whole = {**content, **own}
    text = yaml.safe_dump(whole, sort_keys=False, allow_unicode=True)
    store.write_text(store.settings, HEADER + text)
    return settings


def waivers(conf: Path) -> dict[str, Waiver]:
    """What `conf/waivers.yaml` says, by gate; nothing without that file."""
    waived: dict[str, Waiver] = from_yaml(dict[str, Waiver], conf / "waivers.yaml")
    if "floors" in waived:
        raise UserError("conf/waivers.yaml: floors can't be waived: change them in conf/")
    return waived


def load(store: Store) -> Settings:
    """The settings of this run; those of the models were checked when they were written."""
    try:
        content = yaml.safe_load(store.read_text(store.settings))
    except yaml.YAMLError:
        content = None
    if not isinstance(content, dict):
        raise UserError("settings.yaml is broken: delete it, then `uv run keel run`")
    return _typed(content, "")


def _typed(content: Any, place: str) -> Settings:
    try:
        return Settings.model_validate(content)
    except ValidationError as error:
        raise UserError(sentences(error, place, Settings)) from error
