"""The life of an alert, to the second on both sides of every limit."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detention_monitor.findings import Finding, GradeState
from detention_monitor.live.alert_life import alert_of
from detention_monitor.live.alerts import Act, Alert, AlertSettings, Change, State
from detention_monitor.live.limits import Limits
from detention_monitor.rulemodel import Severity
from detention_monitor.values import changed

DUE = 10_000
GRACE = 900
LIMITS = Limits(
    shelf_margin=600, shelf_longest=1_800, shelf_longest_critical=300, shelf_times_critical=2,
    alert_undo=10, chatter_times=3, chatter_within=60, chatter_hold=120, flood_size=10,
    flood_within=600, escalate_critical=300, escalate_high=0, escalate_medium=0,
    heartbeat_limit=60, monitor_silent=30,
)  # fmt: skip
TERMS = AlertSettings(lambda _: GRACE, lambda _: LIMITS)
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


def alert(
    now: int,
    *history: tuple[int, Finding | None],
    acts: tuple[Act, ...] = (),
    terms: AlertSettings = TERMS,
) -> Alert:
    found = alert_of([Change(at, finding) for at, finding in history], acts, now, terms)
    assert found is not None
    return found


def state(
    now: int,
    *history: tuple[int, Finding | None],
    acts: tuple[Act, ...] = (),
    terms: AlertSettings = TERMS,
) -> State:
    return alert(now, *history, acts=acts, terms=terms).state


def acknowledged(at: int, raised_at: int | None, until: int | None = None) -> tuple[Act, ...]:
    return (Act(at, "acknowledge", raised_at, until),)


def test_what_was_never_near_an_alarm_is_no_alert() -> None:
    for finding in (OPEN, MET, changed(SOON, nature="good_practice"), None):
        assert alert_of([Change(5, finding)], (), 6, TERMS) is None
    assert alert_of([Change(5, OVERDUE)], (), 4, TERMS) is None


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


def test_a_shelf_lasts_no_longer_than_the_limit_whatever_was_asked() -> None:
    acts = (Act(100, "shelve", 5, until=9_000),)
    assert state(1_899, (5, GAP), acts=acts) == "shelved"
    assert state(1_900, (5, GAP), acts=acts) == "new"
    critical = changed(GAP, severity="critical")
    assert state(399, (5, critical), acts=acts) == "shelved"
    assert state(400, (5, critical), acts=acts) == "new"


def test_a_critical_alert_is_shelved_twice_and_no_third_time() -> None:
    critical = changed(GAP, severity="critical")
    twice = (Act(100, "shelve", 5, until=200), Act(300, "shelve", 5, until=400))
    assert state(399, (5, critical), acts=twice) == "shelved"
    assert state(501, (5, critical), acts=(*twice, Act(500, "shelve", 5, until=600))) == "new"


def test_a_shelf_ends_at_once_when_the_alert_becomes_graver() -> None:
    graver = changed(SOON, severity="critical")
    acts = (Act(8_000, "shelve", None, until=9_000, severity="high"),)
    assert state(8_199, (7_000, SOON), (8_200, graver), acts=acts) == "shelved"
    assert state(8_200, (7_000, SOON), (8_200, graver), acts=acts) == "pending"
    lower = changed(SOON, severity="medium")
    assert state(8_201, (7_000, SOON), (8_200, lower), acts=acts) == "shelved"


def test_a_deadline_that_moves_nearer_ends_a_shelf() -> None:
    nearer = changed(SOON, due_at=9_100)
    acts = (Act(8_000, "shelve", None, until=9_000),)
    assert alert(8_100, (7_000, SOON), acts=acts).changes_at == 9_000
    assert alert(8_400, (7_000, SOON), (8_300, nearer), acts=acts).changes_at == 8_500
    assert state(8_500, (7_000, SOON), (8_300, nearer), acts=acts) == "pending"
    early = changed(SOON, early_at=9_100)
    assert state(8_499, (7_000, SOON), (8_300, early), acts=acts) == "shelved"
    assert state(8_500, (7_000, SOON), (8_300, early), acts=acts) == "pending"


def test_who_took_it_on_and_until_when_is_said_while_it_holds() -> None:
    acts = (Act(SOUNDS + 1, "acknowledge", SOUNDS, 20_000, who="Smith"),)
    held = alert(20_000, (DUE + 1, OVERDUE), acts=acts)
    assert (held.owner, held.expected_at) == ("Smith", 20_000)
    again = alert(20_001, (DUE + 1, OVERDUE), acts=acts)
    assert (again.state, again.owner, again.expected_at) == ("new", "", None)
    shelved = alert(150, (5, GAP), acts=(Act(100, "shelve", 5, 1_000, who="Smith"),))
    assert (shelved.owner, shelved.expected_at) == ("Smith", 1_000)


def test_taken_on_after_it_was_put_aside_it_is_no_longer_aside() -> None:
    acts = (Act(100, "shelve", 5, until=1_000), Act(200, "acknowledge", 5))
    assert state(199, (5, GAP), acts=acts) == "shelved"
    assert state(200, (5, GAP), acts=acts) == "acknowledged"
    assert state(1_000, (5, GAP), acts=acts) == "acknowledged"


def test_a_critical_alert_taken_on_is_new_again_ten_minutes_before_its_next_deadline() -> None:
    ahead = (GradeState("last", 20_000, "critical", "statute", False),)
    critical = changed(OVERDUE, severity="critical", grades=ahead)
    acts = acknowledged(SOUNDS + 60, SOUNDS)
    held = alert(19_399, (DUE + 1, critical), acts=acts)
    assert (held.state, held.changes_at) == ("acknowledged", 19_400)
    again = alert(19_400, (DUE + 1, critical), acts=acts)
    assert (again.state, again.since, again.bell) == ("new", 19_400, True)
    high = changed(critical, severity="high")
    assert state(19_400, (DUE + 1, high), acts=acts) == "acknowledged"


def test_seen_while_due_soon_it_is_still_pending_and_the_alarm_still_comes() -> None:
    acts = acknowledged(8_500, None)
    assert not alert(8_499, (8_000, SOON), acts=acts).seen
    seen = alert(8_500, (8_000, SOON), acts=acts)
    assert (seen.state, seen.seen) == ("pending", True)
    silent = alert(DUE + GRACE, (8_000, SOON), (DUE + 1, OVERDUE), acts=acts)
    assert (silent.state, silent.seen) == ("due_not_yet_recorded", False)
    assert state(SOUNDS, (8_000, SOON), (DUE + 1, OVERDUE), acts=acts) == "new"


def test_no_reason_given_before_the_deadline_answers_for_missing_it() -> None:
    history = ((8_000, SOON), (DUE + 1, OVERDUE), (DUE + 60, LATE))
    before = (Act(DUE, "reason", None),)
    assert state(DUE + 60, *history, acts=before) == "missed"
    after = (Act(DUE + 1, "reason", None),)
    assert state(DUE + 60, *history, acts=after) == "closed"


def test_withdrawn_it_is_closed_once_somebody_has_seen_that() -> None:
    history = ((DUE + 1, OVERDUE), (20_000, MET))
    assert state(20_005, *history, acts=acknowledged(19_000, SOUNDS)) == "withdrawn"
    acts = acknowledged(20_010, SOUNDS)
    assert state(20_009, *history, acts=acts) == "withdrawn"
    assert state(20_010, *history, acts=acts) == "closed"


# --- out of service ----------------------------------------------------------------------------


def paused(**rules: tuple[int, int]) -> AlertSettings:
    spans = {name.replace("_", "-"): (span,) for name, span in rules.items()}
    return replace(TERMS, pauses=lambda rule: spans.get(rule, ()))


def test_out_of_service_it_asks_for_nothing_and_is_new_the_second_it_is_back() -> None:
    terms = paused(D01_first_review=(15_000, 30_000))
    history = (DUE + 1, OVERDUE)
    before = alert(14_999, history, terms=terms)
    assert (before.state, before.changes_at) == ("new", 15_000)
    out = alert(15_000, history, terms=terms)
    assert (out.state, out.since, out.bell) == ("out_of_service", 15_000, False)
    assert (out.changes_at, out.raised_at, out.escalated_at) == (30_000, SOUNDS, None)
    assert state(29_999, history, terms=terms) == "out_of_service"
    back = alert(30_000, history, terms=terms)
    assert (back.state, back.bell, back.since) == ("new", True, SOUNDS)


def test_what_came_while_out_of_service_is_new_when_it_is_back() -> None:
    terms = paused(D01_first_review=(15_000, 30_000))
    assert state(20_000, (20_000, BROKEN), terms=terms) == "out_of_service"
    back = alert(30_000, (20_000, BROKEN), terms=terms)
    assert (back.state, back.since) == ("new", 30_000)


def test_out_of_service_does_not_bring_back_what_is_closed() -> None:
    terms = paused(D01_first_review=(15_000, 30_000))
    acts = (Act(DUE + 9, "reason", DUE),)
    assert state(16_000, (DUE, BROKEN), acts=acts, terms=terms) == "closed"


def test_what_follows_from_a_rule_out_of_service_speaks_for_itself_meanwhile() -> None:
    terms = paused(B02_adult=(15_000, 30_000))
    follows = Change(DUE, changed(BROKEN, because_of="cause"), cause="B02-adult")
    found = [alert_of([follows], (), now, terms) for now in (14_999, 15_000, 29_999, 30_000)]
    assert [each and each.state for each in found] == ["suppressed", "new", "new", "suppressed"]
    assert found[0] is not None
    assert found[0].changes_at == 15_000
    assert found[1] is not None
    assert (found[1].raised_at, found[1].bell) == (15_000, True)


# --- chatter and escalation ----------------------------------------------------------------------

COMES_AND_GOES = ((100, GAP), (110, None), (120, GAP), (130, None), (160, GAP))


def test_what_sounds_three_times_in_a_minute_is_one_alert_and_who_has_it_keeps_it() -> None:
    acts = acknowledged(125, 120)
    second = alert(129, *COMES_AND_GOES, acts=acts)
    assert (second.state, second.raised_at, second.times) == ("acknowledged", 120, 1)
    third = alert(160, *COMES_AND_GOES, acts=acts)
    assert (third.state, third.raised_at, third.times) == ("acknowledged", 120, 3)
    slower = (*COMES_AND_GOES[:4], (161, GAP))
    again = alert(161, *slower, acts=acts)
    assert (again.state, again.raised_at, again.times) == ("new", 161, 1)


def test_what_chatters_is_held_for_two_minutes_after_it_went() -> None:
    history = (*COMES_AND_GOES, (170, None))
    acts = acknowledged(125, 120)
    held = alert(290, *history, acts=acts)
    assert (held.state, held.changes_at) == ("acknowledged", 291)
    over = alert(291, *history, acts=acts)
    assert (over.state, over.since) == ("closed", 291)
    back = alert(280, *history, (280, GAP), acts=acts)
    assert (back.state, back.times, back.raised_at) == ("acknowledged", 4, 120)
    later = alert(291, *history, (291, GAP), acts=acts)
    assert (later.state, later.times, later.raised_at) == ("new", 1, 291)


def test_chatter_hides_nothing_graver() -> None:
    graver = changed(GAP, severity="critical")
    found = alert(160, *COMES_AND_GOES[:4], (160, graver), acts=acknowledged(125, 120))
    assert (found.state, found.raised_at, found.times) == ("new", 160, 3)


def test_a_critical_alert_that_nobody_takes_on_is_escalated_after_five_minutes() -> None:
    critical = changed(BROKEN, severity="critical")
    before = alert(DUE + 300, (DUE, critical))
    assert (before.escalated_at, before.changes_at) == (None, DUE + 301)
    assert alert(DUE + 301, (DUE, critical)).escalated_at == DUE + 301
    assert alert(DUE + 301, (DUE, critical), acts=acknowledged(DUE + 300, DUE)).escalated_at is None
    assert alert(10**6, (DUE, BROKEN)).escalated_at is None


def test_taken_on_and_not_done_by_then_it_is_escalated_from_then() -> None:
    critical = changed(BROKEN, severity="critical")
    acts = acknowledged(DUE + 5, DUE, until=20_000)
    assert alert(20_301, (DUE, critical), acts=acts).escalated_at is None
    assert alert(20_302, (DUE, critical), acts=acts).escalated_at == 20_302


# --- at random ---------------------------------------------------------------------------------

ANYTHING = st.sampled_from(
    [None, OPEN, SOON, OVERDUE, MISSED, LATE, MET, BROKEN, GAP, changed(OVERDUE, because_of="x"),
     changed(OVERDUE, severity="critical"), changed(OVERDUE, due_at=DUE + 500)]
)  # fmt: skip
SEVERITY: st.SearchStrategy[Severity] = st.sampled_from(["medium", "high", "critical"])
INSTANT = st.integers(DUE - 1_000, DUE + 3_000)
WHAT: st.SearchStrategy[Literal["acknowledge", "reason", "shelve"]] = st.sampled_from(
    ["acknowledge", "reason", "shelve"]
)


Life = tuple[list[Change], list[Act], int, AlertSettings]


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """Draw a history, acts upon the alert as it stood at each, an instant, and pauses of rules."""
    at = sorted(draw(st.sets(INSTANT, min_size=1, max_size=5)))
    if draw(st.booleans()):  # close together, as what chatters
        at = [at[0] + 15 * number for number in range(draw(st.integers(3, 8)))]
    history = [Change(each, draw(ANYTHING), cause="cause") for each in at]
    spans = {
        name: ((start, start + draw(st.integers(1, 1_500))),)
        for name in ("D01-first-review", "cause")
        if draw(st.booleans())
        for start in [draw(INSTANT)]
    }
    terms = replace(TERMS, pauses=lambda rule: spans.get(rule, ()))
    acts: list[Act] = []
    for when in sorted(draw(st.sets(INSTANT, max_size=4))):
        stood = alert_of([c for c in history if c.at <= when], acts, when, terms)
        if stood is not None:
            end = draw(st.none() | st.integers(when + 1, when + 2_000))
            severity = draw(st.none() | SEVERITY)
            acts.append(Act(when, draw(WHAT), stood.raised_at, end, severity=severity))
    return history, acts, draw(INSTANT), terms


@given(lives())
def test_an_alert_never_changes_before_it_says_so(
    life: Life,
) -> None:
    history, acts, now, terms = life
    known = [change for change in history if change.at <= now]
    done = [act for act in acts if act.at <= now]
    before = alert_of(known, done, now, terms)
    end = DUE + 6_000 if before is None or before.changes_at is None else before.changes_at
    assert end > now
    for later in {now + 1, (now + end) // 2, end - 1} - {end}:
        if now < later < end:
            assert alert_of(known, done, later, terms) == before


@given(lives())
def test_an_alert_has_its_state_since_an_instant_that_has_come(
    life: Life,
) -> None:
    history, acts, now, terms = life
    found = alert_of(history, acts, now, terms)
    assert found is None or found.since <= now
    assert found is None or not found.bell or found.state == "new"


@given(lives())
def test_no_alarm_is_ever_lost_by_what_a_person_did_not_do(
    life: Life,
) -> None:
    history, _, now, terms = life
    found = alert_of(history, (), now, terms)
    if found is not None and found.raised_at is not None:
        assert found.state not in ("acknowledged", "closed", "shelved")
