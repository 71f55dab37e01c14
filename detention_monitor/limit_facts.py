"""From entries to the custody clock: how long detention without charge may last, and what moves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from detention_monitor import times
from detention_monitor.clock_entries import ClockSettings, Entries, relevant_time, whole
from detention_monitor.clocks import Span, elapsed, live, union
from detention_monitor.entries import Value
from detention_monitor.timeline import ESTABLISHED, POSSIBLE, Fact


def limit_facts(entries: Entries, settings: ClockSettings) -> Iterator[Fact]:
    """Yield the limits; with when each would be had no visit to hospital paused the clock.

    While it is paused, the seconds left are what lay between the pause and the limit then.
    """
    excluded, unpaused = union(entries.excluded()), union(entries.excluded(hospital=False))
    closed = [span for span in excluded if span.end is not None]
    paused_at = next((span.start for span in excluded if span.end is None), 0)
    paused = unpaused != excluded  # without a visit to hospital there is nothing to be early for
    early = _dues(_limits_by(entries, settings, unpaused)) if paused else {}
    before = _dues(_limits_by(entries, settings, closed)) if paused_at else {}
    for fact in _limits_by(entries, settings, excluded):
        attrs = {**fact.attrs}
        which = attrs.get("basis"), fact.evidence
        if which in early and early[which] != attrs.get("due"):
            attrs["early"] = early[which]
        if attrs.get("paused") is True and which in before:
            attrs["left"] = before[which] - paused_at
        yield fact.saying(attrs)


_Limit = tuple[Value | None, tuple[str, ...]]


def _dues(limits: Iterable[Fact]) -> dict[_Limit, int]:
    """Return the limits by their basis and the entries they rest on."""
    found = ((fact, whole(fact.attrs, "due")) for fact in limits if fact.kind == "custody_limit")
    return {(fact.attrs["basis"], fact.evidence): due for fact, due in found if due is not None}


def _limits_by(
    entries: Entries, settings: ClockSettings, excluded: Sequence[Span]
) -> Iterator[Fact]:
    """Yield each limit of detention without charge, and what replaced it (PACE ss.41-44)."""
    begun = relevant_time(entries)
    if begun is None:
        return
    limits = _Limits(entries, *begun, settings.custody_limit, excluded)
    yield limits.current("initial", begun[0], begun[1].evidence, limits.sure)
    done = [fact.at for fact in charged_on_all(entries)]
    again = [fact for fact in entries.all("arrested") if done and fact.at > done[0]]
    steps = entries.all(
        "extension_authorised", "warrant_applied", "warrant_issued", "bail_answered",
        "court_not_sitting_noted", "warrant_refused",
    )  # fmt: skip
    for fact in sorted([*steps, *again], key=limits.takes_effect):
        if fact.kind in ("bail_answered", "arrested"):
            yield limits.resume(fact)
        elif limits.due is None:
            continue  # paused: nothing can be said of what is added to it
        elif fact.kind == "court_not_sitting_noted":
            yield from limits.await_court(fact)
        elif fact.kind == "extension_authorised":
            yield from limits.extend(fact)
        elif fact.kind == "warrant_applied":
            yield from limits.apply(fact)
        elif fact.kind == "warrant_refused":
            yield from limits.refuse(fact)
        else:
            yield from limits.warrant(fact)


class _Limits:
    """The limit of detention as it stands: `due` None while the clock is paused."""

    def __init__(
        self, entries: Entries, start: int, source: Fact, initial: int, excluded: Sequence[Span]
    ) -> None:
        self._entries, self._start, self._source = entries, start, source
        self._excluded = excluded
        self.due = self._first = live(start, initial, self._excluded)
        self._basis = "initial"
        self._applied = False
        self.sure = POSSIBLE if entries.doubtful(self.due) else ESTABLISHED
        self._ordinal = 1
        self._at_36 = live(start, 36 * times.HOUR, self._excluded)
        self._at_42 = live(start, 42 * times.HOUR, self._excluded)
        self._noted = False
        self._warranted: int | None = None

    def takes_effect(self, step: Fact) -> int:
        """Return from when a step counts: a note may be written after the time it explains."""
        noted = step.kind == "court_not_sitting_noted" and self._at_36 is not None
        return min(step.at, self._at_36) if noted and self._at_36 is not None else step.at

    @property
    def _may_wait(self) -> bool:
        """Whether this is the limit of 36 hours, at which a court may be waited for (s.43(5)(b))."""
        return self.due is not None and self.due == self._at_36 and self._warranted is None

    def current(self, basis: str, at: int, evidence: tuple[str, ...], sure: int) -> Fact:
        """Return the limit as it stands; whether a court is waited for may be noted later."""
        attrs: dict[str, Value] = {"ordinal": self._ordinal, "basis": basis}
        attrs["paused"] = self.due is None
        if self.due is not None:
            attrs["due"] = self.due
        if self._may_wait and self._at_42 is not None and at <= self._at_42:
            attrs["due_latest"] = self._at_42
        return Fact("custody_limit", at, attrs, sure, evidence, f"custody_limit:{self._ordinal}")

    def resume(self, fact: Fact) -> Fact:
        """Go on after bail or a further arrest: released or charged, the limit was kept.

        Now it runs again, on the same hours; one that had run out before is passed from now on.
        """
        self._ordinal += 1
        evidence = (*self._source.evidence, *fact.evidence)
        limit = self.current(self._basis, fact.at, evidence, self.sure)
        if self.due is None:
            return limit
        return limit.saying({**limit.attrs, "due": max(self.due, fact.at)})

    def _replace(
        self, due: int | None, basis: str, at: int, evidence: tuple[str, ...], sure: int
    ) -> Iterator[Fact]:
        attrs: dict[str, Value] = {"ordinal": self._ordinal}
        yield Fact("limit_extended", at, attrs, sure, evidence, f"limit_extended:{self._ordinal}")
        self._ordinal, self.due, self._basis = self._ordinal + 1, due, basis
        yield self.current(basis, at, evidence, sure)

    def await_court(self, note: Fact) -> Iterator[Fact]:
        """Add six hours if no court could sit at 36 hours and one will within them (s.43(5)(b)).

        When it sits may be left blank; then what follows is only possible (design D7).
        """
        sits = whole(note.attrs, "sits_at")
        if not self._may_wait or self._at_36 is None or self._at_42 is None:
            return
        if note.at > self._at_42 or (sits is not None and not self._at_36 < sits <= self._at_42):
            return
        self._noted = True
        sure = POSSIBLE if sits is None else self.sure
        at = self.takes_effect(note)
        yield from self._replace(self._at_42, "court_awaited", at, note.evidence, sure)

    def extend(self, fact: Fact) -> Iterator[Fact]:
        """Count a superintendent's extension, to 36 hours from the relevant time at most (s.42).

        Of no effect before the second review (s.42(4)(b)), nor after the limit: a first one by
        24 hours (s.42(4)(a)), a further one while that before it runs (s.42(2)). What is left
        blank counts as done.
        """
        further = self._basis == "extension"
        limit, until = self.due if further else self._first, _until(fact, self.due)
        attrs: dict[str, Value] = {"further": further}
        if limit is not None:
            attrs["late"] = fact.at > limit
        if until is not None and self._at_36 is not None:
            attrs["over_36h"] = until > self._at_36
        key, certainty = f"extension_weighed:{fact.key}", min(fact.certainty, self.sure)
        yield Fact("extension_weighed", fact.at, attrs, certainty, fact.evidence, key)
        valid = fact.attrs.get("valid_extension")
        if valid is False or self.due is None or fact.at > self.due:
            return
        if not _second_review(self._entries, fact.at) or (until is not None and until <= fact.at):
            return
        if valid is not True or until is None:
            self.sure = POSSIBLE
        due = self._moved(until, fact, 36)
        yield from self._replace(due, "extension", fact.at, fact.evidence, self.sure)

    def _too_late(self, at: int) -> bool | None:
        """Say whether a court was asked too late: after 42 hours, or after the warrant it lengthens.

        Between 36 and 42 hours it may be in time (s.43(5)(b)); that is for the note, and a person.
        """
        last = self._at_42 if self._warranted is None else self._warranted
        return None if last is None else at > last

    def apply(self, fact: Fact) -> Iterator[Fact]:
        """Say of an application for a warrant whether it came too late (s.43(5), s.44)."""
        self._applied = True
        late = self._too_late(fact.at)
        key, sure = f"application_weighed:{fact.key}", min(fact.certainty, self.sure)
        if late is not None:
            yield Fact("application_weighed", fact.at, {"late": late}, sure, fact.evidence, key)

    def refuse(self, fact: Fact) -> Iterator[Fact]:
        """End the wait for a court when it refuses (s.43(6)(a), (15)).

        What was authorised before runs on (s.43(16), s.44(8)): then a refusal changes nothing.
        """
        if self._warranted is not None or self._at_36 is None or self._at_42 is None:
            return
        if self._at_36 < fact.at <= self._at_42 and (self._noted or self._may_wait):
            yield from self._replace(fact.at, "court_refused", fact.at, fact.evidence, self.sure)

    def warrant(self, fact: Fact) -> Iterator[Fact]:
        """Count a warrant: 36 hours each, 96 in all (ss.43, 44); what a court orders has effect.

        A first warrant runs from its issue, a later one from the end of the one before, which it
        lengthens. One without an end counts for 36 hours, and what follows is only possible.
        """
        assert self.due is not None  # a paused limit is not asked
        until = whole(fact.attrs, "until")
        base = fact.at if self._warranted is None else max(self._warranted, fact.at)
        longest = base + 36 * times.HOUR
        in_all = live(self._start, 96 * times.HOUR, self._known(fact))
        attrs: dict[str, Value] = {}
        in_the_six = (
            self._at_36 is not None
            and self._at_42 is not None
            and self._at_36 < fact.at <= self._at_42
        )
        if in_the_six and (self._may_wait or self._noted):
            attrs["noted"] = self._noted
        if until is not None and in_all is not None:
            attrs |= {"over_36h": until > longest, "over_96h": until > in_all}
        late = self._too_late(fact.at)
        if late is not None and not self._applied:  # else the application says it
            attrs["late"] = late
        self._applied = False
        key = f"warrant_weighed:{fact.key}"
        yield Fact("warrant_weighed", fact.at, attrs, fact.certainty, fact.evidence, key)
        if until is not None and until <= fact.at:
            return
        if in_the_six and self._may_wait and self._at_36 is not None:
            # The court sat within the six hours: what is missing is the note (s.43(6)(b)).
            yield from self._replace(
                self._at_42, "court_awaited", self._at_36, fact.evidence, POSSIBLE
            )
        if until is None:
            self.sure = POSSIBLE
        due = self._moved(longest if until is None else min(until, longest), fact, 96)
        self._warranted = due
        yield from self._replace(due, "warrant", fact.at, fact.evidence, self.sure)

    def _known(self, fact: Fact) -> list[Span]:
        return [span for span in self._excluded if span.start <= fact.at]

    def _moved(self, until: int | None, fact: Fact, most: int) -> int | None:
        """Return the new limit, at most so many hours in all.

        A clock time given on the authority moves with what is excluded after it, such as bail.
        """
        in_all = live(self._start, most * times.HOUR, self._excluded)
        if until is None:
            return in_all
        run = elapsed(self._start, until, self._known(fact))
        moved = live(self._start, run, self._excluded)
        return None if moved is None or in_all is None else min(moved, in_all)


def charged_on_all(entries: Entries) -> list[Fact]:
    """Return the facts that all offences arrested for are charged; one each time that came true.

    Where neither arrests nor charges name offences, the first charge is taken to be for all.
    """
    arrested: set[str] = set()
    charged: set[str] = set()
    out: list[Fact] = []
    complete = False
    for fact in entries.all("arrested", "charged", "detention_after_charge"):
        named = str(fact.attrs.get("offence_ref", ""))
        if fact.kind == "arrested":
            if named:
                complete = complete and named in arrested
                arrested.add(named)
            continue
        charged.add(named)
        if not complete and (not named or not arrested or arrested <= charged):
            complete = True
            key = f"charged_on_all:{len(out) + 1}"
            out.append(Fact("charged_on_all", fact.at, {}, ESTABLISHED, fact.evidence, key))
    return out


def _until(fact: Fact, due: int | None) -> int | None:
    until = whole(fact.attrs, "until")
    if until is not None:
        return until
    hours, minutes = whole(fact.attrs, "hours"), whole(fact.attrs, "minutes")
    if due is None or (hours is None and minutes is None):
        return None
    return due + (hours or 0) * times.HOUR + (minutes or 0) * times.MINUTE


def _second_review(entries: Entries, at: int) -> bool:
    held = [
        fact
        for fact in entries.all("review_held")
        if fact.at // 60 <= at // 60 and fact.attrs.get("valid_review") is not False
    ]
    return len(held) >= 2
