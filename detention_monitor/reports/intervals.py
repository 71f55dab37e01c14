"""Intervals for figures that rest on few records; all at 95 %.

A share: Wilson's score interval. The difference of two shares: Newcombe's, from the two Wilson
intervals. (R. G. Newcombe, Statistics in Medicine 17, 1998, 857-872, method 3, and 873-890, method
10.) A median: the order statistics between which it lies with at least 95 %, whatever the
distribution (W. J. Conover, Practical Nonparametric Statistics, section 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import comb, sqrt

Z = 1.959963984540054
"""The 0.975 quantile of the normal distribution."""
Interval = tuple[float, float]


def wilson(has: int, base: int) -> Interval | None:
    """Return the interval of a share, both ends in 0 to 1; None of nothing.

    >>> [round(end, 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    if base == 0:
        return None
    share = has / base
    middle = (2 * has + Z * Z) / (2 * (base + Z * Z))
    half = Z * sqrt(Z * Z + 4 * base * share * (1 - share)) / (2 * (base + Z * Z))
    return (0.0 if has == 0 else middle - half), (1.0 if has == base else middle + half)


def newcombe(one: tuple[int, int], other: tuple[int, int]) -> Interval | None:
    """Return the interval of the difference of two shares (first less second); None of nothing.

    >>> [round(end, 4) for end in newcombe((56, 70), (48, 80))]
    [0.0524, 0.3339]
    """
    first, second = wilson(*one), wilson(*other)
    if first is None or second is None:
        return None
    p, q = one[0] / one[1], other[0] / other[1]
    low = p - q - sqrt((p - first[0]) ** 2 + (second[1] - q) ** 2)
    high = p - q + sqrt((first[1] - p) ** 2 + (q - second[0]) ** 2)
    return low, high


def of_median(values: Mapping[int | None, int]) -> Interval | None:
    """Return the interval of the median of counted values; None of fewer than six.

    >>> of_median({value: 1 for value in range(1, 11)})
    (2, 9)
    """
    known = sorted((value, count) for value, count in values.items() if value is not None)
    total = sum(count for _, count in known)
    rank = _rank(total)
    if rank is None:
        return None
    return at_place(known, rank - 1), at_place(known, total - rank)


def rank_of_median(values: Mapping[int | None, int]) -> int | None:
    """Return how far from either end `of_median` takes its ends: 1 is the least and the greatest."""
    return _rank(sum(count for value, count in values.items() if value is not None))


def _rank(total: int) -> int | None:
    """Return the greatest rank from either end that leaves at most 2.5 % of chance outside."""
    if total > 1_000:  # the normal approximation is exact enough, and cheap
        return int((total - Z * sqrt(total)) / 2)
    chance, rank = 0.0, 0
    whole = 2**total
    while (chance := chance + comb(total, rank) / whole) <= 0.025:
        rank += 1
    return rank or None


def at_place(known: list[tuple[int, int]], place: int) -> int:
    """Return the value at a place in order, from 0; `known` are values in order, with their counts."""
    for value, count in known:
        if place < count:
            return value
        place -= count
    return known[-1][0]
