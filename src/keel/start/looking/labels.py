"""What is predicted of each row, which follows from the target's column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from keel.project.errors import UserError
from keel.start.looking.facts import Facts
from keel.start.looking.kinds import DATED
from keel.start.plan import Type
from keel.start.words import NAMES, meaning_of_yes, says

YES_NO, CLASSES, NUMBER = "yes or no", "one of several", "a number"
TASKS = (YES_NO, CLASSES, NUMBER)
NEEDED = 10  # rows of a class, so that training and test have some
FEW_NUMBERS = 10  # different whole numbers up to which they may be classes
MOST_CLASSES = 100


@dataclass(frozen=True)
class Label:
    """The task that follows from the target, and what its values mean."""

    task: str
    type: Type
    reason: str
    true: Any = None
    doubt: str = ""  # what a person should be asked: "true" or "task"


def label(facts: Facts, *, task: str | None = None, true: Any = None) -> Label:
    """What is predicted by a target.

    Raises UserError if nothing can learn from it, or it does not fit the task or `true`.
    """
    if task is not None and task not in TASKS:
        raise UserError(f"task is {task!r}: make it {', '.join(map(repr, TASKS))}")
    _check(facts)
    if task == NUMBER:
        return _number(facts)
    if task == CLASSES:
        return _classes(facts)
    if task == YES_NO or true is not None or facts.distinct == 2:
        return _yes_no(facts, true)
    return _guessed(facts)


def _guessed(facts: Facts) -> Label:
    if facts.type in (Type.CATEGORY, Type.TEXT, Type.YES_NO):
        return _classes(facts)
    if _is_whole(facts) and facts.distinct <= FEW_NUMBERS:
        if not says(facts.name, NAMES["counted"]):
            return _classes(facts, doubt="" if says(facts.name, NAMES["coded"]) else "task")
        return _number(facts, doubt="task")
    return _number(facts)


def _is_whole(facts: Facts) -> bool:
    values = list(facts.counts)
    return facts.type == Type.WHOLE or (
        bool(values) and facts.type == Type.NUMBER and all(value == int(value) for value in values)
    )


def _check(facts: Facts) -> None:
    name, what = facts.name, facts.type
    if what == Type.NOTHING or not facts.present:
        raise UserError(f"choose another target: {name} is null in all {facts.rows:,} rows")
    if what in DATED:
        raise UserError(
            f"choose a number or a class as the target: {name} is a {what} "
            f"({facts.low} to {facts.high}); the days until then would be a number"
        )
    if facts.odd:
        row, value = facts.odd_values[0]
        raise UserError(
            f"fix {facts.odd:,} of {facts.rows:,} values of the target {name}, or empty them: it "
            f"is a {what}, and row {row:,} has {value!r}"
        )
    if facts.infinite:
        raise UserError(
            f"empty the infinite values of the target {name}: {facts.infinite:,} of {facts.rows:,}"
        )
    if facts.problem and what == Type.TEXT:
        raise UserError(f"fix the target {name}: {facts.problem}")
    if facts.distinct == 1:
        value = next(iter(facts.counts), facts.low)
        raise UserError(
            f"choose another target, or add rows: {name} is {value!r} in all {facts.present:,} "
            "rows that have a value, and a model needs different ones"
        )


def _yes_no(facts: Facts, true: Any) -> Label:
    values = list(facts.counts)
    if true is not None and not any(_is(value, true) for value in values):
        raise UserError(f"true is {true!r}: make it a value of {facts.name}: {_shown(values)}")
    if len(values) != 2:
        raise UserError(
            f"make the task 'one of several', or put the values of {facts.name} into two groups: "
            f"yes or no has two, and it has {facts.distinct:,}, {_shown(values)}"
        )
    _check_classes(facts)
    if facts.type == Type.NUMBER:
        raise UserError(
            f"write the two values of {facts.name} as words or as whole numbers, or make the task "
            f"'a number': they are {_shown(values)}"
        )
    if true is not None:
        chosen = next(value for value in values if _is(value, true))
        return Label(YES_NO, Type.YES_NO, f"{chosen!r} is the one you named", chosen)
    chosen, why, doubt = _meaning(values)
    return Label(YES_NO, Type.YES_NO, f"two values; {chosen!r} is yes, {why}", chosen, doubt)


def _is(value: Any, named: Any) -> bool:
    return value == named or str(value) == str(named)


def _meaning(values: Sequence[Any]) -> tuple[Any, str, str]:
    """Which of two values, the commoner first, is yes; why; and whether to ask."""
    if set(values) == {False, True}:
        return max(values), "as usual", ""
    texts = {str(value).casefold().strip(): value for value in values}
    if len(texts) == 2 and set(texts) != {"1", "2"} and (yes := meaning_of_yes(set(texts))):
        return texts[yes], "as usual", ""
    if set(values) == {-1, 1}:
        return max(values), "as usual", ""
    news = [value for value in values if says(str(value), NAMES["bad_news"])]
    if len(news) == 1:
        return news[0], "by its name", "true"
    return values[1], "the rarer one", "true"


def _classes(facts: Facts, doubt: str = "") -> Label:
    if (
        not facts.counts
        or facts.distinct > MOST_CLASSES
        or (facts.type == Type.TEXT and facts.distinct > facts.present / NEEDED)
    ):
        raise UserError(
            f"choose another target, or put its values into groups: {facts.name} is "
            f"{facts.type} with {facts.distinct:,} different values{_such_as(facts)}, and "
            + (
                f"{MOST_CLASSES} classes are the most"
                if facts.distinct > MOST_CLASSES
                else f"training and test need {NEEDED} rows of each"
            )
        )
    if facts.type == Type.NUMBER and not _is_whole(facts):
        raise UserError(
            f"make the task 'a number', or put the values of {facts.name} into groups: they are "
            f"{_shown(list(facts.counts))}"
        )
    _check_spellings(facts)
    _check_classes(facts)
    if facts.distinct == 2:
        values = _shown(list(facts.counts))
        raise UserError(f"make the task 'yes or no': {facts.name} has two values, {values}")
    what = "whole numbers, taken for classes" if _is_whole(facts) else "classes"
    return Label(CLASSES, facts.type, f"{facts.distinct} {what}", doubt=doubt)


def _check_spellings(facts: Facts) -> None:
    for twice in facts.spellings:
        raise UserError(
            f"spell the values of the target {facts.name} in one way: it has {_shown(twice)}"
        )


def _check_classes(facts: Facts) -> None:
    few = {value: count for value, count in facts.counts.items() if count < NEEDED}
    if few:
        rows = ", ".join(f"{value!r} has {count}" for value, count in list(few.items())[:5])
        raise UserError(
            f"add rows of the rare values of {facts.name}, leave them out, or put them together: "
            f"{rows} of {facts.present:,} rows, and training and test need {NEEDED} of each"
        )


def _number(facts: Facts, doubt: str = "") -> Label:
    if facts.type not in (Type.NUMBER, Type.WHOLE, Type.YES_NO) or isinstance(
        next(iter(facts.counts), 0), str | bool
    ):
        raise UserError(
            f"make the task 'one of several', or choose a number as the target: {facts.name} is "
            f"{facts.type}, {_shown(list(facts.counts))}"
        )
    type_ = facts.type if facts.type != Type.YES_NO else Type.WHOLE
    few = f", {facts.distinct} different ones" if facts.distinct <= FEW_NUMBERS else ""
    return Label(NUMBER, type_, f"numbers, {facts.range}{few}", doubt=doubt)


def _such_as(facts: Facts) -> str:
    return f", such as {_shown(list(facts.counts)[:5])}" if facts.counts else ""


def _shown(values: Sequence[Any]) -> str:
    more = f" and {len(values) - 5:,} more" if len(values) > 5 else ""
    return ", ".join(repr(value) for value in values[:5]) + more
