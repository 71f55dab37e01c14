"""What a report says of an attribute that its source does not carry, and of one left blank: never no.

A table with one row a record carries times and hardly an attribute; another source carries everything,
and its entries leave the same attributes blank. Counted and worded by hand.
"""

from __future__ import annotations

import ast
import csv
import html
import json
import re
from pathlib import Path

import pytest

from detention_monitor.boards.clock import StoryClock
from detention_monitor.boards.lines import ASCII, text_of
from detention_monitor.boards.picture import picture
from detention_monitor.boards.plain import Plain
from detention_monitor.boards.rows import COLUMNS as BOARD
from detention_monitor.boards.rows import Moment
from detention_monitor.boards.story import StoryDesk, coverage_of, judging
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.reports.carried import COUNTED, TOLD_TO_PARTNERS, names_in
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from tests.boards import instant, row_of
from tests.conftest import ROOT
from tests.test_replay import command
from tests.test_statistics import Lines, read, report, value

CARRIED = "cannot tell: not carried by the source"
COLUMNS = {
    "Arrived": "arrived", "Authorised": "detention_authorised", "Search": "strip_search_started",
    "Adult": "aa_arrived", "Review": "review_held", "Charge": "charged",
    "Kept": "detention_after_charge", "Asked": "la_requested", "Answer": "la_replied",
    "Paper": "certificate_made", "Court": "court_appearance", "Out": "released",
}  # fmt: skip
ONCE = ("arrived", "detention_authorised", "charged", "detention_after_charge", "court_appearance")
# X1: searched before the adult came, reviewed once, charged, kept over the night; the authority
# answered after 30 minutes. X2: five hours in the day, nothing else.
ROWS = {
    "X1": ("10 10:00", "10 10:10", "10 10:30", "10 11:00", "10 15:30", "10 16:00", "10 16:10",
           "10 16:20", "10 16:50", "10 17:00", "11 10:00", ""),
    "X2": ("12 10:00", "12 10:10", "", "12 10:40", "", "", "", "", "", "", "", "12 15:00"),
}  # fmt: skip


def _at(text: str) -> str:
    return f"2024-06-{text}"


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a table of two records and its map."""
    folder = tmp_path_factory.mktemp("table")
    entries = "".join(
        f"  - {{kind: {kind}, columns: {{at: {name}}}{', attrs: {dob: Born}' if name == 'Arrived' else ''}}}\n"
        for name, kind in COLUMNS.items()
    )
    (folder / "map.yaml").write_text(
        "format: custody-map/1\nname: Table\nzone: Europe/London\ncolumns: {record: No}\n"
        f"all_of: [{', '.join(ONCE)}]\nentries:\n{entries}"
    )
    lines = [f"No,Born,{','.join(COLUMNS)}"]
    for record, times in ROWS.items():
        lines.append(f"{record},2009-03-01,{','.join(_at(each) if each else '' for each in times)}")
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the same entries of a source that carries everything and says no more.

    Of Y3, charged, it is left blank whether bail was refused.
    """
    folder = tmp_path_factory.mktemp("blank")
    made = [
        (record.replace("X", "Y"), kind, _at(at))
        for record, times in ROWS.items()
        for kind, at in zip(COLUMNS.values(), times, strict=True)
        if at
    ]
    made += [("Y3", kind, f"2024-06-13 {at}") for kind, at in (
        ("arrived", "10:00"), ("detention_authorised", "10:10"), ("charged", "12:00"),
        ("bail_decided", "12:10"), ("released", "12:20"))]  # fmt: skip
    lines: list[dict[str, object]] = [{"source": {"name": "Whole", "zone": "Europe/London"}}]
    for number, (record, kind, at) in enumerate(made):
        attrs = {"dob": "2009-03-01"} if kind == "arrived" else {}
        lines.append({"id": f"e{number}", "record": record, "kind": kind, "at": at, "attrs": attrs})
    (folder / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    return folder


def page(path: Path) -> str:
    text = re.sub(r"<(style|script).*?</\1>", " ", path.read_text(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def figures(folder: Path, told: str, *given: object) -> tuple[Lines, str, dict[str, str]]:
    """Return statistics of a folder's records: values, page, and the first row of the rows."""
    out = folder / "statistics"
    if not out.exists():
        ran = report("statistics", folder / told, *given, "--out", out, "--rows")
        assert ran.exit_code == 0, ran.output
    with (out / "detentions.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    return read(out / "statistics.csv"), page(out / "statistics.html"), first


def test_statistics_say_of_an_attribute_that_it_is_not_carried(table: Path) -> None:
    found, text, row = figures(table, "t.csv", "--map", table / "map.yaml")

    def of(figure: str, category: str, column: str = "detentions") -> float | None:
        return value(found, figure, category, column)

    for figure in ("ethnicity", "offence"):
        assert (of(figure, CARRIED), of(figure, "not recorded")) == (2, 0), figure
    assert of("age_sex", "15", CARRIED) == 2
    assert of("age_sex", "15", "not recorded") == 0
    assert of("searches", CARRIED, "adult there: no") == 1
    assert of("searched", "once or more") == 1  # there is one column for it
    assert of("searched", "not searched") == 1
    assert of("requests", CARRIED, CARRIED) == 1
    assert of("replies", CARRIED, "requests") == 1
    assert of("replied", "30 min to 1 h", "requests") == 1
    assert of("certificates", CARRIED) == 1
    assert of("certificates", "limb not recorded") == 0
    assert of("overnight", "after charge only") == 1
    assert of("share_never_seen", "Reviewed, never in person", "of") == 0
    left = "1 detention left out of 'reviewed, never in person': the source does not carry what it needs."
    assert left in text
    assert tuple({each[1] for each in found if each[1]}) == ("station not carried",)
    lacks = row["not_carried"].split("; ")
    for name in ("arrived.ethnicity", "review_held.mode", "certificate_made.limb", "review_held after 1",
                 "extension_authorised"):  # fmt: skip
        assert name in lacks
    assert "arrived.dob" not in lacks
    assert "charged after 1" not in lacks
    # An empty cell, not 0 and not false, where the source does not carry it.
    assert (row["extensions"], row["reviews_in_person"], row["produced"], row["unlawful"]) == (
        "",
    ) * 4
    assert (row["charged"], row["strip_searches"], row["reviews"]) == ("true", "1", "1")


def test_statistics_say_of_a_blank_that_it_is_not_recorded(blank: Path) -> None:
    found, text, row = figures(blank, "r.jsonl")

    def of(figure: str, category: str, column: str = "detentions") -> float | None:
        return value(found, figure, category, column)

    for figure in ("ethnicity", "offence"):
        assert of(figure, "not recorded") == 3, figure
    assert of("age_sex", "15", "not recorded") == 3
    assert of("searches", "not recorded", "adult there: no") == 1
    assert of("searched", "once") == 1
    assert of("requests", "not recorded", "not recorded") == 1
    assert of("replies", "not recorded", "requests") == 1
    assert of("certificates", "limb not recorded") == 1
    assert not [each for each in found if CARRIED in each]
    assert of("share_never_seen", "Reviewed, never in person", "of") == 0
    assert "1 detention left out of 'reviewed, never in person': the record does not say." in text
    # Y1 was refused bail, of Y3 it is not said.
    assert (of("share_bail_refused", "Bail refused", "has"), of("share_bail_refused", "Bail refused", "of")) == (1, 1)  # fmt: skip
    assert "1 detention left out of 'bail refused': the record does not say." in text
    assert "1 detention left out of 'moved to local authority accommodation': the record" in text
    assert (row["not_carried"], row["reviews_without_mode"], row["bail_refused"]) == (
        "",
        "1",
        "true",
    )


def test_minutes_that_no_clock_can_tell_are_not_none(tmp_path: Path) -> None:
    """The first half of a detention is absent: nobody knows when its reviews were due."""
    lines = [
        {"id": f"z{n}", "record": "Z", "kind": kind, "at": f"2024-06-{at}+01:00", "attrs": attrs}
        for n, (kind, at, attrs) in enumerate((
            ("transferred_in", "10T17:00", {"continues": "ABSENT"}),
            ("arrived", "10T17:00", {"dob": "2009-03-01"}),
            ("detention_authorised", "10T17:10", {}),
            ("released", "11T10:00", {}),
        ))
    ]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    found, text, _ = figures(tmp_path, "r.jsonl")
    assert value(found, "unlawful", "none", "detentions") == 0
    assert value(found, "share_unlawful", "Any possibly unlawful minute", "of") == 0
    assert (
        "1 detention left out of 'any possibly unlawful minute': the record does not say." in text
    )
    assert "or half of the detention is absent" in text


def test_a_trend_says_why_detentions_are_left_out(table: Path, blank: Path, tmp_path: Path) -> None:
    for given, why in (
        (
            (table / "t.csv", "--map", table / "map.yaml"),
            "the source does not carry what it needs.",
        ),
        ((blank / "r.jsonl",), "the record does not say."),
    ):
        out = tmp_path / why.split()[1]
        ran = report(
            "trend", *given, "--out", out, "--figure", "never_seen", "--figure", "adult_waited"
        )
        assert ran.exit_code == 0, ran.output
        text = page(out / "trend.html")
        assert f"1 detention left out of 'reviewed, never in person': {why}" in text
        with (out / "trend.csv").open(newline="") as file:
            seen = [row for row in csv.DictReader(file) if row["figure"] == "never_seen"]
        assert {(row["shown"], row["records"]) for row in seen} == {("-", "0")}


def partner(folder: Path, out: Path, *given: object) -> tuple[str, list[dict[str, str]]]:
    (folder / "key").write_text("0123456789abcdef")
    ran = report("partner", *given, "--key", folder / "key", "--out", out)
    assert ran.exit_code == 0, ran.output
    with (out / "partner.csv").open(newline="") as file:
        return page(out / "partner.html"), list(csv.DictReader(file))


def test_partners_are_told_what_is_not_carried(table: Path, tmp_path: Path) -> None:
    text, [row] = partner(table, tmp_path / "p", table / "t.csv", "--map", table / "map.yaml")
    assert "1 request: 1 type not carried; 1 stage not carried." in text
    assert (
        "not carried 1 not carried not carried 1 1 not carried 30 min not carried" in text
    )  # the authority's row
    assert "(ground not carried)" in text
    assert "reply not carried, 16:50 (after 30 min)" in text
    assert "limb not carried, ground not carried; whether the court got it is not carried" in text
    assert (
        "Reviews after charge: not carried." in text
    )  # its one column holds the one before charge
    assert "more child" not in text
    assert "not recorded" not in text
    assert (row["reviews_after_charge"], row["nights_after_charge"]) == ("", "1")
    assert "la_requested.request_type" in row["not_carried"].split("; ")


def test_partners_are_told_what_is_blank_and_who_may_be_missing(
    blank: Path, tmp_path: Path
) -> None:
    text, [row] = partner(blank, tmp_path / "p", blank / "r.jsonl")
    assert "1 request: 1 type not recorded; 1 stage not recorded." in text
    assert "not recorded 1 not recorded not recorded 1 1 not recorded 30 min 0" in text
    assert "reply not recorded, 16:50 (after 30 min)" in text
    assert "limb not recorded, ground not recorded; no entry shows that the court got it" in text
    assert "Reviews after charge: none." in text
    assert "not carried" not in text
    told = "1 more child may belong on this page: no entry says whether bail was refused."
    assert told in text
    assert (row["reviews_after_charge"], row["not_carried"]) == ("0", "")


def test_a_source_without_refusals_leaves_no_empty_page(blank: Path, tmp_path: Path) -> None:
    lacks = ["detention_after_charge", "bail_decided.refused"]
    source = {"source": {"zone": "Europe/London", "not_carried": lacks}}
    lines = [
        each for each in (blank / "r.jsonl").read_text().splitlines()[1:] if lacks[0] not in each
    ]
    (tmp_path / "r.jsonl").write_text("\n".join([json.dumps(source), *lines]) + "\n")
    text, rows = partner(tmp_path, tmp_path / "p", tmp_path / "r.jsonl")
    assert rows == []
    assert (
        "2 more children may belong on this page: the source does not carry whether bail was refused."
        in text
    )
    assert "No child is known to have been charged and refused bail in these records." in text


def test_the_brief_says_what_is_not_carried_and_what_is_blank(
    table: Path, blank: Path, tmp_path: Path
) -> None:
    told = {}
    for name, given in (
        ("not carried", (table / "t.csv", "--map", table / "map.yaml")),
        ("not recorded", (blank / "r.jsonl",)),
    ):
        out = tmp_path / f"{name}.html"
        ran = report("daily", *given, "--date", "2024-06-11", "--out", out)
        assert ran.exit_code == 0, ran.output
        told[name] = page(out)
        assert f"detained, grounds {name}" in told[name]
        assert f"asked Mon 16:20: type {name}; Mon 16:50 answer {name}" in told[name]
        assert f"certificate under s.38(7): limb {name}, ground {name}" in told[name]
        assert f"What did the local authority reply? It is {name}." in told[name]
        assert "1 child held overnight, 1 still in custody, 1 charged." in told[name]
        assert "never in person" not in told[name]
    seen = "not carried by this source: whether an inspector came in person"
    assert seen in told["not carried"]
    assert re.search(r"of \d+ duties it cannot be told", told["not carried"])
    seen = "seen cannot tell: how the review Mon 15:30 was held is not recorded"
    assert seen in told["not recorded"]


def board(path: Path, at: str, ruleset: RuleSet, durable: DurableBackend) -> tuple[str, ...]:
    """Return what a board in lines says of the children, the first one's page and sheet, and handover.

    And two cells of the list on the screen, and the track of reviews in its picture.
    """
    taken = [
        (got, source.coverage)
        for got, source in read_entries([str(path)], ruleset.vocabulary)
        if isinstance(got, CustodyEvent)
    ]
    desk = StoryDesk([got for got, _ in taken], ruleset, judging(ruleset, durable),
                     reading="as_happened", coverage=coverage_of(taken))  # fmt: skip
    clock = StoryClock(desk.start, desk.end, running=False, wall=lambda: 0.0)
    clock.go_to(instant(at))
    told = Plain(desk, clock)
    name = next(iter(desk.entries)).record
    said = [told.answer(each) for each in ("1", f"child {name}", f"sheet {name}", "4")]
    row = row_of(desk, at, name)
    cells = {each.head: each.cell(row, Moment(instant(at))).text for each in BOARD["wide"]}
    drawn = map(text_of, picture(row.child, instant(at), 100, ASCII))
    track = next(each for each in drawn if each.startswith("reviews"))
    told_of = [" ".join(" ".join(each).split()) for each in said]
    return (*told_of, cells["Seen"], cells["LA"], track)


def test_a_board_says_what_is_not_carried_and_what_is_blank(
    table: Path, blank: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    ran = command("import", "t.csv", "--map", "map.yaml", "--out", "t.jsonl", cwd=table)
    assert ran.returncode == 0, ran.stderr
    listed, child, sheet, handover, seen, asked, track = board(
        table / "t.jsonl", "2024-06-10T17:30", ruleset, durable
    )
    assert (seen, asked) == ("?", "answer not carried")
    assert "h" in track.removeprefix("reviews")  # held, and not said how: neither R nor r
    assert not {"r", "R"} & {*track.removeprefix("reviews")}
    assert "seen not carried by this source: whether an inspector came in person" in listed
    assert "local authority asked 16:20: type not carried; 16:50 answer not carried" in listed
    assert "ADVICE not carried" in child
    assert "place not carried" in child
    assert "seen in person: not carried" in handover
    assert "detention authorised: grounds not carried" in sheet
    assert "review, mode not carried, rank not carried, child: not carried" in sheet
    assert "asleep not carried by this source: whether the child rests" in sheet

    listed, child, sheet, handover, seen, asked, track = board(
        blank / "r.jsonl", "2024-06-10T17:30", ruleset, durable
    )
    assert (seen, asked) == ("?", "answer not recorded")
    assert "h" in track.removeprefix("reviews")
    assert "seen cannot tell: how the review 15:30 was held is not recorded" in listed
    assert "local authority asked 16:20: type not recorded; 16:50 answer not recorded" in listed
    assert "ADVICE not recorded" in child
    assert "seen in person: not recorded" in handover
    assert "review, mode not recorded, rank not recorded, child: nothing recorded" in sheet
    for each in (listed, child, sheet, handover):
        assert "not carried" not in each


# --- names -------------------------------------------------------------------------------------

ASKING = {"told", "silence", "holds", "_silence", "_nothing", "_blank"}
"""Functions that are asked by names whether a source carries something."""


def names_asked(folder: Path) -> set[str]:
    """Return every name by which code of a folder asks what a source carries; a wrong one is always yes."""
    out: set[str] = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _called(node) in ASKING:
                said = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
                out |= {each for each in said if isinstance(each, str) and "_" in each}
    return {each for each in out if re.fullmatch(r"(every )?[a-z]+_[a-z_]+(\.[a-z_]+)?", each)}


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_what_is_asked_of_a_source_is_in_the_vocabulary(ruleset: RuleSet) -> None:
    asked = names_asked(ROOT / "detention_monitor" / "boards")
    assert {"every la_replied", "review_held.mode"} <= asked
    asked |= names_in((*COUNTED, *TOLD_TO_PARTNERS))
    asked |= names_asked(ROOT / "detention_monitor" / "reports")
    for name in asked:
        kind, _, attribute = name.removeprefix("every ").partition(".")
        assert kind in ruleset.vocabulary.kinds, name
        assert not attribute or attribute in ruleset.vocabulary.kinds[kind].attributes, name
