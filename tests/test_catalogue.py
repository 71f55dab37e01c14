"""The catalogue: every duty of the domain is there, and each is decided by a rule or by a person."""

import shutil
from pathlib import Path

import pytest

from detention_monitor.catalogue import Catalogue, check_catalogue, load_catalogue
from detention_monitor.errors import RuleFileError
from detention_monitor.rulefile import CATALOGUE, RuleSet, load_rules
from tests.conftest import RULES
from tests.test_replay import command
from tests.test_rule_errors import HEAD, RULE

SIZES = {"A": 25, "B": 19, "C": 9, "D": 16, "E": 21, "F": 4, "GP": 10}
WITHOUT_A_RULE = {"D16", "E06", "E16"}
"""Ids that only a person can decide, or that nothing can be found of; no other may lack a rule."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(RULES)


def test_every_id_of_the_domain_is_there_and_no_other(catalogue: Catalogue) -> None:
    wanted = [f"{section}{n:02d}" for section, size in SIZES.items() for n in range(1, size + 1)]
    assert list(catalogue.duties) == wanted
    assert len(wanted) == 104
    assert list(catalogue.sections) == list(SIZES)


def test_every_id_has_a_rule_or_says_what_a_person_must_look_at(
    catalogue: Catalogue, ruleset: RuleSet
) -> None:
    ruled = {rule.duty for rule in ruleset.rules}
    undecided = [
        name for name, duty in catalogue.duties.items() if name not in ruled and not duty.person
    ]
    assert undecided == []
    assert check_catalogue(RULES, ruleset) == []


def test_only_these_ids_are_left_to_a_person(catalogue: Catalogue, ruleset: RuleSet) -> None:
    ruled = {rule.duty for rule in ruleset.rules}
    assert set(catalogue.duties) - ruled == WITHOUT_A_RULE


def test_titles_are_plain_and_told_apart(catalogue: Catalogue) -> None:
    titles = [duty.title for duty in catalogue.duties.values()]
    assert len(set(titles)) == len(titles)
    for duty in catalogue.duties.values():
        assert not duty.title.endswith(".")
        assert not duty.person or duty.person.endswith(".")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in RULES.glob("*.yaml"):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


@pytest.mark.parametrize(
    ("right", "wrong", "code", "said"),
    [
        ("    person: Whether the arrest", "    persn: Whether the arrest", "unknown-field", "'person'"),
        ("  A02:\n", "  A01:\n", "duplicate-key", "'A01' is written twice here"),
        ("  A02:\n", "  Z02:\n", "wrong-form", "catalogue id"),
        ("custody-catalogue/1", "custody-catalogue/2", "wrong-value", "custody-catalogue/1"),
        ("    title: Necessity of the arrest", "    about: Necessity of the arrest", "missing-field", "title"),
    ],
)  # fmt: skip
def test_a_broken_catalogue_is_told_with_its_place(
    right: str, wrong: str, code: str, said: str, folder: Path
) -> None:
    path = folder / CATALOGUE
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong, 1))
    with pytest.raises(RuleFileError) as caught:
        load_catalogue(folder)
    found = [each for each in caught.value.diagnostics if each.code == code]
    assert found, caught.value
    assert said in found[0].message
    assert (found[0].file, found[0].line > 1 or code == "wrong-value") == (CATALOGUE, True)


def test_rules_check_tells_where_rules_and_catalogue_do_not_fit(folder: Path) -> None:
    path = folder / CATALOGUE
    lines = path.read_text().splitlines()
    at = lines.index("  D16:")
    path.write_text("\n".join(lines[: at + 2] + lines[at + 3 :]))
    (folder / "x.yaml").write_text(HEAD + RULE.replace("duty: B01", "duty: B91"))

    found = check_catalogue(folder, load_rules(folder))
    assert [each.code for each in found] == ["duty-undecided", "unknown-duty"]
    assert "D16 has neither a rule nor a 'person' line" in found[0].message
    assert (found[1].file, found[1].line) == ("x.yaml", 5)
    assert "no duty 'B91'; did you mean 'B" in found[1].message

    ran = command("rules", "check", "--rules", folder, cwd=folder)
    assert ran.returncode == 1
    assert "D16 has neither a rule" in ran.stdout
    assert "2 to put right" in ran.stderr


def test_a_folder_without_a_catalogue_is_not_asked_for_one(folder: Path) -> None:
    (folder / CATALOGUE).unlink()
    assert check_catalogue(folder, load_rules(folder)) == []


def test_the_words_of_the_catalogue_decide_nothing(folder: Path) -> None:
    before = load_rules(folder).hash
    path = folder / CATALOGUE
    path.write_text(path.read_text().replace("title: First review", "title: The first review"))
    assert load_rules(folder).hash == before
