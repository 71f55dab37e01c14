"""Why a finding is what it is, fitted to a pane: what `explain` says, the most useful first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from detention_monitor.assess import Assessment
from detention_monitor.boards.detail import compact, labelled
from detention_monitor.boards.lines import Line, Piece, Tone, wrapped
from detention_monitor.detention import Detention
from detention_monitor.explain import explain
from detention_monitor.findings import Finding
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import local_text, parse_instant
from detention_monitor.wording import Wording

_LABELLED = re.compile(r"  (not counted|not found|judged by|[a-z]+):? +(?=\S)(.*)")
_NAME = re.compile(r"(?<![\w.-])[a-z]+(?:_[a-z]+)+(?![\w.-])")
"""A name of a kind or attribute; not a part of an id or the name of a file."""
_PARAMETER = re.compile(r" \(\$[a-z0-9_]+\)")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)")
_SHORTER = {"not counted": "paused", "not found": "absent", "judged by": "judged",
            "authority": "basis"}  # fmt: skip
_ORDER = {"": 0, "found": 1, "due": 2, "done": 2, "step": 2, "asked": 2, "early": 3, "not counted": 3,
          "not found": 4, "rule": 7, "arose": 8, "judged by": 9}  # fmt: skip
"""What is read first of an explanation: what was found, the arithmetic, what is absent, the law."""


def why(
    finding: Finding,
    result: Assessment,
    detention: Detention,
    ruleset: RuleSet,
    now: int,
    width: int,
) -> list[Line]:
    """Return the reasons of a finding as `explain` gives them, fitted to a width."""
    text = explain(finding, result, detention, ruleset)
    out: list[Line] = []
    told = _told_once(_joined(text), ruleset.wording)
    for label, said in sorted(told, key=lambda each: _ORDER.get(each[0], 5)):
        if not label:
            out += [(Piece(each, "bold"),) for each in wrapped(compact(said, now), width)]
            continue
        tone: Tone = "law" if label in ("law", "rule") else ""
        name = _SHORTER.get(label, label)
        out += labelled(name, compact(said, now), width, tone, 12)
    return out


def _told_once(parts: Iterable[tuple[str, str]], wording: Wording) -> Iterator[tuple[str, str]]:
    """Yield the parts of an explanation, everything that was looked for in vain as one, in words."""
    absent = []
    for label, said in parts:
        if label == "not found":
            absent.append(said)
        elif label in ("entry", "arose", "step", "due", "asked"):
            yield label, _in_words(said, wording)
        else:
            yield label, said
    if absent:
        yield "not found", "; ".join(absent)


def _in_words(said: str, wording: Wording) -> str:
    """Return what cites record and rule in words, and its times as a screen shows them.

    Which parameter a number has its name from is for who writes rules: `explain` says it.
    """
    said = _NAME.sub(lambda found: wording.name(found[0]), _PARAMETER.sub("", said))
    return _INSTANT.sub(lambda found: _local(found[0]), said)


def _local(written: str) -> str:
    try:
        return local_text(parse_instant(written)[0])
    except ValueError:  # what a record says in free text may look like a time
        return written


def _joined(text: str) -> Iterator[tuple[str, str]]:
    """Yield the labels and texts of an explanation, its broken lines put together again."""
    label, said = "", ""
    for raw in text.splitlines():
        match = _LABELLED.match(raw)
        if match is None and raw.startswith(" "):
            said = f"{said} {raw.strip()}".strip()
            continue
        if said:
            yield label, said
        label, said = match.groups() if match else ("", raw)
    if said:
        yield label, said
