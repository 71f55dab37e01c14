"""Rules take over while children are in custody: whole or not at all, in a monitor that runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from detention_monitor.durable import DurableBackend
from detention_monitor.live.acts import Held, acknowledge
from detention_monitor.live.kept_rules import keep, last_kept
from detention_monitor.live.log import verify
from detention_monitor.live.reading import StoredAssessments, alerts, publications
from detention_monitor.live.reload import Outcome, Reloader
from detention_monitor.live.store import Store, StoreError
from detention_monitor.live.worker import InProcess
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.times import rfc3339
from tests.conftest import ROOT, RULES
from tests.live import column, line, rows, until
from tests.test_monitor import BOOKED_IN, WHO, Live, story

POLICY = "format: custody-policy/1\nparameters:\n  aa_amber: {{values: {{2012-07-10: {}}}}}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of few rule files that stand by themselves, so that a trial is short."""
    made = tmp_path / "rules"
    made.mkdir()
    for name in ("vocabulary", "parameters", "wording", "ranks", "adult", "extensions", "reviews"):
        shutil.copy(RULES / f"{name}.yaml", made)
    return made


def policy(path: Path, amber: str) -> Path:
    path.write_text(POLICY.format(amber))
    return path


# --- what takes over -----------------------------------------------------------------------------


@pytest.fixture
def live(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Live:
    return Live(store, tmp_path / "custody.jsonl", ruleset, durable)


def the(live: Live, rule: str) -> dict[str, object]:
    [row] = [dict(row) for row in alerts(live.store) if row["rule"] == rule]
    return row


def told(live: Live, what: str) -> list[dict[str, object]]:
    return [json.loads(row[4]) for row in rows(live.store, "log") if row[2] == what]


def test_open_detentions_are_judged_again_at_once_and_what_was_done_stays(
    live: Live, tmp_path: Path
) -> None:
    live.write(*story("busy_day", 3), *BOOKED_IN)  # those of the busy day have left
    live.at("2025-06-10T09:30:00")
    for row in alerts(live.store):
        if row["rule"] == "D14-documents-not-noted" and row["detention"] == "44/CR-1":
            acknowledge(live.store, Held(row["key"], row["raised_at"]), WHO, live.now)
    live.at("2025-06-10T09:45:00")
    history = {(row[0], row[1]): row for row in rows(live.store, "finding")}
    new = load_rules(RULES, policy(tmp_path / "policy.yaml", "90m"))
    live.at("2025-06-10T09:45:01")
    effect = live.monitor._projector.adopt(new, InProcess(new), live.now)
    adult = [each for each in effect.rules() if each[0] == "B02-adult-present"]
    assert adult == [("B02-adult-present", 0, 0, 1)]
    assert (effect.old, effect.new) == (live.ruleset.hash, new.hash)
    [example] = [each for each in effect.examples if each["rule"] == "B02-adult-present"]
    assert example["before"]["status"] == "due_soon"
    assert example["after"]["status"] == "overdue"
    [row] = told(live, "rules")
    assert (row["from"], row["to"]) == (live.ruleset.hash, new.hash)
    assert {"rule": "B02-adult-present", "gained": 0, "lost": 0, "moved": 1} in row["rules"]  # type: ignore[operator]
    # who had taken something on still has it, and what was found before was found by the old rules
    mine = [row for row in alerts(live.store) if row["detention"] == "44/CR-1"]
    assert [row["state"] for row in mine if row["rule"] == "D14-documents-not-noted"] == [
        "acknowledged"
    ]
    assert {row["ruleset"] for row in mine} == {new.hash}
    after = {(row[0], row[1]): row for row in rows(live.store, "finding")}
    assert {place: after[place] for place in history} == history
    added = [row for place, row in after.items() if place not in history]
    assert {row[-1] for row in added} == {new.hash}
    by_detention = dict(
        zip(column(live.store, "assessment", "detention"),
            column(live.store, "assessment", "ruleset"), strict=True)
    )  # fmt: skip
    assert by_detention["44/CR-1"] == new.hash
    assert verify(live.store).broken_at is None


def test_what_cannot_be_written_leaves_the_old_rules_in_use(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T09:45:00")
    new = load_rules(RULES, policy(tmp_path / "policy.yaml", "90m"))
    before = rows(live.store, "alert"), rows(live.store, "log"), rows(live.store, "progress")
    live.monitor._projector._erasure = 7  # as if entries had been erased meanwhile
    monkeypatch.setattr(live.monitor._projector, "settle", lambda _: False)
    with pytest.raises(StoreError, match="erased meanwhile"):
        live.monitor._projector.adopt(new, InProcess(new), live.now)
    assert live.monitor._projector._by.ruleset is live.ruleset
    assert (
        rows(live.store, "alert"), rows(live.store, "log"), rows(live.store, "progress")
    ) == before  # fmt: skip


def test_a_monitor_that_starts_with_other_rules_takes_over_too(live: Live, tmp_path: Path) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T09:45:00")
    history = rows(live.store, "finding")
    live.ruleset = load_rules(RULES, policy(tmp_path / "policy.yaml", "90m"))
    live.judge = InProcess(live.ruleset)
    live.start()
    live.at("2025-06-10T09:45:01")
    assert the(live, "B02-adult-present")["ruleset"] == live.ruleset.hash
    assert rows(live.store, "finding")[: len(history)] != []
    assert [each["to"] for each in told(live, "rules")] == [live.ruleset.hash]
    assert any("B02-adult-present: 0 gained, 0 lost, 1 moved" in each for each in live.said)
    live.start()
    live.at("2025-06-10T09:45:02")
    assert len(told(live, "rules")) == 1  # once


def test_the_rules_in_use_are_kept_to_the_byte(live: Live, folder: Path, tmp_path: Path) -> None:
    own = policy(tmp_path / "vocabulary.yaml", "90m")  # a name that a rule file has too
    for path in (folder / "adult.yaml", own):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    used = load_rules(folder, own)
    assert last_kept(live.store) is None
    assert keep(live.store, used, folder, own, 5)
    assert keep(live.store, used, folder, own, 6)
    live.ruleset, live.judge = used, InProcess(used)
    live.start()
    live.at("2025-06-10T09:00")
    again = last_kept(live.store)
    assert again is not None
    assert again.hash == used.hash
    assert again.parameters.value("aa_amber", live.now) == 5_400
    assert column(live.store, "ruleset", "kept_at") == [5]
    (folder / "adult.yaml").write_text("changed since")
    other = load_rules(RULES)
    assert not keep(live.store, other, folder, own, 7)
    assert column(live.store, "ruleset", "hash") == [used.hash]


def test_a_list_of_what_is_not_judged_does_not_keep_the_rules_from_being_kept(
    live: Live, folder: Path
) -> None:
    (folder / "not_judged.yaml").write_bytes(b"\xff\xfe\x00")

    assert keep(live.store, load_rules(folder), folder, None, 5)


# --- the trial -----------------------------------------------------------------------------------


def outcome(reloader: Reloader) -> Outcome:
    found: list[Outcome] = []

    def comes() -> bool:
        got = reloader.poll()
        if got is not None:
            found.append(got)
        return got is not None

    until(comes, "the trial", 170)
    return found[0]


@pytest.fixture
def reloader(folder: Path, tmp_path: Path) -> Iterator[Reloader]:
    made = Reloader(folder, policy(tmp_path / "policy.yaml", "90m"))
    yield made
    made.close()


def test_files_left_alone_are_not_tried(reloader: Reloader) -> None:
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        assert reloader.poll() is None
        assert reloader._trial is None
        time.sleep(0.05)


def test_what_is_right_comes_as_the_very_set_that_was_tried(
    reloader: Reloader, folder: Path, tmp_path: Path
) -> None:
    reloader.ask()
    got = outcome(reloader)
    assert (got.faults, got.asked) == ((), True)
    assert got.ruleset is not None
    assert got.ruleset.hash == load_rules(folder, tmp_path / "policy.yaml").hash


def test_what_is_changed_while_it_is_tried_is_tried_again(
    reloader: Reloader, folder: Path, tmp_path: Path
) -> None:
    reloader.ask()
    assert reloader.poll() is None
    first = reloader._trial
    assert first is not None
    path = folder / "reviews.yaml"
    path.write_text(path.read_text() + "\n# a remark\n")
    got = outcome(reloader)
    assert got.asked
    assert got.ruleset is not None
    assert got.ruleset.hash == load_rules(folder, tmp_path / "policy.yaml").hash


def test_an_engine_that_dies_on_the_rules_is_a_fault(reloader: Reloader) -> None:
    reloader.ask()
    reloader.poll()
    assert reloader._trial is not None
    assert reloader._trial._process.pid is not None
    os.kill(reloader._trial._process.pid, signal.SIGKILL)
    said = outcome(reloader).faults
    assert said == ("the engine ended on these rules (-9); take back the last change",)


def test_rules_that_take_too_long_are_a_fault(folder: Path) -> None:
    reloader = Reloader(folder, None, longest=0.2)
    reloader.ask()
    said = outcome(reloader).faults
    assert said == ("the rules were not tried within 0 seconds; take back the last change",)
    reloader.close()


# --- a monitor that runs -------------------------------------------------------------------------


class Running:
    """A monitor in a process of its own, over copies of the rules."""

    def __init__(self, tmp_path: Path, folder: Path) -> None:
        self.db, self.file = tmp_path / "store.db", tmp_path / "custody.jsonl"
        self.folder, self.policy = folder, policy(tmp_path / "policy.yaml", "2h")
        self.errors = tmp_path / "stderr"
        began = rfc3339(int(time.time()) - 6_000)  # 100 minutes ago
        for each in BOOKED_IN:
            self.write({**json.loads(each), "at": began, "recorded_at": began})
        self.errors.touch()
        self.start()
        until(lambda: "following" in self.said(), "the start", 90)
        self.store = Store.open(str(self.db))
        until(lambda: bool(alerts(self.store)), "alerts", 90)

    def start(self) -> None:
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "detention_monitor", "monitor", "--db", str(self.db),
                 "--follow", str(self.file), "--rules", str(self.folder), "--policy",
                 str(self.policy)],
                stderr=errors, cwd=ROOT,
            )  # fmt: skip

    def write(self, raw: dict[str, object]) -> None:
        with self.file.open("ab") as file:
            file.write(json.dumps(raw).encode() + b"\n")

    def said(self) -> str:
        return self.errors.read_text()

    def hash(self) -> str:
        [row] = rows(self.store, "progress")
        return str(row[4])

    def reload(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "detention_monitor", "monitor", "reload", "--db", str(self.db),
             "--wait", "170"],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.store.close()


@pytest.fixture
def running(tmp_path: Path, folder: Path) -> Iterator[Running]:
    made = Running(tmp_path, folder)
    yield made
    made.stop()
    assert made.process.returncode == 0
    assert "Traceback" not in made.said()


def test_a_running_monitor_loads_rules_whole_or_not_at_all(
    running: Running, ruleset: RuleSet
) -> None:
    first = running.hash()
    shown = StoredAssessments(running.store)

    def warning() -> str:
        shown.advance()
        return str(shown.warning(int(time.time())))

    # a file that is half written: the fault is on every screen, and the old rules go on
    path = running.folder / "reviews.yaml"
    whole = path.read_text()
    path.write_text(whole + "\nrules: [\n")
    until(lambda: "the new rules are not in use: reviews.yaml:" in warning(), "the fault", 170)
    assert running.hash() == first
    running.write(json.loads(line(7, record="CR-7", at=rfc3339(int(time.time())))))
    until(lambda: len(column(running.store, "entry", "id")) == 3, "an entry all the same")

    # put right again: nothing changes, and the fault is gone
    path.write_text(whole)
    until(lambda: "None" in warning(), "no fault", 170)
    assert running.hash() == first

    # a number by which a test of the rules fails, asked for by a person
    numbers = running.folder / "parameters.yaml"
    right = numbers.read_text()
    numbers.write_text(right.replace("values: {1986-01-01: 6h}", "values: {1986-01-01: 5h}"))
    refused = running.reload()
    assert refused.returncode == 1, refused.stderr
    assert "reviews.yaml:" in refused.stdout
    assert "fails" in refused.stdout
    assert running.hash() == first
    numbers.write_text(right)

    # the force's own number: what it changes is told, and the child is judged by it at once
    policy(running.policy, "90m")
    until(lambda: running.hash() != first, "the new rules", 170)
    assert running.hash() == load_rules(running.folder, running.policy).hash
    # (the store has the new rules before the program has told of them)
    told = "B02-adult-present: 0 gained, 0 lost, 1 moved"
    until(lambda: told in running.said(), "what the new rules changed", 60)
    assert f"rules {first} -> {running.hash()}: " in running.said()
    [adult] = [row for row in alerts(running.store) if row["rule"] == "B02-adult-present"]
    assert adult["ruleset"] == running.hash()
    assert warning() == "None"

    # asked again, and by a signal: they are the same
    same = running.reload()
    assert same.returncode == 0, same.stderr
    assert f"rules {running.hash()} in use" in same.stdout
    latest, taken_over, *before = publications(running.store)
    assert (latest.said["from"], latest.said["to"]) == (running.hash(), running.hash())
    assert (taken_over.said["from"], taken_over.said["to"]) == (first, running.hash())
    assert {(each.refused, each.said["kept"]) for each in before} == {(True, first)}
    count = running.said().count("the rules are the same")
    running.process.send_signal(signal.SIGHUP)
    until(lambda: running.said().count("the rules are the same") > count, "an answer", 170)

    # it must start again while a file is half written: by the rules it judged by last
    in_use = running.hash()
    assert set(column(running.store, "ruleset", "hash")) == {first, in_use}
    path.write_text(whole + "\nrules: [\n")
    running.process.kill()
    running.process.wait()
    running.start()
    until(lambda: "the new rules are not in use: reviews.yaml:" in warning(), "the fault", 90)
    running.write(json.loads(line(8, record="CR-8", at=rfc3339(int(time.time())))))
    until(lambda: len(column(running.store, "entry", "id")) == 4, "an entry all the same")
    assert running.hash() == in_use
    latest = publications(running.store)[0]
    assert (latest.refused, latest.said["kept"]) == (True, in_use)
    path.write_text(whole)
    until(lambda: warning() == "None", "no fault", 170)
    assert verify(running.store).broken_at is None
