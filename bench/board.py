"""The board in a real pseudo-terminal: `python -m bench.board [children]`.

With 200 children in custody: first frame and first child, CPU while nothing happens but countdowns,
bytes sent to the terminal; then entries appended one by one, and how long until each stands on the
screen. The monitor is a process of its own; its CPU is not counted here.

Seconds depend on what else the machine does, so each stands beside the CPU it took, and beside a bare
program of Textual that draws one line in the same terminal.
"""

from __future__ import annotations

import fcntl
import os
import platform
import pty
import select
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from statistics import median, quantiles

import sqlalchemy as sa

from bench.live import entry, follow
from detention_monitor.live.store import PROGRESS, Store, StoreError

IDLE = 40
STREAM = 100
STARTS = 5
BARE = """
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static("Children LIVE-")
Bare().run()
"""


def booked_in(now: int, children: int) -> bytes:
    lines = []
    for child in range(children):
        begun = now - 60 * (child % 300) - 300
        lines.append(entry(f"LIVE-{child}", 0, "arrived", begun, dob="2011-01-11", station="S"))
        lines.append(entry(f"LIVE-{child}", 1, "detention_authorised", begun + 60))
        lines.append(entry(f"LIVE-{child}", 2, "aa_arrived", begun + 120, in_person=True))
    return b"".join(lines)


def used(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0


class Screen:
    """A program in a pseudo-terminal of 160 x 48."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        self.begun = time.perf_counter()
        self.running = subprocess.Popen(
            [sys.executable, *arguments],
            stdin=slave, stdout=slave, stderr=slave, close_fds=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor",
                 "LANG": "C.UTF-8"},
        )  # fmt: skip
        os.close(slave)
        self.bytes = 0
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return b""
        got = os.read(self.master, 65_536)
        self.bytes += len(got)
        return got

    def until(self, text: bytes, seconds: float = 30) -> tuple[float, float]:
        """Return when a text came (seconds since the start), and the CPU until then."""
        end = time.perf_counter() + seconds
        while text not in self.seen:
            if time.perf_counter() > end:
                raise SystemExit(f"{text!r} did not come within {seconds} s")
            self.seen = self.seen[-4_096:] + self.read(0.2)
        self.seen = b""
        return time.perf_counter() - self.begun, used(self.running.pid)

    def idle(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)

    def close(self) -> None:
        self.running.terminate()
        os.close(self.master)
        self.running.wait()


def board(db: str) -> Screen:
    return Screen("-m", "detention_monitor", "watch", "--db", db)


def starts(db: str, children: int) -> None:
    bare, frames, firsts = [], [], []
    for _ in range(STARTS):
        screen = Screen("-c", BARE)
        bare.append(screen.until(b"LIVE-"))
        screen.close()
        screen = board(db)
        frames.append(screen.until(b"Children"))
        firsts.append(screen.until(b"LIVE-"))
        screen.idle(1)
        screen.close()
    least = median(cpu for _, cpu in bare)
    for name, found in (
        ("a bare program of Textual, one line", bare), ("first frame", frames),
        (f"first of {children} children", firsts),
    ):  # fmt: skip
        took, cpu = median(each for each, _ in found), median(each for _, each in found)
        print(f"  {name:<38} {took:5.2f} s, {cpu:.2f} s of CPU, {cpu / least:.1f} x bare")


def main() -> None:
    children = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        db, path = f"{folder}/store.db", Path(folder) / "custody.jsonl"
        path.write_bytes(booked_in(int(time.time()), children))
        monitor = subprocess.Popen(follow(db, path), stderr=subprocess.DEVNULL)
        screen = None
        try:
            settled(db, 3 * children)
            print(f"from the start of the program (median of {STARTS}):")
            starts(db, children)
            screen = board(db)
            screen.until(b"LIVE-")
            screen.idle(8)
            before, sent, begun = used(screen.running.pid), screen.bytes, time.perf_counter()
            screen.idle(IDLE)
            took = time.perf_counter() - begun
            share = (used(screen.running.pid) - before) / took * 100
            print(f"idle, {children} countdowns at 1 Hz: {share:.2f} % of a core, "
                  f"{(screen.bytes - sent) / took / 1000:.1f} kB/s, {memory(screen.running.pid)} MB")  # fmt: skip
            stream(db, path, screen, children)
        finally:
            monitor.send_signal(signal.SIGTERM)
            if screen is not None:
                screen.close()
            monitor.wait()


def settled(db: str, entries: int) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if Path(db).exists():
            try:
                store = Store.open(db, create=False)
            except StoreError:  # not made yet
                time.sleep(0.2)
                continue
            with store.read() as connection:
                done = connection.scalar(sa.select(PROGRESS.c.entry_seq)) or 0
            store.close()
            if done >= entries:
                return
        time.sleep(0.2)
    raise SystemExit("the monitor did not get ready")


class Commits(threading.Thread):
    """Sees when an entry, and when its assessment, is committed: asked every 2 ms."""

    def __init__(self, db: str, number: int) -> None:
        super().__init__(daemon=True)
        self._db, self._number = db, number
        self.entry = self.assessed = 0.0

    def run(self) -> None:
        connection = sqlite3.connect(self._db)
        while not self.assessed:
            if not self.entry:
                [(seq,)] = connection.execute("SELECT max(seq) FROM entry")
                self.entry = time.perf_counter() if seq >= self._number else 0.0
            [(seq,)] = connection.execute("SELECT entry_seq FROM progress")
            self.assessed = time.perf_counter() if seq >= self._number else 0.0
            time.sleep(0.002)
        connection.close()


def stream(db: str, path: Path, screen: Screen, children: int) -> None:
    """Book children in one by one; the count in the head says when each is on the screen."""
    written, committed, assessed = [], [], []
    with path.open("ab", buffering=0) as file:
        for number in range(1, STREAM + 1):
            line = entry(f"SEEN-{number}", 0, "arrived", int(time.time()) - 30, dob="2011-01-11")
            commits = Commits(db, 3 * children + number)
            commits.start()
            begun = time.perf_counter()
            file.write(line)
            screen.until(f"{children + number} ".encode(), 10)
            end = time.perf_counter()
            commits.join()
            written.append(1000 * (end - begun))
            committed.append(1000 * (end - commits.entry))
            assessed.append(1000 * (commits.assessed - commits.entry))
            screen.idle(0.1)
    print(f"{STREAM} entries, one by one:")
    for name, took in (
        ("written to the feed -> on the screen", written),
        ("committed -> on the screen", committed),
        ("committed -> assessed and committed", assessed),
    ):
        cuts = quantiles(took, n=100)
        print(f"  {name:<38} p50 {cuts[49]:.0f} ms, p90 {cuts[89]:.0f} ms, p99 {cuts[98]:.0f} ms")


if __name__ == "__main__":
    main()
