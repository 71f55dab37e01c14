"""A replay that was stopped goes on where it stopped, and never with what belongs to another run."""

import contextlib
import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from detention_monitor.generate import generate
from detention_monitor.untidy import MESSY
from tests.conftest import SAMPLES

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")


SMALL_PARTS = (
    "import sys\n"
    "from detention_monitor import partition\n"
    "partition.BUCKET_BYTES = 100_000\n"
    "from detention_monitor.cli import main\n"
    "sys.argv[0] = 'detention-monitor'\n"
    "main()\n"
)
"""The command itself, with parts of some ten detentions: there are many of them."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records in some thirty parts, shuffled, with lines to set aside."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    head, *rest = [json.dumps(each) for each in generate(250, 9, mess=MESSY)]
    rest += ["not json", json.dumps({"id": "x", "record": "R", "kind": "arrivd", "at": "now"})]
    Random(1).shuffle(rest)
    path.write_text("\n".join([head, *rest]) + "\n")
    return path


def files_of(folder: Path) -> dict[str, str]:
    """Return the digest of every file of a folder, by its name; a record of the run says when."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".run.json")
    }


def begun(*arguments: object, cwd: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", SMALL_PARTS, *map(str, arguments)], cwd=cwd,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def finished(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SMALL_PARTS, *map(str, arguments)], cwd=cwd,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def killed_in_the_middle(
    records: Path, folder: Path, workers: int, engine: str = "durable"
) -> Path:
    """Kill a replay and its workers once a part is judged and before all are; return its state."""
    return killed(
        folder / "found.jsonl.parts", "replay", records, "--format", "jsonl",
        "--out", "found.jsonl", "--workers", workers, "--engine", engine, cwd=folder,
    )  # fmt: skip


def killed(state: Path, *arguments: object, cwd: Path) -> Path:
    """Kill a command and its workers once a part lies judged in the folder `state`; return that."""
    process = begun(*arguments, cwd=cwd)
    while process.poll() is None and not [*state.glob("*.done")]:
        time.sleep(0)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return state


@pytest.mark.parametrize(("workers", "engine"), [(1, "durable"), (2, "durable"), (2, "compiled")])
def test_after_sigkill_the_rest_is_done_and_the_output_is_the_same(
    workers: int, engine: str, records: Path, tmp_path: Path
) -> None:
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    whole.mkdir()
    halves.mkdir()
    once = ("replay", records, "--format", "jsonl", "--out", "found.jsonl", "--workers", workers,
            "--engine", engine)  # fmt: skip
    ran = finished(*once, cwd=whole)
    assert ran.returncode == 3, ran.stderr
    assert "found.jsonl" in files_of(whole)
    assert not (whole / "found.jsonl.parts").exists()

    state = killed_in_the_middle(records, halves, workers, engine)
    assert state.stat().st_mode & 0o777 == 0o700
    assert not (halves / "found.jsonl").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in state.glob("*.done")}
    assert 0 < len(kept) < len([*state.glob("bucket????")])

    again = finished(*once, "--resume", cwd=halves)
    assert again.returncode == 3, again.stderr
    assert files_of(halves) == files_of(whole)
    assert again.stderr == ran.stderr


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("statistics", ("--rows",)),
        ("sample", ("--size", 12, "--seed", "s", "--by", "station")),
    ],
)
def test_a_report_goes_on_where_it_was_killed(
    name: str, options: tuple[object, ...], records: Path, tmp_path: Path
) -> None:
    """Statistics and a trend are made of the same rows, a sample is not."""
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    whole.mkdir()
    halves.mkdir()
    once = ("report", name, records, "--out", "out", *options)
    ran = finished(*once, cwd=whole)
    assert ran.returncode == 3, ran.stderr

    state = killed(halves / "out.parts", *once, cwd=halves)
    assert state.stat().st_mode & 0o777 == 0o700
    assert 0 < len([*state.glob("*.done")]) < len([*state.glob("bucket????")])
    if name == "sample":
        other = finished("report", "trend", records, "--out", "out", "--resume", cwd=halves)
        assert other.returncode == 2
        assert "this is not the same run: the report." in other.stderr
    again = finished(*once, "--resume", cwd=halves)
    assert again.returncode == 3, again.stderr
    assert files_of(halves) == files_of(whole)
    assert not state.exists()


def test_a_report_says_on_a_terminal_how_far_it_is_and_how_long_still(
    records: Path, tmp_path: Path
) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", SMALL_PARTS, "report", "trend", str(records), "--out", "out"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=theirs,
    ) as process:  # fmt: skip
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # a terminal that nobody writes to any more
            while got := os.read(ours, 65_536):
                said += got
        os.close(ours)
        assert process.wait() == 3
    lines = said.decode().split("\r\x1b[K")
    assert any(line.startswith("reading: 5,000 entries, ") for line in lines)
    told = [re.fullmatch(r"judging: (\d+) of (\d+) parts, about [\d,]+ s left", line.split("\r")[0])
            for line in lines]  # fmt: skip
    parts = [(int(each[1]), int(each[2])) for each in told if each is not None]
    assert parts == [(number, parts[0][1]) for number in range(2, parts[0][1] + 1)]
    assert len(parts) > 10


def test_nothing_is_judged_twice(records: Path, tmp_path: Path) -> None:
    """Every part but one is judged already: the rules are asked for that one only."""
    state = killed_in_the_middle(records, tmp_path, 1)
    [done, *_] = sorted(state.glob("*.done"))
    results = done.with_suffix(".out")
    before = results.stat().st_mtime_ns
    process = begun(
        "replay", records, "--format", "jsonl", "--out", "found.jsonl", "--resume", cwd=tmp_path
    )
    while process.poll() is None and len([*state.glob("*.done")]) < 2:
        time.sleep(0)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert results.stat().st_mtime_ns == before

    damaged = results.read_bytes()[:-1] + b"?"
    results.write_bytes(damaged)
    ran = finished(
        "replay", records, "--format", "jsonl", "--out", "found.jsonl", "--resume", cwd=tmp_path
    )
    assert ran.returncode == 3, ran.stderr
    assert b"?" not in (tmp_path / "found.jsonl").read_bytes()[-3:]
    plain = tmp_path / "plain"
    plain.mkdir()
    finished("replay", records, "--format", "jsonl", "--out", "found.jsonl", cwd=plain)
    assert (plain / "found.jsonl").read_bytes() == (tmp_path / "found.jsonl").read_bytes()


def test_a_run_that_changed_is_refused_by_name(records: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.jsonl"
    own.write_bytes(records.read_bytes())
    state = killed_in_the_middle(own, tmp_path, 1)
    kept = files_of(state)
    asked = ("replay", own, "--format", "jsonl", "--out", "found.jsonl", "--resume")
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  aa_amber: {values: {2024-04-01: 90m}}\n"
    )
    for more, named in (
        (("--policy", policy), "the rules or the policy"),
        (("--all",), "--all"),
        (("--as-of", "2024-06-10T12:00"), "--as-of"),
        ((SAMPLES / "busy_day.jsonl",), "the files and their order"),
    ):
        ran = finished(*asked, *more, cwd=tmp_path)
        assert ran.returncode == 2
        assert "cannot be resumed, for this is not the same run: " in ran.stderr
        assert named in ran.stderr
        assert "Leave out --resume to begin anew" in ran.stderr
        assert len(ran.stderr.splitlines()) == 1
    with own.open("ab") as file:
        file.write(b"\n")
    ran = finished(*asked, cwd=tmp_path)
    assert ran.returncode == 2
    assert f"the records in {own}. Leave out" in ran.stderr
    assert files_of(state) == kept  # refusing a run costs the other nothing

    anew = finished(*asked[:-1], cwd=tmp_path)
    assert anew.returncode == 3
    assert "begun anew" in anew.stderr
    assert not state.exists()


def test_where_there_is_nothing_to_resume_that_is_said(tmp_path: Path) -> None:
    story = SAMPLES / "T10_certificate_late.jsonl"
    ran = finished("replay", story, "--out", "found.txt", "--resume", cwd=tmp_path)
    assert ran.returncode == 2
    assert "found.txt: nothing to resume" in ran.stderr
    assert [*tmp_path.iterdir()] == []

    for arguments in ((story, "--resume"), ("-", "--out", "found.txt", "--resume")):
        ran = finished("replay", *arguments, cwd=tmp_path)
        assert ran.returncode == 2
        assert "--resume needs files to read and --out" in ran.stderr


def test_a_run_that_was_still_reading_begins_anew(tmp_path: Path) -> None:
    story = SAMPLES / "T10_certificate_late.jsonl"
    plain = finished("replay", story, cwd=tmp_path)
    state = tmp_path / "found.txt.parts"
    state.mkdir(mode=0o755)
    (state / "bucket0000").write_bytes(b"half of it")
    ran = finished("replay", story, "--out", "found.txt", "--resume", cwd=tmp_path)

    assert ran.returncode == 0, ran.stderr
    assert "begun anew: the earlier run had not finished reading" in ran.stderr
    assert (tmp_path / "found.txt").read_text() == plain.stdout
    assert not state.exists()


def test_two_runs_do_not_write_one_file(records: Path, tmp_path: Path) -> None:
    state = tmp_path / "found.jsonl.parts"
    process = begun("replay", records, "--format", "jsonl", "--out", "found.jsonl", cwd=tmp_path)
    while process.poll() is None and not [*state.glob("*.now")]:
        time.sleep(0)
    os.killpg(process.pid, signal.SIGSTOP)  # so that it is not done before the other has begun
    ran = finished("replay", records, "--format", "jsonl", "--out", "found.jsonl", cwd=tmp_path)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert ran.returncode == 2
    assert "another replay is writing this file" in ran.stderr
