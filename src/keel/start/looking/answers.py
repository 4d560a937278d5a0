"""Which columns are target, key, time and group: those that were named, or the likeliest."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keel.project.errors import UserError
from keel.start.looking import roles
from keel.start.looking.facts import Counted
from keel.start.looking.labels import Label, label
from keel.start.plan import NAMED, Use


@dataclass(frozen=True)
class Answered:
    """Which columns have a part of their own."""

    target: str
    key: tuple[str, ...]
    time: str
    group: str
    label: Label
    named_group: bool
    reasons: Mapping[str, str] = field(default_factory=dict)
    ahead: tuple[str, ...] = ()  # what is known when it is predicted
    afterwards: tuple[str, ...] = ()  # what is not

    @property
    def taken(self) -> dict[str, Use]:
        """What these columns are for. A part of a key that is no id may be a feature as well."""
        others = {self.time: Use.TIME, self.group: Use.GROUP, self.target: Use.TARGET}
        ids = [name for name in self.key if len(self.key) == 1 or roles.is_id(name)]
        return {**dict.fromkeys(ids, Use.KEY), **{k: use for k, use in others.items() if k}}


def answered(counted: Counted, given: Mapping[str, Any]) -> Answered:
    """The columns that were named, and the likeliest for those that were not.

    Raises UserError if one that was named can't be what it is named for.
    """
    target = roles.named(counted, "target", given["target"]).name
    named = [roles.named(counted, "key", name).name for name in _names(given.get("key"), counted)]
    others = {name: said for name in ("time", "group") if (said := given.get(name))}
    exact = {name: roles.named(counted, name, said).name for name, said in others.items()}
    given = {**given, **exact}
    ahead, afterwards = (
        [roles.named(counted, name, column).name for column in given.get(name, ())]
        for name in ("ahead", "afterwards")
    )
    known = {"feature": ahead, "outcome": afterwards}
    _check_different({"target": [target], "key": named, **_roles(given), **known})
    taken = [target, *named, *itertools.chain(*_roles(given).values())]
    taken += [*ahead, *afterwards]
    time = given.get("time", next(iter(roles.times(counted, taken, counted.personal)), ""))
    if time:
        roles.check_time(counted, time)
    key = tuple(named)
    if key:
        roles.check_key(counted, key)
    elif "key" not in given:
        key = tuple(roles.keys(counted, [*taken, *filter(None, [time])], counted.personal)[:1])
    group = given.get("group", next(iter(roles.groups(counted, [*taken, time, *key])), ""))
    if not key and "key" not in given:
        key = roles.together(counted, target, time, group)
    meant = label(counted.facts[target], task=given.get("task"), true=given.get("true"))
    said = dict.fromkeys((*named, *(v[0] for v in _roles(given).values())), NAMED)
    known_when = (tuple(ahead), tuple(afterwards))
    return Answered(target, key, time, group, meant, bool(given.get("group")), said, *known_when)


def _names(key: Any, counted: Counted) -> list[str]:
    """The columns of a key: one, several with commas between them, or a list."""
    if not key:
        return []
    if not isinstance(key, str):
        return list(key)
    return [key] if key in counted.facts else [name.strip() for name in key.split(",")]


def _roles(given: Mapping[str, Any]) -> dict[str, list[str]]:
    return {name: [given[name]] for name in ("time", "group") if given.get(name)}


def _check_different(parts_: Mapping[str, list[str]]) -> None:
    part_of: dict[str, str] = {}
    for part, names in parts_.items():
        for name in names:
            other = part_of.setdefault(name, part)
            if other != part and ("target" in (other, part) or "key" not in (other, part)):
                raise UserError(f"name another column as the {part}: {name} is the {other}")
