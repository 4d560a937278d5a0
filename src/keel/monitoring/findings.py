"""What a team is told: from when to when a check was missed, when that was noticed, what to do.

A day may be bad by chance, so most checks have to be missed several days in a row, and to be kept
as many in a row before it is over.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from keel.monitoring.checks import Judgement

ACT, WATCH = "act", "watch"
WEEK = 7  # days: what is judged by many days changes slowly


class Check(NamedTuple):
    """What a check says when it is missed, and what to do then; None days are the settings'."""

    level: str
    days: int | None  # in a row
    says: str
    cure: str
    over: int = 1  # days in a row that it has to be kept at least


CHECKS = {
    "failed": Check(ACT, 1, "{value:.1%} of the requests could not be answered",
        "look up the requests with status 5xx in the service's log"),
    "gap": Check(ACT, 1, "there were no requests, on days that usually have some",
        "check that the service and its callers run"),
    "refused": Check(ACT, 1, "{value:.1%} of the rows were refused for {subjects}",
        "tell the callers of the service, or change the table's schema in tables.py"),
    "unmeasured": Check(ACT, 1, "{value:.0%} of the rows had no measurement at all",
        "check that the job runs that delivers the joined tables"),
    "nulls": Check(ACT, None, "{subjects} {are} missing in {value:.0%} of the rows",
        "check that its source still delivers"),
    "same": Check(ACT, None, "{subjects} {have} one and the same value in {value:.0%} of the rows",
        "check whether a sensor is stuck, or a job writes a default"),
    "unseen": Check(ACT, None,
        "{subjects} {have} values that training did not see in {value:.0%} of the rows",
        "train again with examples that have them"),
    "quality": Check(ACT, None, "{note}: this is not chance",
        "train again with newer examples (`keel run`), or go back (`keel rollback`)", WEEK),
    "doubt": Check(WATCH, WEEK, "{note}: this may be chance",
        "look at the months and slices, and train again if the next weeks are no better", WEEK),
    "metric": Check(WATCH, None, "{note}: this is not chance",
        "check by the months whether it is the season; else train again with newer examples", WEEK),
    "slice": Check(WATCH, 1, "{note}", "look at what changed for these rows"),
    "slow": Check(WATCH, None, "{value:.0%} of the requests were answered later than promised",
        "look at the traces of slow requests, and at the load"),
    "volume": Check(WATCH, None, "only {value:.0%} of the usual rows came",
        "ask the callers of the service"),
    "psi": Check(WATCH, None,
        "{subjects} {have} drifted since training: a population stability index of {value:.1f}",
        "check whether a unit or a source has changed"),
    "labels": Check(WATCH, None,
        "only {value:.0%} of the labels came in time, too few to measure the quality",
        "check that the job runs that sends labels"),
    "age": Check(WATCH, 1, "{note}", "train again with newer examples (`keel run`)"),
}  # fmt: skip


def sentence(judged: Judgement, *subjects: str) -> str:
    """What is the matter, of the judgement's subject or of several."""
    *first, last = subjects or (judged.subject,)
    many = bool(first)
    return CHECKS[judged.check].says.format(
        subjects=f"{', '.join(first)} and {last}" if many else last,
        value=judged.value,
        note=judged.note,
        are="are" if many else "is",
        have="have" if many else "has",
    )


@dataclass(frozen=True)
class Finding:
    """A check that was missed from a day on; `until` is the last such day, None if it still is."""

    check: str
    subjects: tuple[str, ...]
    since: date
    noticed: date
    until: date | None
    worst: Judgement

    @property
    def level(self) -> str:
        return CHECKS[self.check].level

    @property
    def cure(self) -> str:
        return CHECKS[self.check].cure

    @property
    def open(self) -> bool:
        return self.until is None

    @property
    def sentence(self) -> str:
        """What is the matter, in words that begin with a capital letter, or a column as it is."""
        text = sentence(self.worst, *self.subjects)
        starts = CHECKS[self.check].says.startswith("{subjects}")
        return text if starts else text[:1].upper() + text[1:]


def findings(judgements: Iterable[Judgement], in_a_row: int) -> list[Finding]:
    """The findings, those that are still open first, by the day on which they were noticed.

    Columns that miss the same check in the same days are one finding, and there is no doubt of
    what is sure.
    """
    ordered = sorted(judgements, key=attrgetter("check", "subject", "day"))
    together: dict[tuple[object, ...], Finding] = {}
    for _, days in groupby(ordered, key=attrgetter("check", "subject")):
        for finding in _episodes(list(days), in_a_row):
            key = (finding.check, finding.since, finding.until, finding.worst.note)
            other = together.setdefault(key, finding)
            if other is not finding:
                subjects = (*other.subjects, *finding.subjects)
                worst = max(other.worst, finding.worst, key=attrgetter("value"))
                together[key] = replace(other, subjects=subjects, worst=worst)
    sure = [finding for finding in together.values() if finding.check == "quality"]
    return sorted(
        (finding for finding in together.values() if not _is_said(finding, sure)),
        key=lambda finding: (not finding.open, finding.level, finding.noticed, finding.check),
    )


def _is_said(finding: Finding, sure: Iterable[Finding]) -> bool:
    """Whether it is a doubt, and what it doubts was `sure` on its last day."""
    last = finding.until or date.max
    return finding.check == "doubt" and any(
        other.since <= last <= (other.until or date.max) for other in sure
    )


def _episodes(days: Sequence[Judgement], in_a_row: int) -> Iterator[Finding]:
    """Where a check was missed as many days in a row, until it was kept as many."""
    check = CHECKS[days[0].check]
    in_a_row = check.days or in_a_row
    over = max(in_a_row, check.over)
    bad: list[Judgement] = []
    good = 0
    for day in days:
        if day.bad:
            bad.append(day)
            good = 0
            continue
        good += 1
        if len(bad) < in_a_row:
            bad = []
        elif good >= over:
            yield _finding(bad, in_a_row, ended=True)
            bad = []
    if len(bad) >= in_a_row:
        yield _finding(bad, in_a_row, ended=False)


def _finding(bad: list[Judgement], in_a_row: int, *, ended: bool) -> Finding:
    first, last = bad[0], bad[-1]
    worst = (min if first.more_is_better else max)(bad, key=attrgetter("value"))
    noticed = max(day.noticed for day in bad[:in_a_row])
    subjects = (first.subject,) if first.subject else ()
    until = last.day if ended else None
    note = worst.note if ended else last.note
    return Finding(first.check, subjects, first.day, noticed, until, replace(worst, note=note))
