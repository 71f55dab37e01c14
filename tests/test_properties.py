"""What must hold of every detention, tried on random ones."""

import os
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from detention_monitor.assess import Assessment, Backend, assess, end_of
from detention_monitor.detention import Detention, without_duplicates
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import BREACHES, as_record
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import load_rules
from detention_monitor.values import changed
from tests.conftest import RULES
from tests.detentions import LONGEST, detentions

RULESET = load_rules(RULES)
DURABLE, REFERENCE = DurableBackend(RULESET.plan), ReferenceBackend(RULESET.plan)
many = settings(
    max_examples=int(os.environ.get("EXAMPLES", "60")),
    derandomize="EXAMPLES" not in os.environ,  # the same each time, unless more are asked for
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def found(result: Assessment, *leave_out: str) -> list[dict[str, Any]]:
    records = [as_record(finding) for finding in result.findings]
    return [
        {name: value for name, value in record.items() if name not in leave_out}
        for record in records
    ]


def run(detention: Detention, as_of: int, backend: Backend | None = None) -> Assessment:
    return assess(detention, RULESET, as_of, backend=backend or REFERENCE)


@many
@given(detention=detentions())
def test_both_back_ends_agree_on_every_finding(detention: Detention) -> None:
    as_of = end_of(detention, RULESET)
    by_engine = run(detention, as_of, DURABLE)
    by_reference = run(detention, as_of)

    assert by_engine.judged_by in ("durable_rules", "")
    assert found(by_engine, "judged_by") == found(by_reference, "judged_by")
    assert by_engine.next_change_at == by_reference.next_change_at
    assert by_engine.refused == by_reference.refused


@many
@given(detention=detentions(), random=st.randoms(use_true_random=False))
def test_the_order_of_reading_does_not_matter(detention: Detention, random: Any) -> None:
    shuffled = list(detention.entries)
    random.shuffle(shuffled)
    other = Detention(detention.id, tuple(shuffled))

    as_of = end_of(detention, RULESET)
    assert found(run(other, as_of)) == found(run(detention, as_of))


@many
@given(detention=detentions(), picks=st.lists(st.integers(0, 26)))
def test_an_entry_sent_twice_counts_once(detention: Detention, picks: list[int]) -> None:
    again = [changed(detention.entries[pick]) for pick in picks if pick < len(detention.entries)]
    kept, twice, conflicts = without_duplicates([*detention.entries, *again])

    assert tuple(kept) == detention.entries
    assert twice == len(again)
    assert conflicts == []


LATER_LAW = frozenset({"age_corrected", "review_postponed", "certificate_made"})
"""Kinds by which what looked like a breach may be found to be none: the age was wrong, or the
reason was written down afterwards (domain.md T07, T18, E03)."""


@many
@given(
    detention=detentions(without=LATER_LAW),
    minutes=st.lists(st.integers(0, LONGEST), min_size=2, max_size=4),
)
def test_a_breach_never_heals(detention: Detention, minutes: list[int]) -> None:
    """It stays, unless its rule says that an excuse counts even if it is entered later."""
    begin = detention.entries[0].at
    before: dict[str, str] = {}
    late = {rule.id for rule in RULESET.rules if rule.excused_late}
    instants = {begin + 60 * minute + 30 for minute in minutes}
    for instant in sorted(instants | {entry.at for entry in detention.entries}):
        result = run(detention, instant)
        if result.refused is not None:
            break  # by now it is known that the record is not ours to judge
        now = {each.key: each.status for each in result.findings}
        for key, rule in before.items():
            excused = now.get(key) == "excused" and rule.split()[0] in late
            assert now.get(key) in BREACHES or excused, rule
        before |= {
            each.key: f"{each.rule} {each.status}"
            for each in result.findings
            if each.is_breach and each.certainty == "established"
        }


@many
@given(detention=detentions(), minute=st.integers(0, LONGEST), part=st.floats(0, 1))
def test_next_change_is_never_late(detention: Detention, minute: int, part: float) -> None:
    as_of = detention.entries[0].at + 60 * minute
    result = run(detention, as_of)
    assume(result.refused is None)
    until = result.next_change_at if result.next_change_at is not None else as_of + 10 * 86_400

    for later in {as_of + int((until - 1 - as_of) * part), until - 1}:
        assert found(run(detention, later)) == found(result)


@many
@given(detention=detentions(), which=st.integers(2, 26), minutes=st.integers(-60, 60))
def test_an_amended_record_equals_one_written_right_the_first_time(
    detention: Detention,
    which: int,
    minutes: int,
) -> None:
    assume(which < len(detention.entries))
    right = detention.entries[which]
    assume(right.at + 60 * minutes >= 0)
    wrong = changed(right, at=right.at + 60 * minutes, attrs={})
    amendment: CustodyEvent = changed(right, id="z99", amends=right.id)
    others = [each for each in detention.entries if each is not right]
    amended = Detention(detention.id, (*others, wrong, amendment))

    as_of = end_of(detention, RULESET)
    assert found(run(amended, as_of), "evidence") == found(run(detention, as_of), "evidence")


@many
@given(detention=detentions(), which=st.integers(2, 26))
def test_a_withdrawn_entry_equals_one_never_written(detention: Detention, which: int) -> None:
    assume(which < len(detention.entries))
    gone = detention.entries[which]
    withdrawal = CustodyEvent("z99", "R1", gone.kind, gone.at, withdraws=gone.id)
    withdrawn = Detention(detention.id, (*detention.entries, withdrawal))
    never = Detention(detention.id, tuple(e for e in detention.entries if e is not gone))

    as_of = end_of(detention, RULESET)
    assert found(run(withdrawn, as_of)) == found(run(never, as_of))


def test_an_engine_that_fails_twice_leaves_the_judging_to_the_reference() -> None:
    """`judged_by` says so; the findings are the same."""
    entries = (
        CustodyEvent("e1", "R1", "arrived", 1_718_020_800, attrs={"dob": "2009-03-01"}),
        CustodyEvent("e2", "R1", "detention_authorised", 1_718_021_700),
    )
    broken = DurableBackend(RULESET.plan)
    for runner in broken._strata.values():
        for each in runner._selecting.values():
            for selecting in each:
                selecting.ruleset._handle = -1  # as after a fault in the C module
    judged = run(Detention("R1", entries), 1_718_107_200, broken)

    assert judged.judged_by == "reference"
    assert {each.judged_by for each in judged.findings} == {"reference"}
