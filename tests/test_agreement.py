"""Agreement: the figures of published examples, and of rules before their reviewers."""

import pytest

from detention_monitor.live.reviews import Given, Review, Stored, Verdict
from detention_monitor.reports.agreement import alpha, compared, nominal, ordinal, precisions, share

# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers,
# twelve units, values 1 to 5, some missing; alpha is 0.743 nominal and 0.815 ordinal.
OBSERVERS = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")


def units(rows: tuple[str, ...]) -> list[list[str]]:
    return [[row[n] for row in rows if row[n] != "."] for n in range(len(rows[0]))]


@pytest.mark.parametrize(("metric", "published"), [(nominal, 0.743), (ordinal, 0.815)])
def test_alpha_is_that_of_its_author(metric: object, published: float) -> None:
    found = alpha(units(OBSERVERS), "12345", metric)  # type: ignore[arg-type]
    assert found.value == pytest.approx(published, abs=0.0005)
    assert found.units == 11
    assert found.low is not None
    assert found.high is not None
    assert found.low < published < found.high <= 1


# The same by the package `krippendorff` 0.9.0 (GPL, so not a dependency), run once by hand.
PEER = [
    (
        (".22.0210102212", ".0.1012212101.", ".211001111221."),
        0.15951742627345844,
        -0.04550514097559466,
    ),
    (
        ("11122022112022", "..0.2022222122", "1020220.222.02"),
        0.11398963730569955,
        0.15176141658900288,
    ),
    (
        ("01.10122.2.220", ".2202012..2122", ".022210122100."),
        -0.1625000000000001,
        -0.16384548611111116,
    ),
]


@pytest.mark.parametrize(("rows", "flat", "graded"), PEER)
def test_alpha_is_that_of_another_program(
    rows: tuple[str, ...], flat: float, graded: float
) -> None:
    assert alpha(units(rows), "012").value == pytest.approx(flat)
    assert alpha(units(rows), "012", ordinal).value == pytest.approx(graded)


def test_where_nothing_could_differ_there_is_no_alpha() -> None:
    assert alpha([["yes", "yes"], ["yes"]], ("yes", "no")).value is None
    assert alpha([], ("yes", "no")).units == 0


def test_alpha_has_the_same_interval_each_time() -> None:
    assert alpha(units(OBSERVERS), "12345") == alpha(units(OBSERVERS), "12345")


def test_a_share_of_nothing_says_that_nothing_is_known() -> None:
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)


def stored(
    who: str, record: str, *, opinion: str = "", answer: str = "", rules: str = ""
) -> Stored:
    key, version = f"{record:x>20}", "2020-01-01"
    verdicts = [Verdict(key, "R1", version, "D01", "high", "missed", "established",
                        opinion, f"{who} says so")]  # type: ignore[arg-type]  # fmt: skip
    given = [Given(5, answer, rules)]
    review = Review(record, "hash", None, "", tuple(verdicts if opinion else ()),
                    tuple(given if answer else ()))  # fmt: skip
    return Stored(1, 1, who, True, "desk", review)


def test_a_finding_counts_once_as_most_of_its_reviewers_hold() -> None:
    [found] = precisions([
        stored("a", "1", opinion="agree"), stored("b", "1", opinion="agree"),
        stored("c", "1", opinion="disagree"),
        stored("a", "2", opinion="disagree"), stored("b", "2", opinion="disagree"),
        stored("a", "3", opinion="agree"), stored("b", "3", opinion="disagree"),
    ])  # fmt: skip
    assert (found.agreed.part, found.agreed.whole, found.split) == (1, 2, 1)
    assert set(found.reasons) == {"a says so", "b says so", "c says so"}


def test_what_rules_missed_and_what_they_raised_for_nothing_is_counted() -> None:
    [found] = compared([
        stored("a", "1", answer="no", rules="yes"), stored("b", "1", answer="no", rules="yes"),
        stored("a", "2", answer="yes", rules="no"), stored("b", "2", answer="no", rules="no"),
        stored("a", "3", answer="yes", rules="yes"), stored("b", "3", answer="yes", rules="yes"),
        stored("a", "4", answer="no", rules="cannot_tell"),
    ])  # fmt: skip
    assert (found.missed, found.alarms) == (2, 1)
    assert (found.same.part, found.same.whole) == (3, 6)
    assert found.table["yes", "no"] == 2
    assert found.people.units == 3
    assert found.with_rules.units == 3
