"""How far people agree with the rules and with each other, each figure with its interval.

A share has Wilson's interval (`intervals.py`). Agreement among any number of
reviewers, with answers missing, is Krippendorff's alpha (K. Krippendorff, "Computing Krippendorff's
Alpha-Reliability", University of Pennsylvania, 2011): 1 is perfect, 0 is chance. Its interval is a
bootstrap over records (Hayes and Krippendorff, Commun. Methods Meas. 1 (2007) 77-89), seeded, so
that it is the same each time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from detention_monitor.live.reviews import GRADES, Stored
from detention_monitor.reports.intervals import wilson
from detention_monitor.values import Immutable

CONFIDENCE = 0.95
_RESAMPLES = 1_000
_FEWEST = 2
"""Answers that a unit needs to be comparable at all."""
_FEWEST_DRAWN = 5
"""Records of which a bootstrap may draw; of fewer, most draws are of the same one or two."""
Metric = Callable[[int, int, Sequence[float]], float]


class Share(Immutable, frozen=True, gc=False):
    """`part` of `whole`, and the interval in which the true share lies with 95 % confidence."""

    part: int
    whole: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The share itself; None of nothing."""
        return self.part / self.whole if self.whole else None


def share(part: int, whole: int) -> Share:
    """Return a share with Wilson's interval; of nothing it is from 0 to 1.

    >>> found = share(8, 10)
    >>> round(found.low, 3), round(found.high, 3)
    (0.49, 0.943)
    """
    return Share(part, whole, *(wilson(part, whole) or (0.0, 1.0)))


# --- Krippendorff's alpha ----------------------------------------------------------------------


class Alpha(Immutable, frozen=True, gc=False):
    """Agreement over `units` that two or more answered; None where nothing could differ.

    No interval where the bootstrap has too few records to draw from, or where every draw is the same:
    it would be one of no width, as if all were known.
    """

    value: float | None
    low: float | None
    high: float | None
    units: int
    """Records, where several answers were of one; else what was answered."""


def nominal(one: int, other: int, _counts: Sequence[float]) -> float:
    """Return how far two answers differ, where one is as different as any other."""
    return float(one != other)


def ordinal(one: int, other: int, counts: Sequence[float]) -> float:
    """Return how far two grades differ: by how many answers lie between them."""
    low, high = min(one, other), max(one, other)
    return (sum(counts[low : high + 1]) - (counts[low] + counts[high]) / 2) ** 2


def alpha(
    units: Iterable[Sequence[str]],
    values: Sequence[str],
    metric: Metric = nominal,
    *,
    records: Sequence[str] = (),
    seed: int = 1,
) -> Alpha:
    """Return the agreement over units, each the answers given to it, of `values` in their order.

    `records` says which record each unit is of, where several are of one: they are drawn together.
    """
    places = {value: place for place, value in enumerate(values)}
    size = len(values)
    tables: dict[object, list[float]] = {}
    for number, unit in enumerate(units):
        if len(unit) >= _FEWEST:
            table = tables.setdefault(records[number] if records else number, [0.0] * size * size)
            _add(table, [places[each] for each in unit], size)
    every = list(tables.values())
    found = _alpha(every, size, metric)
    if found is None or len(every) < _FEWEST_DRAWN:
        return Alpha(found, None, None, len(every))
    chance = random.Random(seed)  # noqa: S311 - a bootstrap, no secret
    again = (_alpha(chance.choices(every, k=len(every)), size, metric) for _ in range(_RESAMPLES))
    spread = sorted(each for each in again if each is not None)
    edge = (1 - CONFIDENCE) / 2
    low, high = spread[int(edge * len(spread))], spread[int((1 - edge) * len(spread)) - 1]
    if low == high:
        return Alpha(found, None, None, len(every))
    return Alpha(found, low, high, len(every))


def _add(table: list[float], unit: Sequence[int], size: int) -> None:
    """Add the pairs of answers to one unit to a table of coincidences, row by row."""
    counts = Counter(unit)
    for one, n in counts.items():
        for other, m in counts.items():
            table[one * size + other] += n * (m - (one == other)) / (len(unit) - 1)


def _alpha(tables: Sequence[Sequence[float]], size: int, metric: Metric) -> float | None:
    """Return 1 - observed / expected disagreement, from tables of coincidences."""
    pairs: list[float] = [sum(cells) for cells in zip(*tables, strict=True)]
    totals = [sum(pairs[one * size : (one + 1) * size]) for one in range(size)]
    observed = expected = 0.0
    for one in range(size):
        for other in range(size):
            if one != other and totals[one] and totals[other]:
                apart = metric(one, other, totals)
                observed += pairs[one * size + other] * apart
                expected += totals[one] * totals[other] * apart
    if not expected:
        return None
    return 1 - (sum(totals) - 1) * observed / expected


# --- the rules before their reviewers ----------------------------------------------------------


class Precision(Immutable, frozen=True, gc=False):
    """How often reviewers agreed with what a rule found: each finding once, by the majority.

    `split` findings, of which as many agreed as disagreed, are in neither part. `reasons` are those
    of who disagreed, the newest first, without their names.
    """

    rule: str
    rule_version: str
    duty: str | None
    agreed: Share
    split: int
    reasons: tuple[str, ...]


def precisions(reviews: Iterable[Stored]) -> list[Precision]:
    """Return the precision of each rule and version that was reviewed, by rule.

    `reviews` hold one review of each person and record (`live.reviews.latest`).
    """
    opinions: dict[tuple[str, str, str | None], dict[str, Counter[str]]] = {}
    reasons: dict[tuple[str, str, str | None], list[str]] = {}
    for stored in reviews:
        for each in stored.review.verdicts:
            rule = (each.rule, each.rule_version, each.duty)
            opinions.setdefault(rule, {}).setdefault(each.key, Counter())[each.opinion] += 1
            if each.opinion == "disagree":
                reasons.setdefault(rule, []).append(each.reason)
    out = []
    for rule, found in opinions.items():
        ahead = [each["agree"] - each["disagree"] for each in found.values()]
        agreed, against = sum(n > 0 for n in ahead), sum(n < 0 for n in ahead)
        said = tuple(dict.fromkeys(reversed(reasons.get(rule, []))))
        split = len(ahead) - agreed - against
        out.append(Precision(*rule, share(agreed, agreed + against), split, said))
    return sorted(out, key=lambda each: (each.rule, each.rule_version))


class Compared(Immutable, frozen=True, gc=False):
    """How answers of reviewers to one question stand to those of the rules.

    `table` counts by (what the rules answer, what a reviewer answered). `same` is the share of equal
    answers where both said yes, no or that it does not apply. `missed`: reviewers said no, the rules
    saw nothing against the record; `alarms`: the other way round.
    """

    question: int
    table: Mapping[tuple[str, str], int]
    same: Share
    missed: int
    alarms: int
    people: Alpha
    with_rules: Alpha


_DECIDED = ("yes", "no", "does_not_apply")


def compared(reviews: Iterable[Stored]) -> list[Compared]:
    """Return for each question that was answered how reviewers and rules agree."""
    answers: dict[int, dict[str, list[str]]] = {}
    by_rules: dict[int, dict[str, str]] = {}
    for stored in reviews:
        for each in stored.review.answers:
            record = stored.review.detention
            answers.setdefault(each.question, {}).setdefault(record, []).append(each.answer)
            by_rules.setdefault(each.question, {})[record] = each.rules
    return [_compared(n, answers[n], by_rules[n]) for n in sorted(answers)]


def _compared(
    question: int, answers: Mapping[str, Sequence[str]], rules: Mapping[str, str]
) -> Compared:
    table = Counter((rules[record], each) for record, said in answers.items() for each in said)
    both = {pair: n for pair, n in table.items() if pair[0] in _DECIDED and pair[1] in _DECIDED}
    same = sum(n for (one, other), n in both.items() if one == other)
    decided = [[each for each in said if each in _DECIDED] for said in answers.values()]
    pairs = [
        (record, [rules[record], each])
        for record, said in answers.items() for each in said
        if rules[record] in _DECIDED and each in _DECIDED
    ]  # fmt: skip
    return Compared(
        question=question,
        table=dict(table),
        same=share(same, sum(both.values())),
        missed=sum(n for (one, other), n in both.items() if other == "no" and one != "no"),
        alarms=sum(n for (one, other), n in both.items() if one == "no" and other != "no"),
        people=alpha(decided, _DECIDED),
        with_rules=alpha(
            [pair for _, pair in pairs], _DECIDED, records=[record for record, _ in pairs]
        ),
    )


class Grades(Immutable, frozen=True, gc=False):
    """How reviewers graded: how many records, by grade, and how far they agree (ordinal)."""

    counts: Mapping[str, int]
    records: int
    people: Alpha


def grades(reviews: Iterable[Stored]) -> Grades:
    """Return how records were graded, each review counted."""
    by_record: dict[str, list[str]] = {}
    for each in reviews:
        if each.review.grade is not None:
            by_record.setdefault(each.review.detention, []).append(each.review.grade)
    counts = Counter(grade for given in by_record.values() for grade in given)
    return Grades(dict(counts), len(by_record), alpha(by_record.values(), GRADES, ordinal))
