"""One duty toward one child: when it arose, by when it was due, what was done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detention_monitor.drafts import Situation
from detention_monitor.duties.acts import Act, acts_of, later
from detention_monitor.duties.steps import steps_of, time_of
from detention_monitor.findings import GradeState
from detention_monitor.terms import Terms
from detention_monitor.timeline import ESTABLISHED, Fact
from detention_monitor.values import Immutable


class Duty(Immutable, frozen=True, gc=False):
    """A duty as the record has it, before it is asked how it stands; instants are seconds UTC.

    It arose with `fact`, which lies at `place`; whoever had it could act from `begun`.
    """

    terms: Terms
    now: Situation
    fact: Fact
    place: int
    sure: bool
    acts: Mapping[str, Act]
    lapse: Act | None
    excuse: Act | None
    steps: Sequence[GradeState]
    due: int | None
    """The instant of the first step, if any is known."""
    begun: int
    end: int | None
    """When the time of custody ended in which it had to be done, if it has."""
    early: int | None
    latest: int | None

    def span(self, text: str) -> int:
        """Return the seconds of a duration as written in the rule."""
        return self.now.parameters.span(text, self.fact.at)

    def is_entry(self, instant: int) -> bool:
        """Whether an instant is that of an entry which the duty had to come before."""
        names = self.terms.on_entries
        return bool(names) and any(step.at == instant and step.name in names for step in self.steps)

    def shares_minute(self, act: Act) -> bool:
        """Whether an act shares the clock minute of the entry it had to come before."""
        due = self.due
        return due is not None and act.at // 60 == due // 60 and self.is_entry(due)


def duty_of(terms: Terms, subject: int, place: int, certainty: int, now: Situation) -> Duty:
    """Return the duty that a rule, at its place in the plan, opened at the place of a fact."""
    fact = now.facts[place]
    acts = acts_of(now.found.closings_of(subject, place), now.facts)
    steps = steps_of(terms, fact, acts, now)
    awaited = acts.get("after")
    begun = fact.at if awaited is None else max(fact.at, awaited.at)
    end = _end(terms, fact, begun, now)
    lapse, excuse = acts.get("lapses"), acts.get("excused")
    if not steps:
        # What comes after the end of custody cannot undo that the duty was missed by then.
        if lapse is not None and later(lapse, end):
            lapse = None
        if excuse is not None and not terms.excused_late and later(excuse, end):
            excuse = None
    return Duty(
        terms,
        now,
        fact,
        place,
        certainty == ESTABLISHED and terms.sure,
        acts,
        lapse,
        excuse,
        steps,
        steps[0].at if steps else None,
        begun,
        end,
        time_of(fact, "early") if terms.by_clock else None,
        time_of(fact, "due_latest") if terms.by_clock else None,
    )


def _end(terms: Terms, fact: Fact, begun: int, now: Situation) -> int | None:
    """Return when the time of custody ended in which a duty had to be done, if it has.

    Custody may begin again when bail is answered: what was missed by then stays missed, and
    what is due after the return is a duty of its own. The clocks of detention run on over
    bail, and end only with the last time of custody.
    """
    if terms.outlasts_detention or not now.ends:
        return None
    if terms.by_clock:
        ended = now.ended_at
        return ended if ended is not None and ended >= fact.at else None
    return next((end for end in now.ends if end >= begun), None)
