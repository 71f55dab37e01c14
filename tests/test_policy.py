"""A force's policy: steps in the order of the rules, whose numbers they are, and who else is judged by them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from detention_monitor.errors import RuleFileError
from detention_monitor.rulefile import load_rules
from detention_monitor.rulemodel import Grade
from tests.conftest import RULES


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
