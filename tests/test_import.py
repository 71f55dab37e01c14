"""A force's own table: a first map for it, and all that a map leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_export import run

EXAMPLE = ROOT / "docs" / "examples" / "vendor_export.csv"
MAP = EXAMPLE.with_suffix(".map.yaml")


def test_the_example_is_imported_whole(tmp_path: Path) -> None:
    out = tmp_path / "entries.jsonl"
    ran = run("import", EXAMPLE, "--map", MAP, "--out", out)
    assert ran.exit_code == 0, ran.stderr
    declared, *entries = [json.loads(line) for line in out.read_text().splitlines()]
    assert declared["source"]["not_carried"] == ["girl_needs_asked", "woman_assigned"]
    assert [each["kind"] for each in entries] == [
        "arrived", "detention_authorised", "checked", "aa_arrived", "review_held", "released",
    ]  # fmt: skip
    assert entries[4]["at"] == "2024-06-10T19:30:00+01:00"
    assert entries[4]["by"] == {"id": "INSP 9", "rank": "inspector", "role": "review_officer"}
    assert "column 'Narrative' is not read (7 filled" in ran.stderr
    assert "never given: " in ran.stderr
    assert "no column: arrived.age_recorded, arrived.ethnicity, " in ran.stderr
    assert "review_held.transfer_redecided, which reports tell." in ran.stderr
    assert "6 entries of 6 kinds written" in ran.stderr


def test_a_first_map_reads_what_it_understood_and_tells_the_rest(tmp_path: Path) -> None:
    first = tmp_path / "first.yaml"
    ran = run("import", EXAMPLE, "--suggest-map", first)
    assert ran.exit_code == 0, ran.stderr
    assert "kind: 'INSP REVIEW' in 1 rows; near: review_held" in ran.stderr
    text = first.read_text()
    assert 'time_format: "%d/%m/%Y %H:%M"' in text
    assert "record: Custody Record No" in text
    assert 'CELL VISIT: "?"' in text

    tried = run("import", EXAMPLE, "--map", first)
    assert tried.exit_code == 3
    assert "no kind of entry is called '?'" in tried.stderr
    assert "would be written; name a file with --out" in tried.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["first.yaml"]  # tried, nothing written

    done = text
    for short, kind in (("DET AUTH", "detention_authorised"), ("CELL VISIT", "checked"),
                        ("INSP REVIEW", "review_held"), ("PROPERTY", "~"),
                        ("Arresting Officer", "other"), ("Reviewing Officer", "review_officer")):  # fmt: skip
        assert f'{short}: "?"' in done
        done = done.replace(f'{short}: "?"', f"{short}: {kind}")
    first.write_text(done)
    finished = run("import", EXAMPLE, "--map", first, "--out", tmp_path / "entries.jsonl")
    assert finished.exit_code == 0, finished.stderr
    assert "6 entries of 6 kinds" in finished.stderr


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("EntryID;CustodyRef;EventType;EventDate", "1;C1;Arrived;2024-06-10 13:00", ['delimiter: ";"',
         "record: CustodyRef", 'time_format: "%Y-%m-%d %H:%M"', "Arrived: arrived"]),
        ("id,record,kind,at", "1,C1,arrived,2024-06-10T13:00:00Z", ["at: at"]),
        ("Colour,Shoe Size", "red,42", ["# id: ?", "# not read: Colour (1 filled, such as 'red'"]),
        ("id,record,kind,at", "", ["kind: kind"]),
    ],
)  # fmt: skip
def test_other_tables(head: str, row: str, said: list[str], tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text(f"\ufeff{head}\n{row}\n" if row else f"{head}\n")
    ran = run("import", table, "--suggest-map", "-")
    assert ran.exit_code == 0, ran.stderr
    for each in said:
        assert each in ran.stdout, ran.stdout
    if "zone:" in ran.stdout:
        assert "2024-06-10T" not in row


PARTS = """\
Custody No,Entry No,Event Date,Event Time,Event Type,Amended Entry
C1,1,10/06/2024,13:00,Arrived,
C1,2,10/06/2024,13:10,Detention Authorised,
C1,3,10/06/2024,19:30,Review Held,
C1,4,10/06/2024,9:10,Review Held,3
C2,1,11/06/2024,9:00,Arrived,
"""


def test_a_date_beside_its_clock_and_numbers_that_begin_anew_are_seen(tmp_path: Path) -> None:
    table, first = tmp_path / "table.csv", tmp_path / "first.yaml"
    table.write_text(PARTS)
    ran = run("import", table, "--suggest-map", first)
    assert ran.exit_code == 0, ran.stderr
    text = first.read_text()
    assert "at: [Event Date, Event Time]" in text
    assert 'time_format: "%d/%m/%Y %H:%M"' in text
    assert "id: [Custody No, Entry No]" in text
    assert "amends: [Custody No, Amended Entry]" in text
    assert "not read" not in text

    done = run("import", table, "--map", first, "--out", tmp_path / "out.jsonl")
    assert done.exit_code == 0, done.stderr
    entries = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()][1:]
    assert [each["id"] for each in entries] == ["C1-1", "C1-2", "C1-3", "C1-4", "C2-1"]
    assert entries[3]["at"] == "2024-06-10T09:10:00+01:00"
    assert entries[3]["amends"] == "C1-3"
    assert "an id that" not in done.stderr

    first.write_text(text.replace("id: [Custody No, Entry No]", "id: Entry No"))
    told = run("import", table, "--map", first)
    assert (
        "1 entries have an id that an entry of another record has (1 at table.csv:6)" in told.stderr
    )
    assert "id: [RECORD, NUMBER]" in told.stderr


@pytest.mark.parametrize(
    ("table", "said", "unsaid"),
    [
        # The clock comes first, the date is called something else.
        ("id,record,Event Time,Day,kind\n1,C1,13:00,2024-06-10,arrived\n", "at: [Day, Event Time]", "lacks"),
        # No column has the other half.
        ("id,record,Event Time,kind\n1,C1,13:00,arrived\n", "at: 'Event Time' lacks the dates", "at: ["),
        ("id,record,at,kind\n1,C1,10/06/2024,arrived\n", "at: 'at' lacks the times of day", "at: ["),
        # Two records, and every id once: nothing to put together.
        ("id,record,at,kind\n1,C1,2024-06-10T13:00Z,arrived\n2,C2,2024-06-10T13:00Z,arrived\n", "id: id", "[record"),
        # The same line twice is one entry sent again, not a number that begins anew.
        ("id,record,at,kind\n1,C1,2024-06-10T13:00Z,arrived\n1,C1,2024-06-10T13:00Z,arrived\n", "id: id", "[record"),
    ],
)  # fmt: skip
def test_which_columns_belong_together(table: str, said: str, unsaid: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(table)
    ran = run("import", tmp_path / "t.csv", "--suggest-map", "-")
    assert ran.exit_code == 0, ran.stderr
    assert said in ran.stdout + ran.stderr
    assert unsaid not in ran.stdout + ran.stderr


def test_reasons_are_told_once_with_how_many_rows(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = (
        EXAMPLE.read_text()
        .replace("INSP REVIEW", "CELL VISITT")
        .replace("AA arrived", "CELL VISITT")
    )
    table.write_text(rows)
    ran = run("import", table, "--map", MAP, "--out", tmp_path / "out.jsonl")
    assert ran.exit_code == 3
    assert (
        "not taken, 2 rows (first table.csv:5): no kind of entry is called 'CELL VISITT'"
        in ran.stderr
    )
    assert len((tmp_path / "quarantine.jsonl").read_text().splitlines()) == 2


def test_a_table_without_a_map_says_what_to_do(tmp_path: Path) -> None:
    ran = run("import", EXAMPLE, "--out", tmp_path / "out.jsonl")
    assert "a CSV needs a column map (--map)" in str(ran.exception)
    two = run("import", EXAMPLE, EXAMPLE, "--suggest-map", "-")
    assert "one table at a time" in two.stderr


def test_of_a_table_with_one_row_a_record_is_told_what_a_row_can_show(tmp_path: Path) -> None:
    table = EXAMPLE.with_name("one_row_a_record.csv")
    tried = run("import", table, "--map", table.with_suffix(".map.yaml"))
    assert tried.exit_code == 0, tried.stderr
    assert (
        "a row shows at most: aa_arrived 1, aa_contacted 1, review_held 2, rights_given 1. Where all of "
        "them are filled in, what was due later is told of nobody."
    ) in tried.stderr
    assert "name it under all_of in the map" in tried.stderr
    assert "12 entries of 7 kinds" in tried.stderr
    first = run("import", table, "--suggest-map", "-")
    assert (
        "list the entries it holds as docs/examples/one_row_a_record.map.yaml does" in first.stderr
    )


@pytest.mark.parametrize(
    ("begins", "said"),
    [
        (b"PK\x03\x04", "it is an Excel workbook or an archive; save its sheet as CSV (UTF-8)"),
        (b"\xd0\xcf\x11\xe0", "it is an old Excel workbook; save its sheet as CSV (UTF-8)"),
        (b"\xff\xfei\x00d\x00", "it is UTF-16; save it as UTF-8"),
    ],
)
@pytest.mark.parametrize("name", ["table.csv", "table.xlsx"])
def test_what_is_no_table_says_what_it_is(
    name: str, begins: bytes, said: str, tmp_path: Path
) -> None:
    table = tmp_path / name
    table.write_bytes(begins + b"\x00" * 600)
    first = run("import", table, "--suggest-map", "-")
    assert f"the table cannot be read: {said}" in str(first.exception)
    assert first.stdout == ""
    tried = run("import", table, "--map", MAP)
    assert tried.exit_code == 3
    assert f"the file cannot be read: {said}" in tried.stderr


@pytest.mark.parametrize("command", [("import", "--map", MAP), ("replay", "--map", MAP)])
def test_workbooks_in_a_folder_are_not_passed_over_in_silence(
    command: tuple[object, ...], tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(EXAMPLE.read_bytes())
    for name in ("b.xlsx", "c.xls"):
        (tmp_path / "in" / name).write_bytes(b"PK")
    ran = run(command[0], tmp_path / "in", *command[1:])
    assert "2 workbooks were passed over; save their sheets as CSV (UTF-8)" in ran.stderr
    assert "6 entries" in ran.stderr
