"""One contract test for each hazard of the C engine (docs/engine-hazards.md).

Each shows that the guarded path is right. The fault itself is shown only where it is the same
every time, and in a process of its own where it could end ours.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detention_monitor import engine
from detention_monitor.assess import assess, end_of
from detention_monitor.closing import first_rule
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.engine import Ruleset
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import EngineError
from detention_monitor.rulefile import RuleSet
from detention_monitor.shards import MOST_ALPHAS
from detention_monitor.sources import read_entries
from tests.conftest import SAMPLES

SOURCE = Path(engine.__file__).read_text()


def definitions(backend: DurableBackend) -> Iterator[dict[str, Any]]:
    for runner in backend._strata.values():
        for shard in runner.shards:
            yield shard.definition
    for same, number in backend._closer.variants.items():
        yield {"closing": first_rule(number, same, 2)}


def operators(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, value in part.items():
            yield name
            yield from operators(value)
    elif isinstance(part, list):
        for each in part:
            yield from operators(each)


def joined(*tests: dict[str, Any], guard: bool = True) -> Ruleset:
    """Return a rule set that joins facts a and b by some tests."""
    last = [{"z": {"a": "z"}}] if guard else []
    pattern = {"b": {"$and": [{"k": "b"}, *tests, *last]}}
    return Ruleset({"r": {"all": [{"a": {"k": "a"}}, pattern]}})


def isolated(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "MALLOC_PERTURB_": "165"},
    )


def test_h1_a_join_whose_last_comparison_is_false_does_not_crash() -> None:
    rules = joined({"$gt": {"m": {"a": "m"}}})
    rules.begin()
    rules.feed({"k": "a", "m": 5})
    assert rules.feed({"k": "b", "m": 4}) == []
    assert rules.feed({"k": "b", "m": 5}) == []
    assert [name for name, _ in rules.feed({"k": "b", "m": 6})] == ["r"]
    rules.end()


def test_h1_every_join_we_compile_ends_in_the_guard(durable: DurableBackend) -> None:
    for definition in definitions(durable):
        for rule in definition.values():
            for pattern in rule["all"][1:]:
                [body] = pattern.values()
                assert list(body["$and"][-1]) == ["z"]


def test_h2_any_number_of_detentions_one_after_the_other() -> None:
    rules = Ruleset({"r": {"all": [{"e": {"k": "a"}}]}})
    for _ in range(3_000):
        rules.begin()
        assert len(rules.feed({"k": "a"})) == 1
        rules.end()


def test_h3_a_detention_on_which_nothing_fired_can_be_forgotten() -> None:
    ran = isolated(
        "from detention_monitor.engine import Ruleset\n"
        "rules = Ruleset({'r': {'all': [{'e': {'k': 'a'}}]}})\n"
        "for _ in range(200):\n"
        "    rules.begin()\n"
        "    rules.feed({'k': 'other'})\n"
        "    rules.end()\n"
        "print('alive')\n"
    )
    assert (ran.returncode, ran.stdout) == (0, "alive\n"), ran.stderr


def test_h4_no_fact_is_taken_for_a_duplicate() -> None:
    rules = Ruleset({"r": {"all": [{"e": {"k": "a"}}]}})
    rules.begin()
    assert all(len(rules.feed({"k": "a", "n": number})) == 1 for number in range(60_000))
    rules.end()


def test_h5_records_whose_names_share_a_hash_do_not_mix(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    def entry(record: str, number: int, kind: str, at: int, **attrs: Any) -> CustodyEvent:
        return CustodyEvent(f"e{number}", record, kind, at, attrs=attrs)

    begun = 1_718_020_800
    alone = "CR-2026-0724246"
    searched = "CR-2026-1465780"
    first = Detention(
        alone,
        (
            entry(alone, 1, "detention_authorised", begun, dob="2009-01-01"),
            entry(alone, 2, "rights_given", begun + 60),
        ),
    )
    second = Detention(
        searched,
        (
            entry(searched, 1, "detention_authorised", begun, dob="2009-01-01"),
            entry(searched, 2, "aa_arrived", begun + 120),
        ),
    )
    as_of = begun + 600
    before = assess(second, ruleset, as_of, backend=durable).findings
    assess(first, ruleset, as_of, backend=durable)
    assert assess(second, ruleset, as_of, backend=durable).findings == before


def test_h6_a_join_on_an_absent_field_is_guarded(durable: DurableBackend) -> None:
    unguarded = joined({"$gt": {"x": {"a": "x"}}})
    unguarded.begin()
    unguarded.feed({"k": "a"})
    with pytest.raises(EngineError, match="311"):
        unguarded.feed({"k": "b", "x": 2})
    unguarded.begin()  # the state was given up; the rule set goes on
    unguarded.feed({"k": "a", "x": 1})
    assert len(unguarded.feed({"k": "b", "x": 2})) == 1
    unguarded.end()

    for same, number in durable._closer.variants.items():
        text = json.dumps(first_rule(number, same, 2))
        for name in same:
            assert text.count(f'{{"$ex": {{"a_{name}": 1}}}}') == 3  # instance, entry, not


def test_h7_no_arithmetic_reaches_the_engine(durable: DurableBackend) -> None:
    used = {name for each in definitions(durable) for name in operators(each) if "$" in name}
    assert used <= {
        "$and", "$ex", "$nex", "$neq", "$lt", "$lte", "$gt", "$gte", "b$not"
    }  # fmt: skip


@pytest.mark.parametrize(
    "call", ["assert_facts", "assert_events", "assert_timers", "retract_fact", "renew_action_lease"]
)
def test_h8_h12_h17_no_batches_timers_or_retractions(call: str) -> None:
    assert call not in SOURCE


def test_h9_the_python_host_of_durable_rules_is_never_loaded() -> None:
    ran = isolated(
        "import sys\n"
        "import detention_monitor.cli\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'durable'))\n"
    )
    assert ran.stdout == "[]\n"


def test_h10_what_one_fact_may_set_off_is_capped() -> None:
    rules = joined({"$gte": {"m": {"a": "m"}}})
    rules.begin()
    for number in range(10_001):
        rules.feed({"k": "a", "m": number})
    with pytest.raises(EngineError, match="more than 10000"):
        rules.feed({"k": "b", "m": 20_000})


def test_h11_h15_no_rule_set_comes_near_the_limits(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    for runner in durable._strata.values():
        for shard in runner.shards:
            assert len(shard.definition) <= MOST_ALPHAS
    widest = max(len(own) for own in ruleset.plan.attributes.values())
    assert widest < 200  # of 251 properties


def test_h15_sixty_rules_may_match_one_fact_and_sixty_five_may_not() -> None:
    def rules(count: int) -> Ruleset:
        return Ruleset({f"r{n}": {"all": [{"e": {"$and": [{"k": "a"}, {"$gte": {"x": n}}]}}]}
                        for n in range(count)})  # fmt: skip

    within = rules(MOST_ALPHAS)
    within.begin()
    assert len(within.feed({"k": "a", "x": 100})) == MOST_ALPHAS
    within.end()
    beyond = rules(65)
    beyond.begin()
    with pytest.raises(EngineError, match="303"):
        beyond.feed({"k": "a", "x": 100})


def test_h12_no_thread_is_started(ruleset: RuleSet, durable: DurableBackend) -> None:
    before = threading.active_count()
    entry = CustodyEvent(
        "e1", "R1", "detention_authorised", 1_718_020_800, attrs={"dob": "2009-01-01"}
    )
    assess(Detention("R1", (entry,)), ruleset, 1_718_107_200, backend=durable)
    assert threading.active_count() == before


def test_h13_alternatives_are_split_never_compiled_to_or(durable: DurableBackend) -> None:
    assert all("$or" not in set(operators(each)) for each in definitions(durable))


def test_h14_the_first_closing_is_found_and_does_not_block_itself(
    durable: DurableBackend,
) -> None:
    rules = durable._closer.ruleset
    variant = durable._closer.variants[()]
    rules.begin()
    for place, minute in ((1, 10), (2, 10), (3, 11)):
        rules.feed({"k": "#c", "s": 7, "n": place, "m": minute, "c": 2})
    fired = rules.feed({"k": "#i", "v": variant, "s": 7, "n": 0, "m": 10})
    assert [(name.rstrip("0123456789"), bound["e"]["n"]) for name, bound in fired] == [
        ("certain", 1)
    ]
    rules.end()


def test_h16_no_condition_names_the_session(durable: DurableBackend) -> None:
    assert all("sid" not in set(operators(each)) for each in definitions(durable))


def test_only_whole_numbers_and_words_of_the_vocabulary_cross_the_boundary(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """Free text stays outside: it is neither compared nor passed on (design D2)."""
    hostile = '"},{"k":"x"' + "\u0000" * 3 + "🔥" * 50
    entry = CustodyEvent(
        "e1", "R1", "detention_authorised", 1_718_020_800,
        attrs={"dob": "2009-01-01", "grounds": hostile},
    )  # fmt: skip
    result = assess(Detention("R1", (entry,)), ruleset, 1_718_107_200, backend=durable)
    assert result.judged_by == "durable_rules"
    assert "A03-grounds" not in {finding.rule for finding in result.findings}


def test_what_the_engine_said_before_does_not_depend_on_the_order_of_detentions(
    ruleset: RuleSet,
) -> None:
    """Answers are kept from one detention to the next (decision 0008); each is that of a fresh ask."""
    stories = [str(path) for path in sorted(SAMPLES.glob("T*.jsonl"))]
    read = (got for got, _ in read_entries(stories, ruleset.vocabulary))
    found = detentions_of(got for got in read if isinstance(got, CustodyEvent))

    def judged(order: list[Detention], backend: DurableBackend) -> dict[str, object]:
        return {
            each.id: assess(each, ruleset, end_of(each, ruleset), backend=backend).findings
            for each in order
        }

    one, other = DurableBackend(ruleset.plan), DurableBackend(ruleset.plan)
    first = judged(found, one)
    assert judged(found[::-1], other) == first
    asked = one.work()["facts"]
    assert judged(found, one) == first
    assert one.work()["facts"] - asked < asked / 10  # only what is too long to keep is asked again


def test_rule_sets_that_are_not_needed_any_more_are_given_back() -> None:
    """A thousand compilations in one process, as a monitor that reloads its rules does, stay flat."""
    code = (
        "import resource\n"
        "from detention_monitor.engine import Ruleset\n"
        "rules = {f'r{n}': {'all': [{'e': {'$and': [{'k': 'x'}, {'a': n}]}}]} for n in range(60)}\n"
        "def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024\n"
        "def many():\n"
        "    for _ in range(300):\n"
        "        held = Ruleset(rules)\n"
        "        held.begin(); held.feed({'k': 'x', 'a': 7}); held.end()\n"
        "many(); first = most(); many(); many(); many()\n"
        "print(most() - first)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 8
