"""What each local authority was asked and answered, as a table; what is not known is never taken for no."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from detention_monitor.reports import carried
from detention_monitor.reports.page import Column, Table
from detention_monitor.reports.partner import Asked, Case
from detention_monitor.times import in_words
from detention_monitor.vocabulary import Needs


def by_authority(cases: Sequence[Case]) -> Table:
    """Return what each authority was asked and answered."""
    asked: dict[str, list[tuple[Case, Asked]]] = {}
    last: dict[str, list[Case]] = {}
    for case in cases:
        for each in case.asked:
            asked.setdefault(each.authority, []).append((case, each))
        if case.asked:
            last.setdefault(case.asked[-1].authority, []).append(case)
    heads = (Column("authority"), *(Column(name, numeric=True) for name in (
        "requests", "alternative", "secure", "other or not said", "answered", "accepted",
        "median time to answer", "moved")))  # fmt: skip
    found = tuple(
        (name, *_counts(requests), _moved(last.get(name, [])))
        for name, requests in sorted(asked.items())
    )
    totals: frozenset[int] = frozenset()
    if len(found) > 1:
        every = [request for requests in asked.values() for request in requests]
        cases = [case for listed in last.values() for case in listed]
        totals = frozenset({len(found)})
        found = (*found, ("all", *_counts(every), _moved(cases)))
    return Table(heads, found, totals=totals, notes=(
        "moved: counted for the authority that was asked last",
        "1 of 2: of so many of whom it is recorded, or the source carries it",
    ))  # fmt: skip


def _counts(requests: Sequence[tuple[Case, Asked]]) -> tuple[str, ...]:
    """Return the cells of an authority; of so many of whom it is known."""
    wanted = Counter(each.wanted for _, each in requests)
    waits = [each.answered_after for _, each in requests if each.answered_after is not None]
    clear = wanted["alternative"] + wanted["secure"]
    whole = len(requests)
    typed = sum(bool(each.wanted) for _, each in requests)
    told = [(case, each) for case, each in requests
            if each.replied_at is not None or case.carries(carried.REPLIED)]  # fmt: skip
    said = [each for _, each in told if each.replied_at is None or each.reply]
    why = _why(requests, carried.ASKED_FOR)
    return (
        str(whole), _of(wanted["alternative"], typed, whole, why), _of(wanted["secure"], typed, whole, why),
        str(whole - clear), _of(len(waits), len(told), whole, "not carried"),
        _of(sum(each.reply == "accepted" for each in said), len(said), whole, _why(told, carried.REPLY)),
        in_words(int(median(waits))) if waits else "-",
    )  # fmt: skip


def _why(requests: Sequence[tuple[Case, Asked]], needs: Needs) -> str:
    """Return why nothing is known of any request."""
    told = any(case.carries(needs) for case, _ in requests)
    return carried.NOT_RECORDED if told else "not carried"


def _of(count: int, told: int, whole: int, why: str) -> str:
    if told == whole:
        return str(count)
    return f"{count} of {told}" if told else why


def _moved(cases: Sequence[Case]) -> str:
    told = [each for each in cases if each.moved_at is not None or each.carries(carried.MOVED)]
    moved = sum(each.moved_at is not None for each in told)
    return _of(moved, len(told), len(cases), "not carried")
