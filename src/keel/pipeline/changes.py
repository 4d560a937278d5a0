"""Changes of settings, as a person types them or `conf/overrides.yaml` has them."""

import re
from collections.abc import Iterable
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from keel.project.errors import UserError

USE = "write it as name=value, such as data=quick or model.trees=50"

PLAIN = re.compile(r"[\w./-]*", re.ASCII)  # what any grammar takes for text


class Change(NamedTuple):
    """Another value of a setting, or another file of a folder of `conf/`."""

    name: str
    values: list[Any]  # several are for a run each; none takes the setting away


def read(text: str) -> Change:
    """A change as it is typed, in Hydra's grammar; what is not in that is text, word for word.

    Raises UserError for what is no change.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    if text.startswith("~"):
        return Change(text[1:], [])
    name, separator, value = text.lstrip("+").partition("=")
    if not separator or not re.fullmatch(r"[\w.@/$-]+", name):
        raise UserError(f"{text!r} is not a change of a setting: {USE}")
    try:
        parsed = OverridesParser.create().parse_override(f"{name}={value}")
        if parsed.is_discrete_sweep():
            texts = parsed.sweep_string_iterator()
            return Change(name, [read(f"{name}={text}").values[0] for text in texts])
        return Change(name, [parsed.value()])
    except HydraException:
        return Change(name, [value])


def flat(tree: dict[str, Any], prefix: str = "") -> list[Change]:
    """`{model: {trees: 50}}` as `model.trees=50`: only a whole value is a change."""
    changes = []
    for key, value in tree.items():
        if isinstance(value, dict) and (value or not prefix):
            changes += flat(value, f"{prefix}{key}.")
        else:
            plain = str(value) if isinstance(value, date) else value  # OmegaConf has no dates
            changes.append(Change(f"{prefix}{key}", [plain]))
    return changes


def variants(changes: Iterable[Change]) -> list[list[Change]]:
    """Each combination of the values that a sweep asks for."""
    each = [
        [Change(name, [value]) for value in values] or [Change(name, [])]
        for name, values in changes
    ]
    return [list(combination) for combination in product(*each)]


def choice(conf: Path, change: Change) -> str | None:
    """The change as Hydra takes the choice of a file; None if it is no choice.

    Raises UserError for a file that is not there, and for several values.
    """
    name, values = change
    if not values:
        return f"~{name}"
    if len(values) > 1:
        listed = ",".join(map(str, values))
        raise UserError(
            f"{name}={listed} are several values: add --multirun to run each, "
            f"or write a list as {name}=[{listed}]"
        )
    folder = conf / name.partition("@")[0]
    if "@" not in name and not folder.is_dir():
        return None
    files = sorted(file.stem for file in folder.glob("*.yaml"))
    if values[0] not in files:
        raise UserError(
            f"{name}={values[0]}: there is no such file in conf/{folder.name}/, which has "
            + ", ".join(files)
        )
    config = (conf / "config.yaml").read_text(encoding="utf-8")
    default = re.search(rf"^ *- *(override +)?{re.escape(name)} *:", config, re.MULTILINE)
    return f"{'' if default else '+'}{name}={values[0]}"


def recorded(conf: Path, change: str) -> str:
    """A change such as `model=logistic` as one of `conf/overrides.yaml`, which DVC records."""
    name, separator, value = change.lstrip("+").partition("=")
    if not separator or not name:
        raise UserError(f"{change!r} is not a change of a setting: {USE}")
    plain = value
    value = re.sub(r"(\\*)\$\{", r"\1\1\\${", value)  # what is in ${} the pipeline reads, not DVC
    if not PLAIN.fullmatch(value) and read(f"{name}={plain}").values == [plain]:
        escaped = re.sub(r"(\\*)('|$)", lambda end: end[1] * 2 + end[2].replace("'", "\\'"), value)
        value = f"'{escaped}'"
    if "@" in name:  # DVC takes it in a value only
        choices = ",".join(f"{{{name}:{choice}}}" for choice in value.split(","))
        return f"conf/overrides.yaml:++choose={choices}"
    part = "choose" if (conf / name).is_dir() else "set"
    return f"conf/overrides.yaml:++{part}.{name}={value}"
