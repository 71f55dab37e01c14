"""What the readers of reports rely on: whose numbers, of how many, and commands that work as printed."""

import html
import json
import re
import shlex
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detention_monitor.cli import cli
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import InputChangedError
from detention_monitor.reports.agreement import alpha
from detention_monitor.reports.agreement_page import alpha_text
from detention_monitor.reports.charts import SERIES
from detention_monitor.reports.figures import figures_of
from detention_monitor.reports.partner import Asked, Case
from detention_monitor.reports.partner_page import partner_page
from detention_monitor.reports.provenance import Provenance, inputs_of, unchanged
from detention_monitor.reports.record import Reporter
from detention_monitor.reports.rows import Row
from detention_monitor.reports.sheets import percent
from detention_monitor.reports.statistics import Statistics, sections
from detention_monitor.reports.timeline import rows, scale_for, stays
from detention_monitor.reports.trend import TOO_FEW, Change, Trend
from detention_monitor.rulefile import RuleSet
from detention_monitor.runstate import RunState
from detention_monitor.times import parse_instant
from tests.conftest import RULES, SAMPLES
from tests.test_daily import articles, brief, written
from tests.test_record_report import reported
from tests.test_statistics import entries, report, who

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


def text_of(page: str) -> str:
    """Return the words of a page."""
    told = re.sub(r"<(style|script|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", told)).split())


# --- what was read -----------------------------------------------------------------------------


def test_a_report_is_not_made_of_records_that_changed_meanwhile(tmp_path: Path) -> None:
    """It would count the new bytes under the digest of the old ones."""
    kept, grown, gone = (tmp_path / name for name in ("kept", "grown", "gone"))
    for each in (kept, grown, gone):
        each.write_text("{}\n")
    unchanged([str(kept)], inputs_of([str(kept)]))

    before = inputs_of([str(kept), str(grown)])
    with grown.open("a") as file:
        file.write("{}\n")
    with pytest.raises(InputChangedError, match=r"grown was changed while the report was made"):
        unchanged([str(kept), str(grown)], before)

    before = inputs_of([str(gone)])
    gone.unlink()
    with pytest.raises(InputChangedError, match=r"gone was taken away"):
        unchanged([str(gone)], before)


@pytest.mark.parametrize(("error", "left"), [(InputChangedError, False), (OSError, True)])
def test_of_records_that_changed_nothing_is_kept_to_go_on_with(
    error: type[Exception], left: bool, tmp_path: Path
) -> None:
    state = RunState(tmp_path / "out", resume=False)
    state.__enter__()
    (state.folder / "read").write_bytes(b"")
    state.__exit__(error)
    assert state.folder.exists() is left


def test_the_period_is_that_of_the_records_and_outside_the_force_only_its_months(
    tmp_path: Path,
) -> None:
    begun = ("2024-06-10T18:00:00+01:00", "2024-07-03T18:00:00+01:00")
    stay: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("arrived", 0, who()), ("detention_authorised", 10, {}), ("released", 200, {}),
    )  # fmt: skip
    records = written(tmp_path, *(entries(at[5:10], at, *stay) for at in begun))
    for name, words in (("in", ()), ("out", ("--outside", "--register", tmp_path / "register"))):
        ran = report("statistics", records, "--out", tmp_path / name, *words)
        assert ran.exit_code == 0, ran.output
    inside, outside = ((tmp_path / each / "statistics.html").read_text() for each in ("in", "out"))
    assert "all records given, begun from 10 June 2024 to 3 July 2024" in inside
    assert "all records given, begun from June 2024 to July 2024" in outside


def test_a_period_without_records_says_what_was_left_out_and_counts_nothing(
    tmp_path: Path,
) -> None:
    record = entries("A", "2024-06-10T18:00:00+01:00", ("arrived", 0, who()),
                     ("detention_authorised", 10, {}), ("released", 200, {}))  # fmt: skip
    for name in ("statistics", "trend"):
        ran = report(name, written(tmp_path, record), "--out", tmp_path / name, "--from", "2030-01-01")  # fmt: skip
        assert ran.exit_code == 0, ran.output
        told = text_of((tmp_path / name / f"{name}.html").read_text())
        assert "No child was detained in these records: begun from 1 January 2030." in told
        assert "1 record began outside the period: in no figure" in told
        assert "Held overnight " not in told.split("Definitions")[0]


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("has", "base", "told"),
    [
        (414, 416, "over 99 %"),
        (2, 416, "under 1 %"),
        (416, 416, "100 %"),
        (0, 416, "0 %"),
        (4, 400, "1 %"),
    ],
)
def test_neither_all_nor_none_is_said_of_nearly(has: int, base: int, told: str) -> None:
    assert percent(has, base).text == told


def _rows(month: int, number: int, **more: Any) -> list[Row]:
    return [
        Row("44", f"{month}-{n}", "detained", f"2025-{month:02}-05", "North", **more)
        for n in range(number)
    ]


def _change(before: Sequence[Row], after: Sequence[Row], day: date = date(2025, 2, 1)) -> Trend:
    change = Change(day, "x", figures_of(before), figures_of(after))
    return Trend(figures_of([*before, *after]), change, outside=False)


def test_of_few_no_difference_is_called_clear() -> None:
    """4 of 4 against 0 of 1: Newcombe's interval leaves out 0, chance does it once in five times."""
    few = _change(_rows(1, 4, charged=True), _rows(2, 1, charged=False))
    many = _change(_rows(1, 40, charged=True), _rows(2, 10, charged=False))

    [told] = few.changed(["charged"]).tables[0].rows
    assert told[-1] == TOO_FEW
    [told] = many.changed(["charged"]).tables[0].rows
    assert (told[1].splitlines()[0], told[2].splitlines()[0], told[-1]) == (
        "100 % of 40", "0 % of 10", "less",
    )  # fmt: skip


def test_a_change_outside_the_records_is_said_and_nothing_compared(tmp_path: Path) -> None:
    record = entries("A", "2024-06-10T18:00:00+01:00", ("arrived", 0, who()),
                     ("detention_authorised", 10, {}), ("released", 200, {}))  # fmt: skip
    said = {
        "1999-01-01": "No detention in these records began before 1 January 1999.",
        "2099-01-01": "No detention in these records began on 1 January 2099 or later.",
    }
    for day, told in said.items():
        ran = report("trend", written(tmp_path, record), "--out", tmp_path / day, "--change", day,
                     "--figure", "overnight")  # fmt: skip
        assert ran.exit_code == 0, ran.output
        assert f"--change {day}: {told}" in ran.stderr
        page = text_of((tmp_path / day / "trend.html").read_text())
        assert f"{told} Nothing can be compared." in page
        assert "no clear difference" not in page


def test_a_change_stands_where_its_day_is_within_the_month() -> None:
    """The point of a month is its middle: what began with April lies between March and April."""
    nothing = figures_of([])
    assert Change(date(2024, 4, 1), "", nothing, nothing).place() == ("Apr 2024", 0.0)
    assert Change(date(2024, 4, 16), "", nothing, nothing).place() == ("Apr 2024", 0.5)


def test_a_median_says_whom_it_leaves_out() -> None:
    trend = Trend(figures_of([*_rows(1, 6, adult_waited=60), *_rows(1, 2)]), None, outside=False)
    section = trend.section("adult_waited")
    assert "The median leaves out 2 detentions without a time (no adult came)." in section.notes
    assert section.tables[0].columns[-1].name == "detentions with a time"


@pytest.mark.parametrize(("stations", "months"), [(3, 24), (12, 24), (12, 30), (30, 3)])
def test_no_table_of_stations_and_months_is_wider_than_a_page(stations: int, months: int) -> None:
    """Columns beyond the edge of a printed page are lost, the total first."""
    counted = [
        Row("44", f"{s}-{m}", "detained", f"{2023 + m // 12}-{m % 12 + 1:02}-05", f"S{s:02}")
        for s in range(stations) for m in range(months)
    ]  # fmt: skip
    found = Statistics.of(figures_of(counted), {}, outside=False)
    tables = next(sections(found)).tables
    assert max(len(each.columns) for each in tables) <= 14
    shown = [cell for each in tables for row in each.rows for cell in row[1:]]
    assert shown.count("1") == stations * months
    assert shown.count(f"{stations * months:,}") == 1
    assert shown.count(f"{months}") >= stations


def test_colours_of_a_stack_stay_apart_in_grey_print() -> None:
    def lightness(colour: str) -> float:
        """Return L* of CIE 1976 of a colour of sRGB (IEC 61966-2-1)."""
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
        )
        return 116 * float((0.2126 * red + 0.7152 * green + 0.0722 * blue) ** (1 / 3)) - 16

    found = sorted(map(lightness, SERIES))
    assert min(high - low for low, high in pairwise(found)) > 8


def test_of_few_records_agreement_has_no_interval() -> None:
    """A bootstrap that can draw one record only would say that all is known."""
    assert alpha_text(alpha([["yes", "no"]], ("yes", "no"))) == "0.00 (1 record)"
    alike = alpha([["yes", "yes"]] * 3 + [["no", "no"]] * 3, ("yes", "no"))
    assert (alike.value, alike.low, alike.units) == (1.0, None, 6)


# --- partners ----------------------------------------------------------------------------------


def test_that_nothing_was_heard_is_no_answer(tmp_path: Path) -> None:
    """Asked at 500 minutes; 60 later nothing was heard, and 200 after asking there was no bed."""
    begun: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("arrived", 0, who()), ("detention_authorised", 10, {}), ("charged", 480, {}),
        ("detention_after_charge", 490, {}), ("la_requested", 500, {"request_type": "alternative"}),
        ("la_replied", 560, {"reply": "no_reply"}),
    )  # fmt: skip
    records = written(
        tmp_path,
        entries("NEVER", "2024-06-10T12:00:00+01:00", *begun, ("court_appearance", 1300, {})),
        entries("LATER", "2024-06-11T12:00:00+01:00", *begun,
                ("la_replied", 700, {"reply": "no_bed"}), ("court_appearance", 1300, {})),
    )  # fmt: skip
    (tmp_path / "key").write_text("a key that nobody can guess")
    assert report("partner", records, "--key", tmp_path / "key", "--out", tmp_path / "p").exit_code == 0  # fmt: skip
    page = text_of((tmp_path / "p" / "partner.html").read_text())
    assert (
        "not recorded 2 2 0 0 1 0 3 h 20 min 0" in page
    )  # asked, alternative ... answered, accepted
    assert "no reply came by 21:20" in page
    assert "no bed, 23:40 (after 3 h 20 min)" in page

    assert report("statistics", records, "--out", tmp_path / "s").exit_code == 0
    table = text_of((tmp_path / "s" / "statistics.html").read_text())
    assert "2 h to 4 h 1 50 % 4 h to 8 h 0 0 % 8 h and over 0 0 % no reply 1 50 %" in table


def test_certificates_are_a_share_of_the_children_who_were_not_moved() -> None:
    def case(name: str, **more: Any) -> Case:
        blank = {
            "day": "2024-06-10", "station": "", "age": 15, "sex": "male", "offence": "",
            "charged_at": None, "refused_at": 0, "ground": "fail_to_appear", "asked": (),
            "unasked_replies": 0, "reviews": (), "moved_at": None, "certificates": (),
            "produced_at": None, "nights": 0, "court_at": None, "ended_at": None, "concerns": (),
        }  # fmt: skip
        return Case(child=name, **{**blank, **more})

    made = Provenance("detention-monitor report partner", "hash", ())
    moved = case("MOVED", moved_at=3_600, asked=(Asked(60, "not recorded", "alternative", ""),))
    page = text_of(partner_page([moved, case("KEPT", produced_at=7_200)], made))
    assert "1 certificate produced to the court of 1 not moved: 100%" in page
    assert "1 moved to accommodation of 2: 50%" in page
    assert "none on record, though one was produced to the court" in page
    assert "1 request: 1 alternative; 1 stage not recorded." in page
    assert "1 child charged and refused bail" in text_of(partner_page([moved], made))


# --- the daily brief ---------------------------------------------------------------------------


def test_records_of_another_night_are_not_taken_for_a_quiet_one(tmp_path: Path) -> None:
    stay: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("arrived", 0, who()), ("detention_authorised", 10, {}), ("released", 200, {}),
    )  # fmt: skip
    records = written(tmp_path, entries("A", "2024-06-10T14:00:00+01:00", *stay))
    assert "are these the records" not in brief(tmp_path, [records], "2024-06-11")
    later = brief(tmp_path, [records], "2024-06-20")
    assert "is of Mon 10 Jun 2024 17:20 BST: are these the records of that night?" in later
    assert "No record given has an entry by that morning" in brief(tmp_path, [records], "2024-06-01")  # fmt: skip


def test_of_a_record_that_stopped_the_child_is_not_said_to_be_still_there(tmp_path: Path) -> None:
    stopped = entries("A", "2024-06-10T19:00:00+01:00", ("arrived", 0, who()),
                      ("detention_authorised", 10, {"detention_basis": "warrant_fta"}))  # fmt: skip
    records = written(tmp_path, stopped)
    told = articles(brief(tmp_path, [records], "2024-06-11"))["A"]
    assert "STILL IN CUSTODY" in told
    assert "detained on a warrant for failing to appear" in told
    held = written(tmp_path, [{**each, "attrs": who()} for each in stopped])
    assert (
        "review was due 01:10: no entry shows it"
        in articles(brief(tmp_path, [held], "2024-06-11"))["A"]
    )
    records = written(tmp_path, stopped)
    page = brief(tmp_path, [records], "2024-06-14")
    assert "NO END ON THE RECORD: its last entry is of Mon 10 Jun 2024 19:10 BST" in page
    assert "0 still in custody" in page


def test_time_on_bail_is_no_time_held(tmp_path: Path) -> None:
    """T15 is there from 10:00 to 17:00, and again from 09:00 two weeks later, here until 03:30."""
    lines = (SAMPLES / "T15_bail_return.jsonl").read_text()
    let_go = {"id": "z", "force": "44", "record": "T15X", "kind": "released",
              "at": "2025-03-19T03:30:00+00:00"}  # fmt: skip
    records = tmp_path / "t15.jsonl"
    records.write_text(f"{lines.rstrip()}\n{json.dumps(let_go)}\n")
    [told] = articles(brief(tmp_path, [records], "2025-03-19")).values()
    assert "detained Tue 09:00, 18 h 30 min, 5 h 30 min of it in the night (25 h 30 min in all" in told  # fmt: skip
    assert "4 Mar 10:00 detained" in told  # a Tuesday too

    assert report("record", records, "--out", tmp_path / "p.html").exit_code == 0
    head = text_of((tmp_path / "p.html").read_text()).split("nights in custody")[0]
    assert "held, time on bail left out 25 h 30 min" in head


# --- the report on one record ------------------------------------------------------------------


def test_the_commands_on_the_page_of_a_table_s_record_work_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table, columns = (EXAMPLES / f"one_row_a_record.{end}" for end in ("csv", "map.yaml"))
    ran = report("record", table, "--map", columns, "--record", "C2", "--at",
                 "2024-06-11T11:30:00+01:00", "--out", "page.html")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    page = Path("page.html").read_text()
    review, form = (html.unescape(each) for each in re.findall(r"<code>(.*?)</code>", page))
    assert CliRunner().invoke(cli, shlex.split(form)[1:]).exit_code == 0
    filled = Path("review-C2.yaml").read_text().replace("opinion:\n", "opinion: agree\n", 1)
    Path("review-C2.yaml").write_text(filled)
    stored = CliRunner().invoke(cli, shlex.split(review)[1:])
    assert stored.exit_code == 0, stored.output
    assert "1 finding and 0 questions of 99/C2" in stored.stderr
    told = text_of(page)
    assert re.search(r"\d\d of the 32 questions cannot be told from this record", told)
    assert "its source does not carry 'arrested', 'necessity judged'" in told
    assert "station not carried" in told


def test_a_review_that_was_never_held_is_drawn_as_long_as_it_was_due(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """T10b: due at 04:55, by telephone only, and gone at 08:30."""
    found = reported("T10b_review_after_charge_by_telephone", Reporter(ruleset, RULES), durable)
    [stay] = stays(found.child)
    drawn = rows(found.child, found.concerns, scale_for(stay, found.child, found.concerns))
    [reviews] = [row for row in drawn if row.name == "reviews"]
    due, gone = (parse_instant(f"2024-09-13T{at}:00+01:00")[0] for at in ("04:55", "08:30"))
    assert (due, gone) in [(start, end) for start, end, _ in reviews.bars]


def test_police_protection_is_not_told_as_detention(tmp_path: Path) -> None:
    ran = report("record", SAMPLES / "F01_police_protection.jsonl", "--out", tmp_path / "p.html")
    assert ran.exit_code == 0, ran.output
    told = text_of((tmp_path / "p.html").read_text())
    assert "taken into police protection Sat 14 Jan 2023 21:40 GMT" in told
    assert "detention authorised" not in told.split("Read first")[0]
    assert "nights in custody" not in told.split("Read first")[0]


# --- places ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["daily", "--date", "2024-06-11", "--out", "none/x.html"], "there is no folder none"),
        (["record", "--out", "none/x.html"], "there is no folder none"),
        (["record", "--form", "none/x.yaml"], "there is no folder none"),
    ],
)
def test_where_a_page_cannot_be_written_is_said_before_the_work(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("r.jsonl").write_text(json.dumps(entries("A", "2024-06-10T19:00:00+01:00",
                                                  ("arrived", 0, who()))[0]) + "\n")  # fmt: skip
    ran = report(words[0], "r.jsonl", *words[1:])
    assert ran.exit_code == 2
    assert said in ran.output
