"""The chain of reviews of one detention: when each was due, and how each that was held counts.

On whole seconds UTC (PACE s.40; domain.md 2.1 and 2.7); nothing here knows about entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from detention_monitor.clocks import Span, elapsed, live
from detention_monitor.values import Immutable

Phase = Literal["before_charge", "after_charge"]
_Reading = tuple[int | None, int | None]
"""When something is due, or None and the seconds left while the clock is paused."""
_FAR = 2**62


class Review(Immutable, frozen=True, gc=False):
    """A review that was held: `counts` 2 surely, 1 if something is blank; `disputed` by reading."""

    at: int
    entry: str
    counts: int = 2
    disputed: bool = False


class Postponement(Immutable, frozen=True, gc=False):
    """A lawful postponement: when it was decided, when it was written down, and on what ground."""

    at: int
    entry: str
    recorded_at: int | None = None
    ground: str = ""


class ReviewDue(Immutable, frozen=True, gc=False):
    """One link of the review chain.

    `due` is the earlier of two readings of the law, `due_latest` the later (None where they
    agree); both None while the clock is paused, when `left` seconds remain once it goes on.
    `early` is when the review would be due had no visit to hospital paused the clock: an early
    alert and never a breach (domain.md 2.4). `opened_by` are the entries it rests on.
    """

    ordinal: int
    phase: Phase
    opened_at: int
    due: int | None
    due_latest: int | None = None
    opened_by: tuple[str, ...] = ()
    certainty: int = 2
    early: int | None = None
    left: int | None = None


class CountedReview(Immutable, frozen=True, gc=False):
    """A review as it fell in the chain: which link it discharged, how late, by what leave."""

    ordinal: int
    review: Review
    late: int
    postponed_by: Postponement | None = None
    disputed: bool = False


@dataclass(slots=True)
class ReviewChain:
    """The chain of one detention, one before and after charge."""

    dues: list[ReviewDue] = field(default_factory=list)
    counted: list[CountedReview] = field(default_factory=list)
    put_off_by: Postponement | None = None
    """The lawful postponement of the last review due, which has not been held yet."""


class Authority(Immutable, frozen=True, gc=False):
    """Detention was first authorised, or authorised again after bail was answered."""

    at: int
    entry: str


def review_chain(
    authorities: Sequence[Authority],
    reviews: Sequence[Review],
    postponements: Sequence[Postponement],
    decisions: Sequence[Authority],
    excluded: Sequence[Span],
    first: int,
    following: int,
    running: Sequence[Span] | None = None,
) -> ReviewChain:
    """Work out every review that was or is due (PACE s.40(3)-(6); domain.md 2.1 and 2.7).

    A timely review moves the chain to nine hours after it was held; a lawfully postponed one to
    nine hours after it was due; a late one leaves two readings, of which the earlier alerts. At
    the decision to detain after charge an open link goes over to the custody officer with its
    due time; one already missed stays, and the next is counted from it or from the decision.
    `running` is what is excluded when hospital is not: by it the early alerts are counted.
    """
    chain = ReviewChain()
    if not authorities:
        return chain
    unpaused = tuple(excluded if running is None else running)
    state = _Chain(chain, tuple(excluded), unpaused, first, following, list(postponements))
    begun = authorities[0]
    state.begin(begun)
    steps: list[tuple[int, int, Authority | Review, str]] = []
    steps += [(each.at, 0, each, "review") for each in reviews if each.at // 60 >= begun.at // 60]
    steps += [(each.at, 1, each, "decision") for each in decisions]
    steps += [(each.at, 2, each, "again") for each in authorities[1:]]
    for at, _, step, what in sorted(steps, key=lambda each: each[:2]):
        if isinstance(step, Review):
            state.hold(step)
        elif what == "decision":
            state.decide(at, step.entry)
        else:
            state.resume(at, step.entry)
    chain.put_off_by = state.pending()
    return chain


class _Chain:
    def __init__(
        self,
        chain: ReviewChain,
        excluded: tuple[Span, ...],
        running: tuple[Span, ...],
        first: int,
        following: int,
        postponements: list[Postponement],
    ) -> None:
        self._chain, self._excluded, self._running = chain, excluded, running
        self._first, self._following = first, following
        self._postponements = postponements
        self._previous_disputed = False
        self._strict: ReviewDue | None = None
        """The link that is still open by the reading on which the last reviews were none."""
        self._early: int | None = None

    @property
    def current(self) -> ReviewDue:
        return self._chain.dues[-1]

    def open(
        self,
        ordinal: int,
        phase: Phase,
        at: int,
        readings: Sequence[_Reading],
        entries: tuple[str, ...],
        certainty: int = 2,
    ) -> None:
        known = [due for due, _ in readings if due is not None]
        due = min(known, default=None)
        latest = None if not known or max(known) == due else max(known)
        left = None
        if not known:
            left = min((left for _, left in readings if left is not None), default=None)
        elif len(known) < len(readings):  # the later reading is paused: it cannot be told yet
            certainty = min(certainty, 1)
        early = self._early if self._early != due else None
        link = ReviewDue(ordinal, phase, at, due, latest, entries, certainty, early, left)
        self._chain.dues.append(link)

    def _after(self, base: int, seconds: int | None = None) -> _Reading:
        """Return when the seconds have run since a base, or how many are left while paused."""
        whole = self._following if seconds is None else seconds
        due = live(base, whole, self._excluded)
        # What has run by the end of time has run before the open pause, which has no end.
        return due, whole - elapsed(base, _FAR, self._excluded) if due is None else None

    def begin(self, authority: Authority) -> None:
        """Open the first link."""
        self._early = live(authority.at, self._first, self._running)
        readings = [self._after(authority.at, self._first)]
        self.open(1, "before_charge", authority.at, readings, (authority.entry,))

    def hold(self, review: Review) -> None:
        """Count a review, and open the next link from it."""
        current = self.current
        late = 0 if current.due is None else max(0, review.at - current.due)
        leave = self._leave(current, review) if late else None
        disputed = review.disputed and not self._previous_disputed
        self._previous_disputed = review.disputed
        if disputed:
            self._strict = current
        elif not review.disputed and self._strict is not None:
            self._discharge(self._strict, review)
        counted_late = 0 if leave else late
        self._chain.counted.append(
            CountedReview(current.ordinal, review, counted_late, leave, disputed)
        )
        bases = [review.at]
        if leave is not None and current.due is not None:
            bases = [current.due, current.due_latest or current.due]
        elif late and current.due is not None:
            bases = [current.due, review.at]
        readings = [self._after(base) for base in bases]
        self._follow(review.at)
        self.open(
            current.ordinal + 1, current.phase, review.at, readings, (review.entry,), review.counts
        )

    def _discharge(self, strict: ReviewDue, review: Review) -> None:
        """Count a review, of which nobody disputes that it is one, for the link open by the strict reading."""
        self._strict = None
        if strict.due is not None:
            late = max(0, review.at - strict.due)
            self._chain.counted.append(CountedReview(strict.ordinal, review, late))

    def _follow(self, at: int) -> None:
        """Count the next early alert from an act, or from the early alert that came before it."""
        base = at if self._early is None else min(at, self._early)
        following = live(base, self._following, self._running)
        if following is not None and following <= at:  # no alert for what is over already
            following = live(at, self._following, self._running)
        self._early = following

    def _leave(self, current: ReviewDue, review: Review) -> Postponement | None:
        """Return the lawful postponement that covers a review held late, if there is one.

        One decided between the last review and this one; or, written only afterwards, nearer to
        this review than to when the next would be due.
        """
        before = [each for each in self._postponements if current.opened_at <= each.at <= review.at]
        half = review.at + self._following // 2
        after = [each for each in self._postponements if review.at < each.at < half]
        found = (before or after)[:1]
        for each in found:
            self._postponements.remove(each)
        return found[0] if found else None

    def pending(self) -> Postponement | None:
        """Return a postponement of the link that is still open."""
        opened = self.current.opened_at
        return next((each for each in self._postponements if each.at >= opened), None)

    def decide(self, at: int, entry: str) -> None:
        """Hand the open link over to the custody officer, or start anew from a missed one."""
        current = self.current
        if current.phase == "after_charge":
            return
        self._hand_over(at, entry)
        if current.due is not None and at > current.due:
            readings = [*self._not_yet(at), *(self._after(base) for base in (current.due, at))]
            self._follow(at)
            self.open(current.ordinal + 1, "after_charge", at, readings, (entry,))
            return
        latest = current.due_latest or current.due
        readings = [(current.due, current.left), (latest, current.left)]
        entries = (*current.opened_by, entry)
        self.open(current.ordinal, "after_charge", at, readings, entries, current.certainty)

    def _hand_over(self, at: int, entry: str) -> None:
        """Hand over the link that is open by the strict reading alone: what is due then is possible."""
        strict = self._strict
        if strict is None or strict.due is None or at > strict.due:
            self._strict = (
                None  # paused, or missed already: that stays with the review before charge
            )
            return
        latest = strict.due_latest or strict.due
        readings: list[_Reading] = [(strict.due, None), (latest, None)]
        self.open(strict.ordinal, "after_charge", at, readings, (*strict.opened_by, entry), 1)
        self._strict = self.current

    def _not_yet(self, at: int) -> list[_Reading]:
        """Return the later reading of the open link, if by that it is not due yet: it goes on.

        It was missed by the earlier reading only; what is counted anew from there may come later.
        """
        latest = self.current.due_latest
        return [(latest, None)] if latest is not None and at <= latest else []

    def resume(self, at: int, entry: str) -> None:
        """Go on after a return from bail: the chain with bail time left out, or a fresh one."""
        current, fresh = self.current, self._after(at, self._first)
        afresh = live(at, self._first, self._running)
        if current.due is not None and at > current.due:  # missed before bail; the next one is due
            readings = [*self._not_yet(at), self._after(current.due), fresh]
            self._follow(current.due)
            self._early = _earlier(self._early, afresh)
            self.open(current.ordinal + 1, "before_charge", at, readings, (entry,))
            return
        readings = [(current.due, current.left), fresh]
        self._early = _earlier(self._early, afresh)
        entries = (*current.opened_by, entry)
        self.open(current.ordinal, "before_charge", at, readings, entries, current.certainty)


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
