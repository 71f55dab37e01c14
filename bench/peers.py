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

DUTIES = {
    "A02-before-custody-officer": "before the custody officer within 30 min of arriving",
    "B01-adult-informed": "an adult told within 30 min of the authority",
    "B02-adult-present": "the adult there in person within 2 h of the authority",
    "B11-offered": "legal advice offered",
    "A14-private-talk": "a talk in private offered",
    "D07-adult-not-asked": "a review without trying to ask the adult",
    "D08-told-after-sleep": "told within 60 min of waking of a review held asleep",
}
ENDS = ("released", "bailed", "moved_to_la", "court_appearance")
ASKED = ("aa_contacted", "aa_requested", "aa_arrived")
BEFORE = ("first_co_contact", "detention_authorised", "detention_refused")
WAKES = ("woken", "interview_started", "rest_ended", "meal_offered", "rights_given")
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

SQL = f"""
create table e as select record, kind, epoch("at"::timestamptz)::bigint as t,
  epoch("at"::timestamptz)::bigint // 60 as m, attrs
from read_json('{{path}}', format='newline_delimited', columns={{{{record: 'VARCHAR', kind: 'VARCHAR',
  "at": 'VARCHAR', attrs: 'JSON'}}}});
create table a as select record, min(t) as t from e where kind = 'detention_authorised' group by 1;
create table x as select record, min(t) as t from e where kind in {ENDS} group by 1;
create view arises as select a.record, a.t, a.t // 60 as m, x.t as ends from a left join x using (record);

select 'A02-before-custody-officer', count(*) from (
  select r.record, r.t, min(e.t) as done, any_value(x.t) as ends from e r
  left join e on e.record = r.record and e.m >= r.m and e.kind in {BEFORE}
  left join x on x.record = r.record
  where r.kind = 'arrived' group by 1, 2)
where (done is null or done > t + 1800) and (ends is null or ends > t + 1800)
union all
select 'B01-adult-informed', count(*) from (
  select arises.record, arises.t, any_value(ends) as ends, min(e.t) as done from arises
  left join (select record, max(t) // 60 as m from e where kind in ('arrested', 'bail_answered') group by 1) s
    using (record)
  left join e on e.record = arises.record and e.kind in {ASKED} and e.m >= coalesce(s.m, arises.m)
  group by 1, 2)
where (done is null or done > t + 1800) and (ends is null or ends > t + 1800)
union all
select 'B02-adult-present', count(*) from (
  select arises.record, arises.t, any_value(ends) as ends, min(e.t) as done from arises
  left join e on e.record = arises.record and e.kind = 'aa_arrived' and e.m >= arises.m
    and coalesce(e.attrs->>'in_person', 'true') = 'true'
  group by 1, 2)
where (done is null or done > t + 7200) and (ends is null or ends > t + 7200)
union all
select 'B11-offered', count(*) from arises
where not exists (from e where e.record = arises.record and kind = 'legal_advice_offered')
union all
select 'A14-private-talk', count(*) from arises
where not exists (from e where e.record = arises.record and kind = 'private_talk_offered')
union all
select 'D07-adult-not-asked', count(*) from e
where kind = 'review_held' and attrs->>'reps_aa' = 'not_attempted'
union all
select 'D08-told-after-sleep', count(*) from (
  select r.record, r.t, any_value(x.t) as ends,
    min(case when e.kind <> 'told_after_sleep' then e.t end) as wakes,
    min(case when e.kind = 'told_after_sleep' then e.t end) as done
  from e r left join e on e.record = r.record and e.m >= r.m and (e.kind in {WAKES}
    or e.kind = 'told_after_sleep' or (e.kind = 'review_held' and e.attrs->>'asleep' = 'false'))
  left join x on x.record = r.record
  where r.kind = 'review_held' and r.attrs->>'asleep' = 'true' group by 1, 2)
where (done is null and wakes is not null and ends is not null) or done > wakes + 3600
"""


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


def _one_of(kinds: tuple[str, ...]) -> str:
    return "|".join(kinds)


CLIPS_RULES = (
    (
        "(deftemplate e (slot n (type INTEGER)) (slot kind (type SYMBOL)) (slot at (type INTEGER))"
        " (slot m (type INTEGER)) (slot person (type SYMBOL)) (slot reps (type SYMBOL)) (slot asleep (type SYMBOL)))"
    ),
    "(deftemplate breach (slot duty (type SYMBOL)) (slot n (type INTEGER)))",
    f"""(defrule a02 (e (n ?n) (kind arrived) (at ?t) (m ?m))
      (not (e (kind {_one_of(BEFORE)}) (m ?k&:(>= ?k ?m)) (at ?d&:(<= ?d (+ ?t 1800)))))
      (not (e (kind {_one_of(ENDS)}) (at ?x&:(<= ?x (+ ?t 1800)))))
      => (assert (breach (duty A02-before-custody-officer) (n ?n))))""",
    f"""(defrule b01 (e (n ?n) (kind detention_authorised) (at ?t) (m ?m))
      (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (and (e (kind {_one_of(ASKED)}) (m ?k) (at ?d&:(<= ?d (+ ?t 1800))))
        (test (>= ?k ?m))))
      (not (and (e (kind arrested|bail_answered) (m ?s)) (e (kind {_one_of(ASKED)}) (m ?k2&:(>= ?k2 ?s))
        (at ?d2&:(<= ?d2 (+ ?t 1800))))))
      (not (e (kind {_one_of(ENDS)}) (at ?x&:(<= ?x (+ ?t 1800)))))
      => (assert (breach (duty B01-adult-informed) (n ?n))))""",
    f"""(defrule b02 (e (n ?n) (kind detention_authorised) (at ?t) (m ?m))
      (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (e (kind aa_arrived) (person yes) (m ?k&:(>= ?k ?m)) (at ?d&:(<= ?d (+ ?t 7200)))))
      (not (e (kind {_one_of(ENDS)}) (at ?x&:(<= ?x (+ ?t 7200)))))
      => (assert (breach (duty B02-adult-present) (n ?n))))""",
    """(defrule b11 (e (n ?n) (kind detention_authorised)) (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (e (kind legal_advice_offered))) => (assert (breach (duty B11-offered) (n ?n))))""",
    """(defrule a14 (e (n ?n) (kind detention_authorised)) (not (e (kind detention_authorised) (n ?o&:(< ?o ?n))))
      (not (e (kind private_talk_offered))) => (assert (breach (duty A14-private-talk) (n ?n))))""",
    """(defrule d07 (e (n ?n) (kind review_held) (reps not_attempted))
      => (assert (breach (duty D07-adult-not-asked) (n ?n))))""",
    f"""(defrule d08-never (e (n ?n) (kind review_held) (asleep yes) (m ?m)) (exists (e (kind {_one_of(ENDS)})))
      (exists (e (kind {_one_of((*WAKES, "review_held"))}) (asleep no) (m ?w&:(>= ?w ?m))))
      (not (e (kind told_after_sleep) (m ?k&:(>= ?k ?m))))
      => (assert (breach (duty D08-told-after-sleep) (n ?n))))""",
    f"""(defrule d08-late (e (n ?n) (kind review_held) (asleep yes) (m ?m))
      (e (kind told_after_sleep) (at ?d) (m ?k&:(>= ?k ?m)))
      (not (e (kind told_after_sleep) (m ?k2&:(>= ?k2 ?m)) (at ?d2&:(< ?d2 ?d))))
      (e (kind {_one_of((*WAKES, "review_held"))}) (asleep no) (at ?w&:(> ?d (+ ?w 3600))) (m ?wm&:(>= ?wm ?m)))
      (not (breach (duty D08-told-after-sleep) (n ?n)))
      => (assert (breach (duty D08-told-after-sleep) (n ?n))))""",
)


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
