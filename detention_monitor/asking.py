"""What the law asks without giving a time: from a line of the force's own on, a person is asked.

A local target printed as law is a falsehood (design D5). So such a finding says whose standard may be
broken, has no due time and no lateness, and carries the line as a step with its own authority.
"""

from __future__ import annotations

from collections.abc import Mapping

from detention_monitor.findings import Finding
from detention_monitor.terms import Terms
from detention_monitor.times import local_text
from detention_monitor.values import changed

_LATE = ("overdue", "missed", "met_late")
GIVES_NONE: Mapping[str, str] = {
    "statute": "the Act gives no number",
    "code": "the Code gives no number",
    "annex": "the Code gives no number",
    "note": "the Note gives no number",
}


def as_question(finding: Finding, terms: Terms) -> Finding:
    """Return how a duty with `asks_after` stands: what its rule `finds` once the line is passed."""
    line = finding.due_at
    plain = changed(finding, authority=terms.authority, due_at=None, minutes_late=None)
    if line is None or finding.status not in _LATE:
        return plain
    why = GIVES_NONE[terms.authority]
    can_be_answered = bool(terms.answers) and finding.status != "missed"
    return changed(
        plain,
        status=terms.finds,
        occurred_at=line,
        message=(
            f"{finding.message} Asked from {local_text(line)}, a local line; {why}: whether it is a "
            "breach is for a person to judge."
        ),
        absent=(*finding.absent, *terms.answers),
        clears_on=terms.clears if can_be_answered else "",
    )
