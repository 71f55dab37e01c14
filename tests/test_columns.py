"""Tables (CSV) read by a column map."""

import json
from pathlib import Path

import pytest

from detention_monitor.columns import ColumnMap
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import SetAside, read_entries
from tests.conftest import ROOT
from tests.test_replay import command

MAP = """\
format: custody-map/1
name: Custody extract
zone: Europe/London
time_format: "%d/%m/%Y %H:%M"
date_format: "%d/%m/%Y"
not_carried: [woman_assigned]
columns: {id: EntryNo, record: CustodyNo, kind: Event, at: When, by.rank: Rank, by.role: Role}
attrs: {dob: Born, mode: Mode, asleep: Asleep, grounds: Notes, limb: Limb}
values:
  kind: {ARR: arrived, AUTH: detention_authorised, AA: aa_arrived, REV: review_held, VISIT: ~, REL: released}
  by.rank: {INSP: inspector, SGT: sergeant}
  by.role: {CO: custody_officer}
  mode: {T: telephone, P: in_person}
defaults: {force: "44"}
"""
TABLE = """\
EntryNo,CustodyNo,Event,When,Rank,Role,Born,Mode,Asleep,Notes,Limb
1,C1,ARR,10/06/2024 13:00,,,01/03/2009,,,,
2,C1,AUTH,10/06/2024 13:10,SGT,CO,,,,"to question, and search",
3,C1,VISIT,10/06/2024 14:00,,,,,,seen,
4,C1,AA,10/06/2024 14:05,,,,,,,
5,C1,REV,10/06/2024 19:30,INSP,,,P,no,,
6,C1,REL,10/06/2024 20:00,,,,,,,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "map.yaml").write_text(MAP)
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path


def test_a_table_is_judged_like_the_same_entries(folder: Path) -> None:
    ran = command("replay", "table.csv", "--map", "map.yaml", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert "5 entries" in ran.stderr
    text = " ".join(ran.stdout.split())
    assert "MEDIUM D01 MET LATE due 10 Jun 19:10, 20 min late" in text


def test_a_folder_of_tables_and_a_byte_order_mark(folder: Path) -> None:
    (folder / "in").mkdir()
    (folder / "in" / "table.csv").write_text("\ufeff" + TABLE)
    ran = command("replay", "in", "--map", "map.yaml", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert "5 entries" in ran.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("10/06/2024 19:30", "2024-06-10 19:30", "table.csv:6: '2024-06-10 19:30' is not in the form"),
        (",P,no,", ",P,perhaps,", "asleep: 'perhaps' is neither yes nor no"),
        (",P,no,", ",Q,no,", "mode: 'Q' is not known here"),
        ("5,C1,REV", "5,C1,REVIEW", "no kind of entry is called 'REVIEW'"),
        ("INSP,,,P,no,,", "INSP,,,P,no,,,,", "more or fewer cells"),
    ],
)  # fmt: skip
def test_a_bad_row_is_set_aside(right: str, wrong: str, said: str, folder: Path) -> None:
    assert right in TABLE
    (folder / "table.csv").write_text(TABLE.replace(right, wrong))
    ran = command("replay", "table.csv", "--map", "map.yaml", cwd=folder)
    assert ran.returncode == 3
    assert said in ran.stderr
    assert "4 entries" in ran.stderr


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("by.rank: Rank", "by.rnak: Rank", "did you mean 'by.rank'"),
        ("mode: Mode", "mood: Mode", "did you mean 'mode'"),
        ("id: EntryNo, ", "", "no column for 'id'"),
        ("Europe/London", "Europe/Londin", "no time zone is called"),
        ("[woman_assigned]", "[woman_asigned]", "did you mean 'woman_assigned'"),
        ("kind: Event", "kind: Evnt", "no column is called Evnt"),
    ],
)
def test_a_wrong_map_says_where(right: str, wrong: str, said: str, folder: Path) -> None:
    (folder / "map.yaml").write_text(MAP.replace(right, wrong))
    ran = command("replay", "table.csv", "--map", "map.yaml", cwd=folder)
    assert ran.returncode == 2
    assert said in ran.stderr


def test_a_table_without_a_map_says_what_is_needed(folder: Path) -> None:
    ran = command("replay", "table.csv", cwd=folder)
    assert ran.returncode == 2
    assert "a CSV needs a column map (--map)" in ran.stderr


def test_a_digit_that_is_no_number_is_a_bad_row_and_no_crash(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    (tmp_path / "map.yaml").write_text(
        "format: custody-map/1\ncolumns: {id: I, record: R, kind: K, at: T}\nattrs: {hours: H}\n"
    )
    (tmp_path / "t.csv").write_text(
        "I,R,K,T,H\n1,R1,extension_authorised,2024-06-10T13:00Z,12\u00b2\n"
    )
    columns = ColumnMap.load(tmp_path / "map.yaml", ruleset.vocabulary)

    [(got, _)] = read_entries([str(tmp_path / "t.csv")], ruleset.vocabulary, columns)

    assert isinstance(got, SetAside)
    assert "hours must be a whole number" in got.reason


# --- what stands in several columns -----------------------------------------------------------

PARTS = """\
format: custody-map/1
zone: Europe/London
time_format: "%d/%m/%Y %H:%M"
columns:
  id: [CustodyNo, No]
  record: CustodyNo
  kind: Event
  at: [Day, Clock]
  amends: [CustodyNo, Instead]
attrs: {dob: Born, mode: Mode}
"""
IN_PARTS = """\
CustodyNo,No,Event,Day,Clock,Instead,Born,Mode
C1,1,arrived,10/06/2024,13:00,,2009-03-01,
C1,2,detention_authorised,10/06/2024,13:10,,,
C1,3,review_held,10/06/2024,19:30,,,in_person
C1,4,review_held,10/06/2024,19:10,3,,in_person
C2,1,arrived,11/06/2024,09:00,,2010-03-01,
C2,2,released,11/06/2024,,,,
"""


def test_a_date_and_its_clock_and_a_number_that_each_record_begins_anew(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    (tmp_path / "map.yaml").write_text(PARTS)
    (tmp_path / "t.csv").write_text(IN_PARTS)
    columns = ColumnMap.load(tmp_path / "map.yaml", ruleset.vocabulary)

    *taken, last = [
        got for got, _ in read_entries([str(tmp_path / "t.csv")], ruleset.vocabulary, columns)
    ]

    assert [
        (each.id, each.record, each.at_text) for each in taken if not isinstance(each, SetAside)
    ] == [
        ("C1-1", "C1", "2024-06-10T13:00:00"),
        ("C1-2", "C1", "2024-06-10T13:10:00"),
        ("C1-3", "C1", "2024-06-10T19:30:00"),
        ("C1-4", "C1", "2024-06-10T19:10:00"),
        ("C2-1", "C2", "2024-06-11T09:00:00"),
    ]
    assert [getattr(each, "amends", "") for each in taken] == [None, None, None, "C1-3", None]
    assert isinstance(last, SetAside)  # a date without its clock is no time
    assert "'at' is missing" in last.reason


def test_the_review_that_was_corrected_is_judged_at_its_right_time(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(PARTS)
    (tmp_path / "t.csv").write_text(IN_PARTS)
    ran = command("replay", "t.csv", "--map", "map.yaml", "--all", cwd=tmp_path)
    assert ran.returncode == 3, ran.stderr
    assert "set aside: 1 lines" in ran.stderr
    text = " ".join(ran.stdout.split())
    assert "D01 POSSIBLE MET due 10 Jun 19:10" in text  # 19:30, as first written, was late
    assert "MET LATE due 10 Jun 19:10" not in text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("id: []", "map.yaml:5:7: "),
        ("id: [CustodyNo, 3]", "map.yaml:5:19: this must be text"),
        ("id: {a: 1}", "map.yaml:5:7: this must be a list"),
        ("id: [CustodyNo, Nope]", "no column is called Nope"),
    ],
)
def test_parts_that_are_no_columns_say_where(given: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(PARTS.replace("id: [CustodyNo, No]", given))
    (tmp_path / "t.csv").write_text(IN_PARTS)
    ran = command("replay", "t.csv", "--map", "map.yaml", cwd=tmp_path)
    assert ran.returncode == 2
    assert said in ran.stderr


# --- one row for each record ------------------------------------------------------------------

ONE_ROW = ROOT / "docs" / "examples" / "one_row_a_record.csv"
ONE_ROW_MAP = ONE_ROW.with_suffix(".map.yaml")


def test_a_row_that_is_a_record_holds_an_entry_for_each_time_that_is_filled(
    ruleset: RuleSet,
) -> None:
    columns = ColumnMap.load(ONE_ROW_MAP, ruleset.vocabulary)
    read = [*read_entries([str(ONE_ROW)], ruleset.vocabulary, columns)]
    entries = [got for got, _ in read if not isinstance(got, SetAside)]
    assert [(each.id, each.kind) for each in entries if each.record == "C1"] == [
        ("C1-arrived", "arrived"),
        ("C1-detention_authorised", "detention_authorised"),
        ("C1-aa_contacted", "aa_contacted"),
        ("C1-aa_arrived", "aa_arrived"),
        ("C1-rights_given", "rights_given"),
        ("C1-review_held", "review_held"),
        ("C1-released", "released"),
    ]
    review = next(each for each in entries if each.kind == "review_held")
    assert (review.by.rank, dict(review.attrs), review.force) == (
        "inspector", {"mode": "telephone"}, "99",
    )  # fmt: skip
    assert [each.id for each in entries if each.record == "C2"] == [
        "C2-arrived", "C2-detention_authorised", "C2-aa_contacted", "C2-rights_given", "C2-released",
    ]  # fmt: skip
    source = read[0][1].coverage
    assert not source.carries("interview_started")  # no column at all
    assert ("rights_given", 1) in source.at_most  # one column, and it may have been done again
    assert not {"arrived", "released"} & {kind for kind, _ in source.at_most}  # as the map says
    assert not source.carries("arrived", "rank")
    assert not source.carries("review_held", "asleep")
    for kind, attribute in (("arrived", "dob"), ("review_held", "mode"), ("review_held", "rank")):
        assert source.carries(kind, attribute)


def test_what_a_row_cannot_say_counts_against_nobody(tmp_path: Path) -> None:
    ran = command(
        "replay", str(ONE_ROW), "--map", str(ONE_ROW_MAP), "--format", "jsonl", cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    against = {
        (each["record"], each["duty"], each["status"])
        for each in found
        if each["status"] in ("missed", "met_late", "overdue", "broken", "matched", "not_recorded")
    }
    # C1: the adult came at 18:05, detention had begun at 13:10. C2: none came in 2 h 50 min.
    assert against == {("C1", "B02", "met_late"), ("C2", "B02", "missed")}
    table = command("replay", str(ONE_ROW), "--map", str(ONE_ROW_MAP), cwd=tmp_path).stdout
    assert table.count("cannot tell: ") == 2  # one line a child: what was found is not buried
    assert "or not carried by this source; --all says what)" in " ".join(table.split())


def test_a_finding_in_a_table_is_explained(tmp_path: Path) -> None:
    ran = command(
        "explain", str(ONE_ROW), "--map", str(ONE_ROW_MAP), "--record", "C1", "--duty", "B02-adult-present",
        cwd=tmp_path,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert (
        "entry C1-aa_arrived 'appropriate adult arrived' at 2024-06-10T18:05:00 (one_row"
        in " ".join(ran.stdout.split())
    )


def test_several_of_a_kind_are_numbered_and_what_is_given_is_said(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(ONE_ROW.read_text().replace("Phone,,", "Phone,11/06/2024 03:40,"))
    columns = ColumnMap.load(ONE_ROW_MAP, ruleset.vocabulary)
    [second] = [
        got for got, _ in read_entries([str(table)], ruleset.vocabulary, columns)
        if not isinstance(got, SetAside) and got.id == "C1-review_held-2"
    ]  # fmt: skip
    assert (second.by.rank, dict(second.attrs)) == ("inspector", {"mode": "in_person"})


@pytest.mark.parametrize(
    ("row", "taken", "aside"),
    [
        ("C3,,,,,,,,,,,,", 0, ["no time of this row is filled in"]),
        (",10/06/2024 13:00,10/06/2024 13:10,,,,,,,,,,", 0, ["'record' is missing"]),
        ("C3,10/06/2024 13:00,10/06/2024 25:10,,,,,,,,,,", 1, ["detention_authorised: '10/06/2024 25:10' is not in"]),
        ("C3,10/06/2024 13:00,10/06/2024 13:10,,X,,,,,,,,", 1, ["arrived: sex: 'X' is not known here"]),
        ("C3,10/06/2024 13:00", 0, ["more or fewer cells"]),
    ],
)  # fmt: skip
def test_a_bad_cell_costs_its_entry_and_a_bad_row_is_told_once(
    row: str, taken: int, aside: list[str], ruleset: RuleSet, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text(ONE_ROW.read_text().splitlines()[0] + f"\n{row}\n")
    columns = ColumnMap.load(ONE_ROW_MAP, ruleset.vocabulary)
    read = [got for got, _ in read_entries([str(table)], ruleset.vocabulary, columns)]
    told = [each for each in read if isinstance(each, SetAside)]
    assert len(read) - len(told) == taken
    assert len(told) == len(aside)
    for each, said in zip(told, aside, strict=True):
        assert said in each.reason
        assert each.origin == "t.csv:2"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("kind: aa_arrived", "kind: aa_arived", ":18:12: no kind of entry is called 'aa_arived'; did you mean 'aa_arrived'"),
        ("{kind: aa_arrived, columns: {at: AA arrived}}", "{kind: aa_arrived, columns: {}}", "no column for 'at': when it happened"),
        ("{at: AA arrived}", "{at: AA arrived, kind: Event}", "nothing is called 'kind' here"),
        ("dob: Born", "dab: Born", "did you mean 'dob'"),
        ("mode: in_person}", "mode: in_persn}", "mode: 'in_persn' is not known here"),
        ("by.rank: inspector,", "by.rank: boss,", "by.rank: 'boss' is not known here"),
        ("mode: in_person}", "mode: yes}", "is not known here"),
        ("{record: Custody No}", "{record: Custody No, id: Custody No}", "nothing is called 'id' here"),
        ("{record: Custody No}", "{force: Custody No}", "no column for 'record'"),
        ("values:\n", "attrs: {dob: Born}\nvalues:\n", "each has its own 'attrs'"),
        ("at: Review 2", "at: Review 7", "no column is called Review 7"),
    ],
)  # fmt: skip
def test_a_wrong_list_of_entries_says_where(
    right: str, wrong: str, said: str, tmp_path: Path
) -> None:
    text = ONE_ROW_MAP.read_text()
    assert text.count(right) == 1
    (tmp_path / "map.yaml").write_text(text.replace(right, wrong))
    ran = command("replay", str(ONE_ROW), "--map", "map.yaml", cwd=tmp_path)
    assert ran.returncode == 2
    assert said in ran.stderr
