"""The back-ends by name, and the comparison of what two of them conclude (docs/decisions/0019)."""

from __future__ import annotations

import zlib
from itertools import zip_longest
from typing import Any

from detention_monitor.assess import Assessment, Backend
from detention_monitor.compiled import CompiledBackend
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import Finding, as_record
from detention_monitor.plan import Plan
from detention_monitor.reference import ReferenceBackend

ENGINES = ("durable", "compiled", "reference")
"""What judges: durable_rules; Python generated from the rules; the slow interpreter."""
MADE_BY = {"durable": DurableBackend.name, "compiled": CompiledBackend.name,
           "reference": ReferenceBackend.name}  # fmt: skip
"""The word in `judged_by` for each engine."""


class DisagreementError(DetentionMonitorError):
    """Two back-ends concluded differently of one detention; nothing that either says is relied on."""


def backend_for(engine: str, plan: Plan) -> Backend:
    """Return a back-end by its name in `ENGINES`; raise `EngineError` where the engine refuses."""
    if engine == "compiled":
        return CompiledBackend(plan)
    return ReferenceBackend(plan) if engine == "reference" else DurableBackend(plan)


def is_sampled(detention: str, share: float, seed: int) -> bool:
    """Whether a detention is in a random sample of `share` per cent; the same for the same seed.

    >>> 800 < sum(is_sampled(f"CR-{number}", 10, 1) for number in range(10_000)) < 1_200
    True
    >>> is_sampled("CR-1", 100, 1), is_sampled("CR-1", 0, 1)
    (True, False)
    """
    return zlib.crc32(f"{seed}\0{detention}".encode()) % 100_000 < share * 1_000


def difference(one: Assessment, other: Assessment) -> str:
    """Return the first thing in which two assessments differ, all but `judged_by`; empty if none."""
    names = one.judged_by or "the first", other.judged_by or "the second"
    for part in ("refused", "next_change_at", "unclosed", "ended_at"):
        mine, theirs = getattr(one, part), getattr(other, part)
        if mine != theirs:
            return _told(part, mine, theirs, names)
    theirs_by_key = {each.key: each for each in other.findings}
    for mine in one.findings:
        if mine.key not in theirs_by_key:
            return _only(mine, names[0])
    mine_by_key = {each.key for each in one.findings}
    for each in other.findings:
        if each.key not in mine_by_key:
            return _only(each, names[1])
    for mine, theirs in zip_longest(one.findings, other.findings):
        told = _differs(mine, theirs, names)
        if told:
            return told
    return ""


def _only(finding: Finding, name: str) -> str:
    return f"{finding.rule} ({finding.status}, key {finding.key}) is found by {name} alone"


def _differs(mine: Finding | None, theirs: Finding | None, names: tuple[str, str]) -> str:
    if mine is None or theirs is None:  # the same keys, one of them twice
        return _only(mine or theirs, names[0 if theirs is None else 1])  # type: ignore[arg-type]
    one, other = as_record(mine), as_record(theirs)
    for key in {**one, **other}:
        if key != "judged_by" and one.get(key) != other.get(key):
            return f"{mine.rule}, {_told(key, one.get(key), other.get(key), names)}"
    return ""


def _told(part: str, mine: Any, theirs: Any, names: tuple[str, str]) -> str:
    return f"{part}: {names[0]} says {mine!r:.80}, {names[1]} {theirs!r:.80}"
