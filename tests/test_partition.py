"""Replay by parts: any order of entries, any number of workers, a worker that dies."""

import io
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from detention_monitor.detention import Detention, group
from detention_monitor.entries import CustodyEvent
from detention_monitor.generate import generate
from detention_monitor.judging import Settings
from detention_monitor.partition import detentions, partition
from detention_monitor.records import Source
from detention_monitor.replay import replay
from detention_monitor.results import Tally
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.untidy import MESSY
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


@pytest.mark.parametrize("buckets", [1, 50])
def test_records_that_share_an_id_of_their_detention_are_one(
    buckets: int, ruleset: RuleSet, tmp_path: Path
) -> None:
    """Forty detentions of three records; the id stands on the middle entry of each record only."""
    entries = [
        CustodyEvent(
            f"{record}-{number}", record, "checked", 1_718_020_800 + number,
            detention_id=f"D{place // 3}" if number == 1 else None,
        )
        for number in range(3)
        for place, record in enumerate(f"R{place:03d}" for place in range(120))
    ]  # fmt: skip
    parts = partition(((each, Source()) for each in entries), tmp_path, buckets, print)
    found = [each for bucket in parts.buckets for each in detentions(bucket, parts.coverages)]

    assert {each.detention.id: len(each.detention.entries) for each in found} == {
        f"D{number}": 9 for number in range(40)
    }
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in parts.buckets}


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


def written(path: Path, *entries: dict[str, object], source: str | None = None) -> str:
    head = [] if source is None else [{"source": {"name": source}}]
    path.write_text("".join(json.dumps(each) + "\n" for each in (*head, *entries)))
    return str(path)


def one(record: str, kind: str, hour: int, name: str, **more: object) -> dict[str, object]:
    at = f"2024-06-10T{hour:02d}:00:00Z"
    attrs = {"dob": "2009-01-01"} if kind == "detention_authorised" else {}
    return {
        "id": name,
        "force": "44",
        "record": record,
        "kind": kind,
        "at": at,
        "attrs": attrs,
        **more,
    }


def placed(
    files: list[str], folder: Path, count: int, ruleset: RuleSet
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the ids of each detention, and what was set aside with its reason."""
    aside: list[str] = []
    read = read_entries(files, ruleset.vocabulary)
    folder.mkdir(exist_ok=True)
    parts = partition(
        read, folder, count, lambda each: aside.append(f"{each.origin}: {each.reason}")
    )
    assert parts.set_aside == len(aside)
    found = [each.detention for path in parts.buckets for each in detentions(path, parts.coverages)]
    return {each.id: [entry.id for entry in each.entries] for each in found}, aside


@pytest.mark.parametrize("buckets", [1, 2, 64])
def test_an_id_used_in_two_detentions_is_set_aside_the_second_time(
    buckets: int, ruleset: RuleSet, tmp_path: Path
) -> None:
    path = written(
        tmp_path / "a.jsonl",
        one("R1", "detention_authorised", 9, "e1"),
        one("R2", "detention_authorised", 9, "e2"),
        one("R2", "checked", 10, "e1"),
        one("R1", "checked", 10, "e3"),
        one("R3", "detention_authorised", 9, "e3"),
        one("R3", "checked", 11, "e4"),
    )
    found, aside = placed([path], tmp_path / "parts", buckets, ruleset)

    assert found == {"44/R1": ["e1", "e3"], "44/R2": ["e2"], "44/R3": ["e4"]}
    assert sorted(each.split(";")[0] for each in aside) == [
        "a.jsonl:3: id e1 was used before for another entry (a.jsonl:1)",
        "a.jsonl:5: id e3 was used before for another entry (a.jsonl:4)",
    ]


@pytest.mark.parametrize("buckets", [1, 64])
def test_the_same_id_in_records_of_one_detention_is_no_matter_of_two(
    buckets: int, ruleset: RuleSet, tmp_path: Path
) -> None:
    """The link comes last; what was sent twice is for whoever judges the detention."""
    path = written(
        tmp_path / "a.jsonl",
        one("R1", "detention_authorised", 9, "e1"),
        one("R2", "checked", 10, "e1"),
        one("R1", "detention_authorised", 9, "e1"),
        one("R2", "transferred_in", 10, "e2", attrs={"continues": "44/R1"}),
    )
    found, aside = placed([path], tmp_path / "parts", buckets, ruleset)

    assert found == {"44/R1": ["e1", "e1", "e1", "e2"]}
    assert aside == []


@pytest.mark.parametrize(
    ("sources", "told"),
    [(("Feed", "Feed"), 1), (("Feed", "Other"), 0), ((None, None), 0), ((None, "Feed"), 0)],
    ids=["one-source", "two-sources", "two-files-without-a-name", "one-without-a-name"],
)
def test_ids_are_unique_in_a_force_and_source(
    sources: tuple[str | None, str | None], told: int, ruleset: RuleSet, tmp_path: Path
) -> None:
    entries = one("R1", "detention_authorised", 9, "e1"), one("R2", "detention_authorised", 9, "e1")
    files = [
        written(tmp_path / f"{place}.jsonl", entry, source=source)
        for place, (entry, source) in enumerate(zip(entries, sources, strict=True))
    ]
    _, aside = placed(files, tmp_path / "parts", 8, ruleset)
    assert len(aside) == told

    other = {**entries[1], "force": "45"}
    written(tmp_path / "1.jsonl", other, source=sources[1])
    assert placed(files, tmp_path / "parts", 8, ruleset)[1] == []


def test_reused_ids_give_the_same_output_for_any_number_of_workers(tmp_path: Path) -> None:
    """Each of 60 records uses an id of the record before it: 59 lines are set aside."""
    lines = [json.dumps(each) for each in generate(60, 4)]
    head, rest = lines[0], [json.loads(each) for each in lines[1:]]
    first: dict[str, str] = {}
    for each in rest:
        first.setdefault(each["record"], each["id"])
    names = [*first]
    more = [one(name, "checked", 10, first[before]) for before, name in pairwise(names)]
    more = [{**each, "at": "2024-12-31T10:00:00Z", "force": rest[0]["force"]} for each in more]
    Random(3).shuffle(rest)
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join([head, *(json.dumps(each) for each in (*rest, *more))]) + "\n")
    plain = tmp_path / "plain.jsonl"
    plain.write_text("\n".join([head, *(json.dumps(each) for each in rest)]) + "\n")

    alone, counted = run(path, 1)
    assert counted.set_aside == 59
    assert alone == run(plain, 1)[0]
    for workers in (2, 3):
        shared, tally = run(path, workers)
        assert (shared, tally) == (alone, counted)
