"""Check rules before anything runs: what they name (rulenames.py), and what only a whole rule shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from detention_monitor.errors import Diagnostic
from detention_monitor.parameters import LOCAL
from detention_monitor.rulemodel import DerivedFact, Must, Rule
from detention_monitor.rulenames import Known, NameChecker
from detention_monitor.terms import CLOCKS, PLACEHOLDERS, deadline_attribute
from detention_monitor.yamlfile import MOST_FAULTS, Location, YamlFile, more_faults, suggestion

_DUTY = ("duty",)
_ONLY_IN: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("already_since", "lapses_on", "excused_by", "excused_late", "mitigated_by", "doubted_by",
                     "warn", "grades", "pauses_while", "needs_time", "outlasts_detention", "measures"), _DUTY),
    **dict.fromkeys(("raised", "when_unknown", "cannot_tell_without"), ("prohibition",)),
    "finds": ("prohibition", "count"),
}  # fmt: skip
"""Fields that only rules of some shapes read."""
_UNJOINED = frozenset({"text", "list_of", "date"})
"""Types that no entry can be joined by with `same`."""
_INSTEAD = {
    "raised": ", and write a second rule for those whose miss is graver, arises_on: {where: ...}"
}
_KEY_OF = {"duty": "must", "prohibition": "never", "count": "counts", "sequence": "sequence"}
CITED: Mapping[str, tuple[str, str]] = {
    "statute": ("an Act or regulations, such as PACE 1984 s.40(3)", r"^(?!Code\b).*\d"),
    "code": ("a paragraph of a Code, such as Code C 3.15", r"^Code [A-H] .*\d"),
    "annex": ("an Annex of a Code, such as Code C Annex A 11", r"^Code [A-H] (.*\b)?Annex [A-Z]\b"),
    "note": ("a Note for Guidance, such as Code C Note 15C", r"^Code [A-H] (.*\b)?Notes? \d"),
}
"""What a rule of each authority cites at least once: what it is, and its form."""
_PLACEHOLDER = re.compile(r"\{([^}]*)\}")


def check_file(
    file: YamlFile,
    facts: Iterable[tuple[int, DerivedFact]],
    rules: Iterable[tuple[int, Rule]],
    known: Known,
) -> list[Diagnostic]:
    """Return everything wrong with the facts and rules of a file that their form does not show.

    Each comes with its place in the list of the file.
    """
    checker = _RuleChecker(file, known)
    for number, fact in facts:
        checker.walk(fact, ("facts", number))
        if fact.mark is not None:
            for place, alternative in enumerate(fact.mark.yes_when):
                where = ("facts", number, "mark", "yes_when", place, "where")
                checker.condition(alternative.where, alternative.kind or fact.mark.on, where)
    for number, rule in rules:
        checker.walk(rule, ("rules", number))
        checker.rule(rule, ("rules", number))
        if len(checker.found) >= MOST_FAULTS:
            checker.found.append(more_faults(checker.found[-1], 0))
            break
    return checker.found


class _RuleChecker(NameChecker):
    def rule(self, rule: Rule, location: Location) -> None:
        """Check what only a whole rule shows: placeholders, deadlines, joined attributes."""
        opening = opening_kinds(rule)
        self._placeholders(rule, opening, location)
        if rule.must is not None:
            self._same(rule.must.same, (*opening, *rule.must.happen), (*location, "must", "same"))
            if rule.must.by is not None:
                self._deadline(rule.must.by, opening, (*location, "must", "by"))
        for role, closers in (
            ("lapses_on", rule.lapses_on),
            ("excused_by", rule.excused_by),
            ("mitigated_by", rule.mitigated_by),
            ("doubted_by", rule.doubted_by),
        ):
            for number, each in enumerate(closers):
                self._same(each.same, (*opening, *each.kind), (*location, role, number, "same"))
        if rule.sequence is not None:
            before, at = rule.sequence.first.kind, (*location, "sequence")
            for number, step in enumerate(rule.sequence.steps):
                self._same(step.same, (*before, *step.then), (*at, "steps", number, "same"))
                before = step.then
            if (last := rule.sequence.without) is not None:
                self._same(last.same, (*before, *last.then), (*at, "without", "same"))
        for number, raised in enumerate(rule.raised):
            self.condition(raised.where, opening, (*location, "raised", number, "where"))
        self._same(rule.cannot_tell_without, opening, (*location, "cannot_tell_without"))
        for number, cause in enumerate(rule.because_of):
            if cause not in self._known.rules | self._known.named:
                hint = suggestion(cause, sorted(self._known.rules))
                at = (*location, "because_of", number)
                self._say(at, "unknown-rule", f"no rule is called '{cause}'{hint}")
        for name, kind in rule.measures.items():
            self.kinds((kind,), (*location, "measures", name))
        self._without_effect(rule, location)
        self._whose(rule, location)

    def _whose(self, rule: Rule, location: Location) -> None:
        """Report a force's own number, or a citation of something else, that would print as law.

        A rule of law may ask a person once such a number is reached (`asks_after`): what it finds is
        possible, and has no due time.
        """
        spans: list[tuple[str | None, str, Location]] = []
        if rule.must is not None:
            spans.append((rule.must.within, rule.authority, ("must", "within")))
            self._asks(rule, rule.must, location)
        for number, grade in enumerate(rule.grades if isinstance(rule.grades, tuple) else ()):
            spans.append((grade.at, grade.authority, ("grades", number, "at")))
        declared = self._known.parameters.declared if self._known.parameters else {}
        for span, authority, inner in spans:
            number_of = declared.get(span[1:]) if span and span.startswith("$") else None
            if number_of and number_of.authority in LOCAL and authority not in LOCAL:
                message = (
                    f"'{span}' is a number of {number_of.authority} and would print as {authority}; "
                    "write a step, grades: [{name: amber, at: "
                    f"{span}, severity: medium, authority: {number_of.authority}}}], or the duration of the law"
                )
                if inner == ("must", "within"):
                    message += f"; if it has none, asks_after: {span} and certainty: possible"
                self._say((*location, *inner), "policy-as-law", message)
        wanted, form = CITED.get(rule.authority, ("", ""))
        if not any(re.search(form, each.cite) for each in rule.sources):
            message = f"'{rule.authority}' wants a source that is {wanted}; cite it, or say whose standard it is"
            self._say((*location, "sources"), "citation-misfit", message)

    def _asks(self, rule: Rule, must: Must, location: Location) -> None:
        """Report a line of `asks_after` that is not the force's own, or a rule that claims more."""
        if must.asks_after is None:
            return
        line = must.asks_after
        declared = self._known.parameters.declared if self._known.parameters else {}
        number_of = declared.get(line[1:]) if line.startswith("$") else None
        here = (*location, "must", "asks_after")
        if not line.startswith("$") or (number_of and number_of.authority not in LOCAL):
            whose = f"a number of {number_of.authority}" if number_of else "no name of a number"
            message = f"'{line}' is {whose}: asks_after is a line of the force's own, such as $aa_amber; a time of the law is within: {line}"
            self._say(here, "asks-after", message)
        if rule.authority in LOCAL:
            message = f"'{rule.authority}' has a number of its own: write within: {line}, or a step"
            self._say(here, "asks-after", message)
        if rule.certainty != "possible":
            message = "whether a standard without a number was broken is for a person to judge: add certainty: possible"
            self._say(here, "asks-after", message)
        for match in re.finditer(r"\{(due|late|past)\}", rule.message):
            message = f"there is no due time, so {{{match[1]}}} says nothing; that a local line was passed is said for you"
            self._say((*location, "message"), "unknown-placeholder", message, match.start())

    def _without_effect(self, rule: Rule, location: Location) -> None:
        """Report what stands in a rule of a shape that does not read it."""
        given = [Rule.model_fields[each].alias or each for each in rule.model_fields_set]
        for name in sorted(given):
            shapes = _ONLY_IN.get(name)
            asks = name == "finds" and rule.must is not None and bool(rule.must.asks_after)
            if shapes is not None and rule.shape not in shapes and not asks:
                line, column = self._file.key_place((*location, name))
                message = (
                    f"'{name}' means nothing in a rule with '{_KEY_OF[rule.shape]}', only in one "
                    f"with {' or '.join(_KEY_OF[shape] for shape in shapes)}; take it out"
                    f"{_INSTEAD.get(name, '')}"
                )
                found = Diagnostic(self._file.name, line, column, "without-effect", message)
                self.found.append(found)

        listed = rule.must is not None and isinstance(rule.grades, tuple) and bool(rule.grades)
        for name in ("within", "asks_after", "by", "before", "before_local") if listed else ():
            if getattr(rule.must, name):
                line, column = self._file.key_place((*location, "must", name))
                message = (
                    f"'{name}' is not read where 'grades' lists the steps; make it a step, "
                    "{name: due, at: ...}, or take it or 'grades' out"
                )
                found = Diagnostic(self._file.name, line, column, "without-effect", message)
                self.found.append(found)

    def _same(self, names: Sequence[str], kinds: Sequence[str], location: Location) -> None:
        joins = location[-1] == "same"
        for number, name in enumerate(names):
            for kind in kinds:
                own = self._attributes.get(kind)
                if own is None or (name in own and (not joins or own[name].type not in _UNJOINED)):
                    continue
                at = self._inside(location, number)
                if name in own:
                    message = (
                        f"'{name}' of '{kind}' is {own[name].type}, of which an engine sees only that "
                        "there is some; join by a word of a list, a number or a time"
                    )
                    self._say(at, "joined-text", message)
                else:
                    hint = suggestion(name, list(own))
                    self._say(at, "unknown-attribute", f"'{kind}' has no attribute '{name}'{hint}")
                break

    def _deadline(self, by: str, opening: Sequence[str], location: Location) -> None:
        name = deadline_attribute(by)
        if name is None:
            message = (
                f"'{by}' is not a deadline; write {', '.join(f'{each}.due' for each in CLOCKS)} "
                "or attr x"
            )
            self._say(location, "unknown-deadline", message)
            return
        for kind in opening:
            attribute = self._attributes.get(kind, {}).get(name)
            if attribute is None or attribute.type != "time":
                message = f"'{kind}' has no attribute '{name}' that is a time"
                self._say(location, "unknown-deadline", message)
                return

    def _placeholders(self, rule: Rule, opening: Sequence[str], location: Location) -> None:
        known = [*PLACEHOLDERS[rule.shape]]
        for kind in opening:
            own = self._attributes.get(kind, {})
            known += [name for name, each in own.items() if each.type not in ("text", "list_of")]
        at = (*location, "message")
        odd = re.search(r"\{[^{}]*(?:$|\{)|(?:^|\})[^{}]*\}", rule.message)
        if odd is not None:
            brace = odd.end() - 1 if odd[0].endswith("}") else odd.start()
            message = "a brace without its other half; a placeholder is written {due}"
            self._say(at, "unknown-placeholder", message, brace)
        for match in _PLACEHOLDER.finditer(rule.message):
            if match[1] and match[1] not in known and match[1] not in self._known.named:
                hint = suggestion(match[1], known) or (
                    f"; a rule with '{_KEY_OF[rule.shape]}' knows "
                    f"{', '.join(PLACEHOLDERS[rule.shape])} and attributes of the entry it begins with"
                )
                message = f"no placeholder is called {{{match[1]}}}{hint}"
                self._say(at, "unknown-placeholder", message, match.start())


def opening_kinds(rule: Rule) -> tuple[str, ...]:
    """Return the kinds of entry with which what a rule speaks of begins."""
    if rule.arises_on is not None:
        return rule.arises_on.kind
    if rule.never is not None:
        return rule.never.kind
    if rule.counts is not None:
        return rule.counts.of.kind
    return rule.sequence.first.kind if rule.sequence is not None else ()
