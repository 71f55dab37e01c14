"""One rule in plain English, from its file: every field that says something is said.

`tests/test_rulebook.py` walks the rule model and fails for a field that is not told here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detention_monitor.asking import GIVES_NONE
from detention_monitor.conditions import parse
from detention_monitor.duties.steps import lateness
from detention_monitor.meaning import three_valued
from detention_monitor.people import CODE_AGE, PACE_AGE, PACE_OTHER_AGE
from detention_monitor.retold import retold
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import (
    CountGrade,
    Grade,
    Must,
    Rule,
    RuleTest,
    Selector,
    Source,
    Step,
    Verified,
)
from detention_monitor.speaking import Speaker, is_plain
from detention_monitor.terms import deadline_attribute
from detention_monitor.times import day_of, in_words, parse_duration
from detention_monitor.wording import Wording, day_in_words, listed

AUTHORITIES = {
    "statute": "statute (an Act or regulations)",
    "code": "code (a numbered paragraph of PACE Code C)",
    "annex": "annex (an annex to Code C, which is part of the Code)",
    "note": "note (a Note for Guidance; it guides and is not part of Code C)",
    "policy": "policy (a local target, not law)",
    "quality": "quality (good practice or our own measure, not law)",
}
BRIEF = {"note": "guidance", "policy": "policy, not law", "quality": "quality, not law"}
_AGE_AT = {
    "arising": "when the duty arises",
    "act": "at the act",
    "decision": "at the custody officer's decision to detain after charge",
    "request": "at the request",
    "arrival": "on arrival",
    "consent": "at the consent",
    "none": "not tested: the rule holds for anyone who is judged here",
}
_CHILD_BY = {
    "code_c": f"a child by Code C (under 18; before {day_in_words(CODE_AGE)} under 17)",
    "pace_part_iv": f"a child by Part IV of PACE (under 18; before {day_in_words(PACE_AGE)} under 17)",
    "pace_other": (
        f"a child by the rest of PACE (under 18; before {day_in_words(PACE_OTHER_AGE)} under 17)"
    ),
    "children_act": "a child by the Children Act 1989 (under 18)",
}
_FINDS = {
    "broken": "Must not happen",
    "matched": "Is reported",
    "not_recorded": "Is a gap in the record",
}
_FINDS_OF_DUTY = {
    "broken": "broken: what must not happen",
    "matched": "matched: is reported",
    "not_recorded": "not recorded: a gap in the record",
}
_UNKNOWN = {
    "possible": "it is found all the same, as possible",
    "not_recorded": "it is found as not recorded",
    "cannot_tell": "it cannot be told, and that is said",
    "silent": "nothing is found",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A labelled part of a rule's text; several texts are a list."""

    label: str
    texts: tuple[str, ...]


class RuleText:
    """Tells the rules of a rule set, one by one."""

    def __init__(self, ruleset: RuleSet, wording: Wording) -> None:
        self.ruleset, self.wording = ruleset, wording
        self.speaker = Speaker(wording, ruleset.plan.attributes, ruleset.plan.marks)

    def items(self, rule: Rule) -> Iterator[Item]:
        """Yield what there is to say of a rule, in the order in which a person asks."""
        if rule.says:
            yield Item("The law says", (rule.says,))
        match rule.shape:
            case "duty":
                yield from self._duty(rule)
            case "prohibition":
                yield from self._prohibition(rule)
            case "count":
                yield from self._count(rule)
            case "sequence":
                yield from self._sequence(rule)
        yield Item("By whom", (rule.who,))
        yield from self._weight(rule)
        yield from self._scope(rule)
        yield Item("Law", tuple(_source(each) for each in rule.sources))
        yield Item("Authority", (AUTHORITIES[rule.authority],))
        yield Item("Message", (rule.message,))
        if rule.do:
            yield Item("What to do", (rule.do,))
        if rule.clears:
            yield Item("Cleared by", (rule.clears,))
        if rule.measures:
            told = [
                f"{self.wording.name(name)}: minutes from '{self.wording.name(kind)}' to the act"
                for name, kind in rule.measures.items()
            ]
            yield Item("Also measured", tuple(told))
        if rule.because_of:
            titles = {each.id: each.title for each in self.ruleset.rules}
            causes = [f"{each} ({titles.get(each, 'another rule')})" for each in rule.because_of]
            yield Item("Follows from", tuple(causes))
        yield Item("Rule file", (self.ruleset.place(rule),))
        examples = [retold(each, rule.id, self.wording) for each in self.examples(rule)]
        if examples:
            yield Item("Examples", tuple(examples))

    def examples(self, rule: Rule) -> list[RuleTest]:
        """Return the tests of a rule: its own, and those of its file that expect it."""
        out = [*rule.tests]
        for file in self.ruleset.files:
            if any(rule is each for each in file.model.rules):
                out += [test for test in file.model.tests if _expects(test, rule.id)]
        return out

    # --- the four shapes -----------------------------------------------------------------------

    def _duty(self, rule: Rule) -> Iterator[Item]:
        must, say = rule.must, self.speaker
        assert must is not None  # a duty has both
        assert rule.arises_on is not None
        yield Item("Arises with", (say.selector(rule.arises_on),))
        act = say.entries(must.happen, must.where, must.during, must.unless, must.same)
        yield Item("Must happen", (act,))
        if must.doubted_where:
            doubt = say.condition(must.doubted_where, must.happen)
            yield Item("Doubtful", (f"Only possibly done where {doubt}.",))
        if rule.already_since:
            since = self.wording.quoted(rule.already_since)
            yield Item("Done before", (f"counts too, if not earlier than the last {since}",))
        yield Item("By when", (self._by_when(rule, must),))
        if must.asks_after:
            yield Item("Found as", (_FINDS_OF_DUTY[rule.finds],))
        if must.after:
            yield Item("Counted from", (f"the first of {say.any_of(must.after)}",))
        if rule.pauses_while:
            yield Item("Clock stops", (f"while '{self.wording.name(rule.pauses_while)}' holds",))
        if rule.grades == "by_lateness":
            yield Item("If late", tuple(_lateness(rule)))
        elif rule.grades:
            yield Item("If not done", tuple(self._grade(each) for each in rule.grades))
        if rule.warn:
            warned = listed([self.span(each) for each in rule.warn], "and")
            yield Item("Due soon", (f"shown {warned} before",))
        for label, selectors in (
            ("Excused by", rule.excused_by),
            ("Made milder by", rule.mitigated_by),
            ("Only possible by", rule.doubted_by),
            ("Falls away on", rule.lapses_on),
        ):
            if selectors and all(is_plain(each) for each in selectors):
                yield Item(label, (say.any_of(selectors),))
            elif selectors:
                yield Item(label, tuple(say.selector(each) for each in selectors))
        if rule.needs_time:
            few = f"A miss is only possible if custody ended within {self.span(rule.needs_time)}."
            yield Item("Needs time", (few,))
        if rule.outlasts_detention:
            yield Item("Outlasts", ("The duty goes on after police detention has ended.",))
        if rule.excused_late:
            late = "The excuse counts even if it is entered after the duty was due."
            yield Item("Excused late", (late,))
        yield from self._blanks_of_duty(rule, must)

    def _by_when(self, rule: Rule, must: Must) -> str:
        if must.within is not None:
            start = "that" if must.after else "it arises"
            return f"within {self.span(must.within)} after {start}"
        if must.asks_after is not None:
            line = self.span(must.asks_after)
            return (
                f"{GIVES_NONE[rule.authority]}: a person is asked "
                f"if it is not done {line} after it arises, a local line"
            )
        if must.by is not None:
            attribute = deadline_attribute(must.by) or must.by
            given = f"at the time that the entry gives as '{self.wording.noun(attribute)}'"
            return self._clock(must.by) or given
        if must.before:
            return f"before {self.wording.quoted(must.before)}, whichever is entered first"
        if must.before_local is not None:
            return f"before the next {must.before_local} (local time)"
        if rule.grades:
            return "as soon as practicable; the steps below are counted from when it arises"
        return "as soon as practicable: missed if detention ends without it"

    def _clock(self, by: str) -> str:
        """Return when a clock of the monitor runs out; nothing for another deadline."""
        not_counted = "hospital for treatment, and bail, are not counted"
        match by:
            case "review_clock.due":
                first, later = self.span("$review_first"), self.span("$review_next")
                return (
                    f"when the review clock runs out: {first} from the first authority to detain, "
                    f"then {later} from review to review; {not_counted}"
                )
            case "custody_clock.due":
                limit = self.span("$custody_limit")
                return (
                    f"when the custody clock runs out: {limit} from the relevant time, or the end "
                    f"of an extension or warrant; {not_counted}"
                )
            case "court_clock.due":
                return (
                    "when the court clock runs out: on the day of the first sitting after charge "
                    "where the record gives it, else on the next day that is no Sunday, Christmas "
                    "Day or Good Friday"
                )
            case "sample_clock.due":
                return "when the sample clock runs out: six hours after the charge"
        return ""

    def _grade(self, grade: Grade) -> str:
        start = f"on {self.wording.quoted(grade.on)}"
        if grade.at is not None:
            start = f"after {self.span(grade.at)}"
        return f"{_name(grade.name)}, {start}: {grade.severity} ({_brief(grade.authority)})"

    def _blanks_of_duty(self, rule: Rule, must: Must) -> Iterator[Item]:
        told = []
        if rule.arises_on is not None and self._can_be_blank(
            rule.arises_on.where, rule.arises_on.kind
        ):
            told.append("If what is asked of the beginning is blank, the duty may have arisen.")
        if self._can_be_blank(must.where, must.happen):
            told.append("If what is asked of the act is blank, it counts as done.")
        if told:
            yield Item("If left blank", (f"{' '.join(told)} The finding is then only possible.",))

    def _prohibition(self, rule: Rule) -> Iterator[Item]:
        never = rule.never
        assert never is not None  # this shape has it
        yield Item(_FINDS[rule.finds], (self.speaker.selector(never),))
        for each in rule.raised:
            when = Selector(
                kind=never.kind, where=each.where, during=each.during, unless=each.unless
            )
            told = self.speaker.selector(when)
            yield Item("Graded instead", (f"{each.severity}: {told}",))
        if self._can_be_blank(never.where, never.kind):
            unknown = rule.when_unknown
            grave = f" ({unknown.severity})" if unknown.severity else ""
            text = f"If what is asked is blank, {_UNKNOWN[unknown.status]}{grave}."
            yield Item("If left blank", (text,))
        if rule.cannot_tell_without:
            nouns = [self.wording.noun(each) for each in rule.cannot_tell_without]
            text = f"It cannot be told if the {listed(nouns)} is not recorded."
            yield Item("Cannot tell", (text,))

    def _count(self, rule: Rule) -> Iterator[Item]:
        counts = rule.counts
        assert counts is not None  # this shape has it
        yield Item("Counts", (self.speaker.selector(counts.of),))
        yield Item("Among", (self.speaker.selector(counts.among),))
        label = _FINDS["not_recorded"] if rule.finds == "not_recorded" else _FINDS["matched"]
        yield Item(label, tuple(_count_grade(each) for each in counts.grades))

    def _sequence(self, rule: Rule) -> Iterator[Item]:
        sequence = rule.sequence
        assert sequence is not None  # this shape has it
        yield Item("First", (self.speaker.selector(sequence.first),))
        for step in sequence.steps:
            yield Item("Then", (self._step(step),))
        if sequence.without is not None:
            yield Item("And not then", (self._step(sequence.without),))

    def _step(self, step: Step) -> str:
        out = self.speaker.entries(step.then, step.where, same=step.same)
        if step.within is not None:
            out += f", within {self.span(step.within)} of the step before"
        if step.after is not None:
            out += f", more than {self.span(step.after)} after the step before"
        return out

    def _can_be_blank(self, where: str, kinds: Sequence[str]) -> bool:
        """Whether a condition can be unknown, because something that it compares is blank."""
        attributes = self.ruleset.plan.attributes
        return bool(where) and any(
            three_valued(parse(where), attributes[kind]).unknown for kind in kinds
        )

    # --- what all rules have -------------------------------------------------------------------

    def _weight(self, rule: Rule) -> Iterator[Item]:
        text: str = rule.severity
        if rule.nature == "good_practice":
            text = f"{rule.severity}, good practice: praised, never set against a concern"
        elif rule.shape == "count" or rule.grades:
            text = f"{rule.severity}, unless a step above says otherwise"
        yield Item("Severity", (text,))
        if rule.certainty == "possible":
            text = "Every finding of this rule is only possible: a person must judge."
            yield Item("Certainty", (text,))

    def _scope(self, rule: Rule) -> Iterator[Item]:
        start = day_in_words(rule.in_force.start)
        text = f"from {start}"
        if rule.in_force.to is not None:
            text += f" until {day_in_words(rule.in_force.to)}, not including that day"
        yield Item("In force", (text,))
        if rule.only_if is not None:
            name = self.wording.name(rule.only_if[1:])
            yield Item("Only if", (f"the force has '{name}' switched on",))
        age = _AGE_AT[rule.age_at]
        if rule.child_by is not None:
            age = f"{_CHILD_BY[rule.child_by]}, tested {age}"
        elif rule.age_at != "none":
            age = f"tested {age}, by the facts in quotes above"
        yield Item("Age", (age,))
        if rule.relies_on:
            kinds = self.wording.quoted(rule.relies_on)
            text = f"It cannot be told from a source that does not carry {kinds}."
            yield Item("Needs", (text,))

    def span(self, text: str) -> str:
        """Return a duration of a rule in words, with the name of the parameter it comes from."""
        if not text.startswith("$"):
            return in_words(parse_duration(text))
        name = text[1:]
        first, *later = self.ruleset.parameters.values[name]
        # A number that is still to come is never told as that of today.
        dated = [
            f"{in_words(each.value)} from {day_in_words(day_of(each.start))}" for each in later
        ]
        return f"{in_words(first.value)} ({'; '.join([*dated, name])})"


def _source(source: Source) -> str:
    text, number = source.text_verified, source.number_verified
    if text == number:
        told = f"text and number {_verified(text)}"
    else:
        told = f"text {_verified(text)}, number {_verified(number)}"
    reviewed = "not reviewed by a lawyer"
    if source.reviewed_by or source.reviewed_on:
        on = f" on {day_in_words(source.reviewed_on)}" if source.reviewed_on else ""
        reviewed = f"reviewed by {source.reviewed_by or 'a lawyer not named'}{on}"
    return f"{source.cite}: {told}; {reviewed}"


def _verified(value: Verified) -> str:
    if isinstance(value, bool):
        return "verified" if value else "not verified"
    return f"verified from {day_in_words(value)}, not before"


def _lateness(rule: Rule) -> Iterator[str]:
    for _, seconds, severity in lateness(rule.severity):
        start = f"over {in_words(seconds)} late" if seconds else "late at all"
        if seconds % 60:
            start = f"{in_words(seconds + 1)} late or more"
        yield f"{start}: {severity} ({_brief(rule.authority)})"


def _count_grade(grade: CountGrade) -> str:
    many = f"every one, and at least {grade.count}" if grade.every else f"{grade.count} or more"
    told = f"{grade.severity} ({_brief(grade.authority)})"
    return f"{_name(grade.name)}, {many} of at least {grade.total} in all: {told}"


def _name(name: str) -> str:
    return name.replace("_", " ")


def _brief(authority: str) -> str:
    return BRIEF.get(authority, authority)


def _expects(test: RuleTest, rule: str) -> bool:
    return any(_rule_of(each) == rule for each in test.expect)


def _rule_of(expected: str | dict[str, object]) -> str:
    return expected.split()[0] if isinstance(expected, str) else str(expected.get("rule"))
