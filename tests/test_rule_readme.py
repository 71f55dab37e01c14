"""What `rules/README.md` promises: its example works, its table names rules that exist."""

import json
import re
import shutil
from datetime import date
from pathlib import Path
from textwrap import dedent

from click.testing import CliRunner

from detention_monitor.cli import cli
from detention_monitor.commands.writing import SCHEMAS
from detention_monitor.conditions import OPERATORS, parse
from detention_monitor.findings import QUIET
from detention_monitor.meaning import three_valued
from detention_monitor.records import entry_from
from detention_monitor.rulefile import (
    CATALOGUE,
    NOT_JUDGED,
    PARAMETERS,
    QUALITY_CHECK,
    VOCABULARY,
    RuleSet,
    load_rules,
    rule_paths,
)
from detention_monitor.rulemodel import (
    Count,
    InForce,
    IntervalFact,
    Must,
    Rule,
    RuleFile,
    RuleTest,
    Selector,
    Sequence,
    WhenUnknown,
)
from detention_monitor.ruletests import expected_of, instant, raw_entry
from detention_monitor.wording import WORDING
from detention_monitor.yamlfile import parse_yaml
from tests.conftest import RULES, SAMPLES

TEXT = (RULES / "README.md").read_text()
EDITOR = (RULES.parent / "docs" / "editor.md").read_text()


def test_the_example_is_a_rule_that_passes_its_tests(tmp_path: Path) -> None:
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path)
    (tmp_path / "my_theme.yaml").write_text(example)

    checked = CliRunner().invoke(cli, ["rules", "check", "--rules", str(tmp_path)])
    tested = CliRunner().invoke(cli, ["rules", "test", "--rules", str(tmp_path), "--probe"])

    assert checked.exit_code == 0, checked.output
    assert tested.exit_code == 0, tested.output
    assert "3 passed, 0 failed" in tested.stderr


STEPS = TEXT[TEXT.index("## A new rule") : TEXT.index("## What the inspectors found")]


def _spans() -> list[str]:
    """Return what the page writes as code within its sentences, about how to write a rule."""
    prose = re.sub(r"```.*?```", "", STEPS, flags=re.DOTALL)
    return [" ".join(each.split()) for each in re.findall(r"`([^`]+)`", prose)]


def test_every_command_of_the_page_exists_with_its_options() -> None:
    commands = [
        each.removeprefix("detention-monitor ") for each in _spans() if " rules " in f" {each}"
    ]
    assert len(commands) >= 7
    for command in commands:
        words = [word for word in command.split() if word != "..."]
        told = CliRunner().invoke(cli, [*words[:2], "--help"])
        assert told.exit_code == 0, command
        for option in re.findall(r"--[a-z]+", command):
            assert option in told.output, command


def test_every_field_of_the_page_is_one_of_the_shape_it_is_told_of() -> None:
    """`must: {happen, where, ...}` and the like: names in braces, and names alone."""
    models = (Rule, Must, Selector, Count, Sequence, InForce, WhenUnknown, RuleTest, IntervalFact,
              RuleFile)  # fmt: skip
    names = {each.alias or key for model in models for key, each in model.model_fields.items()}
    shapes = TEXT[TEXT.index("## The four shapes") : TEXT.index("Derived facts (")]
    for name, inside in re.findall(r"`([a-z_]+): \{([^}]*)\}`", TEXT):
        assert name in names, name
        assert {word.split(":")[0].strip() for word in inside.split(",")} <= names, inside
    alone = set(re.findall(r"`([a-z_]+)`", shapes))
    assert len(alone) > 20
    assert alone <= names


def test_every_condition_and_line_of_the_page_can_be_read(ruleset: RuleSet) -> None:
    kinds = ruleset.vocabulary.kinds
    conditions = [each for each in _spans() if re.search(r" (is|missing) ", each)]
    assert conditions == ["mode is in_person and (missing asleep or asleep is false)"]
    for condition in conditions:
        three_valued(parse(condition), kinds["review_held"].attributes)
    operators = STEPS[STEPS.index("Conditions:") : STEPS.index("A comparison")]
    known = {*OPERATORS, "exists", "missing", "and", "or", "not"}
    assert {*re.findall(r"`([a-z ]+)`", operators)} == known

    lines = re.findall(r"^    - (.*)$", STEPS, re.MULTILINE)
    assert len(lines) == 1
    entry = entry_from(
        raw_entry(lines[0], 1, date(2024, 6, 10), ruleset.vocabulary), ruleset.vocabulary
    )
    assert (entry.kind, entry.at) == ("review_held", instant(date(2024, 6, 10), "+1 04:50"))
    assert expected_of("X01-rule met_late medium possible")["certainty"] == "possible"


def test_what_rules_new_writes_is_what_the_page_shows(tmp_path: Path) -> None:
    """Filled by hand are the sentences, the steps and the tests; the rest is as the answers made it."""
    answers = ["X01-risk-after-advice", "A12", "Risk looked at again after a healthcare professional came",
               "Code C 9.13", "quality", "2012-07-10", "medium", "custody officer", "must",
               "healthcare_seen", "risk_assessed", ""]  # fmt: skip
    file = tmp_path / "my_theme.yaml"
    asked = CliRunner().invoke(cli, ["rules", "new", str(file)], input="\n".join(answers) + "\n")
    assert asked.exit_code == 0, asked.output
    [example] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)

    [made] = parse_yaml(file.read_text(), "made").data["rules"]
    [shown] = parse_yaml(example, "shown").data["rules"]
    by_hand = {"says", "message", "do", "clears", "tests", "grades"}
    assert {*shown} - {*made} <= by_hand
    assert {k: v for k, v in made.items() if k not in by_hand} == {k: v for k, v in shown.items() if k not in by_hand}  # fmt: skip


def test_the_settings_of_an_editor_name_what_is_written() -> None:
    [settings] = re.findall(r"```json\n(.*?)```", EDITOR, re.DOTALL)
    read = json.loads(settings)
    named = [*read["yaml.schemas"], *(each["url"] for each in read["json.schemas"])]
    assert {Path(each).name.split(".")[0] for each in named} <= set(SCHEMAS)
    others = {
        each[1:] for each in read["yaml.schemas"]["schema/rules.schema.json"] if each[0] == "!"
    }
    assert others == {
        f"rules/{name}"
        for name in (VOCABULARY, PARAMETERS, CATALOGUE, WORDING, QUALITY_CHECK, NOT_JUDGED)
    }


def test_the_findings_of_the_inspectors_name_rules_that_exist(ruleset: RuleSet) -> None:
    table = TEXT[TEXT.index("## What the inspectors found") : TEXT.index("## For a person")]
    named = set(re.findall(r"`([A-Za-z0-9_-]+)`", table))
    assert len(named) > 25
    assert named <= {rule.id for rule in ruleset.rules}


def test_a_story_shows_each_finding_of_the_inspectors() -> None:
    """Shown is what a story expects to be found, not what it expects to be excused or to lapse."""
    table = TEXT[TEXT.index("## What the inspectors found") : TEXT.index("## For a person")]
    rows = [line for line in table.splitlines() if line.startswith("|") and "`" in line]
    assert len(rows) >= 26
    shown = {
        expected.get("rule")
        for path in SAMPLES.glob("*.expected")
        for expected in map(json.loads, path.read_text().splitlines())
        if expected.get("status") not in (None, *QUIET)
    }
    named = {rule for row in rows for rule in re.findall(r"`([A-Za-z0-9_-]+)`", row)}
    assert named - shown == set()


def test_every_rule_file_is_in_the_table() -> None:
    table = TEXT[: TEXT.index("## A new rule")]
    assert {path.name for path in rule_paths(RULES)} <= set(re.findall(r"`([a-z_]+\.yaml)`", table))


def test_what_is_left_to_a_person_is_named(ruleset: RuleSet) -> None:
    left = TEXT[TEXT.index("## For a person") :]
    alone, within = left.split("Within a duty that has rules")
    assert set(re.findall(r"\*\*([A-F]\d\d)\*\*", alone)) == {"D16", "E06", "E16"}
    beside = set(re.findall(r"\*\*([A-F]\d\d)\*\*", within))
    assert {"D09", "D12", "E05"} <= beside <= {rule.duty for rule in ruleset.rules}


def test_the_policy_of_the_front_page_is_one(tmp_path: Path) -> None:
    front = (RULES.parent / "README.md").read_text()
    blocks = [
        dedent(each) for each in re.findall(r"(?:^    .*\n|^\n(?=    ))+", front, re.MULTILINE)
    ]
    [numbers] = [each for each in blocks if each.strip().startswith("format: custody-policy/1")]
    [paused] = [each for each in blocks if each.strip().startswith("out_of_service:")]
    policy = tmp_path / "policy.yaml"
    policy.write_text(f"{numbers.strip()}\n{paused.strip()}\n")

    with_policy = load_rules(RULES, policy)

    assert with_policy.parameters.pauses("A06-risk-assessment")
    assert with_policy.parameters.suites["Leamington"]
