"""Parquet out, with typed columns, and Parquet in."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from detention_monitor import parquet
from tests.conftest import SAMPLES
from tests.test_columns import MAP, TABLE
from tests.test_replay import command

pa = pytest.importorskip("pyarrow")
import pyarrow.parquet as pq  # noqa: E402 - there is none to import where the test is skipped

STORIES = sorted(SAMPLES.glob("T1*.jsonl"))
BUSY = SAMPLES / "busy_day.jsonl"


def lines(path: Path, folder: Path, *more: str) -> list[dict[str, Any]]:
    ran = command("replay", path, "--format", "jsonl", *more, cwd=folder)
    assert ran.returncode in (0, 3), ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def test_findings_have_typed_columns_and_say_what_the_lines_say(tmp_path: Path) -> None:
    ran = command("replay", BUSY, "--format", "parquet", "--out", "found.parquet", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    table = pq.read_table(tmp_path / "found.parquet")
    rows = table.to_pylist(maps_as_pydicts="strict")
    expected = lines(BUSY, tmp_path)

    assert (tmp_path / "found.parquet").stat().st_mode & 0o777 == 0o600
    assert table.schema.field("due_at").type == pa.timestamp("ms", "UTC")
    assert table.schema.field("evidence").type == pa.list_(pa.string())
    assert table.schema.field("minutes_late").type == pa.int64()
    assert len(rows) == len(expected) > 500
    for row, line in zip(rows, expected, strict=True):
        for name in ("key", "duty", "rule", "status", "severity", "message", "minutes_late",
                     "evidence", "absent", "sources", "unclosed", "judged_by", "because_of",
                     "measures"):  # fmt: skip
            assert row[name] == line.get(name), name
        for name in ("arose_at", "due_at", "done_at", "occurred_at"):
            assert row[name] == instant(line.get(name)), name
        steps = [(each["name"], instant(each["at"])) for each in line.get("grades", ())]
        assert [(each["name"], each["at"]) for each in row["grades"] or ()] == steps
    given = {name for line in expected for name in line}
    assert given <= set(table.schema.names)


def test_output_is_the_same_for_workers_and_grouped_input(tmp_path: Path) -> None:
    made = []
    for number, more in enumerate((("--workers", "1"), ("--workers", "3"), ("--grouped",))):
        name = f"{number}.parquet"
        ran = command("replay", *STORIES, "--format", "parquet", "--out", name, *more, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1] == made[2]
    refused = pq.read_table(tmp_path / "0.parquet", columns=["refused", "rule"]).to_pylist()
    assert {"refused": "code_before_2012", "rule": None} in refused


def test_rows_are_written_in_groups(tmp_path: Path) -> None:
    """One finding more than two groups hold; written in pieces that end within a line."""
    [first, *_] = lines(SAMPLES / "T10_certificate_late.jsonl", tmp_path)
    data = (json.dumps(first) + "\n").encode() * (2 * parquet.ROWS + 1)
    path = tmp_path / "many.parquet"
    with path.open("wb") as file, parquet.FindingsWriter(file) as into:
        for start in range(0, len(data), 1_000_003):
            into.write(data[start : start + 1_000_003])

    written = pq.ParquetFile(path).metadata
    groups = [written.row_group(n).num_rows for n in range(written.num_row_groups)]
    assert groups == [parquet.ROWS, parquet.ROWS, 1]


def test_parquet_goes_to_a_file(tmp_path: Path) -> None:
    ran = command("replay", BUSY, "--format", "parquet", cwd=tmp_path)
    assert ran.returncode == 2
    assert "name it with --out" in ran.stderr


def test_without_pyarrow_the_cure_is_one_line(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None; sys.argv[0] = 'detention-monitor'\n"
        "from detention_monitor.cli import main; main()"
    )
    for arguments in (
        ("replay", str(BUSY), "--format", "parquet", "--out", "x.parquet"),
        ("replay", "y.parquet"),
    ):
        (tmp_path / "y.parquet").write_bytes(b"PAR1")
        ran = subprocess.run(
            [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        assert ran.returncode == 2
        [said] = ran.stderr.splitlines()
        assert said.endswith("install it with: pip install 'detention-monitor[parquet]'")


# --- in ----------------------------------------------------------------------------------------


def entries(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("form", ["structures", "json-text", "timestamps"])
def test_entries_from_parquet_are_judged_like_the_lines(form: str, tmp_path: Path) -> None:
    story = SAMPLES / "T01_seed_adult_18_hours.jsonl"
    rows = entries(story)
    if form == "json-text":
        rows = [{**row, "attrs": json.dumps(row.get("attrs", {}))} for row in rows]
    if form == "timestamps":
        rows = [{**row, "at": datetime.fromisoformat(row["at"])} for row in rows]
        for row in rows:
            if "dob" in row.get("attrs", {}):
                row["attrs"] = {**row["attrs"], "dob": date.fromisoformat(row["attrs"]["dob"])}
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "story.parquet")

    assert lines(tmp_path / "story.parquet", tmp_path) == lines(story, tmp_path)


def test_a_folder_may_hold_parquet_beside_lines(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    story = SAMPLES / "T01_seed_adult_18_hours.jsonl"
    pq.write_table(pa.Table.from_pylist(entries(story)), tmp_path / "in" / "b.parquet")
    (tmp_path / "in" / "a.jsonl").write_bytes((SAMPLES / "T10_certificate_late.jsonl").read_bytes())
    assert {each["record"] for each in lines(tmp_path / "in", tmp_path)} == {"T01", "T10"}


def table_of(*rows: dict[str, Any], source: dict[str, Any] | None = None) -> Any:
    table = pa.Table.from_pylist(list(rows))
    return (
        table if source is None else table.replace_schema_metadata({"source": json.dumps(source)})
    )


NAIVE = {"id": "e1", "record": "R1", "kind": "detention_authorised",
         "at": datetime(2024, 6, 10, 13, 0), "attrs": {"dob": "2009-01-01"}}  # noqa: DTZ001  # fmt: skip


def test_a_time_without_zone_is_refused_unless_the_source_declares_one(tmp_path: Path) -> None:
    pq.write_table(table_of(NAIVE), tmp_path / "naive.parquet")
    ran = command("replay", "naive.parquet", cwd=tmp_path)
    assert ran.returncode == 3
    assert "naive.parquet:1: at: " in ran.stderr

    declared = {"name": "Lake", "zone": "Europe/London", "not_carried": ["meal_offered"]}
    pq.write_table(table_of(NAIVE, source=declared), tmp_path / "known.parquet")
    found = lines(tmp_path / "known.parquet", tmp_path)
    review = next(each for each in found if each["rule"] == "D01-first-review")
    assert review["due_at"] == "2024-06-10T19:00:00+01:00"


def test_a_wrong_declaration_sets_the_file_aside(tmp_path: Path) -> None:
    pq.write_table(table_of(NAIVE, source={"zone": "Europe/Lundon"}), tmp_path / "r.parquet")
    ran = command("replay", "r.parquet", cwd=tmp_path)
    assert ran.returncode == 3
    said = "r.parquet: the file cannot be read: 'source' in its metadata: no time zone is called"
    assert said in ran.stderr


@pytest.mark.parametrize(("hours", "read"), [(12.0, True), (12.5, False)])
def test_whole_numbers_may_come_as_floats(hours: float, *, read: bool, tmp_path: Path) -> None:
    """Pandas makes floats of a column of whole numbers with gaps."""
    at = datetime(2024, 6, 10, 12, 0, tzinfo=UTC)
    begun = {**NAIVE, "at": at, "attrs": {"dob": "2009-01-01", "hours": None}}
    more = {**begun, "id": "e2", "kind": "extension_authorised", "attrs": {"hours": hours}}
    pq.write_table(table_of(begun, more), tmp_path / "r.parquet")
    ran = command("replay", "r.parquet", cwd=tmp_path)
    assert ran.returncode == (0 if read else 3), ran.stderr
    assert ("hours must be a whole number, not 12.5" in ran.stderr) is not read


def test_a_wrong_row_is_set_aside_with_its_number(tmp_path: Path) -> None:
    good = {**NAIVE, "at": datetime(2024, 6, 10, 12, 0, tzinfo=UTC)}
    wrong = {**good, "id": "e2", "kind": "arrivd"}
    pq.write_table(table_of(good, wrong), tmp_path / "two.parquet")
    ran = command("replay", "two.parquet", cwd=tmp_path)
    assert ran.returncode == 3
    assert "two.parquet:2: no kind of entry is called 'arrivd'; did you mean" in ran.stderr
    [aside] = entries(tmp_path / "quarantine.jsonl")
    assert json.loads(aside["line"])["kind"] == "arrivd"


def test_a_column_map_reads_parquet_as_it_reads_a_table(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "table.csv").write_text(TABLE)
    head, *rest = TABLE.splitlines()
    import csv

    rows = [
        {name: int(cell) if name == "EntryNo" else cell or None for name, cell in row.items()}
        for row in csv.DictReader([head, *rest])
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "table.parquet")
    by_table = lines(Path("table.csv"), tmp_path, "--map", "map.yaml")
    assert lines(Path("table.parquet"), tmp_path, "--map", "map.yaml") == by_table
