"""The board over a real store: what a monitor wrote, what a person did, several screens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from detention_monitor.boards import pages
from detention_monitor.boards.clock import Present
from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.in_use import InUse, Told
from detention_monitor.boards.lines import text_of
from detention_monitor.boards.store import AFTER_RELEASE, StoreDesk
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.lawtext import load_law
from detention_monitor.live.access import accesses
from detention_monitor.live.acts import Person
from detention_monitor.live.intake import positions
from detention_monitor.live.kept_rules import keep
from detention_monitor.live.log import verify
from detention_monitor.live.may_act import ActError
from detention_monitor.live.monitor import Monitor
from detention_monitor.live.run import feeds_for
from detention_monitor.live.store import Store, StoreError
from detention_monitor.live.worker import InProcess
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.times import rfc3339
from tests.boards import MEDIUM, UTF8, instant, painted, shown
from tests.conftest import ROOT
from tests.live import rows
from tests.test_board_hostile import PAYLOADS, UNSAFE, check
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
        assert "B05 Rights given: overdue, high" in shown(app, "detail")
        monitored.now += 600  # no monitor has settled anything for ten minutes
        app.tick()
        assert "OUT OF DATE" in shown(app, "head")
        assert "?" in shown(app, "list")  # a countdown that may be wrong says so


def test_a_quiet_night_is_not_a_dead_monitor(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00:30")
    for second in range(1, 60):  # nothing comes, nothing falls due; the monitor works
        monitored.at(f"{D}09:{second // 60 + 1:02}:{second % 60:02}")
        assert monitored.desk.warning(monitored.now) == "", second
    monitored.now += 40  # now it has stopped
    monitored.desk.look(monitored.now)
    assert monitored.desk.warning(monitored.now).startswith("OUT OF DATE: no monitor works")


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
        ("opened", "44/CR-1", "BEFORE YOU REVIEW"), ("opened", None, "BRING FORWARD"),
        ("searched", None, "CR-1"),
    ]  # fmt: skip
    assert verify(monitored.store).broken_at is None


def late_review(live: Monitored) -> AlertLine:
    booked_in(live)
    live.at(f"{D}14:30")  # the review of 14:10 is late, beyond the grace of 15 minutes
    return next(each for each in live.desk.alerts() if each.rule == "D01-first-review")


def test_an_act_is_held_to_the_alert_as_it_stood_at_the_key(monitored: Monitored) -> None:
    """Held late: no other raise, yet the alert is no longer what the person saw."""
    shown = late_review(monitored)
    monitored.write("CR-1", "review_held", f"{D}14:29", mode="in_person")
    monitored.at(f"{D}14:31")
    now = next(each for each in monitored.desk.alerts() if each.key == shown.key)
    assert (now.raised_at, now.state != shown.state) == (shown.raised_at, True)
    with pytest.raises(ActError, match="has changed since it was shown"):
        monitored.desk.acknowledge(shown, monitored.now, "on it now", None)
    monitored.desk.give_reason(now, monitored.now, "no officer free")


def test_two_screens_do_not_act_upon_one_alert_in_the_same_moment(monitored: Monitored) -> None:
    shown = late_review(monitored)
    monitored.desk.acknowledge(shown, monitored.now, "on it now", None)
    with pytest.raises(ActError, match="somebody has acted upon it in this moment"):
        monitored.desk.give_reason(shown, monitored.now, "no officer free")


async def test_the_last_act_is_taken_back_with_one_key(monitored: Monitored) -> None:
    alert = late_review(monitored)
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("u")
        assert not [row for row in rows(monitored.store, "log") if row[2] == "undo"]
        app.desk.acknowledge(alert, monitored.now, "on the way", None)
        monitored.at(f"{D}14:30")
        app.arrived()
        state = {each.key: each.state for each in app.desk.alerts()}
        assert state[alert.key] == "acknowledged"
        await pilot.press("u")
        monitored.at(f"{D}14:30")
        app.arrived()
        state = {each.key: each.state for each in app.desk.alerts()}
        assert state[alert.key] == "new"
        app.desk.acknowledge(alert, monitored.now, "on the way", None)
        monitored.now += 61
        with pytest.raises(ActError, match="seconds only; act upon it anew"):
            app.desk.undo(monitored.now)
    assert verify(monitored.store).broken_at is None


async def test_pictures_and_texts_are_logged_and_private(
    monitored: Monitored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    folder = tmp_path / "taken"
    folder.mkdir()
    monkeypatch.chdir(folder)
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("P", "y", "w", "w", "P", "escape")
        await pilot.pause()
    found = sorted(each.name for each in folder.iterdir())
    assert found == [
        "board_10-Jun-2025_0900.svg", "custody-record_10-Jun-2025_0900.svg",
        "custody-record_10-Jun-2025_0900.txt", "custody-record_10-Jun-2025_0900_2.txt",
    ]  # fmt: skip
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o600}
    assert "Detention authorised" in (folder / found[2]).read_text()
    logged = [(each.action, each.detention, each.detail.split(",")[0])
              for each in accesses(monitored.store)]  # fmt: skip
    assert logged == [
        ("screenshot", "44/CR-1", "BOARD"), ("opened", "44/CR-1", "CUSTODY RECORD"),
        ("exported", "44/CR-1", "CUSTODY RECORD"), ("exported", "44/CR-1", "CUSTODY RECORD"),
        ("screenshot", "44/CR-1", "CUSTODY RECORD"),
    ]  # fmt: skip


def own_rules(folder: Path) -> Path:
    """Copy the rules, with a word and a title of their own."""
    shutil.copytree(ROOT / "rules", folder)
    wording = folder / "wording.yaml"
    wording.write_text(
        wording.read_text().replace("appropriate adult", "grown-up beside the child")
    )
    for path in folder.glob("*.yaml"):
        text = path.read_text()
        if "id: D01-first-review" in text:
            path.write_text(text.replace("title: First review of detention", "title: Review one"))
    return folder


async def test_law_and_reasons_are_told_by_the_rules_of_the_monitor(
    monitored: Monitored, tmp_path: Path, durable: DurableBackend
) -> None:
    booked_in(monitored)
    monitored.at(f"{D}14:30")
    folder = own_rules(tmp_path / "own")
    theirs = load_rules(folder)
    assert keep(monitored.store, theirs, folder, None, monitored.now)
    monitored.monitor._projector.adopt(theirs, InProcess(theirs, durable), monitored.now)
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        assert app.desk.rules_hash == theirs.hash == app.desk.ruleset.hash
        law = [
            text_of(each)
            for rule in ("D01-first-review", "B02-adult-present")
            for each in pages.law(
                app.desk, next(f for f in app.desk.children()[0].findings if f.rule == rule), 90
            )
        ]
        assert any("Review one" in each for each in law)
        assert any("grown-up beside the child" in each for each in law)
        await pilot.press("R")
        await pilot.pause()
        page = shown(app, "text")
        assert theirs.hash in page
        assert "open detentions judged again" in page or "1 open detention" in page


async def test_rules_that_were_not_kept_are_named_before_the_law_is_told(
    monitored: Monitored, tmp_path: Path, durable: DurableBackend
) -> None:
    booked_in(monitored)
    monitored.at(f"{D}14:30")
    theirs = load_rules(own_rules(tmp_path / "own"))
    monitored.monitor._projector.adopt(theirs, InProcess(theirs, durable), monitored.now)
    desk = StoreDesk(monitored.store, InUse.of(monitored.desk.ruleset), WHO)
    desk.look(monitored.now)
    finding = desk.children()[0].findings[0]
    first = text_of(pages.law(desk, finding, 300)[0])
    assert first.startswith(f"The monitor judges by rules {theirs.hash}, which it did not keep.")


async def test_the_words_of_the_law_are_those_of_the_boards_own_folder(
    monitored: Monitored, tmp_path: Path, durable: DurableBackend
) -> None:
    """The store keeps rules, and no texts of the law."""
    booked_in(monitored)
    monitored.at(f"{D}14:30")
    folder = own_rules(tmp_path / "theirs")
    theirs = load_rules(folder)
    assert keep(monitored.store, theirs, folder, None, monitored.now)
    monitored.monitor._projector.adopt(theirs, InProcess(theirs, durable), monitored.now)
    ours = Path(shutil.copytree(ROOT / "rules", tmp_path / "ours"))
    text = ours / "law" / "code_c_2023_12_20.md"
    text.write_text(text.read_text().replace("edition: December 2023", "edition: of our folder"))
    desk = StoreDesk(monitored.store, InUse.folder(ours, None), WHO)
    desk.look(monitored.now)

    finding = next(f for f in desk.children()[0].findings if f.rule == "B02-adult-present")
    page = [text_of(each) for each in pages.law(desk, finding, 90)]

    assert desk.rules_hash == theirs.hash
    assert "Code C 3.15, of our folder" in page


async def test_a_key_asks_the_monitor_for_its_rules(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.press("R", "r")
        await pilot.pause()
        asked = [row for row in rows(monitored.store, "log") if row[2] == "reload"]
        assert len(asked) == 1
        monitored.monitor.refuse(["duties.yaml:41:3: no such kind"])
        monitored.at(f"{D}09:00")
        app.arrived()
        app.tick()
        await pilot.pause()
        page = shown(app, "text")
        assert "The rules in the files are not in use: duties.yaml:41:3: no such kind" in page
        assert "REFUSED" in page


async def test_the_first_children_need_no_rule(monitored: Monitored, tmp_path: Path) -> None:
    """The rules come later; when they cannot be read, the board says so where it needs them."""
    booked_in(monitored)
    monitored.at(f"{D}09:00")

    def never() -> Told:
        raise RuleFileError([Diagnostic("duties.yaml", 41, 3, "no-rules", "cannot be read")])

    desk = StoreDesk(
        monitored.store,
        InUse("x", monitored.desk.parameters, never, lambda: load_law(ROOT / "rules")),
        WHO,
    )
    app = BoardApp(desk, Present(lambda: monitored.now), environment=UTF8)
    async with app.run_test(size=MEDIUM) as pilot:
        assert "CR-1" in shown(app, "list")
        await pilot.pause(0.5)
        assert "no reasons, as the rules cannot be read: duties.yaml:41:3" in shown(app, "detail")
        for key in ("o", "v", "b", "enter", "R"):
            await pilot.press(key)
            await pilot.pause()
            assert "cannot be read" in shown(app, "text")
            await pilot.press("escape")


async def test_the_bell_is_off_until_somebody_wants_it(monitored: Monitored) -> None:
    rung: list[str] = []
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    app = monitored.app()
    app.bell = lambda: rung.append("bell")  # type: ignore[method-assign]
    async with app.run_test(size=MEDIUM) as pilot:
        monitored.at(f"{D}14:30")
        app.arrived()
        assert rung == []
        await pilot.press("B")
        assert rung == ["bell"]  # so that a person knows what to listen for
        assert "bell on" in shown(app, "head")
        app.tick()
        monitored.at(f"{D}16:30")
        app.arrived()
        assert len(rung) <= 2
        await pilot.press("B")
        assert "bell on" not in shown(app, "head")


async def test_what_is_wrong_with_rules_is_text_however_it_is_written(
    monitored: Monitored,
) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    monitored.monitor.refuse(list(PAYLOADS.values()))
    monitored.monitor.refuse([" ".join(each for each in PAYLOADS.values() if len(each) < 60)])
    monitored.at(f"{D}09:00")
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        app.tick()
        check(painted(app), 120)
        await pilot.press("R")
        await pilot.pause()
        app.tick()
        assert "are not in use" in shown(app, "text")
        check(painted(app), 120)
        for line in shown(app, "text").splitlines():
            assert not UNSAFE.search(line), repr(line)


async def test_the_first_frame_says_what_it_opens_as_text(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    go_on = Event()

    def prepare(say: Callable[[str], None]) -> tuple[StoreDesk, Present, str]:
        for each in PAYLOADS.values():
            say(each)
        assert go_on.wait(30)
        desk = StoreDesk(monitored.store, InUse.of(monitored.desk.ruleset), WHO)
        return desk, Present(lambda: monitored.now), "Smith"

    app = BoardApp(prepare=prepare, environment=UTF8)
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause(0.3)
        assert "Children in custody" in painted(app)
        check(painted(app), 120)
        go_on.set()
        for _ in range(100):
            if app.board is not None:
                break
            await pilot.pause(0.05)
        await pilot.pause()
        assert "CR-1" in shown(app, "list")
        assert app.who == "Smith"


async def test_why_nothing_could_be_opened_is_kept_for_who_started_it() -> None:
    def prepare(say: Callable[[str], None]) -> tuple[StoreDesk, Present, str]:
        raise StoreError("no store here")

    app = BoardApp(prepare=prepare, environment=UTF8)
    async with app.run_test(size=MEDIUM) as pilot:
        for _ in range(100):
            if app.failure is not None:
                break
            await pilot.pause(0.05)
    assert str(app.failure) == "no store here"
