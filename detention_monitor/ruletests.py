"""Run the tests that stand beside the rules: a timeline in, the findings of that file out.

A line of a timeline reads as it would be told: `+1 04:50 review_held by sergeant as
custody_officer mode=in_person asleep=false` (the day after the first, ten to five).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from detention_monitor.assess import Assessment, Backend, assess, end_of
from detention_monitor.backends import backend_for
from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.findings import Finding
from detention_monitor.parameters import Dated, SuiteFact, number
from detention_monitor.records import entry_from
from detention_monitor.rulefile import LoadedFile, RuleSet, load_rules
from detention_monitor.rulemodel import Rule, RuleTest
from detention_monitor.times import at_local, day_of, local_naive, local_text, rfc3339
from detention_monitor.vocabulary import Vocabulary

UNLISTED = ("met", "lapsed", "open")
"""Findings that a test need not list: nothing is wrong and nothing is due soon."""
ENTRY = re.compile(
    r"(?P<at>(?:\+\d+ )?\d\d:\d\d(?::\d\d)?) (?P<kind>[a-z_]+)"
    r"(?: by (?P<rank>[a-z_]+)(?:/(?P<acting>[a-z_]+))?)?(?: as (?P<role>[a-z_]+))?"
    r"(?P<attrs>(?:\s+[a-z_0-9]+=(?:\"[^\"]*\"|\S+))*)\s*"
)
_ATTRIBUTE = re.compile(r"([a-z_0-9]+)=(?:\"([^\"]*)\"|(\S+))")
HIDDEN = re.compile(
    "[\xa0\xad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\U000e0000-\U000e007f]"
)
"""Characters that nobody can see, or that turn the direction of text."""
_LATEST_DAY = 400
"""Days after its first on which a test may still have an entry."""
_SAYS_AGE = (
    "arrived",
    "detention_authorised",
    "voluntary_interview_started",
    "taken_into_police_protection",
)
"""Kinds that can say how old the child is; the first of them in a test does."""
_CLOCK = re.compile(r"(?:\+(\d+) )?(\d\d):(\d\d)(?::(\d\d))?")
INSTANTS = {"due": "due_at", "due_latest": "due_at_latest", "done": "done_at",
             "occurred": "occurred_at", "arose": "arose_at"}  # fmt: skip
_PLAIN = ("status", "severity", "authority", "certainty", "minutes_late", "duty", "because_of")
EXPECTABLE = frozenset({"rule", *INSTANTS, *_PLAIN})
"""What a test may say of a finding that it expects."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test of a rule file, with the rules by which it is judged: those of its file alone."""

    file: str
    line: int
    rule: Rule | None
    test: RuleTest
    ruleset: RuleSet

    def fits(self, run: str) -> bool:
        """Whether a pattern is found in the rule, the test's name, or a rule that it expects.

        Capitals or not. Tests at the foot of a file stand beside no rule.
        """
        expected = " ".join(str(expected_of(each).get("rule", "")) for each in self.test.expect)
        named = f"{_id(self)} {self.test.name} {expected}"
        return re.search(run, named, re.IGNORECASE) is not None

    def entries(self) -> tuple[CustodyEvent, ...]:
        """Return the timeline as entries; raise `ValueError` where a line cannot be read."""
        return tuple(timeline(self.test, self.ruleset.vocabulary))

    def judged(
        self, backend: Backend, entries: tuple[CustodyEvent, ...] | None = None
    ) -> Assessment:
        """Return the assessment of the timeline, or of other entries, as the test asks for it."""
        detention = Detention("test", self.entries() if entries is None else entries)
        ruleset = _with_settings(self.ruleset, self.test)
        stated = self.test.as_of
        as_of = instant(self.test.on, stated) if stated else end_of(detention, ruleset)
        return assess(detention, ruleset, as_of, backend=backend)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one test went: its place (file:line), and what is wrong, empty when it passed."""

    file: str
    line: int
    name: str
    faults: tuple[str, ...]
    rule: str = ""


def run_tests(
    folder: Path, policy: Path | None = None, run: str = "", engine: str = "durable"
) -> Iterator[Outcome]:
    """Yield the outcome of every test of every rule file of a folder.

    Raises `RuleFileError` where the rules themselves cannot be used. Each file is judged with the
    derived facts of all files, and only its own rules. `run` is a pattern: only tests whose rule
    or name it is found in are run. `engine` is the back-end that judges, by its name.
    """
    for ruleset, found in cases(load_rules(folder, policy)):
        chosen = [each for each in found if each.fits(run)]
        backend = backend_for(engine, ruleset.plan) if chosen else None
        for case in chosen:
            assert backend is not None  # there is one wherever there is a case
            try:
                faults = tuple(_faults(case, backend))
            except (RecordError, ValueError, KeyError, ValidationError) as error:
                faults = (f"the test itself cannot be read: {error}",)
            yield Outcome(case.file, case.line, case.test.name, faults, _id(case))


def cases(whole: RuleSet) -> Iterator[tuple[RuleSet, list[Case]]]:
    """Yield for each file its own rules as a rule set, and its tests."""
    for file in whole.files:
        own = whole.only(file)
        found = []
        for rule, test, location in _tests(file):
            line, _ = file.yaml.place(location)
            found.append(Case(file.yaml.name, line, rule, test, own))
        yield own, found


def _id(case: Case) -> str:
    return case.rule.id if case.rule is not None else ""


def _tests(file: LoadedFile) -> Iterator[tuple[Rule | None, RuleTest, tuple[int | str, ...]]]:
    for number_, rule in enumerate(file.model.rules):
        for place, test in enumerate(rule.tests):
            yield rule, test, ("rules", number_, "tests", place)
    for place, test in enumerate(file.model.tests):
        yield None, test, ("tests", place)


def _faults(case: Case, backend: Backend) -> Iterator[str]:
    test, result = case.test, case.judged(backend)
    if result.refused:
        yield f"refused: {result.refused} ({result.refused_because})"
        return
    names = {rule.id for rule in case.ruleset.rules}
    found = [finding for finding in result.findings if finding.rule in names]
    shown: set[int] = set()
    for wanted in test.expect:
        expected = expected_of(wanted)
        unknown = set(expected) - EXPECTABLE
        if unknown:
            yield f"no such thing to expect: {', '.join(sorted(unknown))}"
            continue
        fits = [each for each in found if _matches(each, expected, test.on)]
        if fits:
            found.remove(fits[0])
        else:
            near = [each for each in found if each.rule == expected.get("rule")]
            shown |= {id(each) for each in near}
            told = [f"got       {_told(each, test.on)}" for each in near]
            got = "\n".join(told) or "got       nothing of that rule"
            yield f"expected  {_wanted(expected)}\n{got}"
    for finding in found:
        if finding.status not in UNLISTED and id(finding) not in shown:
            yield f"not expected: {_told(finding, test.on)}"


def _wanted(expected: Mapping[str, object]) -> str:
    named = {name: value for name, value in expected.items() if name not in ("rule", "status")}
    rest = ", ".join(f"{name} {value}" for name, value in named.items())
    return f"{expected.get('rule')} {expected.get('status', '')} ({rest})"


def _with_settings(ruleset: RuleSet, test: RuleTest) -> RuleSet:
    values = dict(ruleset.parameters.values)
    for name, value in test.parameters.items():
        unit = ruleset.parameters.declared[name].unit
        values[name] = (Dated(0, number(unit, value)),)
    suites = {
        name: (SuiteFact.model_validate({"from": "2000-01-01", **facts}),)
        for name, facts in test.suites.items()
    }
    return replace(ruleset, parameters=replace(ruleset.parameters, values=values, suites=suites))


def timeline(test: RuleTest, vocabulary: Vocabulary) -> Iterator[CustodyEvent]:
    """Yield the entries of a test; the first gets the child's date of birth if no age is given."""
    raws: list[dict[str, Any]] = [
        raw_entry(each, place, test.on, vocabulary) if isinstance(each, str) else dict(each)
        for place, each in enumerate(test.timeline, start=1)
    ]
    given = any({"dob", "age_recorded", "treated_as"} & {*raw.get("attrs", {})} for raw in raws)
    aged = next((raw for raw in raws if raw["kind"] in _SAYS_AGE), None)
    if aged is not None and (not given or "treated_as" in aged["attrs"]):
        aged["attrs"].setdefault("dob", f"{test.on.year - test.age:04d}-01-01")
    for raw in raws:
        yield entry_from(raw, vocabulary)


def raw_entry(text: str, place: int, day: date, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return one line of a timeline as a record would give it; raise `ValueError` with the cure."""
    match = ENTRY.fullmatch(text.strip())
    if match is None and (hidden := HIDDEN.search(text)):
        raise ValueError(f"a character that nobody can see (U+{ord(hidden[0]):04X}); take it out")
    if match is None:
        raise ValueError(f"'{text}' is not an entry; write '13:10 review_held by inspector x=y'")
    kind = vocabulary.kinds.get(match["kind"])
    attrs: dict[str, Any] = {}
    raw: dict[str, Any] = {
        "id": f"e{place}", "record": "test", "kind": match["kind"],
        "at": rfc3339(instant(day, match["at"])), "attrs": attrs,
        "by": {"rank": match["rank"], "acting_rank_s107": match["acting"], "role": match["role"]},
    }  # fmt: skip
    for name, quoted, plain in _ATTRIBUTE.findall(match["attrs"]):
        if name in ("amends", "withdraws"):
            raw[name] = plain
        elif name == "recorded_at":
            raw[name] = rfc3339(instant(day, plain))
        else:
            declared = kind.attributes.get(name) if kind else None
            type_ = declared.type if declared else "text"
            on_a_day = type_ == "time" and _CLOCK.fullmatch(quoted)  # "+1 22:00" needs its quotes
            attrs[name] = quoted if quoted and not on_a_day else _typed(quoted or plain, type_, day)
    return raw


def _typed(text: str, kind: str, day: date) -> object:
    if kind == "yes_no" and text in ("true", "false"):
        return text == "true"
    if kind == "whole_number" and text.isdigit():
        return int(text)
    return rfc3339(instant(day, text)) if kind == "time" else text


def instant(day: date, text: str) -> int:
    """Return the instant of a time of a test, such as `+1 04:50`, counted from its first day.

    >>> instant(date(2024, 6, 10), "+1 04:50") - instant(date(2024, 6, 10), "04:50")
    86400
    """
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is not a time of a test; write 04:50 or '+1 04:50'")
    days, hours, minutes, seconds = (int((part or "0")[:9]) for part in match.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"'{text}' is no time of day; the next day is written '+1 01:40'")
    if days > _LATEST_DAY or not 1970 <= day.year <= 2090:
        raise ValueError(f"'{text}' on {day} is not a time that a record may have")
    return at_local(day + timedelta(days=days), hours * 3600 + minutes * 60 + seconds)


def time_of_test(day: date, at: int) -> str:
    """Return an instant as a test writes it; one before its first day with its date.

    >>> time_of_test(date(2024, 6, 10), instant(date(2024, 6, 10), "+1 04:50:01"))
    '+1 04:50:01'
    """
    clock, days = local_naive(at)[11:19].removesuffix(":00"), (day_of(at) - day).days
    if days < 0:
        return local_text(at)
    return f"+{days} {clock}" if days else clock


def expected_of(wanted: str | dict[str, object]) -> dict[str, object]:
    """Return what a test expects of one finding, by name; raise `ValueError` for a single word."""
    if isinstance(wanted, dict):
        return {"certainty": "established", **wanted}
    rule, status, *rest = wanted.split()
    out: dict[str, object] = {"rule": rule, "status": status, "certainty": "established"}
    for word in rest:
        out["certainty" if word == "possible" else "severity"] = word
    return out


def _matches(finding: Finding, expected: Mapping[str, object], day: date) -> bool:
    if finding.rule != expected.get("rule"):
        return False
    plain = all(getattr(finding, name) == expected[name] for name in _PLAIN if name in expected)
    return plain and all(
        getattr(finding, field)
        == (None if expected[name] is None else instant(day, str(expected[name])))
        for name, field in INSTANTS.items()
        if name in expected
    )


def _told(finding: Finding, day: date) -> str:
    instants: Sequence[str] = [
        f"{name} {time_of_test(day, at)}"
        for name, field in INSTANTS.items()
        if (at := getattr(finding, field)) is not None
    ]
    late = "" if finding.minutes_late is None else f", {finding.minutes_late} min late"
    return (
        f"{finding.rule} {finding.status} {finding.severity} {finding.certainty} "
        f"({finding.authority}; {', '.join(instants)}{late})"
    )
