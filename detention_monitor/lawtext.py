"""The words of the law itself: the text of Code C, paragraph by paragraph, as it was published.

One Markdown file an edition in `rules/law/`: a few lines about the edition, a heading `# 9. ...` for
each section or annex, a heading `## 9.3` for each paragraph and Note. Nothing is judged by it; it
stands beside the rules, so that whoever reads a rule, or is told of a breach, can read the law too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import ndiff
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from detention_monitor.citations import Reference, references
from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.paths import bundled_rules
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import parse_yaml, suggestion, text_of

LAW = "law"
"""The folder, in a folder of rules, of texts of the law."""
_LARGEST = 4_000_000
"""Bytes of a text: ten times the one shipped."""
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""What would spoil a terminal, or turn the direction of text."""
UNUSED = "Not used."
_FENCE = "---\n"
_SECTION = re.compile(r"# (?P<name>\d{1,2}|Annex [A-Z])\. (?P<title>.+)")
_MARK = re.compile(r"\([a-z]{1,4}\) |- ")
_PARAGRAPH = re.compile(r"## (?P<name>\S.*)")


class Edition(BaseModel):
    """What stands at the head of a text: which law, from which day, whose words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["custody-law/1"]
    cite: Literal["Code C"]
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

    @property
    def is_used(self) -> bool:
        """Whether it has words, and not only a number that the Code has given up."""
        return self.text != UNUSED


@dataclass(frozen=True, slots=True)
class LawText:
    """One edition of a law: its paragraphs in their order, and the titles of its sections."""

    file: str
    about: Edition
    sections: Mapping[str, str]
    paragraphs: Mapping[str, Paragraph]
    about_line: int
    """Where its first day stands."""

    def named(self, cite: str) -> list[str]:
        """Return the paragraphs that a citation names, those of a range one by one.

        An annex named as a whole is left out (`wholes`): it is cited, but none of its paragraphs is.
        So is what this edition does not have (`missing`).
        """
        found = [name for each in references(cite) for name in self._meant(each)]
        return list(dict.fromkeys(found))

    def wholes(self, cite: str) -> list[str]:
        """Return the annexes that a citation names as a whole."""
        named = (each.paragraph for each in references(cite))
        return [name for name in named if name in self.sections]

    def missing(self, cite: str) -> list[str]:
        """Return what a citation names that this edition does not have."""
        return [_written(each) for each in references(cite) if not self._has(each)]

    def _has(self, reference: Reference) -> bool:
        if reference.paragraph in self.sections:
            return True
        if not self._meant(reference):
            return False
        if reference.last is not None and reference.last not in self.paragraphs:
            return False
        first = re.match(r"\([a-z]+\)", reference.part)
        text = self.paragraphs[reference.paragraph].text if first else ""
        return first is None or re.search(rf"(^|\s){re.escape(first[0])}\s", text) is not None

    def _meant(self, reference: Reference) -> list[str]:
        names = list(self.paragraphs)
        if reference.paragraph not in self.paragraphs:
            return []
        if reference.last is None or reference.last not in self.paragraphs:
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


@dataclass(frozen=True, slots=True)
class Change:
    """How a paragraph differs between two editions; lines begin with - (old), + (new) or a space."""

    name: str
    what: Literal["changed", "new", "gone"]
    lines: tuple[str, ...]


def compared(old: LawText, new: LawText) -> Iterator[Change]:
    """Yield the paragraphs that two editions do not have in the same words, in the newer's order."""
    gone = [name for name in old.paragraphs if name not in new.paragraphs]
    for name, paragraph in new.paragraphs.items():
        before = old.paragraphs.get(name)
        now = _sentences(paragraph.text)
        if before is None:
            yield Change(name, "new", tuple(f"+ {line}" for line in now))
        elif (was := _sentences(before.text)) != now:
            told = (line for line in ndiff(was, now) if not line.startswith("?"))
            yield Change(name, "changed", tuple(line.rstrip() for line in told))
    for name in gone:
        was = _sentences(old.paragraphs[name].text)
        yield Change(name, "gone", tuple(f"- {line}" for line in was))


def _sentences(text: str) -> list[str]:
    """Return the words of a paragraph sentence by sentence, however its lines are broken."""
    lines = [words for _, words in flowed(text) if words]
    return [each for line in lines for each in re.split(r"(?<=[.;:]) (?=[A-Z])", line)]


def flowed(text: str) -> Iterator[tuple[int, str]]:
    r"""Yield the words of a paragraph line by line, to be broken at any width: its indent, its text.

    A paragraph is one line, and so is an item of a list; an empty line stands between paragraphs.

    >>> list(flowed("They must:\n\n- (a) ask\n  twice; or\n  - at once\n\nSee Note 1A."))
    [(0, 'They must:'), (2, '(a) ask twice; or'), (4, '- at once'), (0, ''), (0, 'See Note 1A.')]
    """
    indent, words = 0, list[str]()
    ended = False
    for line in [*text.split("\n"), ""]:
        bare = line.strip()
        begins = bare.startswith("- ")
        if words and (begins or not bare):
            yield indent, " ".join(words)
            words, ended = [], not bare
        if not bare:
            continue
        if begins:
            indent = len(line) - len(line.lstrip()) + 2
            bare = bare[2:] if bare.startswith("- (") else bare
        elif not words:
            indent = len(line) - len(line.lstrip())
            if ended:
                yield 0, ""
        ended = False
        words.append(bare)


def laid_out(
    text: str, width: int, broken: Callable[[str, int], Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Yield the lines of a paragraph at a width, each as its margin and its words.

    `broken` breaks a text into lines of a width; what follows in an item stands under its words.
    """
    for indent, words in flowed(text):
        item = _MARK.match(words)
        hang = len(item[0]) if item else 0
        for number, line in enumerate(broken(words[hang:], width - 2 - indent - hang)):
            margin = " " * (2 + indent)
            head = (item[0] if number == 0 else " " * hang) if item else ""
            yield margin, f"{head}{line}"


def load_law(folder: Path) -> tuple[LawText, ...]:
    """Read the texts of the law of a rules folder, newest first, or those shipped if it has none.

    Raises `RuleFileError` with every fault and its place.
    """
    own = folder / LAW
    place = own if own.exists() or own.is_symlink() else bundled_rules() / LAW
    paths = sorted(place.glob("*.md"))
    return _load(tuple((path, _changed_at(path)) for path in paths))


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0  # whoever reads it hears why


@lru_cache(maxsize=4)
def _load(paths: tuple[tuple[Path, int], ...]) -> tuple[LawText, ...]:
    """Read files, each with the time of its last change: one that changed is read again."""
    texts: dict[date, LawText] = {}
    faults: list[Diagnostic] = []
    if not paths:
        message = (
            f"no text is in this folder (*.md); put one there, or take '{LAW}' away, and the one "
            "shipped is shown"
        )
        faults.append(Diagnostic(LAW, 1, 1, "law-form", message))
    for path, _ in paths:
        try:
            text = read_law(path)
        except RuleFileError as error:
            faults += error.diagnostics
            continue
        if text.about.start in texts:
            message = f"{texts[text.about.start].file} begins on the same day, {text.about.start}"
            faults.append(Diagnostic(text.file, text.about_line, 1, "law-form", message))
        texts[text.about.start] = text
    if faults:
        raise RuleFileError(faults)
    return tuple(texts[start] for start in sorted(texts, reverse=True))


def in_force_on(texts: Sequence[LawText], day: date) -> LawText | None:
    """Return the edition of a day; None where the day is before the first that was read."""
    return next((each for each in texts if each.about.start <= day), None)


def read_law(path: Path) -> LawText:
    """Read one edition; raise `RuleFileError` with every fault and its place."""
    name = f"{LAW}/{path.name}"
    text = text_of(path, name, _LARGEST).replace("\r\n", "\n").replace("\r", "\n")
    if match := _UNSEEN.search(text):
        line, column = (
            text.count("\n", 0, match.start()) + 1,
            match.start() - text.rfind("\n", 0, match.start()),
        )
        message = f"a character that nobody can see (U+{ord(match[0]):04X}); take it out"
        raise RuleFileError([Diagnostic(name, line, column, "law-form", message)])
    _, fence, rest = text.partition(_FENCE)
    head, end, body = rest.partition(f"\n{_FENCE}")
    if not text.startswith(_FENCE) or not fence or not end:
        message = "a text of the law begins with '---', what it is, and '---'; see the one shipped"
        raise RuleFileError([Diagnostic(name, 1, 1, "law-form", message)])
    about = validated(parse_yaml(f"\n{head}", name), Edition)
    first = 4 + head.count("\n")
    faults: list[Diagnostic] = []
    sections: dict[str, str] = {}
    paragraphs: dict[str, Paragraph] = {}
    for paragraph in _paragraphs(name, body, first, sections, faults):
        twice = paragraphs.get(paragraph.name)
        if twice is not None:
            message = f"'{paragraph.name}' stands here twice, first in line {twice.line}"
            faults.append(Diagnostic(name, paragraph.line, 1, "law-form", message))
        elif not paragraph.text:
            message = f"'{paragraph.name}' has no words; write '{UNUSED}' if it is not used"
            faults.append(Diagnostic(name, paragraph.line, 1, "law-form", message))
        else:
            paragraphs[paragraph.name] = paragraph
    if not paragraphs and not faults:
        faults.append(Diagnostic(name, first, 1, "law-form", "no paragraph is here ('## 9.3')"))
    if faults:
        raise RuleFileError(faults)
    about_line = 2 + next(n for n, each in enumerate(head.split("\n")) if each.startswith("from:"))
    return LawText(name, about, sections, paragraphs, about_line)


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
            if not _belongs(heading, section):
                message = f"'{heading}' does not belong to section {section}, in which it stands"
                faults.append(Diagnostic(name, number, 1, "law-form", message))
        elif match := _SECTION.fullmatch(line):
            section = match["name"]
            if section in sections:
                message = f"section {section} begins here a second time"
                faults.append(Diagnostic(name, number, 1, "law-form", message))
            sections[section] = match["title"]
        elif line != "# end":
            message = "a heading is '# 9. Title' for a section or '## 9.3' for a paragraph in one"
            faults.append(Diagnostic(name, number, 1, "law-form", message))


def _belongs(paragraph: str, section: str) -> bool:
    """Whether a paragraph or Note is numbered as those of a section are: 9.3, Note 9B, Annex A 3."""
    if section.startswith("Annex"):
        return f"{paragraph} ".startswith(f"{section} ")
    return re.fullmatch(rf"{section}\.\d+[A-Z]*|Note {section}[A-Z]+\d*", paragraph) is not None
