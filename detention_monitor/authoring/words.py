"""Warnings about words that are not what their author sees or means.

A text cut short at a #, curly quotes that stay in it, and words of law that a changed number leaves behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from detention_monitor.errors import Diagnostic
from detention_monitor.parameters import LOCAL
from detention_monitor.rulefile import PARAMETERS, Part, RuleSet
from detention_monitor.rulemodel import Rule
from detention_monitor.yamlfile import Location, YamlFile, read_yaml

_CLOCK_OF = {
    "review_first": "review_clock",
    "review_next": "review_clock",
    "custody_limit": "custody_clock",
}
"""Numbers of law that rules read through a clock, not by name."""
_VISITS_OF = {"visit_hourly": "basis is hourly", "visit_half_hourly": "basis is half_hourly"}
"""Numbers of law that rules read in the visits that come due, by what these are asked for."""


def mistyped(parts: Iterable[Part]) -> Iterator[Diagnostic]:
    """Yield a warning for every text that YAML reads otherwise than it looks."""
    for part in parts:
        for location, text in _texts(part.yaml.data, ()):
            if location in part.yaml.styles:
                continue
            line, column = part.yaml.place(location)
            if text[0] in "“”„‟":
                message = "curly quotes are no quotes here and stay in the text; type straight ones"
                yield Diagnostic(part.yaml.name, line, column, "curly-quotes", message, "warning")
            whole = part.yaml.lines[line - 1] if line <= len(part.yaml.lines) else ""
            rest = whole[column - 1 + len(text) :]
            if whole.startswith(text, column - 1) and re.match(r"\s+#[^\s#]", rest):
                message = (
                    f"' #' begins a comment: only '{text[-40:]}' is read; put the text in quotes"
                )
                place = line, column + len(text) + rest.index("#")
                yield Diagnostic(part.yaml.name, *place, "cut-short", message, "warning")


def left_behind(ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Yield a warning for every number of law that changes on a day from which no rule has new words.

    The sentence of the law, and what of it was verified, would be printed for days they do not fit.
    """
    folder = ruleset.files[0].path.parent
    file: YamlFile | None = None
    for name, parameter in ruleset.parameters.declared.items():
        readers = [rule for rule in ruleset.rules if _reads(rule, name)]
        begun = {rule.in_force.start for rule in readers or ruleset.rules}
        for day in sorted(parameter.values)[1:] if parameter.authority not in LOCAL else ():
            if day not in begun:
                file = file or read_yaml(folder / PARAMETERS)
                place = file.key_place(("parameters", name, "values", day.isoformat()))
                message = (
                    f"the law changes here, and no rule has words for it: end the version of "
                    f"{_listed(sorted({each.id for each in readers}))} that says the old number, in_force: {{from: ..., to: {day}}}, "
                    f"and begin one with the new words and the same id from that day"
                )
                yield Diagnostic(file.name, *place, "words-left-behind", message, "warning")


def _reads(rule: Rule, name: str) -> bool:
    by = rule.must.by if rule.must is not None and rule.must.by else ""
    first = name == "review_first"
    begin = rule.arises_on
    if begin is not None and "visit_due" in begin.kind and begin.where == _VISITS_OF.get(name):
        return True
    if name in _CLOCK_OF and by.startswith(_CLOCK_OF[name]):
        begins = begin.where if begin is not None else ""
        return name == "custody_limit" or first == ("ordinal is 1 " in f"{begins} ")
    return f'"${name}"' in rule.model_dump_json(exclude={"tests"})


def _listed(names: list[str]) -> str:
    return " or ".join(names) or "the rule"


def _texts(data: object, location: Location) -> Iterator[tuple[Location, str]]:
    if isinstance(data, str) and data:
        yield location, data
    elif isinstance(data, dict):
        for name, each in data.items():
            yield from _texts(each, (*location, name))
    elif isinstance(data, list):
        for number, each in enumerate(data):
            yield from _texts(each, (*location, number))
