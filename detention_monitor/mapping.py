"""A first column map for a table nobody has mapped yet: guessed from its header and its values.

What is guessed is written with the ground for it, what is not is listed with what is near: the map
is a draft that a person finishes. A value that is not understood stands for "?", which is no word of
ours: its rows are set aside and told, never passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

import orjson

from detention_monitor.columns import KEYS
from detention_monitor.seencolumns import ColumnSeen, joined, name_words, together
from detention_monitor.text import printable
from detention_monitor.vocabulary import Attribute, Vocabulary

_TIME_FORMS = (
    "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%d-%b-%Y %H:%M",
    "%d-%b-%Y %H:%M:%S", "%d %b %Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%y %H:%M", "%Y%m%d%H%M",
    "%d-%m-%Y %H:%M", "%Y/%m/%d %H:%M",
)  # fmt: skip
_DATE_FORMS = ("%d/%m/%Y", "%Y-%m-%d", "%d-%b-%Y", "%d %b %Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%Y")
_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "entry id", "entry no", "entry number", "event id", "log no", "sequence", "seq", "line no"),
    "record": ("record", "custody record", "custody no", "custody number", "cr no", "cr number",
               "record no", "custody ref", "custody record number"),
    "kind": ("kind", "event", "event type", "entry type", "action", "activity", "log type", "event code"),
    "at": ("at", "when", "event time", "date time", "datetime", "time of event", "event date",
           "occurred at", "date and time", "action time"),
    "force": ("force", "force code", "force id"),
    "detention_id": ("detention id", "detention", "stay id", "custody episode"),
    "recorded_at": ("recorded at", "recorded", "entered at", "entered", "created", "created at",
                    "input time", "written at", "time entered"),
    "amends": ("amends", "corrects", "amended entry"),
    "withdraws": ("withdraws", "deletes", "withdrawn entry"),
    "by.id": ("by", "officer", "officer id", "collar no", "collar number", "user", "user id", "staff id",
              "warrant no", "shoulder no"),
    "by.rank": ("rank", "officer rank", "by rank"),
    "by.acting_rank_s107": ("acting rank",),
    "by.role": ("role", "officer role", "by role"),
    "dob": ("dob", "date of birth", "born", "birth date", "d o b"),
    "sex": ("sex", "gender"),
    "station": ("station", "custody suite", "suite", "site"),
}  # fmt: skip
"""What columns for our keys are called elsewhere, in lower case."""
_SHORT: Mapping[str, str] = {
    "pc": "constable", "dc": "constable", "ps": "sergeant", "ds": "sergeant", "sgt": "sergeant",
    "insp": "inspector", "di": "inspector", "ci": "chief inspector", "chinsp": "chief inspector",
    "dci": "chief inspector", "supt": "superintendent", "chsupt": "chief superintendent",
    "m": "male", "f": "female",
}  # fmt: skip
"""What is written short in custody records, and where it is one of our words, which."""
_YES_NO = frozenset({"true", "false", "yes", "no", "y", "n", "1", "0"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A first column map as YAML, and what was not understood, as lines for a person."""

    text: str
    told: tuple[str, ...]
    unread: Mapping[str, str]
    """By column that was not recognised: what stands in it, and what is near."""


def draft(columns: Sequence[ColumnSeen], vocabulary: Vocabulary, delimiter: str = ",") -> Draft:
    """Return a first map for a table with these columns."""
    chosen = dict(_chosen(columns, vocabulary))
    by_key = {key: column for column, key in chosen.items()}
    seen_by = {column.name: column for column in columns}
    told: list[str] = []
    several = dict(together(by_key, seen_by, columns, told))
    unread: dict[str, str] = {}
    lines = ["# A draft made from the header and the values: check every line before it is used.",
             "format: custody-map/1", "name: \"\"   # what the source is called"]  # fmt: skip
    if delimiter != ",":
        lines.append(f"delimiter: {_quoted(delimiter)}")
    times = [
        joined([seen_by[name] for name in several.get(key, (by_key[key],))])
        for key in ("at", "recorded_at")
        if key in by_key
    ]
    lines += _forms(times, seen_by.get(by_key.get("dob", "")), told)
    for part, is_key in (("columns", True), ("attrs", False)):
        listed = [(key, name) for name, key in chosen.items() if (key in KEYS) is is_key]
        if listed or is_key:
            lines.append(f"{part}:")
        lines += [f"  {key}: {_columns(several.get(key, (name,)))}" for key, name in listed]
    for key in ("id", "record", "kind", "at"):
        if key not in by_key:
            lines.append(f"  # {key}: ?   no column was recognised; every entry needs one")
            told.append(
                f"no column for '{key}' was recognised; every entry has id, record, kind and at"
            )
    if "kind" not in by_key:
        told.append(
            "if each row is a whole record, with a column for each time, list the entries it holds as "
            "docs/examples/one_row_a_record.map.yaml does"
        )
    lines += _values(chosen, seen_by, vocabulary, told)
    partners = {name for names in several.values() for name in names}
    for column in columns:
        if column.name not in chosen and column.name not in partners:
            near = _near(column.name, vocabulary)
            hint = f"; near: {', '.join(near)}" if near else ""
            unread[column.name] = f"{_shown(column)}{hint}"
            lines.append(
                f"# not read: {_quoted(printable(column.name, 80))} ({unread[column.name]})"
            )
    return Draft("\n".join(lines) + "\n", tuple(told), unread)


def _columns(names: Sequence[str]) -> str:
    listed = ", ".join(map(_quoted, names))
    return listed if len(names) == 1 else f"[{listed}]"


def _quoted(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z][A-Za-z0-9_ .]*[A-Za-z0-9]", text) and text.lower() not in (
        "yes", "no", "true", "false", "null", "on", "off",
    ) else orjson.dumps(text).decode()  # fmt: skip


def _chosen(columns: Sequence[ColumnSeen], vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Yield the columns that were recognised and what each is, every key once."""
    attributes = _attributes(vocabulary)
    taken: set[str] = set()
    listed = [(words, key) for key, names in _NAMES.items() for words in names] + [
        (name.replace("_", " "), name) for name in attributes
    ]
    for column in columns:
        said = name_words(column.name)
        key = next((key for words, key in listed if words == said and key not in taken), None)
        if key is None:
            near = get_close_matches(said, [words for words, _ in listed], n=1, cutoff=0.88)
            key = next(
                (k for words, k in listed if near and words == near[0] and k not in taken), None
            )
        if key is not None and _fits(column, attributes.get(key)):
            taken.add(key)
            yield column.name, key


def _attributes(vocabulary: Vocabulary) -> dict[str, Attribute]:
    return {
        name: kind.attributes[name]
        for kind in vocabulary.kinds.values() if not kind.derived
        for name in sorted(kind.own)
    }  # fmt: skip


def _fits(column: ColumnSeen, attribute: Attribute | None) -> bool:
    """Whether the values of a column can be those of an attribute at all."""
    values = column.values
    if attribute is None or not values:
        return True
    match attribute.type:
        case "yes_no":
            return all(value.lower() in _YES_NO for value in values)
        case "whole_number":
            return all(value.isdigit() for value in values)
        case _:
            return True


def _near(name: str, vocabulary: Vocabulary) -> list[str]:
    words = {words: key for key, names in _NAMES.items() for words in names}
    words |= {each.replace("_", " "): each for each in _attributes(vocabulary)}
    said = name_words(name)
    close = get_close_matches(said, [*words], n=3, cutoff=0.6)
    shared = [each for each in words if set(each.split()) & set(said.split()) and len(each) > 3]
    return [*dict.fromkeys(words[each] for each in [*close, *shared])][:3]


def _shown(column: ColumnSeen) -> str:
    samples = ", ".join(f"'{printable(each, 20)}'" for each, _ in column.values.most_common(3))
    return f"{column.filled:,} filled" + (f", such as {samples}" if samples else "")


# --- forms of times, and values ------------------------------------------------------------------


def _forms(times: Sequence[ColumnSeen], born: ColumnSeen | None, told: list[str]) -> Iterator[str]:
    values = [value for column in times for value in column.values]
    if values and not all(_is_rfc3339(value) for value in values):
        yield "zone: Europe/London   # of times without an offset"
        yield from _form("time_format", values, _TIME_FORMS, told)
    if born is not None and born.values:
        dates = [*born.values]
        if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", value) for value in dates):
            yield from _form("date_format", dates, _DATE_FORMS, told)


def _form(key: str, values: Sequence[str], forms: Sequence[str], told: list[str]) -> Iterator[str]:
    fits = [form for form in forms if all(_is_of_form(value, form) for value in values)]
    if fits:
        yield f'{key}: "{fits[0]}"   # as in {printable(values[0], 40)}'
        return
    told.append(f"no one form fits every time or date, such as '{printable(values[0], 40)}'")
    yield f"# {key}: ?   as in {printable(values[0], 40)}; see strftime"


def _is_of_form(value: str, form: str) -> bool:
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def _is_rfc3339(value: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)", value))


def _values(
    chosen: Mapping[str, str],
    seen_by: Mapping[str, ColumnSeen],
    vocabulary: Vocabulary,
    told: list[str],
) -> Iterator[str]:
    """Yield the part that says what each value stands for, where it is not our own word."""
    attributes = _attributes(vocabulary)
    common = vocabulary.common
    begun = False
    for name, key in chosen.items():
        words = _words_of(key, attributes, common, vocabulary)
        given = seen_by[name].values
        strange = {value: count for value, count in given.items() if words and value not in words}
        if not strange:
            continue
        if not begun:
            yield "values:"
            begun = True
        yield f"  {key}:"
        for value, count in sorted(strange.items(), key=lambda each: (-each[1], each[0])):
            word = _stands_for(value, words)
            if word:
                yield f"    {_quoted(value)}: {word}"
                continue
            close = get_close_matches(name_words(value).replace(" ", "_"), words, n=3, cutoff=0.5)
            near = f"near: {', '.join(close)}" if close else "nothing is near"
            yield f'    {_quoted(value)}: "?"   # {count:,} rows; {near}'
            told.append(f"{key}: '{printable(value, 60)}' in {count:,} rows; {near}")


def _stands_for(value: str, words: Sequence[str]) -> str:
    """Return the word that a value surely stands for, or nothing."""
    said = name_words(value)
    named = _SHORT.get(said.replace(" ", ""), said)
    return next((word for word in words if word.replace("_", " ") == named), "")


def _words_of(
    key: str,
    attributes: Mapping[str, Attribute],
    common: Mapping[str, Attribute],
    vocabulary: Vocabulary,
) -> list[str]:
    """Return the words that a column may hold; empty where any value will do."""
    if key == "kind":
        return [name for name, kind in vocabulary.kinds.items() if not kind.derived]
    if key in ("by.rank", "by.acting_rank_s107"):
        return [*common["rank"].values]
    if key == "by.role":
        return [*common["role"].values]
    if key in KEYS:
        return []
    return [*attributes[key].values]
