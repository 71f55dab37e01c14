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
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detention_monitor.errors import Diagnostic, RecordError, RuleFileError
from detention_monitor.records import Source
from detention_monitor.text import in_a_cell
from detention_monitor.vocabulary import Vocabulary
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import read_yaml, suggestion

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

    @property
    def read(self) -> tuple[str, ...]:
        """Every column of the table that is read, once."""
        every = (*self.columns.values(), *self.attrs.values())
        return tuple(dict.fromkeys(name for names in every for name in names))


class ColumnMap:
    """A checked column map: rows in, raw entries out."""

    def __init__(self, file: MapFile, vocabulary: Vocabulary, source: Source) -> None:
        """Take a map whose names are known to be right."""
        self.file, self.source = file, source
        self._vocabulary = vocabulary

    @classmethod
    def load(cls, path: Path, vocabulary: Vocabulary) -> ColumnMap:
        """Read a map; raise `RuleFileError` with every unknown name and its place."""
        yaml = read_yaml(path)
        file = validated(yaml, MapFile)
        known = {name for kind in vocabulary.kinds.values() for name in kind.own}
        faults: list[Diagnostic] = []
        for part, allowed in (
            ("columns", KEYS), ("defaults", KEYS), ("attrs", tuple(known)),
            ("values", (*KEYS, *known)),
        ):  # fmt: skip
            for key in getattr(file, part):
                if key not in allowed:
                    line, column = yaml.key_place((part, key))
                    message = f"nothing is called '{key}' here{suggestion(key, allowed)}"
                    faults.append(Diagnostic(yaml.name, line, column, "unknown-name", message))
        given = {*file.columns, *file.defaults}
        for key in ("id", "record", "kind", "at"):
            if key not in given:
                message = f"no column for '{key}'; every entry has id, record, kind and at"
                faults.append(yaml.diagnostic(("columns",), "missing-column", message))
        try:
            declared = {"name": file.name, "zone": file.zone, "not_carried": [*file.not_carried]}
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

    def raw(self, row: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the raw entry of a row, or None for a kind that is passed over.

        Raises `RecordError` for a time or a yes/no that cannot be read.
        """
        if "" in row or None in row.values():
            raise RecordError("this row has more or fewer cells than there are columns")
        out: dict[str, Any] = {**self.file.defaults}
        for key, columns in self.file.columns.items():
            text = _text(row, columns, "-" if key in NAMES else " ")
            names = self.file.values.get(key, {})
            value = names.get(text, text)
            if value is None:
                return None
            if value:
                out[key] = self._time(value) if key in ("at", "recorded_at") else value
        by = {key[3:]: out.pop(key) for key in [*out] if key.startswith("by.")}
        kind = self._vocabulary.kinds.get(str(out.get("kind")))
        attrs: dict[str, Any] = {}
        for name, columns in self.file.attrs.items():
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
