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
PROVISIONAL = "Not yet encoded."
NOT_YET_ENCODED = {"GP04", "GP05", "GP07", "GP09"}
"""Ids with the provisional line. Delete each here, and its line in the catalogue, with its rule."""


def ids(text: str) -> set[str]:
    return set(text.split())


WITHOUT_A_RULE = NOT_YET_ENCODED | ids("""
    A01 A02 A04 A06 A07 A08 A09 A10 A11 A12 A13 A14 A15 A16 A17 A18 A19 A20 A22 A23 A24 A25
    B04 B06 B08 B09 B10 B11 B12 B13 B15 B16 B18 B19 C03 C05 C06 C07 C08 C09
    D12 D13 D14 D15 D16 E01 E06 E08 E13 E16 E19 E20 E21 GP03 GP06 GP08
""")
"""No id may come to lack a rule quietly. Delete here those that gain one."""


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


def test_no_id_is_without_a_rule_unless_it_is_known(catalogue: Catalogue, ruleset: RuleSet) -> None:
    ruled = {rule.duty for rule in ruleset.rules}
    assert set(catalogue.duties) - ruled <= WITHOUT_A_RULE


def test_provisional_lines_are_the_ones_listed(catalogue: Catalogue, ruleset: RuleSet) -> None:
    """An id that gains its rule loses its provisional line, here and in the catalogue."""
    provisional = {name for name, duty in catalogue.duties.items() if duty.person == PROVISIONAL}
    assert provisional == NOT_YET_ENCODED
    assert provisional & {rule.duty for rule in ruleset.rules} == set()


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
    path.write_text("\n".join(each for each in lines if "the arrest was really" not in each))
    (folder / "x.yaml").write_text(HEAD + RULE.replace("duty: B01", "duty: B91"))

    found = check_catalogue(folder, load_rules(folder))
    assert [each.code for each in found] == ["duty-undecided", "unknown-duty"]
    assert "A01 has neither a rule nor a 'person' line" in found[0].message
    assert (found[1].file, found[1].line) == ("x.yaml", 5)
    assert "no duty 'B91'; did you mean 'B" in found[1].message

    ran = command("rules", "check", "--rules", folder, cwd=folder)
    assert ran.returncode == 1
    assert "A01 has neither a rule" in ran.stdout
    assert "2 to put right" in ran.stderr


def test_a_folder_without_a_catalogue_is_not_asked_for_one(folder: Path) -> None:
    (folder / CATALOGUE).unlink()
    assert check_catalogue(folder, load_rules(folder)) == []


def test_the_words_of_the_catalogue_decide_nothing(folder: Path) -> None:
    before = load_rules(folder).hash
    path = folder / CATALOGUE
    path.write_text(path.read_text().replace("title: First review", "title: The first review"))
    assert load_rules(folder).hash == before
