"""The law and the rules side by side, as one page that stands alone. Needs the extra `reports`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from detention_monitor import webpage
from detention_monitor.lawbook import STATES, Beside, LawBook, edition_of
from detention_monitor.lawtext import flowed
from detention_monitor.notjudged import IN_WORDS, Reason
from detention_monitor.rulebook import RuleBook
from detention_monitor.rulemodel import Rule

_LEFT_OUT = ("Examples", "The law says", "Law", "Rule file")
_NAMED = re.compile(
    r"Notes? [A-Z]?\d{1,2}[A-Z]{0,2}\d?|Annex [A-Z](?:,? paragraphs? \d{1,2}[A-Z]?)?|\b\d{1,2}\.\d{1,2}(?:ZA|[A-Z])?\b"
)
"""What looks like another paragraph in the words of one."""


def law_page(book: LawBook, rulebook: RuleBook) -> str:
    """Return the page; raise `DetentionMonitorError` where the extra is not installed."""
    everything = book.all()
    total = Counter(each.state for each in everything)
    told = {rule.id: list(_items(rulebook, rule)) for rule in book.ruleset.rules}
    return webpage.page(
        "law.html",
        title=f"{book.text.about.cite} and the rules, side by side",
        about=book.text.about,
        edition=edition_of(book.text),
        ruleset=book.ruleset.hash,
        rules=len(book.ruleset.rules),
        states=[
            (name, words)
            for name, words in STATES.items()
            if name != "unused" and (name != "untold" or total[name])
        ],
        sections=[
            {
                "name": name,
                "title": title,
                "whole": book.of_the_whole(name),
                "counts": Counter(
                    each.state for each in everything if each.paragraph.section == name
                ),
                "paragraphs": [
                    _paragraph(each, book) for each in everything if each.paragraph.section == name
                ],
            }
            for name, title in book.text.sections.items()
        ],
        total=total,
        told=told,
    )


def _items(rulebook: RuleBook, rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    for item in rulebook.items(rule):
        if item.label not in _LEFT_OUT:
            yield item.label, item.texts


def _paragraph(each: Beside, book: LawBook) -> dict[str, Any]:
    return {
        "name": each.paragraph.name,
        "anchor": _anchor(each.paragraph.name),
        "lines": [
            (indent, list(_linked(words, each, book)))
            for indent, words in flowed(each.paragraph.text)
        ],
        "rules": each.rules,
        "state": each.state,
        "reason": _reason(each.reason) if each.reason and not each.rules else "",
        "has_gap": each.state == "untold"
        or any(
            why.why == "open" for why in (each.reason, *(part for _, part in each.parts)) if why
        ),
        "parts": [(name, _reason(why)) for name, why in each.parts],
    }


def _reason(reason: Reason) -> str:
    return f"{IN_WORDS[reason.why].capitalize()}. {reason.sentence}"


def _linked(words: str, within: Beside, book: LawBook) -> Iterator[tuple[str, str]]:
    """Yield the words in pieces, each with the anchor of the paragraph that it names, or nothing."""
    end = 0
    for match in _NAMED.finditer(words):
        name = re.sub(r"^Notes ", "Note ", re.sub(r",? paragraphs? ", " ", match[0]))
        if re.fullmatch(r"Note [A-Z]\d.*", name):
            name = f"Annex {name[5]} {name}"
        if name not in book.text.paragraphs or name == within.paragraph.name:
            continue
        yield words[end : match.start()], ""
        yield match[0], _anchor(name)
        end = match.end()
    yield words[end:], ""


def _anchor(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower())
