"""What an edit of the rules would change, detention by detention.

Both rule sets judge the same records; findings are compared by their key. Only rules that can
differ are run: those whose meaning changed, those that read a changed parameter, and those tied to
them as cause or consequence; if derived facts, the vocabulary or the numbers of the clocks changed,
all of them.
"""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from detention_monitor.assess import Assessment, assess, end_of
from detention_monitor.detention import Detention
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import Finding
from detention_monitor.interruptions import interruptions
from detention_monitor.parameters import NEEDED
from detention_monitor.plan import make_plan
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule

Kind = Literal["gained", "lost", "moved"]
KINDS: tuple[Kind, ...] = ("gained", "lost", "moved")
EXAMPLES = 3
SHIFT = 8
"""Hours of a shift, and children in a suite, for which interruptions are told."""
SUITE = 10
MOST_WATCHED = 20
"""Detentions, evenly chosen, of which interruptions are counted: each is judged at every change."""
_WORDS = {"tests", "title", "says", "do", "clears", "message", "who"}
"""Fields of a rule that do not decide what is found."""


@dataclass(frozen=True, slots=True)
class Change:
    """One finding that an edit would add, take away, or move (in time, severity or status)."""

    kind: Kind
    rule: str
    detention: str
    before: Finding | None
    after: Finding | None


@dataclass(slots=True)
class Impact:
    """What an edit would change over some records."""

    old: str
    new: str
    compared: tuple[str, ...]
    detentions: int = 0
    entries: int = 0
    changes: list[Change] = field(default_factory=list)
    refusals: list[tuple[str, str, str]] = field(default_factory=list)
    """Detentions judged by one rule set and refused by the other: name, before, after."""
    interruptions: tuple[float, float] = (0.0, 0.0)
    """Interruptions a shift in a suite by the rules compared, before and after."""

    def count(self, rule: str, kind: Kind) -> int:
        """Return how many findings of a rule would be gained, lost or moved."""
        return sum(each.rule == rule and each.kind == kind for each in self.changes)

    def touched(self) -> int:
        """Return how many detentions would have other findings."""
        return len({each.detention for each in self.changes})

    def rules(self) -> list[str]:
        """Return the rules of which something would change, most changes first."""
        names = {each.rule for each in self.changes}
        return sorted(names, key=lambda name: (-sum(self.count(name, k) for k in KINDS), name))

    def examples(self, rule: str, kind: Kind) -> list[Change]:
        """Return the first few changes of a kind."""
        found = (each for each in self.changes if each.rule == rule and each.kind == kind)
        return [each for each, _ in zip(found, range(EXAMPLES), strict=False)]


def impact(old: RuleSet, new: RuleSet, detentions: Sequence[Detention]) -> Impact:
    """Return what changing from one rule set to another would change over some detentions."""
    names = tuple(sorted(_that_may_differ(old, new)))
    before, after = _part(old, names), _part(new, names)
    out = Impact(old.hash, new.hash, names)
    out.detentions = len(detentions)
    out.entries = sum(len(each.entries) for each in detentions)
    if not names:
        return out
    one, other = DurableBackend(before.plan), DurableBackend(after.plan)
    for each in detentions:
        first = assess(each, before, end_of(each, before), backend=one)
        second = assess(each, after, end_of(each, after), backend=other)
        if first.refused != second.refused:
            out.refusals.append((each.id, first.refused or "judged", second.refused or "judged"))
        out.changes += _changes(first, second)
    watched = detentions[:: max(1, len(detentions) // MOST_WATCHED)][:MOST_WATCHED]
    out.interruptions = (_a_shift(watched, before, one), _a_shift(watched, after, other))
    return out


def _a_shift(detentions: Iterable[Detention], ruleset: RuleSet, backend: DurableBackend) -> float:
    """Return the interruptions in one shift of a suite, as in these detentions."""
    count = seconds = 0
    for each in detentions:
        result = assess(each, ruleset, end_of(each, ruleset), backend=backend)
        if result.refused is None and result.authorised_at is not None:
            count += sum(1 for _ in interruptions(each, ruleset, backend))
            seconds += (result.ended_at or end_of(each, ruleset)) - result.authorised_at
    return count / seconds * 3600 * SHIFT * SUITE if seconds else 0.0


# --- which rules can differ ----------------------------------------------------------------------


def _that_may_differ(old: RuleSet, new: RuleSet) -> set[str]:
    everything = {rule.id for rule in (*old.rules, *new.rules)}
    numbers = {
        name
        for name in {*old.parameters.values, *new.parameters.values}
        if old.parameters.values.get(name) != new.parameters.values.get(name)
    }
    same_ground = (
        old.facts == new.facts
        and old.vocabulary == new.vocabulary
        and old.parameters.suites == new.parameters.suites
        and numbers.isdisjoint(NEEDED)
    )
    facts = "".join(fact.model_dump_json() for fact in new.facts)
    if not same_ground or numbers & _read(facts):
        return everything
    meanings = [_meanings(ruleset) for ruleset in (old, new)]
    changed = {name for name in everything if meanings[0].get(name) != meanings[1].get(name)}
    both = (*old.rules, *new.rules)
    changed |= {r.id for r in both if numbers & _read(r.model_dump_json(exclude={"tests"}))}
    tied = {rule.id for rule in both if changed & {*rule.because_of}}
    causes = {cause for rule in both if rule.id in changed for cause in rule.because_of}
    return changed | tied | causes


def _read(text: str) -> set[str]:
    return set(re.findall(r'"\$([a-z][a-z0-9_]*)"', text))


def _meanings(ruleset: RuleSet) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for rule in ruleset.rules:
        out.setdefault(rule.id, []).append(rule.model_dump_json(exclude=_WORDS))
    return out


def _part(whole: RuleSet, names: Sequence[str]) -> RuleSet:
    rules: tuple[Rule, ...] = tuple(rule for rule in whole.rules if rule.id in names)
    return replace(whole, rules=rules, plan=make_plan(whole.facts, rules, whole.vocabulary))


# --- what has changed ----------------------------------------------------------------------------


def _changes(before: Assessment, after: Assessment) -> Iterator[Change]:
    first = {each.key: each for each in before.findings if _counts(each)}
    second = {each.key: each for each in after.findings if _counts(each)}
    for key, finding in second.items():
        known = first.get(key)
        if known is None:
            earlier = next((each for each in before.findings if each.key == key), None)
            yield Change("gained", finding.rule, before.detention, earlier, finding)
        elif _place(known) != _place(finding):
            yield Change("moved", finding.rule, before.detention, known, finding)
    for key, finding in first.items():
        if key not in second:
            later = next((each for each in after.findings if each.key == key), None)
            yield Change("lost", finding.rule, before.detention, finding, later)


def _counts(finding: Finding) -> bool:
    praised = finding.nature == "good_practice" and finding.status == "matched"
    return finding.is_breach or praised


def _place(finding: Finding) -> tuple[object, ...]:
    return (
        finding.status, finding.severity, finding.certainty, finding.authority, finding.due_at,
        finding.minutes_late, finding.occurred_at, finding.because_of,
    )  # fmt: skip


# --- where rules come from -----------------------------------------------------------------------


@contextmanager
def rules_of(name: str, beside: Path) -> Iterator[Path]:
    """Give the folder of rules that a name stands for: a folder, or a git revision of `beside`.

    Raises `DetentionMonitorError` where it is neither, or the revision has no such folder.
    """
    folder = Path(name)
    if folder.is_dir():
        yield folder
        return
    archive = _archive(name, beside)
    with TemporaryDirectory() as place:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(place, filter="data")
        yield Path(place)


def _archive(revision: str, beside: Path) -> bytes:
    if revision.startswith("-"):
        raise DetentionMonitorError(f"'{revision}' is neither a folder of rules nor a git revision")
    try:
        top, _, prefix = _git(beside, "rev-parse", "--show-toplevel", "--show-prefix").partition(
            b"\n"
        )
        inside = prefix.decode().strip().rstrip("/")
        return _git(Path(top.decode()), "archive", "--format=tar", f"{revision}:{inside}")
    except FileNotFoundError as error:
        message = f"'{revision}' is not a folder, and git is not here to look for a revision"
        raise DetentionMonitorError(message) from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr.decode(errors="replace").strip().splitlines() or ["no word of why"])[
            -1
        ]
        message = (
            f"'{revision}' is neither a folder of rules nor a git revision of {beside}: {said}"
        )
        raise DetentionMonitorError(message) from error


def _git(place: Path, *words: str) -> bytes:
    command = ["git", "-C", str(place), *words]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell
