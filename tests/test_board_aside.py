"""What a screen must not keep to itself: lines not taken, the shelf, who opened what, what waits below."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from detention_monitor.boards import feeds_page, head, pages, shelf_page
from detention_monitor.boards.lines import ASCII, Line, text_of
from detention_monitor.boards.plain import Plain
from detention_monitor.boards.story import StoryDesk
from detention_monitor.cli import cli
from detention_monitor.durable import DurableBackend
from detention_monitor.live.access import accesses
from detention_monitor.live.log import verify
from detention_monitor.live.may_act import ActError
from detention_monitor.live.store import Store
from detention_monitor.rulefile import RuleSet
from detention_monitor.text import printable
from detention_monitor.times import rfc3339
from tests.boards import MEDIUM, instant, shown
from tests.conftest import ROOT
from tests.test_board_hostile import ALL_SHORT, PAYLOADS, UNSAFE
from tests.test_board_store import D, Monitored, booked_in
from tests.test_live_commands import run
from tests.test_monitor import WHO
from tui.watch import story


@pytest.fixture
def monitored(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Monitored:
    return Monitored(store, tmp_path / "custody.jsonl", ruleset, durable)


@pytest.fixture
def lone(tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Iterator[Monitored]:
    """On SQLite alone: what is tried is the screen."""
    store = Store.open(str(tmp_path / "lone.db"))
    yield Monitored(store, tmp_path / "custody.jsonl", ruleset, durable)
    store.close()


def send(live: Monitored, text: str) -> None:
    with live.path.open("a") as file:
        file.write(text + "\n")


def text(lines: Sequence[Line]) -> str:
    return "\n".join(text_of(each) for each in lines)


# --- lines that were not taken -------------------------------------------------------------------


async def test_a_line_that_was_not_taken_is_told_on_every_screen(monitored: Monitored) -> None:
    """A child whose arrival cannot be read is on no list: the board must say that it may lack one."""
    booked_in(monitored)
    monitored.at(f"{D}09:00")
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        app.tick()
        assert "not taken" not in shown(app, "head")
        send(
            monitored,
            '{"id":"x1","force":"44","record":"CR-2","kind":"arrivd","at":"2025-06-10T09:00:00Z"}',
        )
        monitored.at(f"{D}09:01")
        app.tick()
        assert "1 line not taken: F" in shown(app, "head")
        await pilot.press("F")
        page = " ".join(shown(app, "text").split())
        assert "NOT TAKEN WITHIN A DAY 1" in page
        assert "custody.jsonl:3 CR-2: no kind of entry is called 'arrivd'" in page
    told = Plain(monitored.desk, app.clock)
    assert "ANN: 1 line not taken; 8 tells which" in told.changes()
    assert "CR-2: no kind of entry" in " ".join(" ".join(told.answer("feeds")).split())
    assert "NOT TAKEN" in text(pages.handover(monitored.desk, monitored.now, 100))
    monitored.at("2025-06-11T09:02")  # a day later it is only in the store
    assert monitored.desk.set_aside(monitored.now).count == 0


BAD = '{"id":"x1","force":"44","record":"CR-2","kind":"arrivd","at":"2025-06-10T09:00:00Z"}'


async def test_a_line_is_ticked_off_on_the_board_and_that_can_be_taken_back(
    monitored: Monitored,
) -> None:
    booked_in(monitored)
    send(monitored, BAD)
    send(monitored, BAD.replace("x1", "x2"))
    monitored.at(f"{D}09:01")
    app = monitored.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        assert "2 lines not taken: F" in shown(app, "head")
        await pilot.press("F")
        page = " ".join(shown(app, "text").split())
        assert "1 09:01 custody.jsonl:4 CR-2:" in page or "2 09:01 custody.jsonl:4 CR-2:" in page
        await pilot.press("a", *"1")
        await pilot.press("enter")
        assert "NOT TAKEN WITHIN A DAY 2" in " ".join(shown(app, "text").split())  # no reason
        await pilot.press("a", *"1 sent again", "enter")
        page = " ".join(shown(app, "text").split())
        assert "NOT TAKEN WITHIN A DAY 1" in page
        assert "SEEN WITHIN A DAY 1" in page
        assert f"({WHO.name} 09:01: sent again)" in page
        await pilot.press("escape")
        app.tick()
        assert "1 line not taken: F" in shown(app, "head")
        await pilot.press("u")
        app.tick()
        assert "2 lines not taken: F" in shown(app, "head")
    assert verify(monitored.store).broken_at is None


def test_a_line_is_ticked_off_by_its_number_in_lines_and_once_only(lone: Monitored) -> None:
    booked_in(lone)
    send(lone, BAD)
    lone.at(f"{D}09:01")
    app = lone.app()
    told = Plain(app.desk, app.clock)
    assert "ANN: 1 line not taken; 8 tells which" in list(told.changes())
    assert told.answer("seen one sent again") == [
        "not done: say the number of the line, then what is done: 1 put right and sent again"
    ]
    assert told.answer("seen 1") == ["not done: say in a word what is done about the line"]
    assert told.answer("seen 7 gone") == ["not done: no line has the number 7 here"]
    [said] = told.answer("seen 1 sent again")
    assert said.startswith("line 1 is ticked off: act ")
    assert list(told.changes()) == []
    assert told.answer("seen 1 twice") == [f"not done: {WHO.name} has seen it already: sent again"]
    assert "none that nobody has seen" in "\n".join(told.answer("feeds"))
    assert "line seen" in text(pages.handover(app.desk, lone.now, 100))
    assert "nobody has seen" not in text(pages.handover(app.desk, lone.now, 100))
    assert told.answer("undo")[0].endswith("in the log)")
    assert list(told.changes()) == ["ANN: 1 line not taken; 8 tells which"]


async def test_a_wrong_declaration_takes_the_head_of_the_board(lone: Monitored) -> None:
    booked_in(lone)
    send(lone, '{"source": {"name": "Extract", "zone": "Mars/Olympus"}}')
    lone.write("CR-1", "aa_arrived", f"{D}09:00", in_person=True)
    lone.at(f"{D}09:30")
    assert "what its source declares cannot be read" in lone.desk.warning(lone.now)
    [row] = lone.desk.rows(lone.now)
    assert row.child.adult.here == ()
    send(lone, '{"source": {"name": "Extract", "zone": "Europe/London"}}')
    lone.write("CR-1", "aa_arrived", f"{D}09:00", in_person=True)
    lone.at(f"{D}09:31")
    assert lone.desk.warning(lone.now) == ""


def test_what_was_set_aside_is_printed_and_that_is_logged(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    store = Store.open(str(tmp_path / "custody.db"))
    live = Monitored(store, tmp_path / "custody.jsonl", ruleset, durable)
    live.now = int(time.time())
    born = rfc3339(live.now)[:4]
    young = {"id": "y1", "force": "44", "record": "CR-9", "kind": "arrived", "at": rfc3339(live.now - 60),
             "attrs": {"dob": f"{int(born) - 8}-01-01"}}  # fmt: skip
    send(live, json.dumps(young))
    send(live, '{"id":"x1","record":"CR-[/]","kind":"arrived","at":"yesterday \\u001b[2J"}')
    live.monitor.step()
    db = str(tmp_path / "custody.db")
    listed = run("alerts", "--db", db)
    assert listed.stdout.startswith("CHECK AT ONCE, recorded as under 10, not judged: 44/CR-9")
    assert "lines of the feeds not taken within a day: 1" in listed.stderr
    printed = run("set-aside", "--db", db)
    [line] = [json.loads(each) for each in printed.stdout.splitlines()]
    assert (line["origin"], line["record"]) == ("custody.jsonl:2", "CR-[/]")
    assert "\x1b" not in printed.stdout
    assert [each.detail for each in accesses(store)] == ["lines set aside, to standard output"]
    key = line["key"]
    short = run("set-aside", "seen", key[:4], "--reason", "x", "--db", db)
    assert "names no line; use the key that `set-aside` prints" in short.stderr
    done = run("set-aside", "seen", key, "--reason", "asked the sender", "--as", "Jo", "--db", db)
    assert done.returncode == 0, done.stderr
    assert "not taken" not in run("alerts", "--db", db).stderr
    assert run("set-aside", "--unseen", "--db", db).stdout == ""
    [again] = [json.loads(each) for each in run("set-aside", "--db", db).stdout.splitlines()]
    assert (again["seen"]["who"], again["seen"]["reason"]) == ("Jo", "asked the sender")
    number = done.stderr.split()[-1]
    undone = run("alerts", "undo", number, "--as", "Jo", "--db", db)
    assert undone.returncode == 0, undone.stderr
    assert "not taken within a day: 1" in run("alerts", "--db", db).stderr
    store.close()


def test_the_handover_keeps_the_seal_of_the_log(lone: Monitored) -> None:
    """Rows cut off at its end do not show in the chain: only against what was kept elsewhere."""
    booked_in(lone)
    lone.at(f"{D}14:30")
    lone.desk.looked("opened", lone.now, None, "HANDOVER")
    said = " ".join(text(pages.handover(lone.desk, lone.now, 200)).split())
    found = verify(lone.store)
    assert f"log {found.rows} rows, the last digest {found.digest}" in said


def test_lines_of_a_story_that_cannot_be_read_stay_told(tmp_path: Path) -> None:
    path = tmp_path / "story.jsonl"
    good = {
        "id": "e1",
        "force": "44",
        "record": "CR-1",
        "kind": "arrived",
        "at": f"{D}08:00:00+01:00",
    }
    path.write_text(f"{json.dumps(good)}\nnot JSON\n", encoding="utf-8")
    desk, clock, _ = story(path, ROOT / "rules", None, 60, lambda _: None, practice=False)
    desk.look(clock.now())
    [_, second] = head.lines(desk, clock, desk.rows(clock.now()), clock.now(), head.Shown(), 120)
    assert "1 line not taken: F" in text_of(second)
    assert "story.jsonl:2 not JSON" in text(feeds_page.lines(desk, clock.now(), 100, ASCII))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--demo", "--db", "x.db"), "--db and --demo: a board shows one of them"),
        (("--demo", "--story", "rules/README.md"), "--demo and --story: a board shows one of them"),
        (("--demo", "--follow", "x.jsonl"), "--follow needs --db"),
    ],
)
def test_a_board_shows_one_thing_and_says_so(arguments: tuple[str, ...], says: str) -> None:
    """A person who follows a feed must not look at the demonstration, and take it for the present."""
    done = CliRunner().invoke(cli, ["watch", *arguments, "--plain"])
    assert done.exit_code == 2
    assert says in done.output


# --- the shelf -----------------------------------------------------------------------------------


def test_the_shelf_says_who_why_until_when_and_can_be_cleared(monitored: Monitored) -> None:
    booked_in(monitored)
    monitored.write("CR-1", "interview_started", f"{D}08:30")
    monitored.at(f"{D}08:31")
    desk = monitored.desk
    assert "Nothing is put aside." in text(shelf_page.lines(desk, monitored.now, 100, ASCII))
    alert = next(
        each for each in desk.alerts() if each.state == "new" and each.severity == "medium"
    )
    desk.shelve(alert, monitored.now, "asleep [/]", monitored.now + 900)
    monitored.at(f"{D}08:33")
    page = " ".join(text(shelf_page.lines(desk, monitored.now, 100, ASCII)).split())
    assert "until 08:46, 0:13 left" in page
    assert "Smith 08:31: asleep [/]" in page
    shelved = next(each for each in desk.alerts() if each.key == alert.key)
    assert shelved.state == "shelved"
    desk.unshelve(shelved, monitored.now)
    with pytest.raises(ActError, match="somebody has acted upon it"):
        desk.unshelve(shelved, monitored.now)
    monitored.at(f"{D}08:34")
    again = next(each for each in desk.alerts() if each.key == alert.key)
    assert (again.state, again.since) == ("new", instant(f"{D}08:33"))
    with pytest.raises(ActError, match="it is not put aside"):
        desk.unshelve(again, monitored.now)
    desk.acknowledge(again, monitored.now, "on the way", monitored.now + 3_600)
    monitored.at(f"{D}08:35")
    taken = next(each for each in desk.alerts() if each.key == alert.key)
    desk.shelve(taken, monitored.now, "once more", monitored.now + 300)
    monitored.at(f"{D}08:36")
    shelved = next(each for each in desk.alerts() if each.key == alert.key)
    assert (shelved.state, shelved.reason) == ("shelved", "once more")
    desk.unshelve(shelved, monitored.now)
    monitored.at(f"{D}08:37")
    taken = next(each for each in desk.alerts() if each.key == alert.key)
    assert (taken.state, taken.reason) == ("acknowledged", "on the way")
    assert taken.until == instant(f"{D}09:34")
    assert verify(monitored.store).broken_at is None


async def test_the_shelf_has_its_keys(lone: Monitored) -> None:
    booked_in(lone)
    lone.write("CR-1", "interview_started", f"{D}08:30")
    lone.at(f"{D}08:31")
    alert = next(e for e in lone.desk.alerts() if e.state == "new" and e.severity == "medium")
    lone.desk.shelve(alert, lone.now, "asleep", lone.now + 900)
    lone.at(f"{D}08:32")
    app = lone.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        await pilot.press("S")
        assert "asleep" in shown(app, "text")
        await pilot.press("escape", "U")
        lone.at(f"{D}08:33")
        app.arrived()
        await pilot.press("S")
        assert "Nothing is put aside." in shown(app, "text")


# --- who looked ----------------------------------------------------------------------------------


async def test_every_page_that_tells_of_children_is_logged(lone: Monitored) -> None:
    booked_in(lone)
    lone.at(f"{D}09:00")
    app = lone.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        for key in ("h", "n", "A", "b", "S", "F", "R", "question_mark", "y"):
            await pilot.press(key)
            await pilot.pause()
            await pilot.press("escape")
    told = Plain(lone.desk, app.clock)
    told.answer("handover")
    found = [(each.action, each.detention, each.detail) for each in accesses(lone.store)]
    assert found == [
        ("opened", None, "HANDOVER"), ("opened", None, "TIMELINES"), ("opened", None, "ALL ALERTS"),
        ("opened", None, "BRING FORWARD"), ("opened", None, "SHELVED"), ("opened", None, "FEEDS"),
        ("opened", "44/CR-1", "CUSTODY RECORD"), ("opened", None, "HANDOVER"),
    ]  # fmt: skip


async def test_a_day_is_replayed_from_the_store(lone: Monitored) -> None:
    """Whoever left long ago is on no list; the day still is."""
    send(lone, '{"source": {"name": "Extract", "not_carried": ["aa_arrived"]}}')
    booked_in(lone, "CR-1", "2025-06-01T08:00")
    lone.write("CR-1", "released", "2025-06-02T01:00")
    booked_in(lone, "CR-2", "2025-06-03T08:00")
    lone.at(f"{D}09:00")
    assert [
        each.id for each in lone.desk.day(instant("2025-06-02T00:00"), instant("2025-06-03T00:00"))
    ] == ["44/CR-1"]
    app = lone.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        await pilot.press("T", *"2025-6-1", "enter")
        assert "REPLAY" not in shown(app, "head")  # said what to write
        await pilot.press("T", *"2025-05-01", "enter")
        assert "REPLAY" not in shown(app, "head")  # said that nothing is there
        await pilot.press("T", *"2025-06-01", "enter")
        await pilot.pause()
        top = app.board
        assert top is not None
        assert isinstance(top.desk, StoryDesk)
        assert "REPLAY" in shown(app, "head")
        assert top.clock.now() == instant("2025-06-01T00:00")
        assert {each.record for each in top.desk.entries} == {"CR-1"}
        assert not top.desk.coverage["44/CR-1"].carries("aa_arrived")
    assert "REPLAY of 2025-06-01" in [each.detail for each in accesses(lone.store)]


# --- what waits on the board of the present --------------------------------------------------------


async def test_over_a_page_and_in_replay_the_present_is_not_forgotten(lone: Monitored) -> None:
    booked_in(lone)
    lone.at(f"{D}08:20")
    app = lone.app()
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        await pilot.press("v")
        app.tick()
        assert "LIVE" not in shown(app, "title")
        lone.write("CR-1", "interview_started", f"{D}08:21")
        lone.at(f"{D}08:22")
        app.tick()
        assert "LIVE: 1 new critical alert" in shown(app, "title")
        await pilot.press("escape", "t")
        await pilot.pause()
        app.tick()
        assert "REPLAY" in shown(app, "head")
        assert "LIVE: 1 new critical alert" in shown(app, "head")
        lone.now += 60  # and the monitor stops
        app.tick()
        assert "LIVE: OUT OF DATE" in shown(app, "head")
        await pilot.press("q")
        await pilot.pause()
        assert app.is_running
        assert "Quit all the same?" in str(app.screen.query("Static").first().render())


# --- hostile text in what is taken away ----------------------------------------------------------


@pytest.mark.parametrize("payload", [ALL_SHORT, PAYLOADS["long"]], ids=["all", "long"])
async def test_a_text_taken_away_holds_no_more_than_text(
    lone: Monitored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, payload: str
) -> None:
    """Every page written by `w`, in the file as it lies there: no escape, no line of its own."""
    monkeypatch.chdir(tmp_path)
    at = f"{D}08:00"
    lone.write("CR-1", "arrived", at, dob="2009-01-01", station=payload)
    lone.write("CR-1", "detention_authorised", f"{D}08:10", grounds=payload)
    lone.write("CR-1", "interview_started", f"{D}08:20", interview=payload)
    send(lone, json.dumps({"id": payload[:90], "record": payload[:90], "kind": payload, "at": at}))
    lone.at(f"{D}08:31")
    held = next(
        each for each in lone.desk.alerts() if each.state == "new" and each.severity == "medium"
    )
    lone.desk.shelve(held, lone.now, payload[:1_900], lone.now + 600)
    lone.at(f"{D}08:33")
    app = lone.app()
    keys = ("v", "b", "enter", "o", "y", "n", "A", "h", "S", "F", "R", "question_mark")
    async with app.run_test(size=MEDIUM) as pilot:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            await pilot.press("w")
            await pilot.pause()
            await pilot.press("escape")
        assert app.is_running
    written = taken_away(tmp_path)
    assert len(written) == len(keys)
    for each in written:
        for number, line in enumerate(each.split("\n")):
            assert not UNSAFE.search(line), (each[:30], number, line)
    assert printable(payload, 40)[:8] in written[keys.index("y")]


def taken_away(folder: Path) -> list[str]:
    """Return the texts in a folder, in the order in which they were written; they are private."""
    found = sorted(folder.glob("*.txt"), key=lambda each: each.stat().st_mtime_ns)
    assert all(each.stat().st_mode & 0o777 == 0o600 for each in found)
    return [each.read_text(encoding="utf-8") for each in found]
