"""What a person gets for input that is damaged, contradicts itself or is in the wrong place."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from detention_monitor.assess import Assessment, assess
from detention_monitor.commands.output import private
from detention_monitor.detention import group
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.records import Source
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import SetAside, read_entries, read_line
from tests.test_replay import command, entry


def line(**changes: Any) -> str:
    return json.dumps(entry(**changes)) + "\n"


def read(ruleset: RuleSet, *files: Path) -> tuple[list[str], list[SetAside]]:
    """Return the ids of the entries that were taken, and what was set aside."""
    got = [each for each, _ in read_entries(map(str, files), ruleset.vocabulary)]
    return (
        [each.id for each in got if isinstance(each, CustodyEvent)],
        [each for each in got if isinstance(each, SetAside)],
    )


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", line().encode("utf-16"), "UTF-16; save it as UTF-8"),
        ("a.jsonl.gz", b"\x1f\x8b\x08\x00 and nothing else", "cannot be read"),
        ("a.parquet", b"PAR1 and nothing else", "not whole Parquet"),
        ("a.parquet", b"", "not whole Parquet"),
        ("a.jsonl", None, "No such file"),
    ],
    ids=["utf-16", "gzip", "parquet", "empty-parquet", "link-to-nowhere"],
)
def test_a_file_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    name: str, content: bytes | None, said: str, ruleset: RuleSet, tmp_path: Path
) -> None:
    bad, good = tmp_path / name, tmp_path / "b.jsonl"
    if content is None:
        bad.symlink_to("nowhere")
    else:
        bad.write_bytes(content)
    good.write_text(line())

    taken, aside = read(ruleset, bad, good)

    assert taken == ["e1"]
    [told] = aside
    assert said in told.reason
    assert name in told.origin


def test_a_folder_in_which_one_file_cannot_be_read_is_replayed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    (folder / "a_folder.jsonl").mkdir(parents=True)
    (folder / "nowhere.jsonl").symlink_to("nothing")
    (folder / "table.csv").write_text("a,b\n")
    (folder / "whole.jsonl").write_text(line())

    ran = command("replay", "in", "--format", "jsonl", "--out", "found.jsonl", cwd=tmp_path)

    assert ran.returncode == 3, ran.stderr
    assert "nowhere.jsonl: the file cannot be read: No such file" in ran.stderr
    assert "1 CSV files were passed over; --map" in ran.stderr
    assert "1 detentions judged" in ran.stderr


# --- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"id":"e1","record":"R1","kind":"woken","at":"2024-06-10T13:00:00Z","at":"2024-06-10T15:00:00Z"}',
        '{"id":"e1","record":"R1","kind":"released","at":"2024-06-10T13:00:00Z","attrs":{"outcome":"a","outcome":"b"}}',
        '{"id":"e1","id" : "e2","record":"R1","kind":"woken","at":"2024-06-10T13:00:00Z"}',
    ],
)
def test_a_key_that_stands_twice_sets_the_line_aside(text: str, ruleset: RuleSet) -> None:
    got = read_line(text.encode(), ruleset.vocabulary, Source(), "x:1")

    assert isinstance(got, SetAside)
    assert "stands twice" in got.reason


@pytest.mark.parametrize(
    "text",
    [
        '{"id" : "e1", "record" :"R1", "kind": "woken", "at": "2024-06-10T13:00:00Z"}',
        '{"id":"a\\":b","record":"R1","kind":"woken","at":"2024-06-10T13:00:00Z"}',
    ],
    ids=["blanks-before-colons", "colon-in-a-text"],
)
def test_a_line_that_is_only_written_otherwise_is_taken(text: str, ruleset: RuleSet) -> None:
    assert isinstance(read_line(text.encode(), ruleset.vocabulary, Source(), ""), CustodyEvent)


def test_blanks_round_a_record_do_not_make_another_record(ruleset: RuleSet) -> None:
    padded = read_line(line(record=" R1 ", id="e2 ").encode(), ruleset.vocabulary, Source(), "")
    blank = read_line(line(record="  ").encode(), ruleset.vocabulary, Source(), "")

    assert isinstance(padded, CustodyEvent)
    assert (padded.record, padded.id) == ("R1", "e2")
    assert isinstance(blank, SetAside)
    assert "'record' is blank" in blank.reason


def test_after_a_declaration_that_cannot_be_read_nothing_is_held_against_anybody(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    """`aa_gone` is not a kind: what the source does not carry is not known, so silence says nothing."""
    wrong = {"source": {"not_carried": ["aa_gone"]}}
    right = {"source": {"not_carried": ["aa_left"]}}
    path = tmp_path / "a.jsonl"
    path.write_text(
        json.dumps(wrong) + "\n" + line(id="e1") + json.dumps(right) + "\n" + line(id="e2")
    )

    taken, aside = read(ruleset, path)

    assert taken == ["e2"]
    assert "aa_gone" in aside[0].reason
    assert aside[1].reason == "what its source declares cannot be read (a.jsonl:1)"
    assert json.loads(aside[1].line)["id"] == "e1"


# --- entries that contradict each other ----------------------------------------------------------


def told(kind: str, at: str, name: str, **rest: Any) -> dict[str, Any]:
    return {"id": name, "record": "R1", "kind": kind, "at": f"2024-06-10T{at}:00+01:00", **rest}


INSPECTOR = {"rank": "inspector", "role": "review_officer"}
REVIEW: dict[str, Any] = {"by": INSPECTOR, "attrs": {"mode": "in_person", "asleep": False}}
BEGUN = (
    told("arrived", "08:00", "e1", attrs={"dob": "2009-01-01", "sex": "male"}),
    told("detention_authorised", "08:15", "e2", attrs={"grounds": "to question"}),
    told("review_held", "14:00", "e3", **REVIEW),
    told("released", "16:00", "e4"),
)


def judged(
    ruleset: RuleSet, durable: DurableBackend, *entries: dict[str, Any], zone: str | None = None
) -> Assessment:
    source = Source(zone=zone)
    read = [
        read_line(json.dumps(each).encode(), ruleset.vocabulary, source, "") for each in entries
    ]
    [one] = group(each for each in read if isinstance(each, CustodyEvent))
    assert len(one.entries) == len(entries)
    return assess(one, ruleset, one.last_at(120), backend=durable)


def of(result: Assessment, rule: str) -> list[tuple[str, str]]:
    return [(each.status, each.certainty) for each in result.findings if each.rule == rule]


@pytest.mark.parametrize(
    ("withdrawals", "status"),
    [
        (["e3"], "missed"),
        (["e3", "e5"], "met"),
        (["e3", "e5", "e6"], "missed"),
        (["e6", "e5"], "met"),
    ],
    ids=["once", "taken-back", "taken-back-twice", "in-a-circle"],
)
def test_a_withdrawal_that_is_withdrawn_takes_nothing_away(
    withdrawals: list[str], status: str, ruleset: RuleSet, durable: DurableBackend
) -> None:
    back = [
        told("review_held", "14:00", f"e{number}", withdraws=name)
        for number, name in enumerate(withdrawals, start=5)
    ]

    result = judged(ruleset, durable, *BEGUN, *back)

    assert of(result, "D01-first-review") == [(status, "established")]


def test_an_entry_of_another_kind_amends_nothing_and_is_told(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    result = judged(ruleset, durable, *BEGUN, told("released", "15:00", "e5", amends="e3"))

    assert of(result, "D01-first-review") == [("met", "established")]
    [said] = [each.message for each in result.findings if each.rule == "AMENDS_OTHER_KIND"]
    assert "amends entry e3 ('review held') but is of another kind ('released')" in said


@pytest.mark.parametrize(
    ("entry", "count"),
    [
        (told("review_held", "07:00", "e5", **REVIEW), 1),
        (told("released", "07:59", "e5"), 1),
        (told("released", "08:00", "e5"), 0),  # within a minute there is no order
        (told("aa_left", "10:00", "e5"), 0),  # no adult's arrival is in the record at all
    ],
    ids=["review-before-authority", "release-before-arrival", "same-minute", "half-a-record"],
)
def test_what_comes_before_what_it_must_follow_is_told(
    entry: dict[str, Any], count: int, ruleset: RuleSet, durable: DurableBackend
) -> None:
    result = judged(ruleset, durable, *BEGUN, entry)

    assert len(of(result, "OUT_OF_ORDER")) == count


def test_an_entry_dated_years_too_early_makes_no_infant(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    early = {**told("checked", "09:00", "e5"), "at": "2015-06-10T09:00:00+01:00"}

    result = judged(ruleset, durable, *BEGUN, early)

    assert result.refused is None
    assert result.age == 15


def test_a_time_among_the_attributes_that_can_mean_two_instants_is_read_both_ways(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """24 hours from 01:30 on 26 October 2025 end at 00:30 GMT or at 01:30 GMT of the 27th."""
    entries = [
        {**BEGUN[0], "at": "2025-10-26T03:10", "attrs": {"dob": "2010-01-01",
         "relevant_time": "2025-10-26T01:30"}},
        {**BEGUN[1], "at": "2025-10-26T03:30"},
        {**BEGUN[3], "at": "2025-10-27T01:00"},
    ]  # fmt: skip
    result = judged(ruleset, durable, *entries, zone="Europe/London")
    entries[2]["at"] = "2025-10-27T02:00"
    later = judged(ruleset, durable, *entries, zone="Europe/London")

    assert of(result, "D09-custody-limit") == [("met", "possible")]
    assert of(later, "D09-custody-limit") == [("met_late", "established")]
    [said] = [each.message for each in result.findings if each.rule == "TIME_AMBIGUOUS"]
    assert "(relevant_time)" in said


def test_too_many_such_times_are_not_guessed(ruleset: RuleSet, durable: DurableBackend) -> None:
    entries = [
        {**each, "at": f"2025-10-26T0{hour}:30",
         "attrs": {**each.get("attrs", {}), "relevant_time": "2025-10-26T01:30"}}
        for hour, each in enumerate([BEGUN[0], BEGUN[1]], start=3)
    ]  # fmt: skip
    more = [
        {**told("transferred_in", "06:00", f"e1{number}"), "at": f"2025-10-26T06:0{number}",
         "attrs": {"relevant_time": "2025-10-26T01:30"}}
        for number in range(3)
    ]  # fmt: skip
    result = judged(ruleset, durable, *entries, *more, zone="Europe/London")

    assert of(result, "TIMES_UNREADABLE")[0] == ("cannot_tell", "possible")
    assert {each.status for each in result.findings if each.duty == "D09"} == {"cannot_tell"}


@pytest.mark.parametrize(
    ("authorised", "held", "status"),
    [
        ("08:15:00", "14:15:00.9", "met"),
        ("08:15:00.9", "14:15:00.1", "met"),
        ("08:15:00.9", "14:15:00.95", "met"),
        ("08:15:00.9", "14:15:01.9", "met_late"),
        ("08:15:00", "14:15:01", "met_late"),
    ],
)
def test_fractions_of_a_second_are_cut_and_never_make_an_act_late(
    authorised: str, held: str, status: str, ruleset: RuleSet, durable: DurableBackend
) -> None:
    clocks = ("08:00:00", authorised, held, "16:00:00")
    entries = [
        {**each, "at": f"2024-06-10T{clock}+01:00"}
        for each, clock in zip(BEGUN, clocks, strict=True)
    ]

    result = judged(ruleset, durable, *entries)

    assert of(result, "D01-first-review") == [(status, "established")]


# --- options -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", ""], "a path is empty"),
        (["replay", "/dev/null"], "not a file; what comes through a pipe is read with -"),
        (["replay", "a.jsonl", "--out", "/dev/null"], "leave out --out to write to stdout"),
        (["replay", "a.jsonl", "--out", "nowhere/f"], "there is no folder nowhere"),
        (["replay", "a.jsonl", "--quarantine", "nowhere/q"], "there is no folder nowhere"),
        (["replay", "a.jsonl", "--out", "f", "--quarantine", "f"], "name another --quarantine"),
        (["replay", "a.jsonl", "--as-of", "2025-10-26T01:30"], "2025-10-26T01:30:00+00:00"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "a.jsonl").write_text(line())
    ran = command(*arguments, cwd=tmp_path)

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert said in " ".join(ran.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_device_keeps_its_mode() -> None:
    """`--quarantine /dev/null` by root took it from everybody else."""
    before = stat.S_IMODE(Path(os.devnull).stat().st_mode)
    private(Path(os.devnull)).close()

    assert stat.S_IMODE(Path(os.devnull).stat().st_mode) == before


def test_the_as_known_reading_sets_every_entry_aside_that_it_cannot_use(tmp_path: Path) -> None:
    text = "".join(map(line_of, BEGUN))
    ran = command("replay", "-", "--as-known", text=text, cwd=tmp_path)

    assert ran.returncode == 3
    assert "set aside: 4 lines" in ran.stderr
    assert len((tmp_path / "quarantine.jsonl").read_text().splitlines()) == 4


def line_of(entry: dict[str, Any]) -> str:
    return json.dumps(entry) + "\n"


def test_nobody_reading_on_is_not_a_finding(tmp_path: Path) -> None:
    """Status 1 would say that something was found."""
    many = (line_of({**each, "record": f"R{n}", "id": f"{n}-{each['id']}"})
            for n in range(40) for each in BEGUN)  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(many))
    program = [sys.executable, "-m", "detention_monitor", "replay", "a.jsonl", "--format", "jsonl"]
    with subprocess.Popen(
        program, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (0, b"")


def test_ctrl_c_with_several_workers_says_so_in_one_line(tmp_path: Path) -> None:
    small = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from detention_monitor import replay\n"
        "replay.BUCKET_BYTES = replay.replay.__kwdefaults__['bucket_bytes'] = 20_000\n"
        "from detention_monitor.cli import main\n"
        "main()\n"
    )
    many = (line_of({**each, "record": f"R{n}", "id": f"{n}-{each['id']}"})
            for n in range(2_000) for each in BEGUN)  # fmt: skip
    (tmp_path / "a.jsonl").write_text("".join(many))
    process = subprocess.Popen(
        [sys.executable, "-c", small, "replay", "a.jsonl", "--out", "found", "--workers", "2"],
        cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    state = tmp_path / "found.parts"
    while process.poll() is None and not [*state.glob("*.now")]:
        time.sleep(0)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in said
    assert "stopped" in said
    assert not (tmp_path / "found").exists()
