"""The live monitor from a growing file to alerts that any screen can read."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event, Thread

import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.live.acts import Held, Person, acknowledge, give_reason, shelve
from detention_monitor.live.escalation import Escalator
from detention_monitor.live.intake import entries, ingest, positions
from detention_monitor.live.log import verify
from detention_monitor.live.may_act import ActError
from detention_monitor.live.monitor import Monitor
from detention_monitor.live.projection import Projector, rebuild
from detention_monitor.live.reading import StoredAssessments, feeds
from detention_monitor.live.run import accompanied, feeds_for
from detention_monitor.live.store import Store, StoreError
from detention_monitor.live.worker import InProcess, Worker
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.times import parse_instant
from tests.conftest import ROOT, SAMPLES, emptied
from tests.live import column, line, rows, until
from tests.postgres import Server

WHO = Person("Smith", verified=True, host="desk-1")
PROJECTED = ("assessment", "finding", "alert")


class Live:
    """A monitor over a file, by a clock that the test moves."""

    def __init__(self, store: Store, path: Path, ruleset: RuleSet, durable: DurableBackend) -> None:
        self.escalator: Escalator | None = None
        self.store, self.path, self.ruleset = store, path, ruleset
        self.judge = InProcess(ruleset, durable)
        self.now = 0
        self.said: list[str] = []
        path.touch()
        self.start()

    def start(self) -> None:
        self.monitor = Monitor(
            self.store,
            lambda: feeds_for([str(self.path)], self.ruleset.vocabulary, positions(self.store)),
            self.ruleset,
            self.judge,
            say=self.said.append,
            clock=lambda: self.now,
            escalator=self.escalator,
        )

    def at(self, local: str) -> None:
        """Let the clock come to a time in London, and the monitor see it."""
        self.now = parse_instant(local, "Europe/London")[0]
        self.monitor.step()

    def write(self, *lines: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(b"".join(each + b"\n" for each in lines))

    def play(self, lines: Sequence[bytes]) -> None:
        """Let entries arrive one by one when they were recorded."""
        for each in sorted(lines, key=_recorded):
            self.write(each)
            self.at(_recorded(each))


def _recorded(entry: bytes) -> str:
    raw = json.loads(entry)
    return str(raw.get("recorded_at", raw["at"]))


def _dicts(store: Store) -> list[dict[str, object]]:
    from detention_monitor.live.reading import alerts

    return [dict(row) for row in alerts(store)]


@pytest.fixture
def live(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Live:
    return Live(store, tmp_path / "custody.jsonl", ruleset, durable)


def story(name: str, most: int = 10**6) -> list[bytes]:
    """Return the lines of a story, of its first records only."""
    lines = (SAMPLES / f"{name}.jsonl").read_bytes().splitlines()
    records = list(dict.fromkeys(json.loads(each)["record"] for each in lines))[:most]
    return [each for each in lines if json.loads(each)["record"] in records]


BOOKED_IN = [
    line(
        1, id="a", at="2025-06-10T08:00:00+01:00", recorded_at="2025-06-10T08:00:00+01:00",
        attrs={"dob": "2009-03-01", "station": "Leamington"},
    ),
    line(
        2, id="b", kind="detention_authorised", at="2025-06-10T08:00:00+01:00",
        recorded_at="2025-06-10T08:00:00+01:00",
    ),
]  # fmt: skip
"""A child whose detention is authorised at 08:00: the first review is due at 14:00."""


def review(at: str, number: int = 1) -> bytes:
    return line(
        number, kind="review_held", at=at, by={"rank": "inspector", "role": "review_officer"},
        attrs={"mode": "in_person", "asleep": False},
    )  # fmt: skip


def first_review(live: Live) -> str | None:
    """Return the state of the alert about the first review."""
    found = [row["state"] for row in _dicts(live.store) if row["duty"] == "D01"]
    assert len(found) <= 1
    return str(found[0]) if found else None


# --- from entry to alert -----------------------------------------------------------------------


def test_the_life_of_an_alert_by_the_clock_alone(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T08:01")
    assert column(live.store, "entry", "id") == ["a", "b"]
    assert first_review(live) is None
    live.at("2025-06-10T13:59:59")
    assert first_review(live) == "pending"
    live.at("2025-06-10T14:00:00")
    assert first_review(live) == "pending"
    live.at("2025-06-10T14:00:01")
    assert first_review(live) == "due_not_yet_recorded"
    live.at("2025-06-10T14:15:00")
    assert first_review(live) == "due_not_yet_recorded"
    live.at("2025-06-10T14:15:01")
    assert first_review(live) == "new"
    live.write(review("2025-06-10T13:50:00+01:00"))
    live.at("2025-06-10T14:20:00")
    assert first_review(live) == "withdrawn"
    [late] = [row["recorded_late"] for row in _dicts(live.store) if row["duty"] == "D01"]
    assert late == 30


def test_each_alert_carries_the_rules_by_which_it_was_found(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T15:00")
    assert set(column(live.store, "alert", "ruleset")) == {live.ruleset.hash}


def test_what_is_stored_is_what_assess_says(live: Live, durable: DurableBackend) -> None:
    lines = story("busy_day", 4)
    live.play(lines)
    shown = StoredAssessments(live.store)
    shown.advance()
    with live.store.read() as connection:
        kept = [each.entry for each in entries(connection)]
    assert len(kept) == len(lines)
    expected = {
        each.id: assess(each, live.ruleset, live.now, backend=durable)
        for each in detentions_of(kept)
    }
    assert {each.detention for each in shown.assessments()} == set(expected)
    for each in shown.assessments():
        assert each.findings == expected[each.detention].findings


def projections(store: Store) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows(store, table) for table in PROJECTED}


@pytest.mark.parametrize("name", ["busy_day", "T06_transfer_between_forces", "T18_age_corrected"])
def test_a_monitor_that_slept_comes_to_what_one_that_watched_knows(
    live: Live, name: str, ruleset: RuleSet, durable: DurableBackend
) -> None:
    live.play(story(name, 4))
    watched = projections(live.store)
    assert watched["alert"]
    rebuild(live.store, ruleset, live.judge, live.now)
    assert projections(live.store) == watched


def test_when_the_monitor_wakes_makes_no_difference(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    found = []
    for name, minutes in (("each", range(8 * 60, 20 * 60)), ("once", [8 * 60, 20 * 60 - 1])):
        store = Store.open(str(tmp_path / f"{name}.db"))
        live = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
        live.path.write_bytes(b"".join(each + b"\n" for each in BOOKED_IN))
        for minute in minutes:
            live.at(f"2025-06-10T{minute // 60:02}:{minute % 60:02}:00")
        found.append(projections(store))
        store.close()
    assert found[0] == found[1]


def test_records_that_turn_out_to_belong_together_become_one(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T15:00")
    before = set(column(live.store, "alert", "key"))
    assert column(live.store, "assessment", "detention") == ["44/CR-1"]
    live.write(line(9, record="CR-1", detention_id="D-7", kind="aa_contacted",
                    at="2025-06-10T15:01:00+01:00", attrs={"result": "agreed"}))  # fmt: skip
    live.at("2025-06-10T15:02")
    assert column(live.store, "assessment", "detention") == ["D-7"]
    states = {row["key"]: row["state"] for row in _dicts(live.store)}
    assert {states[key] for key in before} <= {"withdrawn", "past_unseen", "closed"}
    whole = projections(live.store)
    rebuild(live.store, live.ruleset, live.judge, live.now)
    assert projections(live.store) == whole


def test_two_writes_in_one_second_are_one_state(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:30")
    live.write(review("2025-06-10T14:10:00+01:00"))
    live.at("2025-06-10T14:30")
    live.write(line(2, kind="review_held", at="2025-06-10T14:10:00+01:00", withdraws="e1"))
    live.at("2025-06-10T14:30")
    watched = projections(live.store)
    assert first_review(live) == "new"
    rebuild(live.store, live.ruleset, live.judge, live.now)
    assert projections(live.store) == watched


def test_other_rules_make_the_projections_anew_and_log_what_differs(
    live: Live, tmp_path: Path, durable: DurableBackend
) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:10")
    assert first_review(live) == "due_not_yet_recorded"
    logged = len(rows(live.store, "log"))
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  recording_grace:\n    values: {2012-07-10: 5m}\n"
    )
    from detention_monitor.rulefile import load_rules

    live.ruleset = load_rules(ROOT / "rules", policy)
    live.judge = InProcess(live.ruleset)
    live.start()
    live.monitor.step()
    assert first_review(live) == "new"
    news = [json.loads(body) for body in column(live.store, "log", "body")[logged:]]
    assert ("due_not_yet_recorded", "new") in [(each["from"], each["to"]) for each in news]
    assert all(each["from"] != each["to"] for each in news)
    assert set(column(live.store, "alert", "ruleset")) == {live.ruleset.hash}


# --- acts --------------------------------------------------------------------------------------


def the_review(live: Live) -> Held:
    [row] = [row for row in _dicts(live.store) if row["duty"] == "D01"]
    return Held(str(row["key"]), row["raised_at"])  # type: ignore[arg-type]


def test_acts_are_taken_by_the_monitor_and_survive_a_rebuild(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    expected = live.now + 600
    acknowledge(live.store, the_review(live), WHO, live.now, reason="on my way", until=expected)
    live.at("2025-06-10T14:15:02")
    assert first_review(live) == "acknowledged"
    live.at("2025-06-10T14:25:01")
    assert first_review(live) == "acknowledged"
    live.at("2025-06-10T14:25:02")
    assert first_review(live) == "new"
    live.write(review("2025-06-10T14:28:00+01:00"))
    live.at("2025-06-10T14:29:00")
    assert first_review(live) == "missed"
    give_reason(live.store, the_review(live), WHO, live.now, "no inspector free")
    live.at("2025-06-10T14:29:01")
    assert first_review(live) == "closed"
    whole, acts = projections(live.store), rows(live.store, "log")
    rebuild(live.store, live.ruleset, live.judge, live.now)
    assert projections(live.store) == whole
    assert rows(live.store, "log") == acts
    assert verify(live.store).broken_at is None


def test_an_act_never_applies_to_an_alert_that_arrived_in_that_moment(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:00")
    held = the_review(live)  # what is on the screen: due, not yet recorded
    live.at("2025-06-10T14:15:01")
    with pytest.raises(ActError, match="raised again since it was shown"):
        acknowledge(live.store, held, WHO, live.now)
    assert first_review(live) == "new"


def test_an_act_by_a_clock_ahead_of_ours_counts_once_its_time_has_come(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    acknowledge(live.store, the_review(live), WHO, live.now + 5)
    live.at("2025-06-10T14:15:05")
    assert first_review(live) == "new"
    live.at("2025-06-10T14:15:06")
    assert first_review(live) == "acknowledged"


def test_what_is_no_act_is_refused(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T13:30:00")
    held = the_review(live)
    due = parse_instant("2025-06-10T14:00:00", "Europe/London")[0]
    with pytest.raises(ActError, match="put it aside until Tue 10 Jun 2025 13:50 BST"):
        shelve(live.store, held, WHO, live.now, "busy", due - 599)
    with pytest.raises(ActError, match="a reason is needed"):
        shelve(live.store, held, WHO, live.now, " ", due - 600)
    with pytest.raises(ActError, match="give a time to come"):
        acknowledge(live.store, held, WHO, live.now, until=live.now)
    with pytest.raises(ActError, match="no alert has the key"):
        give_reason(live.store, Held("none", None), WHO, live.now, "why")
    shelve(live.store, held, WHO, live.now, "busy", due - 600)
    live.at("2025-06-10T13:30:01")
    assert first_review(live) == "shelved"
    live.at("2025-06-10T13:50:00")
    assert first_review(live) == "pending"
    live.at("2025-06-10T14:15:01")
    with pytest.raises(ActError, match="a missed deadline cannot be put aside"):
        shelve(live.store, the_review(live), WHO, live.now, "busy", live.now + 60)


def test_verify_says_where_the_log_was_changed(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    store = Store.open(str(tmp_path / "store.db"))
    live = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    give_reason(store, the_review(live), WHO, live.now, "no inspector free")
    live.at("2025-06-10T14:16")
    count = verify(store).rows
    assert count > 2
    store.close()
    whole = subprocess.run(
        command("verify", "--db", str(tmp_path / "store.db")),
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert whole.stdout.startswith(f"{count} rows, unbroken; the last digest is ")

    def forged(statement: str) -> str:
        copy = tmp_path / "copy.db"
        copy.unlink(missing_ok=True)
        source, target = sqlite3.connect(tmp_path / "store.db"), sqlite3.connect(copy)
        source.backup(target)
        for trigger in ("log_no_update", "log_no_delete", "entry_no_update", "entry_no_delete"):
            target.execute(f"DROP TRIGGER {trigger}")
        assert target.execute(statement).rowcount == 1
        target.commit()
        source.close()
        target.close()
        opened = Store.open(str(copy))
        why = verify(opened).why
        opened.close()
        return why

    taken_out = forged("UPDATE log SET body = NULL WHERE seq = 2")
    assert taken_out == "row 2: its text was taken out, and no row says why"
    changed = forged("UPDATE log SET body = replace(body, 'free', 'busy') WHERE what = 'reason'")
    assert changed.endswith("its text was changed")
    assert forged("UPDATE log SET at = 1 WHERE seq = 2").startswith("row 2: it or a row before")
    assert forged("DELETE FROM log WHERE seq = 2") == "row 2 is not there"
    said = forged("UPDATE entry SET body = replace(body, '2009', '2005') WHERE seq = 1")
    assert said == "entry 1: what it says was changed"
    assert forged("UPDATE entry SET received_at = 1 WHERE seq = 2").startswith("entry 2: it or an")
    assert forged("DELETE FROM entry WHERE seq = 1") == "entry 1 is not there"
    erased = forged("UPDATE entry SET erased_by = 1, body = '' WHERE seq = 2")
    assert erased == "entry 2 was erased, and no row of the log says so"


# --- what fails --------------------------------------------------------------------------------


def test_a_worker_that_dies_is_started_again_and_one_that_dies_twice_is_replaced(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    read = [got for got, _ in read_entries([str(SAMPLES / "busy_day.jsonl")], ruleset.vocabulary)]
    first, second, *_ = detentions_of(each for each in read if isinstance(each, CustodyEvent))
    said: list[str] = []
    worker = Worker(ruleset, said.append)
    try:
        expected = assess(first, ruleset, end_of(first, ruleset), backend=durable)
        assert worker(first, end_of(first, ruleset)).findings == expected.findings
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        assert worker(first, end_of(first, ruleset)).findings == expected.findings
        assert said == [f"the engine's process died or hung on {first.id} (1 of 2)"]
        worst = _Deadly(second.id, second.entries)
        by_reference = assess(
            second, ruleset, end_of(second, ruleset), backend=ReferenceBackend(ruleset.plan)
        )
        result = worker(worst, end_of(second, ruleset))
        assert (worker.deaths, result.judged_by) == (3, "reference")
        assert said[-1].startswith(f"{second.id}: judged by the reference interpreter")
        assert result.findings == by_reference.findings
        assert worker(first, end_of(first, ruleset)).judged_by == "durable_rules"
    finally:
        worker.close()


class _Deadly(Detention, frozen=True, gc=False):
    """A detention on which the worker's process dies, as it does when the C engine crashes."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (139,)


def test_a_store_that_goes_away_loses_nothing(
    postgres: Server, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    store = Store.open(emptied(postgres))
    live = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
    live.now = parse_instant("2025-06-10T14:15:01+01:00")[0]
    stop = Event()

    def alone() -> None:
        with store.alone():
            live.monitor.run(stop)

    running = Thread(target=alone)
    running.start()
    other = Store.open(postgres.url())
    try:
        live.write(BOOKED_IN[0])
        until(lambda: len(column(store, "entry", "id")) == 1, "the first entry")
        postgres.stop()
        live.write(BOOKED_IN[1])
        until(lambda: any("trying again" in each for each in live.said), "a word about it")
        postgres.start()
        until(lambda: any("answers again" in each for each in live.said), "a word that it is back")
        until(lambda: len(column(store, "entry", "id")) == 2, "the second entry")
        with pytest.raises(StoreError, match="another monitor"), other.alone():
            pass
    finally:
        stop.set()
        running.join()
        other.close()
        store.close()


# --- killed at any moment ------------------------------------------------------------------------


def test_killed_a_hundred_times_it_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    path, db = tmp_path / "custody.jsonl", tmp_path / "store.db"
    path.touch()
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", str(db), str(path), "110"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["killed"] >= 100
    assert told["at_work"] >= 60, told  # most died between the first write and the last
    store = Store.open(str(db))
    written = [json.loads(each)["id"] for each in path.read_bytes().splitlines()]
    assert column(store, "entry", "id") == written
    assert len(set(written)) == len(written)
    assert rows(store, "set_aside") == []
    store.close()


# --- the command line and the board --------------------------------------------------------------


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "detention_monitor", *arguments]


def test_the_command_follows_a_file_until_it_is_told_to_stop(tmp_path: Path) -> None:
    path, db = tmp_path / "custody.jsonl", tmp_path / "store.db"
    path.touch()
    running = subprocess.Popen(
        command("monitor", "--db", str(db), "--follow", str(path)), stderr=subprocess.PIPE, cwd=ROOT
    )
    try:
        until(db.exists, "the store")
        with path.open("ab") as file:
            file.write(b"".join(each + b"\n" for each in story("T16_not_a_review")))
        until(lambda: _has_alerts(db), "an alert", 60)
    finally:
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=30)
    assert running.returncode == 0
    stored = f"{len(story('T16_not_a_review'))} entries stored, 0 known, 0 set aside"
    assert stored.encode() in told


def test_killed_it_leaves_no_process_behind(tmp_path: Path) -> None:
    path, db = tmp_path / "custody.jsonl", tmp_path / "store.db"
    path.write_bytes(b"".join(each + b"\n" for each in BOOKED_IN))
    running = subprocess.Popen(
        command("monitor", "--db", str(db), "--follow", str(path)),
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        until(lambda: _has_alerts(db), "an alert", 60)
        children = _children(running.pid)
        assert children
    finally:
        running.kill()
        running.wait()
    until(lambda: not any(map(_runs, children)), "the end of its processes")


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return ["X", "0"]


def _runs(pid: int) -> bool:
    return _stat(pid)[0] not in ("X", "Z")


def _children(parent: int) -> list[int]:
    pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    return [pid for pid in pids if _stat(pid)[1] == str(parent)]


def test_the_board_can_run_its_own_monitor(tmp_path: Path, ruleset: RuleSet) -> None:
    path, db = tmp_path / "custody.jsonl", tmp_path / "store.db"
    path.write_bytes(b"".join(each + b"\n" for each in BOOKED_IN))
    with accompanied(str(db), ruleset.vocabulary, [str(path)]):
        store = Store.open(str(db), create=False)
        shown = StoredAssessments(store)

        def comes() -> bool:
            shown.advance()
            return [each.detention for each in shown.assessments()] == ["44/CR-1"]

        until(comes, "the detention", 60)
        store.close()
    left = Store.open(str(db))
    with left.alone():
        pass
    left.close()


def _has_alerts(db: Path) -> bool:
    if not db.exists():
        return False
    connection = sqlite3.connect(db)
    try:
        [(count,)] = connection.execute("SELECT count(*) FROM alert")
        return bool(count)
    except sqlite3.OperationalError:  # its tables are not made yet
        return False
    finally:
        connection.close()


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("monitor", "--follow", "x.jsonl"), "--db names the store"),
        (("monitor", "--db", "s.db", "--follow", "none.jsonl"), "no such file or folder"),
        (("verify", "--db", "none.db"), "no store here"),
        (("watch",), "name the store that a monitor keeps"),
    ],
)
def test_what_is_missing_is_said_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command(*arguments), cwd=tmp_path, env=environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_feed_that_gives_no_sign_of_life_is_said_and_one_that_never_did_is_not(
    live: Live, ruleset: RuleSet
) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T08:00:00")
    shown = StoredAssessments(live.store)
    shown.advance()
    assert [each.health.word for each in feeds(live.store, live.now)] == ["feed health unknown"]
    assert shown.warning(live.now) is None
    live.write(b'{"heartbeat": "2025-06-10T08:00:00+01:00"}')
    live.at("2025-06-10T08:00:01")
    live.at("2025-06-10T08:01:01")
    shown.advance()
    assert shown.warning(live.now) is None
    live.at("2025-06-10T08:01:02")
    assert shown.warning(live.now) == "custody.jsonl gives no sign of life for 61 s"
    live.path.unlink()
    live.at("2025-06-10T08:01:03")
    assert shown.warning(live.now) == "custody.jsonl: the file is not there"


def _today(entry: bytes, now: int) -> bytes:
    from detention_monitor.times import rfc3339

    raw = json.loads(entry)
    raw |= {"at": rfc3339(now - 600), "recorded_at": rfc3339(now - 600)}
    if "attrs" in raw:
        raw["attrs"] = {"dob": f"{int(rfc3339(now)[:4]) - 17}-12-31"}
    return json.dumps(raw).encode()


def test_an_entry_stored_but_not_yet_assessed_is_assessed_at_the_next_start(
    live: Live, ruleset: RuleSet
) -> None:
    live.write(*BOOKED_IN)
    live.now = parse_instant("2025-06-10T15:00:00+01:00")[0]
    for batch in feeds_for([str(live.path)], ruleset.vocabulary, {})[0].poll(live.now):
        ingest(live.store, batch, live.now)
    assert rows(live.store, "assessment") == []
    Projector(live.store, ruleset, live.judge).settle(live.now)
    assert column(live.store, "assessment", "detention") == ["44/CR-1"]
