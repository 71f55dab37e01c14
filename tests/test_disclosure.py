"""Small numbers: what is published cannot be undone, checked by trying every table it could be."""

from collections import defaultdict
from itertools import product

import pytest
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


def test_one_small_number_hides_another_of_the_small_ones_too() -> None:
    shown = [row[0] for row in published(Grid.of([[400], [3], [12], [0], [9], [11], [90]]))]

    assert shown[1] is None
    assert [place for place in (2, 4, 5) if shown[place] is None] != []
    assert shown.count(None) == 2
    assert (shown[0], shown[3], shown[6], shown[7]) == (400, 0, 90, 525)


def test_two_that_come_to_little_are_not_enough() -> None:
    """1 and 1 hidden under a total of 42 would be 1 and 1: a third is hidden."""
    assert hidden(Grid.of([[1], [1], [40]])) >= {(0, 0), (1, 0), (2, 0)}


def test_one_child_in_each_of_four_groups_is_not_told_by_the_groups_that_have_none() -> None:
    """Hidden and not 0, four times, in a hidden total of at most 4: that would be one child in each."""
    four = published(Grid.of([[1], [1], [1], [1], [0], [0]]))

    assert four == published(Grid.of([[0], [0], [0], [2], [1], [1]]))
    assert {value for row in four for value in row} == {None}


def test_three_that_come_to_five_would_each_be_at_most_three() -> None:
    assert hidden(Grid.of([[1], [1], [3], [50], [60]])) & {(3, 0), (4, 0)}


@pytest.mark.parametrize(
    ("rows", "columns", "top"), [(2, 1, 40), (3, 1, 25), (4, 1, 12), (2, 2, 10)]
)
def test_even_who_knows_how_numbers_are_hidden_cannot_tell_a_small_one(
    rows: int, columns: int, top: int
) -> None:
    """Every table with numbers under `top` is published; those that look alike are put together.

    A hidden number that is 1 to 4 in one of them has at least four values among them. Tables whose
    total is shown and near `top` are left out: others that look like them have greater numbers.
    """
    alike: dict[object, list[list[int]]] = defaultdict(list)
    for numbers in product(range(top), repeat=rows * columns):
        table = [numbers[row * columns : (row + 1) * columns] for row in range(rows)]
        alike[published(Grid.of(table))].append(list(numbers))
    tried = 0
    for shown, tables in alike.items():
        assert isinstance(shown, tuple)
        if shown[-1][-1] is not None and shown[-1][-1] + 2 >= top:
            continue
        for place, (row, column) in enumerate(product(range(rows), range(columns))):
            values = {each[place] for each in tables}
            if shown[row][column] is None and values & {1, 2, 3, 4}:
                assert len(values) >= 4, (shown, row, column, values)
                tried += 1
    assert tried > 5


def test_an_empty_table_and_a_lone_small_number() -> None:
    assert published(Grid.of([])) == ((0,),)
    assert published(Grid.of([[2]])) == ((None, None), (None, None))
