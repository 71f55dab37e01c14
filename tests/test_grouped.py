"""Input that comes one detention after another is judged as it is read, and checked to be so."""

import io
import json
from pathlib import Path
from random import Random

import pytest

from detention_monitor.errors import RecordError
from detention_monitor.generate import generate
from detention_monitor.grouped import IdsUsed, NamesSeen
from detention_monitor.judging import Settings
from detention_monitor.replay import replay, replay_grouped
from detention_monitor.results import Tally
from detention_monitor.sources import SetAside
from detention_monitor.untidy import MESSY
from tests.conftest import RULES, SAMPLES
from tests.test_replay import command

STORIES = [str(path) for path in sorted(SAMPLES.glob("T*.jsonl"))]
Told = list[tuple[str, str]]


def judged(
    files: list[str], form: str, *, grouped: bool, workers: int = 1, part: int = 40_000
) -> tuple[bytes, Tally, Told]:
    out, told = io.BytesIO(), Told()

    def keep(each: SetAside) -> None:
        told.append((each.origin, each.reason))

    work = replay_grouped if grouped else replay
    tally = work(
        files, Settings(RULES, format=form), out, set_aside=keep, workers=workers, bucket_bytes=part
    )
    return out.getvalue(), tally, told


@pytest.mark.parametrize("form", ["jsonl", "csv", "table"])
def test_stories_one_after_another_give_the_same_output(form: str) -> None:
    assert judged(STORIES, form, grouped=True) == judged(STORIES, form, grouped=False)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated records, with a line that cannot be read and a child under 10 in the midst."""
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    head, *rest = [json.dumps(each) for each in generate(80, 9, mess=MESSY)]
    rest.sort(key=lambda line: json.loads(line)["record"])
    child = {"id": "u1", "force": "44", "record": "UNDER", "kind": "arrived",
             "at": "2024-06-10T13:00:00Z", "attrs": {"dob": "2016-01-01"}}  # fmt: skip
    middle = next(
        n
        for n in range(len(rest) // 2, len(rest))
        if json.loads(rest[n])["record"] != json.loads(rest[n - 1])["record"]
    )
    rest[middle:middle] = ["not json", json.dumps(child)]
    path.write_text("\n".join([head, *rest]) + "\n")
    return path


@pytest.mark.parametrize("workers", [1, 2])
def test_parts_come_out_in_order_and_a_child_under_10_first(records: Path, workers: int) -> None:
    found, tally, told = judged([str(records)], "jsonl", grouped=True, workers=workers)

    plain, counted, _ = judged([str(records)], "jsonl", grouped=False)
    assert found == plain
    assert tally == counted
    assert json.loads(found.splitlines()[0])["refused"] == "under_10"
    assert [reason for _, reason in told if "not JSON" in reason]


def test_a_detention_seen_again_is_refused_with_its_place(records: Path, tmp_path: Path) -> None:
    head, *rest = records.read_text().splitlines()
    moved = next(n for n, line in enumerate(rest) if '"bailed"' in line or '"released"' in line)
    late = rest.pop(moved)
    path = tmp_path / "moved.jsonl"
    path.write_text("\n".join([head, *rest, late]) + "\n")
    ran = command(
        "replay", path, "--grouped", "--format", "jsonl", "--out", "found.jsonl", cwd=tmp_path
    )
    assert ran.returncode == 2
    record = json.loads(late)["record"]
    assert (
        f"moved.jsonl:{len(rest) + 2}: record 99/{record} belongs to a detention that" in ran.stderr
    )
    assert "Leave out --grouped, or sort the input" in ran.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"moved.jsonl", "quarantine.jsonl"}


def line(record: str, name: str, kind: str, **more: object) -> str:
    whole = {
        "id": name,
        "force": "44",
        "record": record,
        "kind": kind,
        "at": "2024-06-10T13:00:00Z",
    }
    return json.dumps({**whole, **more})


@pytest.mark.parametrize(
    "last",
    [
        line("A", "e3", "checked"),
        line("C", "e3", "transferred_in", attrs={"continues": "44/A"}),
        line("C", "e3", "checked", detention_id="X"),
        line("B", "e3", "checked", detention_id="X"),
    ],
    ids=["record", "continues", "detention_id", "joined-afterwards"],
)
def test_whatever_joins_an_entry_to_what_came_before_is_noticed(last: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(
        "\n".join([line("A", "e1", "arrived", detention_id="X"), line("B", "e2", "arrived"), last])
    )
    with pytest.raises(RecordError, match=r"r\.jsonl:3: record 44/. belongs to a detention"):
        judged([str(path)], "jsonl", grouped=True)


def test_records_of_one_detention_side_by_side_are_one(tmp_path: Path) -> None:
    story = next(SAMPLES.glob("T15b_*.jsonl"))
    found, tally, _ = judged([str(story)], "jsonl", grouped=True, part=1)
    assert tally.detentions == 1
    assert (found, tally) == judged([str(story)], "jsonl", grouped=False)[:2]


def test_names_seen_are_a_set(tmp_path: Path) -> None:
    random = Random(4)
    seen, plain = NamesSeen(), set[str]()
    for _ in range(60_000):
        name = f"44/{random.randrange(200_000)}"
        plain.add(name)
        seen.add([name])
    assert all(name in seen for name in plain)
    assert not any(f"44/{number}" in seen for number in range(200_000, 260_000))
    assert sum(f"44/{number}" in seen for number in range(200_000)) == len(plain)


def test_an_id_that_an_earlier_detention_used_is_set_aside_as_without_the_option(
    tmp_path: Path,
) -> None:
    """The third detention uses an id of the first, the second one of its own twice alike."""
    path = tmp_path / "r.jsonl"
    path.write_text(
        "\n".join(
            [
                line("A", "e1", "arrived", attrs={"dob": "2010-01-01"}),
                line("A", "e2", "detention_authorised"),
                line("B", "e3", "arrived", attrs={"dob": "2010-01-01"}),
                line("B", "e3", "arrived", attrs={"dob": "2010-01-01"}),
                line("C", "e4", "arrived", attrs={"dob": "2010-01-01"}),
                line("C", "e2", "detention_authorised"),
            ]
        )
    )
    found, tally, told = judged([str(path)], "jsonl", grouped=True, part=1)
    plain, counted, _ = judged([str(path)], "jsonl", grouped=False)

    assert (found, tally) == (plain, counted)
    [(place, reason)] = told
    assert place == "r.jsonl:6"
    assert "id e2 was used before for another entry (in a detention before this one)" in reason


def test_ids_used_are_a_set() -> None:
    random = Random(4)
    plain = {random.randrange(-(2**63), 2**63) for _ in range(40_000)} | {0}
    used = IdsUsed()
    for start in range(0, len(plain), 1_000):
        used.add([*plain][start : start + 1_000])

    assert all(each in used for each in plain)
    assert not any(random.randrange(-(2**63), 2**63) in used for _ in range(40_000))


def test_grouped_keeps_nothing_to_resume(tmp_path: Path) -> None:
    ran = command("replay", STORIES[0], "--grouped", "--resume", "--out", "x", cwd=tmp_path)
    assert ran.returncode == 2
    assert "--grouped keeps nothing on disk" in ran.stderr
