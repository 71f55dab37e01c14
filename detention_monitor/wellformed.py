"""Say in plain words, each at its place, what keeps the data of a file from being what it should be.

Models complain in the words of programmers, and of every form that a value might have had; an
author is told once, with what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.yamlfile import MOST_FAULTS, Location, YamlFile, more_faults, suggestion

Model = TypeVar("Model", bound=BaseModel)


def validated(file: YamlFile, model: type[Model]) -> Model:
    """Return the file's data as a model; raise `RuleFileError` with every fault and its place."""
    try:
        return model.model_validate(file.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        found = _told_once(errors[:MOST_FAULTS], file, model)
        if len(errors) > MOST_FAULTS:
            found.append(more_faults(found[-1], len(errors) - MOST_FAULTS))
        raise RuleFileError(found) from error


def _told_once(
    errors: Sequence[ErrorDetails], file: YamlFile, model: type[BaseModel]
) -> list[Diagnostic]:
    """Return what is wrong, once each.

    Where one of several forms is allowed pydantic complains of each of them: a complaint about a
    whole is left out where there is one about a part, and those about the same thing are joined.
    A key that is missing because it is misspelt is told as misspelt.
    """
    at = [_in_file(each, file) for each in errors]
    parts = {place[:depth] for place in at for depth in range(len(place))}
    told = [_reworded(each, file, model) for each in errors]
    meant = {(place[:-1], each.message.rpartition("did you mean '")[2][:-2])
             for each, place in zip(told, at, strict=True) if each.code == "unknown-field"}  # fmt: skip
    out: dict[tuple[int, int, str], Diagnostic] = {}
    for error, place, each in zip(errors, at, told, strict=True):
        if error["type"] in _OF_A_WHOLE and place in parts:
            continue
        if error["type"] == "missing" and (place[:-1], place[-1]) in meant:
            continue
        key = (each.line, each.column, each.code if error["type"] in _OF_FORM else each.message)
        other = out.get(key)
        if other is not None and error["type"] in _OF_FORM and other.message != each.message:
            both = f"{other.message.rpartition(', not ')[0]}, or {each.message[len(_MUST) :]}"
            out[key] = replace(other, message=both)
        else:
            out[key] = each
    return _missing_together([*out.values()])


def _missing_together(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Return diagnostics, those of the fields that one thing lacks made into one."""
    out: list[Diagnostic] = []
    lacks: dict[tuple[int, int], list[str]] = {}
    for each in found:
        if each.code == "missing-field":
            lacks.setdefault((each.line, each.column), []).append(each.message.split("'")[1])
        else:
            out.append(each)
    for each in found:
        names = lacks.pop((each.line, each.column), []) if each.code == "missing-field" else []
        if len(names) > 1:
            listed = ", ".join(f"'{name}'" for name in names[:-1])
            out.append(replace(each, message=f"{listed} and '{names[-1]}' are missing"))
        elif names:
            out.append(each)
    return out


_MUST = "this must be "
_OF_FORM = {
    "dict_type": "name: value pairs, in braces or on lines of their own below",
    "model_type": "name: value pairs, in braces or on lines of their own below",
    "tuple_type": "a list, in square brackets or with '- ' on lines of their own below",
    "string_type": "text; put a number or a date in quotes",
}
_UNDER = dict.fromkeys(("happen", "within", "by", "before", "before_local"), "must")
"""Fields that people write one level too high, and where they belong."""
_OF_A_WHOLE = (*_OF_FORM, "literal_error", "too_short")
_OF_VALUE = {
    "bool_parsing": "true or false", "bool_type": "true or false",
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "date_parsing": "a date such as 2024-01-31", "date_type": "a date such as 2024-01-31",
    "date_from_datetime_parsing": "a date such as 2024-01-31",
    "date_from_datetime_inexact": "a date such as 2024-01-31",
}  # fmt: skip
_QUOTED = re.compile(r"'([^']*)'")
_WRITTEN = {
    "in_force": "in_force: {from: 2012-07-10}",
    "sources": 'sources: [{cite: "Code C 3.15", text_verified: false, number_verified: false}]',
    "must": "must: {happen: review_held, within: 6h}",
    "timeline": 'timeline: ["13:00 arrived", "13:10 detention_authorised"]',
    "expect": "expect: [RULE status severity], or [] for nothing",
    "warn": "warn: [60m, 30m]",
    "grades": "grades: by_lateness, or a list of steps each on its line",
    "values": "values: {2012-07-10: 2h}",
    "when_unknown": "when_unknown: {status: possible}",
    "rules": "rules: and below it, each rule beginning with '  - id: ...'",
    "tests": "tests: and below it, each test beginning with '- name: ...'",
}
"""How a field is written, for those who wrote another form."""


def _reworded(error: ErrorDetails, file: YamlFile, model: type[BaseModel]) -> Diagnostic:
    location = _in_file(error, file)
    key = str(error["loc"][-1]) if error["loc"] else ""
    empty = error["type"] == "missing" or not str(error["input"] or "").strip()
    match error["type"]:
        case "extra_forbidden":
            return _unknown_field(key, location, file, _names_at(model, location))
        case "missing" | "too_short" | "string_too_short" if key in ("sources", "cite") and empty:
            message = "says no source: name the section or paragraph, sources: [{cite: ...}]"
            line, column = file.place(location)
            return Diagnostic(file.name, line, column, "citation-missing", message)
        case "missing":
            message = f"'{key}' is missing"
            line, column = file.place(location[:-1] if location[-1:] == (key,) else location)
            return Diagnostic(file.name, line, column, "missing-field", message)
        case "string_pattern_mismatch":
            text = str(error["input"])
            meant = _meant(text) if "h)?" in str(error["ctx"]) and len(text) < 40 else ""
            message = f"'{_short(error['input'])}' is not written as {_pattern_hint(error)}{meant}"
            line, column = file.key_place(location) if key == "[key]" else file.place(location)
            return Diagnostic(file.name, line, column, "wrong-form", message)
        case "string_too_short" | "string_too_long":
            least, most = (error["ctx"].get(each) for each in ("min_length", "max_length"))
            wanted = f"at least {least}" if least else f"at most {most}"
            many = len(str(error["input"]))
            message = f"write {wanted} characters; here are {many}"
            return file.diagnostic(location, "wrong-value", message)
        case "value_error":
            message = str(error["msg"]).removeprefix("Value error, ")
            key_at = _key_named(message, location, file)
            line, column = file.key_place(key_at) if key_at else file.place(location)
            return Diagnostic(file.name, line, column, "wrong-value", message)
        case "literal_error":
            words = _QUOTED.findall(str(error.get("ctx", {}).get("expected", "")))
            hint = (
                suggestion(str(error["input"])[:80], words)
                if isinstance(error["input"], str)
                else ""
            )
            message = f"'{_short(error['input'])}' is not one of {', '.join(words)}{hint}"
            return file.diagnostic(location, "wrong-value", message)
        case kind if kind in _OF_FORM or kind in _OF_VALUE:
            wanted = _OF_FORM.get(kind) or _OF_VALUE[kind]
            written = _WRITTEN.get(key, "") if kind in _OF_FORM else _as_day(error["input"])
            message = f"{_MUST}{wanted}, not {_shape(error['input'])}"
            message += f"; write {written}" if written else ""
            if not location and model.__name__ == "RuleFile":
                message = "a file of rules begins with 'format: custody-rules/1' and 'theme: ...'"
            return file.diagnostic(location, "wrong-value", message)
        case _:
            said = f"{error['msg'][0].lower()}{error['msg'][1:]}"
            message = f"{said}, but here is '{_short(error['input'])}'"
            return file.diagnostic(location, "wrong-value", message)


def _unknown_field(
    key: str, location: Location, file: YamlFile, names: Sequence[str]
) -> Diagnostic:
    """Say that no field is called so, or what was meant by it; `names` are allowed there."""
    line, column = file.key_place(location)
    allowed = f"; allowed here: {', '.join(names)}" if names else ""
    message = f"no field is called '{_short(key)}'{suggestion(key, names) or allowed}"
    first = key.split(" ", 1)[0]
    if first != key and first in names:
        message = f"'{first}' needs a ':' after it"
    elif not re.fullmatch(r"[\w<]+", key) and "," in file.line_before(line, column):
        message = f"'{_short(key)}': a comma ends a text within braces; put quotes round it all"
    elif _UNDER.get(key) in names:
        message = f"'{key}' belongs under '{_UNDER[key]}': {_UNDER[key]}: {{..., {key}: ...}}"
    return Diagnostic(file.name, line, column, "unknown-field", message)


def _short(value: object) -> str:
    text = str(value)[:61]
    return text if len(text) <= 60 else f"{text[:57]}..."


def _as_day(value: object) -> str:
    """Return the day that somebody meant who wrote 2012-7-1 or 01/07/2012, if there is one."""
    match = re.fullmatch(r"(\d{4})[-/.](\d\d?)[-/.](\d\d?)", str(value))
    year, month, day = match.groups() if match else ("", "", "")
    if not match:
        match = re.fullmatch(r"(\d\d?)[-/.](\d\d?)[-/.](\d{4})", str(value))
        day, month, year = match.groups() if match else ("", "", "")
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return "a day that exists" if match else ""


def _meant(text: str) -> str:
    """Return the duration that somebody meant who wrote "1 hour" or "90 minutes"."""
    parts = re.findall(r"(\d+)\s*(h|m|s)[a-z]*", text)
    fits = re.fullmatch(
        r"(?:\s*\d+\s*(?:h(?:ours?|rs?)?|m(?:in(?:ute)?s?)?|s(?:ec(?:ond)?s?)?)(?:\s+and)?)+\s*",
        text,
    )
    return f"; did you mean '{''.join(number + unit for number, unit in parts)}'?" if fits else ""


def _key_named(message: str, location: Location, file: YamlFile) -> Location:
    """Return the key that a complaint about a whole names last, or nothing if none stands there."""
    told = re.split(r";", message)[0]
    for word in reversed(re.findall(r"[a-z_]+", told)):
        if (*location, word) in file.key_places:
            return (*location, word)
    return ()


def _shape(value: object) -> str:
    if isinstance(value, dict):
        return "name: value pairs"
    if isinstance(value, list | tuple):
        return "a list"
    return "nothing" if value is None else f"'{_short(value)}'"


def _pattern_hint(error: ErrorDetails) -> str:
    pattern = str(error.get("ctx", {}).get("pattern", ""))
    if "h)?" in pattern:
        return "a duration: write 6h, 90m, 2h30m, or $name of a parameter"
    if "GP" in pattern:
        return "a catalogue id: a letter A-F and two digits (D01), or GP and two digits"
    if pattern == "^[a-z][a-z0-9_]{1,40}$":
        return "a name: small letters, digits and _ (review_held)"
    if pattern.startswith("^[A-Za-z]"):
        return "a name: letters, digits, - and _ (B01-adult-informed)"
    if pattern.startswith(r"^\$"):
        return "the name of a parameter with a $ before it ($certificate_supervised)"
    if pattern == r"^\d\d:\d\d$":
        return "a time of day in quotes: '22:00'"
    return f"expected here ({pattern})"


def _in_file(error: ErrorDetails, file: YamlFile) -> Location:
    """Return where an error lies, without what pydantic adds (members of unions)."""
    out: Location = ()
    for part in error["loc"]:
        if (*out, part) in file.places or (*out, part) in file.key_places:
            out = (*out, part)
    if error["type"] in ("missing", "extra_forbidden") and out[-1:] != error["loc"][-1:]:
        out = (*out, error["loc"][-1])
    return out


@lru_cache(maxsize=16)
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _names_at(model: type[BaseModel], location: Location) -> list[str]:
    """Return the field names allowed where an unknown key stands."""
    schema = _schema_of(model)
    definitions = schema.get("$defs", {})

    def resolve(part: dict[str, Any]) -> list[dict[str, Any]]:
        if "$ref" in part:
            return resolve(definitions[part["$ref"].rsplit("/", 1)[-1]])
        if "anyOf" in part:
            return [found for each in part["anyOf"] for found in resolve(each)]
        return [part]

    at = [schema]
    for step in location[:-1]:
        inside: list[dict[str, Any]] = []
        for each in at:
            if isinstance(step, int) and "items" in each:
                inside += resolve(each["items"])
            elif isinstance(step, int):
                inside.append(each)
            elif step in each.get("properties", {}):
                inside += resolve(each["properties"][step])
            elif isinstance(each.get("additionalProperties"), dict):
                inside += resolve(each["additionalProperties"])
            else:
                for part in each.get("patternProperties", {}).values():
                    inside += resolve(part)
        at = inside
    return sorted({name for each in at for name in each.get("properties", {})})
