"""Whether the back-ends say the same, of as many random detentions as there is time for.

    python -m bench.equality [--detentions 10,000] [--seed 1] [--reference 10]

Every detention is assessed once by a back-end that asks durable_rules and the compiled back-end in
turn, stratum by stratum, and compares all that they conclude: each opening, each closing, and how
sure it is. Findings are made of nothing else, by code that both share. Of `--reference` per cent the
reference interpreter is asked too. It ends with 1 at the first difference, which it names.

Half of the detentions are generated ones, disturbed: entries lost, moved, doubled, their values drawn
anew or left blank. The other half are any kinds with any attributes, by the minute, over four days.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Iterator, Sequence
from random import Random

from detention_monitor.assess import Backend, assess, end_of
from detention_monitor.compiled import CompiledBackend
from detention_monitor.detention import Detention, group
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import Actor, CustodyEvent, Value
from detention_monitor.errors import RecordError
from detention_monitor.generate import generate
from detention_monitor.paths import bundled_rules
from detention_monitor.plan import Stratum
from detention_monitor.records import entry_from
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import load_rules
from detention_monitor.timeline import Closing, Conclusions, Fact, Interval
from detention_monitor.times import parse_instant
from detention_monitor.values import changed
from detention_monitor.vocabulary import Attribute, Kind, Vocabulary

BEGINS = [
    parse_instant(day)[0]
    for day in ("2024-06-10T13:00:00Z", "2025-10-25T15:00:00Z", "2026-03-28T15:00:00Z",
                "2014-11-12T10:00:00Z", "2015-10-25T18:00:00Z")
]  # fmt: skip
BORN = {True: ("2009-03-01", "2007-06-12", "2012-01-05"),
        False: ("1999-05-01", "1997-11-14", "1998-05-01", "2002-10-25")}  # fmt: skip
"""Dates of birth, for detentions of this time or of 2014 and 2015."""
LONGEST = 4 * 24 * 60
LEFT_ALONE = frozenset({"continues", "dob", "age_recorded", "relevant_time", "first_authorised_at"})


class DifferenceError(Exception):
    """Two back-ends concluded differently."""


class Both:
    """A back-end that asks several and returns what all of them say."""

    name = DurableBackend.name

    def __init__(self, backends: Sequence[Backend]) -> None:
        self.backends = backends
        self.openings = self.closings = 0

    def run(
        self, stratum: Stratum, facts: Sequence[Fact], intervals: Sequence[Interval]
    ) -> Conclusions:
        first, *others = [each.run(stratum, facts, intervals) for each in self.backends]
        said = plain(first)
        for backend, other in zip(self.backends[1:], others, strict=True):
            if plain(other) != said:
                raise DifferenceError(
                    f"stratum {stratum.level}: {self.backends[0].name} and {backend.name} differ: "
                    f"{unlike(said, plain(other))}"
                )
        self.openings += sum(map(len, first.opened.values()))
        self.closings += sum(map(len, first.closed.values()))
        return first


Plain = tuple[dict[tuple[int, str], dict[int, int]], dict[tuple[int, int], dict[str, Closing]]]


def plain(found: Conclusions) -> Plain:
    """Return conclusions without the roles in which nothing was found."""
    return (
        {key: places for key, places in found.opened.items() if places},
        {key: roles for key, roles in found.closed.items() if roles},
    )


def unlike(one: Plain, other: Plain) -> list[object]:
    return [
        (key, mine.get(key), theirs.get(key))  # type: ignore[attr-defined]
        for mine, theirs in zip(one, other, strict=True)
        for key in {**mine, **theirs}
        if mine.get(key) != theirs.get(key)  # type: ignore[attr-defined]
    ][:3]


# --- random detentions -------------------------------------------------------------------------


def value(attribute: Attribute, begin: int, random: Random) -> Value:
    match attribute.type:
        case "yes_no":
            return random.random() < 0.5
        case "enum" | "ordered":
            return random.choice(attribute.values)
        case "whole_number":
            return random.choice((0, 1, 2, 3, 5, 9, 10, 13, 14, 16, 17, 18, 24, 60))
        case "duration":
            return 60 * random.randint(0, 600)
        case "time":
            return begin + 60 * random.randint(0, LONGEST)
        case "date":
            return "2009-03-01"
        case "list_of":
            return ("something",)
        case _:
            return "something"


def attrs_of(kind: Kind, begin: int, random: Random) -> dict[str, Value]:
    share = random.random()
    return {
        name: value(kind.attributes[name], begin, random)
        for name in sorted(kind.own)
        if name not in LEFT_ALONE and random.random() < share
    }


def actor(vocabulary: Vocabulary, random: Random) -> Actor:
    common = vocabulary.kinds["arrived"].attributes
    return Actor(
        rank=random.choice((None, *common["rank"].values)),
        acting_rank_s107=random.choice((None, None, "inspector", "superintendent")),
        role=random.choice((None, *common["role"].values)),
    )


def anything(number: int, vocabulary: Vocabulary, random: Random) -> Detention:
    """Return a detention of any dozen kinds, with any attributes."""
    begin, record = random.choice(BEGINS), f"R{number}"
    first = {"dob": random.choice(BORN[begin > BEGINS[4]])}
    if random.random() < 0.1:
        entries = [CustodyEvent("a", record, "taken_into_police_protection", begin, attrs=first)]
    else:
        authorised = begin + 60 * random.randint(0, 90)
        entries = [
            CustodyEvent("a", record, "arrived", begin, attrs=first),
            CustodyEvent("b", record, "detention_authorised", authorised),
        ]
    known = [kind for kind in vocabulary.kinds.values() if not kind.derived]
    kinds = random.sample(known, random.randint(3, 14))
    for each in range(random.randint(0, 40)):
        kind = random.choice(kinds)
        at = begin + random.choice((60 * random.randint(0, LONGEST), random.randint(0, 90_000)))
        entries.append(
            CustodyEvent(f"e{each}", record, kind.name, at, by=actor(vocabulary, random),
                         attrs=attrs_of(kind, begin, random))
        )  # fmt: skip
    return Detention(record, tuple(entries))


def disturbed(whole: Detention, vocabulary: Vocabulary, random: Random) -> Detention:
    """Return a detention with entries lost, moved, doubled, and their values drawn anew."""
    much = random.choice((0.0, 0.03, 0.1, 0.3))
    begin = whole.entries[0].at
    out: list[CustodyEvent] = []
    for place, entry in enumerate(whole.entries):
        if place < 2 or random.random() >= much:
            out.append(entry)
            continue
        kind = vocabulary.kinds[entry.kind]
        match random.randrange(5):
            case 0:
                continue
            case 1:
                out.append(changed(entry, at=entry.at + 60 * random.randint(-400, 400)))
            case 2:
                out += [
                    entry,
                    changed(entry, id=f"{entry.id}x", at=entry.at + random.randint(0, 9_000)),
                ]
            case 3:
                kept = {name: given for name, given in entry.attrs.items() if random.random() < 0.5}
                out.append(changed(entry, attrs=kept, by=Actor()))
            case _:
                new = attrs_of(kind, begin, random)
                out.append(
                    changed(entry, attrs={**entry.attrs, **new}, by=actor(vocabulary, random))
                )
    return Detention(whole.id, tuple(out))


def random_detentions(count: int, seed: int, vocabulary: Vocabulary) -> Iterator[Detention]:
    random = Random(seed)
    batch = 500
    made = 0
    while made < count:
        raw = generate(batch, random.randrange(10**9))
        entries = [entry_from(each, vocabulary) for each in raw]
        for whole in group(entries):
            yield disturbed(whole, vocabulary, random)
            yield anything(made, vocabulary, random)
            made += 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.equality", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--detentions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reference", type=float, default=10, metavar="PERCENT")
    asked = parser.parse_args()
    ruleset = load_rules(bundled_rules())
    durable, compiled = DurableBackend(ruleset.plan), CompiledBackend(ruleset.plan)
    two = Both([durable, compiled])
    three = Both([durable, compiled, ReferenceBackend(ruleset.plan)])
    random, begun = Random(asked.seed), time.monotonic()
    judged = refused = entries = findings = by_three = 0
    gc.disable()
    for number, each in enumerate(
        random_detentions(asked.detentions, asked.seed, ruleset.vocabulary)
    ):
        if number >= asked.detentions:
            break
        ask = three if random.random() * 100 < asked.reference else two
        try:
            result = assess(each, ruleset, end_of(each, ruleset), backend=ask)
        except RecordError:  # an impossible one: no back-end is asked
            refused += 1
            continue
        except DifferenceError as error:
            print(f"seed {asked.seed}, detention {number} ({each.id}): {error}")
            sys.exit(1)
        judged += result.refused is None
        refused += result.refused is not None
        by_three += ask is three and result.refused is None
        entries += len(each.entries)
        findings += len(result.findings)
        if number % 1_000 == 999:
            gc.collect()
        if number % 10_000 == 9_999:
            print(f"  {number + 1:,} detentions, {time.monotonic() - begun:,.0f} s", flush=True)
    print(
        f"{judged:,} random detentions judged (seed {asked.seed}; {refused:,} more refused), "
        f"{entries:,} entries, {findings:,} findings; {two.openings + three.openings:,} openings and "
        f"{two.closings + three.closings:,} closings compared; {by_three:,} with the reference "
        "interpreter too: no difference"
    )


if __name__ == "__main__":
    main()
