"""A force's policy: steps in the order of the rules, whose numbers they are, and who else is judged by them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detention_monitor.cli import cli
from detention_monitor.errors import RuleFileError
from detention_monitor.rulefile import load_rules
from detention_monitor.rulemodel import Grade
from tests.conftest import RULES, SAMPLES


def policy(tmp_path: Path, *lines: str, head: str = "") -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(
        "\n".join(["format: custody-policy/1", *([head] if head else []), *lines]) + "\n"
    )
    return path


def numbers(tmp_path: Path, **values: str) -> Path:
    return policy(
        tmp_path, "parameters:", *(f"  {name}: {{values: {{{v}}}}}" for name, v in values.items())
    )


def faults(path: Path) -> list[str]:
    with pytest.raises(RuleFileError) as caught:
        load_rules(RULES, path)
    return [str(each) for each in caught.value.diagnostics]


# --- steps in order ------------------------------------------------------------------------------


def test_a_red_step_before_the_amber_one_is_refused_with_place_and_cure(tmp_path: Path) -> None:
    [said] = faults(numbers(tmp_path, aa_red="2024-04-01: 90m"))
    assert said == (
        "own.yaml:3:33: from 2024-04-01 the step 'red' of B02-adult-present would begin after "
        "1 h 30 min ($aa_red), before 'amber' above it (2 h, $aa_amber): write no less than 2 h "
        "here, or set 'aa_amber' as well [steps-crossed]"
    )


def test_an_amber_step_after_the_red_one_is_refused_there(tmp_path: Path) -> None:
    [said] = faults(numbers(tmp_path, aa_amber="2024-04-01: 5h"))
    assert said.startswith("own.yaml:3:35: from 2024-04-01 the step 'red' of B02-adult-present")
    assert "write no more than 4 h here, or set 'aa_red' as well" in said


def test_of_two_values_of_the_policy_that_which_came_last_is_named(tmp_path: Path) -> None:
    path = numbers(tmp_path, aa_amber="2024-04-01: 90m, 2025-04-01: 5h", aa_red="2024-04-01: 2h30m")
    [said] = faults(path)
    assert "from 2025-04-01" in said
    assert "write no more than 2 h 30 min here" in said


def test_steps_that_change_together_may_change(tmp_path: Path) -> None:
    path = numbers(tmp_path, aa_amber="2024-04-01: 5h", aa_red="2024-04-01: 5h30m")
    assert load_rules(RULES, path).parameters.policy == "own.yaml"


def test_steps_at_one_instant_are_in_order(tmp_path: Path) -> None:
    load_rules(RULES, numbers(tmp_path, aa_red="2024-04-01: 2h"))


def pairs() -> list[tuple[str, str]]:
    """Return every two numbers that the shipped rules put one after the other."""
    found: dict[tuple[str, str], None] = {}
    for rule in load_rules(RULES).rules:
        steps = [each.at for each in rule.grades if isinstance(each, Grade) and each.at]
        for first, second in pairwise(steps):
            if first.startswith("$") and second.startswith("$"):
                found[first[1:], second[1:]] = None
    return list(found)


@pytest.mark.parametrize(("first", "second"), pairs())
def test_every_pair_of_steps_is_kept_in_order(first: str, second: str, tmp_path: Path) -> None:
    """By the later step where a force may set it, else by the earlier."""
    law = load_rules(RULES).parameters.declared[second].authority == "code"
    own = {first: "2024-04-01: 900h"} if law else {second: "2024-04-01: 1m"}
    said = faults(numbers(tmp_path, **own))
    assert any(f"(${second}), before" in each and f"${first})" in each for each in said)
    assert all("own.yaml:3:" in each for each in said)


# --- whose it is ---------------------------------------------------------------------------------

BOOKED = SAMPLES / "R06_adult_by_one_entry_only.jsonl"  # records of force 44


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def test_a_policy_says_whose_it_is_wherever_it_is_used(tmp_path: Path) -> None:
    path = policy(
        tmp_path, "parameters:", "  aa_amber: {values: {2020-04-01: 90m}}", head='force: "44"'
    )
    out = tmp_path / "found.jsonl"
    ran = run("replay", BOOKED, "--policy", path, "--format", "jsonl", "--out", out)
    assert ran.exit_code == 0, ran.output
    assert "judged by the numbers of force 44 (own.yaml)" in ran.stderr
    assert "another force" not in ran.stderr
    assert "ANOTHER_FORCE" not in out.read_text()
    record = json.loads((tmp_path / "found.jsonl.run.json").read_text())
    assert record["policy"]["force"] == ["44"]
    assert record["policy"]["detentions_of_another_force"] == 0

    told = run("rules", "show", "AA_DELAY_UNEXPLAINED", "--policy", path).stdout
    assert told.startswith("Told with the numbers of force 44 (own.yaml).")
    assert "1 h 30 min" in told

    page = tmp_path / "record.html"
    made = run("report", "record", BOOKED, "--policy", path, "--out", page)
    assert made.exit_code == 0, made.output
    head, _, rest = page.read_text().partition("</header>")
    assert "Judged by the numbers of force 44 (own.yaml)." in head
    assert "force 44 (own.yaml)" in rest


def test_a_record_of_another_force_is_judged_and_says_so_once(tmp_path: Path) -> None:
    path = policy(
        tmp_path, "parameters:", "  aa_amber: {values: {2020-04-01: 90m}}", head='force: ["22", "23"]'
    )  # fmt: skip
    out = tmp_path / "found.jsonl"
    ran = run("replay", BOOKED, "--policy", path, "--format", "jsonl", "--out", out)
    assert ran.exit_code == 0, ran.output
    assert "of another force than these numbers are: 1" in ran.stderr
    found = [json.loads(each) for each in out.read_text().splitlines()]
    [told] = [each for each in found if each["rule"] == "ANOTHER_FORCE"]
    assert (told["status"], told["severity"], told["duty"]) == ("cannot_tell", "info", None)
    assert "is of force 44" in told["message"]
    assert "forces 22 and 23 (own.yaml)" in told["message"]
    assert "B01-adult-informed" in {each["rule"] for each in found}  # the law goes on
    record = json.loads((tmp_path / "found.jsonl.run.json").read_text())
    assert record["policy"]["detentions_of_another_force"] == 1


def test_a_policy_that_names_no_force_says_that(tmp_path: Path) -> None:
    path = numbers(tmp_path, aa_amber="2020-04-01: 90m")
    ran = run("replay", BOOKED, "--policy", path)
    assert "judged by the numbers of own.yaml, which names no force" in ran.stderr
    assert "another force" not in ran.stderr


def test_entries_that_name_no_force_are_of_nobody_else(tmp_path: Path) -> None:
    records = tmp_path / "r.jsonl"
    records.write_text(BOOKED.read_text().replace('"force": "44", ', ""))
    path = policy(tmp_path, "suites: {}", head='force: "22"')
    assert "another force" not in run("replay", records, "--policy", path).stderr


def test_a_force_written_as_a_number_is_refused_with_the_cure(tmp_path: Path) -> None:
    [said] = faults(policy(tmp_path, head="force: 44"))
    assert said.startswith("own.yaml:2:")
    assert 'in quotes, as in its records: force: "44"' in said


def test_the_impact_of_a_policy_alone(tmp_path: Path) -> None:
    path = policy(
        tmp_path, "parameters:", "  aa_red: {values: {2020-04-01: 5h}}", head='force: "44"'
    )
    ran = run("rules", "impact", RULES, RULES, BOOKED, "--new-policy", path, "--format", "json")
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["numbers"] == {"old": None, "new": "force 44 (own.yaml)"}
    moved = {(each["rule"], each["kind"]) for each in told["changes"]}
    assert moved == {("B02-adult-present", "moved")}
    assert "numbers of the rules themselves to those of force 44 (own.yaml)" in (
        " ".join(run("rules", "impact", RULES, RULES, BOOKED, "--new-policy", path).stdout.split())
    )


def test_a_policy_for_both_and_one_for_each_are_not_mixed(tmp_path: Path) -> None:
    path = numbers(tmp_path, aa_amber="2020-04-01: 90m")
    ran = run("rules", "impact", RULES, RULES, BOOKED, "--policy", path, "--old-policy", path)
    assert ran.exit_code == 2
    assert "leave it out" in ran.output


def test_a_report_counts_the_records_that_are_of_another_force(tmp_path: Path) -> None:
    path = policy(tmp_path, "suites: {}", head='force: "22"')
    page = tmp_path / "record.html"
    made = run("report", "record", BOOKED, "--policy", path, "--out", page)
    assert made.exit_code == 0, made.output
    head = page.read_text().partition("</header>")[0]
    assert (
        "Judged by the numbers of force 22 (own.yaml); 1 record is of another force, and steps of policy "
        "are not its own." in head
    )
