"""The life of an alert, to the second on both sides of every limit."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detention_monitor.findings import Finding, GradeState
from detention_monitor.live.alerts import Act, Alert, Change, State, alert_of
from detention_monitor.values import changed

DUE = 10_000
GRACE = 900
SOUNDS = DUE + GRACE + 1

OPEN = Finding(
    key="k", detention="D", record="R", duty="D01", rule="D01-first-review", rule_version="1",
    title="First review", nature="concern", authority="statute", sources=("s.40",), verified=True,
    severity="high", status="open", certainty="established", message="", due_at=DUE,
)  # fmt: skip
SOON = changed(OPEN, status="due_soon")
OVERDUE = changed(OPEN, status="overdue")
MISSED = changed(OPEN, status="missed")
LATE = changed(OPEN, status="met_late", done_at=DUE + 60)
MET = changed(OPEN, status="met", done_at=DUE - 60)
BROKEN = changed(OPEN, status="broken", due_at=None, occurred_at=DUE)
GAP = changed(OPEN, status="not_recorded", due_at=None)


def alert(now: int, *history: tuple[int, Finding | None], acts: tuple[Act, ...] = ()) -> Alert:
    found = alert_of([Change(at, finding) for at, finding in history], acts, now, lambda _: GRACE)
    assert found is not None
    return found


def state(now: int, *history: tuple[int, Finding | None], acts: tuple[Act, ...] = ()) -> State:
    return alert(now, *history, acts=acts).state


def acknowledged(at: int, raised_at: int, until: int | None = None) -> tuple[Act, ...]:
    return (Act(at, "acknowledge", raised_at, until),)


def test_what_was_never_near_an_alarm_is_no_alert() -> None:
    for finding in (OPEN, MET, changed(SOON, nature="good_practice"), None):
        assert alert_of([Change(5, finding)], (), 6, lambda _: GRACE) is None
    assert alert_of([Change(5, OVERDUE)], (), 4, lambda _: GRACE) is None


def test_due_soon_is_pending_without_a_bell() -> None:
    found = alert(9_000, (8_000, SOON))
    assert (found.state, found.since, found.bell, found.raised_at) == (
        "pending",
        8_000,
        False,
        None,
    )


def test_within_the_recording_grace_it_is_due_and_silent_and_then_new() -> None:
    history = ((8_000, SOON), (DUE + 1, OVERDUE))
    inside = alert(DUE + GRACE, *history)
    assert (inside.state, inside.since, inside.bell) == ("due_not_yet_recorded", DUE + 1, False)
    assert inside.changes_at == SOUNDS
    after = alert(SOUNDS, *history)
    assert (after.state, after.since, after.bell) == ("new", SOUNDS, True)
    assert (after.active, after.seen, after.deadline_missed) == (True, False, True)


def test_what_is_found_late_is_new_when_it_is_found() -> None:
    assert alert(50_000, (50_000, OVERDUE)).raised_at == 50_000


def test_information_is_new_without_a_bell() -> None:
    assert not alert(SOUNDS, (DUE + 1, changed(OVERDUE, severity="info"))).bell
    assert alert(SOUNDS, (DUE + 1, changed(OVERDUE, severity="medium"))).bell


def test_acknowledged_until_the_expected_time_and_new_one_second_after() -> None:
    history = ((DUE + 1, OVERDUE),)
    acts = acknowledged(SOUNDS + 60, SOUNDS, until=20_000)
    assert state(SOUNDS + 59, *history, acts=acts) == "new"
    held = alert(SOUNDS + 60, *history, acts=acts)
    assert (held.state, held.since, held.changes_at) == ("acknowledged", SOUNDS + 60, 20_001)
    assert state(20_000, *history, acts=acts) == "acknowledged"
    again = alert(20_001, *history, acts=acts)
    assert (again.state, again.since, again.bell, again.seen) == ("new", 20_001, True, True)


def test_acknowledged_without_an_expected_time_holds() -> None:
    acts = acknowledged(SOUNDS, SOUNDS)
    assert state(10**9, (DUE + 1, OVERDUE), acts=acts) == "acknowledged"


def test_an_act_upon_an_earlier_alert_is_not_one_upon_this() -> None:
    history = ((DUE + 1, OVERDUE), (30_000, MET), (40_000, OVERDUE))
    acts = acknowledged(SOUNDS + 5, SOUNDS)
    assert state(SOUNDS + 5, *history, acts=acts) == "acknowledged"
    again = alert(40_000, *history, acts=acts)
    assert (again.state, again.raised_at, again.seen) == ("new", 40_000, False)


def test_a_graver_severity_raises_it_again_and_a_lower_one_does_not() -> None:
    acts = acknowledged(SOUNDS + 5, SOUNDS)
    lower = changed(OVERDUE, severity="medium")
    assert state(20_000, (DUE + 1, OVERDUE), (15_000, lower), acts=acts) == "acknowledged"
    graver = changed(OVERDUE, severity="critical", due_at=15_000)
    history = ((DUE + 1, OVERDUE), (15_001, graver))
    held = alert(15_000 + GRACE, *history, acts=acts)
    assert (held.state, held.changes_at) == ("acknowledged", 15_000 + GRACE + 1)
    assert state(15_000 + GRACE + 1, *history, acts=acts) == "new"


def test_done_late_before_anybody_saw_it_is_past_unseen_then_missed_until_a_reason() -> None:
    history = ((DUE + 1, OVERDUE), (20_000, LATE))
    found = alert(20_000, *history)
    assert (found.state, found.active, found.deadline_missed) == ("past_unseen", False, True)
    seen = acknowledged(20_010, SOUNDS)
    assert state(20_009, *history, acts=seen) == "past_unseen"
    assert state(20_010, *history, acts=seen) == "missed"
    reason = (*seen, Act(20_020, "reason", SOUNDS))
    assert state(20_019, *history, acts=reason) == "missed"
    closed = alert(20_020, *history, acts=reason)
    assert (closed.state, closed.answered, closed.since) == ("closed", True, 20_020)


def test_acknowledged_and_then_done_late_is_missed_until_a_reason() -> None:
    history = ((DUE + 1, OVERDUE), (20_000, LATE))
    assert state(20_000, *history, acts=acknowledged(SOUNDS, SOUNDS)) == "missed"


def test_a_reason_given_early_closes_it_only_once_it_is_done() -> None:
    acts = (Act(SOUNDS + 1, "reason", SOUNDS),)
    assert state(15_000, (DUE + 1, OVERDUE), acts=acts) == "acknowledged"
    assert state(20_000, (DUE + 1, OVERDUE), (20_000, LATE), acts=acts) == "closed"


def test_done_late_and_recorded_within_the_grace_never_rang_and_still_wants_a_reason() -> None:
    history = ((DUE + 1, OVERDUE), (DUE + GRACE, LATE))
    found = alert(DUE + GRACE, *history)
    assert (found.state, found.raised_at, found.bell) == ("missed", None, False)
    acts = (Act(DUE + GRACE + 1, "reason", None),)
    assert state(DUE + GRACE + 1, *history, acts=acts) == "closed"


def test_missed_when_detention_ended_is_new_until_seen_and_then_stays() -> None:
    history = ((DUE + 1, OVERDUE), (30_000, MISSED))
    assert state(30_000, *history) == "new"
    assert state(30_001, *history, acts=acknowledged(30_001, SOUNDS)) == "missed"
    assert state(10**9, *history, acts=acknowledged(30_001, SOUNDS, until=40_000)) == "missed"
    assert state(30_001, *history, acts=(Act(30_001, "reason", SOUNDS),)) == "closed"


def test_shown_to_have_been_in_time_it_is_withdrawn_with_the_delay_of_the_entry() -> None:
    silent = alert(DUE + 300, (DUE + 1, OVERDUE), (DUE + 300, MET))
    assert (silent.state, silent.recorded_late, silent.raised_at) == ("withdrawn", 6, None)
    rang = alert(20_000, (DUE + 1, OVERDUE), (20_000, MET))
    assert (rang.state, rang.seen, rang.raised_at) == ("withdrawn", False, SOUNDS)


def test_no_longer_found_at_all_it_is_withdrawn() -> None:
    assert state(20_000, (DUE + 1, OVERDUE), (20_000, None)) == "withdrawn"
    assert state(20_000, (DUE + 1, BROKEN), (20_000, None)) == "withdrawn"


def test_a_gap_that_was_filled_is_past_unseen_or_closed() -> None:
    history = ((5, GAP), (20_000, None))
    assert state(19_999, *history) == "new"
    assert state(20_000, *history) == "past_unseen"
    assert state(20_000, *history, acts=acknowledged(50, 5)) == "closed"


def test_a_prohibition_broken_is_answered_by_a_reason() -> None:
    assert state(DUE, (DUE, BROKEN)) == "new"
    assert state(DUE + 9, (DUE, BROKEN), acts=acknowledged(DUE + 9, DUE)) == "acknowledged"
    assert state(DUE + 9, (DUE, BROKEN), acts=(Act(DUE + 9, "reason", DUE),)) == "closed"


def test_what_follows_from_another_is_suppressed_and_raised_when_its_cause_goes() -> None:
    follows = changed(OVERDUE, because_of="cause")
    found = alert(50_000, (DUE + 1, follows))
    assert (found.state, found.bell, found.raised_at) == ("suppressed", False, None)
    freed = alert(60_000, (DUE + 1, follows), (60_000, OVERDUE))
    assert (freed.state, freed.raised_at) == ("new", 60_000)
    assert state(60_000, (DUE + 1, follows), (60_000, changed(LATE, because_of="c"))) == (
        "suppressed"
    )


def test_shelved_until_its_end_and_new_at_it() -> None:
    acts = (Act(100, "shelve", 5, until=1_900),)
    held = alert(1_899, (5, GAP), acts=acts)
    assert (held.state, held.changes_at) == ("shelved", 1_900)
    assert alert(1_900, (5, GAP), acts=acts).state == "new"
    assert alert(1_900, (5, GAP), acts=acts).since == 1_900


@pytest.mark.parametrize("grades", [(), (GradeState("first", 9_000, "high", "statute", False),)])
def test_a_shelf_ends_ten_minutes_before_the_next_deadline(
    grades: tuple[GradeState, ...],
) -> None:
    soon = changed(SOON, grades=grades)
    end = (9_000 if grades else DUE) - 600
    acts = (Act(8_000, "shelve", None, until=DUE + 5),)
    assert state(end - 1, (7_000, soon), acts=acts) == "shelved"
    assert state(end, (7_000, soon), acts=acts) == "pending"


def test_a_missed_deadline_is_not_hidden_by_a_shelf() -> None:
    acts = (Act(SOUNDS + 1, "shelve", SOUNDS, until=10**6),)
    assert state(SOUNDS + 2, (DUE + 1, OVERDUE), acts=acts) == "new"


# --- at random ---------------------------------------------------------------------------------

ANYTHING = st.sampled_from(
    [None, OPEN, SOON, OVERDUE, MISSED, LATE, MET, BROKEN, GAP, changed(OVERDUE, because_of="x"),
     changed(OVERDUE, severity="critical"), changed(OVERDUE, due_at=DUE + 500)]
)  # fmt: skip
INSTANT = st.integers(DUE - 1_000, DUE + 3_000)
WHAT: st.SearchStrategy[Literal["acknowledge", "reason", "shelve"]] = st.sampled_from(
    ["acknowledge", "reason", "shelve"]
)


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Change], list[Act], int]:
    """Draw a history, acts upon the alert as it stood at each, and an instant."""
    at = sorted(draw(st.sets(INSTANT, min_size=1, max_size=5)))
    history = [Change(each, draw(ANYTHING)) for each in at]
    acts: list[Act] = []
    for when in sorted(draw(st.sets(INSTANT, max_size=4))):
        stood = alert_of([c for c in history if c.at <= when], acts, when, lambda _: GRACE)
        if stood is not None:
            end = draw(st.none() | st.integers(when + 1, when + 2_000))
            acts.append(Act(when, draw(WHAT), stood.raised_at, end))
    return history, acts, draw(INSTANT)


@given(lives())
def test_an_alert_never_changes_before_it_says_so(
    life: tuple[list[Change], list[Act], int],
) -> None:
    history, acts, now = life
    known = [change for change in history if change.at <= now]
    done = [act for act in acts if act.at <= now]
    before = alert_of(known, done, now, lambda _: GRACE)
    end = DUE + 6_000 if before is None or before.changes_at is None else before.changes_at
    assert end > now
    for later in {now + 1, (now + end) // 2, end - 1} - {end}:
        if now < later < end:
            assert alert_of(known, done, later, lambda _: GRACE) == before


@given(lives())
def test_an_alert_has_its_state_since_an_instant_that_has_come(
    life: tuple[list[Change], list[Act], int],
) -> None:
    history, acts, now = life
    found = alert_of(history, acts, now, lambda _: GRACE)
    assert found is None or found.since <= now
    assert found is None or not found.bell or found.state == "new"


@given(lives())
def test_no_alarm_is_ever_lost_by_what_a_person_did_not_do(
    life: tuple[list[Change], list[Act], int],
) -> None:
    history, _, now = life
    found = alert_of(history, (), now, lambda _: GRACE)
    if found is not None and found.raised_at is not None:
        assert found.state not in ("acknowledged", "closed", "shelved")
