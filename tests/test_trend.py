"""Trends: months, stations, before and after; every figure with what is behind it."""

import csv
import json
from pathlib import Path

import pytest

from detention_monitor.reports.intervals import newcombe, of_median, wilson
from tests.test_statistics import entries, report, who


def _records(folder: Path) -> Path:
    """Twelve a month: in May four are there for a night, in June ten; at two stations."""
    lines = []
    for month, nights in (("05", 4), ("06", 10)):
        for number in range(12):
            begins, stays = ("21:00", 720) if number < nights else ("10:00", 200)
            lines += entries(
                f"{month}-{number}", f"2024-{month}-{number + 1:02d}T{begins}:00+01:00",
                ("arrived", 0, who(station="North" if number % 2 else "South")),
                ("detention_authorised", 10, {}), ("aa_contacted", 15, {}),
                ("aa_arrived", 10 + 20 * (number + 1), {}), ("released", stays, {}),
            )  # fmt: skip
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trend")
    ran = report("trend", _records(folder), "--out", folder / "out", "--change", "2024-06-01",
                 "--what", "a <new> duty scheme")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    return folder


def _told(made: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    with (made / "out" / "trend.csv").open(newline="") as file:
        return {(x["figure"], x["station"], x["month"]): x for x in csv.DictReader(file)}


def test_months_and_stations_are_told_with_interval_and_number(made: Path) -> None:
    """4 of 12 and 10 of 12: Wilson's intervals by R's prop.test(correct = FALSE)."""
    told = _told(made)
    may, june = told["overnight", "", "2024-05"], told["overnight", "", "2024-06"]
    assert (may["shown"], may["interval"], may["records"]) == ("33 %", "14 to 61 %", "12")
    assert (june["shown"], june["interval"], june["records"]) == ("83 %", "55 to 95 %", "12")
    # (10 + z^2/2 -+ ...) / (12 + z^2), by hand
    assert [float(june[each]) for each in ("value", "low", "high")] == pytest.approx(
        [83.3333, 55.1969, 95.3035], abs=5e-4
    )
    # numbers 0, 2 in May and 0, 2, 4, 6, 8 in June
    assert told["overnight", "South", ""]["shown"] == "58 %"
    assert told["overnight", "South", ""]["records"] == "12"


def test_a_median_is_told_with_the_interval_between_its_order_statistics(made: Path) -> None:
    """Waits of 20, 40 ... 200 minutes: of ten, the second and the ninth.

    Two adults came after the child had been let go: they do not count as having come.
    """
    told = _told(made)["adult_waited", "", "2024-06"]
    assert told["records"] == "10"
    assert told["shown"] == "1:50"
    assert told["interval"] == "0:40 to 3:00"


def test_before_and_after_say_whether_the_difference_is_clear(made: Path) -> None:
    """10 of 12 against 4 of 12: +50 points, Newcombe's interval +9.8 to +72.7 (both by hand)."""
    page = (made / "out" / "trend.html").read_text()
    row = next(part for part in page.split("<tr") if "Held overnight</th>" in part)
    assert "33 % of 12" in row
    assert "83 % of 12" in row
    assert "+50.0" in row
    assert "more" in row
    assert "no clear difference" in page  # of the others
    assert "a &lt;new&gt; duty scheme" in page
    assert "a <new>" not in page


@pytest.mark.parametrize(
    ("has", "base", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611),
     (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_intervals_of_shares_are_the_published_ones(
    has: int, base: int, low: float, high: float
) -> None:
    assert wilson(has, base) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    # Newcombe 1998, Statistics in Medicine 17, 873-890, table II, method 10.
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090),
     ((5, 56), (0, 29), -0.0381, 0.1926), ((0, 10), (0, 10), -0.2775, 0.2775)],
)  # fmt: skip
def test_intervals_of_differences_are_the_published_ones(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    assert newcombe(one, other) == pytest.approx((low, high), abs=5e-5)


def test_a_chart_breaks_where_a_month_has_no_record() -> None:
    """A line drawn across would tell of months of which nothing is known."""
    from detention_monitor.reports.charts import Point, line

    points = [Point(f"2025-{month:02}", 50.0, 40.0, 60.0) for month in range(1, 7)]
    through = str(line(points, "per cent", "told"))
    points[2] = Point("2025-03", None)
    broken = str(line(points, "per cent", "told"))
    assert [each.count('aria-roledescription="line mark"') for each in (through, broken)] == [1, 2]
    assert [each.count('aria-roledescription="area mark"') for each in (through, broken)] == [1, 2]


def test_nothing_and_few_have_no_interval() -> None:
    assert wilson(0, 0) is None
    assert newcombe((1, 2), (0, 0)) is None
    assert of_median({3: 5, None: 9}) is None
    assert of_median({3: 6}) == (3, 3)
    # Exact binomial: ranks 957 and 1,045; the approximation for many is one rank wider.
    assert of_median(dict.fromkeys(range(1, 2_002), 1)) == (956, 1046)


def test_what_changed_needs_a_day(made: Path, tmp_path: Path) -> None:
    ran = report("trend", made / "records.jsonl", "--out", tmp_path, "--what", "x")
    assert ran.exit_code != 0
    assert "give that too" in ran.output + str(ran.exception)


def test_outside_the_force_few_are_not_told(made: Path, tmp_path: Path) -> None:
    ran = report("trend", made / "records.jsonl", "--out", tmp_path / "out", "--outside",
                 "--register", tmp_path / "register",
                 "--figure", "overnight", "--figure", "adult_waited")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    told = _told(tmp_path)
    assert told["overnight", "", "2024-05"]["shown"] == "[c]"  # 4 of 12
    assert told["overnight", "", "2024-06"]["shown"] == "[c]"  # 2 of 12 were not
    assert told["adult_waited", "", "2024-06"]["records"] == "10"
    assert set(told) >= {("adult_waited", "South", "")}
    assert {key[0] for key in told} == {"overnight", "adult_waited"}
