"""The checklist of a record: every duty of the catalogue, so that nothing is silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap

from detention_monitor.assess import Assessment
from detention_monitor.catalogue import load_catalogue, section_of
from detention_monitor.conditions import Both, Condition, Either, Not, Test, parse, tests
from detention_monitor.findings import QUIET, Finding
from detention_monitor.patterns import untold
from detention_monitor.people import is_police_protection
from detention_monitor.plan import RULES, Stratum
from detention_monitor.reference import UNKNOWN, ReferenceBackend
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule
from detention_monitor.text import printable
from detention_monitor.times import in_words, local_text
from detention_monitor.watches import Opens, Selection, watches_of
from detention_monitor.wording import Wording, listed

WIDTH = 100
_LABEL = 14
LABELS = {
    "missed": "not done",
    "overdue": "not done",
    "broken": "not kept",
    "matched": "not kept",
    "not_recorded": "not recorded",
    "met_late": "done late",
    "cannot_tell": "cannot tell",
    "due_soon": "not due yet",
    "open": "not due yet",
    "excused": "excused",
    "met": "done",
    "lapsed": "fell away",
}
"""What each status is called here, the one that decides first."""
_ORDER = tuple(LABELS)
_FOOT = (
    "(not arisen: no entry shows that it did; whether something went unrecorded is for a person)"
)
_PLAIN = ("met", "lapsed", "open", "excused", "due_soon")
_BEGINNINGS = ("never", "among", "step0")
"""The openings by which a prohibition, a count and a sequence concern a record."""
_ALWAYS_ASKED = ("age_conflict", "rest_lost")
"""Kinds that exist only where something is wrong, and are looked for in every record."""
_WRITTEN_LATE = "entry_written_late"
"""One more, which can be looked for only where entries say when they were written."""
_OF_WHOM = ("sex", "detention_basis")
"""What a condition says of the child rather than of the act: of others the rule does not speak."""


@dataclass(slots=True)
class _Asked:
    """What rules without a finding came to: whether one concerned the record, and what was blank."""

    concerned: bool = False
    blank: set[str] = field(default_factory=set)


class Checklist:
    """Tells of each duty of the catalogue how it stands in a record, by one line or two."""

    def __init__(self, ruleset: RuleSet, folder: Path) -> None:
        self._ruleset = ruleset
        self._catalogue = load_catalogue(folder)
        self._wording = Wording.load(folder)
        self._backend = ReferenceBackend(ruleset.plan)
        self._rules: dict[str, list[tuple[int, Rule]]] = {}
        for place, subject in enumerate(ruleset.plan.subjects):
            if isinstance(subject, Rule) and subject.duty is not None:
                self._rules.setdefault(subject.duty, []).append((place, subject))

    def of(self, result: Assessment) -> str:
        """Return the checklist of an assessed record, 100 columns wide."""
        records = printable(", ".join(result.records))
        at = local_text(result.as_of)
        lines = [f"{records}  checklist of duties as of {at}"]
        folded: dict[tuple[str, str], list[str]] = {}
        for name in self._catalogue.duties:
            state, detail = self.standing(name, result)
            if detail is None:
                folded.setdefault((state, section_of(name)), []).append(name)
            else:
                lines += self._lines(name, state, detail)
        for (state, _), names in sorted(folded.items()):
            lines += _hung(state, ", ".join(names))
        if any(state == "not arisen" for state, _ in folded):
            lines.append(f"  {_FOOT}")
        beside = [
            each for each in result.findings if each.duty is None and each.status not in QUIET
        ]
        if beside:
            titles = [printable(each.title) for each in beside]
            lines += _hung("the record", "; ".join(dict.fromkeys(titles)))
        return "\n".join(lines) + "\n"

    def _lines(self, name: str, state: str, detail: str) -> Iterator[str]:
        duty = self._catalogue.duties[name]
        if state == "for a person":
            yield from _hung(state, f"{name:<5}{duty.title}: {duty.person}")
            return
        yield from _hung(state, f"{name:<5}{duty.title}" + (f": {detail}" if detail else ""))
        if duty.person:
            yield from _hung("", f"     for a person: {duty.person}")

    def standing(self, name: str, result: Assessment) -> tuple[str, str | None]:
        """Return the label of a duty and what to add; nothing to add means it is folded.

        A label is one of `LABELS`, or "nothing found", "not arisen", "switched off", "for a person".
        """
        rules = self._rules.get(name, [])
        found = [each for each in result.findings if each.duty == name]
        asked = self._asked(rules, result)
        if found:
            return self._of_findings(found, asked)
        if not rules:
            # A child in police protection is not in police detention: only section F is about them.
            outside = is_police_protection(result.facts) and section_of(name) != "F"
            return ("not arisen", None) if outside else ("for a person", "")
        if asked.blank:
            return "cannot tell", self._blank(asked)
        if asked.concerned:
            return "nothing found", ""
        if all(self._is_off(rule, result) for _, rule in rules):
            return "switched off", None
        if any(each.rule == "EARLIER_RECORD_ABSENT" for each in result.findings):
            return "cannot tell", None
        return "not arisen", None

    def _of_findings(self, found: Sequence[Finding], asked: _Asked) -> tuple[str, str]:
        if all(each.nature == "good_practice" for each in found):
            return "done", "found"
        concerns = [each for each in found if each.nature == "concern"]
        state = LABELS[min((each.status for each in concerns), key=_ORDER.index)]
        if state in ("done", "fell away", "excused") and asked.blank:
            return "cannot tell", self._blank(asked)
        told = [_told(each) for each in concerns if each.status not in _PLAIN]
        return state, "; ".join(dict.fromkeys(told))

    def _blank(self, asked: _Asked) -> str:
        return f"left blank: {listed([self._wording.noun(each) for each in sorted(asked.blank)])}"

    def _is_off(self, rule: Rule, result: Assessment) -> bool:
        switch = rule.only_if
        return switch is not None and not self._ruleset.parameters.value(switch[1:], result.as_of)

    def _asked(self, rules: Sequence[tuple[int, Rule]], result: Assessment) -> _Asked:
        """Return whether rules that find only what is wrong had anything to look at here."""
        out = _Asked()
        for place, rule in rules:
            if self._is_off(rule, result):
                continue
            for watch in watches_of(place, rule):
                if isinstance(watch, Opens) and watch.role in _BEGINNINGS:
                    out.concerned |= bool(set(watch.select.kinds) & set(_ALWAYS_ASKED))
                    if _WRITTEN_LATE in watch.select.kinds:
                        written = any("recorded_at" in fact.attrs for fact in result.facts)
                        out.concerned |= written
                        out.blank |= set() if written else {"recorded_at"}
                    out.concerned |= bool(self._opened(watch, result, whole=False))
                    if rule.never is not None and rule.when_unknown.status == "silent":
                        out.blank |= self._unknown(watch, rule, result)
        return out

    def _opened(self, watch: Opens, result: Assessment, *, whole: bool) -> dict[int, int]:
        """Return the facts that a rule looks at: `whole`, or whether they are right or wrong.

        Then of its condition only what it says of the child counts, and no state that allows.
        """
        select = watch.select
        if not whole and watch.role == "never":
            said = _of_whom(select.condition)
            select = Selection(select.kinds, said, select.during, (), select.start, select.end)
        alone = Stratum(RULES, (Opens(watch.subject, watch.role, select),), ())
        found = self._backend.run(alone, result.facts, result.intervals)
        return found.opened.get((watch.subject, watch.role), {})

    def _unknown(self, watch: Opens, rule: Rule, result: Assessment) -> set[str]:
        """Return what is blank where a rule says nothing of an act because it cannot know."""
        where = rule.never.where if rule.never is not None else ""
        compared = {
            part
            for test in (tests(parse(where)) if where else ())
            if test.operator not in ("missing", "exists")
            for part in self._ruleset.plan.marks.get(test.attribute, {test.attribute})
        }
        return {
            part
            for place, certainty in self._opened(watch, result, whole=True).items()
            if certainty == UNKNOWN
            for part in compared
            if result.facts[place].attrs.get(part) in (None, "", ())
        }


def _of_whom(condition: Condition) -> Condition:
    """Return a condition in which whatever is asked of the act itself is left unknown."""
    match condition:
        case Test(attribute) if attribute not in _OF_WHOM:
            return Test("", "is", ("",))  # an attribute that nothing has
        case Not(part):
            return Not(_of_whom(part))
        case Both(parts):
            return Both(tuple(map(_of_whom, parts)))
        case Either(parts):
            return Either(tuple(map(_of_whom, parts)))
        case _:
            return condition


def _told(finding: Finding) -> str:
    """Return how a duty was not done, in a few words."""
    words = [finding.status.replace("_", " ")]
    if finding.minutes_late:
        words[0] = f"{words[0]} by {in_words(finding.minutes_late * 60)}"
    if finding.status == "cannot_tell":
        return printable(untold(finding.message))
    words.append(finding.severity)
    if finding.authority in ("policy", "quality"):
        words.append(f"{finding.authority}, not law")
    if finding.certainty == "possible":
        words.append("possible")
    return f"{printable(finding.title)} ({', '.join(words)})"


def _hung(label: str, text: str) -> Iterator[str]:
    """Yield a line that begins with its label, and its continuation under the title."""
    first, *rest = wrap(text, WIDTH - _LABEL - 2, subsequent_indent=" " * 5, break_on_hyphens=False)
    lead = f"  {label:<{_LABEL}}"
    indent = "     " if text.startswith("     ") else ""
    yield f"{lead}{indent}{first.strip() if indent else first}".rstrip()
    yield from (" " * (_LABEL + 2) + line for line in rest)
