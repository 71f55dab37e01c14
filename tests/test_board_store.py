"""The board over a real store: what a monitor wrote, what a person did, several screens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detention_monitor.boards.clock import Present
from detention_monitor.boards.in_use import InUse
from detention_monitor.boards.store import AFTER_RELEASE, StoreDesk
from detention_monitor.durable import DurableBackend
from detention_monitor.live.access import accesses
from detention_monitor.live.acts import ActError, Person, verify
from detention_monitor.live.monitor import Monitor
from detention_monitor.live.run import feeds_for
from detention_monitor.live.store import Store, positions
from detention_monitor.live.worker import InProcess
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import rfc3339
from tests.boards import MEDIUM, UTF8, instant, shown
from tui.app import BoardApp

WHO = Person("Smith", verified=True, host="desk-1")
D = "2025-06-10T"


class Monitored:
    """A monitor over a file and a desk over its store, by a clock that the test moves."""

    def __init__(self, store: Store, path: Path, ruleset: RuleSet, durable: DurableBackend) -> None:
        self.store, self.path, self.now, self._count = store, path, 0, 0
        path.touch()
        self.monitor = Monitor(
            store, lambda: feeds_for([str(path)], ruleset.vocabulary, positions(store)), ruleset,
            InProcess(ruleset, durable), say=lambda _: None, clock=lambda: self.now,
        )  # fmt: skip
        self.desk = StoreDesk(store, InUse.of(ruleset), WHO)

    def write(self, record: str, kind: str, at: str, **attrs: object) -> None:
        self._count += 1
        when = rfc3339(instant(at))
        raw = {"id": f"e{self._count}", "force": "44", "record": record, "kind": kind, "at": when,
               "recorded_at": when, "attrs": attrs}  # fmt: skip
        with self.path.open("a") as file:
            file.write(json.dumps(raw) + "\n")

    def at(self, local: str) -> None:
        """Let the monitor and then the desk come to a local time."""
        self.now = instant(local)
        while self.monitor.step():
            pass
        self.desk.look(self.now)

    def app(self) -> BoardApp:
        desk = StoreDesk(
            self.store, InUse.of(self.desk.ruleset), WHO
        )  # a screen has a desk of its own
        return BoardApp(desk, Present(lambda: self.now), environment=UTF8, who="Smith")


@pytest.fixture
def monitored(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Monitored:
    return Monitored(store, tmp_path / "custody.jsonl", ruleset, durable)


def booked_in(live: Monitored, record: str = "CR-1", at: str = f"{D}08:00") -> None:
    live.write(record, "arrived", at, dob="2009-01-01", station="Leamington")
    live.write(record, "detention_authorised", f"{at[:-2]}10", grounds="to question")


async def test_the_board_shows_what_the_monitor_stores(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.write("CR-1", "aa_arrived", f"{D}09:00", in_person=True, relation="mother")
    app = monitored.app()
    monitored.now = instant(f"{D}09:30")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        app.tick()
        assert "OUT OF DATE: no monitor works on this store" in shown(app, "head")
        monitored.at(f"{D}09:30")
        app.arrived()
        app.tick()
        await pilot.pause(0.4)  # the reasons come a moment after the child
        assert "OUT OF DATE" not in shown(app, "head")
        assert "LIVE" in shown(app, "head")
        assert "CR-1" in shown(app, "list")
        assert "REVIEW  14:10  from authority 08:10" in shown(app, "detail")
        assert "mother here since 09:00" in shown(app, "detail")
        assert "law" in shown(app, "detail")
        monitored.now += 600  # no monitor has settled anything for ten minutes
        app.tick()
        assert "OUT OF DATE" in shown(app, "head")
        assert "?" in shown(app, "list")  # a countdown that may be wrong says so


def test_new_entries_of_a_child_are_seen_though_the_findings_stay(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    [row] = monitored.desk.rows(monitored.now)
    assert row.child.request is None
    monitored.write("CR-1", "la_requested", f"{D}09:01", authority="Warwickshire")
    monitored.at(f"{D}09:02")
    [row] = monitored.desk.rows(monitored.now)
    assert row.child.request is not None
    assert row.child.request.of == "Warwickshire"


def test_acts_are_stored_and_seen_by_another_screen(monitored: Monitored, ruleset: RuleSet) -> None:
    booked_in(monitored)
    monitored.at(f"{D}14:30")  # the review of 14:10 is late, beyond the grace of 15 minutes
    alert = next(e for e in monitored.desk.alerts() if e.rule == "D01-first-review")
    assert alert.state == "new"
    until = instant(f"{D}14:50")
    said = monitored.desk.acknowledge(alert, monitored.now, "on the way", until)
    assert "by Smith" in said
    monitored.at(f"{D}14:31")
    other = StoreDesk(
        monitored.store, InUse.of(ruleset), Person("Jones", verified=True, host="desk-2")
    )
    other.look(monitored.now)
    seen = next(e for e in other.alerts() if e.key == alert.key)
    assert (seen.state, seen.who, seen.reason, seen.until) == (
        "acknowledged", "Smith", "on the way", until,
    )  # fmt: skip
    monitored.at(f"{D}14:51")
    again = next(e for e in monitored.desk.alerts() if e.key == alert.key)
    assert again.state == "new"  # the time that was named has passed
    with pytest.raises(ActError, match=r"missed deadline|put it aside until"):
        other.shelve(again, monitored.now, "busy", monitored.now + 600)
    assert verify(monitored.store).broken_at is None


def test_who_left_is_known_for_a_day(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.write("CR-1", "released", f"{D}13:00")
    monitored.at(f"{D}13:05")
    assert monitored.desk.rows(monitored.now) == []
    [child] = monitored.desk.left()
    assert child.ended == ("released", instant(f"{D}13:00"))
    booked_in(monitored, "CR-2", "2025-06-11T13:00")  # makes the board read again
    monitored.at("2025-06-11T13:01")
    assert instant("2025-06-11T13:01") - instant(f"{D}13:00") > AFTER_RELEASE
    assert monitored.desk.left() == []


def test_reasons_are_worked_out_from_the_entries_of_the_store(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    result = monitored.desk.judged("44/CR-1", monitored.now)
    assert result is not None
    assert any(fact.kind == "review_due" for fact in result.facts)
    stored = next(e for e in monitored.desk.assessments() if e.detention == "44/CR-1")
    assert {e.key for e in result.findings} == {e.key for e in stored.findings}


async def test_opening_a_child_and_searching_are_logged(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("v", "escape", "b", "escape", "slash", *"CR-1", "enter")
        await pilot.pause()
    found = [(each.action, each.detention, each.detail) for each in accesses(monitored.store)]
    assert sorted(found, key=str) == [
        ("opened", "44/CR-1", "BEFORE YOU REVIEW"), ("searched", None, "CR-1"),
    ]  # fmt: skip
    assert verify(monitored.store).broken_at is None
