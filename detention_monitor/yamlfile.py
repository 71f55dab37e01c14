"""Read YAML that people write: plain data, every place known, nothing that can do harm.

YAML 1.2 through ruamel.yaml: `22:30` and `no` stay words. Anchors, aliases and tags are refused
(a file of rules needs none, and they are how YAML bombs are made), and so are files beyond
250,000 bytes or nested beyond 30 levels. Duplicate keys are an error, not "the last one wins".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.yamlnodes import nodes_of

MOST_FAULTS = 100
"""Faults of one kind of check told of one file: who wrote more has one mistake, not many."""
LARGEST = 250_000
"""Bytes of a file: three times the largest there is, and read within seconds whatever it holds."""
_DEEPEST = 30
_IN_EVERY_FOLDER = ("vocabulary.yaml", "parameters.yaml")
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
    faults: tuple[Diagnostic, ...] = ()
    """What kept parts of it from being read."""
    unread: tuple[range, ...] = ()
    """Lines, from 1, of which nothing could be read."""
    lines: tuple[str, ...] = ()

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
        if offset:
            line, column = self._into(line, column, self.styles.get(tuple(location), ""), offset)
        return Diagnostic(self.name, line, column, code, message)

    def _into(self, line: int, column: int, style: str, offset: int) -> tuple[int, int]:
        """Return where a character of a text stands that may go on over several lines."""
        if style in ("|", ">"):
            line, column = line + 1, 1
        elif style:
            column += 1
        while line <= len(self.lines):
            text = self.lines[line - 1][column - 1 :].rstrip("\r")
            indent = len(text) - len(text.lstrip()) if column == 1 else 0
            length = len(text) - indent
            if offset <= length or line == len(self.lines):
                return line, column + indent + min(offset, max(0, length))
            offset -= length + 1 if length or style == "|" else 0
            line, column = line + 1, 1
        return line, column + offset

    def line_before(self, line: int, column: int) -> str:
        """Return what stands in a line before a column."""
        return self.lines[line - 1][: column - 1] if line <= len(self.lines) else ""

    def understood(self, faults: Sequence[Diagnostic]) -> list[Diagnostic]:
        """Return those of some faults that are not mere consequences of what could not be read."""
        lines = {fault.line for fault in self.faults}.union(*self.unread)
        keys_lost = any(fault.code == "yaml-key" for fault in self.faults)
        lacking = ("missing-field", "citation-missing") if keys_lost else ()
        return [each for each in faults if each.line not in lines and each.code not in lacking]


def read_yaml(path: Path, name: str | None = None) -> YamlFile:
    """Read one file; raise `RuleFileError` with the place of what is wrong."""
    shown = name or path.name
    return parse_yaml(text_of(path, shown), shown)


def read_as_far(path: Path) -> YamlFile:
    """Read one file as far as it can be read; what is wrong is in its `faults`."""
    try:
        return parse_as_far(text_of(path, path.name), path.name)
    except RuleFileError as error:
        return YamlFile(path.name, None, faults=error.diagnostics)


def text_of(path: Path, name: str, most: int = LARGEST) -> str:
    """Return the text of a file, of so many bytes at most; raise `RuleFileError` with place and cure."""
    try:
        found = path.stat()
        if not S_ISREG(found.st_mode):
            raise _refused(name, 1, 1, "unreadable", "not a file; plain text is read here")
        size = found.st_size
        if size > most:
            raise _refused(name, 1, 1, "file-too-large", f"{size:,} bytes; at most {most:,}")
        raw = path.read_bytes()
    except OSError as error:
        needed = isinstance(error, FileNotFoundError) and path.name in _IN_EVERY_FOLDER
        cure = "; a folder of rules needs it, see the one shipped" if needed else ""
        message = f"cannot be read: {error.strerror}{cure}"
        raise _refused(name, 1, 1, "unreadable", message) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        as_what = "UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "another form of text"
        message = f"this is {as_what}, not UTF-8 (byte {error.start}); save the file as UTF-8"
        raise _refused(name, line, column, "not-utf8", message) from error


@lru_cache(maxsize=96)
def parse_yaml(text: str, name: str) -> YamlFile:
    """Read YAML text; `name` is printed in errors. Raises `RuleFileError`.

    The same text is read once; nobody changes what comes of it.
    """
    file = parse_as_far(text, name)
    if file.faults:
        raise RuleFileError(list(file.faults))
    return file


@lru_cache(maxsize=96)
def parse_as_far(text: str, name: str) -> YamlFile:
    """Read YAML text as far as it can be read; what is wrong is in `faults`."""
    found = nodes_of(text, name)
    file = YamlFile(name, None, unread=found.unread, lines=tuple(text.split("\n")))
    faults = [*found.faults]
    if found.root is not None:
        try:
            file.data = _build(found.root, (), file, faults)
        except RuleFileError as error:
            faults += error.diagnostics
    elif not faults:
        faults.append(Diagnostic(name, 1, 1, "empty-file", "the file is empty"))
    if len(faults) > MOST_FAULTS:
        faults = [
            *faults[:MOST_FAULTS],
            more_faults(faults[MOST_FAULTS - 1], len(faults) - MOST_FAULTS),
        ]
    file.faults = tuple(faults)
    return file


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


def more_faults(last: Diagnostic, number: int) -> Diagnostic:
    """Return the diagnostic that stands for those not told, after the last that was."""
    many = f"{number:,} more things are" if number else "more may be"
    message = f"{many} wrong in this file; mend these first"
    return replace(last, code="more-faults", message=message)


def suggestion(word: str, among: Sequence[str]) -> str:
    """Return "; did you mean 'x'?" for the nearest of the words, or nothing."""
    near = get_close_matches(word, among, n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""
