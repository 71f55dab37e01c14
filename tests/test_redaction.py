"""A redacted copy says nothing of whose it is: no name, id, reference, free text or date.

Proved twice: records that differ only in those give the same copy, and words planted wherever one
can be written never come out.
"""

import random
import string
from datetime import date

import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.boards.child import child_of
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.questions import load_questions
from detention_monitor.recordfiles import record_files
from detention_monitor.records import entry_from
from detention_monitor.reports.redaction import WITHHELD, RedactedRecord, Redactor
from detention_monitor.reports.sample import copy_page
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.times import offset_at
from detention_monitor.values import changed
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.wording import Wording
from tests.conftest import RULES, SAMPLES

CHECK = load_questions(RULES)
WEEK = 7 * 86_400
STORIES = sorted(each.stem for each in SAMPLES.glob("*.jsonl") if each.stem != "busy_day")


@pytest.fixture(scope="module")
def redactor(ruleset: RuleSet) -> Redactor:
    return Redactor(ruleset.vocabulary, Wording.load(RULES))


def entries_in(story: str, vocabulary: Vocabulary) -> list[CustodyEvent]:
    read = read_entries(record_files([str(SAMPLES / f"{story}.jsonl")]), vocabulary)
    return [got for got, _ in read if isinstance(got, CustodyEvent)]


def copied(detention: Detention, redactor: Redactor, ruleset: RuleSet) -> RedactedRecord:
    facts = detention.view(end_of(detention, ruleset), "as_happened", 120).readings[0]
    return redactor.copy("R1", facts, detention.entries, 15)


def token(source: random.Random) -> str:
    return "".join(source.choices(string.ascii_uppercase, k=18))


def disguised(entries: list[CustodyEvent], vocabulary: Vocabulary, seed: int) -> tuple[
    list[CustodyEvent], set[str]
]:  # fmt: skip
    """Return the same acts of another child elsewhere, weeks later, told by others in other words.

    Also returns every word that was put in.
    """
    source = random.Random(seed)
    names: dict[str, str] = {}
    planted: set[str] = set()

    def named(old: str | None) -> str | None:
        if old is None:
            return None
        new = names.setdefault(old, token(source))
        planted.add(new)
        return new

    out = []
    for each in entries:
        attrs: dict[str, Value] = {}
        for name, value in each.attrs.items():
            form = vocabulary.kinds[each.kind].attributes[name].type
            if form == "text" and value != "":
                # What leads from one record to another must still lead there.
                old = str(value)
                same = name == "continues"
                attrs[name] = (
                    "/".join(named(part) or "" for part in old.split("/"))
                    if same
                    else token(source)
                )
                planted.add(str(attrs[name]))
            elif form == "date":
                born = date.fromisoformat(str(value))
                attrs[name] = date(born.year, 2 if born.month != 2 else 3, 11).isoformat()
                planted.add(str(attrs[name]))
            elif form == "time" and isinstance(value, int):
                attrs[name] = value + 52 * WEEK
            else:
                attrs[name] = value
        out.append(
            changed(
                each, id=named(each.id), record=named(each.record), force=named(each.force),
                detention_id=named(each.detention_id), amends=named(each.amends),
                withdraws=named(each.withdraws), by=changed(each.by, id=named(each.by.id)),
                at=each.at + 52 * WEEK, also_at=tuple(at + 52 * WEEK for at in each.also_at),
                recorded_at=None if each.recorded_at is None else each.recorded_at + 52 * WEEK,
                attrs=attrs,
            )
        )  # fmt: skip
    return out, planted


@pytest.mark.parametrize("story", STORIES)
def test_a_record_that_differs_only_in_who_and_when_gives_the_same_copy(
    story: str, redactor: Redactor, ruleset: RuleSet
) -> None:
    entries = entries_in(story, ruleset.vocabulary)
    [detention] = detentions_of(entries)
    before = copied(detention, redactor, ruleset)
    for seed in (1, 2):
        other, planted = disguised(entries, ruleset.vocabulary, seed)
        [elsewhere] = detentions_of(other)
        after = copied(elsewhere, redactor, ruleset)
        # 52 weeks later it is the same weekday; near a change of the clocks another time of day.
        if all(offset_at(each.at) == offset_at(each.at + 52 * WEEK) for each in entries):
            assert after == before
        page = copy_page(after, CHECK, "0123456789abcdef")
        assert len(planted) > 5
        assert not [word for word in planted if word in page]


def test_every_free_word_of_every_kind_is_withheld(redactor: Redactor, ruleset: RuleSet) -> None:
    """One entry of each kind with each text, date and id that the vocabulary knows planted in it."""
    source = random.Random(7)
    raw, planted = [], set()
    kinds = [each for each in ruleset.vocabulary.kinds.values() if not each.derived]
    for number, kind in enumerate(kinds):
        attrs: dict[str, object] = {}
        for name in kind.own:
            form = kind.attributes[name].type
            if form == "text" and name != "continues":
                attrs[name] = token(source)
            elif form == "date":
                attrs[name] = f"2008-{1 + number % 12:02d}-{1 + number % 28:02d}"
            elif form in ("enum", "ordered"):
                attrs[name] = kind.attributes[name].values[0]
            elif form == "yes_no":
                attrs[name] = True
            planted |= {str(attrs[name])} if form in ("text", "date") and name in attrs else set()
        who = {"id": token(source), "rank": "sergeant", "role": "custody_officer"}
        named = {"id": token(source), "record": "CANARYRECORD", "force": "CANARYFORCE",
                 "detention_id": "CANARYDETENTION"}  # fmt: skip
        planted |= {who["id"], *named.values()}
        at = f"2024-06-1{number % 3}T{number % 24:02d}:{number % 60:02d}:00+01:00"
        raw.append({**named, "kind": kind.name, "at": at, "by": who, "attrs": attrs})
    entries = tuple(entry_from(each, ruleset.vocabulary) for each in raw)
    facts = Detention("CANARY", entries).view(2**40, "as_happened", 120).readings[0]
    copy = redactor.copy("R1", facts, entries, 15)

    page = copy_page(copy, CHECK, "0123456789abcdef")
    assert len(copy.entries) == len(kinds)
    assert len(planted) > 2 * len(kinds)
    assert not [word for word in planted if word in page]
    assert "2024" not in page
    assert "2008" not in page
    texts = sum(each.attributes[name].type == "text" and name != "continues"
                for each in kinds for name in each.own)  # fmt: skip
    assert page.count(WITHHELD) == texts


def test_the_same_hand_keeps_its_letter(redactor: Redactor, ruleset: RuleSet) -> None:
    entries = entries_in("T10_certificate_late", ruleset.vocabulary)
    hands = {"review_held": "PS 112", "certificate_made": "Insp Lee", "la_requested": "PS 112"}
    signed = [changed(each, by=changed(each.by, id=hands.get(each.kind))) for each in entries]
    [detention] = detentions_of(signed)
    found = {each.what: each.by.rpartition("person ")[2]
             for each in copied(detention, redactor, ruleset).entries if "person" in each.by}  # fmt: skip
    assert found == {
        "Review held": "A", "Local authority requested": "A", "Certificate made": "B",
    }  # fmt: skip


def test_a_copy_still_says_what_was_done_and_when(redactor: Redactor, ruleset: RuleSet) -> None:
    [detention] = detentions_of(entries_in("T10_certificate_late", ruleset.vocabulary))
    told = {each.what: each for each in copied(detention, redactor, ruleset).entries}
    made = told["Certificate made"]
    assert (made.day, made.time) == (2, "09:20")
    assert made.said == ("limb of s.38(6) relied on: (a)", "ground: no bed",
                         f"circumstances: {WITHHELD}")  # fmt: skip
    assert told["Detention authorised"].by == "sergeant, custody officer"


def test_the_age_in_the_copy_is_in_years(
    redactor: Redactor, ruleset: RuleSet, durable: DurableBackend
) -> None:
    [detention] = detentions_of(entries_in("T10_certificate_late", ruleset.vocabulary))
    result = assess(detention, ruleset, end_of(detention, ruleset), backend=durable)
    child = child_of(result, detention, ruleset.parameters)
    copy = redactor.copy("R1", child.facts, detention.entries, result.age)
    assert (copy.age, copy.sex) == (16, "male")
