"""JSON Schemas for those who send or read our data: an entry of a record, a finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from detention_monitor.findings import SEVERITIES, Status
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Authority
from detention_monitor.vocabulary import Attribute, Kind

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INSTANT: Schema = {"type": "string", "format": "date-time",
                    "description": "RFC 3339 with offset"}  # fmt: skip


def titled(schema: Schema, title: str) -> Schema:
    """Return a schema with its dialect and title."""
    return {"$schema": _DIALECT, **schema, "title": title}


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
    return titled(
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
    authority: Schema = {"enum": list(get_args(Authority))}
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
        "status": {"enum": list(get_args(Status))},
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
    return titled({"anyOf": [finding, refusal]}, "A finding, or a record that is not judged")
