"""Small numbers in tables that leave the force: hidden, with others so that none can be worked out.

A count of 1 to 4 is hidden. A hidden count could be had by subtraction from its total, so each row
and each column with a hidden number gets a second one, until what is hidden there comes to so much
that each of them could be 4. A total that is hidden is mostly itself 1 to 4, and four numbers under
it that are not 0 would then be 1 each: where a total is hidden and nothing under it is shown, its
zeros are hidden too. What is shown is rounded to the nearest 5, totals of their own. The threshold
and the rounding are this monitor's choice (domain.md section 7): no rule of the Home Office was
verified.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

LEAST = 5
"""Counts from 1 to one less than this are hidden; a line must hide as much as this in all, or more."""
ROUNDED_TO = 5
LEAST_FOR_QUANTILES = 10
"""Times of fewer are not told, and of a quantile fewer than `LEAST` on either side of it.

A quantile near the end of few is somebody's own time: the tenth of 10 children is the second's.
"""
HIDDEN = "[c]"
"""How a hidden number is shown: confidential, as the Government Statistical Service writes it."""
_CHOICE = 3
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

    def line(self, cell: _Cell, *, across: bool) -> tuple[_Cell, ...]:
        """Return the row (`across`) or the column of a cell; its last cell is the total of the others."""
        rows, columns = self.size
        if across:
            return tuple((cell[0], j) for j in range(columns))
        return tuple((i, cell[1]) for i in range(rows))

    def lines(self) -> Iterator[tuple[_Cell, ...]]:
        """Yield every row, then every column."""
        rows, columns = self.size
        yield from (self.line((i, 0), across=True) for i in range(rows))
        yield from (self.line((0, j), across=False) for j in range(columns))


def hidden(grid: Grid, also: frozenset[_Cell] = frozenset()) -> frozenset[_Cell]:
    """Return the cells that must not be shown; `also` are hidden for another reason.

    Totals are cells like others: one that is small is hidden, and so may one be that would tell.
    """
    rows, columns = grid.size
    cells = ((i, j) for i in range(rows) for j in range(columns))
    out = {cell for cell in cells if 0 < _number(grid, cell) < LEAST} | also
    waiting = deque(grid.lines())
    while waiting:
        line = waiting.popleft()
        for cell in _needed(grid, line, out):
            out.add(cell)
            waiting += [grid.line(cell, across=True), grid.line(cell, across=False)]
    return frozenset(out)


def _needed(grid: Grid, line: tuple[_Cell, ...], out: set[_Cell]) -> list[_Cell]:
    """Return what a line must hide as well; nothing where it gives nothing away."""
    *cells, total = line
    inside = [cell for cell in cells if cell in out]
    if total in out:
        return [
            cell for cell in cells if cell not in out and not _known_zero(grid, cell, line, out)
        ]
    if not inside:
        return []
    shown = [cell for cell in cells if cell not in out and _number(grid, cell)]
    worth = [number for cell in inside if (number := _number(grid, cell))]
    if len(inside) >= 2 and sum(worth) >= max(LEAST, len(worth) + LEAST - 2):
        return []
    return [_one_of_the_least(grid, line, shown)] if shown else [total]


def _known_zero(grid: Grid, cell: _Cell, line: tuple[_Cell, ...], out: set[_Cell]) -> bool:
    """Whether the line that crosses here shows a total of 0: then hiding one of its zeros is vain."""
    across = grid.line(cell, across=line[0][0] != line[-1][0])
    return across[-1] != cell and across[-1] not in out and not _number(grid, across[-1])


def _one_of_the_least(grid: Grid, line: tuple[_Cell, ...], cells: Sequence[_Cell]) -> _Cell:
    """Return one of the three smallest numbers, by a chance that is the same for the same line.

    Were it always the smallest, then 4 and 7 hidden beside a shown 5 and a total of 20 could be
    nothing else.
    """
    least = sorted(cells, key=lambda cell: (_number(grid, cell), cell))[:_CHOICE]
    said = sha256(repr([_number(grid, cell) for cell in line]).encode()).digest()
    return least[int.from_bytes(said[:8]) % len(least)]


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


def may_tell(share: float, number: int) -> bool:
    """Whether a quantile of so many times may be told.

    >>> [may_tell(0.1, number) for number in (10, 49, 50)], may_tell(0.5, 10), may_tell(0.5, 9)
    ([False, False, True], True, False)
    """
    return number >= LEAST_FOR_QUANTILES and min(share, 1 - share) * number >= LEAST - 1e-9


def rounded(number: float) -> int:
    """Return a number to the nearest 5, halves up.

    >>> rounded(12), rounded(13), rounded(7.5)
    (10, 15, 10)
    """
    return int((number + ROUNDED_TO / 2) // ROUNDED_TO) * ROUNDED_TO
