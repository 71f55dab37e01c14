"""What a board says of the local authority: that nobody asked it only where somebody had to."""

from __future__ import annotations

import pytest

from detention_monitor.boards.answers import request_text
from detention_monitor.boards.rows import COLUMNS, Moment
from detention_monitor.durable import DurableBackend
from detention_monitor.rulefile import RuleSet
from tests.boards import desk_of, entry, instant, row_of

D = "2024-09-13T"
NOW = f"{D}23:00"
Said = tuple[str, str, dict[str, object]]
YES: dict[str, object] = {"refused": True}
NO: dict[str, object] = {"refused": False}
FORESEEN: Said = ("refusal_anticipated", "15:00", {})
CHARGED: Said = ("charged", "20:00", {})
KEPT: Said = ("detention_after_charge", "20:10", {})
BAILED: Said = ("bailed", "20:20", {})
BACK: Said = ("bail_answered", "21:00", {})
NOT_YET = "need not be asked yet: charged 20:00, no entry shows bail decided"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), "need not be asked yet: not charged"),
        ((FORESEEN,), "not asked; refusal of bail foreseen 15:00"),
        ((CHARGED,), NOT_YET),
        ((FORESEEN, CHARGED), "not asked; refusal of bail foreseen 15:00"),
        ((CHARGED, KEPT), "not asked: no entry shows it; bail refused 20:10"),
        ((CHARGED, ("bail_decided", "20:15", YES)),
         "not asked: no entry shows it; bail refused 20:15"),
        ((CHARGED, ("bail_decided", "20:15", {})),
         "cannot tell: whether bail was refused 20:15 is not recorded"),
        ((CHARGED, ("left_for_court", "20:30", {})),
         "cannot tell: whether bail was refused 20:30 is not recorded"),
        ((CHARGED, ("bail_decided", "20:15", NO)), "need not be asked: bail granted 20:15"),
        ((("bail_decided", "20:00", NO), CHARGED), "need not be asked: bail granted 20:00"),
        ((CHARGED, ("bail_decided", "20:15", NO), ("charged", "21:00", {})),
         "need not be asked yet: charged 21:00, no entry shows bail decided"),
        ((CHARGED, KEPT, ("charged", "21:00", {})),
         "not asked: no entry shows it; bail refused 20:10"),
        ((CHARGED, KEPT, ("bail_decided", "22:00", NO)), "need not be asked: bail granted 22:00"),
        ((CHARGED, KEPT, BAILED, BACK, ("detention_authorised", "21:05", {})),
         "need not be asked yet: not charged"),
    ],
)  # fmt: skip
def test_nobody_is_said_not_to_have_asked_before_somebody_had_to(
    ruleset: RuleSet, durable: DurableBackend,
    said: tuple[Said, ...], expected: str,
) -> None:  # fmt: skip
    entries = [
        entry(ruleset, 1, "arrived", f"{D}09:40", attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00", attrs={"grounds": "evidence"}),
        *(entry(ruleset, number, kind, f"{D}{at}", attrs=attrs)
          for number, (kind, at, attrs) in enumerate(said, 3)),
    ]  # fmt: skip
    row = row_of(desk_of(entries, ruleset, durable), NOW)
    assert request_text(row.child, instant(NOW))[0] == expected
    cell = next(each for each in COLUMNS["wide"] if each.head == "LA").cell
    unasked = expected.startswith("not asked: ")
    untold = "?" if expected.startswith("cannot tell: ") else "-"
    assert cell(row, Moment(instant(NOW))).text == ("unasked" if unasked else untold)


@pytest.mark.parametrize(
    ("between", "expected"),
    [((("charged", "20:00"),), "need not be asked: let go 20:20"),
     ((), "need not be asked: not charged")],
    ids=["charged", "not-charged"],
)  # fmt: skip
def test_of_a_child_let_go_nobody_had_to_ask(
    ruleset: RuleSet, durable: DurableBackend, between: tuple[tuple[str, str], ...], expected: str
) -> None:
    entries = [
        entry(ruleset, 1, "arrived", f"{D}09:40", attrs={"dob": "2009-01-01"}),
        entry(ruleset, 2, "detention_authorised", f"{D}10:00"),
        *(entry(ruleset, 3, kind, f"{D}{at}") for kind, at in between),
        entry(ruleset, 4, "released", f"{D}20:20"),
    ]
    desk = desk_of(entries, ruleset, durable)
    desk.look(instant(NOW))
    [child] = desk.left()
    said, tone = request_text(child, instant(NOW))
    assert (said, tone) == (expected, "dim")
