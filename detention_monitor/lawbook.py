"""The law and the rules side by side: which rules rest on a paragraph, and of which no rule speaks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from detention_monitor.citations import sections, subsections
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.lawtext import LawText, Paragraph, flowed
from detention_monitor.notjudged import IN_WORDS, WHYS, NotJudged, Reason, Why, rules_citing
from detention_monitor.rulebook import Block, Heading, Quoted
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule
from detention_monitor.ruletext import Item
from detention_monitor.wording import day_in_words, listed

_SHORT = 52
_OF_LAW = re.compile(r"\((Code C [^()]*)\)")
STATES = {
    "judged": "judged", "untold": "not said", "open": "gap", "person": "for a person",
    "no_entry": "no entry", "elsewhere": "judged elsewhere", "meaning": "meaning",
    "not_children": "not children", "unused": "not used",
}  # fmt: skip
"""What is made of a paragraph, in the order in which it is counted, and in a word or two."""


class UnknownLawError(DetentionMonitorError):
    """No paragraph, section, Act or citation has the name asked for."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A paragraph, and what the rules make of it."""

    paragraph: Paragraph
    rules: tuple[Rule, ...]
    reason: Reason | None
    parts: tuple[tuple[str, Reason], ...]

    @property
    def whys(self) -> tuple[Why, ...]:
        """Why it, or a part of it, is not judged."""
        own = (self.reason,) if self.reason and not self.rules else ()
        return tuple(each.why for each in (*own, *(reason for _, reason in self.parts)))

    @property
    def state(self) -> str:
        """Whether it is `judged` or `unused`, why it is not judged, or that nobody said: `untold`."""
        if self.rules:
            return "judged"
        if not self.paragraph.is_used:
            return "unused"
        return self.reason.why if self.reason else "untold"


@dataclass(frozen=True, slots=True)
class LawBook:
    """Sets an edition of the Code beside the rules in force that cite it."""

    ruleset: RuleSet
    text: LawText
    not_judged: NotJudged
    rules: Mapping[str, Sequence[Rule]]
    """The rules that cite a paragraph, or an annex as a whole, by its name."""

    def all(self) -> list[Beside]:
        """Return every paragraph in its order."""
        return [self.beside(name) for name in self.text.paragraphs]

    def of_the_whole(self, section: str) -> Sequence[Rule]:
        """Return the rules that cite an annex as a whole."""
        return self.rules.get(section, ())

    def beside(self, name: str) -> Beside:
        """Return a paragraph, by its name as the text heads it."""
        return Beside(
            self.text.paragraphs[name], tuple(self.rules.get(name, ())),
            self.not_judged.paragraphs.get(name), tuple(self.not_judged.parts_of(name)),
        )  # fmt: skip

    def find(self, asked: str) -> list[Beside]:
        """Return the paragraphs that a person means: one, or those of a section or an annex.

        `9.3`, `Code C 9.3(a)`, `note 16d`, `16D`, `annex a 11`, `A11`, `9`, `Annex L`. Nothing for
        any other law.
        """
        known = {each.casefold(): each for each in (*self.text.sections, *self.text.paragraphs)}
        called = (known[each.casefold()] for each in _names(asked) if each.casefold() in known)
        name = next(called, "")
        if name in self.text.paragraphs:
            return [self.beside(name)]
        return [each for each in self.all() if each.paragraph.section == name]

    def citing(self, asked: str) -> list[Rule]:
        """Return the rules that cite a section of an Act (`PACE s.40(3)`, `s.40`), or some words.

        Where a subsection is asked for, those that cite another of that section are left out.
        """
        return [
            rule for rule in self.ruleset.rules if any(_meant(cite, asked) for cite in rule.cites)
        ]

    def numbers(self, name: str) -> list[str]:
        """Return the parameters that say, in brackets, that they are of this paragraph."""
        return [
            number
            for number, each in self.ruleset.parameters.declared.items()
            if any(name in self.text.named(cite) for cite in _OF_LAW.findall(each.about))
        ]

    def unknown(self, asked: str) -> UnknownLawError:
        """Return the error that says what was not found, and what can be asked for."""
        near = self.text.close_to(asked.removeprefix("Code C ").strip()) or "."
        return UnknownLawError(
            f"neither a paragraph of {self.text.about.cite} ({self.text.about.edition}) nor a "
            f"citation of any rule is '{asked}'{near} Ask as in: rules law 9.3, rules law "
            "'Note 16D', rules law 'Annex A 11', rules law 'PACE s.40'"
        )


def law_book(
    ruleset: RuleSet, text: LawText, not_judged: NotJudged, until: date | None = None
) -> LawBook:
    """Return an edition of the Code, in force until a day, beside the rules in force under it."""
    return LawBook(ruleset, text, not_judged, rules_citing(ruleset, text, until))


def _names(asked: str) -> Iterator[str]:
    """Yield what a person may mean, as the text would head it."""
    name = re.sub(
        r"^(code c|paragraphs?|paras?\.?|section) *|\(.*", "", asked.strip(), flags=re.IGNORECASE
    ).strip()
    yield from (name, f"Note {name}", f"Annex {name}")
    if match := re.fullmatch(r"([A-Z]) ?(\d{1,2}[A-Z]?)", name, re.IGNORECASE):
        yield f"Annex {match[1]} {match[2]}"
    if match := re.fullmatch(r"Note ([A-Z])\d{1,2}[A-Z]?", name, re.IGNORECASE):
        yield f"Annex {match[1]} {name}"


def _meant(cite: str, asked: str) -> bool:
    act, numbers = sections(asked)
    if not numbers:
        return asked.casefold() in cite.casefold()
    of, cited = sections(cite)
    if act.casefold() not in of.casefold():
        return False
    for number in numbers & cited:
        wanted, named = subsections(asked, number), subsections(cite, number)
        if not wanted or not named or not wanted.isdisjoint(named):
            return True
    return False


# --- in words --------------------------------------------------------------------------------------


def words_of(text: LawText, names: Iterable[str], *, level: int) -> Iterator[Block]:
    """Yield paragraphs as they were published, each under its name."""
    for name in names:
        yield Heading(level, f"{text.about.cite} {name} ({text.about.edition})")
        yield Quoted(text.paragraphs[name].text)


def edition_of(text: LawText) -> str:
    """Return which edition this is, in words."""
    start = day_in_words(text.about.start)
    return f"{text.about.cite}, {text.about.edition}, in force from {start}"


def contents(book: LawBook) -> list[str]:
    """Return a line for each section: its paragraphs, those judged, and why the others are not."""
    everything = book.all()
    out = [f"{edition_of(book.text)}", ""]
    for name, title in book.text.sections.items():
        inside = [each for each in everything if each.paragraph.section == name]
        out.append(f"{name:<8} {_cut(title, _SHORT):<{_SHORT}} {_told(inside)}")
    rules = len({rule.id for each in everything for rule in each.rules})
    out += [
        "",
        f"{len(everything)} paragraphs and Notes, cited by {rules} rules: {_told(everything)}",
    ]
    return out


def _told(inside: Sequence[Beside]) -> str:
    states = Counter(each.state for each in inside)
    return ", ".join(f"{words} {states[name]}" for name, words in STATES.items() if states[name])


def overview(found: Sequence[Beside]) -> Iterator[str]:
    """Yield a line for each paragraph: its name, how it begins, and what is made of it."""
    for each in found:
        begins = _cut(next((words for _, words in flowed(each.paragraph.text)), ""), _SHORT)
        what = " ".join(rule.id for rule in each.rules) or STATES[each.state]
        yield f"{each.paragraph.name:<16} {begins:<{_SHORT}} {what}"


def gaps(found: Sequence[Beside], only: Sequence[str] = WHYS) -> Iterator[str]:
    """Yield what no rule judges, under the reason: each paragraph or part with its sentence."""
    entries = [
        *((each.paragraph.name, each.reason) for each in found if each.reason and not each.rules),
        *(part for each in found for part in each.parts),
    ]
    for why in WHYS:
        of_it = [(name, reason) for name, reason in entries if reason.why == why]
        if why not in only or not of_it:
            continue
        yield from (f"{STATES[why].upper()}  {len(of_it)}: {IN_WORDS[why]}", "")
        for name, reason in of_it:
            yield f"  {name:<28} {reason.sentence}"
        yield ""
    untold = [each.paragraph.name for each in found if each.state == "untold"]
    if untold:
        yield f"NOT SAID  {len(untold)}: neither cited nor listed: {', '.join(untold)}"


def told(each: Beside, book: LawBook) -> Iterator[Block]:
    """Yield a paragraph whole: its words, the rules beside it, and what none of them judges."""
    text = book.text
    section = text.sections[each.paragraph.section]
    yield Heading(1, f"{text.about.cite} {each.paragraph.name}: {section}")
    yield Item("Edition", (edition_of(text),))
    yield Quoted(each.paragraph.text)
    if each.rules:
        yield Item("Judged by", tuple(rule_line(rule) for rule in each.rules))
    elif each.reason:
        yield Item("Not judged", (f"{IN_WORDS[each.reason.why]}. {each.reason.sentence}",))
    elif each.paragraph.is_used:
        yield Item("Not judged", ("and nothing in not_judged.yaml says why",))
    if each.parts:
        parts = [f"{name}: {IN_WORDS[why.why]}. {why.sentence}" for name, why in each.parts]
        yield Item("Not judged of it", tuple(parts))
    if numbers := book.numbers(each.paragraph.name):
        yield Item("Numbers", tuple(f"parameters.yaml, {number}" for number in numbers))
    whole = book.of_the_whole(each.paragraph.section)
    if whole:
        cited = f"{each.paragraph.section} as a whole is cited by"
        yield Item("See also", (f"{cited} {listed([rule.id for rule in whole], 'and')}",))


def rule_line(rule: Rule) -> str:
    """Return a rule in a line: id, whose standard, how grave, what it asks."""
    until = f", until {day_in_words(rule.in_force.to)}" if rule.in_force.to else ""
    return f"{rule.id} ({rule.authority}, {rule.severity}{until}): {rule.title}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


# --- as data ---------------------------------------------------------------------------------------


def as_data(found: Iterable[Beside]) -> list[dict[str, Any]]:
    """Return paragraphs for a program: words, rules by id, and why what is not judged."""
    return [
        {
            "paragraph": each.paragraph.name,
            "section": each.paragraph.section,
            "text": each.paragraph.text,
            "state": each.state,
            "rules": [rule.id for rule in each.rules],
            "not_judged": each.reason.model_dump() if each.reason else None,
            "parts_not_judged": {name: why.model_dump() for name, why in each.parts},
        }
        for each in found
    ]
