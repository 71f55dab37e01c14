"""The words of the law itself: the text of Code C, paragraph by paragraph, as it was published.

One Markdown file an edition in `rules/law/`: a few lines about the edition, a heading `# 9. ...` for
each section or annex, a heading `## 9.3` for each paragraph and Note. Nothing is judged by it; it
stands beside the rules, so that whoever reads a rule, or is told of a breach, can read the law too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from detention_monitor.citations import Reference, references
from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.paths import bundled_rules
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import parse_yaml, suggestion

LAW = "law"
"""The folder, in a folder of rules, of texts of the law."""
_FENCE = "---\n"
_SECTION = re.compile(r"# (?P<name>\d{1,2}|Annex [A-Z])\. (?P<title>.+)")
_PARAGRAPH = re.compile(r"## (?P<name>\S.*)")


class Edition(BaseModel):
    """What stands at the head of a text: which law, from which day, whose words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["custody-law/1"]
    cite: str = Field(min_length=3, max_length=40)
    title: str
    edition: str
    start: date = Field(alias="from")
    source: str
    licence: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph or Note: its name (9.3, Note 9A, Annex A 11), its section, its words."""

    name: str
    section: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class LawText:
    """One edition of a law: its paragraphs in their order, and the titles of its sections."""

    file: str
    about: Edition
    sections: Mapping[str, str]
    paragraphs: Mapping[str, Paragraph]

    def named(self, cite: str) -> list[str]:
        """Return the paragraphs that a citation names, ranges and whole annexes told one by one.

        What this edition does not have is left out; `missing` tells it.
        """
        found = [name for each in references(cite) for name in self._meant(each)]
        return list(dict.fromkeys(found))

    def missing(self, cite: str) -> list[str]:
        """Return what a citation names that this edition does not have."""
        return [_written(each) for each in references(cite) if not self._has(each)]

    def _has(self, reference: Reference) -> bool:
        if not self._meant(reference):
            return False
        if reference.last is not None and reference.last not in self.paragraphs:
            return False
        first = re.match(r"\([a-z]+\)", reference.part)
        text = self.paragraphs[reference.paragraph].text if first else ""
        return first is None or re.search(rf"(^|\s){re.escape(first[0])}\s", text) is not None

    def _meant(self, reference: Reference) -> list[str]:
        names = list(self.paragraphs)
        if reference.paragraph in self.sections:
            return [
                name for name in names if self.paragraphs[name].section == reference.paragraph
            ]
        if reference.paragraph not in self.paragraphs:
            return []
        if reference.last not in self.paragraphs:
            return [reference.paragraph]
        first, last = names.index(reference.paragraph), names.index(reference.last)
        between = names[first : last + 1]
        return [name for name in between if not re.search(r"\bNote\b", name)] or [names[first]]

    def close_to(self, name: str) -> str:
        """Return "; did you mean '9.3'?" for the nearest name, or nothing."""
        return suggestion(name, list(self.paragraphs))


def _written(reference: Reference) -> str:
    last = f"-{reference.last}" if reference.last else ""
    return f"{reference.paragraph}{reference.part}{last}"


def load_law(folder: Path) -> tuple[LawText, ...]:
    """Read the texts of the law of a rules folder, newest first, or those shipped if it has none.

    Raises `RuleFileError` with every fault and its place.
    """
    own = folder / LAW
    return _load(own if own.is_dir() else bundled_rules() / LAW)


@lru_cache(maxsize=4)
def _load(folder: Path) -> tuple[LawText, ...]:
    texts, faults = [], []
    for path in sorted(folder.glob("*.md")):
        try:
            texts.append(read_law(path))
        except RuleFileError as error:
            faults += error.diagnostics
    if faults:
        raise RuleFileError(faults)
    return tuple(sorted(texts, key=lambda each: each.about.start, reverse=True))


def in_force_on(texts: tuple[LawText, ...], day: date) -> LawText | None:
    """Return the edition of a day; None where the day is before the first that was read."""
    return next((each for each in texts if each.about.start <= day), None)


def read_law(path: Path) -> LawText:
    """Read one edition; raise `RuleFileError` with every fault and its place."""
    name = f"{LAW}/{path.name}"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot be read as text in UTF-8: {error}"
        raise RuleFileError([Diagnostic(name, 1, 1, "unreadable", message)]) from error
    _, fence, rest = text.partition(_FENCE)
    head, end, body = rest.partition(f"\n{_FENCE}")
    if not text.startswith(_FENCE) or not fence or not end:
        message = "a text of the law begins with '---', what it is, and '---'; see the one shipped"
        raise RuleFileError([Diagnostic(name, 1, 1, "law-form", message)])
    about = validated(parse_yaml(f"\n{head}", name), Edition)
    first = 3 + head.count("\n")
    faults: list[Diagnostic] = []
    sections: dict[str, str] = {}
    paragraphs: dict[str, Paragraph] = {}
    for paragraph in _paragraphs(name, body, first, sections, faults):
        twice = paragraphs.get(paragraph.name)
        if twice is not None:
            message = f"'{paragraph.name}' stands here twice, first in line {twice.line}"
            faults.append(Diagnostic(name, paragraph.line, 1, "law-form", message))
        elif not paragraph.text:
            message = f"'{paragraph.name}' has no words; write 'Not used.' if it is not used"
            faults.append(Diagnostic(name, paragraph.line, 1, "law-form", message))
        else:
            paragraphs[paragraph.name] = paragraph
    if not paragraphs and not faults:
        faults.append(Diagnostic(name, first, 1, "law-form", "no paragraph is here ('## 9.3')"))
    if faults:
        raise RuleFileError(faults)
    return LawText(name, about, sections, paragraphs)


def _paragraphs(
    name: str, body: str, first: int, sections: dict[str, str], faults: list[Diagnostic]
) -> Iterator[Paragraph]:
    """Yield the paragraphs of a text; `sections` and `faults` are filled on the way."""
    section, heading, at, words = "", "", 0, list[str]()
    for number, line in enumerate([*body.split("\n"), "# end"], first):
        if not line.startswith("#"):
            words.append(line)
            continue
        if heading:
            yield Paragraph(heading, section, "\n".join(words).strip(), at)
        elif "".join(words).strip():
            message = "words that belong to no paragraph; write its heading above ('## 9.3')"
            faults.append(Diagnostic(name, number, 1, "law-form", message))
        heading, words = "", []
        if (match := _PARAGRAPH.fullmatch(line)) and section:
            heading, at = match["name"].strip(), number
        elif match := _SECTION.fullmatch(line):
            section = match["name"]
            sections[section] = match["title"]
        elif line != "# end":
            message = "a heading is '# 9. Title' for a section or '## 9.3' for a paragraph in one"
            faults.append(Diagnostic(name, number, 1, "law-form", message))
