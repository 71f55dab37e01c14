"""What a board says of what the source does not carry: that it does not, never that it was not done."""

from __future__ import annotations

import pytest

from detention_monitor.boards.answers import adult_text, request_text, routine_text, seen_text
from detention_monitor.boards.lines import ASCII, text_of
from detention_monitor.boards.rows import COLUMNS, Moment
from detention_monitor.boards.sheet import lines as sheet_lines
from detention_monitor.boards.story import StoryDesk, coverage_of, judging
from detention_monitor.durable import DurableBackend
from detention_monitor.reports.questions import questions
from detention_monitor.rulefile import RuleSet
from detention_monitor.vocabulary import WHOLE, Coverage
from tests.boards import entry, instant, row_of

D = "2024-09-13T"
NOW = f"{D}23:30"
LACKING = Coverage(
    frozenset({"aa_contacted", "aa_requested", "aa_arrived", "la_requested", "checked",
               "meal_offered", "certificate_made"}),
    frozenset({("review_held", "mode")}),
)  # fmt: skip


def told(ruleset: RuleSet, durable: DurableBackend, coverage: Coverage) -> dict[str, str]:
    """Return what is told of a child kept after charge, by where it is told."""
    entries = [
        entry(ruleset, 1, "arrived", f"{D}09:40", attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00", attrs={"grounds": "evidence"}),
        entry(ruleset, 3, "charged", f"{D}20:00"),
        entry(ruleset, 4, "detention_after_charge", f"{D}20:10"),
    ]
    covered = coverage_of((each, coverage) for each in entries)
    desk = StoryDesk(entries, ruleset, judging(ruleset, durable), practice=True,
                     title="DEMONSTRATION", coverage=covered)  # fmt: skip
    row, now = row_of(desk, NOW), instant(NOW)
    cells = {each.head: each.cell(row, Moment(now)).text for each in COLUMNS["wide"]}
    sheet = [text_of(each) for each in sheet_lines(row.child, ruleset, now, 100, ASCII)]
    return {
        "adult": adult_text(row.child, now)[0],
        "seen": seen_text(row.child, now)[0],
        "authority": request_text(row.child, now)[0],
        "routine": routine_text(row.child, row, now)[0],
        "sheet": " ".join(" ".join(sheet).split()),
        "questions": " ".join(questions(row.child, row.child.findings, now)),
        "AA": cells["Adult"],
        "Seen": cells["Seen"],
        "LA": cells["LA"],
    }


def test_what_is_carried_and_missing_is_told_as_missing(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    said = told(ruleset, durable, WHOLE)
    assert said["adult"] == "nobody asked: no entry shows it"
    assert said["seen"].startswith("never in person by an inspector")
    assert said["authority"] == "not asked: no entry shows it; bail refused 20:10"
    assert said["routine"] == "last 20:00 (charged); next due 12:00, LATE; no meal recorded"
    assert (said["AA"], said["LA"], said["Seen"]) == ("NONE", "unasked", "never")
    assert "no meal recorded in 24 hours" in said["sheet"]
    assert "Why was the local authority not asked" in said["questions"]


def test_what_is_not_carried_is_told_as_not_carried(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    said = told(ruleset, durable, LACKING)
    assert said["adult"] == "not carried by this source: whether an adult came"
    assert said["seen"] == "not carried by this source: whether an inspector came in person"
    assert said["authority"] == "not carried by this source: whether the authority was asked"
    assert said["routine"] == "last 20:00 (charged); meals: not carried by this source"
    assert (said["AA"], said["LA"], said["Seen"]) == ("?", "?", "?")
    assert "no meal recorded" not in said["sheet"]
    assert "may be here, this source does not say" in said["sheet"]
    assert "This source does not carry it" in said["questions"]
    assert "Who is getting an adult here" not in said["questions"]
    for words in ("nobody asked", "never in person"):
        assert words not in " ".join(said.values())


@pytest.mark.parametrize("lacks", ["aa_contacted aa_requested", "aa_arrived"])
def test_half_of_what_is_known_of_the_adult(
    lacks: str, ruleset: RuleSet, durable: DurableBackend
) -> None:
    said = told(ruleset, durable, Coverage(frozenset(lacks.split())))
    if "aa_arrived" in lacks:
        assert said["adult"] == "not carried by this source: whether an adult came"
    else:
        assert said["adult"] == "not here; not carried by this source: whether one was asked"
