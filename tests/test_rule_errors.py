"""What the author of a rule file sees when something is wrong: place, fault, cure, all at once."""

import contextlib
import re
import shutil
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detention_monitor import yamlfile
from detention_monitor.authoring.reading import read_through
from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.rulefile import load_rules
from detention_monitor.times import start_of_day
from tests.conftest import RULES

HEAD = """\
format: custody-rules/1
theme: A theme
rules:
"""
RULE = """\
  - id: X01-rule
    duty: B01
    title: A rule
    sources: [{cite: "Code C 3.15", text_verified: 2023-12-20, number_verified: 2023-12-20}]
    authority: code
    in_force: {from: 2012-07-10}
    child_by: code_c
    age_at: act
    who: custody officer
    never: {kind: review_held, where: asleep is true}
    message: "Review at {occurred}."
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    return tmp_path


def faults(folder: Path) -> tuple[Diagnostic, ...]:
    with pytest.raises(RuleFileError) as caught:
        load_rules(folder)
    return caught.value.diagnostics


def test_the_rule_that_the_cases_break_is_sound(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + RULE)
    assert [rule.id for rule in load_rules(folder).rules] == ["X01-rule"]


@pytest.mark.parametrize(
    ("right", "wrong", "place", "said"),
    [
        ("title: A", "titel: A", (6, 5), "did you mean 'title'"),
        ("kind: review_held", "kind: reveiw_held", (13, 19), "did you mean 'review_held'"),
        ("asleep is true", "aslepe is true", (13, 39), "did you mean 'asleep'"),
        ("asleep is true", "asleep is maybe", (13, 39), "'maybe' is not true or false"),
        ("asleep is true", "mode is in_persn", (13, 39), "did you mean 'in_person'"),
        ("asleep is true", "mode at least telephone", (13, 39), "cannot be asked 'at least'"),
        ("asleep is true", "asleep is true and", (13, 57), "expected"),
        ("asleep is true", "asleep is true or or", (13, 57), "expected"),
        ("asleep is true", "mode_reason is good", (13, 39), "cannot be asked 'is'"),
        ("{occurred}", "{ocurred}", (14, 25), "did you mean 'occurred'"),
        ("authority: code", "authority: law", (8, 16), "is not one of statute, code"),
        ("duty: B01", "duty: Z99", (5, 11), "letter A-F and two digits"),
        ("from: 2012-07-10", "from: yesterday", (9, 22), "date"),
        ("from: 2012-07-10", "from: 2012-07-10, to: 2011-01-01", (9, 34), "must come before"),
        ("age_at: act", "age_at: none", (11, 5), "'child_by' says by which law"),
        (
            "never: {kind: review_held, where: asleep is true}",
            "sequence: {first: review_held, steps: [{then: review_held, same: [modus]}]}",
            (13, 71),
            "has no attribute 'modus'; did you mean 'mode'",
        ),
        (
            "never: {kind: review_held, where: asleep is true}",
            ("sequence: {first: review_held, steps: [{then: review_held}], "
            "without: {then: review_held, same: [outcome]}}"),
            (13, 102),
            "'outcome' of 'review_held' is text",
        ),
        ("never: ", "must: ", (13, 11), "happen"),
        ("    never: {kind: review_held, where: asleep is true}\n", "", (4, 5), "must, never"),
        ("who: custody officer", "who: custody officer\n    who: b", (13, 5), "written twice"),
        ("age_at: act", "age_at: &x act", (11, 13), "anchors"),
        ("never: {", "never: !!python/object:os.system {", (13, 12), "tags"),
        ("never: {", "only_if: $certificate_supervized\n    never: {", (13, 14), "did you mean"),
        ("asleep is true}", "asleep is true, while: aa_hear}", (13, 62), "no interval fact"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_with_its_place(
    right: str, wrong: str, place: tuple[int, int], said: str, folder: Path
) -> None:
    assert right in RULE
    (folder / "x.yaml").write_text(HEAD + RULE.replace(right, wrong, 1))
    found = faults(folder)
    told = [(each.line, each.column, each.message) for each in found]
    assert any(said in message for _, _, message in told), told
    assert place in [(line, column) for line, column, message in told if said in message], told
    assert {each.file for each in found} == {"x.yaml"}


def test_every_fault_of_every_file_is_told_at_once(folder: Path) -> None:
    (folder / "a.yaml").write_text(HEAD + RULE.replace("asleep", "aslepe"))
    (folder / "b.yaml").write_text(HEAD + RULE.replace("X01", "X02").replace("title", "titel"))
    (folder / "c.yaml").write_text("rules: [\n")
    (folder / "d.yaml").write_bytes(b"format: \xff\xfe")
    (folder / "e.yaml").write_text("")
    assert {each.file for each in faults(folder)} == {
        "a.yaml", "b.yaml", "c.yaml", "d.yaml", "e.yaml",
    }  # fmt: skip


def test_two_versions_of_a_rule_may_follow_but_not_overlap(folder: Path) -> None:
    first = RULE.replace("from: 2012-07-10", "from: 2012-07-10, to: 2018-07-31")
    second = RULE.replace("from: 2012-07-10", "from: 2018-07-31")
    (folder / "x.yaml").write_text(HEAD + first + second)
    assert len(load_rules(folder).rules) == 2
    (folder / "x.yaml").write_text(HEAD + first + second.replace("2018-07-31", "2018-07-30"))
    [fault] = faults(folder)
    assert fault.code == "dates-overlap"
    assert fault.line == 20
    assert "x.yaml:4" in fault.message


def test_facts_that_need_each_other_are_refused_by_name(folder: Path) -> None:
    facts = """\
format: custody-rules/1
theme: Facts
facts:
  - fact: one
    about: needs two
    mark: {on: review_held, yes_when: [{where: two is true}]}
  - fact: two
    about: needs one
    mark: {on: review_held, yes_when: [{where: one is false}]}
"""
    (folder / "x.yaml").write_text(facts)
    [fault] = faults(folder)
    assert (fault.line, fault.code) == (4, "cycle")
    assert "one -> two -> one" in fault.message


def test_an_alternative_of_a_mark_is_of_kinds_the_mark_is_set_on(folder: Path) -> None:
    facts = """\
format: custody-rules/1
theme: Facts
facts:
  - fact: seen
    about: somebody came
    mark: {on: [visited, checked], yes_when: [{kind: review_held}]}
"""
    (folder / "x.yaml").write_text(facts)
    [fault] = faults(folder)
    assert fault.line == 6
    assert "'review_held', which is not among the kinds of 'on'" in fault.message

    (folder / "x.yaml").write_text(
        facts.replace("kind: review_held", "kind: checked, where: mode is x")
    )
    [fault] = faults(folder)
    assert (fault.line, fault.code) == (6, "unknown-attribute")
    assert "'checked' has no attribute 'mode'" in fault.message


def test_an_unknown_name_in_a_policy_is_an_error(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + RULE)
    policy = folder.parent / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  aa_ambr: {values: {2024-01-01: 1h}}\n"
    )
    with pytest.raises(RuleFileError, match=r"policy.yaml:3:3: .*did you mean 'aa_amber'"):
        load_rules(folder, policy)


def test_a_number_that_is_law_is_not_for_a_force_to_set(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + RULE)
    policy = folder.parent / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n"
        "  custody_limit: {values: {2012-07-10: 40h}}\n  aa_amber: {values: {2012-07-10: 1h}}\n"
    )
    with pytest.raises(RuleFileError, match=r"policy.yaml:3:\d+: 'custody_limit' is fixed by law"):
        load_rules(folder, policy)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2024-06-10", 2), ("2027-05-31", 2), ("2027-06-01", 1.5)],
    ids=["years-before", "day-before", "its-day"],
)
def test_a_policy_counts_from_its_date_and_not_before(day: str, hours: float, folder: Path) -> None:
    """Two hours is the number of rules/parameters.yaml; a policy of June 2027 says 90 minutes."""
    (folder / "x.yaml").write_text(HEAD + RULE)
    policy = folder.parent / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  aa_amber: {values: {2027-06-01: 90m}}\n"
    )

    found = load_rules(folder, policy).parameters

    assert found.value("aa_amber", start_of_day(date.fromisoformat(day))) == hours * 3600


def test_a_number_of_the_code_is_not_for_a_force_to_set(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + RULE)
    policy = folder.parent / "policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  visit_hourly: {values: {2027-06-01: 2h}}\n"
    )

    with pytest.raises(RuleFileError, match="'visit_hourly' is fixed by law"):
        load_rules(folder, policy)


def test_a_folder_without_rules_says_so(folder: Path) -> None:
    [fault] = faults(folder)
    assert "no rule files here" in fault.message


def test_a_condition_with_too_many_alternatives_is_refused(folder: Path) -> None:
    ways = " and ".join(
        f"(exists {one} or exists {two} or exists {three})"
        for one, two, three in zip(
            *[iter(["mode", "asleep", "mode_reason", "officer_place", "reps_child", "reps_aa",
                    "reps_solicitor", "legal_reminder", "outcome", "grounds", "rank", "role",
                    "age", "sex", "station_designated", "link_available", "age_considered",
                    "bail_redecided"])] * 3,
            strict=True,
        )
    )  # fmt: skip
    (folder / "x.yaml").write_text(HEAD + RULE.replace("asleep is true", f'"{ways}"', 1))
    [fault] = faults(folder)
    assert "too many alternatives" in fault.message


def test_a_parameter_that_the_clocks_need_cannot_be_renamed(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + RULE)
    parameters = folder / "parameters.yaml"
    parameters.write_text(parameters.read_text().replace("  review_first:", "  review_frist:"))
    [fault] = faults(folder)
    assert (fault.file, fault.code) == ("parameters.yaml", "missing-parameter")
    assert "'review_first' (duration) must be here" in fault.message


@pytest.mark.parametrize("path", sorted(RULES.glob("*.yaml")), ids=lambda path: path.stem)
def test_both_readers_of_yaml_see_the_same(path: Path) -> None:
    fast = yamlfile.read_yaml(path)
    whole = yamlfile.parse_yaml(f"# [&anchor]\n{path.read_text()}", path.name)  # read in Python

    assert fast.data == whole.data
    assert {at: (line + 1, column) for at, (line, column) in fast.places.items()} == whole.places
    lower = {at: (line + 1, column) for at, (line, column) in fast.key_places.items()}
    assert lower == whole.key_places


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1", "anchors"),
        ("a: [1]\nb: !!python/object:os.system [1]", "tags"),
        ("[" * 100_000, "500 brackets"),
        ("- " * 50_000 + "x", "YAML"),
        ("a: " + "[" * 400 + "]" * 400, "nested more than 30 deep"),
        ("\n".join(" " * n + "a:" for n in range(900)), "YAML"),
    ],
)
def test_yaml_that_would_do_harm_is_refused(text: str, said: str) -> None:
    with pytest.raises(RuleFileError, match=said):
        yamlfile.parse_yaml(text, "x.yaml")


def test_a_time_of_day_in_a_list_is_a_word() -> None:
    assert yamlfile.parse_yaml("a: [22:30, no]", "x.yaml").data == {"a": ["22:30", "no"]}


@given(st.text(alphabet="ab:-[]{}&*!#|>'\"\n\t %@`,?0.", max_size=60))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_text_whatever_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(RuleFileError):
        assert yamlfile.parse_yaml(text, "x.yaml").places


@pytest.mark.parametrize(
    ("on", "said"),
    [
        (
            "2026-12-31",
            r"x.yaml:19:18: 'X01-rule' is in force from 2027-01-01, .* write on: 2027-01-01",
        ),
        ("2027-01-01", ""),
        ("2027-02-28", ""),
        ("2027-03-01", "'X01-rule' is in force until 2027-03-01, not including it"),
    ],
    ids=["day-before", "first-day", "last-day", "day-of-repeal"],
)
def test_a_test_of_a_day_on_which_its_rule_is_not_in_force(
    on: str, said: str, folder: Path
) -> None:
    tests = (
        f"    tests:\n      - name: asleep\n        on: {on}\n"
        '        timeline: ["13:00 arrived", "14:00 review_held asleep=true"]\n'
        "        expect: [X01-rule broken]\n"
    )
    rule = RULE.replace("from: 2012-07-10", "from: 2027-01-01, to: 2027-03-01")
    (folder / "x.yaml").write_text(HEAD + rule + tests)

    found = " ".join(str(each) for each in read_through(folder) if each.code == "test-expect")

    assert re.search(said, found) if said else not found


def test_an_entry_of_the_next_day_may_meet_the_first_day_of_a_rule(folder: Path) -> None:
    tests = (
        "    tests:\n      - name: asleep\n        on: 2026-12-31\n"
        '        timeline: ["13:00 arrived", "+1 14:00 review_held asleep=true"]\n'
        "        expect: [X01-rule broken]\n"
    )
    (folder / "x.yaml").write_text(HEAD + RULE.replace("2012-07-10", "2027-01-01") + tests)

    assert "test-expect" not in {each.code for each in read_through(folder)}


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (", within: 2h}", "}\n    within: 2h", "'within' belongs under 'must'"),
        ("aa_contacted, w", "aa_phoned_at_home, w", "declare it in vocabulary.yaml"),
        ("14:00 released", "14:00\u00a0released", "nobody can see"),
    ],
    ids=["wrong-level", "new-kind", "hidden-space"],
)
def test_the_cure_is_told(right: str, wrong: str, said: str, folder: Path) -> None:
    duty = """\
  - id: X02-duty
    duty: B01
    title: A duty
    sources: [{cite: "Code C 3.15", text_verified: false, number_verified: false}]
    authority: code
    in_force: {from: 2012-07-10}
    child_by: code_c
    age_at: arising
    who: custody officer
    arises_on: child_in_detention
    must: {happen: aa_contacted, within: 2h}
    message: "Detained {arose}; contacted: {done}."
    tests:
      - name: never contacted
        timeline: ["13:00 arrived", "14:00 released"]
        expect: []
"""
    assert right in duty
    (folder / "x.yaml").write_text(HEAD + duty.replace(right, wrong, 1))

    assert said in " ".join(str(each) for each in read_through(folder))
