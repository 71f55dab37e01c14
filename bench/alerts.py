"""How often an inspector would be interrupted, and by what.

    python -m bench.alerts [generated detentions, default 150]

For the busy day of the sample records, and for generated records (most of whose figures are
invented, see `synthetic/figures.py`): interruptions per child in custody in 24 hours, per hour for a suite
of ten children, their mix by severity, and the duties that ring most.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable

from detention_monitor.assess import assess, end_of
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import SEVERITIES
from detention_monitor.generate import generate
from detention_monitor.interruptions import interruptions
from detention_monitor.paths import bundled_rules, bundled_samples
from detention_monitor.records import entry_from
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import read_entries

SUITE = 10
HOURS = 3600


def report(name: str, detentions: Iterable[Detention], ruleset: RuleSet) -> None:
    backend = DurableBackend(ruleset.plan)
    mix: Counter[str] = Counter()
    duties: Counter[str] = Counter()
    children = held = 0
    for each in detentions:
        result = assess(each, ruleset, end_of(each, ruleset), backend=backend)
        if result.refused or result.authorised_at is None:
            continue
        children += 1
        held += (result.ended_at or end_of(each, ruleset)) - result.authorised_at
        for one in interruptions(each, ruleset, backend):
            mix[one.severity] += 1
            duties.update({f"{each.duty} {each.title}" for each in one.findings})
    total = mix.total()
    hours = held / HOURS
    print(f"{name}: {children} children, {hours:,.0f} hours in custody, {total} interruptions")
    if not total:
        return
    print(f"  per child in 24 hours: {total / hours * 24:.1f}; "
          f"per hour in a suite of {SUITE}: {total / hours * SUITE:.1f}")  # fmt: skip
    shares = (f"{level} {mix[level] / total:.0%}" for level in reversed(SEVERITIES) if mix[level])
    print(f"  mix: {', '.join(shares)}")
    for duty, count in duties.most_common(12):
        print(f"  {count / hours * 24:>6.2f} per child in 24 hours: {duty}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 150
    ruleset = load_rules(bundled_rules())
    path = bundled_samples() / "busy_day.jsonl"
    day = [
        got
        for got, _ in read_entries([str(path)], ruleset.vocabulary)
        if isinstance(got, CustodyEvent)
    ]
    report("The busy day", detentions_of(day), ruleset)
    made = [entry_from(raw, ruleset.vocabulary) for raw in _ready(count)]
    report(f"{count} generated detentions", detentions_of(made), ruleset)


def _ready(count: int) -> Iterable[dict[str, object]]:
    yield from generate(count, 1)


if __name__ == "__main__":
    main()
