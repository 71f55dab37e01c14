"""What a person reads of a rule and of what it finds is in words: no name of a kind or attribute."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from detention_monitor import conditions
from detention_monitor.assess import assess, end_of
from detention_monitor.backends import backend_for
from detention_monitor.boards import rows
from detention_monitor.boards.lines import ASCII, text_of
from detention_monitor.boards.pages import record
from detention_monitor.boards.reasons import why
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.explain import explain
from detention_monitor.findings import Finding
from detention_monitor.remedy import remedies
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule, RuleTest
from detention_monitor.ruletests import timeline
from detention_monitor.sources import read_entries
from detention_monitor.values import changed
from detention_monitor.vocabulary import WHOLE, Coverage
from detention_monitor.whynot import why_not
from tests.boards import BUSY, desk_of, instant
from tests.conftest import SAMPLES

RAW = re.compile(r"[A-Za-z0-9]_[A-Za-z0-9]")
PLACE = re.compile(r"\{[^}]*\}")


def unworded(text: str, ruleset: RuleSet) -> bool:
    """Whether a text holds a name with an underscore, or a part of a name that is not a word."""
    return bool(RAW.search(text)) or not ruleset.wording.words.keys().isdisjoint(
        re.findall(r"[A-Za-z]+", text)
    )


@pytest.fixture(scope="module")
def found(ruleset: RuleSet) -> list[tuple[Rule, Finding]]:
    """Return what the rules find in the stories of their tests.

    The first story of each is judged also as from a source that carries no attribute, and from one
    that carries no kind of entry but those that begin a detention.
    """
    backend = backend_for("compiled", ruleset.plan)
    kinds = ruleset.vocabulary.kinds
    blank = Coverage(frozenset(), frozenset((k, a) for k in kinds for a in kinds[k].attributes))
    bare = Coverage(frozenset(kinds) - {"arrived", "detention_authorised", "charged"})
    rules = {(rule.id, rule.version): rule for rule in ruleset.rules}
    out: list[tuple[Rule, Finding]] = []
    for rule in ruleset.rules:
        for place, test in enumerate(rule.tests):
            entries = tuple(timeline(test, ruleset.vocabulary))
            for coverage in (WHOLE, blank, bare) if place == 0 else (WHOLE,):
                story = Detention(entries[0].record, entries, coverage)
                judged = assess(story, ruleset, end_of(story, ruleset), backend=backend)
                out += [
                    (rules[each.rule, each.rule_version], each)
                    for each in judged.findings
                    if (each.rule, each.rule_version) in rules
                ]
    return out


def test_every_text_of_a_rule_is_in_words(ruleset: RuleSet) -> None:
    raw = {
        (rule.id, text)
        for rule in ruleset.rules
        for text in (rule.title, rule.says, rule.who, rule.do, rule.clears, rule.message)
        if text and unworded(PLACE.sub("", text), ruleset)
    }
    assert not raw


def test_every_message_and_every_cannot_tell_is_in_words(
    ruleset: RuleSet, found: list[tuple[Rule, Finding]]
) -> None:
    untold = {each.rule for _, each in found if each.status in ("cannot_tell", "not_recorded")}
    assert len(untold) > 200  # most rules can be left without what they need
    assert not {
        (each.rule, text)
        for _, each in found
        for text in (each.message, each.clears_on)
        if unworded(text, ruleset)
    }


def test_every_remedy_is_in_words(ruleset: RuleSet, found: list[tuple[Rule, Finding]]) -> None:
    once = {(rule.id, rule.version, each.status, each.absent): (rule, each) for rule, each in found}
    told = [
        (rule.id, text) for rule, each in once.values() for _, text in remedies(each, rule, ruleset)
    ]
    assert len({name for name, _ in told}) > 200
    assert not [each for each in told if unworded(each[1], ruleset)]


def asked(rule: Rule, ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what a rule asks of an act, down to the attributes behind marks."""
    selector = rule.never or (rule.counts.of if rule.counts else None)
    if selector is None:
        return
    where = conditions.tests(conditions.parse(selector.where)) if selector.where else ()
    for kind in selector.kind:
        for name in {test.attribute for test in where} | {*rule.cannot_tell_without}:
            for part in ruleset.plan.marks.get(name, {name}):
                if part in ruleset.plan.attributes[kind]:
                    yield kind, part


def test_of_every_yes_or_no_that_may_be_left_blank_it_is_said_what_it_means(
    ruleset: RuleSet,
) -> None:
    """A name such as "transfer redecided" says nothing; "whether the move was decided again" does."""
    pairs = {pair for rule in ruleset.rules for pair in asked(rule, ruleset)}
    assert ("review_held", "transfer_redecided") in pairs
    assert not {
        (kind, name)
        for kind, name in pairs
        if ruleset.plan.attributes[kind][name].type == "yes_no"
        and name not in ruleset.plan.marks
        and not ruleset.wording.gap(name, kind).startswith("whether ")
    }


def test_a_move_not_decided_again_is_said_so(found: list[tuple[Rule, Finding]]) -> None:
    said = {each.message.partition(": ")[2] for rule, each in found if rule.duty == "E18"}
    assert any(
        each.startswith("not recorded: whether the move was decided again. ") for each in said
    ), said


def test_the_reasons_on_the_board_are_in_words(ruleset: RuleSet, durable: DurableBackend) -> None:
    """But for the names of files, ids of entries and rules, and who judged."""
    desk, now = desk_of(BUSY, ruleset, durable), instant("2024-09-13T21:50")
    desk.look(now)
    told = []
    for child in desk.children():
        judged, detention = desk.judged(child.detention, now), desk.detention(child.detention)
        assert judged is not None
        assert detention is not None
        for finding in judged.findings:
            if finding.is_breach:
                lines = why(finding, judged, detention, ruleset, now, 100)
                told += [text_of(each) for each in lines if not _names_a_place(text_of(each))]
    assert len(told) > 300
    assert not [each for each in told if RAW.search(each.replace("busy_day.jsonl", ""))]


def test_the_record_on_the_board_is_in_words(ruleset: RuleSet, durable: DurableBackend) -> None:
    desk, now = desk_of(BUSY, ruleset, durable), instant("2024-09-13T21:50")
    desk.look(now)
    told = [
        text_of(each)
        for child in desk.children()
        for each in record(desk, child.detention, 200, ASCII)[2:]
    ]
    assert len(told) > 100
    assert not [each for each in told if unworded(each, ruleset)]
    assert any("Appropriate adult contacted" in each for each in told)


@pytest.mark.parametrize("story", ["T02U", "T10_", "T16_", "R06"])
def test_what_explain_says_is_in_words(
    story: str, ruleset: RuleSet, durable: DurableBackend
) -> None:
    """But for ids, files, instants as they were written, and numbers that a rule author looks up."""
    [path] = SAMPLES.glob(f"{story}*.jsonl")
    read = (each for each, _ in read_entries([str(path)], ruleset.vocabulary))
    [detention] = detentions_of([each for each in read if isinstance(each, CustodyEvent)])
    judged = assess(detention, ruleset, end_of(detention, ruleset), backend=durable)
    told = [explain(each, judged, detention, ruleset) for each in judged.findings]
    silent = [rule for rule in ruleset.rules if rule.id not in {f.rule for f in judged.findings}]
    told += [why_not(rule, judged, ruleset).partition(": nothing found")[2] for rule in silent]
    lines = [
        re.sub(r"\(\$\w+\)|has not set \$\w+|\(\S+\.jsonl:\d+\)", "", line)
        for text in told
        for line in text.splitlines()
        if not line.startswith(("  rule ", "  judged by "))
    ]
    assert len(lines) > 1_000
    assert not [line for line in lines if RAW.search(line)]


def test_what_is_wrong_with_an_entry_is_said_in_words_and_keeps_the_id(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    test = RuleTest(name="a story", timeline=(
        "09:00 arrived", "09:10 detention_authorised", "09:30 cell_placed", "09:20 aa_left", "10:00 aa_arrived",
    ), expect=())  # fmt: skip
    first, *others = timeline(test, ruleset.vocabulary)
    cell = next(each for each in others if each.kind == "cell_placed")
    amended = changed(cell, id="x9", kind="cell_left", amends=cell.id, at=cell.at + 60)
    story = Detention(first.record, (first, *others, amended))
    judged = assess(story, ruleset, end_of(story, ruleset), backend=durable)
    said = {each.rule: each.message for each in judged.findings}
    left = next(each for each in others if each.kind == "aa_left")
    assert said["AMENDS_OTHER_KIND"] == (
        f"Entry x9: amends entry {cell.id} ('cell placed') but is of another kind ('cell left'); "
        "withdraw that entry and send this one as a new one."
    )
    assert said["OUT_OF_ORDER"].startswith(
        f"Entry {left.id}: 'appropriate adult left' at Mon 10 Jun 2024 09:20 BST comes before entry "
    )
    assert "('appropriate adult arrived' at Mon 10 Jun 2024 10:00 BST)" in said["OUT_OF_ORDER"]


def _names_a_place(line: str) -> bool:
    return line.startswith(("rule ", "judged ")) or ".yaml:" in line


def test_every_short_name_is_of_a_rule(ruleset: RuleSet) -> None:
    assert {*rows._SHORT} <= {rule.id for rule in ruleset.rules}
