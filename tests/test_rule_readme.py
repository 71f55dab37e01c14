"""What `rules/README.md` promises: its example works, its table names rules that exist."""

import json
import re
import shutil
from pathlib import Path

from click.testing import CliRunner

from detention_monitor.cli import cli
from detention_monitor.findings import QUIET
from detention_monitor.rulefile import RuleSet, rule_paths
from tests.conftest import RULES, SAMPLES

TEXT = (RULES / "README.md").read_text()


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
