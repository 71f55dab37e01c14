"""JSON Schemas for editors that help with rule files.

The form of a rule file comes from the rule model, its words from the vocabulary, the parameters
and the derived facts, so that an editor completes kinds, attributes, states and `$parameters`, and
shows what each is about. Those for our data are in `record_schema.py`. Schemas check form; `rules check` knows more (conditions, for one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import get_args

from detention_monitor.authoring.hover import hover
from detention_monitor.authoring.record_schema import (
    Schema,
    findings_schema,
    records_schema,
    titled,
)
from detention_monitor.catalogue import Catalogue, load_catalogue
from detention_monitor.findings import SEVERITIES, Status
from detention_monitor.notjudged import NotJudged
from detention_monitor.parameters import ParameterFile, PolicyFile
from detention_monitor.plan import PROVIDED, attributes_with_marks
from detention_monitor.questions import QualityCheck
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Authority, RuleFile
from detention_monitor.ruletests import EXPECTABLE
from detention_monitor.terms import CLOCKS
from detention_monitor.vocabulary import Attribute, VocabularyFile

_KINDS = ("kind", "happen", "then", "before", "on", "already_since", "relies_on")
"""Keys of a rule that name kinds of entry."""
_STATES = ("while", "unless")
_SELECTORS = ("arises_on", "never", "lapses_on", "excused_by", "mitigated_by", "doubted_by",
              "after", "from", "until", "first")  # fmt: skip
"""Keys that take a selection, for which the bare name of a kind will do."""


def rules_schema(ruleset: RuleSet) -> Schema:
    """Return the schema of a rule file."""
    schema = RuleFile.model_json_schema(by_alias=True)
    definitions = schema.setdefault("$defs", {})
    definitions["kind_of_entry"] = _words(
        (name, kind.about) for name, kind in ruleset.vocabulary.kinds.items()
    )
    states = [(fact.fact, fact.about) for fact in ruleset.facts if fact.interval]
    definitions["state"] = _words([*((name, "worked out by the clocks") for name in PROVIDED),
                                   *states])  # fmt: skip
    definitions["parameter"] = _words(
        (f"${name}", each.about) for name, each in ruleset.parameters.declared.items()
    )
    definitions["duration"] = {"type": "string", "pattern": r"^(\d+h)?(\d+m)?(\d+s)?$",
                               "minLength": 2, "examples": ["6h", "90m", "2h30m"]}  # fmt: skip
    definitions["deadline"] = {"anyOf": [
        _words((f"{name}.due", f"when the {name.replace('_', ' ')} says") for name in CLOCKS),
        {"type": "string", "pattern": "^attr [a-z][a-z0-9_]*$",
         "description": "a time that the arising entry states"},
    ]}  # fmt: skip
    for definition in (schema, *definitions.values()):
        for key, part in definition.get("properties", {}).items():
            _name_words(key, part)
    duties = load_catalogue(ruleset.files[0].path.parent).duties
    definitions["Rule"]["properties"]["duty"] = {
        "oneOf": [*_words((name, duty.title) for name, duty in duties.items())["oneOf"],
                  {"type": "null", "description": "no duty of the catalogue"}]
    }  # fmt: skip
    _told(schema, "RuleFile")
    for definition in (schema, *definitions.values()):
        for part in definition.get("properties", {}).values():
            _tell_words(part, definitions)
    _offer_conditions(definitions, ruleset)
    _offer_tests(definitions["RuleTest"]["properties"], ruleset)
    return titled(schema, "A rule file of the detention monitor")


_WORDS = {f"#/$defs/{name}": name for name in ("kind_of_entry", "state", "parameter", "deadline")}


def _tell_words(part: Schema, definitions: Schema) -> None:
    """Let each word that a key takes say what it is, and what the key means.

    An editor shows the same of a key as of its value, and only what stands nearest to the value;
    and of alternatives under `anyOf` it shows none.
    """
    ways = part.get("anyOf", [part] if "$ref" in part else [])
    if not any(each.get("$ref") in _WORDS for each in ways):
        return
    about = part.pop("description")
    told: list[Schema] = []
    for way in ways:
        name = _WORDS.get(way.get("$ref", ""))
        if name is None:
            told.append({**way, "description": about})
            continue
        told += [
            {**each, "description": f"{each['description']}\n\n{about}"}
            for each in _flat(definitions[name])
        ]
    part.pop("anyOf", None)
    part.pop("$ref", None)
    part["oneOf"] = told


def _flat(words: Schema) -> Iterator[Schema]:
    for each in words["oneOf"] if "oneOf" in words else words["anyOf"]:
        yield from _flat(each) if "oneOf" in each else (each,)


def _offer_conditions(definitions: Schema, ruleset: RuleSet) -> None:
    """Offer comparisons, with the values that attributes take, wherever a condition may stand."""
    of: dict[str, list[str]] = {}
    for kind, attributes in attributes_with_marks(ruleset.facts, ruleset.vocabulary).items():
        for attribute in attributes.values():
            for text in _comparisons(attribute):
                of.setdefault(text, []).append(kind)
    every = len(ruleset.vocabulary.kinds)
    definitions["condition"] = {
        "type": "string",
        "defaultSnippets": [
            {"label": text, "body": text,
             "description": "of every entry" if len(kinds) == every else f"of {', '.join(kinds[:6])}"}
            for text, kinds in sorted(of.items())
        ],
    }  # fmt: skip
    for definition in definitions.values():
        for key in ("where", "doubted_where"):
            part = definition.get("properties", {}).get(key)
            if part is not None:
                _replace(part, {"$ref": "#/$defs/condition"})


def _comparisons(attribute: Attribute) -> Iterator[str]:
    match attribute.type:
        case "yes_no":
            yield from (f"{attribute.name} is {word}" for word in ("true", "false"))
        case "enum":
            yield from (f"{attribute.name} is {word}" for word in attribute.values)
        case "ordered":
            yield from (f"{attribute.name} at least {word}" for word in attribute.values)
    yield from (f"{operator} {attribute.name}" for operator in ("exists", "missing"))


def _offer_tests(test: Schema, ruleset: RuleSet) -> None:
    """Offer kinds of entry for the lines of a timeline, and what may be expected of a finding."""
    kinds = [kind for kind in ruleset.vocabulary.kinds.values() if not kind.derived]
    test["timeline"]["items"] = {"anyOf": [
        {"type": "string", "defaultSnippets": [
            {"label": f"13:00 {kind.name}", "body": f"13:00 {kind.name}", "description": kind.about}
            for kind in kinds
        ]},
        {"type": "object"},
    ]}  # fmt: skip
    words = {"status": get_args(Status), "severity": SEVERITIES[::-1], "authority": get_args(Authority),
             "certainty": ("established", "possible")}  # fmt: skip
    test["expect"]["items"] = {"anyOf": [
        {"type": "string", "pattern": r"^\S+ [a-z_]+"},
        {"type": "object", "required": ["rule", "status"], "additionalProperties": False,
         "properties": {
             name: {"description": hover("Expected", name),
                    **({"enum": list(words[name])} if name in words else {})}
             for name in sorted(EXPECTABLE)
         }},
    ]}  # fmt: skip


def _told(schema: Schema, model: str) -> Schema:
    """Add to every key of a schema what an editor shows of it."""
    for name, definition in ((model, schema), *schema.get("$defs", {}).items()):
        for key, part in definition.get("properties", {}).items():
            part.setdefault("description", hover(name, key))
    return schema


def _name_words(key: str, part: Schema) -> None:
    """Put the words of the vocabulary where a key takes them, and a bare word where a list may be."""
    if key in _KINDS and part.get("type") == "array":
        _replace(part, _one_or_more({"$ref": "#/$defs/kind_of_entry"}))
    elif key in _STATES and part.get("type") == "array":
        _replace(part, _one_or_more({"$ref": "#/$defs/state"}))
    elif key in _SELECTORS and "Selector" in str(part):
        before = {name: part.pop(name) for name in list(part) if name != "description"}
        listed = before.get("items", {})
        kind: Schema = {"$ref": "#/$defs/kind_of_entry"}
        if listed:
            both = {"anyOf": [kind, listed]}
            part["anyOf"] = [kind, listed, {"type": "array", "items": both}]
        else:
            part["anyOf"] = [kind, before]
    elif part.get("type") == "array" and "pattern" in part["items"]:
        _replace(part, _one_or_more(part["items"]))
    elif key == "only_if":
        _replace(part, {"$ref": "#/$defs/parameter"})
    elif key == "by":
        _replace(part, {"$ref": "#/$defs/deadline"})
    elif key == "pauses_while":
        _replace(part, {"$ref": "#/$defs/state"})
    elif key == "warn":
        _replace(part, {"type": "array", "items": _SPAN})
    elif _is_span(part):
        _replace(part, _SPAN)


_SPAN: Schema = {"anyOf": [{"$ref": "#/$defs/duration"}, {"$ref": "#/$defs/parameter"}]}


def _is_span(part: Schema) -> bool:
    return any(r"\d+h" in str(each.get("pattern", "")) for each in part.get("anyOf", [part]))


def _replace(part: Schema, new: Schema) -> None:
    about = part.get("description")
    part.clear()
    part.update(new)
    if about:
        part["description"] = about


def _one_or_more(item: Schema) -> Schema:
    return {"anyOf": [item, {"type": "array", "items": item}]}


def _words(words: Iterable[tuple[str, str]]) -> Schema:
    return {"oneOf": [{"const": name, "description": about} for name, about in words]}


def parameters_schema() -> Schema:
    """Return the schema of `parameters.yaml`."""
    return titled(
        _told(ParameterFile.model_json_schema(by_alias=True), "ParameterFile"),
        "Parameters of the rules",
    )


def policy_schema(ruleset: RuleSet) -> Schema:
    """Return the schema of a force's policy file: only parameters that exist may be set."""
    schema = PolicyFile.model_json_schema(by_alias=True)
    overrides = schema["properties"]["parameters"]
    item = overrides.pop("additionalProperties")
    overrides["properties"] = {
        name: {**item, "description": each.about}
        for name, each in ruleset.parameters.declared.items()
    }
    overrides["additionalProperties"] = False
    return titled(_told(schema, "PolicyFile"), "A force's own policy")


def vocabulary_schema() -> Schema:
    """Return the schema of `vocabulary.yaml`."""
    schema = VocabularyFile.model_json_schema(by_alias=True)
    return titled(_told(schema, "VocabularyFile"), "Kinds of entry")


def catalogue_schema() -> Schema:
    """Return the schema of `catalogue.yaml`."""
    schema = Catalogue.model_json_schema(by_alias=True)
    return titled(_told(schema, "Catalogue"), "The catalogue of duties")


def quality_check_schema() -> Schema:
    """Return the schema of `quality_check.yaml`."""
    schema = QualityCheck.model_json_schema(by_alias=True)
    return titled(_told(schema, "QualityCheck"), "The questions of the quality check")


def not_judged_schema() -> Schema:
    """Return the schema of `not_judged.yaml`."""
    schema = NotJudged.model_json_schema(by_alias=True)
    return titled(_told(schema, "NotJudged"), "Paragraphs that no rule judges, and why")


def schemas(ruleset: RuleSet) -> Iterator[tuple[str, Schema]]:
    """Yield every schema by name."""
    yield "rules", rules_schema(ruleset)
    yield "parameters", parameters_schema()
    yield "policy", policy_schema(ruleset)
    yield "vocabulary", vocabulary_schema()
    yield "catalogue", catalogue_schema()
    yield "quality_check", quality_check_schema()
    yield "not_judged", not_judged_schema()
    yield "records", records_schema(ruleset)
    yield "findings", findings_schema()
