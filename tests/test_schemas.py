"""The published schemas accept what the program accepts, and refuse what an editor should mark."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from detention_monitor.authoring.schema import schemas
from detention_monitor.cli import cli
from detention_monitor.conditions import parse
from detention_monitor.rulefile import RuleSet, rule_paths
from detention_monitor.yamlfile import read_yaml
from tests.conftest import RULES, SAMPLES


@pytest.fixture(scope="module")
def validators(ruleset: RuleSet) -> dict[str, Draft202012Validator]:
    out = {}
    for name, schema in schemas(ruleset):
        Draft202012Validator.check_schema(schema)
        out[name] = Draft202012Validator(schema)
    return out


def _plain(value: Any) -> Any:
    """Return YAML data as an editor sees it: dates are text."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value


def _faults(validator: Draft202012Validator, value: Any) -> list[str]:
    return [f"{list(each.path)}: {each.message[:200]}" for each in validator.iter_errors(value)]


@pytest.mark.parametrize("path", rule_paths(RULES), ids=lambda path: path.stem)
def test_every_rule_file_fits(path: Path, validators: dict[str, Draft202012Validator]) -> None:
    assert _faults(validators["rules"], _plain(read_yaml(path).data)) == []


@pytest.mark.parametrize(
    "name", ["parameters", "vocabulary", "catalogue", "quality_check", "not_judged"]
)
def test_the_other_files_fit(name: str, validators: dict[str, Draft202012Validator]) -> None:
    assert _faults(validators[name], _plain(read_yaml(RULES / f"{name}.yaml").data)) == []


def _lines() -> Iterator[dict[str, Any]]:
    for path in sorted(SAMPLES.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            if "source" not in entry:
                yield entry


def test_every_sample_entry_fits(validators: dict[str, Draft202012Validator]) -> None:
    checked = 0
    for entry in _lines():
        assert _faults(validators["records"], entry) == [], entry
        checked += 1
    assert checked > 500


def test_every_finding_of_the_samples_fits(validators: dict[str, Draft202012Validator]) -> None:
    ran = CliRunner().invoke(cli, ["replay", str(SAMPLES), "--format", "jsonl"])
    lines = ran.stdout.splitlines()
    assert len(lines) > 500
    for line in lines:
        assert _faults(validators["findings"], json.loads(line)) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ({"kind": "review_held"}, {"kind": "reveiw_held"}),
        ({"kind": "review_held", "where": "asleep is true"}, {"kind": "review_held", "wehre": "x"}),
        ({"kind": "review_held", "while": "aa_here"}, {"kind": "review_held", "while": "aa_hear"}),
    ],
)
def test_an_editor_marks_a_wrong_word(
    right: dict[str, str], wrong: dict[str, str], validators: dict[str, Draft202012Validator]
) -> None:
    rule: dict[str, Any] = {
        "id": "X01-rule", "duty": "B01", "title": "A rule", "authority": "code",
        "sources": [{"cite": "Code C 3.15", "text_verified": True, "number_verified": True}],
        "in_force": {"from": "2012-07-10"}, "age_at": "none", "who": "custody officer",
        "message": "Review.",
    }  # fmt: skip
    file = {"format": "custody-rules/1", "theme": "x"}
    assert _faults(validators["rules"], {**file, "rules": [{**rule, "never": right}]}) == []
    assert _faults(validators["rules"], {**file, "rules": [{**rule, "never": wrong}]}) != []


def test_a_policy_may_set_only_what_exists(validators: dict[str, Draft202012Validator]) -> None:
    policy = {
        "format": "custody-policy/1",
        "parameters": {"aa_amber": {"values": {"2024-01-01": "1h"}}},
    }
    assert _faults(validators["policy"], policy) == []
    policy["parameters"] = {"aa_ambr": {"values": {"2024-01-01": "1h"}}}
    assert _faults(validators["policy"], policy) != []


def test_all_schemas_are_written_to_a_folder(tmp_path: Path) -> None:
    ran = CliRunner().invoke(cli, ["rules", "schema", "--out", str(tmp_path / "schema")])

    assert ran.exit_code == 0
    assert len(list((tmp_path / "schema").glob("*.schema.json"))) == 9
    assert CliRunner().invoke(cli, ["rules", "schema"]).exit_code == 2


def _keys(schema: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key that a schema names, with what it says of it."""
    if isinstance(schema, dict):
        for key, part in schema.get("properties", {}).items():
            yield f"{at}/{key}", part
        for name, part in schema.items():
            yield from _keys(part, f"{at}/{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from _keys(part, f"{at}/{number}")


@pytest.mark.parametrize(
    "name",
    ["rules", "parameters", "policy", "vocabulary", "catalogue", "quality_check", "not_judged"],
)
def test_an_editor_has_something_to_show_for_every_key(name: str, ruleset: RuleSet) -> None:
    schema = dict(schemas(ruleset))[name]
    dumb = [at for at, part in _keys(schema)
            if not all(each.get("description") for each in part.get("oneOf", [part]))]  # fmt: skip
    assert dumb == []


def _offered(schema: Any, path: list[str], found: set[str], whole: Any) -> set[str]:
    """Return the words that an editor offers at a path of keys, as VS Code does: all it can reach."""
    if "$ref" in schema:
        return _offered(whole["$defs"][schema["$ref"].rsplit("/", 1)[-1]], path, found, whole)
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        _offered(each, path, found, whole)
    if "items" in schema:
        _offered(schema["items"], path, found, whole)
    if path and path[0] in schema.get("properties", {}):
        _offered(schema["properties"][path[0]], path[1:], found, whole)
    if not path:
        found |= {str(schema["const"])} if "const" in schema else set()
        found |= {str(each) for each in schema.get("enum", ())}
    return found


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("rules/arises_on", {"child_in_detention", "review_held"}),
        ("rules/must/happen", {"aa_arrived", "review_counted"}),
        ("rules/must/within", {"$aa_amber", "$review_first"}),
        ("rules/must/by", {"review_clock.due", "custody_clock.due"}),
        ("rules/grades/at", {"$aa_red"}),
        ("rules/excused_by/while", {"aa_here", "overnight"}),
        ("rules/never/kind", {"interview_started"}),
        ("rules/pauses_while", {"in_hospital"}),
        ("rules/duty", {"B02", "GP01"}),
        ("rules/authority", {"statute", "code", "annex", "note", "policy", "quality"}),
        ("rules/only_if", {"$certificate_supervised"}),
        ("facts/mark/on", {"review_held"}),
        ("rules/tests/expect/status", {"met_late", "broken"}),
    ],
)  # fmt: skip
def test_an_editor_completes_words(path: str, words: set[str], ruleset: RuleSet) -> None:
    schema = dict(schemas(ruleset))["rules"]
    assert words <= _offered(schema, path.split("/"), set(), schema)


def test_a_word_is_told_with_what_its_key_means(ruleset: RuleSet) -> None:
    """The YAML language server shows of a value what stands beside it, and the same of its key."""
    schema = dict(schemas(ruleset))["rules"]
    begins = schema["$defs"]["Rule"]["properties"]["arises_on"]
    told = {each.get("const"): each["description"] for each in begins["oneOf"]}
    assert "description" not in begins
    assert told["arrived"] == (
        "The child arrived at the police station.\n\nThe entry with which the duty arises."
    )
    assert told[None] == "The entry with which the duty arises."


def test_a_condition_is_offered_attributes_with_their_values(ruleset: RuleSet) -> None:
    schema = dict(schemas(ruleset))["rules"]
    for model in ("Selector", "Must", "Alternative", "Raise", "Step"):
        assert schema["$defs"][model]["properties"]["where"]["$ref"] == "#/$defs/condition"
    offered = {each["body"]: each["description"] for each in schema["$defs"]["condition"]["defaultSnippets"]}  # fmt: skip
    assert "review_held" in offered["mode is in_person"]
    assert "rank at least inspector" in offered
    assert "valid_review is true" in offered  # a mark that rules derive
    for each in offered:
        parse(each)


def test_an_entry_is_offered_the_attributes_and_values_of_its_kind(ruleset: RuleSet) -> None:
    schema = dict(schemas(ruleset))["records"]
    [of_kind] = [
        each["then"]["properties"]["attrs"]["properties"]
        for each in schema["allOf"]
        if each["if"]["properties"]["kind"]["const"] == "review_held"
    ]
    assert {"in_person", "telephone", "live_link"} <= set(of_kind["mode"]["enum"])
    assert all(part["description"] for part in of_kind.values())


def test_the_settings_for_an_editor_name_schemas_and_files_that_exist(ruleset: RuleSet) -> None:
    text = (RULES.parent / "docs" / "editor.md").read_text()
    settings = json.loads(text.split("```json\n")[1].split("```")[0])
    named = {Path(each).name.split(".")[0] for each in settings["yaml.schemas"]}
    assert named <= {name for name, _ in schemas(ruleset)}
    patterns = settings["yaml.schemas"]["schema/rules.schema.json"]
    left_out = {each.removeprefix("!rules/") for each in patterns if each.startswith("!")}
    every = {path.name for path in RULES.glob("*.yaml")}
    assert every - left_out == {path.name for path in rule_paths(RULES)}
