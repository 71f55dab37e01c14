"""What does not fit between the rules, the words of the law, and the list of what is not judged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from detention_monitor.errors import Diagnostic
from detention_monitor.lawtext import LawText, load_law
from detention_monitor.notjudged import NotJudged, load_not_judged, rules_citing, whole_of
from detention_monitor.rulefile import NOT_JUDGED, RuleSet
from detention_monitor.yamlfile import YamlFile, suggestion

_WRITTEN = re.compile(r"(Annex [A-Z] ?)?(Note )?([A-Z]?\d[\w.()-]*)?")
"""How a paragraph is written, whether or not there is one of that name."""


def check_law(folder: Path, ruleset: RuleSet) -> Iterator[Diagnostic]:
    """Yield a warning for every citation of what the Code does not have, and every silence.

    Silence is a paragraph that no rule cites and the list does not name with the reason; it is looked
    for only where a folder has a list of its own. Raises `RuleFileError` where text or list
    cannot be read.
    """
    texts = load_law(folder)
    newest = texts[0]
    yield from _not_there(ruleset, newest)
    if (folder / NOT_JUDGED).exists():
        file, listed = load_not_judged(folder)
        cited = {*rules_citing(ruleset, newest)}
        known = {name for text in texts for name in text.paragraphs}
        rules = {rule.id for rule in ruleset.rules}
        yield from _misfits(file, listed, newest, known, cited, rules)
        for name, paragraph in newest.paragraphs.items():
            if name not in cited and name not in listed.paragraphs and paragraph.is_used:
                message = (
                    f"no rule cites {newest.about.cite} {name}, and nothing says why; list it, or "
                    f"write the rule (its words: rules law '{name}')"
                )
                yield Diagnostic(file.name, 1, 1, "paragraph-passed-over", message, "warning")


def _not_there(ruleset: RuleSet, text: LawText) -> Iterator[Diagnostic]:
    """Yield a warning for every citation of a paragraph, or part of one, that is not there."""
    for file in ruleset.files:
        for number, rule in enumerate(file.model.rules):
            if rule.in_force.to is not None and rule.in_force.to <= text.about.start:
                continue
            for place, source in enumerate(rule.sources):
                for name in text.missing(source.cite):
                    edition = f"{text.about.cite} of {text.about.edition}"
                    near = text.close_to(name.replace(" (", "(")) or "."
                    cure = f"If a newer edition has, put its text beside {text.file}"
                    if not _WRITTEN.fullmatch(name):
                        cure = "Write 'Code C 9.3(a), 9.4', 'Code C Note 9B' or 'Code C Annex H 1'"
                    message = f"{edition} has no {name}{near} {cure}"
                    at = ("rules", number, "sources", place, "cite")
                    line, column = file.yaml.place(at)
                    yield Diagnostic(
                        file.yaml.name, line, column, "no-such-paragraph", message, "warning"
                    )


def _misfits(
    file: YamlFile, listed: NotJudged, text: LawText, paragraphs: set[str], cited: set[str],
    rules: set[str],
) -> Iterator[Diagnostic]:  # fmt: skip
    """Yield a warning for what the list says of paragraphs or rules that are not as it says.

    What only an earlier edition has may stay in it: days of that edition are still asked about.
    """
    known = [*paragraphs, *text.sections, *rules]
    for key, entries in (("paragraphs", listed.paragraphs), ("parts", listed.parts)):
        for name, reason in entries.items():
            line, column = file.key_place((key, name))
            whole = name if key == "paragraphs" else whole_of(name)
            message = ""
            if whole not in paragraphs:
                message = f"{text.about.cite} has no {whole}{text.close_to(whole)}"
            elif key == "paragraphs" and name in cited:
                message = (
                    f"a rule cites {name}; take it out, or list what is left of it under 'parts'"
                )
            elif key == "parts" and whole not in cited and whole in text.paragraphs:
                message = f"no rule cites {whole}; list it whole, under 'paragraphs'"
            if message:
                yield Diagnostic(file.name, line, column, "not-judged-misfit", message, "warning")
            for see in reason.see:
                if see not in known:
                    hint = suggestion(see, known)
                    message = f"'{see}' is neither a rule nor a paragraph{hint}"
                    yield Diagnostic(
                        file.name, line, column, "not-judged-misfit", message, "warning"
                    )
