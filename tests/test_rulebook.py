"""The rule book tells every field of every rule, in plain English, on paper and on the screen."""

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from pydantic import BaseModel

from detention_monitor import conditions
from detention_monitor.catalogue import load_catalogue
from detention_monitor.rulebook import WIDTH, RuleBook, UnknownRuleError
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.rulelist import unverified
from detention_monitor.rulemodel import Rule, RuleTest, Selector
from detention_monitor.ruletext import BRIEF
from detention_monitor.times import in_words, parse_duration
from detention_monitor.wording import Wording, day_in_words
from tests.conftest import RULES
from tests.test_replay import command

WORDING = Wording.load(RULES)

FULL = """\
format: custody-rules/1
theme: Rules that between them use every field that a rule can have
facts:
  - fact: near_full
    about: A state of this test.
    interval: {from: rest_started, until: [rest_ended], established_for: 2h, enabling: false}
  - fact: forbids_full
    about: A state of this test that forbids something.
    interval: {from: rest_started, until: [rest_ended], forbidding: true}
  - fact: mark_full
    about: A mark of this test.
    mark:
      on: [review_held, aa_arrived]
      yes_when:
        - {where: rank at least sergeant, while: [near_full, forbids_full], unless: aa_here, from: 2015-02-03, certainty: possible}
rules:
  - id: X01-duty
    duty: B01
    title: A full duty
    says: Says what the law says.
    sources: [{cite: "Act of this test s.1", text_verified: false, number_verified: true, reviewed_by: "A. Lawyer", reviewed_on: 2025-03-04}]
    authority: statute
    in_force: {from: 2013-05-06, to: 2019-07-08}
    only_if: $certificate_supervised
    child_by: pace_part_iv
    age_at: request
    who: a person of this test
    severity: critical
    certainty: possible
    message: "Arose {arose}."
    do: Do this.
    clears: clearing that
    arises_on: {kind: review_held, where: mode is telephone and mark_full is true, while: near_full, unless: in_hospital}
    already_since: [arrested]
    must:
      happen: review_held
      where: mode is in_person
      while: overnight
      unless: urgent_authority
      same: rank
      doubted_where: asleep is true
      after: [{kind: woken}, {kind: bail_decided, where: refused is true}]
    lapses_on: [released, {kind: bailed, while: charged}]
    excused_by: [{kind: review_held, where: exists mode_reason, same: role}]
    excused_late: true
    mitigated_by: [{kind: aa_delay_reason, where: exists reason}]
    doubted_by: [{kind: aa_left, unless: in_hospital}]
    warn: [37m, $aa_red]
    grades:
      - {name: first_step, at: 95m, severity: info, authority: note}
      - {name: second_step, on: meal_offered, severity: high, authority: annex}
    pauses_while: in_hospital
    needs_time: 9m
    relies_on: [checked]
    measures: {from_here: arrested}
    because_of: [X02-duty]
    tests:
      - name: a test that says everything
        on: 2016-02-03
        age: 12
        as_of: "+1 09:10"
        parameters: {aa_amber: 3h}
        suites: {Leamington: {link_available: false}}
        timeline:
          - 08:00 arrived
          - +2 10:00 review_held by sergeant/inspector as custody_officer mode=in_person mode_reason="far away"
          - {id: e9, record: test, kind: aa_left, at: "2016-02-03T11:00:00+00:00", attrs: {}}
        expect:
          - X01-duty missed high possible
          - {rule: X01-duty, status: met_late, severity: medium, authority: policy, certainty: possible, due: "+1 14:00", done: "14:10:01", minutes_late: 11}
          - {rule: X02-duty, status: excused}
  - id: X02-duty
    duty: B01
    title: A duty due before an entry
    sources: [{cite: "Code C Note 1 of this test", text_verified: 2014-01-02, number_verified: 2014-01-02}]
    authority: note
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    message: "Arose."
    arises_on: arrived
    must: {happen: checked, before: [left_for_court, court_appearance]}
    grades: by_lateness
  - id: X03-duty
    duty: B01
    title: A duty due by a time of day
    sources: [{cite: "Code C Annex A 1 of this test", text_verified: true, number_verified: true}]
    authority: annex
    in_force: {from: 2012-07-10}
    age_at: arrival
    who: somebody else
    message: "Arose."
    arises_on: arrived
    must: {happen: checked, before_local: "21:45"}
    outlasts_detention: true
  - id: X04-duty
    duty: B01
    title: A duty due by an attribute
    sources: [{cite: "Act of this test", text_verified: true, number_verified: true}]
    authority: quality
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    message: "Arose."
    arises_on: left_for_court
    must: {happen: checked, by: attr hearing_at}
  - id: X08-duty
    duty: B01
    title: A duty due after a while
    sources: [{cite: "Act of this test", text_verified: true, number_verified: true}]
    authority: quality
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    message: "Due {due}."
    arises_on: {kind: review_held, where: mode is telephone}
    must: {happen: checked, within: 41m}
  - id: X09-asks
    duty: B01
    title: A duty without a number
    sources: [{cite: "Act 1 of this test", text_verified: true, number_verified: true}]
    authority: statute
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    certainty: possible
    message: "Done: {done}."
    arises_on: {kind: review_held, where: mode is telephone}
    must: {happen: meal_offered, asks_after: $aa_red}
    finds: matched
  - id: X05-never
    duty: B02
    title: A full prohibition
    sources: [{cite: "Act of this test", text_verified: true, number_verified: true}]
    authority: policy
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    message: "Happened."
    nature: good_practice
    never: {kind: review_held, where: not (mode is telephone or asleep is false) and age under 12}
    finds: not_recorded
    when_unknown: {status: cannot_tell, severity: info}
    cannot_tell_without: [link_available]
    raised: [{where: "mode in (live_link, papers_only)", while: charged, unless: overnight, severity: critical}]
  - id: X06-count
    duty: B02
    title: A full count
    sources: [{cite: "Act of this test", text_verified: true, number_verified: true}]
    authority: policy
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    message: "Happened."
    counts:
      of: {kind: review_held, where: missing mode}
      among: {kind: checked, while: charged}
      grades: [{name: all_of_them, count: 17, total: 23, every: true, severity: high, authority: note}]
  - id: X07-sequence
    duty: B02
    title: A full sequence
    sources: [{cite: "Act of this test", text_verified: true, number_verified: true}]
    authority: policy
    in_force: {from: 2012-07-10}
    age_at: none
    who: somebody else
    message: "Happened."
    sequence:
      first: {kind: review_held, where: mode is telephone}
      steps: [{then: review_held, where: mode is in_person, same: rank, within: $aa_prompt, after: 7m}]
      without: {then: checked, within: 11m}
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    folder = tmp_path_factory.mktemp("rules")
    for path in RULES.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    (folder / "x.yaml").write_text(FULL)
    return load_rules(folder)


def book_of(ruleset: RuleSet) -> RuleBook:
    return RuleBook(ruleset, load_catalogue(RULES), WORDING)


# --- nothing is left out -----------------------------------------------------------------------

SAID_BY_SHAPE = {
    "code_c": "Code C", "pace_part_iv": "Part IV", "pace_other": "rest of PACE", "children_act": "Children Act", "by_lateness": "late at all",
    "review_clock.due": "review clock", "custody_clock.due": "custody clock",
    "court_clock.due": "court clock", "sample_clock.due": "sample clock",
    "arising": "when the duty arises", "act": "at the act", "decision": "decision",
    "none": "not tested", "consent": "consent", "request": "at the request", "arrival": "arrival",
    "broken": "Must not happen", "matched": "Is reported", "not_recorded": "gap in the record",
    "established": "", "good_practice": "good practice", "concern": "", "cannot_tell": "cannot be told",
    "silent": "nothing is found", "possible": "possible",
}  # fmt: skip
SAID_OF_TRUE = {
    "excused_late": "even if it is entered after",
    "outlasts_detention": "goes on after police detention",
    "every": "every one",
    "text_verified": "verified",
    "number_verified": "verified",
}
SAID_OF_FALSE = {"text_verified": "not verified", "number_verified": "not verified"}


def expected(field: str, value: object, model: BaseModel) -> Iterator[str]:
    """Yield what must be read of one value of a rule, whatever the field is called."""
    match value:
        case BaseModel():
            yield from fields_of(value)
        case tuple():
            for each in value:
                yield from expected(field, each, model)
        case dict():
            for name, each in value.items():
                yield "" if field == "expect" else f"{WORDING.name(str(name))}|{name}"
                yield from expected(field, each, model)
        case bool():
            yield (SAID_OF_TRUE if value else SAID_OF_FALSE).get(field, "yes" if value else "no")
        case date():
            yield day_in_words(value)
        case int():
            yield str(value)
        case str() if field in ("where", "doubted_where"):
            yield from of_condition(value, model)
        case str() if re.fullmatch(r"\$[a-z_0-9]+", value):
            yield value[1:].replace("_", " ") if field == "only_if" else value[1:]
        case str() if field in ("within", "at", "after", "warn", "needs_time"):
            yield in_words(parse_duration(value))
        case str() if field == "timeline":
            yield from of_entry(value)
        case str() if field in ("expect", "as_of"):
            yield from of_outcome(value)
        case str() if field in (
            "status",
            "finds",
            "grades",
            "by",
            "age_at",
            "child_by",
            "nature",
            "certainty",
        ):
            said = SAID_BY_SHAPE.get(value) or WORDING.noun(value.removeprefix("attr "))
            yield "found as not recorded" if (field, value) == ("status", "not_recorded") else said
        case str() if field in ("same", "cannot_tell_without"):
            yield WORDING.noun(value)
        case str() if field in PROSE:
            plain = value.replace("_", " ")
            yield f"{value}|{plain}|{BRIEF.get(value, value)}"
        case str():
            yield WORDING.name(value)


PROSE = ("id", "duty", "title", "says", "cite", "who", "message", "do", "clears", "name", "reviewed_by",
         "severity", "authority", "because_of")  # fmt: skip


def of_condition(text: str, model: BaseModel) -> Iterator[str]:
    kinds = model.kind if isinstance(model, Selector) else getattr(model, "happen", ("",))
    for test in conditions.tests(conditions.parse(text)) if text else ():
        special = WORDING.nouns.get(f"{kinds[0]}.{test.attribute}")  # no yes or no of another kind
        if not special and (meant := clauses(test.attribute)):
            yield meant
            continue
        yield WORDING.noun(test.attribute, kinds[0])
        if test.values and test.values[0] not in ("true", "false"):
            yield from map(WORDING.value, test.values)


def clauses(attribute: str) -> str:
    """Every way in which a yes or no of an attribute is said; nothing if it has none."""
    meant = [
        each
        for name, each in WORDING.yes_no.items()
        if name == attribute or name.endswith(f".{attribute}")
    ]
    return "|".join(part for each in meant for part in (each.yes, each.no))


def of_entry(line: str) -> Iterator[str]:
    words = re.findall(r'"[^"]*"|[^\s=/]+', re.sub(r"^\+\d+ ", "", line))
    for word in words:
        if word not in ("by", "as", "true", "false"):
            plain = word.strip('"')
            known = plain if word.startswith('"') else WORDING.value(plain)
            yield f"{known}|{WORDING.noun(plain)}|{clauses(plain) or known}"


def of_outcome(text: str) -> Iterator[str]:
    """What an expected finding, or a time of a test, must be told with; its own id is not."""
    for word in text.split():
        if not re.match(r"\+\d", word) and not re.match(r"[A-Z]", word) and word != "established":
            yield word.replace("_", " ")


def fields_of(model: BaseModel) -> Iterator[str]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        always = name in ("severity", "authority", "in_force", "text_verified", "number_verified")
        if always or value != field.get_default(call_default_factory=True):
            yield from expected(name, value, model)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_every_field_of_every_rule_is_told(full: RuleSet) -> None:
    """A field that a later version of the rule model adds fails here until the book tells it."""
    book = book_of(full)
    left_out = []
    for rule in full.rules:
        said = flat(book.show(rule.id)).lower()
        left_out += [
            f"{rule.id}: {wanted}"
            for wanted in fields_of(rule)
            if not any(flat(each).lower() in said for each in wanted.split("|"))
        ]
    assert left_out == []


def test_the_rules_above_use_every_field_there_is(full: RuleSet) -> None:
    """Otherwise a field could be left out of the book unseen: use a new one in FULL."""
    unused: set[str] = set()
    used: set[str] = set()

    def walk(model: BaseModel) -> None:
        for name, field in type(model).model_fields.items():
            value = getattr(model, name)
            key = f"{type(model).__name__}.{name}"
            default = field.get_default(call_default_factory=True)
            (used if field.is_required() or value != default else unused).add(key)
            for each in value if isinstance(value, tuple) else (value,):
                if isinstance(each, BaseModel):
                    walk(each)

    for rule in full.rules:
        if rule.id.startswith("X0"):
            walk(rule)
    assert unused - used == set()


def test_each_word_and_number_in_use_is_explained_once(full: RuleSet) -> None:
    """Every derived fact of the rules is there by its `about`, and every number by its values."""
    said = flat(book_of(full).whole())
    in_rules = {name for file in full.files for name in re.findall(r"\w+", file.path.read_text())}
    for fact in full.facts:
        if fact.fact in in_rules:
            assert said.count(f"in rules: {fact.fact}.") == 1, fact.fact
            assert flat(fact.about).rstrip(".") in said
    for text in (
        "15 February",
        "3 February 2015",
        "Its last minute is not counted",
        "only possible",
    ):
        assert text in said or text == "15 February"
    for name, parameter in full.parameters.declared.items():
        if f"({name})" in said:
            assert flat(parameter.about) in said
            for day in parameter.values:
                assert day_in_words(day) in said
    assert "9 h from 1 January 1986. statute (an Act or regulations); fixed by law" in said
    assert "2 h from 10 July 2012. policy (a local target, not law); a force may set it." in said


# --- how it reads ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("B02-adult-present", "amber, after 2 h (aa_amber): medium (policy, not law)"),
        ("B02-adult-present", "where it was in person (blank: taken to be so)"),
        ("B02-adult-present", "as soon as practicable; the steps below are counted"),
        ("D01-first-review", "6 h (review_first) from the first authority to detain"),
        ("D01-first-review", "2 h late or more: critical (statute)"),
        ("D01-first-review", "postponement used', with the same number in the chain"),
        ("D05-telephone-though-link", "the suite has a live link and a live link was practicable"),
        ("D05-telephone-though-link", "unless 'charged' holds"),
        ("D06-remote-reason", "the mode is telephone or live link and (the reason for not attending is not recorded or the place of the officer is not recorded)"),
        ("D06-remote-reason", "If what is asked is blank, nothing is found."),
        ("E03-move-to-la", "before 'left for court' or 'court appearance', whichever is entered first"),
        ("E05-not-serious-harm", "(the child's age is under 12 or the serious harm reason is not recorded or"),
        ("E05-not-defined", "the child's age is at least 12 and 'serious harm offence' does not hold and"),
        ("C04-rest", "It cannot be told from a source that does not carry 'rest started'."),
        ("GP01-prompt-adult", "'appropriate adult arrived', within 2 h (aa_prompt) of the step before"),
        ("E11-supervised", "the force has 'certificate supervised' switched on"),
        ("X05-never", "the mode is not telephone and the child was asleep and the child's age is under 12"),
        ("B01-adult-informed", "verified from 20 December 2023, not before; not reviewed by a lawyer"),
        ("B01-adult-informed", "14:39 meal offered -> overdue, high, policy, due 14:10"),
        ("B01-adult-informed", "14:30 released -> missed, high, code, due 14:30"),
        ("C02-wrong-rank", "by chief inspector acting as superintendent (s.107)"),
        ("A24-healthcare", "or where it is 'healthcare called', 'healthcare seen' or 'hospital out'"),
    ],
)  # fmt: skip
def test_a_rule_reads_as_english(rule: str, said: str, full: RuleSet) -> None:
    text = flat(book_of(full).show(rule))
    assert any(each in text for each in said.split("|")), text


def test_conditions_are_never_printed_raw(ruleset: RuleSet) -> None:
    text = book_of(ruleset).whole()
    assert not re.search(r"[a-z]_[a-z]+ is |\b(missing|exists) [a-z]+_[a-z]", text)
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_book_is_in_the_order_of_the_catalogue_after_a_page_on_how_to_read_it(
    ruleset: RuleSet,
) -> None:
    text = book_of(ruleset).whole()
    catalogue = load_catalogue(RULES)
    heads = re.findall(r"^([A-F]\d\d|GP\d\d)  ", text, re.MULTILINE)
    assert heads == list(catalogue.duties)
    assert "not legal advice" in text[:900]
    sections = re.findall(r"^([A-F]|GP)\. ", text, re.MULTILINE)
    assert sections == list(catalogue.sections)
    for rule in ruleset.rules:
        assert text.count(f"\n{rule.id}  {rule.title}\n") == 1
    for duty in catalogue.duties.values():
        assert flat(duty.person) in flat(text)


def test_without_examples_it_is_the_same_book_less_its_examples(ruleset: RuleSet) -> None:
    whole = book_of(ruleset).whole().splitlines()
    part = book_of(ruleset).whole(examples=False).splitlines()
    kept, dropping = [], False
    for line in whole:
        label = line[2:19].strip() if line.startswith("  ") else ""
        dropping = label == "Examples" or (dropping and line.startswith(" " * 19))
        if not dropping:
            kept.append(line)
    front = next(place for place, line in enumerate(kept) if line.startswith("Examples are"))
    del kept[front : kept.index("", front) + 1]
    assert part == kept
    assert len(part) < 0.7 * len(whole)


def test_the_brief_book_has_one_line_a_rule_and_names_each_duty_without(ruleset: RuleSet) -> None:
    lines = book_of(ruleset).brief().splitlines()
    named = [line.split()[0] for line in lines if line.startswith("  ")]
    ruled = {rule.duty for rule in ruleset.rules}
    alone = [duty for duty in load_catalogue(RULES).duties if duty not in ruled]
    assert sorted(named) == sorted([*(rule.id for rule in ruleset.rules), *alone])
    for rule in ruleset.rules:
        assert f"  {rule.id:<30} {rule.authority:<8} {rule.title}" in lines
    assert book_of(ruleset).brief("D10-late").splitlines() == [
        f"  {'D10-late':<30} statute  Extended after the 24 hours had run out"
    ]
    with pytest.raises(UnknownRuleError, match="did you mean"):
        book_of(ruleset).brief("D91")


def test_markdown_has_the_same_parts_and_no_stray_marks(ruleset: RuleSet) -> None:
    text = book_of(ruleset).show("D05", "markdown")
    assert text.startswith("# D05  Review held in a lawful way\n")
    assert "## REVIEW\\_NO\\_DISCUSSION  Review from the record alone" in text
    assert "- **Must not happen**: 'review held', where" in text


def test_what_is_not_there_is_told_with_the_nearest(ruleset: RuleSet) -> None:
    with pytest.raises(UnknownRuleError, match="did you mean 'B02-adult-present'"):
        book_of(ruleset).show("B02-adlt-present")


def test_the_command(tmp_path: Path) -> None:
    ran = command("rules", "show", "D01", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("D01  First review of detention\n====")
    assert "For a person     Whether the review considered afresh" in ran.stdout
    assert command("rules", "show", "--all", "--format", "markdown", cwd=tmp_path).returncode == 0
    brief = command("rules", "show", "D16", "--brief", cwd=tmp_path)
    assert (brief.returncode, brief.stdout.split()[:2]) == (0, ["D16", "person"])
    short = command("rules", "show", "D01", "--no-examples", cwd=tmp_path)
    assert "Message" in short.stdout
    assert "Examples" not in short.stdout
    assert (
        command("rules", "show", "--all", "--brief", "--no-examples", cwd=tmp_path).returncode == 2
    )
    for wrong, said in ((["D91"], "did you mean 'D"), ([], "--all"), (["D01", "--all"], "--all")):
        ran = command("rules", "show", *wrong, cwd=tmp_path)
        assert ran.returncode == 2
        assert said in ran.stderr


# --- the work list for a lawyer ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "gaps"),
    [
        ("X01-duty", ["Act of this test s.1: text, from 6 May 2013 until 8 July 2019"]),
        (
            "X02-duty",
            ["Code C Note 1 of this test: text and number, from 10 July 2012 until 2 January 2014"],
        ),
        ("X03-duty", []),
    ],
)
def test_what_is_unverified_says_for_which_days(rule: str, gaps: list[str], full: RuleSet) -> None:
    assert [*unverified(next(each for each in full.rules if each.id == rule))] == gaps


def test_the_work_list_names_only_rules_with_something_to_verify(tmp_path: Path) -> None:
    ran = command("rules", "list", "--unverified", cwd=tmp_path)
    assert ran.returncode == 0
    assert (
        "    Code C 3.15: text and number, from 10 July 2012 until 20 December 2023" in ran.stdout
    )
    assert "D01-first-review " not in ran.stdout
    assert (
        "PACE 1984 s.41(1), (7): text and number, from 1 January 1986 until 3 April 2017"
        in ran.stdout
    )


def test_models_of_tests_have_the_defaults_that_the_front_page_states() -> None:
    assert (RuleTest.model_fields["age"].default, RuleTest.model_fields["on"].default) == (
        15,
        date(2024, 6, 10),
    )
    assert Rule.model_fields["certainty"].default == "established"


def test_a_number_to_come_is_never_told_as_that_of_today(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    numbers = folder / "parameters.yaml"
    before = numbers.read_text()
    assert "{1986-01-01: 9h}" in before
    numbers.write_text(before.replace("{1986-01-01: 9h}", "{1986-01-01: 9h, 2027-04-01: 8h}"))

    told = flat(
        command("rules", "show", "D02-later-review", "--rules", str(folder), cwd=tmp_path).stdout
    )

    assert "then 9 h (8 h from 1 April 2027; review_next) from review to review" in told
