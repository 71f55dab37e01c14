"""Mistakes that authors make, by hand and by editor: each told once, at its place, with its cure."""

import os
import shutil
from pathlib import Path

import pytest

from detention_monitor.authoring.diagnostics import sarif, shown
from detention_monitor.authoring.reading import read_through
from detention_monitor.errors import Diagnostic
from tests.conftest import RULES
from tests.test_rule_errors import HEAD, RULE

MORE = RULE.replace("X01-rule", "X02-rule")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    return tmp_path


def told(folder: Path, text: str | bytes) -> list[Diagnostic]:
    """Return what is said of a rule file of the given content."""
    raw = text.encode() if isinstance(text, str) else text
    (folder / "x.yaml").write_bytes(raw)
    return read_through(folder)


@pytest.mark.parametrize(
    ("right", "wrong", "place", "said"),
    [
        ("    who: custody", "    who custody", (12, 5), "a key without its ':'"),
        ("    who:", "\twho:", (12, 1), "a tab; indent with spaces"),
        ('occurred}."', "occurred}.", (14, 14), "text in quotes that does not end"),
        ('"Review at {occurred}."', "{occurred} was late", (14, 25), "needs quotes round all of it"),
        ('"Review at {occurred}."', "“At: {occurred}”", (14, 17), "“curly” quotes are no quotes here"),
        ("duty: B01", "duty:\xa0B01", (5, 5), "nobody can see (U+00A0)"),
        ("A rule", "A \x07rule", (6, 14), "nobody can see (U+0007)"),
        ("true}", "true", (14, 12), "is not closed (opened in line 13)"),
        ("{occurred}", "{occurred", (14, 25), "a brace without its other half"),
        ("{occurred}", "occurred}", (14, 33), "a brace without its other half"),
        ("2012-07-10", "2012-7-10", (9, 22), "write 2012-07-10"),
        ("2012-07-10", "10/07/2012", (9, 22), "write 2012-07-10"),
        ("2012-07-10", "2012-02-30", (9, 22), "write a day that exists"),
        ("{from: 2012-07-10}", "2012-07-10", (9, 15), "write in_force: {from: 2012-07-10}"),
        ("asleep is true", "mode in (telephone, live_link)", (13, 59), "a comma ends a text within braces"),
        ("where: asleep", "where asleep", (13, 32), "'where' needs a ':' after it"),
        ("id: X01-rule", "id: X01 rule", (4, 9), "letters, digits, - and _ (B01-adult-informed)"),
        ('"Code C 3.15"', '""', (7, 22), "says no source"),
        ("title: A rule", 'title: ""', (6, 12), "write at least 3 characters; here are 0"),
        ("{kind: review_held, where: asleep is true}", "[released, bailed]", (13, 12),
         "are written {kind: [released, bailed]}"),
        ("    never:", "    must: {happen: released}\n    never:", (14, 5), "one shape, but here are must and never"),
        ("never: {kind: review_held, where: asleep is true}",
         "arises_on: arrived\n    must: {happen: released, within: 1 hour 30 minutes}", (14, 38), "did you mean '1h30m'"),
        ("never: {kind: review_held, where: asleep is true}",
         "arises_on: arrived\n    must: {happen: released, within: $review_frist}", (14, 38), "did you mean '$review_first'"),
        ("never: {kind: review_held, where: asleep is true}",
         "arises_on: arrived\n    must: {happen: released, within: 1h, by: attr x}", (14, 42), "keep one"),
        ("asleep is true}", "'asleep is true\n      and mode is in_persn'}", (14, 11), "did you mean 'in_person'"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_once_at_its_place_with_its_cure(
    right: str, wrong: str, place: tuple[int, int], said: str, folder: Path
) -> None:
    assert right in RULE

    rule = RULE.replace(right, wrong, 1)
    rule = rule.replace("{occurred}.", "{done}.") if "within: $" in wrong else rule
    found = told(folder, HEAD + rule)

    assert [(each.line, each.column) for each in found] == [place], [str(each) for each in found]
    assert said in found[0].message


@pytest.mark.parametrize("style", [">-", "|", ""])
def test_a_word_in_a_text_of_several_lines_is_told_in_its_own(style: str, folder: Path) -> None:
    text = f"where: {style}\n        asleep is true and\n        mode is in_persn"
    rule = RULE.replace(
        "never: {kind: review_held, where: asleep is true}",
        f"never:\n      kind: review_held\n      {text}",
    )
    [found] = told(folder, HEAD + rule)
    assert (found.line, found.column) == (17, 9), str(found)


def test_one_rule_that_cannot_be_read_does_not_hide_the_others(folder: Path) -> None:
    """Three mistakes of form in three rules, and a wrong word in a fourth: all are told at once."""
    rules = [RULE.replace("X01", f"X0{n}") for n in range(1, 6)]
    rules[0] = rules[0].replace('occurred}."', "occurred}.")
    rules[2] = rules[2].replace("title: A", "title: A: b")
    rules[3] = rules[3].replace("asleep is true", "aslepe is true")
    rules[4] = rules[4].replace("who: custody officer", "who custody officer")

    found = told(folder, HEAD + "".join(rules))

    lines = [4 + 11 * number for number in range(5)]
    assert [(each.code, each.line) for each in found] == [
        ("yaml-syntax", lines[0] + 10),
        ("yaml-syntax", lines[2] + 2),
        ("unknown-attribute", lines[3] + 9),
        ("yaml-syntax", lines[4] + 8),
    ]


def test_a_key_written_twice_does_not_hide_another_fault(folder: Path) -> None:
    twice = RULE.replace("    who:", "    duty: B02\n    who:").replace("asleep is", "aslepe is")
    found = told(folder, HEAD + twice)
    assert [each.code for each in found] == ["duplicate-key", "unknown-attribute"]


def test_what_a_rule_lacks_is_told_in_one_line(folder: Path) -> None:
    [found] = told(folder, HEAD + RULE.replace("    age_at: act\n", "").replace("    duty: B01\n", "").replace("    who: custody officer\n", ""))  # fmt: skip
    assert (found.line, found.column, found.code) == (4, 5, "missing-field")
    assert found.message == "'duty', 'age_at' and 'who' are missing"


def test_a_caret_stands_under_its_word_whatever_stands_before(folder: Path) -> None:
    """Letters that take two columns of a terminal, and tabs."""
    [found] = told(folder, HEAD + RULE.replace("Review at {occurred}", "日本 {ocurred}"))
    source, caret = shown(found, folder).splitlines()[1:]
    assert source.index("{") + 2 == caret.index("^")


def test_a_file_that_is_no_text_is_told_by_its_line(folder: Path) -> None:
    [latin] = told(folder, (HEAD + RULE.replace("A rule", "A £5 rule")).encode("latin-1"))
    assert (latin.code, latin.line, latin.column) == ("not-utf8", 6, 14)
    [wide] = told(folder, (HEAD + RULE).encode("utf-16"))
    assert "UTF-16" in wide.message
    assert shown(wide, folder).count("\n") == 0


def test_what_never_ends_is_not_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe.yaml")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    found = told(folder, HEAD + RULE)
    assert [(each.file, each.code) for each in found] == [
        ("pipe.yaml", "unreadable"), ("zero.yaml", "unreadable"),
    ]  # fmt: skip
    assert all("not a file" in shown(each, folder) for each in found)


def test_a_folder_without_vocabulary_says_where_to_get_one(folder: Path) -> None:
    (folder / "vocabulary.yaml").unlink()
    [found] = told(folder, HEAD + RULE)
    assert "a folder of rules needs it, see the one shipped" in found.message


# --- what is sound in form and cannot be meant -------------------------------------------------

DUTY = RULE.replace(
    "never: {kind: review_held, where: asleep is true}",
    "arises_on: {kind: aa_contacted, where: result is refused}\n"
    "    must: {happen: aa_arrived, within: 2h}\n    lapses_on: [released, bailed]",
).replace("{occurred}", "{due}")
COUNT = RULE.replace(
    "never: {kind: review_held, where: asleep is true}",
    "counts:\n      of: {kind: review_held, where: mode is telephone}\n      among: {kind: review_held}\n"
    "      grades: [{name: three, count: 3, severity: medium, authority: quality}]",
).replace(" at {occurred}", "")
SEQUENCE = RULE.replace(
    "never: {kind: review_held, where: asleep is true}",
    "sequence:\n      first: {kind: aa_contacted, where: result is refused}\n"
    "      steps: [{then: interview_started, within: 45m}]",
).replace(" at {occurred}", "")


@pytest.mark.parametrize(
    ("rule", "right", "wider"),
    [
        (DUTY, "where: result is refused", "where: result is refused or result is no_reply"),
        (DUTY, "lapses_on: [released, bailed]", "lapses_on: [released]"),
        (DUTY, "{kind: aa_contacted, where: result is refused}", "{kind: [aa_contacted, aa_requested]}"),
        (COUNT, "where: mode is telephone", "where: mode is telephone or mode is live_link"),
        (SEQUENCE, ", where: result is refused", ""),
    ],
    ids=["condition", "endings", "kinds", "count", "sequence"],
)  # fmt: skip
def test_a_rule_that_always_fires_with_another_is_told(
    rule: str, right: str, wider: str, folder: Path
) -> None:
    assert right in rule
    wide = rule.replace(right, wider).replace("X01-rule", "X02-wide")

    [found] = told(folder, HEAD + rule + wide)

    assert (found.line, found.column, found.code) == (4, 9, "overlapping-rules"), str(found)
    assert "'X02-wide' at x.yaml:" in found.message


@pytest.mark.parametrize(
    ("right", "other"),
    [
        ("where: result is refused", "where: result is no_reply"),
        ("within: 2h", "within: 3h"),
        ("happen: aa_arrived", "happen: aa_requested"),
        ("child_by: code_c", "child_by: pace_other"),
    ],
)
def test_rules_that_find_different_things_are_left_alone(
    right: str, other: str, folder: Path
) -> None:
    beside = DUTY.replace(right, other).replace("X01-rule", "X02-rule")
    assert [str(each) for each in told(folder, HEAD + DUTY + beside)] == []


def test_derived_facts_that_say_the_same_are_told(folder: Path) -> None:
    fact = "  - fact: {}\n    about: The adult is here\n    interval: {{from: aa_arrived, until: aa_left}}\n"
    head = HEAD.replace("rules:", "facts:\n" + fact.format("adult_in") + fact.format("adult_too") + "rules:")  # fmt: skip
    rule = RULE.replace("true}", "true, while: adult_in, unless: adult_too}")
    [found] = told(folder, head + rule)
    assert (found.line, found.column, found.code) == (7, 11, "duplicate-meaning")


STEP = "      - {{name: red, at: {}, severity: high, authority: policy}}\n"


@pytest.mark.parametrize(
    ("right", "wrong", "place", "said"),
    [
        ("within: 2h}", "within: 2h}\n    warn: [2h]", (15, 12), "a warning 2 h before a time of 2 h"),
        ("from: 2012-07-10", "from: 2912-07-10", (9, 22), "in force from 2912-07-10 only"),
        (", within: 2h}", f"}}\n    grades:\n{STEP.format('1h')}{STEP.format('2h')}", (17, 16), "a name of its own"),
    ],
)  # fmt: skip
def test_times_that_cannot_be_meant_are_told(
    right: str, wrong: str, place: tuple[int, int], said: str, folder: Path
) -> None:
    [found] = told(folder, HEAD + DUTY.replace(right, wrong))
    assert (found.line, found.column) == place, str(found)
    assert said in found.message


def test_a_file_that_is_not_read_is_told(folder: Path) -> None:
    """One saved under another ending, and one in a folder of its own, would be missed by nobody."""
    (folder / "deeper").mkdir()
    for name in ("mine.yml", "theirs.YAML", "deeper/more.yaml", "notes.txt"):
        (folder / name).write_text(HEAD + MORE)
    found = told(folder, HEAD + RULE)
    assert [(each.file, each.code) for each in found] == [
        ("deeper/more.yaml", "file-not-read"),
        ("mine.yml", "file-not-read"),
        ("theirs.YAML", "file-not-read"),
    ]
    assert "name it mine.yaml" in found[1].message


def test_everything_wrong_with_a_policy_is_told_with_its_line(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + RULE)
    policy = folder.parent / f"{folder.name}-policy.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  aa_ambr: {values: {2024-04-01: 90m}}\n"
        "  aa_red: {values: {2024-04-01: ninety}}\n  review_first: {values: {2024-04-01: 5h}}\n"
        "suites:\n  Leamington: [{from: 2023-01-01, link_availabel: true}]\n"
    )

    found = read_through(folder, policy)

    assert [(each.line, each.code) for each in found] == [
        (3, "unknown-parameter"), (4, "parameter-value"), (5, "fixed-by-law"), (7, "unknown-field"),
    ]  # fmt: skip
    assert "Leamington" in shown(found[3], folder, policy)
    [result] = sarif(found[3:], "rules", policy)["runs"][0]["results"]
    where = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert where == policy.as_posix()


def test_a_misspelt_id_is_not_told_again_of_its_tests(folder: Path) -> None:
    test = "    tests: [{name: abcde, timeline: ['13:00 arrived'], expect: [X01-rule broken]}]\n"
    [found] = told(folder, HEAD + RULE.replace("X01-rule", "X01 rule") + test)
    assert found.code == "wrong-form"


def test_an_excuse_that_excludes_itself_is_told_once(folder: Path) -> None:
    excuse = "[{kind: aa_arrived, where: in_person is true and in_person is false}]"
    rule = DUTY.replace("lapses_on:", f"excused_by: {excuse}\n    lapses_on:")
    [found] = told(folder, HEAD + rule)
    assert (found.line, found.code) == (15, "unreachable-exception")


def test_a_misspelt_duty_of_the_catalogue_is_told_at_its_name(folder: Path) -> None:
    text = (RULES / "catalogue.yaml").read_text().replace("\n  B01:", "\n  B1:")
    (folder / "catalogue.yaml").write_text(text)
    found = [each for each in told(folder, HEAD + RULE) if each.file == "catalogue.yaml"]
    line = next(n for n, each in enumerate(text.splitlines(), 1) if each == "  B1:")
    assert [(each.line, each.column) for each in found] == [(line, 3)]
