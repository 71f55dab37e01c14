"""Replay by parts: any order of entries, any number of workers, a worker that dies."""

import io
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from detention_monitor.detention import Detention, group
from detention_monitor.entries import CustodyEvent
from detention_monitor.generate import MESSY, generate
from detention_monitor.partition import detentions, partition
from detention_monitor.records import Source
from detention_monitor.replay import Settings, Tally, replay
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from tests.conftest import RULES, SAMPLES

SMALL = 40_000
"""Bytes to a bucket: a hundred or so entries, so that there are many."""


def run(
    path: Path, workers: int, form: str = "jsonl", bucket_bytes: int = SMALL
) -> tuple[bytes, Tally]:
    out = io.BytesIO()
    settings = Settings(RULES, format=form)
    tally = replay(
        [str(path)], settings, out, set_aside=print, workers=workers, bucket_bytes=bucket_bytes
    )
    return out.getvalue(), tally


def by_name(found: Iterable[Detention]) -> dict[str, tuple[CustodyEvent, ...]]:
    return {each.id: each.entries for each in found}


@pytest.mark.parametrize("buckets", [1, 2, 7, 64])
def test_records_that_belong_together_come_together(
    buckets: int, ruleset: RuleSet, tmp_path: Path
) -> None:
    stories = [str(path) for path in sorted(SAMPLES.glob("T*.jsonl"))]
    read = [(got, source) for got, source in read_entries(stories, ruleset.vocabulary)]
    Random(5).shuffle(read)
    whole = group(got for got, _ in read if isinstance(got, CustodyEvent))

    parts = partition(iter(read), tmp_path, buckets, print)
    found = [each for bucket in parts.buckets for each in detentions(bucket, parts.coverages)]

    assert by_name(each.detention for each in found) == by_name(whole)
    assert [each.detention.id for each in sorted(found, key=lambda each: each.place)] == [
        each.id for each in whole
    ]


def test_a_chain_of_records_named_last_is_still_one_detention(
    ruleset: RuleSet, tmp_path: Path
) -> None:
    chain = [
        CustodyEvent("e1", "A", "arrived", 1_718_020_800, attrs={"dob": "2009-01-01"}),
        CustodyEvent("e2", "C", "transferred_in", 1_718_030_000, attrs={"continues": "B"}),
        CustodyEvent("e3", "B", "transferred_in", 1_718_025_000, attrs={"continues": "A"}),
        CustodyEvent("e4", "D", "released", 1_718_040_000, detention_id="X"),
        CustodyEvent("e5", "C", "released", 1_718_040_000, detention_id="X"),
    ]
    parts = partition(((each, Source()) for each in chain), tmp_path, 50, print)
    [one] = [each for bucket in parts.buckets for each in detentions(bucket, parts.coverages)]
    assert {entry.id for entry in one.detention.entries} == {"e1", "e2", "e3", "e4", "e5"}
    assert one.detention.id == "X"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    lines = [json.dumps(each) for each in generate(120, 9, mess=MESSY)]
    head, *rest = lines
    Random(1).shuffle(rest)
    path.write_text("\n".join([head, *rest]) + "\n")
    return path


@pytest.mark.parametrize("form", ["jsonl", "table"])
def test_the_output_is_the_same_for_any_number_of_workers(form: str, records: Path) -> None:
    alone, counted = run(records, 1, form)
    for workers in (2, 3):
        shared, tally = run(records, workers, form)
        assert shared == alone
        assert tally == counted
    assert counted.detentions == 120


def children() -> list[int]:
    """Return the processes that this one has begun, by the system's own account."""
    own = os.getpid()
    found: list[int] = []
    for task in Path(f"/proc/{own}/task").iterdir():
        found += [int(each) for each in (task / "children").read_text().split()]
    return [pid for pid in found if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_worker_that_dies_at_its_work_costs_nothing_but_time(
    records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = run(records, 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where to see that work has begun
    result: list[bytes] = []
    thread = threading.Thread(
        target=lambda: result.append(run(records, 2, bucket_bytes=400_000)[0])
    )
    thread.start()
    while thread.is_alive() and not any(
        each.stat().st_size for each in tmp_path.glob("*/bucket*.now")
    ):
        time.sleep(0)
    killed = children()[:1]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    thread.join(timeout=300)

    assert killed
    assert result == [alone]
