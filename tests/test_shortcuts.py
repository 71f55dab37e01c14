"""Where the program takes a quicker way, it says the same as the long one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detention_monitor import closing, selecting
from detention_monitor.assess import assess, end_of
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import Finding, as_line, as_record
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.times import local_text, rfc3339, start_of_day
from tests.conftest import ROOT

LONDON = ZoneInfo("Europe/London")


def read(path: Path, ruleset: RuleSet) -> list[Detention]:
    got = [each for each, _ in read_entries([str(path)], ruleset.vocabulary)]
    return detentions_of(each for each in got if isinstance(each, CustodyEvent))


def found(ruleset: RuleSet, backend: DurableBackend) -> list[Finding]:
    return [
        finding
        for detention in read(ROOT / "sample_records" / "busy_day.jsonl", ruleset)
        for finding in assess(
            detention, ruleset, end_of(detention, ruleset), backend=backend
        ).findings
    ]


@pytest.fixture(scope="module")
def day(ruleset: RuleSet, durable: DurableBackend) -> list[Finding]:
    return found(ruleset, durable)


def test_a_line_is_the_record_of_the_finding(day: list[Finding]) -> None:
    assert len(day) > 500
    for finding in day:
        assert as_line(finding) == orjson.dumps(as_record(finding)) + b"\n"


def test_forgetting_in_the_middle_of_the_work_changes_nothing(
    ruleset: RuleSet, day: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    for remembers in (selecting, closing):
        monkeypatch.setattr(remembers, "MOST_REMEMBERED", 3)
    assert found(ruleset, DurableBackend(ruleset.plan)) == day


def test_a_day_begins_in_london_when_the_calendar_says() -> None:
    first = date(1960, 1, 1)
    for number in range(90 * 366):
        day = first + timedelta(days=number)
        expected = pendulum.datetime(day.year, day.month, day.day, tz="Europe/London")
        assert start_of_day(day) == expected.int_timestamp, day


@given(st.integers(0, 4_000_000_000))
def test_an_instant_is_written_with_the_offset_of_london(instant: int) -> None:
    local = datetime.fromtimestamp(instant, tz=UTC).astimezone(LONDON)
    assert rfc3339(instant) == local.isoformat()
    shown = local.strftime("%H:%M:%S" if local.second else "%H:%M")
    assert local_text(instant).split()[-2] == shown
