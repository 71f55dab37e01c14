"""Read YAML that people write: plain data, every place known, nothing that can do harm.

YAML 1.2 through ruamel.yaml: `22:30` and `no` stay words. Anchors, aliases and tags are refused
(a file of rules needs none, and they are how YAML bombs are made), and so are files beyond a
megabyte or nested beyond 30 levels. Duplicate keys are an error, not "the last one wins".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from detention_monitor.errors import Diagnostic, RuleFileError

MOST_FAULTS = 100
"""Faults of one kind of check told of one file: who wrote more has one mistake, not many."""
_LARGEST = 1_000_000
_DEEPEST = 30
_PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
Location = tuple[int | str, ...]


@dataclass(slots=True)
class YamlFile:
    """The data of a file, and the place (line and column from 1) of every key and value."""

    name: str
    data: Any
    places: dict[Location, tuple[int, int]] = field(default_factory=dict)
    key_places: dict[Location, tuple[int, int]] = field(default_factory=dict)
    styles: dict[Location, str] = field(default_factory=dict)
    """How a text that is not plain is written: ' or " around it, | or > above it."""

    def place(self, location: Sequence[int | str]) -> tuple[int, int]:
        """Return line and column of the nearest thing at or above a location in the data."""
        at = tuple(location)
        while at and at not in self.places:
            at = at[:-1]
        return self.places.get(at, (1, 1))

    def key_place(self, location: Sequence[int | str]) -> tuple[int, int]:
        """Return line and column of a key (or, in a list, of the value)."""
        return self.key_places.get(tuple(location)) or self.place(location)

    def diagnostic(
        self, location: Sequence[int | str], code: str, message: str, *, offset: int = 0
    ) -> Diagnostic:
        """Return a diagnostic about the value at a location, `offset` characters into its text."""
        line, column = self.place(location)
        style = self.styles.get(tuple(location), "")
        if style in ("|", ">"):
            offset = 0  # the text begins on another line
        elif style and offset:
            offset += 1
        return Diagnostic(self.name, line, column + offset, code, message)


def read_yaml(path: Path, name: str | None = None) -> YamlFile:
    """Read one file; raise `RuleFileError` with the place of what is wrong."""
    shown = name or path.name
    try:
        size = path.stat().st_size
        if size > _LARGEST:
            raise _refused(shown, 1, 1, "file-too-large", f"{size:,} bytes; at most {_LARGEST:,}")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"not UTF-8 text (byte {error.start}); save the file as UTF-8"
        raise _refused(shown, 1, 1, "not-utf8", message) from error
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise _refused(shown, 1, 1, "unreadable", message) from error
    return parse_yaml(text, shown)


@lru_cache(maxsize=96)
def parse_yaml(text: str, name: str) -> YamlFile:
    """Read YAML text; `name` is printed in errors. Raises `RuleFileError`.

    The same text is read once; nobody changes what comes of it.
    """
    try:
        node = _composed(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"not readable as YAML: {_plainly(str(error.problem or error.context))}"
        raise _refused(name, line, column, "yaml-syntax", message) from error
    except YAMLError as error:
        first = str(error).splitlines()[0]
        raise _refused(name, 1, 1, "yaml-syntax", f"not readable as YAML: {first}") from error
    except RecursionError as error:
        message = "not readable as YAML: nested far too deep; look for brackets that are not closed"
        raise _refused(name, 1, 1, "yaml-syntax", message) from error
    except ValueError as error:
        raise _refused(name, 1, 1, "yaml-syntax", f"not readable as YAML: {error}") from error
    file = YamlFile(name, None)
    if node is None:
        raise _refused(name, 1, 1, "empty-file", "the file is empty")
    faults: list[Diagnostic] = []
    file.data = _build(node, (), file, faults)
    if faults:
        if len(faults) > MOST_FAULTS:
            more = more_faults(faults[MOST_FAULTS - 1], len(faults) - MOST_FAULTS)
            faults = [*faults[:MOST_FAULTS], more]
        raise RuleFileError(faults)
    return file


_CURES = {
    "mapping values are not allowed": "text with ': ' in it needs quotes round it",
    "expected ',' or": "a bracket or brace is not closed here or above, or a comma is missing",
    "expected <block end>": "this line does not line up with those above, or text in quotes does "
    "not end where it should",
    "found character '\\t'": "a tab; indent with spaces",
    "could not find expected ':'": "a line above has a key without its ':'",
    "while scanning a quoted": "text in quotes that does not end",
    "unexpected end of stream": "text in quotes that does not end",
}
"""What the YAML reader says, and what an author should look for."""


def _plainly(problem: str) -> str:
    cure = next((each for said, each in _CURES.items() if said in problem), "")
    return f"{cure} ({problem})" if cure else problem


_TRICKS = re.compile(r"(?:^|[\s\[{,:-])[&*!]|^ {500}|(?:- ){500}", re.MULTILINE)


def _composed(text: str) -> Node:
    """Return the nodes of YAML text, by the reader in C where it is sure to see the same.

    That one is ten times faster, but does not show anchors, reads YAML 1.1 in places (it refuses
    22:30 in a list), and goes deep into the C stack: whatever might be one of these, and whatever
    it refuses, is read by the reader in Python, whose word and whose errors count.
    """
    node: Node
    if not _TRICKS.search(text) and _flow_depth(text) < 500:
        with suppress(YAMLError):
            node = YAML(typ="safe").compose(text)
            return node
    node = YAML(typ="safe", pure=True).compose(text)
    return node


def _flow_depth(text: str) -> int:
    """Return how deep brackets and braces may be nested, counting those in text too."""
    depth = deepest = 0
    for match in _BRACKET.finditer(text):
        depth = depth + 1 if match[0] in "[{" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


_BRACKET = re.compile(r"[\[\]{}]")


def _refused(name: str, line: int, column: int, code: str, message: str) -> RuleFileError:
    return RuleFileError([Diagnostic(name, line, column, code, message)])


def _trick(node: Node) -> tuple[str, str] | None:
    """Return code and message for an anchor (without one there is no alias) or a tag."""
    if node.anchor is not None:
        return "yaml-alias", "anchors (&) and aliases (*) are not allowed; write the value out"
    if not isinstance(node, ScalarNode) and not str(node.tag).startswith(_PLAIN_TAGS):
        return "yaml-tag", "tags (!) are not allowed; write the value as it is"
    return None


def _build(node: Node, location: Location, file: YamlFile, faults: list[Diagnostic]) -> Any:
    line, column = node.start_mark.line + 1, node.start_mark.column + 1
    if len(location) > _DEEPEST:
        message = f"nested more than {_DEEPEST} deep; a rule needs far less"
        raise _refused(file.name, line, column, "yaml-depth", message)
    file.places[location] = (line, column)
    trick = _trick(node)
    if trick is not None:  # and not a step further: what an alias repeats may have no end
        faults.append(Diagnostic(file.name, line, column, *trick))
        return None
    if isinstance(node, MappingNode):
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line, column = key_node.start_mark.line + 1, key_node.start_mark.column + 1
            if not isinstance(key_node, ScalarNode):
                message = "a key must be a plain word; text with {...} or [...] in it needs quotes"
                faults.append(Diagnostic(file.name, line, column, "yaml-key", message))
                continue
            key = str(key_node.value)
            if key in out:
                first, _ = file.key_places[*location, key]
                message = f"'{key}' is written twice here, first in line {first}; keep one"
                faults.append(Diagnostic(file.name, line, column, "duplicate-key", message))
                continue
            file.key_places[*location, key] = (line, column)
            out[key] = _build(value_node, (*location, key), file, faults)
        return out
    if isinstance(node, SequenceNode):
        return [_build(each, (*location, i), file, faults) for i, each in enumerate(node.value)]
    assert isinstance(node, ScalarNode)  # YAML has no fourth kind of node
    if node.style:
        file.styles[location] = node.style
    return _scalar(node)


_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _scalar(node: ScalarNode) -> object:
    text = str(node.value)
    if node.style in ("'", '"', "|", ">"):
        return text
    if text in ("true", "false"):
        return text == "true"
    if text in ("null", "~", ""):
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return text
    return text


# --- from a model's complaints to diagnostics --------------------------------------------------

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


def more_faults(last: Diagnostic, number: int) -> Diagnostic:
    """Return the diagnostic that stands for those not told, after the last that was."""
    many = f"{number:,} more things are" if number else "more may be"
    message = f"{many} wrong in this file; mend these first"
    return replace(last, code="more-faults", message=message)


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
    return list(out.values())


def suggestion(word: str, among: Sequence[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest of the words, or nothing."""
    near = get_close_matches(word, among, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


_MUST = "this must be "
_OF_FORM = {
    "dict_type": "name: value pairs, in braces or on lines of their own below",
    "model_type": "name: value pairs, in braces or on lines of their own below",
    "tuple_type": "a list, in square brackets or with '- ' on lines of their own below",
    "string_type": "text; put a number or a date in quotes",
}
_OF_A_WHOLE = (*_OF_FORM, "literal_error", "too_short")
_OF_VALUE = {
    "bool_parsing": "true or false", "bool_type": "true or false",
    "int_parsing": "a whole number", "int_type": "a whole number", "int_from_float": "a whole number",
    "date_parsing": "a date such as 2024-01-31", "date_type": "a date such as 2024-01-31",
    "date_from_datetime_parsing": "a date such as 2024-01-31",
    "date_from_datetime_inexact": "a date such as 2024-01-31",
}  # fmt: skip
_QUOTED = re.compile(r"'([^']*)'")


def _reworded(error: ErrorDetails, file: YamlFile, model: type[BaseModel]) -> Diagnostic:
    location = _in_file(error, file)
    key = str(error["loc"][-1]) if error["loc"] else ""
    empty = error["type"] == "missing" or (error["type"] == "too_short" and not error["input"])
    match error["type"]:
        case "extra_forbidden":
            line, column = file.key_place(location)
            names = _names_at(model, location)
            allowed = f"; allowed here: {', '.join(names)}" if names else ""
            message = f"no field is called '{_short(key)}'{suggestion(key, names) or allowed}"
            return Diagnostic(file.name, line, column, "unknown-field", message)
        case "missing" | "too_short" if key == "sources" and empty:
            message = "says no source: name the section or paragraph, sources: [{cite: ...}]"
            line, column = file.place(location)
            return Diagnostic(file.name, line, column, "citation-missing", message)
        case "missing":
            message = f"'{key}' is missing"
            line, column = file.place(location[:-1] if location[-1:] == (key,) else location)
            return Diagnostic(file.name, line, column, "missing-field", message)
        case "string_pattern_mismatch":
            message = f"'{_short(error['input'])}' is not written as {_pattern_hint(error)}"
            return file.diagnostic(location, "wrong-form", message)
        case "value_error":
            message = str(error["msg"]).removeprefix("Value error, ")
            return file.diagnostic(location, "wrong-value", message)
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
            message = f"{_MUST}{wanted}, not {_shape(error['input'])}"
            return file.diagnostic(location, "wrong-value", message)
        case _:
            said = f"{error['msg'][0].lower()}{error['msg'][1:]}"
            message = f"{said}, but here is '{_short(error['input'])}'"
            return file.diagnostic(location, "wrong-value", message)


def _short(value: object) -> str:
    text = str(value)[:61]
    return text if len(text) <= 60 else f"{text[:57]}..."


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
