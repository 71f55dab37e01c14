"""From raw objects to entries: every value checked against the vocabulary, every fault with a cure.

The form of an entry is the contract with whoever sends records (README, "Records"). Text stays
text: nothing in a record is ever read as markup, a template or code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from detention_monitor.entries import Actor, CustodyEvent, Value
from detention_monitor.errors import RecordError
from detention_monitor.times import is_zone, parse_duration, parse_instant
from detention_monitor.vocabulary import AFTER, Attribute, Coverage, Kind, Vocabulary
from detention_monitor.yamlfile import suggestion

_KEYS = (
    "id", "force", "record", "detention_id", "kind", "at", "recorded_at", "by", "amends",
    "withdraws", "attrs",
)  # fmt: skip
_KEY_SET = frozenset(_KEYS)
_REQUIRED = ("id", "record", "kind", "at")
_ACTOR_KEYS = ("id", "rank", "acting_rank_s107", "role")
_ACTOR_KEY_SET = frozenset(_ACTOR_KEYS)
_LONGEST_NAME = 200
_LONGEST_TEXT = 20_000
_COUNT = re.compile(r"[1-9][0-9]{0,3}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Source:
    """What a source says of itself: its name, the zone of its times, and what it does not carry.

    Ids are unique in a force and source; a file whose source has no name is a source of its own.
    """

    name: str = ""
    zone: str | None = None
    coverage: Coverage = field(default_factory=Coverage)
    file: str = ""

    @property
    def identity(self) -> str:
        """What tells this source from others."""
        return self.name or self.file

    @classmethod
    def declared(cls, raw: object, vocabulary: Vocabulary) -> Source:
        """Read a declaration: `{"name", "zone", "not_carried": [...]}`.

        What is not carried is a kind of entry, an attribute (`review_held.mode`), or those of a kind
        after the first so many of a record (`checked after 2`). Raises `RecordError` for an unknown
        key, zone, kind or attribute.
        """
        if not isinstance(raw, dict):
            raise RecordError('"source" must be an object: {"zone": ..., "not_carried": [...]}')
        _no_others(raw, ("name", "zone", "not_carried"), "source")
        zone = raw.get("zone")
        if zone is not None and not (isinstance(zone, str) and is_zone(zone)):
            raise RecordError(f"no time zone is called {zone!r}; write Europe/London")
        missing = raw.get("not_carried", [])
        if not isinstance(missing, list):
            raise RecordError('"not_carried" must be a list: ["aa_left", "review_held.mode"]')
        names = [str(each) for each in missing]
        for each in names:
            _is_known(each, vocabulary)
        name = str(raw.get("name", ""))[:_LONGEST_NAME]
        return cls(name, zone, Coverage.of_names(names))


def _is_known(name: str, vocabulary: Vocabulary) -> None:
    """Raise `RecordError` where nothing is called so that a source may leave out."""
    whole, after, number = name.partition(AFTER)
    kind, _, attribute = whole.partition(".")
    known = vocabulary.kinds.get(kind)
    if known is None:
        raise RecordError(f"no kind of entry is called '{kind}'{_near(kind, vocabulary)}")
    if attribute and attribute not in known.attributes:
        hint = suggestion(attribute, list(known.attributes))
        raise RecordError(f"'{kind}' has no attribute '{attribute}'{hint}")
    if after and (attribute or not _COUNT.fullmatch(number)):
        raise RecordError(
            f"'{name[:80]}' is not understood; of a kind that a record shows twice at most write "
            f"'{kind} after 2'"
        )


def _near(kind: str, vocabulary: Vocabulary) -> str:
    return suggestion(kind, [name for name, each in vocabulary.kinds.items() if not each.derived])


def _no_others(raw: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    for key in raw:
        if key not in known:
            hint = suggestion(str(key), known) or f"; known: {', '.join(known)}"
            raise RecordError(f"unknown key '{str(key)[:40]}' in {where}{hint}")


def entry_from(
    raw: object, vocabulary: Vocabulary, source: Source = Source(), origin: str = ""
) -> CustodyEvent:
    """Return the entry that a raw object stands for; raise `RecordError` with what is wrong.

    `origin` (file:line) is kept on the entry, so that reasons can point at it.
    """
    if not isinstance(raw, dict):
        raise RecordError("an entry must be a JSON object in braces")
    if not raw.keys() <= _KEY_SET:
        _no_others(raw, _KEYS, "the entry")
    if not all(map(raw.get, _REQUIRED)):
        _no_gap(raw)
    name = raw["kind"]
    kind = vocabulary.kinds.get(name) if type(name) is str else None
    if kind is None:
        name = _word(raw, "kind")
        raise RecordError(f"no kind of entry is called '{name}'{_near(name, vocabulary)}")
    if kind.derived:
        raise RecordError(f"'{name}' is worked out by the monitor and cannot be recorded")
    get = raw.get
    amends = None if get("amends") is None else _optional(raw, "amends")
    withdraws = None if get("withdraws") is None else _optional(raw, "withdraws")
    if amends and withdraws:
        raise RecordError("an entry amends another or withdraws it, not both")
    attrs, also_attrs = _attributes(raw.get("attrs"), kind, source.zone)
    own, record = _word(raw, "id"), _word(raw, "record")
    if not own or not record:
        raise RecordError(f"'{'record' if own else 'id'}' is blank; every entry has both")
    at = _instants(raw, "at", source.zone)
    written = raw.get("recorded_at")
    recorded = (
        () if written is None or written == "" else _instants(raw, "recorded_at", source.zone)
    )
    return CustodyEvent(
        own,
        record,
        name,
        at[0],
        None if get("force") is None else _optional(raw, "force"),
        None if get("detention_id") is None else _optional(raw, "detention_id"),
        recorded[-1] if recorded else None,
        _actor(raw.get("by"), vocabulary),
        amends,
        withdraws,
        attrs,
        raw["at"][:40],
        at[1:],
        origin,
        also_attrs,
    )


def _no_gap(raw: Mapping[str, Any]) -> None:
    for key in _REQUIRED:
        if raw.get(key) in (None, ""):
            raise RecordError(f"'{key}' is missing; every entry has id, record, kind and at")


def _attributes(
    given: object, kind: Kind, zone: str | None
) -> tuple[dict[str, Value], tuple[tuple[str, int], ...]]:
    """Return the attributes, and the later instant of each time that can mean two."""
    if given is None:
        return {}, ()
    if not isinstance(given, dict):
        raise RecordError("'attrs' must be an object of attributes")
    attrs: dict[str, Value] = {}
    also: tuple[tuple[str, int], ...] = ()
    for key, value in given.items():
        if key not in kind.own:
            hint = suggestion(str(key), sorted(kind.own))
            raise RecordError(f"'{kind.name}' has no attribute '{str(key)[:40]}'{hint}")
        if value is not None:
            attribute = kind.attributes[key]
            attrs[key] = _READ[attribute.type](attribute, value, zone)
            if zone is not None and attribute.type == "time":
                later = parse_instant(value, zone)[1:]
                also += tuple((key, each) for each in later)
    return attrs, also


def _word(raw: Mapping[str, Any], key: str) -> str:
    value = raw[key]
    if not isinstance(value, str):
        raise RecordError(f"'{key}' must be text in quotes, not {value!r:.40}")
    if len(value) > _LONGEST_NAME:
        raise RecordError(f"'{key}' has {len(value):,} characters; at most {_LONGEST_NAME}")
    if not value.isprintable() and _CONTROL.search(value):
        raise RecordError(f"'{key}' holds a control character: {value!r:.60}")
    return value.strip()  # blanks round a name would make it the name of something else


def _optional(raw: Mapping[str, Any], key: str) -> str | None:
    value = raw.get(key)
    return None if value is None or value == "" else _word(raw, key) or None


def _instants(raw: Mapping[str, Any], key: str, zone: str | None) -> tuple[int, ...]:
    try:
        return parse_instant(raw[key], zone)
    except (TypeError, ValueError) as error:
        _word(raw, key)  # what is wrong with it as a text comes first
        raise RecordError(f"{key}: {error}") from error


_NOBODY = Actor()


def _actor(raw: object, vocabulary: Vocabulary) -> Actor:
    if raw is None:
        return _NOBODY
    if not isinstance(raw, dict):
        raise RecordError('\'by\' must be an object: {"id": ..., "rank": ..., "role": ...}')
    known = vocabulary.common
    said = tuple(raw.items()), known["rank"].values, known["role"].values
    try:
        return _actor_of(*said)
    except TypeError:  # a list or an object among the values cannot be looked up
        return _actor_of.__wrapped__(*said)


@lru_cache(maxsize=4_096)
def _actor_of(
    said: tuple[tuple[str, object], ...], ranks: tuple[str, ...], roles: tuple[str, ...]
) -> Actor:
    """Return the person that `by` names: the same few hundred again and again."""
    raw = dict(said)
    if not raw.keys() <= _ACTOR_KEY_SET:
        _no_others(raw, _ACTOR_KEYS, "'by'")
    return Actor(
        _optional(raw, "id"),
        _known(raw, "rank", ranks),
        _known(raw, "acting_rank_s107", ranks),
        _known(raw, "role", roles),
    )


def _known(raw: Mapping[str, Any], key: str, values: tuple[str, ...]) -> str | None:
    value = _optional(raw, key)
    if value is not None and value not in values:
        raise RecordError(_not_one_of(f"by.{key}", value, values))
    return value


def _not_one_of(name: str, value: object, values: tuple[str, ...]) -> str:
    hint = suggestion(str(value), values) or f"; it can be {', '.join(values)}"
    return f"{name}: '{str(value)[:40]}' is not known here{hint}"


# --- values: times become seconds UTC, durations seconds -----------------------------------------


def _yes_no(attribute: Attribute, value: object, _zone: str | None) -> bool:
    if isinstance(value, bool):
        return value
    raise RecordError(f"{attribute.name} must be true or false, not {value!r:.40}")


def _one_of(attribute: Attribute, value: object, _zone: str | None) -> str:
    if value in attribute.values:
        return str(value)
    raise RecordError(_not_one_of(attribute.name, value, attribute.values))


def _whole_number(attribute: Attribute, value: object, _zone: str | None) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return value
    raise RecordError(f"{attribute.name} must be a whole number, not {value!r:.40}")


def _when(attribute: Attribute, value: object, zone: str | None) -> int | str:
    if not isinstance(value, str):
        raise RecordError(f"{attribute.name} must be text in quotes, not {value!r:.40}")
    try:
        if attribute.type == "duration":
            return parse_duration(value)
        if attribute.type == "time":
            return parse_instant(value, zone)[0]
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        cure = "" if attribute.type != "date" else f"'{value[:40]}' is not a date; write 2009-03-20"
        raise RecordError(f"{attribute.name}: {cure or error}") from error


def _texts(attribute: Attribute, value: object, zone: str | None) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(_text(attribute, each, zone) for each in value)
    raise RecordError(f"{attribute.name} must be a list of texts, not {value!r:.40}")


def _text(attribute: Attribute, value: object, _zone: str | None) -> str:
    name = attribute.name
    if not isinstance(value, str):
        raise RecordError(f"{name} must be text in quotes, not {value!r:.40}")
    if len(value) > _LONGEST_TEXT:
        raise RecordError(f"{name} has {len(value):,} characters; at most {_LONGEST_TEXT:,}")
    return value


_READ: Mapping[str, Callable[[Attribute, object, str | None], Value]] = {
    "yes_no": _yes_no,
    "enum": _one_of,
    "ordered": _one_of,
    "whole_number": _whole_number,
    "duration": _when,
    "time": _when,
    "date": _when,
    "list_of": _texts,
    "text": _text,
}
"""How the value of an attribute is checked, by its type."""
