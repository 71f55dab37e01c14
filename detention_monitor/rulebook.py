"""The rule book: what the rules say, in plain English, from the rule files themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from pydantic import BaseModel

from detention_monitor.catalogue import Catalogue, section_of
from detention_monitor.conditions import parse, tests
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.lawtext import laid_out
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import DerivedFact, Rule
from detention_monitor.ruletext import AUTHORITIES, Item, RuleText
from detention_monitor.text import printable
from detention_monitor.times import day_of, in_words
from detention_monitor.wording import Wording, day_in_words
from detention_monitor.yamlfile import suggestion

WIDTH = 96
_LABEL = 17
_LAW = ("statute", "code", "annex")
_STATES = {
    "child_code_c": "The person is, or appears to be, a child by Code C.",
    "child_pace_part_iv": "The person is, or appears to be, a child by Part IV of PACE.",
    "child_pace_other": "The person is, or appears to be, a child by the rest of PACE.",
    "child_children_act": "The person is, or is believed to be, a child by the Children Act 1989.",
    "overnight": "A night that counts as spent in police detention is going on.",
}
"""States that the monitor works out itself (`plan.PROVIDED`)."""
_NIGHT = ("night_from", "night_to", "night_least")
_BEHIND = {
    "review_clock.due": ("review_first", "review_next"),
    "custody_clock.due": ("custody_limit",),
    "review_due": ("valid_review", "disputed_review", "lawful_postponement"),
    "review_counted": ("valid_review", "disputed_review"),
    "postponement_used": ("lawful_postponement", "valid_review"),
    "custody_limit": ("valid_extension", "valid_warrant"),
    "limit_extended": ("valid_extension", "valid_warrant"),
    "night": (*_NIGHT, "valid_certificate"),
    "overnight": _NIGHT,
}
"""Facts and numbers from which Python works out a clock, measure or derived kind of entry."""
_PROSE = frozenset(
    {"id", "duty", "title", "says", "sources", "who", "message", "do", "clears", "tests", "about"}
)
"""Fields that name nothing: text for people, and what is told elsewhere."""
_FRONT = """\
This book is printed from the rule files of the detention monitor. It says what the monitor looks
for in the custody record of a child, and nothing that it does not look for.

It is engineering research and not legal advice. The monitor advises; a person decides. A custody
lawyer should read this book before anyone relies on it.

Each duty has a catalogue id (D01) and may have several rules. A line "For a person" says what the
entries of a record cannot decide, and a person must look at instead.

Authority says whose standard a rule or a step is. Only the first three are law:

Verified says what was checked of a citation: whether the text was read, and whether the number is
right. "Verified from 20 December 2023, not before" means that only the Code of that day was read:
for an earlier day, look it up.

Severity is critical, high, medium or info. A finding is possible where something is blank, the law
has two readings, or a person must judge; otherwise it is established.

Words in 'quotes' are kinds of entry, or facts derived from entries; names such as aa_amber are
numbers, some of which a force may set. The last pages explain each once. Where a blank decides, it
is said: "(blank: taken to be so)".

Examples are the tests of the rules: what happened -> what is found. Unless it is said otherwise,
the child is 15 and the day is 10 June 2024.
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; the deeper the level, the smaller."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of the law as they were published, in Markdown."""

    text: str


Block = Heading | Item | Quoted | str
"""A heading, a labelled part, a quotation, or a paragraph."""
Form = Literal["text", "markdown"]


class UnknownRuleError(DetentionMonitorError):
    """No rule and no duty of the catalogue has the name asked for."""


class RuleBook:
    """Puts the rules of a rule set into words, one, those of a duty, or all."""

    def __init__(self, ruleset: RuleSet, catalogue: Catalogue, wording: Wording) -> None:
        self.ruleset, self.catalogue, self.wording = ruleset, catalogue, wording
        self._text = RuleText(ruleset, wording)

    def show(
        self, name: str, form: Form = "text", *, examples: bool = True, width: int = WIDTH
    ) -> str:
        """Return what a catalogue id or a rule id stands for; raise `UnknownRuleError`."""
        rules = [rule for rule in self.ruleset.rules if name in (rule.duty, rule.id)]
        if not rules and name not in self.catalogue.duties:
            known = [*self.catalogue.duties, *(rule.id for rule in self.ruleset.rules)]
            raise UnknownRuleError(f"no duty or rule is called '{name}'{suggestion(name, known)}")
        duties = [name] if name in self.catalogue.duties else [rules[0].duty]
        blocks: list[Block] = [*self._numbers()]
        for duty in duties:
            blocks += self._duty(duty, rules, level=1)
        return printed(_kept([*blocks, *self._words(rules, level=2)], examples), form, width)

    def whole(self, form: Form = "text", *, examples: bool = True) -> str:
        """Return all rules in the order of the catalogue, after a page that says how to read them."""
        blocks: list[Block] = [*self._front(), *self._numbers()]
        for section, title in self.catalogue.sections.items():
            blocks.append(Heading(1, f"{section}. {title}"))
            for duty in self.catalogue.of_section(section):
                rules = [rule for rule in self.ruleset.rules if rule.duty == duty]
                blocks += self._duty(duty, rules, level=2)
        beside = [rule for rule in self.ruleset.rules if rule.duty not in self.catalogue.duties]
        if beside:
            blocks.append(Heading(1, "Beside the catalogue"))
            for rule in beside:
                blocks += self._rule(rule, level=3)
        return printed(_kept([*blocks, *self._words(self.ruleset.rules, level=1)], examples), form)

    def _numbers(self) -> Iterator[Block]:
        """Yield by whose numbers the rules are told, where it is not by those they come with."""
        if whose := self.ruleset.parameters.whose:
            yield f"Told with the numbers of {printable(whose)}."

    def brief(self, name: str | None = None) -> str:
        """Return one line a rule, in the order of the catalogue: id, whose standard, title.

        A duty that has no rule has a line too. Of one duty or rule if `name` is given; raises
        `UnknownRuleError`.
        """
        lines = []
        for section, title in self.catalogue.sections.items():
            lines.append(f"{section}. {title}")
            for duty in self.catalogue.of_section(section):
                rules = [rule for rule in self.ruleset.rules if rule.duty == duty]
                lines += [_line(rule.id, rule.authority, rule.title) for rule in rules]
                if not rules:
                    lines.append(_line(duty, "person", self.catalogue.duties[duty].title))
        beside = [rule for rule in self.ruleset.rules if rule.duty not in self.catalogue.duties]
        lines += ["Beside the catalogue"] if beside else []
        lines += [_line(rule.id, rule.authority, rule.title) for rule in beside]
        if name is None:
            return "\n".join(lines) + "\n"
        self.show(name)  # an unknown name is refused as it is there
        wanted = {rule.id for rule in self.ruleset.rules if name in (rule.duty, rule.id)} or {name}
        return "".join(f"{line}\n" for line in lines if line.split()[0] in wanted)

    def items(self, rule: Rule) -> Iterator[Item]:
        """Yield what there is to say of a rule, part by part."""
        return self._text.items(rule)

    def _front(self) -> Iterator[Block]:
        yield Heading(1, "Rule book: duties toward children in police custody")
        for each in _FRONT.split("\n\n"):
            yield " ".join(each.split())
            if each.rstrip().endswith(":"):
                yield Item("Authority", tuple(AUTHORITIES.values()))
        yield f"Rule set {self.ruleset.hash}: {len(self.ruleset.rules)} rules."

    def _duty(self, duty: str | None, rules: Iterable[Rule], *, level: int) -> Iterator[Block]:
        entry = self.catalogue.duties.get(duty or "")
        if entry is not None:
            section = self.catalogue.sections.get(section_of(duty or ""), "")
            yield Heading(level, f"{duty}  {entry.title}")
            if level == 1:
                yield Item("Section", (section,))
            if entry.person:
                yield Item("For a person", (entry.person,))
        shown = [*rules]
        if not shown:
            yield Item("Rules", ("none: this is for a person to look at",))
        for rule in shown:
            yield from self._rule(rule, level=level + 1)

    def _rule(self, rule: Rule, *, level: int) -> Iterator[Block]:
        yield Heading(level, f"{rule.id}  {rule.title}")
        yield from self.items(rule)

    # --- words and numbers ---------------------------------------------------------------------

    def _words(self, rules: Iterable[Rule], *, level: int) -> Iterator[Block]:
        used = _Used(self.ruleset)
        for rule in rules:
            used.note(rule)
        if used.kinds or used.facts:
            yield Heading(level, "Words in quotes")
        words = [(self.wording.name(name), self._kind(name)) for name in used.kinds]
        words += [(self.wording.name(name), self._fact(name)) for name in used.facts]
        for name, meaning in sorted(words):
            yield Item(f"'{name}'", (meaning,))
        if used.numbers:
            yield Heading(level, "Numbers with names")
        for name in sorted(used.numbers):
            yield Item(name, (self._number(name),))

    def _kind(self, name: str) -> str:
        kind = self.ruleset.vocabulary.kinds[name]
        whose = "worked out by the monitor, never entered" if kind.derived else "in records"
        return f"{_sentence(kind.about)} Entry, {whose}: {name}."

    def _fact(self, name: str) -> str:
        if name in _STATES:
            return f"{_STATES[name]} State, worked out by the monitor: {name}."
        fact = next(each for each in self.ruleset.facts if each.fact == name)
        shape = "State" if fact.interval is not None else "Fact about an entry"
        return f"{_sentence(fact.about)} {self._made(fact)} {shape}, in rules: {name}."

    def _made(self, fact: DerivedFact) -> str:
        """Return how a derived fact comes about."""
        say = self._text.speaker
        if fact.interval is not None:
            ends = say.any_of(fact.interval.until)
            out = f"Holds from {say.selector(fact.interval.begins)} until {ends}."
            if fact.interval.established_for:
                sure = self._text.span(fact.interval.established_for)
                out += f" After {sure} it is only possible."
            if fact.interval.forbidding:
                return f"{out} Its first and its last minute are not counted."
            return out if fact.interval.enabling else f"{out} Its last minute is not counted."
        assert fact.mark is not None  # the model refuses a fact without either
        ways = []
        for way in fact.mark.yes_when:
            condition = say.condition(way.where, way.kind or fact.mark.on) if way.where else ""
            if way.kind:
                of = f"it is {self.wording.quoted(way.kind)}"
                condition = f"{of} and {condition}" if condition else of
            states = [f"'{self.wording.name(each)}' holds" for each in way.during]
            states += [f"'{self.wording.name(each)}' does not hold" for each in way.unless]
            sure = " (only possible)" if way.certainty == "possible" else ""
            since = f" (from {day_in_words(way.start)})" if way.start else ""
            ways.append(" and ".join(part for part in (condition, *states) if part) + sure + since)
        return (
            f"Asked of {self.wording.quoted(fact.mark.on)}; holds where {'; or where '.join(ways)}."
        )

    def _number(self, name: str) -> str:
        declared = self.ruleset.parameters.declared[name]
        values = [
            f"{_said(declared.unit, each.value)} from {day_in_words(day_of(each.start))}"
            for each in self.ruleset.parameters.values[name]
        ]
        whose = "fixed by law, not for a force to set"
        if declared.authority not in _LAW:
            whose = "a force may set it"
        authority = AUTHORITIES[declared.authority]
        return f"{_sentence(declared.about)} {', then '.join(values)}. {authority}; {whose}."


class _Used:
    """Collects the names and numbers on which rules rest, those of derived facts included."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._derived = {fact.fact: fact for fact in ruleset.facts}
        self._known = ruleset.vocabulary.kinds
        self._declared = ruleset.parameters.declared
        self.kinds: set[str] = set()
        self.facts: set[str] = set()
        self.numbers: set[str] = set()

    def note(self, part: BaseModel) -> None:
        for name in type(part).model_fields:
            if name not in _PROSE:
                self._value(name, getattr(part, name))

    def _value(self, field: str, value: object) -> None:
        match value:
            case BaseModel():
                self.note(value)
            case tuple():
                for each in value:
                    self._value(field, each)
            case dict():
                for each in value.values():
                    self._value(field, each)
            case str() if field in ("where", "doubted_where"):
                for test in tests(parse(value)) if value else ():
                    self._fact(test.attribute)
            case str():
                self.numbers.update([value[1:]] if value.startswith("$") else [])
                self._behind(value)
                if field in ("during", "unless", "pauses_while"):
                    self._fact(value)
                elif value in self._known:
                    self.kinds.add(value)

    def _behind(self, name: str) -> None:
        for each in _BEHIND.get(name, ()):
            if each in self._declared:
                self.numbers.add(each)
            else:
                self._fact(each)

    def _fact(self, name: str) -> None:
        self._behind(name)
        if name in _STATES:
            self.facts.add(name)
        elif name in self._derived and name not in self.facts:
            self.facts.add(name)
            self.note(self._derived[name])


def _said(unit: str, value: int) -> str:
    """Return a parameter's value for a person.

    >>> _said("time_of_day", 79_200), _said("duration", 5_400), _said("yes_no", 0)
    ('22:00', '1 h 30 min', 'no')
    """
    match unit:
        case "duration":
            return in_words(value)
        case "time_of_day":
            return f"{value // 3600:02d}:{value // 60 % 60:02d}"
        case "yes_no":
            return "yes" if value else "no"
        case _:
            return str(value)


def _sentence(text: str) -> str:
    clean = " ".join(text.split())
    return clean if clean.endswith(".") else f"{clean}."


def _line(name: str, authority: str, title: str) -> str:
    return f"  {name:<30} {authority:<8} {title}"


def _kept(blocks: Iterable[Block], examples: bool) -> Iterator[Block]:
    """Yield the blocks; without the examples, and what is said of them, unless they are wanted."""
    for block in blocks:
        of_examples = block.label == "Examples" if isinstance(block, Item) else False
        said_of_them = isinstance(block, str) and block.startswith("Examples are")
        if examples or not (of_examples or said_of_them):
            yield block


# --- on paper ----------------------------------------------------------------------------------


def printed(blocks: Iterable[Block], form: Form, width: int = WIDTH) -> str:
    """Return blocks as text of at most so many columns, or as Markdown."""
    lines = _as_markdown(blocks) if form == "markdown" else _as_text(blocks, width)
    return "\n".join(lines).strip("\n") + "\n"


def _as_text(blocks: Iterable[Block], width: int) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(level, text):
                yield from ("", "") if level == 1 else ("",)
                yield from _wrapped(text, width)
                if level < 3:
                    yield ("=" if level == 1 else "-") * min(len(text), width)
            case Item(label, texts):
                yield from _item(label, texts, width)
            case Quoted(text):
                yield ""
                lines = laid_out(text, width, _wrapped)
                yield from (f"{margin}{words}".rstrip() for margin, words in lines)
                yield ""
            case str():
                yield ""
                yield from _wrapped(block, width)


def _wrapped(text: str, width: int) -> list[str]:
    return wrap(text, max(20, width), break_on_hyphens=False) or [""]


def _item(label: str, texts: tuple[str, ...], width: int) -> Iterator[str]:
    margin = " " * (2 + _LABEL)
    head = f"  {label:<{_LABEL}}"
    if len(label) >= _LABEL:
        yield f"  {label}"
        head = margin
    mark = "- " if len(texts) > 1 else ""
    for text in texts:
        for number, line in enumerate(_wrapped(text, width - len(margin) - len(mark))):
            yield f"{head}{mark if number == 0 else ' ' * len(mark)}{line}".rstrip()
            head = margin


def _as_markdown(blocks: Iterable[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Heading(level, text):
                yield from ("", f"{'#' * level} {_safe(text)}", "")
            case Item(label, texts) if len(texts) == 1:
                yield f"- **{_safe(label)}**: {_safe(texts[0])}"
            case Item(label, texts):
                yield f"- **{_safe(label)}**:"
                yield from (f"    - {_safe(text)}" for text in texts)
            case Quoted(text):
                yield from ("", *(f"> {line}".rstrip() for line in text.split("\n")), "")
            case str():
                yield from ("", _safe(block), "")


def _safe(text: str) -> str:
    """Return text with what Markdown would take for a mark escaped."""
    for mark in ("\\", "`", "*", "_", "<", "[", "|"):
        text = text.replace(mark, f"\\{mark}")
    return text
