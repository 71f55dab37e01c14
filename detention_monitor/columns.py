"""Read entries from a table (CSV) by a column map that whoever sends it writes once.

    format: custody-map/1
    name: Custody extract
    zone: Europe/London                  # of times without an offset
    time_format: "%d/%m/%Y %H:%M"        # left out: RFC 3339
    not_carried: [aa_left, review_held.mode]
    columns:
      {id: [CustodyNo, EntryNo], record: CustodyNo, kind: Event, at: [Day, Clock], by.rank: Rank}
    attrs: {mode: ReviewMode, asleep: Asleep}
    values:
      kind: {REV: review_held, "CELL CHECK": ~}      # ~ passes such rows over
      by.rank: {INSP: inspector}
    defaults: {force: "44"}

What stands in several columns is put together in their order, with a blank between, in names with
a hyphen: a date and its time of day, or the number of an entry that is counted anew in each record.
Where one of them is empty, all of it is. A column of attributes is read only for kinds of entry that
have the attribute.

A table with one row for each record says what entries a row holds; where the time of one is empty, it
did not happen. What no column can say is not carried, and counts against nobody. So does what may have
happened after the last column of a kind: a row in which both reviews are filled in does not say that there
was no third. Of kinds in `all_of` there are never more than columns. Columns hold the first of a kind;
one that holds the last of many tells little, and its kind belongs under `not_carried`.

    columns: {record: CustodyNo}
    all_of: [arrived]
    entries:
      - {kind: arrived, columns: {at: Arrived}, attrs: {dob: Born}}
      - {kind: review_held, columns: {at: Review1, by.rank: Reviewer1}, given: {mode: in_person}}
      - {kind: review_held, columns: {at: Review2, by.rank: Reviewer2}, given: {mode: in_person}}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detention_monitor.errors import Diagnostic, RecordError, RuleFileError
from detention_monitor.records import Source, entry_from
from detention_monitor.text import in_a_cell
from detention_monitor.vocabulary import AFTER, Vocabulary
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import YamlFile, read_yaml, suggestion

KEYS = (
    "id", "record", "kind", "at", "force", "detention_id", "recorded_at", "amends", "withdraws",
    "by.id", "by.rank", "by.acting_rank_s107", "by.role",
)  # fmt: skip
NAMES = frozenset({"id", "record", "detention_id", "amends", "withdraws"})
"""Keys that name something; the other texts of several columns are read with a blank between."""
_YES, _NO = ("true", "yes", "y", "1"), ("false", "no", "n", "0")
Column = Annotated[str, Field(min_length=1, max_length=200)]
Columns = Annotated[
    tuple[Column, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(min_length=1, max_length=4),
]
"""One column, or several that are read as one: `When`, `[Day, Clock]`."""


class EntryInRow(BaseModel):
    """An entry that a row may hold, where a row is a record; `given` is the same in every row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    columns: dict[str, Columns]
    attrs: dict[str, Columns] = Field(default_factory=dict)
    given: dict[str, bool | int | str | tuple[str, ...]] = Field(default_factory=dict)


class MapFile(BaseModel):
    """A column map as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["custody-map/1"]
    name: str = ""
    zone: str | None = None
    time_format: str | None = None
    date_format: str | None = None
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    not_carried: tuple[str, ...] = ()
    columns: dict[str, Columns]
    attrs: dict[str, Columns] = Field(default_factory=dict)
    values: dict[str, dict[str, str | None]] = Field(default_factory=dict)
    defaults: dict[str, str] = Field(default_factory=dict)
    entries: tuple[EntryInRow, ...] = ()
    all_of: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """Every column of the table that is read, once."""
        said = [self.columns, self.attrs]
        for each in self.entries:
            said += [each.columns, each.attrs]
        every = [names for each in said for names in each.values()]
        return tuple(dict.fromkeys(name for names in every for name in names))


@dataclass(frozen=True, slots=True)
class Part:
    """What one entry of a row is read from; `name` is empty where a row is one entry."""

    columns: Mapping[str, Sequence[str]]
    attrs: Mapping[str, Sequence[str]]
    given: Mapping[str, Any]
    kind: str = ""
    name: str = ""


class ColumnMap:
    """A checked column map: rows in, raw entries out."""

    def __init__(self, file: MapFile, vocabulary: Vocabulary, source: Source) -> None:
        """Take a map whose names are known to be right."""
        self.file, self.source = file, source
        self._vocabulary = vocabulary
        self.parts = (*_parts(file),)
        """What a row holds: one entry, or those of a record."""

    @classmethod
    def load(cls, path: Path, vocabulary: Vocabulary) -> ColumnMap:
        """Read a map; raise `RuleFileError` with every unknown name and its place."""
        yaml = read_yaml(path)
        file = validated(yaml, MapFile)
        faults = [*_faults(file, yaml, vocabulary)]
        missing = [*file.not_carried, *_beyond(file, vocabulary)]
        try:
            declared = {"name": file.name, "zone": file.zone, "not_carried": missing}
            source = Source.declared(declared, vocabulary)
        except RecordError as error:
            faults.append(yaml.diagnostic((), "source", str(error)))
            source = Source()
        if faults:
            raise RuleFileError(faults)
        return cls(file, vocabulary, source)

    def check(self, path: str, given: Iterable[str]) -> None:
        """Raise `RecordError` where a table lacks a column that the map reads."""
        absent = set(self.file.read).difference(given)
        if absent:
            raise RecordError(f"{path}: no column is called {', '.join(sorted(absent))}")

    def texts(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return a row of typed cells as a CSV would have it: an empty cell is empty text."""
        return {name: in_a_cell(row.get(name), between=";") for name in self.file.read}

    def raw(self, row: Mapping[str, str], part: Part) -> dict[str, Any] | None:
        """Return the raw entry of a row, or None for a kind that is passed over or did not happen.

        Raises `RecordError` for a time or a yes/no that cannot be read.
        """
        if "" in row or None in row.values():
            raise RecordError("this row has more or fewer cells than there are columns")
        if part.name and not _text(row, part.columns["at"]):
            return None
        out: dict[str, Any] = {**self.file.defaults}
        for key, columns in part.columns.items():
            text = _text(row, columns, "-" if key in NAMES else " ")
            names = self.file.values.get(key, {})
            value = names.get(text, text)
            if value is None:
                return None
            if value:
                out[key] = self._time(value) if key in ("at", "recorded_at") else value
        if part.name:
            out |= {"kind": part.kind, "id": f"{out.get('record', '')}-{part.name}"}
        out |= {name: value for name, value in part.given.items() if name.startswith("by.")}
        by = {key[3:]: out.pop(key) for key in [*out] if key.startswith("by.")}
        kind = self._vocabulary.kinds.get(str(out.get("kind")))
        attrs = {name: value for name, value in part.given.items() if not name.startswith("by.")}
        for name, columns in part.attrs.items():
            text = _text(row, columns)
            value = self.file.values.get(name, {}).get(text, text)
            if value and kind is not None and name in kind.own:
                attrs[name] = self._typed(kind.attributes[name].type, name, value)
        return {**out, **({"by": by} if by else {}), **({"attrs": attrs} if attrs else {})}

    def _typed(self, type_: str, name: str, value: str) -> object:
        match type_:
            case "yes_no":
                word = value.lower()
                if word not in (*_YES, *_NO):
                    raise RecordError(f"{name}: '{value[:40]}' is neither yes nor no")
                return word in _YES
            case "whole_number":
                return int(value) if value.isdecimal() else value
            case "time":
                return self._time(value)
            case "date":
                return self._parsed(value, self.file.date_format).date().isoformat()
            case "list_of":
                return [each.strip() for each in value.split(";") if each.strip()]
            case _:
                return value

    def _time(self, text: str) -> str:
        if self.file.time_format is None:
            return text
        return self._parsed(text, self.file.time_format).isoformat()

    def _parsed(self, text: str, form: str | None) -> datetime:
        try:
            return datetime.strptime(text, form) if form else datetime.fromisoformat(text)  # noqa: DTZ007 - the zone is declared
        except ValueError as error:
            wanted = f"in the form {form}" if form else "written as 2009-03-20"
            raise RecordError(f"'{text[:40]}' is not {wanted}") from error


def _text(row: Mapping[str, str], columns: Sequence[str], between: str = " ") -> str:
    """Return what stands in one column, or in several together; nothing where one is empty."""
    if len(columns) == 1:
        return row[columns[0]].strip()
    parts = [row[column].strip() for column in columns]
    return between.join(parts) if all(parts) else ""


def _parts(file: MapFile) -> Iterator[Part]:
    """Yield what each entry of a row is read from; several of one kind are numbered."""
    if not file.entries:
        yield Part(file.columns, file.attrs, {})
    count: Counter[str] = Counter()
    for each in file.entries:
        count[each.kind] += 1
        nth = f"-{count[each.kind]}" if count[each.kind] > 1 else ""
        columns = {**file.columns, **each.columns}
        given = {name: [*v] if isinstance(v, tuple) else v for name, v in each.given.items()}
        yield Part(columns, each.attrs, given, each.kind, f"{each.kind}{nth}")


# --- checking ----------------------------------------------------------------------------------

_OF_ROW = ("record", "force", "detention_id")
"""Keys that a row gives to all its entries."""
_OF_ENTRY = ("at", "recorded_at", "by.id", "by.rank", "by.acting_rank_s107", "by.role")


def _faults(file: MapFile, yaml: YamlFile, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    """Yield every name that is not known, and what is missing."""

    def unknown(
        place: tuple[str | int, ...], given: Iterable[str], allowed: Sequence[str]
    ) -> Iterator[Diagnostic]:
        for key in given:
            if key not in allowed:
                line, column = yaml.key_place((*place, key))
                message = f"nothing is called '{key}' here{suggestion(key, allowed)}"
                yield Diagnostic(yaml.name, line, column, "unknown-name", message)

    known = tuple({name for kind in vocabulary.kinds.values() for name in kind.own})
    wide = bool(file.entries)
    for part, allowed in (
        ("columns", _OF_ROW if wide else KEYS), ("defaults", KEYS), ("attrs", known),
        ("values", (*KEYS, *known)),
    ):  # fmt: skip
        yield from unknown((part,), getattr(file, part), allowed)
    given = {*file.columns, *file.defaults}
    for key in ("record",) if wide else ("id", "record", "kind", "at"):
        if key not in given:
            message = f"no column for '{key}'; every entry has id, record, kind and at"
            yield yaml.diagnostic(("columns",), "missing-column", message)
    if wide and file.attrs:
        message = "where a row holds several entries, each has its own 'attrs'"
        yield yaml.diagnostic(("attrs",), "unknown-name", message)
    yield from _all_of_what(file, yaml)
    kinds = [name for name, kind in vocabulary.kinds.items() if not kind.derived]
    for number, each in enumerate(file.entries):
        place = ("entries", number)
        if each.kind not in kinds:
            message = f"no kind of entry is called '{each.kind}'{suggestion(each.kind, kinds)}"
            yield yaml.diagnostic((*place, "kind"), "unknown-name", message)
            continue
        own = tuple(vocabulary.kinds[each.kind].own)
        yield from unknown((*place, "columns"), each.columns, _OF_ENTRY)
        yield from unknown((*place, "attrs"), each.attrs, own)
        yield from unknown((*place, "given"), each.given, (*own, *_OF_ENTRY[2:]))
        if "at" not in each.columns:
            message = "no column for 'at': when it happened, and whether it did"
            yield yaml.diagnostic((*place, "columns"), "missing-column", message)
        yield from _not_given(each, yaml, place, vocabulary)


def _all_of_what(file: MapFile, yaml: YamlFile) -> Iterator[Diagnostic]:
    """Yield what a row is said to show all of, and shows nothing of."""
    held = tuple(dict.fromkeys(each.kind for each in file.entries))
    for number, kind in enumerate(file.all_of):
        if kind not in held:
            message = f"no entry of a row is '{kind}'{suggestion(kind, held)}"
            yield yaml.diagnostic(("all_of", number), "unknown-name", message)


def _not_given(
    each: EntryInRow, yaml: YamlFile, place: tuple[str | int, ...], vocabulary: Vocabulary
) -> Iterator[Diagnostic]:
    """Yield what an entry is given that no entry can say."""
    for name, value in each.given.items():
        said = [*value] if isinstance(value, tuple) else value
        given = {"by": {name[3:]: said}} if name.startswith("by.") else {"attrs": {name: said}}
        try:
            raw = {"id": "1", "record": "1", "kind": each.kind, "at": "2024-06-10T13:00:00Z"}
            entry_from({**raw, **given}, vocabulary)
        except RecordError as error:
            yield yaml.diagnostic((*place, "given", name), "wrong-value", str(error))


def _beyond(file: MapFile, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield what a table with one row for each record cannot say.

    Kinds, attributes of the others, and what came after as many of a kind as there are columns for.
    """
    said: dict[str, set[str]] = {}
    open_ = [each.kind for each in file.entries if each.kind not in file.all_of]
    known = Counter(kind for kind in open_ if kind in vocabulary.kinds)
    yield from (f"{kind}{AFTER}{most}" for kind, most in known.items())
    for each in file.entries:
        held = said.setdefault(each.kind, set())
        held |= {*each.attrs, *each.given, *each.columns}
    if not said:
        return
    ours = {"rank": "by.rank", "acting_rank": "by.acting_rank_s107", "role": "by.role"}
    for name, kind in vocabulary.kinds.items():
        if kind.derived:
            continue
        if name not in said:
            yield name
            continue
        named = {each: each for each in sorted(kind.own)} | ours
        yield from (f"{name}.{own}" for own, key in named.items() if key not in said[name])
