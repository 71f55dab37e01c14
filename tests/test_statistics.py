"""Statistics: small sets counted by hand, large ones by plain SQL over the raw records."""

import csv
import html
import json
import re
import tracemalloc
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from detention_monitor.cli import cli
from detention_monitor.generate import generate
from tests.test_replay import command

Lines = dict[tuple[str, ...], dict[str, str]]


def report(*words: object) -> Result:
    return CliRunner().invoke(cli, ["report", *map(str, words)])


def entries(
    name: str, begun: str, *said: tuple[str, int, Mapping[str, Any]], force: str = "44"
) -> list[dict[str, Any]]:
    """Return the entries of a record, each so many minutes after it began."""
    start = datetime.fromisoformat(begun)
    return [
        {"id": f"{name}-{n}", "force": force, "record": name, "kind": kind, "attrs": attrs,
         "at": (start + timedelta(minutes=after)).isoformat()}
        for n, (kind, after, attrs) in enumerate(said)
    ]  # fmt: skip


def who(**more: Any) -> dict[str, Any]:
    return {"dob": "2009-03-01", "sex": "male", "station": "Northgate", **more}


HAND_MADE = [
    # An evening: the adult comes after 100 minutes, released at 22:50: not overnight by either count.
    *entries("A", "2024-06-10T18:00:00+01:00", ("arrived", 0, who(ethnicity="white")),
             ("detention_authorised", 10, {"offence_group": "theft"}), ("aa_contacted", 30, {}),
             ("aa_arrived", 110, {"in_person": True}), ("released", 290, {})),
    # Through the night, 15 h: an adult at 180 minutes, telephone before; strip searched alone.
    *entries("B", "2024-06-11T19:00:00+01:00", ("arrived", 0, who(sex="female", ethnicity="black")),
             ("detention_authorised", 20, {"offence_group": "violence"}), ("aa_contacted", 25, {}),
             ("aa_arrived", 60, {"in_person": False}), ("aa_arrived", 200, {"in_person": True}),
             ("strip_search_started", 40, {"intimate_parts_exposed": True, "aa_present": False}),
             ("released", 900, {})),
    # Charged and kept from 20:00 to court next day at 10:00; asked twice, moved never, certificate.
    *entries("C", "2024-07-01T12:00:00+01:00", ("arrived", 0, who(station="Southgate <b>")),
             ("detention_authorised", 30, {}), ("aa_contacted", 31, {}),
             ("aa_arrived", 91, {}), ("charged", 480, {"offence_ref": "A"}),
             ("bail_decided", 490, {"refused": True}),
             ("la_requested", 500, {"request_type": "secure", "stage": "post_charge"}),
             ("la_replied", 545, {"reply": "no_secure"}),
             ("la_requested", 600, {"request_type": "alternative"}),
             ("certificate_made", 700, {"limb": "a", "ground": "no_bed"}),
             ("court_appearance", 1320, {})),
    # Held 26 hours and let go without charge; at midnight twice; nobody was asked to come.
    *entries("D", "2024-07-03T23:00:00+01:00", ("arrived", 0, who(station="Southgate <b>", dob=None,
             age_recorded=13)), ("detention_authorised", 15, {}), ("released", 1575, {})),
    # No end on the record.
    *entries("E", "2024-07-05T09:00:00+01:00", ("arrived", 0, who(ethnicity="not_stated")),
             ("detention_authorised", 5, {}), ("aa_requested", 65, {})),
    *entries("F", "2024-07-06T09:00:00+01:00", ("arrived", 0, who()), ("detention_refused", 20, {})),
    *entries("G", "2024-07-07T09:00:00+01:00", ("arrived", 0, who(dob="1990-01-01")),
             ("detention_authorised", 20, {})),
    *entries("H", "2024-07-08T09:00:00+01:00", ("arrived", 0, who(dob="2016-01-01"))),
    *entries("I", "2024-07-09T09:00:00+01:00", ("voluntary_interview_started", 0, who())),
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("statistics")
    records = folder / "records.jsonl"
    records.write_text("".join(json.dumps(_plain(each)) + "\n" for each in HAND_MADE))
    ran = report("statistics", records, "--out", folder / "out", "--rows")
    assert ran.exit_code == 0, ran.output
    return folder


def _plain(entry: Mapping[str, Any]) -> dict[str, Any]:
    attrs = {name: value for name, value in entry["attrs"].items() if value is not None}
    return {**entry, "attrs": attrs}


def read(path: Path) -> Lines:
    with path.open(newline="") as file:
        return {
            (line["figure"], line["station"], line["month"], line["category"], line["column"]): line
            for line in csv.DictReader(file)
        }


@pytest.fixture(scope="module")
def told(made: Path) -> Lines:
    return read(made / "out" / "statistics.csv")


def value(told: Lines, figure: str, category: str, column: str, station: str = "", month: str = "") -> float | None:  # fmt: skip
    text = told[figure, station, month, category, column]["value"]
    return float(text) if text else None


COUNTED_BY_HAND = {
    ("read", "detained", "records"): 5,
    ("read", "detention refused by the custody officer", "records"): 1,
    ("read", "voluntary interview, not detained", "records"): 1,
    ("read", "not judged: an adult", "records"): 1,
    ("read", "not judged: recorded as under 10", "records"): 1,
    ("read", "all records", "records"): 9,
    ("age_sex", "15", "male"): 3,
    ("age_sex", "15", "female"): 1,
    ("age_sex", "13", "male"): 1,
    ("age_sex", "all detentions", "all"): 5,
    ("ethnicity", "white", "detentions"): 1,
    ("ethnicity", "not stated", "detentions"): 1,
    ("ethnicity", "not recorded", "detentions"): 2,
    ("offence", "theft", "detentions"): 1,
    ("offence", "not recorded", "detentions"): 3,
    ("adult_asked", "asked", "detentions"): 4,
    ("adult_asked", "no entry of asking", "detentions"): 1,
    ("adult_waited", "1 h to 2 h", "detentions"): 2,  # A 100 min, C 61 min
    ("adult_waited", "3 h to 4 h", "detentions"): 1,  # B 180 min: the edge belongs above
    ("adult_waited", "no adult came", "detentions"): 2,
    ("adult_waited_quantiles", "", "median"): 100,
    ("overnight", "before charge only", "detentions"): 2,  # B, D
    ("overnight", "after charge only", "detentions"): 1,  # C: kept from 20:10
    ("overnight", "not overnight", "detentions"): 2,
    ("overnight_midnight", "yes", "yes (MIDNIGHT)"): 3,
    ("overnight_midnight", "no", "no (MIDNIGHT)"): 2,
    ("over_24", "over 24 h, released without charge", "detentions"): 1,
    ("over_24", "time held not known", "detentions"): 1,
    ("held", "12 h to 15 h", "detentions"): 0,
    ("held", "15 h to 18 h", "detentions"): 1,  # B: 900 minutes
    ("held", "no end on the record", "detentions"): 1,
    ("outcome", "charged, to court from custody", "detentions"): 1,
    ("outcome", "no end on the record", "detentions"): 1,
    ("searched", "once", "detentions"): 1,
    ("searches", "yes", "adult there: no"): 1,
    ("requests", "secure", "after charge"): 1,
    ("requests", "alternative", "not recorded"): 1,
    ("requests", "all requests", "all"): 2,
    ("replies", "no secure", "requests"): 1,
    ("replies", "no entry shows a reply", "requests"): 1,
    ("replied", "30 min to 1 h", "requests"): 1,  # 45 minutes
    ("after_charge_quantiles", "", "longest"): 840,  # from 20:00 to 10:00
    ("certificates", "limb (a): impracticable", "detentions"): 1,
    ("share_moved", "Moved to local authority accommodation", "has"): 0,
    ("share_moved", "Moved to local authority accommodation", "of"): 1,
    ("share_overnight", "Held overnight", "has"): 3,
}


@pytest.mark.parametrize(("figure", "category", "column"), COUNTED_BY_HAND)
def test_figures_are_those_counted_by_hand(
    told: Lines, figure: str, category: str, column: str
) -> None:
    assert value(told, figure, category, column) == COUNTED_BY_HAND[figure, category, column]


def test_minutes_of_unlawful_detention_are_those_past_the_last_instant(made: Path) -> None:
    """D was authorised at 23:15 and let go 26 h later with no review, nor an extension.

    From 05:15, six hours on, to 01:15 of the day after: 1,200 minutes, the limit of 24 hours being
    past within them. B was let go at 10:00 with none either: from 01:20. C, from 18:30 to the
    decision to keep the child at 20:10; then, nine hours on from 18:30 by one reading of the law and
    from 20:10 by the other, to court at 10:00: certain from 05:10, possible from 03:30.
    """
    with (made / "out" / "detentions.csv").open(newline="") as file:
        rows = {row["detention"]: row for row in csv.DictReader(file)}
    assert int(rows["44/D"]["unlawful"]) == 1200
    assert int(rows["44/B"]["unlawful"]) == 520
    assert int(rows["44/C"]["unlawful"]) == 100 + 290
    assert int(rows["44/C"]["unlawful_possible"]) == 100
    assert int(rows["44/A"]["unlawful"]) == 0
    assert rows["44/D"]["midnights"] == "2"


def test_stations_and_months_add_up_to_the_whole(told: Lines) -> None:
    for figure in ("ethnicity", "overnight", "outcome"):
        unit = "all detentions"
        stations = ("Northgate", "Southgate <b>")
        parts = [value(told, figure, unit, "detentions", station) for station in stations]
        assert parts == [3, 2]
        months = [value(told, figure, unit, "detentions", "", m) for m in ("2024-06", "2024-07")]
        assert months == [2, 3]
    assert value(told, "share_overnight", "Held overnight", "of", "Northgate", "2024-07") == 1


def test_every_list_adds_up_to_its_total(told: Lines) -> None:
    sums: dict[tuple[str, ...], float] = {}
    totals: dict[tuple[str, ...], float] = {}
    for (figure, station, month, category, column), line in told.items():
        if column in ("detentions", "requests", "records", "acts") and line["value"]:
            into = totals if category.startswith("all ") else sums
            place = figure, station, month, column
            into[place] = into.get(place, 0) + float(line["value"])
    assert len(totals) > 50
    assert sums == totals


def test_the_page_stands_alone_and_says_how_it_was_made(made: Path) -> None:
    page = (made / "out" / "statistics.html").read_text()
    assert page.count("<svg") > 10
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", page)
    assert "<script" not in page
    assert "Southgate &lt;b&gt;" in page
    assert "Southgate <b>" not in page
    told = html.unescape(page)
    assert "detention-monitor report statistics" in told
    assert re.search(r"ruleset [0-9a-f]{16}", told)
    assert re.search(r"SHA-256 [0-9a-f]{64}", told)
    assert "NIGHT4: at least 4 h in police detention between 22:00 and 07:00 local" in told
    for section in page.split("<section")[1:-1]:
        assert "<table" in section, section[:200]


def test_parquet_and_csv_say_the_same(made: Path, told: Lines) -> None:
    path = made / "out" / "statistics.parquet"
    rows = duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    assert len(rows) == len(told)
    for figure, _, station, month, category, column, number, shown in rows:
        line = told[figure, station, month, category, column]
        assert line["shown"].removeprefix("'") == shown
        assert (None if line["value"] == "" else float(line["value"])) == pytest.approx(number)
    for path in (made / "out").iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_report_may_be_written_to_the_folder_one_is_in(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    ran = report("statistics", made / "records.jsonl", "--out", ".")
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / "here" / "statistics.html").exists()
    assert [each.name for each in tmp_path.iterdir()] == ["here"]


def test_a_country_s_figures_are_written_some_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line is written and forgotten: 200 stations and ten years give ten millions of them."""
    from detention_monitor.reports import tidy

    monkeypatch.setattr(tidy, "_AT_A_TIME", 1_000)
    count = 30_000

    def lines(number: int) -> Iterator[tidy.Line]:
        for n in range(number):
            yield tidy.Line(
                "age_sex", "44", f"Station {n}", "2024-06", "15", "male", float(n), f"{n:,}"
            )

    tidy.write(tmp_path, lines(1))  # what is loaded once does not count
    tracemalloc.start()
    tidy.write(tmp_path, lines(count))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert most < 3_000_000  # all at once take four times as much
    said = (
        duckdb.connect()
        .execute(
            "SELECT count(*), count(DISTINCT station), sum(value) FROM read_parquet(?)",
            [str(tmp_path / "statistics.parquet")],
        )
        .fetchone()
    )
    assert said == (count, count, count * (count - 1) / 2)
    with (tmp_path / "statistics.csv").open(newline="") as file:
        assert [line["value"] for line in csv.DictReader(file)] == [f"{n}" for n in range(count)]


def test_the_period_is_that_of_the_beginning_and_is_printed(made: Path, tmp_path: Path) -> None:
    records = made / "records.jsonl"
    ran = report("statistics", records, "--out", tmp_path, "--from", "2024-07-01", "--to", "2024-07-03")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    told = read(tmp_path / "statistics.csv")
    assert value(told, "ethnicity", "all detentions", "detentions") == 2
    page = (tmp_path / "statistics.html").read_text()
    assert "begun from 1 July 2024 to 3 July 2024" in page
    assert "7 records began outside the period" in page


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-"], "needs files"),
        (["records.jsonl", "--to", "2024-01-01", "--from", "2024-02-01"], "is before --from"),
        (["records.jsonl", "--from", "1 July"], "write 2024-09-13"),
        (
            ["records.jsonl", "--outside", "--register", "register", "--rows"],
            "give a key with --key",
        ),
        (
            ["records.jsonl", "--outside", "--register", "register", "--rows", "--key", "short"],
            "at least 16 bytes",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(made)
    (made / "short").write_text("secret")
    ran = report("statistics", *words, "--out", tmp_path / "out")
    assert ran.exit_code != 0
    assert said in f"{ran.output} {ran.exception}"


def test_a_report_is_not_written_among_its_records(made: Path) -> None:
    ran = report("statistics", made / "records.jsonl", "--out", made)
    assert "a folder of its own" in str(ran.exception)


def test_rules_that_leave_out_what_is_counted_are_refused(made: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    from tests.conftest import RULES

    for name in ("vocabulary", "parameters", "catalogue", "wording", "recording"):
        (rules / f"{name}.yaml").write_bytes((RULES / f"{name}.yaml").read_bytes())
    ran = report("statistics", made / "records.jsonl", "--rules", rules, "--out", tmp_path / "out")
    assert "these rules leave out" in str(ran.exception)
    assert "strip_search_started" in str(ran.exception)


def test_no_records_give_a_page_that_says_so(tmp_path: Path) -> None:
    (tmp_path / "none.jsonl").write_text("")
    ran = report("statistics", tmp_path / "none.jsonl", "--out", tmp_path / "out")
    assert ran.exit_code == 0, ran.output
    assert (
        "No child was detained in these records" in (tmp_path / "out/statistics.html").read_text()
    )


def test_a_night_of_the_force_s_own_is_counted_and_printed(made: Path, tmp_path: Path) -> None:
    """B is there from 19:20 to 10:00, C from 12:30, D from 23:15: of the hours after 22:00 all three
    have four, two have nine.
    """
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  night_least: {values: {2013-01-01: 9h}}\n"
    )
    ran = report(
        "statistics", made / "records.jsonl", "--policy", policy, "--out", tmp_path / "out"
    )
    assert ran.exit_code == 0, ran.output
    told = read(tmp_path / "out" / "statistics.csv")
    assert value(told, "share_overnight", "Held overnight", "has") == 2
    assert "at least 9 h in police detention" in (tmp_path / "out/statistics.html").read_text()


def test_lines_that_cannot_be_read_are_told_on_the_page_and_by_the_status(
    made: Path, tmp_path: Path
) -> None:
    (tmp_path / "r.jsonl").write_text((made / "records.jsonl").read_text() + "{broken\n")
    ran = report("statistics", tmp_path / "r.jsonl", "--out", tmp_path / "out")
    assert ran.exit_code == 3
    page = (tmp_path / "out" / "statistics.html").read_text()
    assert "1 line could not be read: in no figure" in page
    assert (tmp_path / "out" / "quarantine.jsonl").exists()


def test_what_a_source_does_not_carry_is_not_counted_as_missing(tmp_path: Path) -> None:
    source = {
        "source": {"name": "x", "not_carried": ["aa_arrived", "aa_contacted", "aa_requested"]}
    }
    lines = [source, *entries("A", "2024-06-10T18:00:00+01:00", ("arrived", 0, who()),
                              ("detention_authorised", 10, {}), ("released", 290, {}))]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = report("statistics", tmp_path / "r.jsonl", "--out", tmp_path / "out")
    assert ran.exit_code == 0, ran.output
    told = read(tmp_path / "out" / "statistics.csv")
    assert value(told, "adult_asked", "cannot tell: not carried by the source", "detentions") == 1
    assert value(told, "share_adult_came", "An adult came in person", "of") == 0
    assert "1 detention left out of" in (tmp_path / "out" / "statistics.html").read_text()


# --- counted again by SQL ----------------------------------------------------------------------

COUNT = 500
_STAYS = """
CREATE TABLE entries AS SELECT record, kind, "at", attrs FROM read_json('{path}',
    format='newline_delimited', columns={{record: 'VARCHAR', kind: 'VARCHAR', "at": 'TIMESTAMPTZ',
    attrs: 'JSON'}});
SET TimeZone = 'Europe/London';
CREATE TABLE stays AS SELECT record,
    min("at") FILTER (WHERE kind = 'arrived') AS arrived,
    min("at") FILTER (WHERE kind = 'detention_authorised') AS authorised,
    min("at") FILTER (WHERE kind IN ('released', 'bailed', 'moved_to_la', 'court_appearance')) AS ended,
    min("at") FILTER (WHERE kind IN ('aa_contacted', 'aa_requested')) AS asked,
    min("at") FILTER (WHERE kind = 'aa_arrived') AS came,
    min("at") FILTER (WHERE kind = 'charged') AS charged,
    max(attrs->>'sex') FILTER (WHERE kind = 'arrived') AS sex,
    max(attrs->>'station') FILTER (WHERE kind = 'arrived') AS station,
    max(attrs->>'ethnicity') FILTER (WHERE kind = 'arrived') AS ethnicity,
    max(attrs->>'offence_group') AS offence,
    max(attrs->>'dob')::DATE AS dob,
    coalesce(bool_or(attrs->>'refused' = 'true') FILTER (WHERE kind = 'bail_decided'), false) AS refused,
    count(*) FILTER (WHERE kind = 'strip_search_started') AS searches
FROM entries GROUP BY record;
CREATE TABLE nights AS SELECT record, epoch(least(ended, till) - greatest(authorised, since)) / 60 AS m
FROM (SELECT *, (evening + INTERVAL 22 HOUR)::TIMESTAMPTZ AS since,
             (evening + INTERVAL 31 HOUR)::TIMESTAMPTZ AS till
      FROM (SELECT *, unnest(generate_series(authorised::DATE - 1, ended::DATE,
                                             INTERVAL 1 DAY))::TIMESTAMP AS evening FROM stays));
"""
AGAIN = {
    ("age_sex", "16", "female"): "SELECT count(*) FROM stays WHERE sex = 'female' "
    "AND date_diff('year', dob, arrived::DATE) - (strftime(arrived, '%m%d') < strftime(dob, '%m%d'))::INT = 16",
    ("ethnicity", "black", "detentions"): "SELECT count(*) FROM stays WHERE ethnicity = 'black'",
    ("ethnicity", "not recorded", "detentions"): "SELECT count(*) FROM stays WHERE ethnicity IS NULL",
    ("offence", "drugs", "detentions"): "SELECT count(*) FROM stays WHERE offence = 'drugs'",
    ("adult_waited", "2 h to 3 h", "detentions"): "SELECT count(*) FROM stays "
    "WHERE came - authorised >= INTERVAL 2 HOUR AND came - authorised < INTERVAL 3 HOUR",
    ("adult_waited", "no adult came", "detentions"): "SELECT count(*) FROM stays WHERE came IS NULL",
    ("adult_waited_quantiles", "", "90 %"): "SELECT quantile_cont(epoch(came - authorised) / 60, 0.9) FROM stays",
    ("adult_from_request_quantiles", "", "median"): "SELECT quantile_cont(epoch(came - asked) / 60, 0.5) FROM stays",
    ("held_quantiles", "", "mean"): "SELECT avg(epoch(ended - arrived) / 60) FROM stays",
    ("held_quantiles", "", "25 %"): "SELECT quantile_cont(epoch(ended - arrived) / 60, 0.25) FROM stays",
    ("share_overnight", "Held overnight", "has"): "SELECT count(DISTINCT record) FROM nights WHERE m >= 240",
    ("overnight_midnight", "all detentions", "yes (MIDNIGHT)"): "SELECT count(*) FROM stays WHERE authorised::DATE < ended::DATE",
    ("share_bail_refused", "Bail refused", "of"): "SELECT count(*) FROM stays WHERE charged IS NOT NULL",
    ("share_bail_refused", "Bail refused", "has"): "SELECT count(*) FROM stays WHERE refused",
    ("searched", "once", "detentions"): "SELECT count(*) FROM stays WHERE searches = 1",
    ("requests", "all requests", "all"): "SELECT count(*) FROM entries WHERE kind = 'la_requested'",
    ("requests", "secure", "all"): "SELECT count(*) FROM entries WHERE kind = 'la_requested' AND attrs->>'request_type' = 'secure'",
    ("replies", "no bed", "requests"): "SELECT count(*) FROM entries WHERE kind = 'la_replied' AND attrs->>'reply' = 'no_bed'",
    ("after_charge_quantiles", "", "median"): "SELECT quantile_cont(epoch(ended - charged) / 60, 0.5) FROM stays WHERE refused",
}  # fmt: skip


def test_that_an_adult_was_asked_says_nothing_of_one_who_came(tmp_path: Path) -> None:
    lines = [{"source": {"name": "x", "not_carried": ["aa_arrived"]}},
             *entries("A", "2024-06-10T18:00:00+01:00", ("arrived", 0, who()),
                      ("detention_authorised", 10, {}), ("aa_contacted", 20, {}), ("released", 290, {}))]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    ran = report("statistics", tmp_path / "r.jsonl", "--out", tmp_path / "out")
    assert ran.exit_code == 0, ran.output
    found = read(tmp_path / "out" / "statistics.csv")
    for figure in ("adult_waited", "adult_from_request"):
        assert value(found, figure, "no adult came", "detentions") == 0, figure
    assert value(found, "share_adult_in_2h", "An adult there within two hours", "of") == 0


def test_what_a_source_does_not_carry_is_no_zero(tmp_path: Path) -> None:
    """One source carries everything, another has one row a record and five columns of times."""
    whole, table = tmp_path / "whole.jsonl", tmp_path / "table.csv"
    whole.write_text("".join(json.dumps(each) + "\n" for each in HAND_MADE))
    table.write_text(
        "No,Arrived,Authorised,Born,Gender,Adult,Out\n"
        "T1,2024-06-12 10:00,2024-06-12 10:10,2009-03-01,male,2024-06-12 10:40,2024-06-12 15:00\n"
    )
    (tmp_path / "map.yaml").write_text(
        "format: custody-map/1\nzone: Europe/London\ncolumns: {record: No}\nentries:\n"
        "  - {kind: arrived, columns: {at: Arrived}, attrs: {dob: Born, sex: Gender}}\n"
        "  - {kind: detention_authorised, columns: {at: Authorised}}\n"
        "  - {kind: aa_arrived, columns: {at: Adult}}\n"
        "  - {kind: released, columns: {at: Out}}\n"
    )
    shares = {}
    for name, given in (("both", (whole, table)), ("table", (table,))):
        out = tmp_path / name
        ran = report("statistics", *given, "--map", tmp_path / "map.yaml", "--out", out, "--rows")
        assert ran.exit_code == 0, ran.stderr
        shares[name] = read(out / "statistics.csv")
    not_carried = "cannot tell: not carried by the source"
    for figure in ("searched", "outcome", "over_24", "overnight"):
        for name in ("both", "table"):
            assert value(shares[name], figure, not_carried, "detentions") == 1, (name, figure)
    assert value(shares["table"], "searched", "not searched", "detentions") == 0
    assert value(shares["table"], "age_sex", "15", "male") == 1  # what it carries is counted
    assert value(shares["table"], "held", "3 h to 6 h", "detentions") == 1
    page = (tmp_path / "table" / "statistics.html").read_text()
    told = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert "none recorded does not mean none" in told
    assert "had at least one minute of possibly unlawful detention" not in told
    steps = told[told.index("From charge to court, children") :][:1200]
    assert steps.count(not_carried) == 7
    [rows] = (tmp_path / "table").rglob("detentions.csv")
    assert "strip_search_started" in rows.read_text()


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1b", "\x7f", "\ufffe", "\uffff"])
def test_a_character_that_no_drawing_may_hold_does_not_end_the_program(
    character: str, tmp_path: Path
) -> None:
    lines = [
        each
        for name, station in (("A", f"North{character}gate"), ("B", "Southgate"))
        for each in entries(name, "2024-06-10T18:00:00+01:00", ("arrived", 0, who(station=station)),
                            ("detention_authorised", 10, {}), ("aa_arrived", 40, {}), ("released", 290, {}))
    ]  # fmt: skip
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for kind in ("statistics", "trend"):
        # In a process of its own: the library that draws aborts the one that it is in.
        ran = command("report", kind, "r.jsonl", "--out", kind, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
        page = (tmp_path / kind / f"{kind}.html").read_text()
        assert "North\ufffdgate" in page
        assert character not in page


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Any]]:
    folder = tmp_path_factory.mktemp("generated")
    records = folder / "records.jsonl"
    records.write_text("".join(json.dumps(entry) + "\n" for entry in generate(COUNT, 11)))
    ran = report("statistics", records, "--out", folder / "out")
    assert ran.exit_code == 0, ran.output
    base = duckdb.connect()
    base.execute(_STAYS.format(path=records))
    yield folder, base
    base.close()


@pytest.fixture(scope="module")
def counted(generated: tuple[Path, Any]) -> Lines:
    return read(generated[0] / "out" / "statistics.csv")


@pytest.mark.parametrize(("figure", "category", "column"), AGAIN)
def test_plain_sql_over_the_raw_records_counts_the_same(
    generated: tuple[Path, Any], counted: Lines, figure: str, category: str, column: str
) -> None:
    (again,) = generated[1].execute(AGAIN[figure, category, column]).fetchone()
    assert again
    assert value(counted, figure, category, column) == pytest.approx(again, rel=1e-5)


def test_by_station_and_month_sql_counts_the_same(
    generated: tuple[Path, Any], counted: Lines
) -> None:
    query = "SELECT station, strftime(arrived, '%Y-%m'), count(*) FROM stays GROUP BY ALL"
    found = generated[1].execute(query).fetchall()
    assert len(found) > 50
    for station, month, again in found:
        assert value(counted, "share_overnight", "Held overnight", "of", station, month) == again


def test_the_report_is_the_same_for_any_number_of_workers(generated: tuple[Path, Any]) -> None:
    folder, _ = generated
    from tests.test_replay import command

    ran = command(
        "report", "statistics", "records.jsonl", "--out", "two", "--workers", 2, cwd=folder
    )
    assert ran.returncode == 0, ran.stderr
    assert (folder / "two/statistics.csv").read_bytes() == (
        folder / "out/statistics.csv"
    ).read_bytes()


# --- outside the force ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outside(generated: tuple[Path, Any]) -> Path:
    folder, _ = generated
    (folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    ran = report("statistics", folder / "records.jsonl", "--out", folder / "outside", "--outside",
                 "--register", folder / "register", "--rows", "--key", folder / "key")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    return folder / "outside"


def test_few_children_outside_the_force_are_neither_told_nor_denied(
    made: Path, tmp_path: Path
) -> None:
    ran = report("statistics", made / "records.jsonl", "--outside", "--to", "2024-06-30",
                 "--register", tmp_path / "register", "--out", tmp_path / "out")  # fmt: skip
    assert ran.exit_code == 0, ran.output
    page = (tmp_path / "out" / "statistics.html").read_text()
    assert "[c] detentions of children" in page
    assert "No child was detained" not in page


def test_no_small_number_leaves_the_force(outside: Path) -> None:
    with (outside / "statistics.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    counts = [
        line for line in lines
        if line["column"] not in ("of all", "of detentions", "mean", "10 %", "25 %", "median", "75 %", "90 %")
    ]  # fmt: skip
    shown = [float(line["value"]) for line in counts if line["value"]]
    assert any(line["shown"] == "[c]" for line in counts)
    assert all(each % 5 == 0 for each in shown)
    page = (outside / "statistics.html").read_text()
    cells = re.findall(r'<td class="n">([\d,]+)</td>', page)
    assert len(cells) > 200
    assert {each for each in cells if int(each.replace(",", "")) % 5} == set()
    drawn = re.findall(r'<g class="mark-text role-mark.*?</g>', page, re.DOTALL)  # not of an axis
    texts = re.findall(r">([^<>]+)</text>", " ".join(drawn))
    assert len(texts) > 50
    assert {"1", "2", "3", "4"}.isdisjoint(texts)
    assert "[c]: hidden" in page


def test_rows_that_leave_the_force_name_no_record_and_no_day(outside: Path) -> None:
    apart = outside / "rows_under_agreement"
    assert "not to be\npublished" in (apart / "READ_FIRST.txt").read_text()
    with (apart / "detentions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["detention"] for row in rows}) == COUNT
    for row in rows:
        assert re.fullmatch(r"[0-9a-f]{16}", row["detention"])
        assert re.fullmatch(r"\d{4}-\d\d", row["day"])
    for path in (each for each in outside.rglob("*") if each.is_file()):
        data = path.read_bytes()
        assert b"SYN-" not in data, path
        assert b"0123456789abcdef" not in data, path


def test_no_quantile_is_told_that_is_nearly_one_child_s_own_time(
    outside: Path, generated: tuple[Path, Any]
) -> None:
    """Five children at least on either side: of 50 the tenth, of 20 the quarter, of 10 the median."""
    needed = {"10 %": 50, "25 %": 20, "median": 10, "75 %": 20, "90 %": 50, "mean": 10}
    exact: dict[tuple[str, ...], int] = {}
    with (generated[0] / "out" / "statistics.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["column"] == "number":
                exact[line["figure"], line["station"], line["month"]] = int(line["value"])
    told = hidden = 0
    with (outside / "statistics.csv").open(newline="") as file:
        for line in csv.DictReader(file):
            if line["figure"].endswith("_quantiles") and line["column"] in needed:
                number = exact[line["figure"], line["station"], line["month"]]
                if number < needed[line["column"]]:
                    assert line["shown"] in ("[c]", "-"), (line, number)
                    hidden += 1
                elif line["shown"] != "[c]":
                    told += 1
    assert hidden > 50
    assert told > 20


def test_a_chart_outside_the_force_is_as_high_as_its_table(outside: Path) -> None:
    """Where a part is hidden, the whole is drawn: a stack without it would be lower."""
    page = (outside / "statistics.html").read_text()
    [drawn] = re.findall(
        r'<svg role="img" aria-label="Detentions by age and sex.*?</svg>', page, re.DOTALL
    )
    [table] = re.findall(
        r"Detentions of children, by age and sex</caption>.*?</table>", page, re.DOTALL
    )
    assert "[c]" in table
    whole = re.findall(r'<td class="n">([^<]*)</td>\s*</tr>', table)
    assert [html.unescape(each) for each in re.findall(r">([^<>]+)</text>", drawn)][
        -len(whole) + 1 :
    ] == whole[:-1]


def test_what_may_be_given_away_lies_apart_from_what_must_stay(made: Path, tmp_path: Path) -> None:
    """Names of files, paths and lines that could not be read may all name a child."""
    folder = tmp_path / "case of J Planted"
    folder.mkdir()
    lines = (made / "records.jsonl").read_text().splitlines()
    planted = {"id": "x", "record": "J Planted", "kind": "arrivd", "at": "now"}
    (folder / "planted.jsonl").write_text("\n".join([*lines, json.dumps(planted)]) + "\n")
    for name in ("statistics", "trend"):
        out = tmp_path / name
        ran = report(name, folder / "planted.jsonl", "--outside", "--register", tmp_path / "register",
                     "--out", out)  # fmt: skip
        assert ran.exit_code == 3, ran.output

        given = [path for path in out.iterdir() if path.is_file()]
        assert {f"{name}.html", f"{name}.csv"} <= {path.name for path in given}
        for path in given:
            assert b"planted" not in path.read_bytes().lower(), path
        assert (
            "(the whole command is in made.txt, which the force keeps)"
            in (out / f"{name}.html").read_text()
        )
        kept = out / "force_only"
        assert kept.stat().st_mode & 0o777 == 0o700
        assert "case of J Planted" in (kept / "made.txt").read_text()
        assert "J Planted" in (kept / "quarantine.jsonl").read_text()


def test_a_pseudonym_needs_the_key_and_the_purpose() -> None:
    from detention_monitor.reports.pseudonym import Pseudonyms

    one = Pseudonyms(b"0123456789abcdef", "a")
    assert one.of("44/CR-1") == Pseudonyms(b"0123456789abcdef", "a").of("44/CR-1")
    # HMAC-SHA-256 of "a\0x" under that key, by openssl: echo -ne 'a\0x' | openssl dgst -hmac
    assert one.of("x") == "20ec0d534194ec4f"
    assert one.of("44/CR-1") != Pseudonyms(b"0123456789abcdef", "b").of("44/CR-1")
    assert one.of("44/CR-1") != Pseudonyms(b"0123456789abcdeF", "a").of("44/CR-1")
    assert "0123" not in repr(one)
