"""Small numbers: what is published cannot be undone, checked by trying every table it could be."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from detention_monitor.reports.disclosure import LEAST, Grid, hidden, published


def _tables(rows: int, columns: int) -> st.SearchStrategy[list[list[int]]]:
    row = st.lists(st.integers(0, 9), min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


def _possible(grid: Grid, out: frozenset[tuple[int, int]]) -> dict[tuple[int, int], set[int]]:
    """Return every value that each hidden inner cell could have, shown numbers being exact.

    The attacker knows that nothing above 12 is in the table, and that hidden cells are not 0.
    """
    rows, columns = (each - 1 for each in grid.size)
    inner = [cell for cell in product(range(rows), range(columns)) if cell in out]
    found: dict[tuple[int, int], set[int]] = {cell: set() for cell in inner}
    for guess in product(range(1, 13), repeat=len(inner)):
        of = dict(zip(inner, guess, strict=True))
        table = [[of.get((i, j), grid.numbers[i][j]) for j in range(columns)] for i in range(rows)]
        tried = Grid.of(table)
        shown = product(range(rows + 1), range(columns + 1))
        if all(cell in out or _at(tried, cell) == _at(grid, cell) for cell in shown):
            for cell in inner:
                found[cell].add(of[cell])
    return found


def _at(grid: Grid, cell: tuple[int, int]) -> int:
    return grid.numbers[cell[0]][cell[1]]


@settings(max_examples=30, deadline=None)
@given(_tables(2, 2))
def test_no_small_number_can_be_worked_out_even_from_exact_totals(table: list[list[int]]) -> None:
    grid = Grid.of(table)
    out = hidden(grid)

    for cell, values in _possible(grid, out).items():
        if 0 < _at(grid, cell) < LEAST:
            assert len(values) > 1, (grid, out, cell)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=7))
def test_a_list_with_its_total_hides_two_or_the_total(counts: list[int]) -> None:
    grid = Grid.of([[each] for each in counts])
    shown = published(grid)

    for number, row in zip(grid.numbers, shown, strict=True):
        if 0 < number[0] < LEAST:
            assert row[0] is None
        if row[0] is not None:
            assert row[0] % 5 == 0
            assert abs(row[0] - number[0]) <= 2
    hid = [
        number[0] for number, row in zip(grid.numbers[:-1], shown, strict=False) if row[0] is None
    ]
    if hid and shown[-1][0] is not None:
        assert len(hid) > 1
        assert sum(hid) >= LEAST


def test_one_small_number_hides_the_next_smallest_too() -> None:
    assert published(Grid.of([[40], [3], [12], [0]])) == (
        (40, 40), (None, None), (None, None), (0, 0), (55, 55),
    )  # fmt: skip


def test_two_that_come_to_little_are_not_enough() -> None:
    """1 and 1 hidden under a total of 42 would be 1 and 1: a third is hidden."""
    assert hidden(Grid.of([[1], [1], [40]])) >= {(0, 0), (1, 0), (2, 0)}


def test_an_empty_table_and_a_lone_small_number() -> None:
    assert published(Grid.of([])) == ((0,),)
    assert published(Grid.of([[2]])) == ((None, None), (None, None))
