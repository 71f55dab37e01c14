"""Replay against the barest loop over the same file, in one run.

    python -m bench [detentions, default 2,000]
    python -m bench --memory [detentions ...] [--grouped]

Each figure is a ratio to `json.loads` on every line, because machines differ and are noisy.
"""

from __future__ import annotations

import argparse
import functools
import io
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson

from detention_monitor import assess as assess_module
from detention_monitor.assess import Backend, assess, end_of
from detention_monitor.compiled import CompiledBackend
from detention_monitor.detention import group
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.generate import generate
from detention_monitor.judging import Settings
from detention_monitor.partition import detentions, partition
from detention_monitor.paths import bundled_rules
from detention_monitor.reference import ReferenceBackend
from detention_monitor.render import render
from detention_monitor.replay import replay
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.shards import MOST_ALPHAS
from detention_monitor.sources import read_entries


class Nowhere(io.BytesIO):
    """Takes output and keeps none of it."""

    written = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += len(data)
        return len(data)


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def write(path: Path, count: int) -> int:
    entries = 0
    with path.open("wb") as file:
        for entry in generate(count, 1):
            file.write(orjson.dumps(entry) + b"\n")
            entries += 1
    return entries


def timed(work: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """Return a function that does the same and adds the time it took to `spent`."""

    @functools.wraps(work)
    def measured(*args: Any) -> Any:
        begun = time.process_time()
        out = work(*args)
        out = list(out) if isinstance(out, Iterator) else out
        spent[0] += time.process_time() - begun
        return out

    return measured


def stages(path: Path, ruleset: RuleSet, entries: int) -> None:
    """Print where the time of a replay goes, and what the engine had to do for it."""
    backend = DurableBackend(ruleset.plan)
    size = backend.size()
    engine, verdicts, times = [0.0], [0.0], [time.process_time()]
    backend.run = timed(backend.run, engine)  # type: ignore[method-assign]
    findings_of = assess_module.findings_of
    assess_module.findings_of = timed(findings_of, verdicts)
    with tempfile.TemporaryDirectory() as folder:
        read = read_entries([str(path)], ruleset.vocabulary)
        parts = partition(read, Path(folder), 1, print)
        times.append(time.process_time())
        placed = [each for part in parts.buckets for each in detentions(part, parts.coverages)]
        times.append(time.process_time())
    results = [
        assess(each.detention, ruleset, end_of(each.detention, ruleset), backend=backend)
        for each in placed
    ]
    times.append(time.process_time())
    for each in results:
        render(each, "jsonl")
    times.append(time.process_time())
    assess_module.findings_of = findings_of
    spill, back, judge, lines = (later - begun for begun, later in itertools.pairwise(times))
    rest = judge - engine[0] - verdicts[0]
    for name, took in (
        ("read, check, spill", spill), ("read back, group", back), ("engine", engine[0]),
        ("verdicts", verdicts[0]), ("rest of assess", rest), ("render", lines),
    ):  # fmt: skip
        print(f"    {name:<20} {took / (times[-1] - times[0]):>5.0%}")
    duties = {rule.duty for rule in ruleset.rules if rule.duty}
    work = backend.work()
    print(
        f"  {size['rules'] / len(duties):.1f} rules of durable_rules to a catalogue duty; to an "
        f"entry {work['facts'] / entries:.2f} facts asserted, {work['firings'] / entries:.2f} firings"
    )
    most = sorted(backend.about().items(), key=lambda each: -each[1])[:6]
    named = ", ".join(f"{kind} {number}" for kind, number in most)
    print(f"  most selecting rules about a kind, of {MOST_ALPHAS} in a set: {named}")


def speed(count: int) -> None:
    rules = bundled_rules()
    ruleset = load_rules(rules)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        entries = write(path, count)
        base = seconds(lambda: [json.loads(line) for line in path.open("rb")])
        rows = [("json.loads on every line", base)]

        def report(name: str, took: float) -> None:
            rows.append((name, took))

        read: list[CustodyEvent] = []

        def reading() -> None:
            read.extend(
                got
                for got, _ in read_entries([str(path)], ruleset.vocabulary)
                if isinstance(got, CustodyEvent)
            )

        report("read and check against the vocabulary", seconds(reading))
        detentions = group(read)

        def judging(backend: Backend) -> Callable[[], None]:
            def work() -> None:
                for each in detentions:
                    assess(each, ruleset, end_of(each, ruleset), backend=backend)

            return work

        report("assess, durable_rules", seconds(judging(DurableBackend(ruleset.plan))))
        report("assess, compiled", seconds(judging(CompiledBackend(ruleset.plan))))
        report("assess, reference interpreter", seconds(judging(ReferenceBackend(ruleset.plan))))
        for engine, workers in itertools.product(
            ("durable", "compiled"), sorted({1, os.cpu_count() or 1})
        ):
            settings = Settings(rules, format="jsonl", engine=engine)
            took = seconds(
                lambda s=settings, w=workers: replay(  # type: ignore[misc]
                    [str(path)], s, Nowhere(), set_aside=print, workers=w
                )
            )
            plural = "s"[: workers > 1]
            report(f"replay to JSON lines, {engine}, {workers} worker{plural}", took)
        size = DurableBackend(ruleset.plan).size()
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
        stages(path, ruleset, entries)
    print(f"{count:,} detentions, {entries:,} entries, {len(ruleset.rules)} rules, "
          f"{size['rules']} rules of durable_rules in {size['rulesets']} rule sets")  # fmt: skip
    for name, took in rows:
        print(f"  {name:<42} {entries / took:>12,.0f} entries/s   {took / base:>7.1f} x json.loads")


def peak(count: int, *, grouped: bool = False) -> tuple[int, int, float]:
    """Return the size of the input, the most memory a replay of it took (MiB), and its seconds.

    The input is written by another process. What Linux calls VmHWM is the process's own; its
    `ru_maxrss` begins at what the process that started it had.
    """
    code = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from bench.__main__ import Nowhere\n"
        "from detention_monitor import replay\n"
        "from detention_monitor.judging import Settings\n"
        "from detention_monitor.paths import bundled_rules\n"
        f"work = replay.{'replay_grouped' if grouped else 'replay'}\n"
        "begun = time.perf_counter()\n"
        "work([sys.argv[1]], Settings(bundled_rules(), format='jsonl'), Nowhere(), set_aside=print)\n"
        "took = time.perf_counter() - begun\n"
        "status = Path('/proc/self/status').read_text().split()\n"
        "print(int(status[status.index('VmHWM:') + 1]) // 1024, took)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        write(path, count)
        ran = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
        )
        most, took = ran.stdout.split()[-2:]
        return path.stat().st_size >> 20, int(most), float(took)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("detentions", nargs="?", type=int, default=2_000, help="default: 2,000")
    parser.add_argument(
        "--memory", type=int, nargs="*", metavar="DETENTIONS",
        help="only the most memory a replay takes, at these numbers of detentions "
        "(default: 1,000 10,000 50,000; some minutes), each in a process of its own",
    )  # fmt: skip
    parser.add_argument("--grouped", action="store_true", help="with --memory: replay --grouped")
    asked = parser.parse_args()
    if asked.memory is None:
        speed(asked.detentions)
    sizes = [1_000] if asked.memory is None else asked.memory or [1_000, 10_000, 50_000]
    for count in sizes:
        size, most, took = peak(count, grouped=asked.grouped)
        print(f"  most memory at {count:,} detentions ({size:,} MiB of input, one worker): "
              f"{most} MiB, {took:.0f} s", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
