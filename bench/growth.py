"""How the cost of a replay grows with the number of detentions.

    python -m bench.growth [--engine compiled] [--workers 1] [--beside FOLDER] [1,000 10,000 100,000]

Each number of detentions is generated, read by the barest loop, and replayed to JSON lines by the
program as a user starts it, each in a process of its own. CPU is what the processes were charged for
(so it does not count what others did on the machine); memory is the most that any one process held.
What is found goes through a pipe and is counted, for a million detentions leave some 20 GB of it.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BARE = "import json, sys\nfor line in open(sys.argv[1], 'rb'): json.loads(line)"
"""Every line decoded, and none kept: a million detentions would not fit."""
BLOCK = 1 << 20


@dataclass(frozen=True)
class Cost:
    """What a process and those it started took: seconds, seconds of CPU, MiB; and what it wrote."""

    seconds: float
    cpu: float
    memory: int
    lines: int
    size: int


def cost(*command: str) -> Cost:
    """Run a command to its end, count what it writes, and return what it took."""
    begun = time.perf_counter()
    with (
        tempfile.TemporaryFile() as told,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told) as process,
    ):
        assert process.stdout is not None
        lines = size = 0
        while block := process.stdout.read(BLOCK):
            lines += block.count(b"\n")
            size += len(block)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            told.seek(0)
            sys.exit(
                f"{' '.join(command)}: ended with {process.returncode}\n{told.read().decode()}"
            )
    cpu = used.ru_utime + used.ru_stime
    return Cost(time.perf_counter() - begun, cpu, used.ru_maxrss >> 10, lines, size)


def number(text: str) -> int:
    return int(text.replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("detentions", nargs="*", type=number, default=[1_000, 10_000, 100_000])
    parser.add_argument("--engine", default="compiled", choices=("durable", "compiled"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="where the input is written")
    asked = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, --engine {asked.engine} "
          f"--workers {asked.workers}\n")  # fmt: skip
    print("| detentions | entries | input MiB | findings | output MiB | seconds | CPU seconds "
          "| CPU microseconds an entry | x json.loads | MiB |\n" + "|---:" * 10 + "|")  # fmt: skip
    program = (sys.executable, "-m", "detention_monitor")
    with tempfile.TemporaryDirectory(dir=asked.beside) as folder:
        for count in asked.detentions:
            path = Path(folder) / f"{count}.jsonl"
            cost(*program, "generate", "--records", str(count), "--out", str(path))
            with path.open("rb") as file:
                entries = sum(1 for _ in file)
            bare = cost(sys.executable, "-c", BARE, str(path))
            took = cost(
                *program, "replay", str(path), "--format", "jsonl", "--engine", asked.engine,
                "--workers", str(asked.workers),
            )  # fmt: skip
            print(f"| {count:,} | {entries:,} | {path.stat().st_size >> 20:,} | {took.lines:,} "
                  f"| {took.size >> 20:,} | {took.seconds:,.0f} | {took.cpu:,.0f} "
                  f"| {took.cpu / entries * 1e6:.1f} | {took.cpu / bare.cpu:.1f} "
                  f"| {took.memory:,} |", flush=True)  # fmt: skip
            path.unlink()


if __name__ == "__main__":
    main()
