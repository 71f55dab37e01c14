"""The tests of a rule, told as examples: what happened, and what is found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from detention_monitor.rulemodel import RuleTest
from detention_monitor.wording import Wording, day_in_words, listed

_LINE = re.compile(r"(?:\+(\d+) )?([\d:]+) ([a-z_]+)(.*)", re.DOTALL)
_WHO = re.compile(r"(?: by ([a-z_]+)(?:/([a-z_]+))?)?(?: as ([a-z_]+))?(.*)", re.DOTALL)
_PAIR = re.compile(r"([a-z_0-9]+)=(?:\"([^\"]*)\"|(\S+))")
_USUAL_DAY = RuleTest.model_fields["on"].default
_USUAL_AGE = RuleTest.model_fields["age"].default


def retold(test: RuleTest, rule: str, wording: Wording) -> str:
    """Return a test as one paragraph; what other rules find stands after "also"."""
    entries = "; ".join(_entry(each, wording) for each in test.timeline)
    setting = listed([*_setting(test, wording)], "and")
    setting = f" ({setting})" if setting else ""
    mine = [_outcome(each, wording) for each in test.expect if _rule(each) == rule]
    also = [
        f"{_rule(each)} {_outcome(each, wording)}" for each in test.expect if _rule(each) != rule
    ]
    found = "; ".join(mine) or "nothing found"
    if also:
        found += f" (also: {'; '.join(also)})"
    return f"{test.name[0].upper()}{test.name[1:]}{setting}: {entries} -> {found}"


def _setting(test: RuleTest, wording: Wording) -> Iterator[str]:
    if test.age != _USUAL_AGE:
        yield f"age {test.age}"
    if test.on != _USUAL_DAY:
        yield f"on {day_in_words(test.on)}"
    if test.as_of is not None:
        yield f"judged at {_clock(test.as_of)}"
    for name, value in test.parameters.items():
        yield f"{name} set to {_plain(value)}"
    for suite, facts in test.suites.items():
        told = [f"{wording.name(name)} {_plain(value)}" for name, value in facts.items()]
        yield f"suite {suite}: {', '.join(told)}"


def _entry(line: str | Mapping[str, object], wording: Wording) -> str:
    if not isinstance(line, str):
        told = [f"{wording.name(name)} {_plain(value)}" for name, value in line.items()]
        return ", ".join(told)
    match = _LINE.fullmatch(line.strip())
    if match is None:
        return line
    day, clock, kind, rest = match.groups()
    who = _WHO.fullmatch(rest)
    assert who is not None  # every part of it may be absent
    rank, acting, role, attrs = who.groups()
    out = f"{_clock(f'+{day} {clock}' if day else clock)} {wording.name(kind)}"
    if rank:
        out += f" by {wording.name(rank)}"
    if acting:
        out += f" acting as {wording.name(acting)} (s.107)"
    if role:
        out += f" as {wording.name(role)}"
    said = [_said(name, quoted, plain, wording) for name, quoted, plain in _PAIR.findall(attrs)]
    return f"{out} ({', '.join(said)})" if said else out


def _said(name: str, quoted: str, plain: str, wording: Wording) -> str:
    meant = wording.yes_or_no(name)
    if meant is not None and plain in ("true", "false"):
        return meant.yes if plain == "true" else meant.no
    value = quoted or {"true": "yes", "false": "no"}.get(plain, wording.value(plain))
    return f"{wording.noun(name)}: {value}"


def _clock(text: str) -> str:
    """Return a time of a test for a reader.

    >>> _clock("+1 04:50"), _clock("+14 09:00"), _clock("13:00")
    ('next day 04:50', '14 days on 09:00', '13:00')
    """
    day, _, clock = text.rpartition(" ")
    if not day:
        return clock
    return f"next day {clock}" if day == "+1" else f"{day[1:]} days on {clock}"


def _rule(expected: str | Mapping[str, object]) -> str:
    return expected.split()[0] if isinstance(expected, str) else str(expected.get("rule"))


_NOUNS = {
    "due": "due time",
    "done": "act",
    "occurred": "time of it",
    "due_latest": "later due time",
}


def _outcome(expected: str | Mapping[str, object], wording: Wording) -> str:
    if isinstance(expected, str):
        return ", ".join(word.replace("_", " ") for word in expected.split()[1:])
    out = []
    for name, value in expected.items():
        if name in ("rule", "certainty") and value != "possible":
            continue
        if name in ("status", "severity", "certainty", "authority"):
            out.append(_plain(value))
        elif value is None:
            out.append("not late" if name == "minutes_late" else f"{_NOUNS.get(name, name)}: none")
        elif name == "minutes_late":
            out.append(f"{value} min late")
        else:
            told = _clock(str(value)) if re.search(r"\d\d:\d\d", str(value)) else _plain(value)
            out.append(f"{wording.name(name)} {told}")
    return ", ".join(out)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')} {_plain(each)}" for name, each in value.items())
    return str(value).replace("_", " ")
