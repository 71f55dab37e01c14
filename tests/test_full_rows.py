"""A row shows as many of a kind as it has columns: what is due after the last of them cannot be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from detention_monitor.columns import ColumnMap
from detention_monitor.errors import RecordError, RuleFileError
from detention_monitor.records import Source
from detention_monitor.rulefile import RuleSet
from tests.test_replay import command

D = "2024-06-10 "
HEAD = "No,Born,Arrived,Authorised,Placed,Visit 1,Visit 2,Left,Kept,Interview,Hospital,Out"
MAP = """\
format: custody-map/1
zone: Europe/London
columns: {{record: No}}
all_of: [{all_of}]
entries:
  - {{kind: arrived, columns: {{at: Arrived}}, attrs: {{dob: Born}}}}
  - {{kind: detention_authorised, columns: {{at: Authorised}}}}
  - {{kind: cell_placed, columns: {{at: Placed}}}}
  - {{kind: checked, columns: {{at: Visit 1}}}}
  - {{kind: checked, columns: {{at: Visit 2}}}}
  - {{kind: cell_left, columns: {{at: Left}}}}
  - {{kind: kept_outside_cell, columns: {{at: Kept}}}}
  - {{kind: interview_started, columns: {{at: Interview}}}}
  - {{kind: hospital_out, columns: {{at: Hospital}}}}
  - {{kind: released, columns: {{at: Out}}}}
"""
ROWS = {
    # Placed at 13:20. Both visits in time; the next was due at 16:10, and there is no column for it.
    "FULL": ("14:15", "15:10"),
    # One visit; the next was due at 15:15, and its column is empty.
    "ROOM": ("14:15", ""),
    # The second visit came 45 minutes late; what was due at 17:00 has no column.
    "LATE": ("14:15", "16:00"),
}
HOURLY = "A11-hourly"


def found(
    tmp_path: Path, all_of: str = "cell_placed"
) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return what a replay of the rows finds, by record and rule."""
    (tmp_path / "map.yaml").write_text(MAP.format(all_of=all_of))
    lines = [HEAD]
    for record, visits in ROWS.items():
        first, second = (f"{D}{each}" if each else "" for each in visits)
        lines.append(
            f"{record},2009-03-01,{D}13:00,{D}13:10,{D}13:20,{first},{second},,,,,{D}18:00"
        )
    (tmp_path / "t.csv").write_text("\n".join(lines) + "\n")
    ran = command("replay", "t.csv", "--map", "map.yaml", "--format", "jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    out: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in ran.stdout.splitlines():
        each = json.loads(line)
        out.setdefault((each["record"], each["rule"]), []).append(each)
    return out


def told(of: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((each["due_at"][11:16], each["status"], each["certainty"]) for each in of)


def test_what_is_due_after_the_last_column_cannot_be_told(tmp_path: Path) -> None:
    by = found(tmp_path)
    assert told(by["FULL", HOURLY]) == [("16:10", "cannot_tell", "possible")]
    assert told(by["ROOM", HOURLY]) == [("15:15", "missed", "established")]
    assert told(by["LATE", HOURLY]) == [
        ("15:15", "met_late", "established"), ("17:00", "cannot_tell", "possible"),
    ]  # fmt: skip
    [finding] = by["FULL", HOURLY]
    assert finding["absent"] == ["checked"]
    assert finding["message"].startswith("This source may leave out later entries of 'checked': ")


def test_where_a_row_shows_all_of_a_kind_what_is_not_there_was_not_done(tmp_path: Path) -> None:
    by = found(tmp_path, "cell_placed, checked")
    assert told(by["FULL", HOURLY]) == [("16:10", "missed", "established")]
    assert told(by["LATE", HOURLY]) == [
        ("15:15", "met_late", "established"), ("17:00", "missed", "established"),
    ]  # fmt: skip


def test_without_a_word_every_kind_may_have_come_again(tmp_path: Path) -> None:
    """The child may have been put in a cell once more: that too would have been a visit."""
    assert told(found(tmp_path, "")["ROOM", HOURLY]) == [("15:15", "cannot_tell", "possible")]


def test_a_map_says_all_of_what_a_row_shows_only(ruleset: RuleSet, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(MAP.format(all_of="arrived, chekced"))
    with pytest.raises(RuleFileError) as wrong:
        ColumnMap.load(path, ruleset.vocabulary)
    assert "map.yaml:4:19: no entry of a row is 'chekced'; did you mean 'checked'" in str(
        wrong.value
    )


def test_what_a_map_leaves_open_is_declared_in_the_entries_it_writes(tmp_path: Path) -> None:
    found(tmp_path)
    ran = command("import", "t.csv", "--map", "map.yaml", "--out", "t.jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    declared = json.loads((tmp_path / "t.jsonl").read_text().splitlines()[0])["source"]
    assert "checked after 2" in declared["not_carried"]
    assert "cell_placed after 1" not in declared["not_carried"]
    again = command("replay", "t.jsonl", "--format", "jsonl", cwd=tmp_path)
    found_again = [json.loads(line) for line in again.stdout.splitlines()]
    assert told([e for e in found_again if (e["record"], e["rule"]) == ("FULL", HOURLY)]) == [
        ("16:10", "cannot_tell", "possible")
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("checked after", "no kind of entry is called 'checked after'"),
        ("checked after two", "'checked after two' is not understood; of a kind that a record shows twice"),
        ("checked after 0", "is not understood"),
        ("checked.roused after 2", "write 'checked after 2'"),
        ("chekced after 2", "did you mean 'checked'"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_understood_is_refused(name: str, said: str, ruleset: RuleSet) -> None:
    with pytest.raises(RecordError) as wrong:
        Source.declared({"not_carried": [name]}, ruleset.vocabulary)
    assert said in str(wrong.value)
