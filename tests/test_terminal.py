"""The program in a real terminal: start, resize, quit, a terminal that cannot draw, pictures."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detention_monitor.durable import DurableBackend
from detention_monitor.rulefile import RuleSet
from tests.boards import BUSY, board, desk_of
from tests.conftest import ROOT

TMUX = shutil.which("tmux")
PICTURES = Path(__file__).with_name("pictures")


class Terminal:
    """A terminal of its own in tmux; its server ends with the test."""

    def __init__(self, folder: Path) -> None:
        self._socket = str(folder / "tmux")
        self._ended = folder / "status"

    def tmux(self, *arguments: str) -> str:
        command = [str(TMUX), "-S", self._socket, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def start(self, columns: int, rows: int, *arguments: str, **environment: str) -> None:
        """Run the program; how it ended stands in a file, for tmux now and then misses it."""
        settings = [f"{name}={value}" for name, value in environment.items()]
        program = ["sh", "-c", '"$@"; echo $? > "$0"', str(self._ended), "env", *settings,
                   sys.executable, "-m", "detention_monitor", *arguments]  # fmt: skip
        size = ["-x", str(columns), "-y", str(rows)]
        self.tmux("new-session", "-d", *size, "-c", str(ROOT), *program, ";",
                  "set", "-g", "remain-on-exit", "on")  # fmt: skip

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def keys(self, *names: str) -> None:
        self.tmux("send-keys", *names)

    def until(self, holds: Callable[[str], bool], what: str) -> str:
        end = time.monotonic() + 60
        while not holds(shown := self.screen()):
            assert time.monotonic() < end, f"{what}\n{shown}"
            time.sleep(0.05)
        return shown

    def status(self) -> str:
        """Return the exit status of the program, empty while it runs."""
        return self._ended.read_text().strip() if self._ended.exists() else ""


def child_of(parent: str) -> int:
    """Return the process that a shell waits for."""
    for status in Path("/proc").glob("[0-9]*/status"):
        if f"\nPPid:\t{parent}\n" in status.read_text():
            return int(status.parent.name)
    raise AssertionError(f"{parent} started nothing")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if TMUX is None:
        pytest.skip("no tmux on this machine")
    made = Terminal(tmp_path)
    yield made
    subprocess.run([str(TMUX), "-S", str(tmp_path / "tmux"), "kill-server"], check=False,
                   capture_output=True)  # fmt: skip


def test_start_resize_and_quit(terminal: Terminal) -> None:
    terminal.start(120, 40, "watch", "--demo", "--speed", "600", LANG="C.UTF-8")
    terminal.until(lambda text: "CR-24" in text and "Next duty" in text, "no child on the board")
    terminal.tmux("resize-window", "-x", "80", "-y", "24")
    narrow = terminal.until(
        lambda text: len(text.splitlines()) == 24 and "Seen" in text and "Alerts" in text,
        "not laid out for 80 columns",
    )
    assert all(len(line) <= 80 for line in narrow.splitlines())
    terminal.tmux("resize-window", "-x", "200", "-y", "50")
    terminal.until(lambda text: "24h left" in text, "not laid out for 200 columns")
    terminal.keys("h")
    terminal.until(lambda text: "SHIFT HANDOVER" in text, "no report")
    terminal.keys("Escape")
    terminal.until(lambda text: "24h left" in text, "the board did not come back")
    terminal.keys("q")
    terminal.until(lambda _: terminal.status() == "0", "it did not quit")


def test_with_sixteen_colours_and_with_ascii_the_words_are_there(terminal: Terminal) -> None:
    terminal.start(120, 40, "watch", "--demo", "--speed", "600", LC_ALL="C", NO_COLOR="1",
                   TEXTUAL_COLOR_SYSTEM="standard")  # fmt: skip
    text = terminal.until(lambda text: "CRIT" in text and "CR-24" in text, "no board")
    assert re.sub("[▁▂▃▄▅▆▇█▎▊]", " ", text).isascii()
    terminal.keys("q")
    terminal.until(lambda _: terminal.status() == "0", "it did not quit")


def test_when_the_terminal_goes_away_so_does_the_program(terminal: Terminal) -> None:
    terminal.start(120, 40, "watch", "--demo", LANG="C.UTF-8")
    terminal.until(lambda text: "Next duty" in text, "no board")
    pid = child_of(terminal.tmux("display-message", "-p", "#{pane_pid}").strip())
    terminal.tmux("kill-server")
    end = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_what_cannot_be_opened_is_said_once_the_board_is_gone(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "detention_monitor", "watch", "--db", "/nowhere/store.db"]
    with (tmp_path / "said").open("w+b") as said, \
            subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=said) as board:  # fmt: skip
        os.close(theirs)
        with contextlib.suppress(OSError):  # the end of a terminal
            while os.read(ours, 65_536):
                pass
        os.close(ours)
        assert board.wait(60) == 2
        said.seek(0)
        lines = said.read().decode().splitlines()
    assert "store.db: no store here; `detention-monitor monitor` makes one" in lines[-1]


def test_a_terminal_that_goes_without_a_word_ends_the_program_too() -> None:
    """As where nobody passes a hang-up on: what reads and writes there would spin or stand still."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "detention_monitor", "watch", "--demo"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
    ) as board:
        os.close(theirs)
        seen, end = b"", time.monotonic() + 60
        while b"Next duty" not in seen and time.monotonic() < end:
            if select.select([ours], [], [], 1)[0]:
                seen = seen[-4_096:] + os.read(ours, 65_536)
        os.close(ours)
        assert b"Next duty" in seen
        assert board.wait(60) == 0


def test_the_monitor_of_a_board_gets_its_settings(tmp_path: Path) -> None:
    """A settings file that is none ends the monitor, and the board tells its last words."""
    feed, settings = tmp_path / "custody.jsonl", tmp_path / "hooks.yaml"
    feed.touch()
    settings.write_text("format: something-else/1\n")
    command = [sys.executable, "-m", "detention_monitor", "watch", "--plain", "--db",
               str(tmp_path / "store.db"), "--follow", str(feed), "--settings", str(settings)]  # fmt: skip
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as plain:
        assert plain.stdout is not None
        assert "CUSTODY" in plain.stdout.readline()
        monitor = Path(f"/proc/{child_of(str(plain.pid))}/status")
        end = time.monotonic() + 60
        while "State:\tZ" not in monitor.read_text():
            assert time.monotonic() < end, "the monitor took no notice"
            time.sleep(0.05)
        _, said = plain.communicate("quit\n", timeout=60)
    assert plain.returncode == 2
    assert "hooks.yaml" in said


def test_a_terminal_that_cannot_draw_is_told_of_plain(terminal: Terminal) -> None:
    terminal.start(80, 24, "watch", "--demo", TERM="dumb")
    terminal.until(lambda text: "use --plain" in text.replace("\n", ""), "no cure was named")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)], ids=str)
async def test_the_picture_is_the_one_that_was_looked_at(
    ruleset: RuleSet, durable: DurableBackend, size: tuple[int, int]
) -> None:
    """Compare with a committed picture; `PICTURES=new` draws it again, to be looked at.

    A rule stands at line 1 of its file here: an edit above it is no other picture.
    """
    places = {name: re.sub(r":\d+$", ":1", place) for name, place in ruleset.places.items()}
    app = board(desk_of(BUSY, replace(ruleset, places=places), durable), "2024-09-13T18:05")
    async with app.run_test(size=size) as pilot:
        await pilot.press("j")
        await pilot.pause()
        drawn = re.sub(r"terminal-\d+", "terminal", app.export_screenshot())
    path = PICTURES / f"board_{size[0]}x{size[1]}.svg"
    if size == (120, 40):
        path = ROOT / "docs" / "board.svg"  # the picture of README.md
    if os.environ.get("PICTURES") == "new":
        PICTURES.mkdir(exist_ok=True)
        path.write_text(drawn)
    assert drawn == path.read_text(), f"{path.name} differs; look at it, then PICTURES=new"
