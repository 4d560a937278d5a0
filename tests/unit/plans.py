"""Plans of made-up tables, one for each task, with and without a time."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from keel.start.plan import Caution, Column, Plan, Source, Type, Use

LEAK = Caution("tenure", "alone it tells 99 % of the rows apart.", "leave it out")


def customers(file: Path) -> Plan:
    """Yes or no, with a key, personal and sensitive columns, and what is known afterwards."""
    columns = (
        Column("customer_id", Type.TEXT, Use.KEY, "unique", identifier="customer_id", distinct=600),
        Column("age", Type.WHOLE, Use.FEATURE, "", low=18, high=92, typical=47, identifier="age"),
        Column("email", Type.TEXT, Use.PERSONAL, "e-mails", identifier="email", personal=True),
        Column(
            *("religion", Type.CATEGORY, Use.SLICE, "sensitive"),
            values=("none", "catholic", "muslim"),
            distinct=3,
            typical="none",
            identifier="religion",
            sensitive=True,
        ),
        Column(
            *("Monthly Charges", Type.NUMBER, Use.FEATURE, ""),
            nulls=0.03,
            low=18.25,
            high=118.75,
            typical=70.35,
            identifier="monthly_charges",
        ),
        Column(
            *("contract", Type.CATEGORY, Use.FEATURE, "few values"),
            values=("month", "one year", "two years"),
            distinct=3,
            typical="month",
            identifier="contract",
        ),
        Column(
            *("partner", Type.YES_NO, Use.FEATURE, ""),
            values=("no", "yes"),
            distinct=2,
            typical="no",
            identifier="partner",
        ),
        Column("refund", Type.NUMBER, Use.AFTERWARDS, "", low=0.0, high=5.5, identifier="refund"),
        Column("region", Type.CATEGORY, Use.LEFT_OUT, "one value", values=("west",)),
        Column(
            *("churned", Type.YES_NO, Use.TARGET, "named"),
            values=("no", "yes"),
            distinct=2,
            typical="no",
            true="yes",
            identifier="churned",
        ),
    )
    source = Source((file,), "csv", nulls=("", "NA"))
    return Plan(*("customers", source, 600, columns, "yes or no", (LEAK,)), key=("customer_id",))


def requests(file: Path) -> Plan:
    """The same with a moment without a zone, a date in a form of its own, and free text."""
    number = Column("number", Type.WHOLE, Use.KEY, "", low=1, high=600, identifier="number")
    moment = Column(
        *("asked", Type.MOMENT, Use.TIME, "the only moment"),
        low=datetime(2023, 1, 1),  # noqa: DTZ001 -- as the table has it
        high=datetime(2024, 11, 1, 18),  # noqa: DTZ001
        typical=datetime(2023, 12, 2, 12),  # noqa: DTZ001
        identifier="asked",
    )
    born = Column(
        *("signed", Type.DATE, Use.FEATURE, ""),
        nulls=0.1,
        low=date(2019, 1, 1),
        high=date(2022, 12, 31),
        typical=date(2021, 1, 15),
        form="%d.%m.%Y",
        identifier="signed",
    )
    remark = Column("remark", Type.TEXT, Use.FEATURE, "", distinct=550, identifier="remark")
    plan = customers(file)
    columns = (number, *plan.columns[1:], moment, born, remark)
    return replace(plan, table="requests", columns=columns, zone="Europe/Zurich", key=("number",))


def penguins(file: Path) -> Plan:
    """One of several, without a key."""
    columns = (
        Column(
            *("species", Type.CATEGORY, Use.TARGET, "named"),
            values=("Adelie", "Gentoo", "Chinstrap"),
            distinct=3,
            typical="Adelie",
            identifier="species",
        ),
        Column(
            *("island", Type.CATEGORY, Use.FEATURE, ""),
            values=("Biscoe", "Dream"),
            distinct=2,
            typical="Biscoe",
            identifier="island",
        ),
        Column(
            *("bill_length", Type.NUMBER, Use.FEATURE, ""),
            low=32.1,
            high=59.6,
            typical=44.4,
            identifier="bill_length",
        ),
        Column(
            *("mass", Type.WHOLE, Use.FEATURE, ""),
            low=2700,
            high=6300,
            typical=4050,
            identifier="mass",
        ),
    )
    return Plan("penguins", Source((file,), "csv"), 600, columns, "one of several")


def rides(file: Path) -> Plan:
    """A number with a day, which is its key."""
    columns = (
        Column(
            *("day", Type.DATE, Use.TIME, ""),
            low=date(2021, 1, 1),
            high=date(2023, 9, 27),
            typical=date(2022, 5, 15),
            form="%d.%m.%Y",
            identifier="day",
        ),
        Column(
            *("temperature", Type.NUMBER, Use.FEATURE, ""),
            low=-3.5,
            high=31.2,
            typical=14.9,
            identifier="temperature",
        ),
        Column(
            *("holiday", Type.YES_NO, Use.FEATURE, ""),
            values=("false", "true"),
            distinct=2,
            typical="false",
            identifier="holiday",
        ),
        Column(
            *("riders", Type.WHOLE, Use.TARGET, "named"),
            low=120,
            high=3100,
            typical=1800,
            identifier="riders",
        ),
    )
    source = Source((file,), "csv", separator=";", decimal_comma=True)
    return Plan("rides", source, 600, columns, "a number", key=("day",))


def words(file: Path) -> Plan:
    """Yes or no from words alone, any of which may be missing: no value breaks a row."""
    columns = tuple(
        Column(
            *(name, Type.CATEGORY, Use.FEATURE, ""),
            nulls=0.1,
            values=("a", "b", "c"),
            distinct=3,
            typical="a",
            identifier=name,
        )
        for name in ("colour", "shape")
    )
    target = next(column for column in customers(file).columns if column.use == Use.TARGET)
    return Plan("words", Source((file,), "csv"), 600, (*columns, target), "yes or no")


def hours(file: Path) -> Plan:
    """A number of which nothing is known but when."""
    moment = Column(
        *("hour", Type.MOMENT, Use.TIME, ""),
        low=datetime(2023, 1, 1),  # noqa: DTZ001 -- as the table has it
        high=datetime(2024, 8, 22),  # noqa: DTZ001
        typical=datetime(2023, 12, 2, 12),  # noqa: DTZ001
        identifier="hour",
    )
    load = Column("load", Type.NUMBER, Use.TARGET, "", low=3.5, high=75.9, typical=31.0)
    columns = (moment, replace(load, identifier="load"))
    return Plan("hours", Source((file,), "csv"), 600, columns, "a number", key=("hour",))


PLANS: dict[str, Callable[[Path], Plan]] = {
    "customers": customers,
    "requests": requests,
    "penguins": penguins,
    "rides": rides,
    "words": words,
    "hours": hours,
}


def put(name: str, folder: Path, rows: int = 600) -> Plan:
    """A table of this name in a folder, whose target can be learnt, and its plan."""
    plan = PLANS[name](folder / f"{name}.csv")
    chance = random.Random(1)  # noqa: S311 -- nothing is kept secret by it
    written = [_row(plan, chance, number) for number in range(rows)]
    separator = plan.source.separator
    lines = [[column.name for column in plan.columns], *written]
    text = "\n".join(separator.join(line) for line in lines)
    plan.source.files[0].write_text(f"{text}\n", encoding="utf-8")
    return plan


def _row(plan: Plan, chance: Random, number: int) -> list[str]:
    strength = chance.random()  # what numbers and target have in common
    return [_cell(plan, column, chance, strength, number) for column in plan.columns]


def _cell(plan: Plan, column: Column, chance: Random, strength: float, number: int) -> str:
    noisy = min(1.0, max(0.0, strength + chance.gauss(0, 0.12)))
    if chance.random() < column.nulls:
        return ""
    if column.use == Use.KEY:
        return f"K{number}" if column.type == Type.TEXT else str(number + 1)
    if column.type in (Type.YES_NO, Type.CATEGORY):
        values = sorted(column.values)
        place = int(noisy * len(values)) if column.use == Use.TARGET else chance.randrange(99)
        return str(values[min(place, 98) % len(values)])
    if column.type in (Type.DATE, Type.MOMENT):
        moment = column.low + timedelta(days=number)
        return str(moment.strftime(column.form or "%Y-%m-%d %H:%M:%S"))
    if column.type == Type.TEXT:
        return "word " * chance.randrange(1, 9) + str(number)
    value = column.low + noisy * (column.high - column.low)
    text = f"{value:.0f}" if column.type == Type.WHOLE else f"{value:.2f}"
    return text.replace(".", ",") if plan.source.decimal_comma else text
