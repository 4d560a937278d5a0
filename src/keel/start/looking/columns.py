"""What each column is used for, and why; its range, its values, and an ordinary one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import polars as pl

from keel.start.identifiers import identifiers
from keel.start.looking import roles
from keel.start.looking.answers import Answered
from keel.start.looking.facts import TOLERATED, Counted, Facts
from keel.start.looking.kinds import DATED, NUMERIC
from keel.start.looking.labels import NUMBER
from keel.start.looking.personal import sensitive
from keel.start.plan import Column, Type, Use

MOSTLY_NULL = 0.98
FREE_TEXT = 25  # letters, in the median
ORDINARY = 5  # rows that have to have a value for it to be nobody's


def columns(counted: Counted, answer: Answered, leaking: Mapping[str, str]) -> list[Column]:
    """Each column with what it is for; those in `leaking`, with reasons, are known afterwards."""
    facts = counted.facts
    return [
        replace(_column(counted, answer, each, leaking), identifier=name)
        for each, name in zip(facts.values(), identifiers(facts), strict=True)
    ]


def _column(counted: Counted, answer: Answered, facts: Facts, leaking: Mapping[str, str]) -> Column:
    name = facts.name
    use, reason = _use(counted, answer, facts, leaking)
    is_class = use == Use.TARGET and answer.label.task != NUMBER
    is_personal = name in counted.personal
    column = Column(
        name=name,
        type=answer.label.type if use == Use.TARGET else facts.type,
        use=use,
        reason=reason,
        nulls=facts.nulls / facts.rows,
        distinct=facts.distinct,
        true=answer.label.true if use == Use.TARGET else None,
        zone=facts.kind.zone,
        unit=facts.kind.numerals.unit if facts.kind.numerals else "",
        form=facts.kind.dates.form if facts.kind.dates else _id_format(counted, facts, use),
        personal=is_personal,
        sensitive=bool(sensitive(name)),
    )
    if is_personal or (use == Use.KEY and facts.type in (Type.TEXT, Type.CATEGORY)):
        return column
    return replace(
        column,
        values=_values(facts, column, is_class=is_class),
        **_ends(facts),
        typical=_typical(counted.sample[name], facts),
    )


def _id_format(counted: Counted, facts: Facts, use: Use) -> str | None:
    """How ids of one form are written by their number: "C{:05}" where C00012 is one."""
    ids = counted.sample[facts.name].drop_nulls()
    if use not in (Use.KEY, Use.GROUP) or ids.dtype != pl.String:
        return None
    parts = ids.str.extract_groups(r"^([A-Za-z]{0,8}[-_#./ ]?)(\d+)$").struct.unnest()
    letters, digits = parts.get_columns()
    if letters.null_count() or letters.n_unique() > 1:
        return None
    sizes = digits.str.len_chars().unique()
    return f"{letters[0]}{{:0{sizes[0]}}}" if len(sizes) == 1 else f"{letters[0]}{{}}"


def _ends(facts: Facts) -> dict[str, Any]:
    """The least and the greatest value; of yes and no where they are numbers."""
    numbers = [v for v in facts.counts if isinstance(v, int | float) and not isinstance(v, bool)]
    if facts.low is None and numbers:
        return {"low": min(numbers), "high": max(numbers)}
    return {"low": facts.low, "high": facts.high}


def _values(facts: Facts, column: Column, *, is_class: bool) -> tuple[Any, ...]:
    if column.type in (Type.CATEGORY, Type.YES_NO) or is_class:
        return tuple(facts.counts)
    common = [value for value, rows in list(facts.counts.items())[:3] if rows >= ORDINARY]
    return tuple(common) if column.type == Type.TEXT else ()


def _typical(values: pl.Series, facts: Facts) -> Any:
    """The median, or the commonest value if several rows have it."""
    if facts.type in NUMERIC:
        numbers = values.cast(pl.Float64)
        median = float(numbers.filter(numbers.is_finite()).to_frame().median().item() or 0)
        return round(median) if facts.type == Type.WHOLE else float(f"{median:.6g}")
    if facts.type in DATED:
        return _middle(values)
    commonest = next(iter(facts.counts.items()), (None, 0))
    return commonest[0] if commonest[1] >= ORDINARY or facts.type == Type.YES_NO else None


def _middle(values: pl.Series) -> date | datetime | None:
    middle = values.drop_nulls().sort()
    return middle[len(middle) // 2] if len(middle) else None


def _use(
    counted: Counted, answer: Answered, facts: Facts, leaking: Mapping[str, str]
) -> tuple[Use, str]:
    """What a column is for, and why."""
    name = facts.name
    if name in answer.taken:
        return answer.taken[name], _why(answer, facts)
    if name in counted.personal:
        return Use.PERSONAL, f"it {counted.personal[name]}"
    if reason := _unusable(facts):
        return Use.LEFT_OUT, reason
    if name in leaking:
        return Use.AFTERWARDS, leaking[name]
    return _to_learn_from(counted, facts)


def _unusable(facts: Facts) -> str:
    """Why the column would set more rows aside than are tolerated; "" if it would not."""
    if facts.unusable > TOLERATED * facts.rows:
        return f"{facts.unusable:,} of its values are none that a {facts.type} may have"
    return ""


def _to_learn_from(counted: Counted, facts: Facts) -> tuple[Use, str]:
    """Whether a model may learn from the column, which has no part of its own."""
    if reason := _nothing_to_learn(counted, facts):
        return Use.LEFT_OUT, reason
    if what := sensitive(facts.name):
        return Use.SLICE, f"it is sensitive: {what}"
    return Use.FEATURE, _shown(facts)


def _why(answer: Answered, facts: Facts) -> str:
    name, use = facts.name, answer.taken[facts.name]
    if use == Use.TARGET:
        return answer.label.reason
    if name in answer.reasons:
        return answer.reasons[name]
    if use == Use.TIME:
        return f"a {facts.type}, {facts.range}"
    if use == Use.GROUP:
        return (
            f"an id of {facts.distinct:,} that {facts.present / facts.distinct:.1f} rows each have"
        )
    if len(answer.key) == 1 and not facts.is_unique:
        return f"an id of {facts.distinct:,} of {facts.rows:,} rows"
    return "each row has a value of its own"


def _nothing_to_learn(counted: Counted, facts: Facts) -> str:
    """Why a model can't learn from the column; "" if it may."""
    name = facts.name
    reasons = {
        "it is null in all rows": facts.type == Type.NOTHING,
        "it has one value in all rows": facts.distinct == 1 and not facts.nulls,
        f"it is null in {facts.nulls / facts.rows:.1%} of the rows": (
            facts.nulls > MOSTLY_NULL * facts.rows
        ),
        "an id, which says nothing of rows to come": (
            roles.is_id(name) and facts.distinct > facts.present / 2
        ),
        "it counts the rows": counted.is_counter(name),
        f"it is the same as {counted.copies.get(name)}": name in counted.copies,
        facts.problem: facts.type == Type.TEXT,
        f"text with {facts.distinct:,} different values": (
            facts.type == Type.TEXT and not _is_free_text(counted.sample[name])
        ),
    }
    return next((reason for reason, holds in reasons.items() if reason and holds), "")


def _is_free_text(values: pl.Series) -> bool:
    """Whether these are sentences, of which many words come again."""
    texts = values.drop_nulls()
    if texts.dtype != pl.String or not len(texts):
        return False
    long = (texts.str.len_chars() >= FREE_TEXT).sum() > len(texts) / 2
    return long and texts.str.contains(" ").sum() > 0.9 * len(texts)


def _shown(facts: Facts) -> str:
    if facts.kind.numerals and (unit := facts.kind.numerals.unit):
        return f"written with {unit!r}"
    if facts.type in NUMERIC or facts.type in DATED:
        return f"{facts.type}, {facts.range}"
    if facts.type == Type.TEXT:
        return "free text"
    return f"{facts.distinct:,} values"
