"""The list of the quality check: every duty is asked about once, and misfits are told."""

import shutil
from pathlib import Path

import pytest

from detention_monitor.authoring.reading import read_through
from detention_monitor.catalogue import load_catalogue
from detention_monitor.questions import load_questions
from detention_monitor.rulefile import RuleSet, hash_of
from tests.conftest import RULES


def test_the_shipped_list_has_the_32_questions_of_the_seed() -> None:
    questions = load_questions(RULES).questions
    assert [each.id for each in questions] == list(range(1, 33))
    assert all(each.ask.endswith("?") for each in questions)


def test_every_duty_outside_police_protection_is_asked_about_once() -> None:
    asked = [duty for each in load_questions(RULES).questions for duty in each.duties]
    wanted = [name for name in load_catalogue(RULES).duties if not name.startswith("F")]
    assert sorted(asked) == sorted(wanted)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("duties: [A02]", "duties: []", "no question asks about A02"),
        ("duties: [A02]", "duties: [A02, A01]", "A01 is asked about by question 1 too"),
        ("duties: [A02]", "duties: [A02, A99]", "the catalogue has no duty 'A99'"),
        ("A16-exploitation,", "A16-exploitaton,", "did you mean 'A16-exploitation'"),
        ("  - id: 2\n", "  - id: 1\n", "question 1 stands here a second time"),
        ("look_at: [cra_submitted,", "look_at: [cra_submited,", "no kind of entry is called"),
        ("    ask: Was the child's age", "    question: Was the child's age", "question"),
    ],
)
def test_a_list_that_does_not_fit_is_told(
    tmp_path: Path, before: str, after: str, said: str
) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    file = folder / "quality_check.yaml"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after, 1))

    found = read_through(folder)

    assert any(said in each.message and each.file == file.name for each in found), found


def test_the_list_decides_no_finding(ruleset: RuleSet, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(RULES, folder)
    (folder / "quality_check.yaml").unlink()
    assert hash_of(folder, None) == ruleset.hash
