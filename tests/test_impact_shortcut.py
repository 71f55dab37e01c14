"""Judging only what an edit can touch gives what judging everything gives, for edits of every sort."""

import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.authoring.impact import impact
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.findings import Finding
from detention_monitor.generate import generate
from detention_monitor.records import entry_from
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.vocabulary import Vocabulary
from tests.conftest import RULES

DETENTIONS = 16


@cache
def judged_detentions() -> list[Detention]:
    vocabulary = Vocabulary.load(RULES / "vocabulary.yaml")
    return detentions_of(entry_from(raw, vocabulary) for raw in generate(DETENTIONS, 7))


def findings(ruleset: RuleSet) -> dict[str, tuple[object, ...]]:
    """Return where every finding that counts stands, by its key: all rules, all detentions."""
    backend = DurableBackend(ruleset.plan)
    out = {}
    for each in judged_detentions():
        for finding in assess(each, ruleset, end_of(each, ruleset), backend=backend).findings:
            if finding.is_breach or (
                finding.nature == "good_practice" and finding.status == "matched"
            ):
                out[finding.key] = _place(finding)
    return out


def _place(finding: Finding) -> tuple[object, ...]:
    return (finding.rule, finding.status, finding.severity, finding.certainty, finding.authority,
            finding.due_at, finding.minutes_late, finding.occurred_at, finding.because_of)  # fmt: skip


@pytest.fixture(scope="module")
def old() -> RuleSet:
    return load_rules(RULES)


@pytest.fixture(scope="module")
def found_before(old: RuleSet) -> dict[str, tuple[object, ...]]:
    return findings(old)


def number(name: str, value: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        path = folder / "parameters.yaml"
        head, tail = path.read_text().split(f"\n  {name}:", 1)
        tail, count = re.subn(r"(values: \{[^:]*: )[^,}]*", rf"\g<1>{value}", tail, count=1)
        assert count
        path.write_text(f"{head}\n  {name}:{tail}")

    return edit


def rule(id_: str, pattern: str, new: str) -> Callable[[Path], None]:
    """Return an edit of one rule: the first match of a pattern after its id."""

    def edit(folder: Path) -> None:
        for path in folder.glob("*.yaml"):
            head, mark, tail = path.read_text().partition(f"- id: {id_}\n")
            if mark:
                tail, count = re.subn(pattern, new, tail, count=1)
                assert count
                path.write_text(head + mark + tail)
                return
        raise AssertionError(id_)

    return edit


EDITS: dict[str, Callable[[Path], None]] = {
    "a number of one rule": number("aa_amber", "70m"),
    "a number of a derived fact": number("aa_presence_assumed", "30m"),
    "severity": rule("A09-sight-or-sound", r"severity: \w+", "severity: info"),
    "a rule later in force": rule("B02-adult-present", r"from: \S+?\}", "from: 2024-09-01}"),
    "the opposite": rule("C01-interview-without-adult", "adult_present is false", "adult_present is true"),
    "what others follow from": rule("B02-adult-present", "unless: aa_here", "where: cause is bail_return"),
    "a clock's duty, doubted": rule("D01-first-review", r"title: .*", "title: Another\n    certainty: possible"),
    "an excuse less": rule("B02-adult-present", r"      - \{kind: aa_delay_reason, where: exists reason\}\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(EDITS))
def test_the_shortcut_finds_what_judging_everything_finds(
    name: str, old: RuleSet, found_before: dict[str, tuple[object, ...]], tmp_path: Path
) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    EDITS[name](folder)
    new = load_rules(folder)
    found_after = findings(new)
    wanted = {
        key
        for key in {*found_before, *found_after}
        if found_before.get(key) != found_after.get(key)
    }

    once = impact(old, new, judged_detentions(), watch=1)

    keys = {(each.after or each.before).key for each in once.changes if each.after or each.before}  # type: ignore[union-attr]
    assert keys == wanted


def test_two_processes_find_what_one_finds(old: RuleSet, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    EDITS["a number of one rule"](folder)
    new = load_rules(folder)

    once = impact(old, new, judged_detentions(), watch=1)

    assert once.changes
    assert impact(old, new, judged_detentions(), workers=2, watch=1) == once
