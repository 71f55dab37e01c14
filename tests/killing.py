"""Kills the monitor many times while a file grows: `python -m tests.killing DB FILE TIMES`.

The program is loaded once; each monitor is a fork of it, so that it starts at once. It is the
whole monitor (feeds, store, projections) with the engine in its own process, which dies with it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from pathlib import Path

from detention_monitor.durable import DurableBackend
from detention_monitor.live.intake import positions
from detention_monitor.live.monitor import Monitor
from detention_monitor.live.run import feeds_for
from detention_monitor.live.store import Store
from detention_monitor.live.worker import InProcess
from detention_monitor.rulefile import RuleSet, load_rules
from tests.conftest import RULES

LONGEST_LIFE = 0.25


def monitor(db: str, path: Path, ruleset: RuleSet, durable: DurableBackend, *, once: bool) -> None:
    store = Store.open(db)
    with store.alone():
        whole = Monitor(
            store,
            lambda: feeds_for([str(path)], ruleset.vocabulary, positions(store)),
            ruleset,
            InProcess(ruleset, durable),
            say=lambda _: None,
        )
        while whole.step() or not once:
            time.sleep(0.002)
    store.close()


def count(db: str) -> int:
    connection = sqlite3.connect(db)
    [(stored,)] = connection.execute("SELECT count(*) FROM entry")
    connection.close()
    return int(stored)


def entry(number: int) -> bytes:
    second = number % 60
    raw: dict[str, object] = {
        "id": f"e{number}", "force": "44", "record": f"CR-{number // 12}",
        "kind": "arrived" if number % 12 == 0 else "checked",
        "at": f"2025-06-10T08:{number // 60 % 60:02}:{second:02}+01:00",
    }  # fmt: skip
    if number % 12 == 0:
        raw["attrs"] = {"dob": "2009-03-01"}
    elif number % 12 == 1:
        raw["kind"] = "detention_authorised"
    return json.dumps(raw).encode() + b"\n"


def main(db: str, path: Path, times: int) -> None:
    ruleset = load_rules(RULES)
    durable = DurableBackend(ruleset.plan)
    Store.open(db).close()
    choose = random.Random(20)
    killed = at_work = written = 0
    before = 0
    with path.open("ab", buffering=0) as file:
        # On a busy machine many die before they have begun to work: then more are needed.
        while killed < times or (at_work < times * 2 // 3 and killed < 6 * times):
            child = os.fork()
            if child == 0:
                monitor(db, path, ruleset, durable, once=False)
            end = time.monotonic() + choose.uniform(0.01, LONGEST_LIFE)
            while time.monotonic() < end:
                whole = entry(written)
                cut = choose.randrange(len(whole))
                file.write(whole[:cut])
                if time.monotonic() >= end:
                    os.kill(child, signal.SIGKILL)  # with half a line in the file
                time.sleep(choose.uniform(0, 0.02))
                file.write(whole[cut:])
                written += 1
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            stored = count(db)
            at_work += stored != before
            before = stored
    monitor(db, path, ruleset, durable, once=True)
    print(json.dumps({"killed": killed, "at_work": at_work, "written": written}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
