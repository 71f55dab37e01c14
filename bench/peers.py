"""Other tools on the same records, side by side in one run: speed, memory, and whether counts agree.

    PYTHON -m bench.peers [--detentions 2,000] [--only duckdb ...]

Needs duckdb, polars, clipspy, pm4py and Declare4Py in PYTHON, none of which this project needs otherwise (pm4py is
AGPL: never a dependency). What is not installed is left out. Seven duties that each of them can say are
written by hand for each, as an analyst would write them; ours are the rules themselves, once only those
seven and once the whole catalogue. Each runs in a process of its own, from a file of JSON lines to the
number of breaches of each duty; a figure is a ratio to `json.loads` on the same lines in the same run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.peers_rules import ASKED, BEFORE, CLIPS_RULES, DUTIES, ENDS, SQL, WAKES

Counts = dict[str, int]


def baseline(path: str) -> Counts:
    with Path(path).open("rb") as file:
        for line in file:
            json.loads(line)
    return {}


# --- ours --------------------------------------------------------------------------------------


def ours(path: str, engine: str, *, whole: bool) -> Counts:
    from dataclasses import replace

    from detention_monitor.assess import assess, end_of
    from detention_monitor.backends import backend_for
    from detention_monitor.detention import group
    from detention_monitor.entries import CustodyEvent
    from detention_monitor.findings import BREACHES
    from detention_monitor.paths import bundled_rules
    from detention_monitor.plan import make_plan
    from detention_monitor.rulefile import load_rules
    from detention_monitor.sources import read_entries

    ruleset = load_rules(bundled_rules())
    if not whole:
        rules = tuple(each for each in ruleset.rules if each.id in DUTIES)
        plan = make_plan(ruleset.facts, rules, ruleset.vocabulary)
        ruleset = replace(ruleset, rules=rules, plan=plan)
    backend = backend_for(engine, ruleset.plan)
    begin()
    read = (got for got, _ in read_entries([path], ruleset.vocabulary))
    counts: Counter[str] = Counter()
    for each in group(got for got in read if isinstance(got, CustodyEvent)):
        for finding in assess(each, ruleset, end_of(each, ruleset), backend=backend).findings:
            if finding.status in BREACHES and finding.rule in DUTIES:
                counts[finding.rule] += 1
    return counts


# --- DuckDB ------------------------------------------------------------------------------------


def duckdb(path: str) -> Counts:
    import duckdb as database

    connection = database.connect(config={"threads": 1})
    connection.execute("set timezone = 'UTC'")
    begin()
    *first, last = SQL.format(path=path).split(";")
    for each in first:
        connection.execute(each)
    return dict(connection.execute(last).fetchall())


# --- Polars ------------------------------------------------------------------------------------


def polars(path: str) -> Counts:
    import polars as pl

    begin()
    asked = pl.Struct({"in_person": pl.Boolean, "reps_aa": pl.String, "asleep": pl.Boolean})
    schema = {"record": pl.String, "kind": pl.String, "at": pl.String, "attrs": asked}
    e = (
        pl.read_ndjson(path, schema=schema)
        .with_columns(pl.col("at").str.to_datetime(time_zone="UTC").dt.epoch("s"))
        .unnest("attrs")
        .with_columns((pl.col("at") // 60).alias("m"))
    )

    def of(*kinds: str) -> Any:
        return e.filter(pl.col("kind").is_in(kinds))

    def late(arises: Any, acts: Any, within: int) -> int:
        """Count what arose and was not done within some seconds, nor ended before."""
        done = (
            arises.join(acts.select("record", done="at", act="m"), on="record", how="left")
            .filter(pl.col("act").is_null() | (pl.col("act") >= pl.col("since")))
            .group_by("record", "at")
            .agg(pl.col("done").min())
        )
        whole = arises.join(done, on=["record", "at"], how="left").join(
            ends, on="record", how="left"
        )
        due = pl.col("at") + within
        unmet = pl.col("done").is_null() | (pl.col("done") > due)
        return int(whole.filter(unmet & (pl.col("ends").is_null() | (pl.col("ends") > due))).height)

    ends = of(*ENDS).group_by("record").agg(pl.col("at").min().alias("ends"))
    authorised = of("detention_authorised").group_by("record").agg(pl.col("at").min())
    authorised = authorised.with_columns((pl.col("at") // 60).alias("since"))
    before = of("arrested", "bail_answered").group_by("record").agg(pl.col("m").max().alias("s"))
    since = authorised.join(before, on="record", how="left").with_columns(
        pl.coalesce("s", "since").alias("since")
    )
    asleep = of("review_held").filter(pl.col("asleep")).select("record", at="at", since="m")
    wakes = pl.concat([of(*WAKES), of("review_held").filter(~pl.col("asleep"))], how="vertical")

    def first(acts: Any, name: str) -> Any:
        joined = asleep.join(acts.select("record", act="at", m="m"), on="record")
        return (
            joined.filter(pl.col("m") >= pl.col("since"))
            .group_by("record", "at")
            .agg(pl.col("act").min().alias(name))
        )

    told = (
        asleep.join(first(of("told_after_sleep"), "done"), on=["record", "at"], how="left")
        .join(first(wakes, "wakes"), on=["record", "at"], how="left")
        .join(ends, on="record", how="left")
    )
    untold = pl.all_horizontal(
        pl.col("done").is_null(), pl.col("wakes").is_not_null(), pl.col("ends").is_not_null()
    )
    in_person = pl.col("in_person").fill_null(value=True)
    arrived = of("arrived").select("record", at="at", since="m")
    return {
        "A02-before-custody-officer": late(arrived, of(*BEFORE), 1_800),
        "B01-adult-informed": late(since, of(*ASKED), 1_800),
        "B02-adult-present": late(authorised, of("aa_arrived").filter(in_person), 7_200),
        "B11-offered": authorised.join(of("legal_advice_offered"), on="record", how="anti").height,
        "A14-private-talk": authorised.join(
            of("private_talk_offered"), on="record", how="anti"
        ).height,
        "D07-adult-not-asked": of("review_held")
        .filter(pl.col("reps_aa") == "not_attempted")
        .height,
        "D08-told-after-sleep": told.filter(
            untold | (pl.col("done") > pl.col("wakes") + 3_600)
        ).height,
    }


# --- CLIPS -------------------------------------------------------------------------------------


def clips(path: str) -> Counts:
    import clips as engine

    from detention_monitor.times import parse_instant

    environment = engine.Environment()
    for each in CLIPS_RULES:
        environment.build(each)
    template = environment.find_template("e")
    begin()
    records: dict[str, list[dict[str, Any]]] = {}
    with Path(path).open("rb") as file:
        for line in file:
            entry = json.loads(line)
            records.setdefault(entry["record"], []).append(entry)
    counts: Counter[str] = Counter()
    symbol = engine.Symbol
    for entries in records.values():
        environment.reset()
        for number, entry in enumerate(entries):
            at, attrs = parse_instant(entry["at"])[0], entry.get("attrs") or {}
            template.assert_fact(
                n=number, kind=symbol(entry["kind"]), at=at, m=at // 60,
                person=symbol("no" if attrs.get("in_person") is False else "yes"),
                reps=symbol(attrs.get("reps_aa") or "none"),
                asleep=symbol(
                    "yes" if attrs.get("asleep")
                    else "unknown" if entry["kind"] == "review_held" and "asleep" not in attrs
                    else "no"
                ),
            )  # fmt: skip
        environment.run()
        for fact in environment.facts():
            if fact.template.name == "breach":
                counts[str(fact["duty"])] += 1
    return counts


# --- pm4py -------------------------------------------------------------------------------------


def as_xes(path: str, folder: str) -> str:
    out = f"{folder}/log.xes"
    export = ["export", path, "--to", "xes", "--out", out]
    command = [sys.executable, "-m", "detention_monitor", *export]
    subprocess.run(command, check=True, capture_output=True)
    return out


def pm4py(path: str) -> Counts:
    """Temporal profile and declare: only what "B follows A within a time" and "A, then B" can say."""
    import pm4py as miner

    with tempfile.TemporaryDirectory() as folder:
        log_path = as_xes(path, folder)
        begin()
        log = miner.read_xes(log_path)
    # |t - mean| > zeta * sd: with mean 15 min, sd 15 min and zeta 1 that is more than 30 min.
    profile = {("arrived", "first_co_contact"): (900.0, 900.0)}
    found = miner.conformance_temporal_profile(log, profile, zeta=1.0)
    model = {
        "response": {
            ("detention_authorised", "legal_advice_offered"): {"support": 1.0, "confidence": 1.0}
        },
        "responded_existence": {
            ("detention_authorised", "private_talk_offered"): {"support": 1.0, "confidence": 1.0},
            ("detention_authorised", "legal_advice_offered"): {"support": 1.0, "confidence": 1.0},
        },
    }
    declared = miner.conformance_declare(log, model)
    missing = Counter(
        rule[1][1]
        for trace in declared
        for rule in trace["deviations"]
        if rule[0] == "responded_existence"
    )
    return {
        "A02-before-custody-officer": sum(bool(each) for each in found),
        "B11-offered": missing["legal_advice_offered"],
        "A14-private-talk": missing["private_talk_offered"],
    }


def declare4py(path: str) -> Counts:
    """Declare with conditions of time; of several acts that would do, a template can name one only."""
    from Declare4Py.D4PyEventLog import D4PyEventLog
    from Declare4Py.ProcessMiningTasks.ConformanceChecking.MPDeclareAnalyzer import (
        MPDeclareAnalyzer,
    )
    from Declare4Py.ProcessModels.DeclareModel import DeclareModel

    constraints = {
        "A02-before-custody-officer": "Response[arrived, first_co_contact] | | |0,30,m",
        "B01-adult-informed": "Response[detention_authorised, aa_contacted] | | |0,30,m",
        "B02-adult-present": "Response[detention_authorised, aa_arrived] | | |0,120,m",
        "B11-offered": "Responded Existence[detention_authorised, legal_advice_offered] | | |",
        "A14-private-talk": "Responded Existence[detention_authorised, private_talk_offered] | | |",
    }
    kinds = ("arrived", "first_co_contact", "detention_authorised", "aa_contacted", "aa_arrived",
             "legal_advice_offered", "private_talk_offered")  # fmt: skip
    text = "\n".join([*(f"activity {kind}" for kind in kinds), *constraints.values()])
    with tempfile.TemporaryDirectory() as folder:
        log_path = as_xes(path, folder)
        begin()
        log = D4PyEventLog(case_name="case:concept:name")
        log.parse_xes_log(log_path)
    model = DeclareModel().parse_from_string(text + "\n")
    found = MPDeclareAnalyzer(log=log, declare_model=model, consider_vacuity=False).run()
    violated = found.get_metric(metric="num_violations").sum().to_dict()
    return {duty: int(violated[each]) for duty, each in constraints.items()}


# --- side by side ------------------------------------------------------------------------------

_begun = [0.0, 0.0]


def begin() -> None:
    """Note that a tool has started up: what it costs to read the file and judge counts from here."""
    _begun[:] = [time.perf_counter(), time.process_time()]


TOOLS: dict[str, tuple[str, Callable[[str], Counts]]] = {
    "json.loads": ("", baseline),
    "durable_rules, 7 rules": ("", lambda path: ours(path, "durable", whole=False)),
    "compiled, 7 rules": ("", lambda path: ours(path, "compiled", whole=False)),
    "durable_rules, all": ("", lambda path: ours(path, "durable", whole=True)),
    "compiled, all": ("", lambda path: ours(path, "compiled", whole=True)),
    "duckdb": ("duckdb", duckdb),
    "polars": ("polars", polars),
    "clips": ("clips", clips),
    "pm4py": ("pm4py", pm4py),
    "declare4py": ("Declare4Py", declare4py),
}


def one(name: str, path: str) -> None:
    """Run one tool in this process and print what it took, in JSON."""
    begin()
    counts = TOOLS[name][1](path)
    wall, cpu = time.perf_counter() - _begun[0], time.process_time() - _begun[1]
    status = Path("/proc/self/status").read_text().split()
    most = int(status[status.index("VmHWM:") + 1]) // 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "most": most, "counts": counts}))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--detentions", type=int, default=2_000)
    parser.add_argument("--only", nargs="*", default=[], metavar="TOOL")
    parser.add_argument("--one", nargs=2, metavar=("TOOL", "PATH"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records.jsonl"
        write = [
            sys.executable,
            "-m",
            "detention_monitor",
            "generate",
            "--records",
            str(asked.detentions),
        ]
        subprocess.run([*write, "--out", str(path)], check=True, capture_output=True)
        entries = sum(1 for _ in path.open("rb"))
        results: dict[str, dict[str, Any]] = {}
        for name, (needs, _) in TOOLS.items():
            if asked.only and name not in (*asked.only, "json.loads"):
                continue
            if needs and find_spec(needs) is None:
                print(f"{name}: not installed, left out")
                continue
            command = [sys.executable, "-m", "bench.peers", "--one", name, str(path)]
            ran = subprocess.run(command, capture_output=True, text=True, check=False)
            if ran.returncode:
                print(f"{name}: {ran.stderr.strip().splitlines()[-1]}")
                continue
            results[name] = json.loads(ran.stdout.splitlines()[-1])
    told(results, entries, asked.detentions)


def told(results: dict[str, dict[str, Any]], entries: int, detentions: int) -> None:
    base = results["json.loads"]["cpu"]
    ours_said = results.get("compiled, all", {}).get("counts", {})
    print(f"{detentions:,} detentions, {entries:,} entries; CPU time, reading included\n")
    print("| tool | entries/s | x json.loads | MiB | agrees on |\n|---|---|---|---|---|")
    for name, each in results.items():
        said = each["counts"]
        same = sum(said[duty] == ours_said.get(duty, 0) for duty in said)
        agrees = f"{same} of {len(said)}" if said else ""
        print(
            f"| {name} | {entries / each['cpu']:,.0f} | {each['cpu'] / base:.1f} | {each['most']} | {agrees} |"
        )
    print(f"\n| breaches | {' | '.join(results)} |\n|{'---|' * (len(results) + 1)}")
    for duty, about in DUTIES.items():
        cells = [str(each["counts"].get(duty, "")) for each in results.values()]
        print(f"| {duty}: {about} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
