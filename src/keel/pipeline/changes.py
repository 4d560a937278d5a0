"""Changes of settings, as a person types them or `conf/overrides.yaml` has them, for Hydra."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from keel.project.errors import UserError

QUOTES = "'"
USE = "write it as name=value, such as data=quick or model.trees=50"


def for_hydra(conf: Path, changes: Iterable[str], *, sweep: bool = False) -> list[str]:
    """The changes as Hydra takes them, whatever signs it asks for.

    A value need not be there yet, such as the floor of another metric: the types say afterwards
    which setting there is none of. What is not in Hydra's grammar is text, word for word.
    Raises UserError for what is no change, a choice that `conf/` does not have, and several values
    where it is no sweep.
    """
    if not (conf / "config.yaml").is_file():
        raise UserError(
            f"there is no {conf.name}/config.yaml here: run this in the project's folder"
        )
    return [_for_hydra(conf, change, sweep=sweep) for change in changes]


def first_of_each(changes: Iterable[str]) -> list[str]:
    """The changes with the first of several values, to check a sweep before it starts."""
    first = []
    for change in changes:
        parsed = _parsed(change)
        if parsed.is_discrete_sweep():
            first.append(f"{change.partition('=')[0]}={next(parsed.sweep_string_iterator())}")
        elif not parsed.is_sweep_override():
            first.append(change)
    return first


def recorded(conf: Path, change: str) -> str:
    """A change such as `model=logistic` as one of `conf/overrides.yaml`, which DVC records."""
    name, separator, value = change.lstrip("+").partition("=")
    if not separator or not name:
        raise UserError(f"{change!r} is not a change of a setting: {USE}")
    if "@" in name:  # DVC takes it in a value only
        choices = ",".join(f"{{{name}:{choice}}}" for choice in value.split(","))
        return f"conf/overrides.yaml:++choose={choices}"
    part = "choose" if (conf / name).is_dir() else "set"
    return f"conf/overrides.yaml:++{part}.{name}={value}"


def flat(tree: dict[str, Any], prefix: str = "") -> list[str]:
    """`{model: {trees: 50}}` as `["model.trees=50"]`: only a whole value is a change."""
    changes = []
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and (value or not prefix):
            changes += flat(value, f"{name}.")
            continue
        if value == {}:
            changes.append(f"~{name}")  # Hydra would add nothing to the mapping that is there
        changes.append(f"{name}={_as_override(value)}")
    return changes


def _for_hydra(conf: Path, change: str, *, sweep: bool) -> str:
    if change.startswith(("~", "hydra.", "hydra/")):
        return change
    name, separator, value = change.lstrip("+").partition("=")
    if not separator or not re.fullmatch(r"[\w.@/$-]+", name):
        raise UserError(f"{change!r} is not a change of a setting: {USE}")
    try:
        parsed = _parsed(f"{name}={value}")
    except UserError:
        value = _as_override(value)
        parsed = _parsed(f"{name}={value}")
    if parsed.is_sweep_override() and not sweep:
        raise UserError(
            f"{change} are several values: add --multirun to run each, "
            f"or write a list as {name}=[{value}]"
        )
    group = name.partition("@")[0]
    if "@" not in name and not (conf / group).is_dir():
        return f"++{name}={value}"
    _check_choices(conf, group, name, parsed)
    return f"{'' if name in _in_defaults(conf) else '+'}{name}={value}"


def _check_choices(conf: Path, group: str, name: str, parsed: Any) -> None:
    """Raise UserError if a file is chosen that is not there."""
    if parsed.is_sweep_override() and not parsed.is_choice_sweep():
        return  # such as a pattern, which takes those that are there
    choices = sorted(file.stem for file in (conf / group).glob("*.yaml"))
    chosen = list(parsed.sweep_iterator()) if parsed.is_choice_sweep() else [parsed.value()]
    for choice in chosen:
        if choice not in choices and not isinstance(choice, list):
            raise UserError(
                f"{name}={_as_override(choice).strip(QUOTES)}: there is no such file in "
                f"conf/{group}/, which has {', '.join(choices)}"
            )


def _in_defaults(conf: Path) -> Iterator[str]:
    """What is chosen in the list `defaults` of `conf/config.yaml`, such as model@baseline."""
    try:
        content = yaml.safe_load((conf / "config.yaml").read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # Hydra says what is wrong with it
    for entry in (content.get("defaults") or []) if isinstance(content, dict) else []:
        if isinstance(entry, dict):
            yield from (name.rpartition(" ")[2] for name in entry)


def _parsed(change: str) -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(change)
    except HydraException as error:
        raise UserError(f"{change!r} is not a change of a setting: {USE}") from error


def _as_override(value: Any) -> str:
    """The value in Hydra's grammar, which is JSON but for the keys of mappings."""
    if isinstance(value, list):
        return f"[{','.join(map(_as_override, value))}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_as_override(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        # A backslash stands for itself, except before a quotation mark.
        escaped = re.sub(r"(\\+)(?='|\Z)", r"\1\1", value).replace("'", "\\'")
        return f"'{escaped}'"
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
