"""What a table is taken for, of which only the target has to be said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from keel.judge.leaks import Array
from keel.project.errors import UserError
from keel.start.identifiers import identifier
from keel.start.looking import leaks, orders, roles, ruins
from keel.start.looking.answers import Answered, answered
from keel.start.looking.columns import columns
from keel.start.looking.counting import count
from keel.start.looking.facts import Counted
from keel.start.looking.kinds import DATED
from keel.start.looking.labels import TASKS, label
from keel.start.plan import NAMED, Caution, Column, Plan, Question, Type, Use
from keel.start.reading.read import read
from keel.start.words import NAMES, says

NONE = ""  # what a person says where there is no key, time or group
ANSWERS = ("target", "key", "time", "group", "true", "task", "ahead", "afterwards")


@dataclass(frozen=True)
class Survey:
    """A table that was looked at once, so that a person can be asked of it."""

    table: str
    counted: Counted

    @classmethod
    def of(
        cls, files: str | Path | Iterable[str | Path], scratch: Path, *, name: str | None = None
    ) -> Survey:
        """Look at the table in these files; `scratch` has to live as long as the survey."""
        places = [files] if isinstance(files, str | Path) else list(files)
        table = read(places, scratch)
        called = name or _name(table.source.files, places)
        if name and not (name.isidentifier() and identifier(name) == name):
            raise UserError(f"name is {name!r}: make it a-z, 0-9 and _, such as customers")
        return cls(called, count(table))

    def with_personal(self, names: Sequence[str]) -> Survey:
        """The same with these columns as personal. Raises UserError for one that is not there."""
        exact = tuple(roles.named(self.counted, "personal", name).name for name in names)
        return replace(self, counted=replace(self.counted, named_personal=exact))

    def questions(self, **answers: Any) -> list[Question]:
        """What the table can't tell and was not answered: the target first, and then the others.

        None is no answer, "" means that there is none. What is certain is not asked.
        """
        given = {name: answer for name, answer in answers.items() if answer is not None}
        if "target" not in given:
            return [self._target()]
        answer = answered(self.counted, given)
        asked = [*self._roles(answer), self._label(given)]
        return [question for question in asked if question and question.name not in given]

    def plan(self, *, target: str | None = None, zone: str | None = None, **answers: Any) -> Plan:
        """What the table is taken for, with these answers and the likeliest for the others.

        Raises UserError if nothing can be learned from it, or an answer does not fit.
        """
        if unknown := set(answers) - set(ANSWERS):
            raise TypeError(f"no such answer: {', '.join(unknown)}")
        if not target:
            question = self._target()
            suggested = f" such as {question.suggestion}" if question.suggestion else ""
            choices = ", ".join(map(str, question.choices[:20]))
            raise UserError(f"say what is predicted, with a target{suggested}: {choices}")
        if zone is not None:
            _check_zone(zone)
        given = {"target": target, **answers}
        given = {name: said for name, said in given.items() if said is not None}
        return self._planned(answered(self.counted, given), given, zone)

    def seen(self, *, zone: str | None = None, **answers: Any) -> Plan:
        """The plan that follows from the answers that fit; why another does not is a caution.

        Without a target that can be predicted, one is taken that can. Raises UserError if none can.
        """
        named, question = answers.pop("target", None), self._target()
        targets = dict.fromkeys([named, question.suggestion, *reversed(question.choices)])
        fit: dict[str, Any] = {}
        refused: list[Caution] = []
        for name, said in [*(("target", target) for target in targets), *answers.items()]:
            if name in fit or (said is None and (name != "target" or refused)):
                continue
            try:
                if said is None:
                    self.plan()
                answered(self.counted, {**fit, name: said})
                fit[name] = said
            except UserError as error:
                if name != "target" or not refused:
                    refused.append(Caution("", str(error), f"this is without that {name}"))
        plan = self.plan(zone=zone, **fit)
        return replace(plan, warnings=(*refused, *plan.warnings))

    def _planned(self, answer: Answered, given: Mapping[str, Any], zone: str | None) -> Plan:
        target = leaks.numbers(self.counted, answer)
        leaking = leaks.leaking(self.counted, answer, target)
        later = leaking | dict.fromkeys(answer.afterwards, NAMED)
        found = columns(self.counted, answer, later)
        if not any(column.use in (Use.FEATURE, Use.TIME) for column in found):
            raise UserError(
                f"add columns to predict {answer.target} from: nothing is left: "
                + "; ".join(f"{each.name}: {each.reason}" for each in found[:10])
            )
        return Plan(
            table=self.table,
            source=self.counted.table.source,
            rows=self.counted.table.rows,
            columns=tuple(found),
            task=answer.label.task,
            warnings=tuple(self._warnings(answer, found, target, leaking, zone)),
            zone=zone or "UTC",
            answers=dict(given),
            key=answer.key,
        )

    def _warnings(
        self,
        answer: Answered,
        found: Sequence[Column],
        target: Array,
        leaking: Mapping[str, str],
        zone: str | None,
    ) -> Iterator[Caution]:
        """What may ruin the project, the worst first."""
        facts = self.counted.facts
        yield from ruins.of_leaks(leaking)
        yield from ruins.of_target(facts[answer.target], answer.label.task)
        yield from ruins.of_roles(self.counted, answer, zone)
        yield from ruins.of_times(found)
        yield from orders.of_order(self.counted, found, target)
        by = answer.group if not answer.time or answer.named_group else ""
        yield from orders.of_groups(self.counted, found, target, by)
        for column in found:
            yield from ruins.of_column(facts[column.name], column)
        yield from orders.of_units(self.counted, found)
        yield from orders.of_unknown(self.counted, found)
        yield from ruins.of_persons(found)
        yield from ruins.of_table(self.counted, answer.key)

    def _target(self) -> Question:
        facts = self.counted.facts.values()
        fit = [
            each
            for each in facts
            if each.distinct > 1
            and each.type not in {Type.NOTHING, *DATED}
            and each.name not in self.counted.personal
            and not (each.is_unique and (roles.is_id(each.name) or each.type == Type.TEXT))
        ]
        called = [each.name for each in fit if says(each.name, NAMES["target"])]
        choices = tuple(each.name for each in fit)
        return Question("target", "What is predicted?", choices, called[-1] if called else None)

    def _roles(self, answer: Answered) -> Iterator[Question]:
        """Which columns are key, time and group, where there is a choice."""
        counted, target = self.counted, [answer.target]
        keys = roles.keys(counted, target, counted.personal)
        clear = len(keys) < 2 or (roles.is_id(keys[0]) and not roles.is_id(keys[1]))
        others = [name for name in answer.taken if name != answer.group]
        times = roles.times(counted, target, counted.personal)
        groups = roles.groups(counted, others)
        for name, sentence, choices, likely in (
            (
                "key",
                "Which column is the key, different in each row?",
                [] if clear else keys,
                keys[:1],
            ),
            ("time", "Which column is the moment of the prediction?", times, [answer.time]),
            (
                "group",
                "Rows with the same value of which column belong together?",
                groups,
                groups[:1],
            ),
        ):
            if choices:
                yield Question(name, sentence, (*choices, NONE), likely[0])

    def _label(self, given: Mapping[str, Any]) -> Question | None:
        facts = roles.named(self.counted, "target", given["target"])
        meant = label(facts, task=given.get("task"), true=given.get("true"))
        if meant.doubt == "true":
            sentence = f"Which value of {facts.name} means yes?"
            return Question("true", sentence, tuple(facts.counts), meant.true)
        if meant.doubt == "task":
            return Question("task", f"What is {facts.name}?", TASKS[1:], meant.task)
        return None


def _name(files: tuple[Path, ...], places: list[str | Path]) -> str:
    """The table's name by its file's, or the folder's of several files."""
    stem = re.sub(r"(\.\w+){1,2}$", "", files[0].name)
    if len(files) > 1:
        place = Path(places[0])
        stem = place.name if len(places) == 1 and place.is_dir() else files[0].resolve().parent.name
    return identifier(stem) or "examples_table"


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise UserError(f"zone is {zone!r}: make it one such as Europe/Berlin or UTC") from error
