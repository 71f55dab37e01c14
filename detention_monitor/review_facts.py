"""From entries to the review clock: which review was due when, and which one was held for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from detention_monitor.clock_entries import ClockSettings, Entries, whole
from detention_monitor.clocks import Span
from detention_monitor.entries import Value
from detention_monitor.review_chain import (
    Authority,
    CountedReview,
    Postponement,
    Review,
    ReviewDue,
    review_chain,
)
from detention_monitor.timeline import ESTABLISHED, POSSIBLE, Fact


def _authorities(entries: Entries) -> list[Authority]:
    """Return the first authority, and the one after each return from bail; never at a transfer."""
    carried = entries.carried("first_authorised_at")
    out = [Authority(carried[0], carried[1].evidence[0])] if carried else []
    returns = entries.all("bail_answered")
    for fact in entries.all("detention_authorised"):
        if fact.attrs.get("detention_basis", "offence") != "offence":
            continue
        came_back = [each for each in returns if out and out[-1].at < each.at <= fact.at]
        if not out or came_back:
            out.append(Authority(fact.at, fact.evidence[0]))
    return out


def review_facts(entries: Entries, settings: ClockSettings) -> Iterator[Fact]:
    """Yield each review that fell due, each that was held for one, and what put one off (s.40)."""
    reviews = [
        Review(
            fact.at,
            fact.evidence[0],
            2 if fact.attrs.get("valid_review") is True else 1,
            fact.attrs.get("disputed_review") is True,
        )
        for fact in entries.all("review_held")
        if fact.attrs.get("valid_review") is not False
    ]
    excluded = entries.excluded()
    postponements = [
        Postponement(
            fact.at,
            fact.evidence[0],
            whole(fact.attrs, "recorded_at"),
            str(fact.attrs.get("ground", "")),
        )
        for fact in entries.all("review_postponed")
        if fact.attrs.get("lawful_postponement") is not False
        and not _inside(fact.at, excluded)  # not needed: the clock was paused (T05)
    ]
    decisions = [
        Authority(fact.at, fact.evidence[0]) for fact in entries.all("detention_after_charge")[:1]
    ]
    found = review_chain(
        _authorities(entries), reviews, postponements, decisions, excluded,
        settings.review_first, settings.review_next, entries.excluded(hospital=False),
    )  # fmt: skip
    seen: Counter[str] = Counter()
    for due in found.dues:
        key = f"review_due:{due.ordinal}:{due.phase}"
        seen[key] += 1
        doubt = POSSIBLE if entries.doubtful(due.due) else ESTABLISHED
        yield _due_fact(due, doubt, key if seen[key] == 1 else f"{key}:{seen[key]}")
    for counted in found.counted:
        yield from _counted_facts(counted, found.dues)
    if found.put_off_by is not None:
        yield _used(found.put_off_by, found.dues[-1])


def _inside(at: int, spans: Sequence[Span]) -> bool:
    return any(span.start <= at and (span.end is None or at < span.end) for span in spans)


def _due_fact(due: ReviewDue, doubt: int, key: str) -> Fact:
    attrs: dict[str, Value] = {"ordinal": due.ordinal, "phase": due.phase}
    attrs["paused"] = due.due is None
    for name in ("due", "due_latest", "early", "left"):
        value = getattr(due, name)
        if value is not None:
            attrs[name] = value
    certainty = min(due.certainty, doubt)
    return Fact("review_due", due.opened_at, attrs, certainty, due.opened_by, key)


def _counted_facts(counted: CountedReview, dues: Sequence[ReviewDue]) -> Iterator[Fact]:
    review = counted.review
    attrs: dict[str, Value] = {
        "ordinal": counted.ordinal,
        "disputed": counted.disputed,
        "postponed": counted.postponed_by is not None,
        "late": counted.late,
    }
    due = next((each.due for each in dues if each.ordinal == counted.ordinal), None)
    if due is not None:
        attrs["behind"] = max(0, review.at - due)
    key = f"review_counted:{counted.ordinal}:{review.entry}"
    leave = counted.postponed_by
    if leave is not None and leave.ground:
        attrs["ground"] = leave.ground
    evidence = (review.entry,) if leave is None else (review.entry, leave.entry)
    yield Fact("review_counted", review.at, attrs, review.counts, evidence, key)
    if leave is not None:
        yield _used(leave, next(each for each in dues if each.ordinal == counted.ordinal))


def _used(leave: Postponement, link: ReviewDue) -> Fact:
    """Return the fact that a link was lawfully put off, and whether that was written down late.

    It takes effect by the due time, even if it was written down after the review.
    """
    written = leave.recorded_at if leave.recorded_at is not None else leave.at
    late = link.due is not None and max(written, leave.at) > link.due
    attrs: dict[str, Value] = {"ordinal": link.ordinal, "recorded_late": late}
    at = leave.at if link.due is None else min(leave.at, link.due)
    key = f"postponement_used:{leave.entry}"
    return Fact("postponement_used", at, attrs, ESTABLISHED, (leave.entry,), key)
