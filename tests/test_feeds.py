"""Following files that grow: every way in which a file may be changed under our hands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.live.feeds import Feed, Folder, FollowedFile, StandardInput, health
from detention_monitor.live.intake import ingest, positions
from detention_monitor.live.run import feeds_for
from detention_monitor.live.store import Store
from detention_monitor.recordfiles import LONGEST_LINE
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import SetAside
from detention_monitor.vocabulary import Vocabulary
from tests.live import START, column, line

ENDED = b"\n"


@pytest.fixture(scope="module")
def vocabulary(ruleset: RuleSet) -> Vocabulary:
    return ruleset.vocabulary


class Reader:
    """Polls a feed and keeps its last position, as the store does."""

    def __init__(self, path: Path, vocabulary: Vocabulary) -> None:
        self.path, self.vocabulary = path, vocabulary
        self.position = ""
        self.problem: str | None = None
        self.heartbeat: int | None = None
        self.feed = FollowedFile(path, vocabulary)
        self.now = START

    def restart(self) -> None:
        self.feed.close()
        self.feed = FollowedFile(self.path, self.vocabulary, self.position)

    def read(self) -> list[CustodyEvent | SetAside]:
        out: list[CustodyEvent | SetAside] = []
        for batch in self.feed.poll(self.now):
            out += [item for item, _ in batch.items]
            self.position, self.problem = batch.position, batch.problem
            self.heartbeat = batch.heartbeat_at or self.heartbeat
        return out

    def ids(self) -> list[str]:
        return [each.id if isinstance(each, CustodyEvent) else each.reason for each in self.read()]


@pytest.fixture
def reader(tmp_path: Path, vocabulary: Vocabulary) -> Iterator[Reader]:
    path = tmp_path / "custody.jsonl"
    path.write_bytes(b"")
    made = Reader(path, vocabulary)
    yield made
    made.feed.close()


def add(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_is_appended_is_given_once(reader: Reader) -> None:
    assert reader.ids() == []
    add(reader.path, line(1) + ENDED + line(2) + ENDED)
    assert reader.ids() == ["e1", "e2"]
    assert reader.ids() == []
    add(reader.path, ENDED + line(3) + b"\r\n")
    assert reader.ids() == ["e3"]
    reader.restart()
    assert reader.ids() == []
    add(reader.path, line(4) + ENDED)
    [entry] = reader.read()
    assert isinstance(entry, CustodyEvent)
    assert entry.origin == "custody.jsonl:5"


def test_a_half_written_line_waits_for_its_other_half(reader: Reader) -> None:
    whole = line(1) + ENDED
    for cut in range(1, len(whole) - 2, 7):
        add(reader.path, whole[:cut])
        assert reader.ids() == []
        reader.restart()
        assert reader.ids() == []
        add(reader.path, whole[cut:])
        assert reader.ids() == ["e1"]


def test_a_last_line_without_its_end_is_taken_once_it_is_whole(reader: Reader) -> None:
    add(reader.path, line(1))
    assert reader.ids() == ["e1"]
    reader.restart()
    add(reader.path, ENDED + line(2))
    assert reader.ids() == ["e2"]
    add(reader.path, ENDED)
    assert reader.ids() == []


def test_a_bad_line_is_set_aside_and_the_rest_goes_on(reader: Reader) -> None:
    add(reader.path, b"nonsense\n" + line(1, kind="arived") + ENDED + line(2) + ENDED)
    first, second, third = reader.read()
    assert isinstance(first, SetAside)
    assert isinstance(second, SetAside)
    assert (first.origin, second.origin) == ("custody.jsonl:1", "custody.jsonl:2")
    assert "did you mean" in second.reason
    assert isinstance(third, CustodyEvent)


def test_what_the_source_declares_outlives_a_restart(reader: Reader) -> None:
    add(reader.path, b'{"source": {"name": "hub", "zone": "Europe/London"}}\n')
    assert reader.ids() == []
    reader.restart()
    add(reader.path, line(1, at="2024-09-13T05:00:00") + ENDED)
    [(entry, source)] = [item for batch in reader.feed.poll(START) for item in batch.items]
    assert isinstance(entry, CustodyEvent)
    assert (entry.at, source.name) == (START, "hub")


WRONG = b'{"source": {"name": "Extract", "zone": "Mars/Olympus", "not_carried": ["aa_left"]}}\n'
RIGHT = b'{"source": {"name": "Extract", "zone": "Europe/London", "not_carried": ["aa_left"]}}\n'


def test_after_a_declaration_that_cannot_be_read_nothing_is_taken(reader: Reader) -> None:
    """As in a replay: what the source does not carry would be taken for a breach."""
    with reader.path.open("ab", buffering=0) as file:
        file.write(WRONG + line(1) + ENDED)
        told, entry = reader.ids()
        assert "Mars/Olympus" in told
        assert entry == "what its source declares cannot be read (custody.jsonl:1)"
        assert reader.problem is not None
        assert "custody.jsonl:1: no time zone is called 'Mars/Olympus'" in reader.problem
        reader.restart()
        file.write(line(2) + ENDED)
        assert reader.ids() == [entry]
        assert reader.problem is not None
        file.write(RIGHT + line(1) + ENDED + line(2) + ENDED)
        assert reader.ids() == ["e1", "e2"]
        assert reader.problem is None


def test_of_a_folder_the_file_with_a_wrong_declaration_may_be_taken_away(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    (tmp_path / "a.jsonl").write_bytes(WRONG + line(1) + ENDED)
    feed, told, positions = Folder(tmp_path, vocabulary, {}), {}, {}
    for batch in feed.poll(START):
        told[batch.feed], positions[batch.feed] = batch.problem, batch.position
    assert "Mars/Olympus" in str(told[str(tmp_path / "a.jsonl")])
    (tmp_path / "a.jsonl").rename(tmp_path / "a.wrong")
    (tmp_path / "b.jsonl").write_bytes(RIGHT + line(1) + ENDED)
    taken = []
    for batch in Folder(tmp_path, vocabulary, positions).poll(START):
        told[batch.feed] = batch.problem
        taken += [each for each, _ in batch.items]
    assert set(told.values()) == {None}
    assert [each.id for each in taken if isinstance(each, CustodyEvent)] == ["e1"]


def test_a_file_cut_short_is_read_again(reader: Reader) -> None:
    add(reader.path, line(1) + ENDED + line(2) + ENDED)
    reader.read()
    reader.path.write_bytes(b"")  # copytruncate
    assert reader.ids() == []
    add(reader.path, line(3) + ENDED)
    assert reader.ids() == ["e3"]


def test_a_file_cut_short_and_grown_past_our_place_is_read_again(reader: Reader) -> None:
    add(reader.path, line(1) + ENDED)
    reader.read()
    reader.path.write_bytes(line(2) + ENDED + line(3) + ENDED + line(4) + ENDED)
    assert reader.ids() == ["e2", "e3", "e4"]
    reader.restart()
    reader.path.write_bytes(b"".join(line(n, record="CR-LONG") + ENDED for n in range(5, 9)))
    assert reader.ids() == ["e5", "e6", "e7", "e8"]


def test_a_rotated_file_is_read_to_its_end_first(reader: Reader) -> None:
    add(reader.path, line(1) + ENDED)
    assert reader.ids() == ["e1"]
    old = reader.path.with_name("custody.jsonl.1")
    reader.path.rename(old)
    add(old, line(2) + ENDED)
    reader.path.write_bytes(line(3) + ENDED)
    assert reader.ids() == ["e2", "e3"]


def test_the_writer_of_a_rotated_file_may_go_on_for_a_while(reader: Reader) -> None:
    writer = reader.path.open("ab", buffering=0)
    writer.write(line(1) + ENDED)
    reader.ids()
    reader.path.rename(reader.path.with_name("custody.jsonl.1"))
    reader.path.write_bytes(line(2) + ENDED)
    assert reader.ids() == ["e2"]
    writer.write(line(3) + ENDED)
    assert reader.ids() == ["e3"]
    reader.restart()
    writer.write(line(4)[:20])
    assert reader.ids() == []
    reader.now += 9
    assert reader.ids() == []
    reader.now += 1
    assert len(reader.feed._open) == 2
    [cut] = reader.read()
    assert isinstance(cut, SetAside)
    assert cut.reason.startswith("not JSON")
    assert len(reader.feed._open) == 1
    writer.close()


def test_rotated_while_we_did_not_run_it_is_found_again_by_what_it_is(reader: Reader) -> None:
    add(reader.path, line(1) + ENDED)
    reader.ids()
    reader.feed.close()
    add(reader.path, line(2) + ENDED)
    reader.path.rename(reader.path.with_name("custody.jsonl.1"))
    reader.path.write_bytes(line(3) + ENDED)
    reader.restart()
    assert reader.ids() == ["e2", "e3"]


def test_rotated_twice_while_we_did_not_run_nothing_is_lost(reader: Reader) -> None:
    """The file between has had the name only while nobody looked."""
    path = reader.path
    path.with_name("custody.jsonl.0").write_bytes(line(9) + ENDED)  # of before, read long ago
    os.utime(path.with_name("custody.jsonl.0"), (START - 9_000, START - 9_000))
    path.write_bytes(line(1) + ENDED)
    assert reader.ids() == ["e1"]
    with path.open("ab") as file:
        file.write(line(2) + ENDED)
    path.rename(path.with_name("custody.jsonl.1"))
    path.write_bytes(line(3) + ENDED)
    path.rename(path.with_name("custody.jsonl.2"))
    path.write_bytes(line(4) + ENDED)
    path.rename(path.with_name("custody.jsonl.3.gz"))  # as if packed by now
    path.write_bytes(line(5) + ENDED)
    reader.restart()
    packed, *found = reader.ids()
    assert packed.startswith("it was rotated and packed before it was read")
    assert found == ["e2", "e3", "e5"]
    reader.now += 60
    assert reader.ids() == []
    reader.restart()
    assert reader.ids() == []
    for old in ("custody.jsonl", "custody.jsonl.3.gz"):  # the one we held is taken away
        path.with_name(old).unlink()
    path.write_bytes(line(6) + ENDED)
    path.rename(path.with_name("custody.jsonl.4"))
    path.write_bytes(line(7) + ENDED)
    reader.restart()
    lost, *found = reader.ids()
    assert "what was added after byte" in lost
    assert found[-2:] == ["e6", "e7"]  # those before are read again, and passed over by the store


def test_replaced_while_we_did_not_run_it_says_what_may_be_lost(reader: Reader) -> None:
    add(reader.path, line(1) + ENDED)
    reader.ids()
    reader.feed.close()
    add(reader.path, line(2) + ENDED)
    new = reader.path.with_name("new")
    new.write_bytes(line(3) + ENDED)
    new.replace(reader.path)
    reader.restart()
    said, third = reader.ids()
    assert "the file was replaced while the monitor did not run" in said
    assert third == "e3"


def test_a_file_that_is_gone_is_a_problem_and_no_end(reader: Reader) -> None:
    reader.path.unlink()
    assert reader.ids() == []
    assert str(reader.problem) == "the file is not there"
    reader.path.write_bytes(line(1) + ENDED)
    assert reader.ids() == ["e1"]
    assert reader.problem is None


@pytest.mark.parametrize("length", [300_000, LONGEST_LINE, LONGEST_LINE + 1, 3_000_000])
def test_long_lines_neither_block_nor_fill_memory(reader: Reader, length: int) -> None:
    start, end = line(1)[:-1] + b', "attrs": {"offence": "', b'"}}'
    long = start + b"x" * (length - len(start) - len(end)) + end
    assert len(long) == length
    add(reader.path, long[: length // 2])
    assert reader.ids() == []
    add(reader.path, long[length // 2 :] + ENDED + line(2) + ENDED)
    first, second = reader.read()
    assert isinstance(first, SetAside)
    assert ("more than 1,000,000 bytes" in first.reason) == (length > LONGEST_LINE)
    assert len(first.line) <= 2_000
    assert isinstance(second, CustodyEvent)


def test_a_backlog_comes_in_parts_each_with_its_place(reader: Reader) -> None:
    add(reader.path, b"".join(line(n) + ENDED for n in range(5_000)))
    batches = list(reader.feed.poll(START))
    assert len(batches) > 2
    assert sum(len(batch.items) for batch in batches) == 5_000
    reader.position = batches[1].position
    reader.restart()
    left = sum(len(batch.items) for batch in batches[2:])
    assert len(reader.read()) == left


# --- heartbeats --------------------------------------------------------------------------------


def test_the_heartbeat_is_a_touched_file_or_a_line_and_never_an_entry(reader: Reader) -> None:
    add(reader.path, line(1) + ENDED)
    assert [str(reader.heartbeat) for _ in reader.read()] == ["None"]
    beat = Path(f"{reader.path}.heartbeat")
    beat.touch()
    os.utime(beat, (START - 100, START - 100))
    assert reader.read() == []
    assert reader.heartbeat == START - 100
    reader.now = START + 50
    add(reader.path, b'{"heartbeat": "2024-09-13T05:00:50+01:00"}\n')
    assert reader.read() == []
    assert reader.heartbeat == START + 50


def test_a_heartbeat_of_the_future_counts_as_now(reader: Reader) -> None:
    beat = Path(f"{reader.path}.heartbeat")
    beat.touch()
    os.utime(beat, (START + 10**6, START + 10**6))
    reader.read()
    assert reader.heartbeat == START


def test_the_health_of_a_feed_is_known_from_its_heartbeat_only() -> None:
    assert health(None, START, 60).word == "feed health unknown"
    assert health(START, START + 60, 60).word == "live"
    assert health(START, START + 61, 60).word == "stale"
    assert health(START, START + 61, 60).age == 61


# --- folders, standard input ---------------------------------------------------------------------


def ids(feed: Feed) -> list[str]:
    return [
        item.id if isinstance(item, CustodyEvent) else item.reason
        for batch in feed.poll(START)
        for item, _ in batch.items
    ]


def test_files_dropped_into_a_folder_are_read_by_name_and_may_grow(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    feed = Folder(tmp_path, vocabulary, {})
    assert ids(feed) == []
    (tmp_path / "b.jsonl").write_bytes(line(2) + ENDED)
    (tmp_path / "a.jsonl").write_bytes(line(1) + ENDED)
    (tmp_path / "note.txt").write_bytes(b"not for us")
    assert ids(feed) == ["e1", "e2"]
    add(tmp_path / "a.jsonl", line(3) + ENDED)
    assert ids(feed) == ["e3"]
    assert ids(feed) == []


def test_a_folder_is_read_on_where_it_was_left(tmp_path: Path, vocabulary: Vocabulary) -> None:
    (tmp_path / "a.jsonl").write_bytes(line(1) + ENDED)
    known = {}
    for batch in Folder(tmp_path, vocabulary, {}).poll(START):
        known[batch.feed] = batch.position
    add(tmp_path / "a.jsonl", line(2) + ENDED)
    assert ids(Folder(tmp_path, vocabulary, known)) == ["e2"]


def test_in_a_folder_too_a_half_written_line_waits_and_a_file_cut_short_is_read_again(
    store: Store, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    path = folder / "a.jsonl"
    feed = Folder(folder, vocabulary, {})
    half = len(line(2)) // 2

    def take(now: int = START) -> list[str]:
        for batch in feed.poll(now):
            ingest(store, batch, now)
        return column(store, "entry", "id")

    path.write_bytes(line(1) + ENDED + line(2)[:half])
    assert take() == ["e1"]
    add(path, line(2)[half:] + ENDED)
    assert take() == ["e1", "e2"]
    path.write_bytes(line(3) + ENDED)  # shorter than what was read
    assert take() == ["e1", "e2", "e3"]
    path.write_bytes(line(4) + ENDED + line(5) + ENDED + line(6) + ENDED)  # and longer
    assert take() == ["e1", "e2", "e3", "e4", "e5", "e6"]
    # rotated while its last line is half written: the writer ends it in the old file
    add(path, line(7)[:half])
    assert len(take()) == 6
    path.rename(folder / "a.jsonl.1")
    path.write_bytes(line(8) + ENDED)
    assert take()[6:] == ["e8"]
    add(folder / "a.jsonl.1", line(7)[half:] + ENDED)
    assert take(START + 9)[6:] == ["e8", "e7"]
    assert take(START + 20)[6:] == ["e8", "e7"]
    assert column(store, "set_aside", "reason") == []
    feed = Folder(folder, vocabulary, positions(store))
    assert take(START + 30)[6:] == ["e8", "e7"]


def test_a_file_whose_name_is_no_text_is_read_too(
    store: Store, tmp_path: Path, vocabulary: Vocabulary
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jsonl")).write_bytes(line(1) + ENDED + b"no\n")
    for batch in Folder(folder, vocabulary, {}).poll(START):
        ingest(store, batch, START)
    assert column(store, "entry", "id") == ["e1"]
    assert column(store, "set_aside", "origin") == ["\\xff.jsonl:2"]
    assert ids(Folder(folder, vocabulary, positions(store))) == []


def test_a_packed_file_in_a_folder_is_named_not_passed_over(
    tmp_path: Path, vocabulary: Vocabulary
) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(b"")
    [batch] = Folder(tmp_path, vocabulary, {}).poll(START)
    assert batch.problem == "a.jsonl.gz is not read here; unpack it to .jsonl (see `import`)"


def test_standard_input_is_read_as_it_comes_and_given_again_if_it_was_not_stored(
    vocabulary: Vocabulary,
) -> None:
    out, into = os.pipe()
    feed = StandardInput(vocabulary, out)
    assert ids(feed) == []
    os.write(into, line(1) + ENDED + line(2)[:9])
    with pytest.raises(StopIteration):
        _refuse(feed)
    assert ids(feed) == ["e1"]
    os.write(into, line(2)[9:])
    os.close(into)
    assert ids(feed) == ["e2"]
    assert feed.descriptor() is None
    os.close(out)


def _refuse(feed: Feed) -> None:
    """Take one batch and fail before it is stored."""
    for batch in feed.poll(START):
        assert [item.id for item, _ in batch.items if isinstance(item, CustodyEvent)] == ["e1"]
        raise StopIteration


def test_a_path_that_is_not_there_is_said_at_once(tmp_path: Path, vocabulary: Vocabulary) -> None:
    with pytest.raises(RecordError, match="no such file or folder"):
        feeds_for([str(tmp_path / "none.jsonl")], vocabulary, {})
