"""Readings of a history: as it happened, as it was known; late, future and uncovered entries."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.detention import Detention, group
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.repeated_hour import splits_of
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import read_entries
from detention_monitor.times import parse_instant
from detention_monitor.values import changed
from tests.conftest import RULES, SAMPLES
from tests.test_replay import command

Entry = tuple[str, str, dict[str, Any]]


def at(clock: str) -> int:
    return parse_instant(f"2024-06-10T{clock}", "Europe/London")[0]


def detention(*entries: Entry, late: dict[int, str] | None = None) -> Detention:
    """Return a detention of (clock, kind, attributes); recorded at once, or as `late` says."""
    made = [
        CustodyEvent(
            f"e{place}", "R1", kind, at(clock), attrs=attrs,
            recorded_at=at((late or {}).get(place, clock)),
        )
        for place, (clock, kind, attrs) in enumerate(entries, start=1)
    ]  # fmt: skip
    return Detention("R1", tuple(made))


BEGIN: tuple[Entry, ...] = (
    ("13:00", "arrived", {"dob": "2009-01-01"}),
    ("13:10", "detention_authorised", {"grounds": "to question", "in_child_presence": True}),
    ("13:15", "aa_contacted", {}),
)


def statuses(result: Assessment) -> dict[str, tuple[str, str]]:
    return {each.rule: (each.status, each.certainty) for each in result.findings}


def test_a_late_entry_counts_as_it_happened_and_not_before_it_was_known(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    came = detention(*BEGIN, ("14:00", "aa_arrived", {}), late={4: "18:00"})
    happened = assess(came, ruleset, at("16:00"), backend=durable)
    known = assess(came, ruleset, at("16:00"), backend=durable, reading="as_known")
    later = assess(came, ruleset, at("18:00"), backend=durable, reading="as_known")

    assert statuses(happened)["B02-adult-present"] == ("met", "established")
    assert statuses(known)["B02-adult-present"] == ("overdue", "established")
    assert statuses(later)["B02-adult-present"] == ("met", "established")


def test_as_known_needs_to_know_when(ruleset: RuleSet, durable: DurableBackend) -> None:
    entry = CustodyEvent("e1", "R1", "arrived", at("13:00"), attrs={"dob": "2009-01-01"})
    with pytest.raises(RecordError, match="'recorded_at' on every entry"):
        assess(Detention("R1", (entry,)), ruleset, at("14:00"), backend=durable, reading="as_known")


def test_t18_as_known_the_duties_arise_when_the_age_was_corrected(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Corrected at 02:10, adult at 03:00: 50 minutes, nothing to find (domain.md T18)."""
    story = SAMPLES / "T18_age_corrected.jsonl"
    read = [got for got, _ in read_entries([str(story)], ruleset.vocabulary)]
    [one] = group(got for got in read if isinstance(got, CustodyEvent))
    result = assess(one, ruleset, end_of(one, ruleset) + 600, backend=durable, reading="as_known")

    adult = next(each for each in result.findings if each.rule == "B02-adult-present")
    assert adult.status == "met"
    assert adult.arose_at == parse_instant("2025-01-21T02:10:00Z")[0]
    assert [each.rule for each in result.findings if each.is_breach] == []


def test_a_whole_record_as_known_is_judged_when_all_was_known(tmp_path: Path) -> None:
    story = SAMPLES / "T18_age_corrected.jsonl"
    ran = command("replay", story, "--as-known", "--format", "jsonl", "--all", cwd=tmp_path)
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert {each["unclosed"] for each in found} == {False}
    assert [each["rule"] for each in found if each["status"] in ("missed", "met_late")] == []


@pytest.mark.parametrize(("recorded", "counts"), [("13:58", True), ("13:57", False)])
def test_an_entry_dated_after_it_was_recorded_discharges_nothing(
    recorded: str, counts: bool, ruleset: RuleSet, durable: DurableBackend
) -> None:
    ahead = detention(
        *BEGIN, ("14:00", "aa_arrived", {}), ("16:00", "meal_offered", {}), late={4: recorded}
    )
    found = statuses(assess(ahead, ruleset, at("16:00"), backend=durable))
    assert found["B02-adult-present"][0] == ("met" if counts else "overdue")
    assert ("DATED_AFTER_RECORDED" in found) is not counts


def test_an_amendment_of_nothing_is_reported_and_changes_nothing(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    plain = detention(*BEGIN)
    stray = CustodyEvent(
        "x1", "R1", "aa_arrived", at("13:30"), recorded_at=at("13:30"), amends="nowhere"
    )
    result = assess(Detention("R1", (*plain.entries, stray)), ruleset, at("14:00"), backend=durable)
    assert "AMENDS_NOTHING" in statuses(result)
    assert statuses(result)["B02-adult-present"][0] == "open"


def lines(*entries: Entry) -> Iterable[str]:
    for place, (clock, kind, attrs) in enumerate(entries, start=1):
        yield json.dumps(
            {"id": f"e{place}", "record": "R1", "kind": kind,
             "at": f"2024-06-10T{clock}:00+01:00", "attrs": attrs}
        )  # fmt: skip


def replayed(tmp_path: Path, source: dict[str, Any], *entries: Entry) -> dict[str, Any]:
    text = "\n".join([json.dumps({"source": source}), *lines(*entries)])
    ran = command("replay", "-", "--format", "jsonl", text=text, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    return {each["rule"]: each for each in map(json.loads, ran.stdout.splitlines())}


def test_what_the_source_does_not_carry_cannot_be_told(tmp_path: Path) -> None:
    ends: Entry = ("16:00", "released", {})
    carried = replayed(tmp_path, {}, *BEGIN, ends)
    assert carried["B02-adult-present"]["status"] == "missed"

    uncarried = replayed(tmp_path, {"not_carried": ["aa_arrived"]}, *BEGIN, ends)
    assert uncarried["B02-adult-present"]["status"] == "cannot_tell"
    assert uncarried["B02-adult-present"]["certainty"] == "possible"


def test_an_attribute_that_is_not_carried_is_no_gap_of_the_record(tmp_path: Path) -> None:
    review: Entry = ("18:00", "review_held", {"reps_aa": "heard"})
    carried = replayed(tmp_path, {}, *BEGIN, review)
    assert carried["D05-mode-not-recorded"]["status"] == "not_recorded"
    assert carried["D04-wrong-reviewer"]["status"] == "not_recorded"

    without = {"not_carried": ["review_held.mode", "review_held.rank"]}
    uncarried = replayed(tmp_path, without, *BEGIN, review)
    assert uncarried["D05-mode-not-recorded"]["status"] == "cannot_tell"
    assert uncarried["D04-wrong-reviewer"]["status"] == "cannot_tell"
    assert uncarried["D01-first-review"]["status"] == "met"
    assert uncarried["D01-first-review"]["certainty"] == "possible"


def test_an_acting_rank_that_the_source_does_not_carry_may_have_been_there(tmp_path: Path) -> None:
    text = "\n".join(lines(*BEGIN, ("18:00", "review_held", {"mode": "in_person"})))
    text = text.replace('"review_held"', '"review_held", "by": {"rank": "sergeant"}')
    for source, status in (
        ({}, "broken"),
        ({"not_carried": ["review_held.acting_rank"]}, "cannot_tell"),
    ):
        whole = json.dumps({"source": source}) + "\n" + text
        ran = command("replay", "-", "--format", "jsonl", text=whole, cwd=tmp_path)
        found = {each["rule"]: each for each in map(json.loads, ran.stdout.splitlines())}
        assert found["D04-wrong-reviewer"]["status"] == status


def test_a_kind_that_is_not_carried_is_told_once_for_each_rule(tmp_path: Path) -> None:
    found = replayed(tmp_path, {"not_carried": ["interview_started"]}, *BEGIN)
    assert found["C01-interview-without-adult"]["status"] == "cannot_tell"
    assert "'interview started'" in found["C01-interview-without-adult"]["message"]


@pytest.mark.parametrize(
    ("missing", "rule"),
    [
        ("review_held", "D01-first-review"),
        ("hospital_out", "D01-first-review"),
        ("aa_arrived", "C01-interview-without-adult"),
        ("urgent_interview_authorised", "C01-interview-without-adult"),
        ("certificate_made", "E03-move-to-la"),
    ],
)
def test_a_kind_that_would_have_met_or_excused_a_duty_makes_it_untold(
    missing: str, rule: str, tmp_path: Path
) -> None:
    story: tuple[Entry, ...] = (
        ("08:00", "arrived", {"dob": "2009-01-01"}),
        ("08:10", "detention_authorised", {"grounds": "to question", "in_child_presence": True}),
        ("09:00", "interview_started", {}),
        ("14:30", "charged", {}),
        ("14:40", "detention_after_charge", {}),
        ("16:00", "left_for_court", {}),
        ("17:00", "court_appearance", {}),
    )
    carried = replayed(tmp_path, {}, *story)
    assert carried[rule]["status"] in ("missed", "broken", "met_late")
    uncarried = replayed(tmp_path, {"not_carried": [missing]}, *story)
    assert uncarried[rule]["status"] == "cannot_tell"
    assert uncarried[rule]["certainty"] == "possible"


def test_ids_are_told_apart_by_force(ruleset: RuleSet, durable: DurableBackend) -> None:
    """Force 45 withdraws its own e3; that of force 44 in the same detention stays."""
    plain = detention(*BEGIN)
    ours = [
        CustodyEvent(e.id, e.record, e.kind, e.at, "44", "D1", attrs=e.attrs) for e in plain.entries
    ]
    theirs = [
        CustodyEvent("e3", "R2", "checked", at("13:20"), "45", "D1"),
        CustodyEvent("e4", "R2", "checked", at("13:21"), "45", "D1", withdraws="e3"),
    ]
    [one] = group([*ours, *theirs])
    found = statuses(assess(one, ruleset, at("13:30"), backend=durable))
    assert found["B01-adult-informed"][0] == "met"


def test_an_entry_amended_long_after_is_not_dated_ahead(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    plain = detention(*BEGIN, ("13:20", "aa_arrived", {}))
    amended = CustodyEvent(
        "e9", "R1", "aa_arrived", at("14:20"), recorded_at=at("16:00"), amends="e4"
    )
    both = Detention("R1", (*plain.entries, amended))
    found = statuses(assess(both, ruleset, at("16:00"), backend=durable))
    assert found["B02-adult-present"][0] == "met"
    assert "DATED_AFTER_RECORDED" not in found


def test_a_date_put_right_does_not_move_the_end_of_the_record() -> None:
    plain = detention(*BEGIN)
    slip = CustodyEvent("e8", "R1", "checked", at("13:30") + 10 * 86_400)
    right = CustodyEvent("e9", "R1", "checked", at("13:30"), amends="e8")
    assert Detention("R1", (*plain.entries, slip, right)).last_at(120) == at("13:30")


@pytest.mark.parametrize(
    ("tolerance", "end"), [("2m", "13:15"), ("5m", "13:25"), ("4m59s", "13:15")]
)
def test_a_force_s_tolerance_for_late_entries_decides_the_end_of_a_record_too(
    tolerance: str, end: str, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n"
        f"  late_entry_tolerance: {{values: {{2012-07-10: {tolerance}}}}}\n"
    )
    ahead = detention(*BEGIN, ("13:25", "checked", {}), late={4: "13:20"})
    assert end_of(ahead, load_rules(RULES, policy)) == at(end)


def test_a_dozen_ambiguous_times_are_read_both_ways(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """A review at "01:50" on the night the clocks go back, due 01:00 GMT: in time or 50 min late."""
    begun = parse_instant("2025-10-25T20:00:00+01:00")[0]
    entries = [
        CustodyEvent("a1", "R1", "arrived", begun, attrs={"dob": "2009-03-01"}),
        CustodyEvent("a2", "R1", "detention_authorised", begun),
    ]
    for number in range(12):
        first, second = parse_instant(f"2025-10-26T01:{number + 5:02d}", "Europe/London")
        entries.append(CustodyEvent(f"m{number:02d}", "R1", "checked", first, also_at=(second,)))
    first, second = parse_instant("2025-10-26T01:50", "Europe/London")
    entries.append(CustodyEvent("r1", "R1", "review_held", first, also_at=(second,)))
    result = assess(Detention("R1", tuple(entries)), ruleset, second, backend=durable)
    assert statuses(result)["D01-first-review"] == ("met", "possible")


@pytest.mark.parametrize("backend", ["durable", "reference"])
@pytest.mark.parametrize(
    ("interviewed", "then", "certain"),
    [
        ("17:00", [("20:00", "released", {})], None),
        ("17:01", [("20:00", "released", {})], "possible"),
        ("17:01", [("19:00", "aa_arrived", {}), ("20:00", "released", {})], "possible"),
        ("17:01", [("19:00", "aa_left", {}), ("20:00", "released", {})], None),
        ("17:01", [("20:00", "aa_left", {}), ("20:00", "released", {})], None),
        ("17:01", [("20:00", "released", {}), ("20:05", "aa_left", {})], None),
        (
            "17:01",
            [("20:00", "bailed", {}), ("21:00", "bail_answered", {}), ("22:00", "aa_left", {}),
             ("23:00", "released", {})],
            "possible",
        ),
        ("17:01", [("16:59", "aa_left", {}), ("20:00", "released", {})], "established"),
    ],
    ids=["three-hours", "a-minute-more", "another-came", "left-before-release", "left-at-release",
         "left-after-release", "left-after-a-return-from-bail", "left-before"],
)  # fmt: skip
def test_an_adult_whom_nobody_saw_leave_is_surely_there_for_three_hours_only(
    interviewed: str, then: list[Entry], certain: str | None, backend: str, ruleset: RuleSet,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """Release ends the presence of the adult; it does not say that they stayed so long."""
    came: Entry = ("14:00", "aa_arrived", {"in_person": True})
    interview: Entry = (interviewed, "interview_started", {})
    one = detention(*BEGIN, came, interview, *then)
    by = request.getfixturevalue(backend)
    result = assess(one, ruleset, end_of(one, ruleset), backend=by)

    found = [each for each in result.findings if each.rule == "C01-interview-without-adult"]
    broken = [each.certainty for each in found if each.status == "broken"]
    assert broken == ([] if certain is None else [certain])


def autumn_night(checks: int) -> Detention:
    """Return a detention with so many checks, a minute apart, in the hour that is repeated."""
    begun = parse_instant("2025-10-25T20:00:00+01:00")[0]
    known = {"dob": "2009-03-01", "grounds": "to question"}
    entries = [CustodyEvent("a1", "R1", "detention_authorised", begun, attrs=known)]
    for number in range(checks):
        first, second = parse_instant(f"2025-10-26T01:{number + 5:02d}", "Europe/London")
        entries.append(CustodyEvent(f"m{number:02d}", "R1", "checked", first, also_at=(second,)))
    morning = parse_instant("2025-10-26T10:00:00+00:00")[0]
    entries.append(CustodyEvent("z1", "R1", "released", morning))
    return Detention("R1", tuple(entries))


@pytest.mark.parametrize("backend", ["durable", "reference"])
@pytest.mark.parametrize(("checks", "judged"), [(15, True), (16, False)])
def test_of_more_than_16_readings_nothing_is_told(
    checks: int, judged: bool, backend: str, ruleset: RuleSet, request: pytest.FixtureRequest
) -> None:
    """Fifteen times can be read in 16 ways, sixteen in 17 (design D4)."""
    one = autumn_night(checks)
    by = request.getfixturevalue(backend)
    result = assess(one, ruleset, end_of(one, ruleset), backend=by)

    # Authorised at 20:00 BST: the first review was due at 02:00 BST, and none is entered.
    review = [each for each in result.findings if each.duty == "D01"]
    assert [each.status for each in review if each.rule == "D01-first-review"] == (
        ["missed"] if judged else []
    )
    untold = [each for each in result.findings if each.rule == "TIMES_UNREADABLE"]
    if judged:
        assert untold == []
        return
    others = {each.rule for each in result.findings} - {"TIMES_UNREADABLE", "TIME_AMBIGUOUS"}
    assert others == set()
    assert {(each.status, each.certainty) for each in untold} == {("cannot_tell", "possible")}
    duties = [each.duty for each in untold]
    assert len(set(duties)) == len(duties)
    assert {None, "A01", "B02", "D01", "E10"} <= set(duties)
    assert len({each.key for each in untold}) == len(untold)
    [cause] = [each for each in untold if each.duty is None]
    assert "read in 17 ways; at most 16" in cause.message


@given(st.lists(st.integers(0, 59), max_size=9))
def test_readings_are_those_that_keep_the_order_of_writing(minutes: list[int]) -> None:
    """Each minute of the hour may be of the first pass or of the second, an hour later."""
    choices = [(60 * minute, 60 * minute + 3600) for minute in minutes]
    every = range(len(choices), -1, -1)
    kept = []
    for split in every:
        times = [each[place >= split] for place, each in enumerate(choices)]
        if times == sorted(times):
            kept.append(split)
    assert splits_of(choices) == (kept or [*every])


def test_what_is_read_in_too_many_ways_comes_with_the_hour_and_not_before(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Of sixteen times the last can first be read as 01:20 BST; until then fifteen are judged."""
    one = autumn_night(16)
    last = parse_instant("2025-10-26T01:20:00+01:00")[0]
    before = assess(one, ruleset, last - 1, backend=durable)
    then = assess(one, ruleset, last, backend=durable)

    assert "TIMES_UNREADABLE" not in statuses(before)
    assert "TIMES_UNREADABLE" in statuses(then)
    assert before.next_change_at == last


def test_the_order_of_writing_leaves_fewer_readings_of_many_times(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Written 01:05 to 01:24, then 01:05 again: only one of the passes can begin there."""
    one = autumn_night(20)
    again = [
        changed(each, id=f"n{each.id}", recorded_at=None)
        for each in one.entries
        if each.kind == "checked"
    ]
    both = Detention("R1", (*one.entries, *again))
    result = assess(both, ruleset, end_of(both, ruleset), backend=durable)

    assert "TIMES_UNREADABLE" not in statuses(result)
    assert statuses(result)["D01-first-review"] == ("missed", "established")


def test_a_record_with_too_many_readings_is_two_lines_of_the_table(tmp_path: Path) -> None:
    declared = {"source": {"name": "test", "zone": "Europe/London"}}
    begun = {"id": "a1", "record": "R1", "kind": "detention_authorised",
             "at": "2025-10-25T20:00:00+01:00", "attrs": {"dob": "2009-03-01"}}  # fmt: skip
    checks = [
        {"id": f"m{minute}", "record": "R1", "kind": "checked", "at": f"2025-10-26T01:{minute}:00"}
        for minute in range(10, 26)
    ]
    text = "".join(json.dumps(each) + "\n" for each in (declared, begun, *checks))
    ran = command("replay", "-", text=text, cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("cannot tell: ") == 2  # the cause, and all duties
    assert "can be read in 17 ways" in " ".join(ran.stdout.split())


def test_a_record_of_which_nothing_is_left_is_set_aside(tmp_path: Path) -> None:
    stray = {"id": "e1", "record": "R9", "kind": "aa_arrived", "at": "2024-06-10T13:00:00+01:00",
             "amends": "nowhere"}  # fmt: skip
    ran = command("replay", "-", text=json.dumps(stray), cwd=tmp_path)
    assert ran.returncode == 3
    assert "nothing of this record can be judged" in ran.stderr


def test_a_withdrawn_amendment_leaves_what_it_amended(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    plain = detention(*BEGIN, ("14:00", "aa_arrived", {}))
    wrong = CustodyEvent("e8", "R1", "aa_arrived", at("17:00"), amends="e4")
    back = CustodyEvent("e9", "R1", "aa_arrived", at("17:00"), withdraws="e8")
    mended = Detention("R1", (*plain.entries, wrong, back))
    adult = next(
        each
        for each in assess(mended, ruleset, at("18:00"), backend=durable).findings
        if each.rule == "B02-adult-present"
    )
    assert (adult.status, adult.done_at) == ("met", at("14:00"))


def test_under_ten_comes_before_any_other_ground_to_refuse(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    entry = CustodyEvent(
        "e1", "R1", "arrived", at("13:00"),
        attrs={"dob": "2016-01-01", "detention_basis": "mca_s128"},
    )  # fmt: skip
    result = assess(Detention("R1", (entry,)), ruleset, at("14:00"), backend=durable)
    assert result.refused == "under_10"


def test_between_the_two_hours_of_an_ambiguous_entry_the_later_one_is_a_change(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """At 01:15 on 26 October 2025, BST or GMT: 00:15Z or 01:15Z; judged at 00:40Z."""
    known = {"dob": "2009-01-01", "sex": "male"}
    first, second = parse_instant("2025-10-26T01:15:00", "Europe/London")
    entries = (
        CustodyEvent("e1", "R1", "detention_authorised", first - 6 * 3600, attrs=known),
        CustodyEvent("e2", "R1", "review_held", first, also_at=(second,)),
    )
    result = assess(Detention("R1", entries), ruleset, first + 1500, backend=durable)

    assert second - first == 3600
    assert result.next_change_at is not None
    assert result.next_change_at <= second


def test_an_ambiguous_time_is_that_of_its_own_force_only(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Two forces number their entries alike; the review of the second has a plain time."""
    known = {"dob": "2009-01-01", "sex": "male"}
    first, second = parse_instant("2025-10-26T01:15:00", "Europe/London")
    begun, held = first - 6 * 3600, first - 1800
    entries = (
        CustodyEvent("e0", "R1", "detention_authorised", begun, force="44", attrs=known),
        CustodyEvent("e1", "R1", "checked", first, force="44", also_at=(second,)),
        CustodyEvent("e1", "R2", "review_held", held, force="45", attrs={"mode": "in_person"}),
    )
    result = assess(Detention("R1", entries), ruleset, second, backend=durable)

    done = {f.done_at for f in result.findings if f.rule == "D01-first-review"}
    assert done == {held}


def test_evidence_names_the_entry_of_the_force_that_made_it(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Two forces number their entries alike; each finding names the record its evidence lies in."""
    begun = at("08:00")
    known = {"dob": "2009-01-01", "sex": "male"}
    sent = (
        CustodyEvent("1", "R1", "detention_authorised", begun, force="44", attrs=known),
        CustodyEvent("2", "R1", "force_used", begun + 600, force="44"),
        CustodyEvent("1", "R2", "transferred_in", begun + 7200, force="45",
                     attrs={"continues": "44/R1"}),
        CustodyEvent("2", "R2", "strip_search_started", begun + 9000, force="45"),
        CustodyEvent("3", "R2", "strip_search_started", begun + 9300, force="45", amends="2"),
    )  # fmt: skip
    [whole] = group(sent)

    assert [each.id for each in whole.entries] == ["44/1", "44/2", "45/1", "45/2", "3"]
    assert whole.entries[4].amends == "45/2"

    result = assess(whole, ruleset, begun + 20_000, backend=durable)
    searched = [f for f in result.findings if "45/2" in f.evidence]
    assert {f.record for f in searched} == {"R2"}
    opened_by_the_first = [f for f in result.findings if f.evidence[:1] == ("44/1",)]
    assert {f.record for f in opened_by_the_first} == {"R1"}


def test_ids_that_one_force_alone_uses_stay_as_they_are() -> None:
    begun = at("08:00")
    sent = (
        CustodyEvent("1", "R1", "detention_authorised", begun, force="44"),
        CustodyEvent("2", "R2", "transferred_in", begun + 60, force="45",
                     attrs={"continues": "44/R1"}),
        CustodyEvent("4", "R2", "checked", begun + 90, force="45", amends="1"),
    )  # fmt: skip
    [whole] = group(sent)

    assert [(each.id, each.amends) for each in whole.entries] == [
        ("1", None),
        ("2", None),
        ("4", "1"),
    ]
