"""The checklist of a record: every duty of the catalogue stands in it, once, and truly."""

import re
from pathlib import Path

import pytest

from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.catalogue import load_catalogue
from detention_monitor.checklist import Checklist
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.recordfiles import record_files
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import RuleTest
from detention_monitor.ruletests import timeline
from detention_monitor.sources import read_entries
from detention_monitor.values import changed
from detention_monitor.vocabulary import Coverage
from tests.conftest import RULES, SAMPLES
from tests.test_replay import command

ID = r"(?:[A-F]\d\d|GP\d\d)"


def judged(ruleset: RuleSet, durable: DurableBackend, detention: Detention) -> Assessment:
    return assess(detention, ruleset, end_of(detention, ruleset), backend=durable)


def of_lines(ruleset: RuleSet, *lines: str) -> Detention:
    test = RuleTest(name="a record", timeline=lines, expect=())
    return Detention("test", tuple(timeline(test, ruleset.vocabulary)))


def states(text: str) -> dict[str, str]:
    """Return the label of each id of a checklist, with what stands after its title."""
    found: dict[str, str] = {}
    label = ""
    for line in text.splitlines()[1:]:
        label = line[2:16].strip() or label
        said = line[16:].strip()
        folded = re.fullmatch(rf"({ID}(, |,|))+", said) is not None
        for name in re.findall(ID, said if folded else line[16:21]):
            assert name not in found, name
            found[name] = label
    return found


@pytest.fixture(scope="module")
def checklist(ruleset: RuleSet) -> Checklist:
    return Checklist(ruleset, RULES)


@pytest.mark.parametrize(
    "story", ["T10_certificate_late", "T01_seed_adult_18_hours", "T06b_second_record_alone", "busy_day"]
)  # fmt: skip
def test_every_duty_stands_in_it_once(
    story: str, checklist: Checklist, ruleset: RuleSet, durable: DurableBackend
) -> None:
    read = read_entries(record_files([str(SAMPLES / f"{story}.jsonl")]), ruleset.vocabulary)
    entries = [got for got, _ in read if isinstance(got, CustodyEvent)]
    duties = set(load_catalogue(RULES).duties)
    for detention in detentions_of(entries):
        result = judged(ruleset, durable, detention)
        if result.refused is None:
            text = checklist.of(result)
            assert set(states(text)) == duties
            assert max(map(len, text.splitlines())) <= 100


def test_a_concern_is_never_told_as_done(
    checklist: Checklist, ruleset: RuleSet, durable: DurableBackend
) -> None:
    read = read_entries(record_files([str(SAMPLES)]), ruleset.vocabulary)
    entries = [got for got, _ in read if isinstance(got, CustodyEvent)]
    for detention in detentions_of(entries):
        result = judged(ruleset, durable, detention)
        if result.refused is not None:
            continue
        told = states(checklist.of(result))
        for finding in result.findings:
            if finding.is_breach and finding.duty in told:
                assert told[finding.duty] in ("not done", "not kept", "not recorded", "done late")


def test_the_story_of_a_late_certificate(
    checklist: Checklist, ruleset: RuleSet, durable: DurableBackend
) -> None:
    read = read_entries(
        record_files([str(SAMPLES / "T10_certificate_late.jsonl")]), ruleset.vocabulary
    )
    detention = next(iter(detentions_of([got for got, _ in read if isinstance(got, CustodyEvent)])))
    text = checklist.of(judged(ruleset, durable, detention))
    told = states(text)
    assert told["E03"] == "not done"
    assert told["E04"] == "not kept"
    assert told["E10"] == "done late"
    assert told["D01"] == "done"
    assert told["D02"] == "fell away"
    assert told["C01"] == "nothing found"
    assert told["B14"] == "not arisen"
    assert told["E11"] == "switched off"
    assert told["F01"] == "not arisen"
    flat = " ".join(text.split())
    assert "(met late by 35 min, critical)" in flat
    assert "(met late by 50 min, high, policy, not law)" in flat
    assert "for a person: Whether everything practicable was done" in flat


@pytest.mark.parametrize(
    ("lines", "duty", "state"),
    [
        (["08:00 arrived", "08:10 detention_authorised", "09:00 meal_offered"], "D01", "not due yet"),
        (["08:00 arrived", "08:10 detention_authorised", "09:00 released"], "D01", "fell away"),
        (["08:00 arrived", "08:10 detention_authorised", "09:00 released"], "C01", "not arisen"),
        (["08:00 arrived", "08:10 detention_authorised", "09:00 interview_started", "09:30 released"], "C01", "not kept"),
        (["08:00 arrived", "08:10 detention_authorised", "12:00 review_held by inspector mode=in_person reps_aa=heard", "13:00 released"], "E18", "not arisen"),
        (["08:00 arrived", "08:10 detention_authorised", "12:00 review_held by inspector mode=in_person reps_aa=heard", "13:00 released"], "D04", "nothing found"),
        (["08:00 arrived", "08:10 detention_authorised", "12:00 review_held by inspector mode=in_person reps_aa=heard", "13:00 released"], "D07", "cannot tell"),
        (["08:00 arrived", "08:10 detention_authorised", "12:00 review_held by inspector mode=in_person reps_aa=heard reps_solicitor=heard reps_child=heard legal_reminder=true asleep=false", "13:00 released"], "D07", "nothing found"),
        (["08:00 arrived sex=male", "08:10 detention_authorised", "18:00 released"], "A07", "not arisen"),
        (["08:00 arrived sex=male", "08:10 detention_authorised", "18:00 released"], "A08", "not arisen"),
        (["08:00 arrived sex=female", "08:10 detention_authorised", "08:20 woman_assigned carer=x", "10:00 released"], "A07", "done"),
        (["08:00 arrived sex=female", "08:10 detention_authorised", "18:00 released"], "A07", "not done"),
        (["08:00 arrived", "08:10 detention_authorised", "18:00 released"], "A07", "not recorded"),
        (["08:00 arrived", "08:10 detention_authorised", "08:50 fitness_assessed fit=true", "09:00 interview_started aa_present=true", "09:30 released"], "C08", "nothing found"),
        (["08:00 arrived", "08:10 detention_authorised", "09:00 interview_started aa_present=true", "09:30 released"], "C08", "not kept"),
        (["08:00 arrived", "08:10 detention_authorised", "09:30 released"], "C08", "not arisen"),
        (["08:00 arrived", "08:10 detention_authorised", "09:30 released"], "A25", "cannot tell"),
        (["08:00 arrived recorded_at=08:01", "08:10 detention_authorised recorded_at=08:11", "09:30 released recorded_at=09:31"], "A25", "nothing found"),
        (["08:00 arrived recorded_at=08:01", "08:10 detention_authorised recorded_at=09:11", "09:30 released recorded_at=09:31"], "A25", "not kept"),
        (["20:00 arrived", "20:10 detention_authorised", "+1 06:00 released"], "E17", "not arisen"),
        (["20:00 arrived", "20:10 detention_authorised detention_basis=warrant_fta", "+1 06:00 released"], "E17", "not kept"),
    ],
)  # fmt: skip
def test_what_is_told_of_a_duty(
    lines: list[str], duty: str, state: str,
    checklist: Checklist, ruleset: RuleSet, durable: DurableBackend,
) -> None:  # fmt: skip
    assert states(checklist.of(judged(ruleset, durable, of_lines(ruleset, *lines))))[duty] == state


def test_what_a_source_does_not_carry_cannot_be_told(
    checklist: Checklist, ruleset: RuleSet, durable: DurableBackend
) -> None:
    whole = of_lines(ruleset, "08:00 arrived", "08:10 detention_authorised", "20:00 released")
    part = changed(whole, coverage=Coverage(frozenset({"resp_person_informed"})))
    assert states(checklist.of(judged(ruleset, durable, whole)))["B07"] == "not done"
    assert states(checklist.of(judged(ruleset, durable, part)))["B07"] == "cannot tell"


def test_what_lies_in_an_absent_record_is_not_said_not_to_have_arisen(
    checklist: Checklist, ruleset: RuleSet, durable: DurableBackend
) -> None:
    detention = of_lines(ruleset, "08:00 transferred_in", "20:00 released")
    first = changed(detention.entries[0], attrs={"dob": "2009-01-01"})
    detention = changed(detention, entries=(first, *detention.entries[1:]))
    result = judged(ruleset, durable, detention)
    text = checklist.of(result)
    told = states(text)
    assert {name for name, state in told.items() if state == "not arisen"} <= {
        "F01",
        "F02",
        "F03",
        "F04",
    }
    assert told["B01"] == "cannot tell"
    assert "Earlier record of the detention is absent" in " ".join(text.split())


def test_explain_ends_with_it_for_one_record_and_prints_it_alone_if_asked(tmp_path: Path) -> None:
    story = SAMPLES / "T10_certificate_late.jsonl"
    whole = command("explain", story, "--record", "T10", cwd=tmp_path)
    alone = command("explain", story, "--checklist", cwd=tmp_path)
    assert whole.returncode == alone.returncode == 0, whole.stderr + alone.stderr
    assert alone.stdout.startswith("T10  checklist of duties as of Fri 13 Sep 2024 10:40 BST\n")
    assert whole.stdout.endswith(alone.stdout)
    assert "law       PACE 1984 s.38(6)" in whole.stdout
    assert "judged by" not in alone.stdout
    one = command("explain", story, "--record", "T10", "--duty", "D01", cwd=tmp_path)
    assert "checklist" not in one.stdout
