"""The board in a real pseudo-terminal: `python -m bench.board [children]`.

With 200 children in custody: first paint, CPU while nothing happens but countdowns, bytes sent to the
terminal; then entries appended one by one, and how long until each stands on the screen. The monitor
is a process of its own; its CPU is not counted here.
"""

from __future__ import annotations

import fcntl
import os
import platform
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from statistics import quantiles

import sqlalchemy as sa

from bench.live import entry, follow
from detention_monitor.live.store import PROGRESS, Store, StoreError

IDLE = 40
STREAM = 60


def booked_in(now: int, children: int) -> bytes:
    lines = []
    for child in range(children):
        begun = now - 60 * (child % 300) - 300
        lines.append(entry(f"LIVE-{child}", 0, "arrived", begun, dob="2011-01-11", station="S"))
        lines.append(entry(f"LIVE-{child}", 1, "detention_authorised", begun + 60))
        lines.append(entry(f"LIVE-{child}", 2, "aa_arrived", begun + 120, in_person=True))
    return b"".join(lines)


def used(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    return 0


class Screen:
    """The program in a pseudo-terminal of 160 x 48."""

    def __init__(self, db: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 48, 160, 0, 0))
        self.begun = time.perf_counter()
        self.running = subprocess.Popen(
            [sys.executable, "-m", "detention_monitor", "watch", "--db", db],
            stdin=slave, stdout=slave, stderr=slave, close_fds=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor",
                 "LANG": "C.UTF-8"},
        )  # fmt: skip
        os.close(slave)
        self.bytes = 0

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return b""
        got = os.read(self.master, 65_536)
        self.bytes += len(got)
        return got

    def until(self, text: bytes, seconds: float = 30) -> float:
        seen, end = b"", time.perf_counter() + seconds
        while text not in seen:
            if time.perf_counter() > end:
                raise SystemExit(f"{text!r} did not come within {seconds} s")
            seen = seen[-4_096:] + self.read(0.2)
        return time.perf_counter()

    def idle(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self.read(left)


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
            screen = Screen(db)
            first = screen.until(b"LIVE-") - screen.begun
            screen.idle(5)
            before, sent, begun = used(screen.running.pid), screen.bytes, time.perf_counter()
            screen.idle(IDLE)
            took = time.perf_counter() - begun
            share = (used(screen.running.pid) - before) / os.sysconf("SC_CLK_TCK") / took * 100
            print(f"{children} children, start of the program to first paint: {first:.2f} s")
            print(f"idle, countdowns at 1 Hz: {share:.2f} % of a core, "
                  f"{(screen.bytes - sent) / took / 1000:.1f} kB/s, {memory(screen.running.pid)} MB")  # fmt: skip
            stream(path, screen, children)
        finally:
            monitor.send_signal(signal.SIGTERM)
            if screen is not None:
                screen.running.terminate()
                os.close(screen.master)
                screen.running.wait()
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


def stream(path: Path, screen: Screen, children: int) -> None:
    """Book children in one by one; the count in the head says when each is on the screen."""
    took = []
    with path.open("ab", buffering=0) as file:
        for number in range(1, STREAM + 1):
            line = entry(f"SEEN-{number}", 0, "arrived", int(time.time()) - 30, dob="2011-01-11")
            begun = time.perf_counter()
            file.write(line)
            took.append(1000 * (screen.until(f"{children + number} ".encode(), 10) - begun))
            screen.idle(0.1)
    cuts = quantiles(took, n=100)
    print(f"entry written -> on the screen, {STREAM} entries: p50 {cuts[49]:.0f} ms, "
          f"p90 {cuts[89]:.0f} ms, p99 {cuts[98]:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
