"""The command as its users run it: real files, real processes, stdout, stderr and exit status."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES

T10 = SAMPLES / "T10_certificate_late.jsonl"


def command(*arguments: object, text: str = "", cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detention_monitor", *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
    )


def entry(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": "e1",
        "record": "R1",
        "kind": "detention_authorised",
        "at": "2024-06-10T13:00:00+01:00",
        "attrs": {"dob": "2009-01-01", "grounds": "to question"},
    }
    return {**whole, **changes}


def test_json_lines_are_the_public_finding(tmp_path: Path) -> None:
    ran = command("replay", T10, "--format", "jsonl", cwd=tmp_path)

    assert ran.returncode == 0
    findings = [json.loads(line) for line in ran.stdout.splitlines()]
    produced = next(each for each in findings if each["rule"] == "E10-produced")
    assert produced["status"] == "met_late"
    assert produced["minutes_late"] == 35
    assert produced["due_at"] == "2024-09-13T10:05:00+01:00"
    assert produced["done_at"] == "2024-09-13T10:40:00+01:00"
    assert "12 concerns" not in ran.stdout
    assert "1 detentions judged" in ran.stderr


def test_table_fits_100_columns_and_cites_the_law(tmp_path: Path) -> None:
    ran = command("replay", SAMPLES, cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert max(map(len, ran.stdout.splitlines())) <= 100
    assert "statute: PACE 1984 s.38(6)" in ran.stdout
    assert "policy, not law" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_fail_on_asks_for_a_severity(tmp_path: Path) -> None:
    assert command("replay", T10, "--fail-on", "critical", cwd=tmp_path).returncode == 1
    calm = tmp_path / "calm.jsonl"
    known = {"dob": "2009-01-01", "sex": "male", "grounds": "to question"}
    calm.write_text(json.dumps(entry(attrs={**known, "documents": "none_essential"})) + "\n")
    assert command("replay", calm, "--fail-on", "info", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "must be a JSON object"),
        (json.dumps(entry(kind="aa_arived")), "did you mean 'aa_arrived'"),
        (json.dumps(entry(kind="review_due")), "worked out by the monitor"),
        (json.dumps(entry(at="2024-06-10T13:00:00")), "no offset"),
        (json.dumps(entry(at="2024-13-10T13:00:00Z")), "not a time"),
        (json.dumps(entry(recrod="x")), "did you mean 'record'"),
        (json.dumps(entry(attrs={"dob": "1.1.2009"})), "write 2009-03-20"),
        (json.dumps(entry(attrs={"dobb": "2009-01-01"})), "did you mean 'dob'"),
        (json.dumps(entry(attrs={"in_child_presence": "yes"})), "true or false"),
        (json.dumps(entry(by={"rank": "serjeant"})), "did you mean 'sergeant'"),
        (json.dumps(entry(id="a\u001b[2J")), "control character"),
        (json.dumps(entry(id=7)), "text in quotes"),
        (json.dumps(entry(attrs={"grounds": "x" * 1_100_000})), "1,000,000 bytes"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_bad_line_is_set_aside_with_its_place_and_the_rest_goes_on(
    line: str, reason: str, tmp_path: Path
) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(f"{line}\n{T10.read_text()}")

    ran = command("replay", records, "--format", "jsonl", cwd=tmp_path)

    assert ran.returncode == 3
    assert "set aside: records.jsonl:1: " in ran.stderr
    assert reason in ran.stderr
    assert "\x1b" not in ran.stderr
    assert '"rule":"E10-produced"' in ran.stdout
    quarantined = [
        json.loads(each) for each in (tmp_path / "quarantine.jsonl").read_text().splitlines()
    ]
    assert [each["origin"] for each in quarantined] == ["records.jsonl:1"]
    assert reason in quarantined[0]["reason"]
    assert (tmp_path / "quarantine.jsonl").stat().st_mode & 0o077 == 0


def test_the_same_entry_twice_counts_once_and_a_conflict_is_set_aside(tmp_path: Path) -> None:
    first, *rest = T10.read_text().splitlines()
    other = json.dumps({**json.loads(first), "at": "2024-09-12T13:46:00+01:00"})
    records = tmp_path / "records.jsonl"
    records.write_text("\n".join([first, first, other, *rest]) + "\n")

    ran = command("replay", records, "--format", "jsonl", cwd=tmp_path)

    assert ran.returncode == 3
    assert "1 sent twice" in ran.stderr
    assert "was used before for another entry (records.jsonl:1)" in ran.stderr
    plain = command("replay", T10, "--format", "jsonl", cwd=tmp_path)
    assert ran.stdout == plain.stdout


@pytest.mark.parametrize("how", ["gzip", "stdin", "folder"])
def test_records_come_packed_by_pipe_or_in_folders(how: str, tmp_path: Path) -> None:
    plain = command("replay", T10, "--format", "jsonl", cwd=tmp_path).stdout
    if how == "gzip":
        packed = tmp_path / "t.jsonl.gz"
        packed.write_bytes(gzip.compress(T10.read_bytes()))
        ran = command("replay", packed, "--format", "jsonl", cwd=tmp_path)
    elif how == "stdin":
        ran = command("replay", "-", "--format", "jsonl", text=T10.read_text(), cwd=tmp_path)
    else:
        folder = tmp_path / "deep" / "er"
        folder.mkdir(parents=True)
        (folder / "t.jsonl").write_text(T10.read_text())
        ran = command("replay", tmp_path / "deep", "--format", "jsonl", cwd=tmp_path)

    assert ran.returncode == 0
    assert ran.stdout == plain


def test_a_damaged_gzip_keeps_what_could_be_read(tmp_path: Path) -> None:
    whole = gzip.compress(T10.read_bytes())
    (tmp_path / "t.jsonl.gz").write_bytes(whole[: len(whole) // 2])

    ran = command("replay", tmp_path / "t.jsonl.gz", cwd=tmp_path)

    assert ran.returncode == 3
    assert "breaks off here" in ran.stderr
    assert "1 detentions judged" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "nowhere.jsonl"], "no such file or folder"),
        (["replay", "."], "no records here"),
        (["replay", "-", "--rules", "nowhere"], "vocabulary.yaml"),
        (["replay", "-", "--as-of", "noon"], "not a time"),
        (["replay"], "Missing argument"),
        (["replya"], "No such command"),
    ],
)
def test_what_cannot_run_says_why_in_a_line(
    arguments: list[str], said: str, tmp_path: Path
) -> None:
    ran = command(*arguments, cwd=tmp_path)

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_child_under_ten_is_refused_and_shown_before_everything_else(tmp_path: Path) -> None:
    young = entry(id="y1", record="YOUNG", attrs={"dob": "2015-06-01"})
    adult = entry(id="a1", record="OLD", attrs={"dob": "1990-06-01"})
    records = tmp_path / "records.jsonl"
    records.write_text("".join(json.dumps(each) + "\n" for each in (entry(), adult, young)))

    ran = command("replay", records, "--format", "jsonl", cwd=tmp_path)

    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert lines[0]["refused"] == "under_10"
    assert lines[0]["record"] == "YOUNG"
    assert [each["record"] for each in lines if each.get("refused") == "adult"] == ["OLD"]
    assert ran.returncode == 0
    assert "refused, under_10: 1" in ran.stderr


def test_as_of_leaves_out_what_came_later(tmp_path: Path) -> None:
    ran = command(
        "replay", T10, "--format", "jsonl", "--as-of", "2024-09-13T08:00+01:00", cwd=tmp_path
    )

    statuses = {each["rule"]: each["status"] for each in map(json.loads, ran.stdout.splitlines())}
    assert statuses["E03-move-to-la"] == "open"
    assert statuses["CERT_MISSING"] == "overdue"
    assert "E04-not-impracticable" not in statuses


def test_out_takes_its_name_when_complete_and_is_private(tmp_path: Path) -> None:
    ran = command("replay", T10, "--format", "csv", "--out", "found.csv", cwd=tmp_path)

    assert ran.returncode == 0
    assert ran.stdout == ""
    assert (tmp_path / "found.csv").read_text().startswith("refused,detention,record,duty,rule")
    assert (tmp_path / "found.csv").stat().st_mode & 0o077 == 0
    assert not (tmp_path / "found.csv.unfinished").exists()


@pytest.mark.parametrize("option", ["--out", "--quarantine"])
def test_records_are_never_overwritten(option: str, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    records.write_text(T10.read_text())
    ran = command("replay", "records.jsonl", option, "records.jsonl", cwd=tmp_path)
    assert ran.returncode == 2
    assert "would overwrite the records" in ran.stderr
    assert records.read_text() == T10.read_text()


def test_what_was_set_aside_before_is_no_record_of_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").write_text("{\n" + T10.read_text())
    first = command("replay", ".", "--format", "jsonl", cwd=tmp_path)
    second = command("replay", ".", "--format", "jsonl", cwd=tmp_path)
    assert (first.returncode, second.returncode) == (3, 3)
    assert second.stderr == first.stderr
    assert second.stdout == first.stdout
