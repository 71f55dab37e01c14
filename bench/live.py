"""The live monitor as it runs: `python -m bench.live [postgresql://...]`.

A backlog stored and assessed; then, with 200 children in custody, entries appended one by one to the
followed file, and how long until a reader of the store sees each assessed. The monitor is the
program itself in a process of its own, with its engine in another.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from typing import Any

import orjson
import sqlalchemy as sa

from detention_monitor.generate import generate
from detention_monitor.live.store import PROGRESS, Store
from detention_monitor.times import rfc3339

BACKLOG = 500
CHILDREN = 200
STREAM = 300


def entry(record: str, number: int, kind: str, at: int, **attrs: Any) -> bytes:
    raw = {
        "id": f"{record}-{number}", "force": "44", "record": record, "kind": kind,
        "at": rfc3339(at), "recorded_at": rfc3339(at), "attrs": attrs,
    }  # fmt: skip
    return orjson.dumps(raw) + b"\n"


def booked_in(now: int) -> Iterator[bytes]:
    for child in range(CHILDREN):
        begun = now - 60 * (child % 240) - 300
        yield entry(f"LIVE-{child}", 0, "arrived", begun, dob="2011-01-11")
        yield entry(f"LIVE-{child}", 1, "detention_authorised", begun + 60)


def follow(db: str, path: Path, *more: str) -> list[str]:
    program = [sys.executable, "-m", "detention_monitor", "monitor"]
    return [*program, "--db", db, "--follow", str(path), *more]


def backlog(db: str, path: Path) -> None:
    written = 0
    with path.open("wb") as file:
        for raw in generate(BACKLOG, 1):
            written += file.write(orjson.dumps(raw) + b"\n") > 0
    path.with_name("nothing.jsonl").touch()
    begun = time.perf_counter()
    subprocess.run(
        follow(db, path.with_name("nothing.jsonl"), "--once"), check=True, stderr=subprocess.DEVNULL
    )
    start = time.perf_counter() - begun
    begun = time.perf_counter()
    subprocess.run(follow(db, path, "--once"), check=True, stderr=subprocess.DEVNULL)
    took = time.perf_counter() - begun - start
    print(f"start of the program            {start:6.1f} s")
    print(
        f"backlog of {written:,} entries, {BACKLOG} detentions: {took:.1f} s, {written / took:,.0f} entries/s"
    )


def seen(store: Store, before: int) -> int:
    wanted = sa.select(PROGRESS.c.entry_seq)
    while True:
        with store.read() as connection:
            done = connection.scalar(wanted) or 0
        if done > before:
            return int(done)
        time.sleep(0.002)


def stream(db: str, path: Path) -> None:
    now = int(time.time())
    path.write_bytes(b"".join(booked_in(now)))
    running = subprocess.Popen(follow(db, path), stderr=subprocess.DEVNULL)
    try:
        while not Path(db).exists() and "://" not in db:
            time.sleep(0.05)
        time.sleep(5)
        store = Store.open(db, create=False)
        done = seen(store, 2 * CHILDREN - 1)
        took = []
        with path.open("ab", buffering=0) as file:
            for number in range(STREAM):
                child = number * 7 % CHILDREN
                line = entry(f"LIVE-{child}", 10 + number, "checked", int(time.time()) - 30)
                begun = time.perf_counter()
                file.write(line)
                done = seen(store, done)
                took.append(1000 * (time.perf_counter() - begun))
                time.sleep(0.03)
        cuts = quantiles(took, n=100)
        print(f"entry written -> assessed and readable, {CHILDREN} children, {STREAM} entries:")
        print(f"  p50 {cuts[49]:.0f} ms, p90 {cuts[89]:.0f} ms, p99 {cuts[98]:.0f} ms")
        print(f"  idle: {idle(running.pid):.1f} % of a core")
        store.close()
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait()


def idle(pid: int) -> float:
    def used() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = used()
    time.sleep(20)
    return (used() - before) / os.sysconf("SC_CLK_TCK") / 20 * 100


def main() -> None:
    print(
        f"Python {platform.python_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )
    with tempfile.TemporaryDirectory() as folder:
        db = sys.argv[1] if len(sys.argv) > 1 else f"{folder}/stream.db"
        stream(db, Path(folder) / "custody.jsonl")
        if len(sys.argv) == 1:
            backlog(f"{folder}/backlog.db", Path(folder) / "records.jsonl")


if __name__ == "__main__":
    main()
