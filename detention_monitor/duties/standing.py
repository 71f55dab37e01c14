"""How a duty stands at the instant of the assessment: done, due, missed, excused or moot."""

from __future__ import annotations

from detention_monitor.duties.acts import Act, earlier, later
from detention_monitor.duties.duty import Duty
from detention_monitor.findings import Status
from detention_monitor.values import Immutable

DONE = frozenset({"met", "met_late"})
LATE = frozenset({"overdue", "missed", "met_late"})
WAITING = frozenset({"open", "due_soon"})


class Standing(Immutable, frozen=True, gc=False):
    """The status of a duty, the instant up to which lateness runs, and the act that counts as done.

    `doubted`: another act, of which it is not sure that it discharges, would have been in time.
    """

    status: Status
    until: int
    done: Act | None
    doubted: bool


def standing_of(duty: Duty) -> Standing:
    """Return how a duty stands."""
    done, doubted, due = duty.acts.get("done"), duty.acts.get("doubted"), duty.due
    in_doubt = False
    if doubted is not None and (done is None or doubted.at < done.at):
        in_doubt = due is not None and doubted.at <= due and (done is None or done.at > due)
        if not in_doubt:
            done = doubted
    status, until = _status(duty, done)
    if in_doubt and doubted is not None and status in WAITING:
        done, status, until = doubted, "met", doubted.at
    return Standing(status, until, done, in_doubt)


def _status(duty: Duty, done: Act | None) -> tuple[Status, int]:
    """Return the status, and the instant up to which lateness runs."""
    due, lapse, excuse = duty.due, duty.lapse, duty.excuse
    if excuse is not None and later(excuse, due) and not duty.terms.excused_late:
        # Too late to excuse what was missed; from then on nothing more is due.
        if lapse is None or (excuse.at, excuse.place) < (lapse.at, lapse.place):
            lapse = excuse
        excuse = None
    if done is not None and _in_time(duty, done) and not (lapse and earlier(lapse, done)):
        return "met", done.at
    if excuse is not None and not (lapse and earlier(lapse, excuse)):
        return "excused", excuse.at
    if lapse is not None and (done is None or earlier(lapse, done)):
        if due is None or lapse.at <= due:
            return "lapsed", lapse.at
        return ("missed" if _carried(duty) else "cannot_tell"), lapse.at
    if done is not None:
        return "met_late", done.at
    if not _carried(duty):
        return "cannot_tell", duty.now.as_of
    return _undone(duty)


def _in_time(duty: Duty, done: Act) -> bool:
    if duty.due is not None:
        return done.at <= duty.due or duty.shares_minute(done)
    return bool(duty.steps) or not later(done, duty.end)


def _carried(duty: Duty) -> bool:
    """Whether the source carries any entry that would show the duty done."""
    coverage = duty.now.coverage
    return coverage.is_whole or any(map(coverage.carries, duty.terms.happen))


def _undone(duty: Duty) -> tuple[Status, int]:
    """Return the status of a duty that nothing has discharged, excused or made moot."""
    terms, due, as_of, end = duty.terms, duty.due, duty.now.as_of, duty.end
    until = as_of if end is None else end
    if due is not None and (until > due or duty.is_entry(due)):
        return ("overdue" if end is None else "missed"), until
    if end is not None:
        # "As soon as practicable" ends with the detention. A duty that waits for something
        # that never came, or a bare time that was not reached, has become moot.
        moot = "after" not in duty.acts if terms.waits else due is not None or bool(duty.steps)
        return ("lapsed" if moot else "missed"), until
    warned = max((duty.span(each) for each in terms.warn), default=0)
    ahead = due if duty.early is None else duty.early
    soon = ahead is not None and warned and as_of >= ahead - warned
    return ("due_soon" if soon else "open"), until
