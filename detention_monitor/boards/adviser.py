"""Which reviews will fall in sleep, and the latest time that avoids it (Code C Note 15C).

A child is taken to sleep in the window of the night (the parameters night_from and night_to), and
while a rest is on record, for eight hours from its start. That is our presumption, not law; a
person knows better.
"""

from __future__ import annotations

from collections.abc import Iterable

from detention_monitor.boards.child import Child
from detention_monitor.boards.sheet import next_review
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import DAY, HOUR, night_windows
from detention_monitor.values import Immutable

_REST = 8 * HOUR


class Advice(Immutable, frozen=True, gc=False):
    """A review that will probably fall in sleep (instants: seconds UTC).

    `latest` is the last instant before the sleep; None where the child sleeps already. `next_due`
    is what a review at `latest` makes the next one, and `next_in_sleep` whether that falls in
    sleep again.
    """

    child: Child
    due: int
    asleep_from: int
    asleep_to: int
    latest: int | None
    next_due: int | None
    next_in_sleep: bool


def advise(children: Iterable[Child], ruleset: RuleSet, now: int) -> list[Advice]:
    """Return the reviews to bring forward, the most pressing first."""
    found = (_advice(each, ruleset, now) for each in children if each.in_custody)
    return sorted(
        (each for each in found if each is not None),
        key=lambda each: (
            each.latest is None,
            each.latest or each.due,
            each.due,
            each.child.detention,
        ),
    )


def _advice(child: Child, ruleset: RuleSet, now: int) -> Advice | None:
    due = child.review.due if child.review else None
    if due is None or due < now:
        return None
    sleep = sleep_at(child, ruleset, due, now)
    if sleep is None:
        return None
    begins, ends = sleep
    if begins <= now:
        return Advice(child, due, begins, ends, None, None, False)
    after = next_review(child, ruleset, begins).strict
    again = after is not None and sleep_at(child, ruleset, after, now) is not None
    return Advice(child, due, begins, ends, begins, after, again)


def sleep_at(child: Child, ruleset: RuleSet, at: int, now: int) -> tuple[int, int] | None:
    """Return the stretch of presumed sleep that an instant falls in: its start and end.

    The start itself is before sleep, the end after it. A rest on record that goes on at `now`
    counts for eight hours from when it began.
    """
    rest = child.resting_since
    if rest is not None and rest < at < rest + _REST and rest <= now:
        return rest, rest + _REST
    begins = ruleset.parameters.value("night_from", at)
    ends = ruleset.parameters.value("night_to", at)
    for _, start, end in night_windows(at - DAY, at + DAY, begins, ends):
        if start < at < end:
            return start, end
    return None
