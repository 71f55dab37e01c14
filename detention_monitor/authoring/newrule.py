"""`rules new`: a rule from a few answers, with the tests that every rule needs, ready to be filled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from textwrap import indent

from detention_monitor.rulemodel import RuleTest
from detention_monitor.times import parse_duration

TO_SAY = "What the law says, in one plain sentence of your own."
TO_DO = "What the inspector should have done now."
"""What stands in a new rule until its author fills it."""
_DAY_STARTS = 13 * 3600 + 10 * 60
"""The tests of a new rule begin at ten past one, when detention is authorised."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What an author said of a new rule; `happen` and `within` are of a duty only."""

    id: str
    duty: str
    title: str
    cite: str
    authority: str
    start: date
    severity: str
    who: str
    opens: str
    happen: str = ""
    within: str = ""


def rule_text(said: Answers) -> str:
    """Return the rule as YAML, to be put under `rules:` of a file."""
    lines = [
        f"- id: {said.id}",
        f"  duty: {said.duty or 'null'}",
        f"  title: {_quoted(said.title)}",
        f"  says: {_quoted(TO_SAY)}",
        f"  sources: [{{cite: {_quoted(said.cite)}, text_verified: false, number_verified: false}}]",
        f"  authority: {said.authority}",
        f"  in_force: {{from: {said.start}}}",
        "  child_by: code_c",
        f"  age_at: {'arising' if said.happen else 'act'}",
        f"  who: {_quoted(said.who)}",
    ]
    lines += _duty(said) if said.happen else _prohibition(said)
    lines += ["  tests:", *_tests(said)]
    return indent("\n".join(lines), "  ") + "\n"


def with_rule(file: str, rule: str) -> str:
    """Return the text of a rule file with one more rule, after the last of its `rules:`."""
    lines = file.rstrip().splitlines()
    keys = [n for n, line in enumerate(lines) if re.match(r"[a-z]+:", line)]
    begins = next((n for n in keys if lines[n].startswith("rules:")), None)
    if begins is None:
        return "\n".join((*lines, "", "rules:", rule))
    if lines[begins].split("#")[0].split() == ["rules:", "[]"]:
        lines[begins] = "rules:"
    end = next((n for n in keys if n > begins), len(lines))
    while end > begins + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1  # what stands above the next key belongs to it
    before, after = lines[:end], lines[end:]
    between = [] if end == begins + 1 else [""]
    return "\n".join((*before, *between, rule.rstrip(), *after)) + "\n"


def _duty(said: Answers) -> list[str]:
    within = f", within: {said.within}" if said.within else ""
    # "As soon as practicable" ends with the detention: an end without the act is the breach.
    moot = "released, bailed, moved_to_la, court_appearance, " if said.within else ""
    return [
        f"  arises_on: {said.opens}",
        f"  must: {{happen: {said.happen}{within}}}",
        f"  lapses_on: [{moot}age_transition]",
        f"  severity: {said.severity}",
        '  message: "Since {arose}; done: {done}."',
        f"  do: {_quoted(TO_DO)}",
        f"  clears: {_quoted(said.happen.replace('_', ' '))}",
    ]


def _prohibition(said: Answers) -> list[str]:
    return [
        f"  never: {{kind: {said.opens}}}   # add where: ..., while: ... or unless: ...",
        f"  severity: {said.severity}",
        '  message: "At {occurred}."',
        f"  do: {_quoted(TO_DO)}",
    ]


def _tests(said: Answers) -> list[str]:
    """Return tests to fill, of the first day of a rule that is not yet in force on the usual one."""
    lines = _timelines(said)
    if str(said.start) <= str(RuleTest.model_fields["on"].default):
        return lines
    dated = ((line, f"      on: {said.start}") if "- name:" in line else (line,) for line in lines)
    return [each for pair in dated for each in pair]


def _timelines(said: Answers) -> list[str]:
    begins = '"13:00 arrived", "13:10 detention_authorised"'
    in_custody = said.opens in ("detention_authorised", "child_in_detention")
    opens = "" if in_custody else f', "13:10 {said.opens}"'
    if not said.happen:
        return [
            "    - name: fires",
            f'      timeline: [{begins}, "14:00 {said.opens}"]',
            f"      expect: [{said.id} broken {said.severity}]",
            "    - name: stays silent where nothing is wrong",
            f'      timeline: [{begins}, "15:00 released"]',
            "      expect: []",
        ]
    if not said.within or said.within.startswith("$"):
        return [
            "    - name: never done",
            f'      timeline: [{begins}{opens}, "18:00 released"]',
            f"      expect: [{said.id} missed {said.severity}]",
            "    - name: done in good time",
            f'      timeline: [{begins}{opens}, "13:20 {said.happen}", "18:00 released"]',
            "      expect: []",
        ]
    due = _DAY_STARTS + parse_duration(said.within)
    end = f'"{_clock(due + 3600)} released"'
    return [
        "    - name: done at the last second",
        f'      timeline: [{begins}{opens}, "{_clock(due)} {said.happen}", {end}]',
        "      expect: []",
        "    - name: done a second late",
        f'      timeline: [{begins}{opens}, "{_clock(due + 1)} {said.happen}", {end}]',
        f"      expect: [{said.id} met_late {said.severity}]",
        "    - name: never done",
        f"      timeline: [{begins}{opens}, {end}]",
        f"      expect: [{said.id} missed {said.severity}]",
    ]


def _clock(seconds: int) -> str:
    days, rest = divmod(seconds, 24 * 3600)
    text = f"{rest // 3600:02d}:{rest // 60 % 60:02d}"
    text += f":{rest % 60:02d}" if rest % 60 else ""
    return f"+{days} {text}" if days else text


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
