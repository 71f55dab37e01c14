"""Which alerts would interrupt an inspector: hand-derived from the rules' steps and the grace."""

from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.interruptions import interruptions
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import clock_text, parse_instant


def _entry(number: int, kind: str, at: str, recorded: str = "", **attrs: str) -> CustodyEvent:
    instant = parse_instant(f"2024-06-10T{at}:00+01:00")[0]
    known = parse_instant(f"2024-06-10T{recorded}:00+01:00")[0] if recorded else instant
    return CustodyEvent(f"e{number}", "R1", kind, instant, recorded_at=known, attrs=dict(attrs))


def _rung(
    ruleset: RuleSet, durable: DurableBackend, duty: str, *entries: CustodyEvent
) -> list[tuple[str, str]]:
    """Return when and how gravely the findings of a duty would have interrupted."""
    return [
        (clock_text(one.at), finding.severity)
        for one in interruptions(Detention("R1", entries), ruleset, durable)
        for finding in one.findings
        if finding.duty == duty
    ]


def test_an_alert_rings_when_the_grace_has_passed_and_again_when_graver(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """The adult was not told by 13:40 (medium) and 14:10 (high); fifteen minutes of grace each."""
    rung = _rung(
        ruleset, durable, "B01",
        _entry(1, "arrived", "13:00", dob="2010-01-01"),
        _entry(2, "detention_authorised", "13:10"),
        _entry(3, "released", "16:00"),
    )  # fmt: skip

    assert rung == [("13:55", "medium"), ("14:25", "high")]


def test_an_act_written_down_within_the_grace_does_not_ring(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    rung = _rung(
        ruleset, durable, "B01",
        _entry(1, "arrived", "13:00", dob="2010-01-01"),
        _entry(2, "detention_authorised", "13:10"),
        _entry(3, "aa_contacted", "13:30", "13:54", result="on_way"),
        _entry(4, "released", "16:00"),
    )  # fmt: skip

    assert rung == []


def test_what_follows_from_a_missing_adult_is_silent(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    """The rights are to be given again once an adult is there; until then only the adult rings."""
    entries = (
        _entry(1, "arrived", "13:00", dob="2010-01-01"),
        _entry(2, "detention_authorised", "13:10"),
        _entry(3, "rights_given", "13:15"),
        _entry(4, "aa_contacted", "13:20", result="on_way"),
        _entry(5, "released", "18:00"),
    )

    assert _rung(ruleset, durable, "B05", *entries) == []
    assert _rung(ruleset, durable, "B02", *entries) == [("15:25", "medium"), ("17:25", "high")]
