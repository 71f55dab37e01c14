"""JSON Schemas: for editors that help with rule files, and for those who send or read our data.

The form of a rule file comes from the rule model, its words from the vocabulary, the parameters
and the derived facts, so that an editor completes kinds, attributes, states and `$parameters`, and
shows what each is about. Schemas check form; `rules check` knows more (conditions, for one).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from detention_monitor.authoring.hover import hover
from detention_monitor.catalogue import Catalogue, load_catalogue
from detention_monitor.findings import SEVERITIES
from detention_monitor.parameters import ParameterFile, PolicyFile
from detention_monitor.plan import PROVIDED
from detention_monitor.questions import QualityCheck
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import RuleFile
from detention_monitor.terms import CLOCKS
from detention_monitor.vocabulary import Attribute, Kind, VocabularyFile

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS = ("kind", "happen", "then", "before", "on", "already_since", "relies_on")
"""Keys of a rule that name kinds of entry."""
_STATES = ("while", "unless")
_SELECTORS = ("arises_on", "never", "lapses_on", "excused_by", "mitigated_by", "after", "from",
              "until", "first")  # fmt: skip
"""Keys that take a selection, for which the bare name of a kind will do."""
_INSTANT: Schema = {"type": "string", "format": "date-time",
                    "description": "RFC 3339 with offset"}  # fmt: skip


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
    return _titled(_told(schema, "RuleFile"), "A rule file of the detention monitor")


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


def _titled(schema: Schema, title: str) -> Schema:
    return {"$schema": _DIALECT, **schema, "title": title}


def parameters_schema() -> Schema:
    """Return the schema of `parameters.yaml`."""
    return _titled(
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
    return _titled(_told(schema, "PolicyFile"), "A force's own policy")


def vocabulary_schema() -> Schema:
    """Return the schema of `vocabulary.yaml`."""
    schema = VocabularyFile.model_json_schema(by_alias=True)
    return _titled(_told(schema, "VocabularyFile"), "Kinds of entry")


def catalogue_schema() -> Schema:
    """Return the schema of `catalogue.yaml`."""
    schema = Catalogue.model_json_schema(by_alias=True)
    return _titled(_told(schema, "Catalogue"), "The catalogue of duties")


def quality_check_schema() -> Schema:
    """Return the schema of `quality_check.yaml`."""
    schema = QualityCheck.model_json_schema(by_alias=True)
    return _titled(_told(schema, "QualityCheck"), "The questions of the quality check")


# --- records and findings ------------------------------------------------------------------------


def records_schema(ruleset: RuleSet) -> Schema:
    """Return the schema of one entry of a custody record (a line of JSON)."""
    common = ruleset.vocabulary.kinds["arrived"].attributes
    rank = {"enum": [*common["rank"].values, None]}
    kinds = [kind for kind in ruleset.vocabulary.kinds.values() if not kind.derived]
    name: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
    maybe: Schema = {"type": ["string", "null"], "maxLength": 200}
    by: Schema = {
        "type": ["object", "null"],
        "properties": {
            "id": maybe,
            "rank": rank,
            "acting_rank_s107": rank,
            "role": {"enum": [*common["role"].values, None]},
        },
        "additionalProperties": False,
    }
    naive: Schema = {**_INSTANT, "format": "custody-time",
                     "description": "RFC 3339 with offset; without one only from a source that "
                     "declares its zone"}  # fmt: skip
    return _titled(
        {
            "type": "object",
            "properties": {
                "id": {**name, "description": "unique within a force (and source)"},
                "force": maybe,
                "record": {**name, "description": "number of the custody record"},
                "detention_id": {**maybe, "description": "joins several records of one detention"},
                "kind": {"oneOf": [{"const": k.name, "description": k.about} for k in kinds]},
                "at": {**naive, "title": "when it happened"},
                "recorded_at": {"anyOf": [{**naive, "title": "when it was written"},
                                          {"type": "null"}]},
                "by": by,
                "amends": {**maybe, "description": "id of the entry that this one corrects"},
                "withdraws": {**maybe, "description": "id of the entry that this one takes back"},
                "attrs": {"type": ["object", "null"]},
            },
            "required": ["id", "record", "kind", "at"],
            "additionalProperties": False,
            "allOf": [_attributes_of(kind) for kind in kinds],
        },
        "An entry in a custody record",
    )  # fmt: skip


def _attributes_of(kind: Kind) -> Schema:
    own = {name: _of(kind.attributes[name]) for name in sorted(kind.own)}
    return {
        "if": {"properties": {"kind": {"const": kind.name}}, "required": ["kind"]},
        "then": {"properties": {"attrs": {"properties": own, "additionalProperties": False}}},
    }


def _of(attribute: Attribute) -> Schema:
    match attribute.type:
        case "yes_no":
            found: Schema = {"type": ["boolean", "null"]}
        case "enum" | "ordered":
            found = {"enum": [*attribute.values, None]}
        case "whole_number":
            found = {"type": ["integer", "null"]}
        case "time":
            found = {"type": ["string", "null"], "format": "custody-time"}
        case "date":
            found = {"type": ["string", "null"], "format": "date"}
        case "list_of":
            found = {"type": ["array", "null"], "items": {"type": "string"}}
        case _:
            found = {"type": ["string", "null"], "maxLength": 20_000}
    about = attribute.about or attribute.name.replace("_", " ")
    return {**found, "description": about}


def findings_schema() -> Schema:
    """Return the schema of one line of `replay --format jsonl`: a finding, or a refusal."""
    text: Schema = {"type": "string"}
    lists: Schema = {"type": "array", "items": text}
    severity: Schema = {"enum": list(reversed(SEVERITIES))}
    authority: Schema = {"enum": ["statute", "code", "annex", "note", "policy", "quality"]}
    grade = {
        "type": "object",
        "properties": {
            "name": text, "at": {"anyOf": [_INSTANT, {"type": "null"}]}, "severity": severity,
            "authority": authority, "passed": {"type": "boolean"},
        },
        "required": ["name", "at", "severity", "authority", "passed"],
        "additionalProperties": False,
    }  # fmt: skip
    always: Mapping[str, Schema] = {
        "key": {**text, "description": "the same through amendments, rule versions and reloads"},
        "detention": text,
        "record": text,
        "duty": {"anyOf": [{"type": "string", "pattern": r"^([A-F]\d{2}|GP\d{2})$"},
                           {"type": "null"}]},
        "rule": text,
        "rule_version": {"type": "string", "description": "the day it came into force"},
        "title": text,
        "nature": {"enum": ["concern", "good_practice"]},
        "authority": authority,
        "sources": lists,
        "verified": {"type": "boolean"},
        "severity": severity,
        "status": {"enum": ["open", "due_soon", "overdue", "met", "met_late", "missed", "excused",
                            "lapsed", "broken", "matched", "not_recorded", "cannot_tell"]},
        "certainty": {"enum": ["established", "possible"]},
        "evidence": {**lists, "description": "ids of entries"},
        "absent": {**lists, "description": "kinds of entry looked for and not found"},
        "message": text,
        "unclosed": {"type": "boolean"},
        "ruleset": {**text, "description": "hash of all that decides"},
        "judged_by": {"enum": ["durable_rules", "reference", "compiled"]},
    }  # fmt: skip
    sometimes: Mapping[str, Schema] = {
        "arose_at": _INSTANT,
        "due_at": _INSTANT,
        "due_at_latest": {**_INSTANT, "description": "the later of two readings of the law"},
        "early_at": {
            **_INSTANT,
            "description": "due had hospital not paused the clock: an alert only",
        },
        "minutes_left": {"type": "integer", "minimum": 0, "description": "left on a paused clock"},
        "done_at": _INSTANT,
        "occurred_at": _INSTANT,
        "minutes_late": {"type": "integer", "minimum": 0},
        "grades": {"type": "array", "items": grade},
        "because_of": {**text, "description": "key of the finding it follows from"},
        "clears_on": text,
        "measures": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
    finding = {
        "type": "object",
        "properties": {**always, **sometimes},
        "required": list(always),
        "additionalProperties": False,
    }
    refusal = {
        "type": "object",
        "properties": {"refused": text, "record": text, "detention": text, "message": text},
        "required": ["refused", "record", "detention", "message"],
        "additionalProperties": False,
    }
    return _titled({"anyOf": [finding, refusal]}, "A finding, or a record that is not judged")


def schemas(ruleset: RuleSet) -> Iterator[tuple[str, Schema]]:
    """Yield every schema by name."""
    yield "rules", rules_schema(ruleset)
    yield "parameters", parameters_schema()
    yield "policy", policy_schema(ruleset)
    yield "vocabulary", vocabulary_schema()
    yield "catalogue", catalogue_schema()
    yield "quality_check", quality_check_schema()
    yield "records", records_schema(ruleset)
    yield "findings", findings_schema()
