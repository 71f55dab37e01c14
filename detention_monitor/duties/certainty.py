"""How sure it is that a duty stands as it is said to."""

from __future__ import annotations

from detention_monitor.duties.acts import Act, earlier, later
from detention_monitor.duties.duty import Duty
from detention_monitor.duties.standing import DONE, LATE, Standing
from detention_monitor.findings import Status


def is_sure(duty: Duty, standing: Standing) -> bool:
    """Whether it is established that a duty stands as it is said to, not only possible."""
    status, done = standing.status, standing.done
    if not duty.sure or standing.doubted or status == "cannot_tell":
        return False
    if done is not None and status in DONE:
        unordered = done.at // 60 == duty.fact.at // 60 and done.place != duty.place
        if not done.sure or duty.shares_minute(done) or (unordered and not duty.terms.by_clock):
            return False
    if status == "excused" and duty.excuse is not None and not duty.excuse.sure:
        return False
    if duty.latest is not None and status in LATE and standing.until <= duty.latest:
        return False
    return left_within(duty, status) is None and contrary_to(duty, standing) is None


def contrary_to(duty: Duty, standing: Standing) -> Act | None:
    """Return the entry of the same custody that shows as done by then what was found late or undone."""
    contrary = duty.acts.get("doubts")
    if contrary is None or standing.status not in LATE:
        return None
    if standing.status == "met_late" and standing.done is not None:
        return contrary if earlier(contrary, standing.done) else None
    return None if later(contrary, duty.end) else contrary


def left_within(duty: Duty, status: Status) -> int | None:
    """Return the seconds to the end of custody if they left no sure time for what was missed.

    Whether anybody could have done it is then a judgement, as in "as soon as practicable".
    """
    if not duty.terms.needs_time or duty.end is None or status not in ("missed", "met_late"):
        return None
    left = duty.end - duty.begun
    return left if left <= duty.span(duty.terms.needs_time) else None
