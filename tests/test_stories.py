"""The worked cases: what was expected of them was derived by hand from the law and the clock.

Beside each story `X.jsonl` stands `X.expected`: one line for each finding, with what must hold of
it. Findings met, lapsed or still open need not be listed; anything else that is found must be.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from detention_monitor.assess import Assessment, Backend, assess, end_of
from detention_monitor.detention import group
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import as_record
from detention_monitor.reference import ReferenceBackend
from detention_monitor.render import refusal
from detention_monitor.rulefile import RuleSet
from detention_monitor.ruletests import UNLISTED
from detention_monitor.sources import read_entries
from detention_monitor.vocabulary import Coverage
from tests.conftest import SAMPLES

STORIES = sorted(path for path in SAMPLES.glob("*.jsonl"))


def judged(story: Path, ruleset: RuleSet, backend: Backend) -> list[Assessment]:
    entries: list[CustodyEvent] = []
    coverage: dict[str, Coverage] = {}
    for got, source in read_entries([str(story)], ruleset.vocabulary):
        assert isinstance(got, CustodyEvent), got
        entries.append(got)
        coverage[f"{got.force}/{got.record}"] = source.coverage
    return [
        assess(each, ruleset, end_of(each, ruleset), backend=backend)
        for each in group(entries, coverage)
    ]


def records(assessments: list[Assessment]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for each in assessments:
        if each.refused is not None:
            out.append(refusal(each))
        out += [as_record(finding) for finding in each.findings]
    return out


def matches(expected: dict[str, Any], found: dict[str, Any]) -> bool:
    return all(found.get(name) == value for name, value in expected.items())


def test_every_story_has_its_expected_findings() -> None:
    assert [path.stem for path in STORIES] == sorted(
        path.stem for path in SAMPLES.glob("*.expected")
    )
    assert len(STORIES) > 50


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story_gives_the_findings_expected_and_no_others(
    story: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    results = judged(story, ruleset, durable)
    left = records(results)
    missing = []
    for line in story.with_suffix(".expected").read_text().splitlines():
        expected = json.loads(line)
        found = next((each for each in left if matches(expected, each)), None)
        if found is None:
            missing.append(expected)
        else:
            left.remove(found)

    assert missing == []
    assert [each for each in left if each.get("status") not in UNLISTED] == []
    assert {each.judged_by for each in results if each.refused is None} <= {"durable_rules"}


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_both_back_ends_find_the_same(
    story: Path, ruleset: RuleSet, durable: DurableBackend, reference: ReferenceBackend
) -> None:
    by_engine = records(judged(story, ruleset, durable))
    by_reference = records(judged(story, ruleset, reference))

    for each in (*by_engine, *by_reference):
        each.pop("judged_by", None)
    assert by_engine == by_reference
