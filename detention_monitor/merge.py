"""Put the findings of several readings of one history together."""

from __future__ import annotations

from collections.abc import Sequence

from detention_monitor.findings import Finding, possible

_LEAST_LATE = (
    "met", "excused", "lapsed", "open", "due_soon", "cannot_tell", "not_recorded",
    "met_late", "overdue", "missed", "matched", "broken",
)  # fmt: skip


def merged(readings: Sequence[Sequence[Finding]]) -> list[Finding]:
    """Return one finding a key: as it is where all readings agree, else `possible`.

    Of readings that differ the one least late is given (design D4).
    """
    if len(readings) == 1:
        return list(readings[0])
    by_key: dict[str, list[Finding]] = {}
    for reading in readings:
        for finding in reading:
            by_key.setdefault(finding.key, []).append(finding)
    out = []
    for found in by_key.values():
        least = min(
            found, key=lambda each: (_LEAST_LATE.index(each.status), each.minutes_late or 0)
        )
        everywhere = len(found) == len(readings) and len({each.status for each in found}) == 1
        out.append(least if everywhere else possible(least))
    return out
