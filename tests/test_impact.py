"""What an edit would change: counted by hand over three detentions, told in three forms."""

import json
import shutil
import subprocess
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detention_monitor.authoring.edits import edits
from detention_monitor.authoring.impact import Change, Impact
from detention_monitor.cli import cli
from detention_monitor.rulefile import RuleSet, load_rules
from tests.conftest import RULES

START = datetime.fromisoformat("2024-06-10T13:10:00+01:00")


def _record(name: str, minutes: int) -> list[str]:
    """Return the lines of a detention in which the adult came so many minutes after authority."""
    said = [
        ("arrived", -10, {"dob": "2009-03-01"}),
        ("detention_authorised", 0, {}),
        ("aa_contacted", 5, {"result": "on_way"}),
        ("aa_arrived", minutes, {"in_person": True}),
        ("released", 300, {}),
    ]
    return [
        json.dumps({"id": f"{name}-{n}", "record": name, "kind": kind, "attrs": attrs,
                    "at": (START + timedelta(minutes=after)).isoformat()})
        for n, (kind, after, attrs) in enumerate(said)
    ]  # fmt: skip


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.jsonl"
    lines = [line for name, after in (("A<b>", 100), ("B", 80), ("C", 130))
             for line in _record(name, after)]  # fmt: skip
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """The rules, with the first line for the adult at 90 minutes instead of two hours."""
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    parameters = folder / "parameters.yaml"
    before = "unit: duration\n    values: {2012-07-10: 2h}"
    text = parameters.read_text()
    head, tail = text.split("  aa_amber:", 1)
    assert before in tail
    tail = tail.replace(before, before.replace("2h", "90m"), 1)
    parameters.write_text(f"{head}  aa_amber:{tail}")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "impact", *words])


def test_what_is_gained_and_moved_is_what_lies_between_the_two_lines(
    records: Path, edited: Path
) -> None:
    """At 100 minutes only the new line is passed; at 130 both are; at 80 neither."""
    result = run(str(RULES), str(edited), str(records), "--format", "json")

    found = json.loads(result.stdout)
    told = {
        (c["kind"], c["detention"]) for c in found["changes"] if c["rule"] == "B02-adult-present"
    }
    assert told == {("gained", "A<b>"), ("moved", "C")}
    moved = next(c for c in found["changes"] if c["kind"] == "moved")
    assert moved["before"]["due_at"] == "2024-06-10T15:10:00+01:00"
    assert moved["after"]["due_at"] == "2024-06-10T14:40:00+01:00"
    assert found["detentions"] == 3
    assert found["entries"] == 15
    assert "B02-adult-present" in found["compared"]
    assert "D01-first-review" not in found["compared"]


def test_the_other_way_round_it_is_lost(records: Path, edited: Path) -> None:
    result = run(str(edited), str(RULES), str(records))

    assert result.exit_code == 0
    [row] = [line for line in result.stdout.splitlines() if line.startswith("B02-adult-present")]
    assert row.split() == ["B02-adult-present", ".", "1", "1"]
    assert "LOST  B02-adult-present  A<b>" in result.stdout


def test_words_alone_change_nothing(records: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reworded"
    shutil.copytree(RULES, folder)
    path = folder / "adult.yaml"
    path.write_text(path.read_text().replace("title: Appropriate adult came", "title: Adult came"))

    result = run(str(RULES), str(folder), str(records))

    assert "no rule means anything else; nothing would change" in " ".join(result.stdout.split())


def test_the_page_stands_alone_and_shows_records_as_text(
    records: Path, edited: Path, tmp_path: Path
) -> None:
    page = tmp_path / "impact.html"
    result = run(str(RULES), str(edited), str(records), "--format", "html", "--out", str(page))

    assert result.exit_code == 0
    text = page.read_text()
    assert "<svg" in text
    assert "A&lt;b&gt;" in text
    assert "A<b>" not in text
    assert 'src="http' not in text
    assert str(tmp_path) not in text


def test_a_revision_of_git_will_do_for_a_folder(tmp_path: Path) -> None:
    from detention_monitor.authoring.revisions import rules_of

    folder = tmp_path / "repository" / "rules"
    folder.mkdir(parents=True)
    (folder / "x.yaml").write_text("old")
    for words in (
        ("init", "-q"), ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"), ("tag", "first"),
    ):  # fmt: skip
        subprocess.run(["git", "-C", str(folder.parent), *words], check=True)
    (folder / "x.yaml").write_text("new")

    with rules_of("first", folder) as found:
        assert (found / "x.yaml").read_text() == "old"


def test_a_revision_is_of_the_folder_named_beside_it(
    edited: Path, records: Path, tmp_path: Path
) -> None:
    """Not of the rules that the program came with: those of another repository may differ."""
    folder = tmp_path / "repository" / "own"
    shutil.copytree(edited, folder)
    for words in (
        ("init", "-q"), ("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"),
    ):  # fmt: skip
        subprocess.run(["git", "-C", str(folder.parent), *words], check=True)

    same = run("HEAD", str(folder), str(records))
    assert same.exit_code == 0
    assert "nothing would change" in same.stdout

    (folder / "broken.yaml").write_text("rules: [")
    broken = CliRunner().invoke(cli, ["rules", "impact", "HEAD", str(folder), str(records)])
    assert "rules of NEW" in str(broken.exception)


@pytest.mark.parametrize("name", ["no-such-revision", "--upload-pack=x"])
def test_neither_a_folder_nor_a_revision_says_so(name: str) -> None:
    result = CliRunner().invoke(cli, ["rules", "impact", "--", name, str(RULES), str(RULES)])

    assert result.exit_code == 1
    assert "neither a folder of rules nor a git revision" in str(result.exception)


def test_examples_are_of_different_detentions_first(tmp_path: Path) -> None:
    names = ["a", "a", "a", "b", "a", "c"]
    changes = [Change("gained", "X01", name, None, None) for name in names]
    found = Impact("old", "new", ("X01",), changes=changes)
    assert [each.detention for each in found.examples("X01", "gained")] == ["a", "b", "c"]
    found = Impact("old", "new", ("X01",), changes=changes[:4])
    assert [each.detention for each in found.examples("X01", "gained")] == ["a", "b", "a"]


def test_what_was_edited_is_told_in_words(edited: Path, ruleset: RuleSet) -> None:
    (edited / "girls.yaml").unlink()
    adult = edited / "adult.yaml"
    adult.write_text(adult.read_text().replace("severity: critical", "severity: high", 1))

    told = list(edits(ruleset, load_rules(edited)))

    assert any(each.startswith("B02-adult-present (from 2012-07-10): severity critical became high") for each in told)  # fmt: skip
    assert "A07-woman-assigned (from 2012-07-10): taken out" in told
    assert not any("tests" in each for each in told)


def test_a_change_that_no_record_reaches_is_named(records: Path, tmp_path: Path) -> None:
    """The records are of June 2024; nothing in them can show a law of 2027, or a repeal then."""
    folder = tmp_path / "of_2027"
    shutil.copytree(RULES, folder)
    number, rule = folder / "parameters.yaml", folder / "cells.yaml"
    number.write_text(
        number.read_text().replace("1986-01-01: 9h", "1986-01-01: 9h, 2027-04-01: 8h")
    )
    head, tail = rule.read_text().split("  - id: A13-exercise", 1)
    tail = tail.replace("from: 2012-07-10", "from: 2012-07-10, to: 2027-03-01", 1)
    rule.write_text(f"{head}  - id: A13-exercise{tail}")

    told = " ".join(run(str(RULES), str(folder), str(records)).stdout.split())
    data = json.loads(run(str(RULES), str(folder), str(records), "--format", "json").stdout)

    assert "no record reaches the day from which this tells" in told
    assert "$review_next (from 1 April 2027), A13-exercise (from 1 March 2027)" in told
    assert data["not_reached"] == [
        {"what": "$review_next", "from": "2027-04-01"}, {"what": "A13-exercise", "from": "2027-03-01"},
    ]  # fmt: skip


def test_a_change_that_records_reach_is_not_named(records: Path, edited: Path) -> None:
    assert "NOT SHOWN" not in run(str(RULES), str(edited), str(records)).stdout
