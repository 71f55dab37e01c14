"""`explain`: rule, law, entries, arithmetic, what was not found, and what would have met it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from detention_monitor.assess import assess, end_of
from detention_monitor.cli import cli
from detention_monitor.detention import detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.remedy import remedies
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.values import changed
from tests.conftest import SAMPLES
from tests.test_replay import command


def explained(story: str, duty: str, tmp_path: Path, *more: str) -> str:
    ran = command("explain", SAMPLES / f"{story}.jsonl", "--duty", duty, *more, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    return " ".join(ran.stdout.split())


def test_a_clock_is_shown_step_by_step(tmp_path: Path) -> None:
    text = explained("T05c_first_review_late", "D01", tmp_path)
    assert "not counted: Thu 9 May 2024 21:00 BST to Fri 10 May 2024 01:30 BST" in text
    assert (
        "due review clock: Thu 9 May 2024 17:20 BST + 6 h, less what is not counted, = "
        "Fri 10 May 2024 03:50:00 BST" in text
    )
    assert "done Fri 10 May 2024 04:10:00 BST: 20 min late" in text
    assert "law PACE 1984 s.40(3)(a)" in text
    assert "rule reviews.yaml:" in text
    assert "'review held' at 2024-05-10T04:10:00+01:00 (T05c_first_review_late.jsonl:" in text


def test_each_step_says_whose_it_is(tmp_path: Path) -> None:
    text = explained("T01_seed_adult_18_hours", "B02", tmp_path)
    assert "the duty is code; this step is policy, not law" in text
    assert "amber: after 2 h ($aa_amber): Tue 11 Oct 2022 15:25 BST: passed" in text
    assert "prevented 'appropriate adult arrived' where it was in person" in text


def test_a_prohibition_shows_each_question_and_its_answer(tmp_path: Path) -> None:
    text = explained("T02U_practicability_not_stated", "D05", tmp_path)
    assert "the suite has a live link? yes" in text
    assert "a live link was practicable? not recorded" in text
    assert "possible broken, high" in text


def test_a_duty_that_was_met_is_explained_when_asked_for(tmp_path: Path) -> None:
    text = explained("T10_certificate_late", "D01", tmp_path)
    assert "met, info" in text
    assert "done Thu 12 Sep 2024 19:55:00 BST: 5 min to spare" in text


def test_at_an_earlier_instant(tmp_path: Path) -> None:
    text = explained("T10_certificate_late", "E10", tmp_path, "--at", "2024-09-13T08:00")
    assert "Certificate written: overdue, medium" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--duty", "B022"], "did you mean 'B02'"),
        (["--record", "NONE"], "no record NONE here"),
    ],
)
def test_what_is_not_there_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    ran = command("explain", SAMPLES / "T10_certificate_late.jsonl", *arguments, cwd=tmp_path)
    assert ran.returncode == 2
    assert said in ran.stderr


def test_a_record_among_many_that_share_ids_is_found(tmp_path: Path) -> None:
    ran = command("explain", SAMPLES, "--record", "T17", "--duty", "E14", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "T17  E14 Review after charge: met late, medium" in ran.stdout


@pytest.mark.parametrize(
    "supposed",
    [
        # T16: authorised 08:00, a sergeant at 13:55, an inspector at 15:30; due 14:00.
        "review_held by inspector mode=in_person at 13:50",
        "review_held by inspector mode=in_person at 2025-06-10 13:50",
    ],
)
def test_what_if_the_right_officer_had_come_in_time(supposed: str) -> None:
    story = next(SAMPLES.glob("T16_*.jsonl"))
    ran = CliRunner().invoke(cli, ["explain", str(story), "--if", supposed])

    assert ran.exit_code == 0, ran.output
    assert "If there were an entry 'review held' at Tue 10 Jun 2025 13:50 BST" in ran.stdout
    [line] = [each for each in ran.stdout.splitlines() if "D01 First review" in each]
    assert "met late, 90 min late (high) -> met" in line


@pytest.mark.parametrize(
    ("supposed", "said"),
    [
        ("review_hled at 13:50", "did you mean 'review_held'"),
        ("review_held mode=in_persn at 13:50", "did you mean 'in_person'"),
        ("review_held", "write KIND"),
        ("review_held at teatime", "at:"),
    ],
)
def test_a_supposition_that_cannot_be_read_says_how_to_write_it(supposed: str, said: str) -> None:
    story = next(SAMPLES.glob("T16_*.jsonl"))
    ran = CliRunner().invoke(cli, ["explain", str(story), "--if", supposed])

    assert ran.exit_code != 0
    assert said in str(ran.exception)


@pytest.mark.parametrize(
    ("duty", "said"),
    [
        ("D05-telephone-though-link", "the mode is telephone? no (mode: in person)"),
        ("C01-interview-without-adult", "there is no 'interview started'"),
        ("E11-supervised", "switched off: the force has not set $certificate_supervised"),
    ],
)
def test_what_did_not_fire_says_which_condition_failed(duty: str, said: str) -> None:
    story = next(SAMPLES.glob("T16_*.jsonl"))
    ran = CliRunner().invoke(cli, ["explain", str(story), "--record", "T16", "--duty", duty])

    assert ran.exit_code == 0, ran.output
    assert f"{duty}: nothing found" in ran.stdout
    assert said in " ".join(ran.stdout.split())


def test_a_prohibition_says_what_would_have_prevented_it(tmp_path: Path) -> None:
    text = explained("T09_alternative_or_secure", "E05", tmp_path)
    assert "prevented had one of these been otherwise: " in text
    text = explained("T02_three_remote_reviews", "D06", tmp_path)
    assert "prevented had the entry said: reason for not attending, place of the officer" in text
    assert "fewer of the entries counted been 'review held' where the mode is telephone or" in text


def test_every_breach_says_what_would_have_prevented_it_and_it_would(ruleset: RuleSet) -> None:
    """Where a bare entry is said to have been enough, the story is judged again with it in it."""
    backend = DurableBackend(ruleset.plan)
    rules = {(rule.id, rule.version): rule for rule in ruleset.rules}
    tried = 0
    for path in sorted(SAMPLES.glob("T*.jsonl")):
        entries = [
            got
            for got, _ in read_entries([str(path)], ruleset.vocabulary)
            if isinstance(got, CustodyEvent)
        ]
        for detention in detentions_of(entries):
            as_of = end_of(detention, ruleset)
            found = assess(detention, ruleset, as_of, backend=backend).findings
            for finding in found:
                rule = rules.get((finding.rule, finding.rule_version))
                if rule is None or finding.nature != "concern" or not finding.is_breach:
                    continue
                told = dict(remedies(finding, rule, ruleset))
                assert "prevented" in told, finding.rule
                must = rule.must
                due = next((step.at for step in finding.grades if step.at), finding.due_at)
                if (
                    must is None
                    or due is None
                    or finding.arose_at is None
                    or due <= finding.arose_at
                ):
                    continue
                kind = ruleset.vocabulary.kinds[must.happen[0]]
                if (
                    must.where
                    or must.during
                    or must.unless
                    or must.same
                    or must.doubted_where
                    or kind.derived
                ):
                    continue
                first = detention.entries[0]
                act = CustodyEvent("x", first.record, kind.name, due, first.force)
                again = changed(detention, entries=(*detention.entries, act))
                after = assess(again, ruleset, as_of, backend=backend).findings
                left = [each for each in after if each.key == finding.key and each.is_breach]
                assert not left, (path.name, finding.rule)
                assert told["prevented"].startswith(ruleset.wording.quoted([kind.name]))
                tried += 1
    assert tried > 20


def test_what_would_have_prevented_it_names_the_entry_to_make() -> None:
    """Nobody can enter `review_counted`: the monitor works it out from a review."""
    story = str(SAMPLES / "T16_not_a_review.jsonl")
    told = CliRunner().invoke(cli, ["explain", story, "--duty", "D01"]).stdout
    text = " ".join(told.split())
    assert (
        "prevented 'review counted' (A review that counts was held; by an entry 'review held') by "
        "Tue 10 Jun 2025 14:00 BST"
    ) in text


def test_a_source_is_not_blamed_for_what_it_declared_not_to_carry(tmp_path: Path) -> None:
    lines = (SAMPLES / "T02_three_remote_reviews.jsonl").read_text().splitlines()
    kept = [line for line in lines if "told_after_sleep" not in line]
    head = '{"source": {"name": "x", "not_carried": ["told_after_sleep"]}}'
    (tmp_path / "r.jsonl").write_text("\n".join([head, *kept]))
    done = CliRunner().invoke(cli, ["explain", str(tmp_path / "r.jsonl"), "--duty", "D08"])
    assert done.exit_code == 0
    assert "cannot tell" in done.output
    assert "missed" not in done.output


def test_a_time_that_an_entry_says_is_told_as_people_say_it(tmp_path: Path) -> None:
    record = tmp_path / "dose.jsonl"
    entries: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("arrived", "14:00", {"dob": "2009-01-01"}),
        ("detention_authorised", "14:10", {}),
        ("medication_approved", "15:30", {"due_at": "2024-09-13T16:00:00+01:00"}),
        ("released", "19:00", {}),
    )
    record.write_text(
        "\n".join(
            json.dumps({
                "id": f"e{number}", "force": "44", "record": "CR-1", "kind": kind,
                "at": f"2024-09-13T{at}:00+01:00", "attrs": attrs,
            })
            for number, (kind, at, attrs) in enumerate(entries)
        )
    )  # fmt: skip
    ran = command("explain", record, "--duty", "A12", cwd=tmp_path)
    text = " ".join(ran.stdout.split())
    asked = "the time of the dose is {}? {} (time of the dose: Fri 13 Sep 2024 16:00 BST)"
    assert asked.format("recorded", "yes") in text
    assert asked.format("not recorded", "no") in text
