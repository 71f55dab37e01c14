"""The words of the Code beside the rules: what a citation names, what is shown, what is passed over."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detention_monitor.authoring.reading import read_through
from detention_monitor.boards import pages
from detention_monitor.boards.lines import text_of
from detention_monitor.citations import Reference, references
from detention_monitor.cli import cli
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import RuleFileError
from detention_monitor.lawtext import compared, load_law, read_law
from detention_monitor.rulefile import RuleSet, load_rules
from tests.boards import desk_of, entry, instant
from tests.conftest import RULES

TEXT = """\
---
format: custody-law/1
cite: Code C
title: A Code of this test
edition: January 2027
from: 2027-01-01
source: nowhere
licence: none
---

# 9. Care

## 9.3

Visited every hour. See Note 9B.

- (a) woken; and
- (b) asked
  twice.

## Note 9B

Young people more often.

# Annex L. Gender

## Annex L 1

Asked.
"""


def law(*words: str) -> Result:
    return CliRunner().invoke(cli, ["rules", "law", *words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the rules shipped, to be spoilt."""
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def said(folder: Path, code: str) -> list[str]:
    return [f"{each.file}: {each.message}" for each in read_through(folder) if each.code == code]


# --- what a citation names


@pytest.mark.parametrize(
    ("cite", "expected"),
    [
        ("Code C 3.15", ["3.15"]),
        ("Code C 1.13(c), 3.20A", ["1.13(c)", "3.20A"]),
        ("Code C 3.21B(d)(i), (v), 3.22B", ["3.21B(d)(i)", "3.21B(v)", "3.22B"]),
        ("Code C 6.6(b)-(d), 1.9A", ["6.6(b)", "1.9A"]),
        ("Code C 15.11A-15.11E", ["15.11A..15.11E"]),
        ("Code C Notes 1B, 1C", ["Note 1B", "Note 1C"]),
        ("Code C 15.11A(i), Note 15H", ["15.11A(i)", "Note 15H"]),
        ("Code C Annex A 3, 4, 6, Annex L", ["Annex A 3", "Annex A 4", "Annex A 6", "Annex L"]),
        ("Code C Annex B 6, 14; 6.7", ["Annex B 6", "Annex B 14", "6.7"]),
        ("Code C Annex G 7-8", ["Annex G 7..Annex G 8"]),
        ("Code C 9.15(f), Annex H", ["9.15(f)", "Annex H"]),
        ("Code C 13.1ZA, 13.12", ["13.1ZA", "13.12"]),
        ("PACE 1984 s.42(9)", []),
        ("Code D 2.12-2.15", []),
    ],
)
def test_a_citation_names_paragraphs(cite: str, expected: list[str]) -> None:
    def told(each: Reference) -> str:
        return f"{each.paragraph}{each.part}" + (f"..{each.last}" if each.last else "")

    assert [told(each) for each in references(cite)] == expected


def test_every_citation_of_the_rules_shipped_is_there() -> None:
    assert said(RULES, "no-such-paragraph") == []


def test_a_paragraph_that_is_not_there_is_told_with_its_place(folder: Path) -> None:
    cells = folder / "cells.yaml"
    cells.write_text(cells.read_text().replace('cite: "Code C 9.3"', 'cite: "Code C 9.33"'))

    (first, *_) = [each for each in read_through(folder) if each.code == "no-such-paragraph"]

    assert first.file == "cells.yaml"
    assert "9.33" in cells.read_text().splitlines()[first.line - 1]
    assert first.message.startswith("Code C of December 2023 has no 9.33; did you mean '9.3'?")


def test_a_part_that_the_paragraph_does_not_have_is_told(folder: Path) -> None:
    path = folder / "interview_conduct.yaml"
    path = next(
        each for each in folder.glob("*.yaml") if 'cite: "Code C 15.2A(c)"' in each.read_text()
    )
    path.write_text(path.read_text().replace('"Code C 15.2A(c)"', '"Code C 15.2A(q)"'))

    (told,) = said(folder, "no-such-paragraph")
    assert told.startswith(f"{path.name}: Code C of December 2023 has no 15.2A(q)")


def test_a_citation_written_otherwise_is_told_how_to_write_it(folder: Path) -> None:
    cells = folder / "cells.yaml"
    cells.write_text(cells.read_text().replace('cite: "Code C 9.3"', 'cite: "Code C para 9.3"', 1))

    (told,) = said(folder, "no-such-paragraph")
    assert told == (
        "cells.yaml: Code C of December 2023 has no para 9.3. Write 'Code C 9.3(a), 9.4', "
        "'Code C Note 9B' or 'Code C Annex H 1'"
    )


# --- the text shipped


def test_the_text_has_every_section_and_annex_of_the_code() -> None:
    text = load_law(RULES)[0]

    assert list(text.sections) == [
        *map(str, range(1, 18)), *(f"Annex {letter}" for letter in "ABCDEFGHKLMN"),
    ]  # fmt: skip
    assert len(text.paragraphs) == 540
    assert text.paragraphs["12.8"].text.startswith(
        "Breaks from interviewing should be made at recognised meal times"
    )
    assert " ".join(text.paragraphs["Note 9B"].text.split()) == (
        "Whenever possible, detained juveniles and vulnerable persons should be visited more frequently."
    )
    assert text.paragraphs["Annex B Note B2"].text == (
        "In the case of Commonwealth citizens and foreign nationals, see Note 7A."
    )


def test_numbers_within_a_section_follow_each_other() -> None:
    """A heading lost in the making of the text would leave a hole, or a number out of its section."""
    text = load_law(RULES)[0]
    for section in map(str, range(1, 18)):
        names = [each.name for each in text.paragraphs.values() if each.section == section]
        numbers = [re.fullmatch(r"(\d+)\.(\d+)(ZA|[A-F])?", each) for each in names]
        found = sorted({int(each[2]) for each in numbers if each})
        assert {each[1] for each in numbers if each} == {section}
        assert found == list(range(found[0], found[-1] + 1))
        assert found[0] in (0, 1)


def test_no_item_of_a_list_is_the_end_of_a_reference() -> None:
    """A line of the source that began with "(a) above" once became an item of its own."""
    torn = re.compile(r"^ *- \([a-z]+\) (above|below|in the table)\b", re.MULTILINE)

    assert [
        name for name, each in load_law(RULES)[0].paragraphs.items() if torn.search(each.text)
    ] == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("12.2", "\nIf the period is interrupted in accordance with (a), a fresh period must be allowed."),
        ("13.10D", "\nthe matter shall be reported to an inspector"),
        ("2.1A", "\nthey must be brought before the custody officer"),
        ("Annex M 9", "\nthe officer should seek advice"),
        ("Annex N 9", "- (a) Code C paragraph 13.3:\n\n  For the third sentence, substitute:"),
        ("13.12", "- (b) Audio and visual or audio without visual communication.\n\n  This applies"),
    ],
)  # fmt: skip
def test_lists_are_laid_out_as_published(name: str, line: str) -> None:
    assert line in load_law(RULES)[0].paragraphs[name].text


# --- shown


def test_a_paragraph_is_shown_with_the_rules_that_rest_on_it() -> None:
    out = law("9.3").stdout

    assert out.startswith("Code C 9.3: Care and treatment of detained persons\n")
    assert "detainees should be visited at least every hour" in out
    assert "    - be visited and roused at least every half hour;\n" in out
    assert "A11-hourly (code, high): Visited every hour" in out
    assert not re.search(r"[ \t]$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("code c 3.15", "Code C 3.15:"), ("para 3.4(b)", "Code C 3.4:"), ("16D", "Code C Note 16D:"),
        ("note 16d", "Code C Note 16D:"), ("annex a 11", "Code C Annex A 11:"), ("A11(c)", "Code C Annex A 11:"),
        ("note b2", "Code C Annex B Note B2:"), ("paragraph 12.9a", "Code C 12.9A:"),
    ],
)  # fmt: skip
def test_a_paragraph_is_found_as_people_write_it(asked: str, found: str) -> None:
    assert law(asked).stdout.startswith(found)


def test_a_section_is_a_line_for_each_paragraph() -> None:
    lines = law("9").stdout.splitlines()

    assert lines[0] == "Code C, December 2023, in force from 20 December 2023"
    assert sum(line.startswith(("9.", "Note 9")) for line in lines) == 32
    assert any(line.startswith("9.3 ") and "A11-hourly" in line for line in lines)


def test_an_annex_cited_as_a_whole_says_by_which_rules_and_judges_none_of_its_paragraphs() -> None:
    lines = law("Annex L").stdout.splitlines()

    assert lines[-1].startswith("Annex L as a whole is cited by ")
    assert (
        "A19-gender" in law("Annex L 4").stdout
        or "as a whole is cited by" in law("Annex L 4").stdout
    )


def test_a_section_of_an_act_tells_the_rules_and_that_its_words_are_not_here() -> None:
    out = law("PACE s.40A").stdout

    assert out.startswith("PACE s.40A: cited by ")
    assert "its words are not in these files" in out
    assert "D05-after-charge-remote (statute, critical)" in out
    assert "D01" not in out  # s.40, not s.40A


@pytest.mark.parametrize(
    ("asked", "cited", "left_out"),
    [("PACE s.38(6)", "E03-move-to-la", "E02-own-interests"), ("s.38(4)", "E02-child-absent", "E03-move-to-la"),
     ("PACE s.38", "E02-own-interests", "D01-first-review")],
)  # fmt: skip
def test_of_a_section_only_the_subsection_asked_for(asked: str, cited: str, left_out: str) -> None:
    out = law(asked).stdout

    assert f"  {cited} (" in out
    assert f"  {left_out} (" not in out


def test_a_part_that_is_not_there_is_told_with_the_paragraph() -> None:
    told = law("9.3(b)")

    assert told.stderr == "9.3 is here; it has no 9.3(b)\n"
    assert told.stdout.startswith("Code C 9.3: ")
    assert law("16.7(b)").stderr == ""


def test_words_that_are_no_paragraph_do_not_say_that_the_code_is_elsewhere() -> None:
    assert law("Note").stdout.startswith("Note: no paragraph; these words stand in what ")
    assert law("Code C").stdout == law().stdout
    assert "name a paragraph" in law(" ").stderr


def test_a_number_that_says_of_which_paragraph_it_is_stands_beside_it() -> None:
    assert "parameters.yaml, visit_hourly\n" in law("9.3").stdout
    assert "Numbers" not in law("9.2").stdout


def test_what_is_neither_is_refused_with_a_suggestion() -> None:
    result = law("9.33")

    assert result.exit_code != 0
    assert "did you mean '9.3'?" in str(result.exception)


def test_words_are_searched_for_over_the_ends_of_lines() -> None:
    out = (
        law("--search", "acting independently of the").stdout
        + law("--search", "visited MORE frequently").stdout
    )

    assert "Note 9B" in out
    assert "'xyzzy' stands in no paragraph" in law("--search", "xyzzy").stderr


def test_it_is_data_too() -> None:
    (found,) = json.loads(law("9.3", "--format", "json").stdout)

    assert found["paragraph"] == "9.3"
    assert found["state"] == "judged"
    assert "A11-hourly" in found["rules"]


def test_one_thing_at_a_time() -> None:
    assert "one at a time" in law("9.3", "--gaps").stderr
    assert "give --out FILE" in law("--format", "html").stderr


def test_a_rule_is_shown_with_the_words_it_rests_on() -> None:
    out = CliRunner().invoke(cli, ["rules", "show", "A11-roused", "--no-examples", "--law"]).stdout

    assert out.count("Code C 9.3 (December 2023)") == 1
    assert "roused at least every half hour" in out


def test_an_annex_on_which_a_rule_rests_as_a_whole_is_named_with_it() -> None:
    told = CliRunner().invoke(cli, ["rules", "show", "A11-roused", "--law"])

    assert "Code C Annex H as a whole: rules law 'Annex H'\n" in told.stdout


def test_the_page_has_every_paragraph_and_every_rule_that_cites_one(tmp_path: Path) -> None:
    page = tmp_path / "law.html"

    assert law("--format", "html", "--out", str(page)).exit_code == 0
    text = page.read_text()

    assert text.count('<section class="p ') == 540
    assert set(re.findall(r"<summary><b>([^<]+)</b>", text)) >= {"A11-hourly", "B02-adult-present"}
    for anchor in set(re.findall(r'<a href="#([^"]+)"', text)):
        assert f'id="{anchor}"' in text


# --- nothing is passed over


def test_every_paragraph_is_cited_or_listed_with_the_reason() -> None:
    assert said(RULES, "paragraph-passed-over") == []
    assert said(RULES, "not-judged-misfit") == []
    assert "not said" not in law().stdout


def test_a_paragraph_taken_off_the_list_is_missed(folder: Path) -> None:
    path = folder / "not_judged.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith('  "1.2":')]
    path.write_text("\n".join(kept) + "\n")

    assert said(folder, "paragraph-passed-over") == [
        (
            "not_judged.yaml: no rule cites Code C 1.2, and nothing says why; list it, or write the rule "
            "(its words: rules law '1.2')"
        )
    ]


def test_a_list_that_says_too_much_is_told(folder: Path) -> None:
    path = folder / "not_judged.yaml"
    path.write_text(
        path.read_text().replace(
            "\nparagraphs:\n",
            '\nparagraphs:\n  "9.3": {why: person, about: "Cited by several rules."}\n'
            '  "9.99": {why: person, about: "Not in the Code."}\n',
            1,
        )
    )

    assert said(folder, "not-judged-misfit") == [
        "not_judged.yaml: a rule cites 9.3; take it out, or list what is left of it under 'parts'",
        "not_judged.yaml: Code C has no 9.99; did you mean '9.9'?",
    ]


def test_elsewhere_says_where(folder: Path) -> None:
    path = folder / "not_judged.yaml"
    path.write_text(path.read_text().replace("see: [A03-place-of-safety], ", "", 1))

    assert said(folder, "wrong-value")[0].endswith(
        "'elsewhere' needs the rules or paragraphs: see: [A11-hourly]"
    )


def test_a_folder_without_a_list_is_not_asked_for_one(folder: Path) -> None:
    (folder / "not_judged.yaml").unlink()

    assert said(folder, "paragraph-passed-over") == []


# --- a new edition


def test_what_a_new_edition_says_otherwise_is_told_with_the_rules_to_read_again(
    folder: Path,
) -> None:
    old = folder / "law" / "code_c_2023_12_20.md"
    new = folder / "law" / "code_c_2027_01_01.md"
    new.write_text(
        old.read_text()
        .replace("edition: December 2023", "edition: January 2027")
        .replace("from: 2023-12-20", "from: 2027-01-01")
        .replace("detainees should be visited at least every hour.", "detainees must be visited at least every 45 minutes.")
        .replace("## Note 9B\n", "## 9.3C\n\nA new duty.\n\n## Note 9B\n")
    )  # fmt: skip

    out = law("--changed", "--rules", str(folder)).stdout

    assert "9.3  changed\n" in out
    assert "    + " in out
    assert "must be visited at least every 45 minutes." in out
    assert "    rules to read again: A11-hourly" in out
    assert "9.3C  new\n    + A new duty.\n    no rule cites it\n" in out
    assert out.endswith("2 paragraphs differ\n")


@pytest.fixture
def two_editions(folder: Path) -> Path:
    """The rules with a second edition, of 1 April 2027: 9.3 changed, 8.12 new, Note 16E gone."""
    old = (folder / "law" / "code_c_2023_12_20.md").read_text()
    new = old.replace("edition: December 2023", "edition: April 2027")
    new = new.replace("from: 2023-12-20", "from: 2027-04-01").replace(
        "at least every hour.", "at least every 45 minutes."
    )
    new = new.replace("## Note 8A\n", "## 8.12\n\nA book is offered.\n\n## Note 8A\n")
    new = re.sub(r"## Note 16E\n.*?(?=^#)", "", new, flags=re.DOTALL | re.MULTILINE)
    (folder / "law" / "code_c_2027_04_01.md").write_text(new)
    return folder  # fmt: skip


def test_of_two_editions_the_newest_is_shown_and_that_of_a_day_when_asked(
    two_editions: Path,
) -> None:
    newest = law("9.3", "--rules", str(two_editions))
    before = law("9.3", "--on", "2027-03-31", "--rules", str(two_editions))

    assert "every 45 minutes" in " ".join(newest.stdout.split())
    assert newest.stderr == "the newest edition; for an earlier one say --on 2023-12-20\n"
    assert "at least every hour" in " ".join(before.stdout.split())
    assert before.stderr == ""
    assert "none is of 2020-01-01" in law("9.3", "--on", "2020-01-01").stderr


def test_a_rule_of_the_next_edition_is_not_beside_the_one_before(two_editions: Path) -> None:
    rules = two_editions / "cells.yaml"
    text = rules.read_text()
    at = text.index("in_force: {from: 2012-07-10}", text.index("id: A11-hourly"))
    rules.write_text(f"{text[:at]}in_force: {{from: 2027-04-01}}{text[at + 28 :]}")

    assert "A11-hourly" in law("9.3", "--rules", str(two_editions)).stdout
    assert "A11-hourly" not in law("9.3", "--on", "2027-03-31", "--rules", str(two_editions)).stdout


def test_a_number_that_changes_names_the_rules_that_say_it_in_words(folder: Path) -> None:
    """Visits come due by a number that no rule names: A11-hourly says "every hour" all the same."""
    path = folder / "parameters.yaml"
    text = path.read_text()
    for number, new, rules in (
        ("visit_hourly", "45m", "A11-hourly or A11-level"),
        ("visit_half_hourly", "20m", "A11-half-hourly"),
    ):
        at = text.index("}", text.index(f"  {number}:"))
        path.write_text(f"{text[:at]}, 2027-04-01: {new}{text[at:]}")

        (told,) = said(folder, "words-left-behind")
        assert f"end the version of {rules} that says the old number" in told  # fmt: skip


def test_what_only_an_earlier_edition_has_may_stay_on_the_list(two_editions: Path) -> None:
    assert said(two_editions, "not-judged-misfit") == []
    assert len(said(two_editions, "paragraph-passed-over")) == 1

    out = law("--changed", "--rules", str(two_editions)).stdout
    assert "    may stay in not_judged.yaml, for earlier days: Note 16E\n" in out


def test_one_edition_has_nothing_to_be_compared_with() -> None:
    assert "there is one edition" in law("--changed").stderr


def test_a_paragraph_that_is_broken_into_other_lines_is_not_changed(tmp_path: Path) -> None:
    one, two = tmp_path / "a.md", tmp_path / "b.md"
    one.write_text(TEXT)
    two.write_text(TEXT.replace("- (b) asked\n  twice.", "- (b) asked twice."))

    assert list(compared(read_law(one), read_law(two))) == []


@pytest.mark.parametrize(
    ("spoilt", "message", "line"),
    [
        (TEXT.replace("---\n", "", 1), "a text of the law begins with '---'", 1),
        (TEXT.replace("## Note 9B", "## 9.3"), "'9.3' stands here twice, first in line 13", 21),
        (TEXT.replace("Young people more often.", ""), "'Note 9B' has no words", 21),
        (TEXT.replace("# 9. Care\n\n## 9.3", "## 9.3"), "a heading is '# 9. Title'", 11),
        (TEXT.replace("edition: January 2027\n", ""), "edition", 2),
        (TEXT.replace("# Annex L. Gender", "# Annex L Gender"), "a heading is '# 9. Title'", 25),
        (TEXT.replace("## Note 9B", "## Note 8B"), "'Note 8B' does not belong to section 9", 21),
        (TEXT.replace("# Annex L. Gender", "# 9. More"), "section 9 begins here a second time", 25),
        (TEXT.replace("Code C\n", "Code H\n", 1), "'Code H' is not one of Code C", 3),
        (TEXT.replace("Asked.", "Ask\x1b[2Jed."), "a character that nobody can see (U+001B)", 29),
        ("", "a text of the law begins with '---'", 1),
    ],
)
def test_a_text_that_cannot_be_read_says_where(
    tmp_path: Path, spoilt: str, message: str, line: int
) -> None:
    path = tmp_path / "code.md"
    path.write_text(spoilt)

    with pytest.raises(RuleFileError) as error:
        read_law(path)

    first = error.value.diagnostics[0]
    assert message in first.message
    assert (first.file, first.line) == ("law/code.md", line)


@pytest.mark.parametrize("spoilt", [f"\ufeff{TEXT}", TEXT.replace("\n", "\r\n")])
def test_a_text_saved_by_another_editor_is_the_same(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "code.md"
    path.write_bytes(spoilt.encode())

    assert read_law(path).paragraphs["9.3"].line == 13
    assert read_law(path).paragraphs["Note 9B"].text == "Young people more often."


def test_a_text_that_is_not_utf8_is_told_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "code.md"
    path.write_bytes(TEXT.replace("Asked.", "Ask\xe9d.").encode("latin-1"))

    with pytest.raises(RuleFileError, match=r"law/code\.md:29:4: .*save the file as UTF-8"):
        read_law(path)


def test_two_editions_of_one_day_are_refused(folder: Path) -> None:
    shipped = folder / "law" / "code_c_2023_12_20.md"
    shutil.copy(shipped, folder / "law" / "z.md")

    told = law("9.3", "--rules", str(folder))

    assert "law/z.md:6:1: law/code_c_2023_12_20.md begins on the same day" in str(told.exception)


@pytest.mark.parametrize("there", ["empty", "file", "other name"])
def test_a_folder_of_law_without_a_text_is_told(folder: Path, there: str) -> None:
    shutil.rmtree(folder / "law")
    if there == "file":
        (folder / "law").write_text("x")
    else:
        (folder / "law").mkdir()
    if there == "other name":
        (folder / "law" / "code_c.txt").write_text(TEXT)

    told = law("9.3", "--rules", str(folder))

    assert str(told.exception).startswith("law:1:1: no text is in this folder (*.md)")


def test_a_text_that_is_not_read_is_told(folder: Path) -> None:
    (folder / "law" / "code_c_2027.txt").write_text(TEXT)

    assert said(folder, "file-not-read") == [
        "law/code_c_2027.txt: this file is not read; name it code_c_2027.md, or keep it elsewhere"
    ]


def test_a_text_that_was_changed_is_read_again(folder: Path) -> None:
    path = folder / "law" / "code_c_2023_12_20.md"
    assert "9.2" in load_law(folder)[0].paragraphs

    path.write_text(TEXT)
    os.utime(path, ns=(1, 1))

    assert list(load_law(folder)[0].paragraphs) == ["9.3", "Note 9B", "Annex L 1"]


# --- on the board


def test_a_text_that_cannot_be_read_does_not_hide_the_rule(
    folder: Path, durable: DurableBackend
) -> None:
    (folder / "law" / "code_c_2023_12_20.md").write_text("")

    page = page_of(2024, "A11-hourly", 80, load_rules(folder), durable)

    assert page[0].startswith("The words of the law cannot be read: law/code_c_2023_12_20.md:1:1: ")
    assert any(each.startswith("A11-hourly  Visited every hour") for each in page)


def page_of(
    year: int, rule: str, width: int, ruleset: RuleSet, durable: DurableBackend
) -> list[str]:
    """Return the page behind a finding of a child in a cell, never visited, nor seen by an inspector."""
    told = [
        ("arrested", "07:30", {}), ("arrived", "08:00", {"attrs": {"dob": f"{year - 15}-01-01"}}),
        ("detention_authorised", "08:10", {}), ("cell_placed", "08:20", {}),
        ("meal_offered", "18:00", {}),
    ]  # fmt: skip
    entries = [
        entry(ruleset, number, kind, f"{year}-06-10T{at}", **more)
        for number, (kind, at, more) in enumerate(told)
    ]
    desk = desk_of(entries, ruleset, durable)
    desk.look(instant(f"{year}-06-10T18:00"))
    findings = [
        each for row in desk.rows(instant(f"{year}-06-10T18:00")) for each in row.child.findings
    ]
    found = next(each for each in findings if each.rule == rule)
    return [text_of(each) for each in pages.law(desk, found, width)]


def test_the_words_of_the_code_stand_first_on_the_board(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    page = page_of(2024, "A11-hourly", 80, ruleset, durable)

    assert page[0] == "Code C 9.3, December 2023"
    assert "    - be visited and roused at least every half hour;" in page
    assert any(each.startswith("A11-hourly  Visited every hour") for each in page)
    assert "  If late          - late at all: info (code)" in page
    assert max(map(len, page)) <= 80


def test_before_that_edition_the_board_says_that_the_words_are_of_another(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    page = page_of(2023, "A11-hourly", 100, ruleset, durable)

    assert " ".join(page[:2]) == (
        "On 10 June 2023 an earlier edition was in force, whose words are not here; these are of "
        "December 2023."
    )
    assert "Code C 9.3, December 2023" in page


def test_a_standard_that_is_not_law_is_not_shown_as_what_the_code_says(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    page = page_of(2024, "D13-not-seen-yet", 120, ruleset, durable)

    assert page[0] == (
        "This is policy, not law. It leans on these words, which do not themselves set it:"
    )
    assert "Code C 15.3C, December 2023" in page


def test_gaps_as_data_are_the_gaps_alone() -> None:
    told = json.loads(law("--gaps", "--format", "json").stdout)
    number = re.match(r"GAP  (\d+):", law("--gaps").stdout)
    whole = [each["paragraph"] for each in told if each["state"] == "open"]
    parts = [
        part
        for each in told
        for part, why in each["parts_not_judged"].items()
        if why["why"] == "open"
    ]
    assert number is not None
    assert len(whole) + len(parts) == int(number[1])
    assert all(each["state"] == "open" or each["parts_not_judged"] for each in told)
    assert "unused" not in {each["state"] for each in told}
