"""Small numbers in tables that leave the force: hidden, with others so that none can be worked out.

A count of 1 to 4 is hidden. A hidden count could be had by subtraction from its total, so each row
and each column with a hidden number gets a second one, until what is hidden there comes to 5 or
more. What is shown is rounded to the nearest 5, totals of their own. The threshold and the rounding
are this monitor's choice (domain.md section 7): no rule of the Home Office was verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEAST = 5
"""Counts from 1 to one less than this are hidden; also what a line must hide in all."""
ROUNDED_TO = 5
LEAST_FOR_QUANTILES = 10
"""Times of fewer are not told: a quantile of few is somebody's own time."""
HIDDEN = "[c]"
"""How a hidden number is shown: confidential, as the Government Statistical Service writes it."""
_Cell = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Grid:
    """Counts in rows and columns, the last of each the totals of the others."""

    numbers: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, inner: Sequence[Sequence[int]]) -> Grid:
        """Add the totals to counts."""
        rows = [[*row, sum(row)] for row in inner]
        foot = [sum(column) for column in zip(*rows, strict=True)] if rows else [0]
        return cls((*(tuple(row) for row in rows), tuple(foot)))

    @property
    def size(self) -> tuple[int, int]:
        """How many rows and columns there are, totals among them."""
        return len(self.numbers), len(self.numbers[0])

    def lines(self) -> Iterator[list[_Cell]]:
        """Yield the cells of each row and each column; the last is the total of the others."""
        rows, across = self.size
        for i in range(rows):
            yield [(i, j) for j in range(across)]
        for j in range(across):
            yield [(i, j) for i in range(rows)]


def hidden(grid: Grid, also: frozenset[_Cell] = frozenset()) -> frozenset[_Cell]:
    """Return the cells that must not be shown; `also` are hidden for another reason.

    Totals are cells like others: one that is small is hidden, and so may one be that would tell.
    """
    numbers = grid.numbers
    rows, across = grid.size
    out = {
        (i, j) for i in range(rows) for j in range(across) if 0 < numbers[i][j] < LEAST
    } | also  # fmt: skip
    while True:
        more = next(filter(None, (_needed(grid, line, out) for line in grid.lines())), None)
        if more is None:
            return frozenset(out)
        out.add(more)


def _needed(grid: Grid, line: Sequence[_Cell], out: set[_Cell] | frozenset[_Cell]) -> _Cell | None:
    """Return the cell that a line must hide as well, or None where it gives nothing away."""
    inside = [cell for cell in line[:-1] if cell in out]
    total = line[-1] in out
    if not inside and not total:
        return None
    worth = sum(_number(grid, cell) for cell in inside)
    safe = bool(inside) if total else len(inside) >= 2 and worth >= LEAST
    if safe:
        return None
    shown = [cell for cell in line[:-1] if cell not in out and _number(grid, cell)]
    if shown:
        return min(shown, key=lambda cell: (_number(grid, cell), cell))
    return None if total else line[-1]


def _number(grid: Grid, cell: _Cell) -> int:
    return grid.numbers[cell[0]][cell[1]]


def published(
    grid: Grid, also: frozenset[_Cell] = frozenset()
) -> tuple[tuple[int | None, ...], ...]:
    """Return what may be shown of counts: rounded, and None where hidden."""
    out = hidden(grid, also)
    return tuple(
        tuple(None if (i, j) in out else rounded(number) for j, number in enumerate(row))
        for i, row in enumerate(grid.numbers)
    )


def rounded(number: float) -> int:
    """Return a number to the nearest 5, halves up.

    >>> rounded(12), rounded(13), rounded(7.5)
    (10, 15, 10)
    """
    return int((number + ROUNDED_TO / 2) // ROUNDED_TO) * ROUNDED_TO
