"""One bad file for every code of `rules check`: the code, the place, and nothing else with it.

A file of `bad_rules/` is named by its code; `CODE.parameters.yaml` and the like are bad in that file
and stand beside a sound rule. The places below were checked by eye, line and caret.
"""

import ast
import json
import shutil
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

import detention_monitor
from detention_monitor.authoring.codes import CODES, documented, explained
from detention_monitor.authoring.diagnostics import as_json, sarif
from detention_monitor.authoring.reading import read_through
from detention_monitor.authoring.unused import BY_PROGRAM
from detention_monitor.cli import cli
from detention_monitor.errors import Diagnostic
from tests.conftest import RULES

BAD = Path(__file__).parent / "bad_rules"
DOCS = Path(__file__).parents[1] / "docs"
NOT_A_FILE = {"unreadable", "not-utf8", "file-too-large", "no-rules", "more-faults", "engine-hangs",
              "engine-crashes", "engine-refuses", "file-not-read", "law-form", "not-judged-misfit",
              "paragraph-passed-over"}  # fmt: skip
"""Codes that no text in one file shows; each has a test of its own, here, in test_trial.py or test_law.py."""
PLACES = {"asks-after": (14, 46), "citation-misfit": (7, 14), "citation-missing": (7, 14), "condition-size": (13, 39), "condition-syntax": (13, 57), "curly-quotes": (6, 12), "cut-short": (6, 27), "cycle": (4, 11), "dates-gap": (20, 15), "dates-overlap": (20, 15), "duplicate-fact": (7, 11), "duplicate-key": (13, 5), "duplicate-meaning": (15, 9), "duplicate-rule": (15, 9), "duty-undecided": (5, 3), "empty-file": (1, 1), "fixed-by-law": (3, 18), "hidden-character": (6, 14), "joined-text": (14, 44), "missing-field": (4, 5), "missing-parameter": (3, 3), "never-fires": (13, 39), "no-such-paragraph": (7, 22), "nothing-discharges": (14, 41), "overlapping-rules": (15, 9), "parameter-value": (3, 92), "policy-as-law": (14, 42), "question-misfit": (7, 25), "set-too-large": (20, 12), "steps-crossed": (3, 33), "still-to-fill": (15, 9), "test-expect": (18, 27), "test-line": (17, 93), "tests-missing": (4, 9), "times-order": (18, 27), "unknown-attribute": (13, 39), "unknown-deadline": (14, 38), "unknown-duty": (5, 11), "unknown-field": (6, 5), "unknown-kind": (13, 19), "unknown-parameter": (14, 42), "unknown-placeholder": (14, 25), "unknown-rule": (15, 18), "unknown-section": (5, 3), "unknown-state": (13, 62), "unreachable-alternative": (6, 40), "unreachable-exception": (15, 18), "unused-attribute": (11, 7), "unused-fact": (4, 11), "unused-kind": (10, 3), "unused-parameter": (15, 3), "without-effect": (15, 5), "words-left-behind": (4, 95), "wrong-form": (14, 42), "wrong-value": (8, 16), "yaml-alias": (11, 13), "yaml-depth": (3, 38), "yaml-key": (14, 5), "yaml-syntax": (6, 18), "yaml-tag": (13, 12)}  # fmt: skip


SARIF = json.loads((BAD / "_sarif.schema.json").read_text())


def judged(folder: Path, bad: Path) -> list[Diagnostic]:
    """Return what is said of a bad file among sound ones."""
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, folder / name)
    code, _, name = bad.name.partition(".")
    policy = folder.parent / f"{folder.name}.policy.yaml"
    place = {"yaml": folder / "x.yaml", "policy.yaml": policy}.get(name, folder / name)
    shutil.copy(bad, place)
    if name != "yaml":
        sound = "_steps.yaml" if code == "steps-crossed" else "_sound.yaml"
        shutil.copy(BAD / sound, folder / "x.yaml")
    if code in ("unknown-duty", "tests-missing") or (code.startswith("unused-") and name != "yaml"):
        shutil.copy(BAD / "_catalogue.yaml", folder / "catalogue.yaml")
    return read_through(folder, policy if name == "policy.yaml" else None)


FILES = sorted(each for each in BAD.iterdir() if not each.name.startswith("_"))


@pytest.mark.parametrize("bad", FILES, ids=lambda bad: bad.name)
def test_a_bad_file_is_told_by_its_code_at_its_place(bad: Path, tmp_path: Path) -> None:
    found = judged(tmp_path, bad)

    code, _, name = bad.name.partition(".")
    shown = f"{tmp_path.name}.{name}" if name == "policy.yaml" else name
    wanted = ("x.yaml" if name == "yaml" else shown, *PLACES[code], code)
    told = [(each.file, each.line, each.column, each.code) for each in found]
    if code == "tests-missing" or (code.startswith("unused-") and name != "yaml"):
        # one rule leaves much unused
        told = [each for each in told if each == wanted]
    assert told == [wanted], [str(each) for each in found]
    assert {each.severity for each in found} == {CODES[code].severity}
    jsonschema.validate(sarif(found, "rules"), SARIF)


def test_every_code_has_a_bad_file() -> None:
    assert {each.name.partition(".")[0] for each in FILES} | NOT_A_FILE == set(CODES)


def test_files_that_are_no_text_are_told_too(tmp_path: Path) -> None:
    assert [each.code for each in read_through(tmp_path / "nowhere")] == ["no-rules"]
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    (tmp_path / "a.yaml").write_bytes(b"format: \xff\xfe")
    (tmp_path / "b.yaml").write_text("# " + "x" * 1_000_000)
    (tmp_path / "c.yaml").mkdir()
    found = {each.file: each.code for each in read_through(tmp_path)}
    assert found == {"a.yaml": "not-utf8", "b.yaml": "file-too-large", "c.yaml": "unreadable"}


def test_a_hundred_faults_of_a_file_are_told_and_how_many_more(tmp_path: Path) -> None:
    text = (BAD / "_sound.yaml").read_text() + "".join(f"word{n}: x\n" for n in range(130))
    (tmp_path / "x.yaml").write_text(text)
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    found = read_through(tmp_path)
    assert len(found) == 101
    [more] = [each for each in found if each.code == "more-faults"]
    assert more.message.startswith("30 more things are wrong")


def test_every_code_is_documented() -> None:
    assert (DOCS / "diagnostics.md").read_text() == "\n".join(documented()) + "\n"
    assert explained("never-fires").startswith("never-fires (warning)\n  The rule can never")


def test_a_code_is_explained_by_name() -> None:
    told = CliRunner().invoke(cli, ["rules", "check", "--explain", "dates-gap"])
    assert told.exit_code == 0
    assert "Between two versions of a rule" in told.stdout
    misspelt = CliRunner().invoke(cli, ["rules", "check", "--explain", "date-gap"])
    assert misspelt.exit_code == 2
    assert "did you mean 'dates-gap'" in misspelt.stderr


def test_one_fault_does_not_hide_another(tmp_path: Path) -> None:
    """In three files: vocabulary, form beside a bad condition, no YAML at all; none blames another."""
    text = (BAD / "_sound.yaml").read_text()
    head, _, rule = text.partition("rules:\n")
    state = "facts:\n  - fact: aa_here\n    about: Here\n    interval: {from: aa_arrived, until: aa_left}\n"
    shutil.copy(RULES / "vocabulary.yaml", tmp_path)
    parameters = (
        (RULES / "parameters.yaml")
        .read_text()
        .replace("values: {1986-01-01: 6h}", "values: {1986-01-01: six}", 1)
    )
    (tmp_path / "parameters.yaml").write_text(
        parameters.replace("{1986-01-01: 9h}", "{1986-01-01: nine}", 1)
    )
    (tmp_path / "facts.yaml").write_text(head + state + "rules: [\n")
    (tmp_path / "x.yaml").write_text(
        head + "rules:\n" + rule.replace("title", "titel")
        + rule.replace("X01-rule", "X02-rule").replace("asleep is", "aslepe is")
        + rule.replace("X01-rule", "X03-rule").replace("asleep is true", "asleep is true, unless: aa_here")
    )  # fmt: skip
    found = [(each.file, each.code) for each in read_through(tmp_path)]
    assert sorted(found) == [
        ("facts.yaml", "yaml-syntax"),
        ("parameters.yaml", "parameter-value"),
        ("parameters.yaml", "parameter-value"),
        ("x.yaml", "unknown-attribute"),
        ("x.yaml", "unknown-field"),
    ]


def test_json_and_sarif_keep_their_form(tmp_path: Path) -> None:
    found = judged(tmp_path, BAD / "test-expect.yaml")
    assert [as_json(each) for each in found] == [{
        "file": "x.yaml", "line": found[0].line, "column": found[0].column, "code": "test-expect",
        "message": found[0].message, "severity": "error",
    }]  # fmt: skip
    odd = Diagnostic("a b.yaml", 3, 1, "never-fires", "message", "warning")
    jsonschema.validate(sarif([odd], "my rules/"), SARIF)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(sarif([replace(odd, line=0)], "rules"), SARIF)


def test_what_the_program_is_said_to_read_it_reads() -> None:
    package = Path(detention_monitor.__file__).parent
    words = {
        node.value
        for path in package.glob("*.py")
        if path.name not in ("generate.py", "rulebook.py", "ruletext.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(BY_PROGRAM - words) == []
