"""The workbench for rule authors, used as they use it: real files, the real command."""

import fcntl
import json
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
from contextlib import suppress
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from detention_monitor.authoring.probes import probe
from detention_monitor.cli import cli
from detention_monitor.durable import DurableBackend
from detention_monitor.rulefile import load_rules
from detention_monitor.ruletests import cases
from tests.conftest import RULES

HEAD = "format: custody-rules/1\ntheme: A theme\n"
RULE = """\
rules:
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
DUTY = """\
rules:
  - id: X02-duty
    duty: B01
    title: A duty
    sources: [{cite: "Code C 3.15", text_verified: 2023-12-20, number_verified: 2023-12-20}]
    authority: code
    in_force: {from: 2018-07-31}
    child_by: code_c
    age_at: arising
    who: custody officer
    arises_on: child_in_detention
    must: {happen: aa_contacted, where: "result in (agreed, on_way)", within: 2h}
    excused_by: [{kind: aa_delay_reason}]
    message: "Detained {arose}; contacted: {done}."
    tests:
      - name: contacted in the second hour
        on: 2024-06-10
        timeline: ["13:00 arrived", "13:10 detention_authorised", "14:30 aa_contacted result=agreed", "16:00 released"]
        expect: [X02-duty met]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["rules", *words])


def check(folder: Path, text: str, *words: str) -> Result:
    (folder / "x.yaml").write_text(HEAD + text)
    return run("check", "--rules", str(folder), *words)


def test_a_fault_is_shown_with_its_line_and_a_caret(folder: Path) -> None:
    result = check(folder, RULE.replace("asleep", "aslepe"))

    assert result.exit_code == 1
    head, source, caret = result.stdout.splitlines()
    assert head.startswith("x.yaml:13:39: 'review_held' has no attribute 'aslepe'")
    assert "did you mean 'asleep'" in head
    assert source.endswith("never: {kind: review_held, where: aslepe is true}")
    assert source[caret.index("^")] == "a"
    assert source[caret.index("^") :].startswith("aslepe")


def test_a_long_line_is_cut_round_the_fault(folder: Path) -> None:
    padded = RULE.replace("asleep is true", "asleep is true or " * 9 + "aslepe is true")
    result = check(folder, padded)

    _, source, caret = result.stdout.splitlines()
    assert len(source) < 130
    assert source[caret.index("^") :].startswith("aslepe")


BAD: dict[str, tuple[str, str]] = {
    "never-fires": (RULE, "asleep is true and asleep is false"),
    "unreachable-exception": (DUTY, "excused_by: [{kind: aa_contacted, where: result is agreed and missing result}]"),
    "nothing-discharges": (DUTY, 'must: {happen: aa_contacted, where: "result is agreed and result is refused", within: 2h}'),
    "citation-missing": (RULE, "sources: []"),
    "unknown-placeholder": (RULE, 'message: "Review at {ocurred}."'),
    "unknown-parameter": (DUTY, 'must: {happen: aa_contacted, within: $no_such}'),
    "set-too-large": (RULE, "never: {kind: review_held, where: asleep is true, unless: [aa_here, aa_away, aa_gone, aa_off, aa_out, aa_back]}"),
}  # fmt: skip
STATES = """\
facts:
""" + "".join(
    f"  - {{fact: {name}, about: A state, interval: {{from: aa_arrived, until: [aa_left]}}}}\n"
    for name in ("aa_here", "aa_away", "aa_gone", "aa_off", "aa_out", "aa_back")
)


@pytest.mark.parametrize("code", sorted(BAD))
def test_every_code_has_a_bad_file_that_shows_it(code: str, folder: Path) -> None:
    rule, wrong = BAD[code]
    key = wrong.split(":", maxsplit=1)[0]
    lines = rule.splitlines(keepends=True)
    if ": " in wrong:
        lines = [f"    {wrong}\n" if line.strip().startswith(f"{key}:") else line for line in lines]
        text = "".join(lines)
    else:
        text = rule.replace("asleep is true", wrong)
    assert text != rule
    if code == "set-too-large":
        text = STATES + text

    found = json.loads(check(folder, text, "--format", "json").stdout)

    assert code in {each["code"] for each in found}
    assert {each["file"] for each in found} == {"x.yaml"}


def test_numbers_that_exclude_each_other_never_fire(folder: Path) -> None:
    text = RULE.replace("asleep is true", "age under 12 and age over 11")
    assert "[never-fires]" in check(folder, text).stdout
    text = RULE.replace("asleep is true", "age under 12 and age over 10")
    assert check(folder, text).exit_code == 0


def test_days_without_a_version_and_rules_that_say_the_same(folder: Path) -> None:
    again = RULE.removeprefix("rules:\n")
    first = RULE.replace("from: 2012-07-10", "from: 2012-07-10, to: 2018-07-30")
    result = check(folder, first + again.replace("from: 2012-07-10", "from: 2018-07-31"))
    assert "x.yaml:20:15: warning: between 2018-07-30 and 2018-07-31" in result.stdout
    assert result.exit_code == 0

    result = check(folder, RULE + again.replace("X01-rule", "X09-other"), "--strict")
    assert "'X09-other' says the same as 'X01-rule' at x.yaml:4" in result.stdout
    assert result.exit_code == 1


def test_sarif_names_file_and_line(folder: Path) -> None:
    result = check(folder, RULE.replace("asleep", "aslepe"), "--format", "sarif")

    [ran] = json.loads(result.stdout)["runs"]
    [found] = ran["results"]
    where = found["locations"][0]["physicalLocation"]
    assert found["ruleId"] == "unknown-attribute"
    assert found["level"] == "error"
    assert where["artifactLocation"]["uri"].endswith("/x.yaml")
    assert where["region"] == {"startLine": 13, "startColumn": 39}


def test_the_rules_of_the_repository_have_nothing_to_put_right() -> None:
    result = run("check", "--strict")
    assert result.exit_code == 0, result.stdout


# --- rules test --------------------------------------------------------------------------------


def test_expected_stands_above_got_with_times(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + DUTY.replace("14:30 aa_contacted", "15:20 aa_contacted"))
    result = run("test", "--rules", str(folder))

    assert result.exit_code == 1
    assert "x.yaml:18: X02-duty: contacted in the second hour" in result.stdout
    expected, got = (line.split() for line in result.stdout.splitlines()[1:3])
    assert expected[:3] == ["expected", "X02-duty", "met"]
    assert got[:3] == ["got", "X02-duty", "met_late"]
    assert "due 15:10" in result.stdout.splitlines()[2]
    assert "not expected" not in result.stdout  # it is told already
    assert "10 min late" in result.stdout


def test_an_unexpected_finding_fails(folder: Path) -> None:
    late = DUTY.replace("14:30 aa_contacted", "15:20 aa_contacted").replace("[X02-duty met]", "[]")
    (folder / "x.yaml").write_text(HEAD + late)
    result = run("test", "--rules", str(folder))

    assert result.exit_code == 1
    assert "not expected: X02-duty met_late" in result.stdout


def test_tests_are_chosen_by_pattern_and_told_as_junit(folder: Path) -> None:
    (folder / "x.yaml").write_text(HEAD + DUTY)
    junit = folder / "out.xml"

    assert run("test", "--rules", str(folder), "--run", "no such").exit_code == 2
    result = run("test", "--rules", str(folder), "--run", "second HOUR", "--junit", str(junit))

    assert result.exit_code == 0
    [case] = ET.parse(junit).getroot().findall("testcase")  # noqa: S314 - written by ourselves
    assert case.get("classname") == "X02-duty"
    assert case.get("name") == "contacted in the second hour"


def test_probes_try_both_sides_of_deadline_day_and_clock_change(folder: Path) -> None:
    """Six: a minute before, at, after; two clock changes; the day in force and the day before."""
    (folder / "x.yaml").write_text(HEAD + DUTY)
    result = run("test", "--rules", str(folder), "--probe")

    assert result.exit_code == 0
    assert "7 probes of 1 rules, 0 wrong" in result.stderr


BEFORE_TEN = """\
rules:
  - id: X03-tonight
    duty: B01
    title: Told by ten at night
    sources: [{cite: "Code C 3.15", text_verified: 2023-12-20, number_verified: 2023-12-20}]
    authority: code
    in_force: {from: 2012-07-10}
    child_by: code_c
    age_at: arising
    who: custody officer
    arises_on: child_in_detention
    must: {happen: aa_contacted, before_local: "22:00"}
    message: "Detained {arose}; contacted: {done}."
    tests:
      - name: contacted within the hour
        timeline: ["19:00 arrived", "19:10 detention_authorised", "19:30 aa_contacted", "23:00 released"]
        expect: []
"""
BY_HEARING = """\
rules:
  - id: X04-before-hearing
    duty: B01
    title: Told by the hearing
    sources: [{cite: "Code C 3.15", text_verified: 2023-12-20, number_verified: 2023-12-20}]
    authority: code
    in_force: {from: 2012-07-10}
    child_by: code_c
    age_at: arising
    who: custody officer
    arises_on: {kind: aa_requested, where: exists eta}
    must: {happen: aa_arrived, by: attr eta}
    message: "Expected {due}; came: {done}."
    tests:
      - name: nobody was told
        timeline: ["13:00 arrived", "13:10 detention_authorised", "14:00 aa_requested eta=16:00", "17:00 released"]
        expect: [X04-before-hearing missed medium]
"""


def told(rules: str, folder: Path) -> list[tuple[str, str]]:
    """Return what each probe of a file tried, and its fault."""
    (folder / "x.yaml").write_text(HEAD + rules)
    found = []
    for own, tests in cases(load_rules(folder)):
        backend = DurableBackend(own.plan)
        found += [(each.what, each.fault) for case in tests for each in probe(case, backend)]
    return found


def test_a_time_of_day_is_probed_on_both_sides_and_on_both_nights(folder: Path) -> None:
    found = told(BEFORE_TEN, folder)

    assert {fault for _, fault in found} == {""}
    assert [what for what, _ in found if "step due" in what] == [
        "done Mon 10 Jun 2024 21:59 BST, step due at Mon 10 Jun 2024 22:00 BST",
        "done Mon 10 Jun 2024 22:00 BST, step due at Mon 10 Jun 2024 22:00 BST",
        "done Mon 10 Jun 2024 22:01 BST, step due at Mon 10 Jun 2024 22:00 BST",
        "step due over the clock change of 2024-10-27",
        "step due over the clock change of 2024-03-31",
    ]


GRADES = "[{name: early, at: 1h, severity: medium, authority: policy}, {name: red, at: 3h, severity: high, authority: policy}]"


def test_each_step_is_probed(folder: Path) -> None:
    graded = DUTY.replace(", within: 2h}", f"}}\n    grades: {GRADES}")
    found = told(graded.replace("14:30", "14:00"), folder)

    assert {fault for _, fault in found} == {""}
    for step, clock in (("early", "14:10"), ("red", "16:10")):
        tried = [what for what, _ in found if f"step {step} at" in what]
        assert len(tried) == 3
        assert all(what.endswith(f"{clock} BST") for what in tried)
        assert sum(f"step {step} over the clock change" in what for what, _ in found) == 2


def test_a_deadline_beside_steps_would_not_be_read(folder: Path) -> None:
    found = check(folder, DUTY.replace("2h}", f"2h}}\n    grades: {GRADES}")).stdout
    assert "x.yaml:14:71: 'within' is not read where 'grades' lists the steps" in found


def test_a_time_on_an_entry_is_probed_by_an_act_that_nobody_recorded(folder: Path) -> None:
    found = told(BY_HEARING, folder)

    assert [(what[21:26], fault) for what, fault in found] == [
        ("15:59", ""), ("16:00", ""), ("16:01", ""),
    ]  # fmt: skip


# --- rules coverage ----------------------------------------------------------------------------


def test_only_the_tests_chosen_are_probed(folder: Path) -> None:
    other = DUTY.removeprefix("rules:\n").replace("X02-duty", "X05-other").replace("2h}", "3h}")
    (folder / "x.yaml").write_text(HEAD + DUTY + other)
    result = run("test", "--rules", str(folder), "--run", "X05", "--probe")
    assert "1 passed, 0 failed" in result.stderr
    assert "probes of 1 rules, 0 wrong" in result.stderr
    # A pattern that is none is the author's to mend, not a traceback.
    assert run("test", "--rules", str(folder), "--run", "(").exit_code == 2


def test_coverage_names_what_no_test_reaches(folder: Path) -> None:
    """The one test of the duty stays silent and within its step; it never needs the excuse."""
    (folder / "x.yaml").write_text(HEAD + DUTY)
    result = run("coverage", "--rules", str(folder))

    assert result.exit_code == 0
    [line] = result.stdout.splitlines()
    assert line.split(maxsplit=2) == [
        "x.yaml:4", "X02-duty", "fires, excused_by 1 (aa_delay_reason)",
    ]  # fmt: skip
    assert "1 of 3 points exercised (33 %); 0 of 1 rules wholly" in result.stderr
    assert run("coverage", "--rules", str(folder), "--at-least", "34").exit_code == 1
    assert run("coverage", "--rules", str(folder), "--at-least", "33").exit_code == 0


def test_coverage_counts_each_dated_value_of_a_parameter(folder: Path) -> None:
    values = "{2012-07-10: 2h, 2024-06-01: 90m}"
    parameters = (folder / "parameters.yaml").read_text()
    (folder / "parameters.yaml").write_text(
        f"{parameters}  local_hours:\n    about: A local number.\n    authority: policy\n"
        f"    unit: duration\n    values: {values}\n"
    )
    (folder / "x.yaml").write_text(
        HEAD
        + DUTY.replace("within: 2h", "within: $local_hours").replace(
            "authority: code", "authority: policy"
        )
    )
    result = run("coverage", "--rules", str(folder), "--format", "json")

    [row] = json.loads(result.stdout)["rules"]
    assert "$local_hours from 10 Jul 2012" in row["missing"]
    assert "$local_hours from  1 Jun 2024" not in row["missing"]


# --- rules format ------------------------------------------------------------------------------

UNTIDY = """\
# Why this file is here.
format: custody-rules/1
theme:   A theme
facts:
- fact: aa_here
  about: "A state: quoted"   # kept
  interval:
      from: aa_arrived
      until: [aa_left,   released]
"""
TIDY = """\
# Why this file is here.
format: custody-rules/1
theme: A theme
facts:
  - fact: aa_here
    about: "A state: quoted" # kept
    interval:
      from: aa_arrived
      until: [aa_left, released]
"""


def test_format_keeps_comments_and_quotes_and_is_stable(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(UNTIDY)
    path.chmod(0o640)

    assert run("format", "--check", str(path)).exit_code == 1
    assert path.read_text() == UNTIDY
    assert run("format", str(path)).exit_code == 0
    assert " ".join(path.read_text().split()) == " ".join(TIDY.split())
    assert "  - fact: aa_here\n    about:" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o640
    assert run("format", "--check", str(path)).exit_code == 0


def test_format_keeps_the_braces_of_a_selection_in_a_list(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        HEAD + RULE.replace("never:", "lapses_on: [ {kind: released} , bailed]\n    never:")
    )
    assert run("format", str(path)).exit_code == 0
    assert "lapses_on: [{kind: released}, bailed]\n" in path.read_text()


def test_format_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("a: &x 1\nb: *x\n")

    result = CliRunner().invoke(cli, ["rules", "format", str(path)])

    assert result.exit_code != 0
    assert path.read_text() == "a: &x 1\nb: *x\n"


def test_the_rule_files_of_the_repository_are_formatted() -> None:
    result = run("format", "--check", "--rules", str(RULES))
    assert result.exit_code == 0, result.stdout


# --- rules new ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "passed"),
    [
        (["B98-told", "B98", "", 'The "adult" told', "Code C 3.15", "code", "", "high", "",
          "must", "child_in_detenton", "child_in_detention", "aa_contacted", "2 hours", "90m"], 3),
        (["B99-told", "", "Adult told", "Code C 3.15", "code", "", "high", "",
          "must", "child_in_detention", "aa_contacted", ""], 2),
        (["C99-never", "", "Never so", "Code C 11.15", "code", "2018-07-31", "critical", "",
          "never", "strip_search_started"], 2),
    ],
)  # fmt: skip
def test_a_new_rule_passes_its_own_tests(answers: list[str], passed: int, folder: Path) -> None:
    path = folder / "new_theme.yaml"
    (folder / "x.yaml").write_text(HEAD + DUTY)
    asked = CliRunner().invoke(cli, ["rules", "new", str(path)], input="\n".join(answers) + "\n")

    assert asked.exit_code == 0, asked.output
    assert run("check", "--rules", str(folder)).exit_code == 0
    tested = run("test", "--rules", str(folder), "--run", answers[0])
    assert tested.exit_code == 0, tested.stdout
    assert f"{passed} passed, 0 failed" in tested.stderr


def test_a_new_rule_of_next_year_is_tested_on_its_first_day(folder: Path) -> None:
    """On the usual day of a test, in June 2024, it would find nothing."""
    path = folder / "new_theme.yaml"
    (folder / "x.yaml").write_text(HEAD + DUTY)
    answers = ["B96-next", "", "Told next year", "Code C 3.15", "code", "2027-01-01", "high", "",
               "must", "child_in_detention", "aa_contacted", "2h"]  # fmt: skip
    asked = CliRunner().invoke(cli, ["rules", "new", str(path)], input="\n".join(answers) + "\n")

    assert asked.exit_code == 0, asked.output
    assert path.read_text().count("        on: 2027-01-01\n") == 3
    tested = run("test", "--rules", str(folder), "--run", "B96-next")
    assert "3 passed, 0 failed" in tested.stderr, tested.stdout


def test_tests_at_the_foot_of_a_file_are_found_by_the_rule_that_they_expect(folder: Path) -> None:
    """`--run` with the id of a rule finds them, though they stand beside none."""
    rule, tests = DUTY.split("    tests:\n")
    foot = "\n".join(line.removeprefix("    ") for line in tests.splitlines())
    (folder / "x.yaml").write_text(f"{HEAD}{rule}\ntests:\n{foot}\n")

    assert "1 passed, 0 failed" in run("test", "--rules", str(folder), "--run", "X02").stderr


def test_tests_that_fail_by_a_policy_say_so(tmp_path: Path) -> None:
    policy = tmp_path / "own.yaml"
    policy.write_text(
        "format: custody-policy/1\nparameters:\n  aa_amber: {values: {2024-01-01: 90m}}\n"
    )

    told = run("test", "--run", "AA_DELAY_UNEXPLAINED", "--policy", str(policy))

    assert told.exit_code == 1
    assert "judged by the numbers of own.yaml" in told.stderr


def test_a_new_rule_may_speak_of_a_kind_that_is_declared_after_it(folder: Path) -> None:
    """An answer that names no kind is doubted once; said again it stands, with what to declare."""
    path = folder / "new_theme.yaml"
    (folder / "x.yaml").write_text(HEAD + DUTY)
    answers = ["B98-letter", "", "May write", "Code C 5.6", "code", "", "medium", "", "must",
               "Paper asked", "paper_asked", "paper_asked", "paper_given", "paper_given", ""]  # fmt: skip
    asked = CliRunner().invoke(cli, ["rules", "new", str(path)], input="\n".join(answers) + "\n")

    assert asked.exit_code == 0, asked.output
    assert "in the past tense: review_held" in asked.output
    assert f"rules check --rules {folder}" in asked.output
    undeclared = run("check", "--rules", str(folder), "--format", "json")
    assert {each["code"] for each in json.loads(undeclared.stdout)} == {"unknown-kind"}

    told = asked.output
    snippets = [
        told[told.index(f"  {kind}:\n    about") :] for kind in ("paper_asked", "paper_given")
    ]
    declared = "".join("\n".join(each.splitlines()[:4]) + "\n" for each in snippets)
    vocabulary = folder / "vocabulary.yaml"
    vocabulary.write_text(vocabulary.read_text().replace("\nkinds:\n", f"\nkinds:\n{declared}"))
    tested = run("test", "--rules", str(folder), "--run", "B98-letter")
    assert "2 passed, 0 failed" in tested.stderr, tested.stdout


def test_a_new_rule_goes_among_the_rules_of_its_file(folder: Path) -> None:
    """A file may end with tests of its own; what stands above them stays with them."""
    path = folder / "x.yaml"
    path.write_text(HEAD + DUTY + "\n# All together.\ntests:\n  - name: nothing at all\n"
                    '    timeline: ["13:00 arrived"]\n    expect: []\n')  # fmt: skip
    answers = ["B97-more", "", "Told", "Code C 3.15", "code", "", "high", "", "never",
               "strip_search_started"]  # fmt: skip
    asked = CliRunner().invoke(cli, ["rules", "new", str(path)], input="\n".join(answers) + "\n")

    assert asked.exit_code == 0, asked.output
    loaded = load_rules(folder).files[0].model
    assert [rule.id for rule in loaded.rules] == ["X02-duty", "B97-more"]
    assert [test.name for test in loaded.tests] == ["nothing at all"]
    assert "\n# All together.\ntests:" in path.read_text()


def test_questions_are_asked_on_a_real_terminal(folder: Path) -> None:
    """Wrong answers are asked again, and the end of input leaves no file."""
    (folder / "x.yaml").write_text(HEAD + DUTY)
    words = ["rules", "new", str(folder / "new_theme.yaml")]
    with Terminal(*words) as terminal:
        for waited, answer in (
            ("Name of the rule", "B9 x"), ("beginning with a letter", "B98-told"),
            ("Catalogue id", ""), ("Title", "Told"), ("Where the law", "Code C 3.15"),
            ("Whose standard", "law"), ("is not one of", "code"), ("In force", "2012-13-01"),
            ("does not match", ""), ("How grave", "high"), ("Who must", ""), ("Must something", "must"),
            ("does the duty arise", "child_in_detenton"), ("did you mean 'child_in_detention'", "child_in_detention"),
            ("shows that", "aa_contacted"), ("Within", "2 hours"), ("write 6h", "2h"),
        ):  # fmt: skip
            terminal.answer(waited, answer)
        assert terminal.ends() == 0
    tested = run("test", "--rules", str(folder), "--run", "B98-told")
    assert "3 passed, 0 failed" in tested.stderr

    with Terminal("rules", "new", str(folder / "other.yaml")) as terminal:
        terminal.answer("Name of the rule", "\x04")
        assert terminal.ends() == 130
    assert not (folder / "other.yaml").exists()


class Terminal:
    """Our command in a pseudo-terminal: wait for words, then type."""

    def __init__(self, *words: str) -> None:
        self._screen, other = pty.openpty()
        self._ran = subprocess.Popen(
            [sys.executable, "-m", "detention_monitor", *words],
            stdin=other, stdout=other, stderr=other, start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - it only takes the terminal
        )  # fmt: skip
        os.close(other)
        self.seen = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ran.kill()
        self._ran.wait()
        os.close(self._screen)

    def answer(self, waited: str, answer: str) -> None:
        """Type an answer once the words have appeared after the last answer."""
        text = ""
        while waited not in text or not text.endswith(": "):
            text += self._read()
        os.write(self._screen, (answer + ("" if answer == "\x04" else "\n")).encode())

    def _read(self) -> str:
        ready, _, _ = select.select([self._screen], [], [], 60)
        assert ready, self.seen
        got = os.read(self._screen, 4_096).decode()
        self.seen += got
        return got

    def ends(self) -> int:
        """Return the exit status, once all that it said is read: unread, it would wait for us."""
        with suppress(OSError):
            while self._read():
                pass
        return self._ran.wait(timeout=60)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_junit_has_the_shape_that_ci_servers_read(folder: Path) -> None:
    """Of the common schema: one suite with counts, cases with name and class, failures with text."""
    late = DUTY.replace("14:30 aa_contacted", "15:20 aa_contacted")
    (folder / "x.yaml").write_text(HEAD + late.replace("contacted in", "a <b>& in"))
    junit = folder / "out.xml"
    assert run("test", "--rules", str(folder), "--junit", str(junit)).exit_code == 1

    suite = ET.parse(junit).getroot()  # noqa: S314 - written by ourselves
    assert suite.tag == "testsuite"
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors")} == {
        "name": "rules", "tests": "1", "failures": "1", "errors": "0",
    }  # fmt: skip
    assert float(suite.get("time", "")) >= 0
    [case] = suite
    assert (case.tag, case.get("classname"), case.get("line")) == ("testcase", "X02-duty", "18")
    assert "<b>&" in str(case.get("name"))
    [failure] = case
    assert failure.tag == "failure"
    assert str(failure.get("message")).startswith("expected  X02-duty met")
    assert "got       X02-duty met_late" in str(failure.text)
