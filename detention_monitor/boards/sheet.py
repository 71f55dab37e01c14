"""The sheet before a review: what the officer must know, and what must be asked of whom.

Paragraphs are those of Code C of December 2023. The sheet reads the record; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from detention_monitor.boards.answers import (
    NOT_CARRIED,
    adult_text,
    doing_text,
    request_text,
    seen_text,
)
from detention_monitor.boards.child import Child
from detention_monitor.boards.detail import head, ruled
from detention_monitor.boards.lines import Glyphs, Line, Piece, Tone, fit, line, piece, wrapped
from detention_monitor.boards.rows import left_text, when_text
from detention_monitor.clock_facts import excluded
from detention_monitor.clocks import live
from detention_monitor.rulefile import RuleSet
from detention_monitor.timeline import Fact
from detention_monitor.times import DAY, HOUR, in_words
from detention_monitor.values import Immutable

Part = Literal["review", "how", "know", "ask", "before", "next"]
TITLES: dict[Part, str] = {
    "review": "THIS REVIEW", "how": "HOW IT MAY BE HELD NOW", "know": "WHAT TO KNOW",
    "ask": "WHAT TO ASK, OF WHOM", "before": "WHAT WAS DECIDED BEFORE", "next": "WHAT COMES NEXT",
}  # fmt: skip
_REST = 8 * HOUR


class Item(Immutable, frozen=True, gc=False):
    """A line of the sheet: a label, what is so, and the law it rests on."""

    part: Part
    label: str
    text: str
    law: str = ""
    tone: Tone = ""


class Modes(Immutable, frozen=True, gc=False):
    """Which ways of holding a review the law leaves open: yes, no, or not known."""

    in_person: bool
    link: bool | None
    telephone: bool | None
    why: str
    link_at_suite: bool | None


def modes(child: Child, ruleset: RuleSet, now: int) -> Modes:
    """Return how a review could lawfully be held at an instant (PACE s.40A, s.45A; Code C 15.9).

    Before charge a live link always, the telephone only where no link is there or using it is not
    practicable; after charge neither, but for a link at a station that is not designated.
    """
    suite = ruleset.parameters.suite(child.suite, now) if child.suite else {}
    link = _said(child, "link_available", suite.get("link_available"))
    if child.charged_at is not None:
        designated = _said(child, "station_designated", suite.get("station_designated"))
        if designated is False:
            why = "after charge at a station that is not designated: link by a designated station"
            return Modes(True, None, False, why, link)
        assumed = "" if designated else " (taken to be a designated station)"
        return Modes(True, False, False, f"after charge in person only{assumed}", link)
    if link is True:
        return Modes(
            True, True, False, "a live link is there: no telephone if it can be used", link
        )
    if link is False:
        return Modes(True, False, True, "no live link at this suite", link)
    blank = child.silence(("detention_authorised.link_available", "review_held.link_available"))
    why = f"whether a live link is there is {blank}: the telephone is lawful only without one"
    return Modes(True, None, None, why, link)


def _said(child: Child, name: str, otherwise: bool | None) -> bool | None:
    for fact in reversed(child.facts):
        said = fact.attrs.get(name)
        if isinstance(said, bool):
            return said
    return otherwise


class NextReview(Immutable, frozen=True, gc=False):
    """When the review after this one is due, if this one is held at an instant.

    Late, the law has two readings: `strict` counts from when it was due, `literal` from when held.
    """

    held_at: int
    strict: int | None
    literal: int | None


def next_review(child: Child, ruleset: RuleSet, held_at: int) -> NextReview:
    """Return what a review held at an instant makes the next one (PACE s.40(3), domain.md 2.1)."""
    period = ruleset.parameters.value("review_next", held_at)
    spans = excluded(child.facts)
    literal = live(held_at, period, spans)
    due = child.review.due if child.review else None
    if due is not None and held_at > due:
        return NextReview(held_at, live(due, period, spans), literal)
    return NextReview(held_at, literal, literal)


def sheet(child: Child, ruleset: RuleSet, now: int) -> list[Item]:
    """Return the sheet of a child at an instant (seconds UTC)."""
    return [
        *_review(child, now), *_how(child, ruleset, now), *_know(child, now), *_ask(child, now),
        *_before(child, now), *_next(child, ruleset, now),
    ]  # fmt: skip


def _review(child: Child, now: int) -> Iterator[Item]:
    charged = child.charged_at is not None
    who = (
        "the custody officer" if charged
        else "an inspector or above, not directly involved in the investigation"
    )  # fmt: skip
    law = "PACE s.40(1)(a)" if charged else "PACE s.40(1)(b)"
    clock = child.review
    if clock is None:
        yield Item("review", "due", "no review of this detention is due on this record", "", "soon")
    elif clock.due is None:
        rest = "" if clock.left is None else f"; {in_words(clock.left)} left when it goes on"
        yield Item("review", "due", f"the clock stands still{rest}", "PACE s.41(6)", "soon")
    else:
        left = clock.due - now
        state = f"{left_text(left)} left" if left >= 0 else f"{in_words(-left)} LATE"
        text = f"{clock.name}: by {when_text(clock.due, now)}, {state}"
        if clock.anchored_at is not None:
            text += f" (from {clock.anchor or 'the last'} {when_text(clock.anchored_at, now)})"
        yield Item("review", "due", text, "PACE s.40(3)", "alarm" if left < 0 else "")
    yield Item("review", "by", who, law)


_MODE: dict[bool | None, tuple[str, Tone]] = {
    True: ("lawful", "good"), False: ("NOT lawful", "warn"), None: ("cannot tell", "soon"),
}  # fmt: skip


def _how(child: Child, ruleset: RuleSet, now: int) -> Iterator[Item]:
    found = modes(child, ruleset, now)
    age = "age not known" if child.age is None else f"aged {child.age}"
    yield Item("how", "in person", f"lawful, and to be considered first: a child, {age}",
               "Code C 15.3C", "good")  # fmt: skip
    for label, is_lawful, law in (
        ("live link", found.link, "PACE s.45A; 15.9A"),
        ("telephone", found.telephone, "PACE s.40A; 15.9B"),
    ):
        word, tone = _MODE[is_lawful]
        yield Item("how", label, word, law, tone)
    yield Item("how", "because", found.why)
    if found.link or found.telephone:
        yield Item("how", "then", "an officer at the station records it in the child's presence; "
                   "say why you did not attend", "Code C 15.10, 15.14")  # fmt: skip


def _know(child: Child, now: int) -> Iterator[Item]:
    text, tone = seen_text(child, now)
    yield Item("know", "seen", text, "Code C 15.3C", tone)
    text, tone = adult_text(child, now)
    yield Item("know", "adult", text, "Code C 15.3(c)", tone)
    yield Item("know", "solicitor", child.solicitor, "Code C 15.3(b)")
    yield Item("know", "now", doing_text(child, now)[0])
    yield Item("know", "asleep", *_asleep(child, now))
    yield Item("know", "rest", _rest(child, now), "Code C 12.2")
    meals = ", ".join(when_text(each, now) for each in child.meals if now - each <= DAY)
    carried = child.coverage.carries("meal_offered")
    none = "no meal recorded in 24 hours" if carried else NOT_CARRIED
    yield Item("know", "meals", meals or none, "Code C 8.6", "" if meals or not carried else "warn")
    if child.limit is not None and child.limit.due is not None:
        left = child.limit.due - now
        text = f"{when_text(child.limit.due, now)}, {left_text(left)} left"
        yield Item("know", "limit", text, "PACE s.41", "warn" if left < 4 * HOUR else "")
    if child.charged_at is not None or child.requests:
        text, tone = request_text(child, now)
        yield Item("know", "authority", text, "PACE s.38(6)", tone)


def _asleep(child: Child, now: int) -> tuple[str, str]:
    if child.resting_since is None and not child.told(("rest_started",)):
        return f"{NOT_CARRIED}: whether the child rests", ""
    if child.resting_since is not None:
        since = when_text(child.resting_since, now)
        said = (
            f"resting since {since}: if asleep, the child need not be woken for a review, but must "
            "be for an extension; tell the child decision and reason after waking"
        )
        return said, "Code C 15.7, Note 15C"
    return "no entry shows that the child rests", ""


def rests(child: Child, now: int) -> list[tuple[int, int]]:
    """Return the stretches of rest on record, each from and to; an open one lasts until now."""
    out: list[tuple[int, int]] = []
    since: int | None = None
    for fact in child.facts:
        if fact.kind == "rest_started" and since is None:
            since = fact.at
        elif since is not None and fact.kind in ("rest_ended", "woken", "interview_started",
                                                 "released", "bailed"):  # fmt: skip
            out.append((since, fact.at))
            since = None
    return out if since is None else [*out, (since, now)]


def _rest(child: Child, now: int) -> str:
    within = [(max(a, now - DAY), b) for a, b in rests(child, now) if b > now - DAY]
    longest = max((b - a for a, b in within), default=0)
    if longest < _REST and not child.told(("every rest_started",)):
        known = f"; longest known {in_words(longest)}" if longest else ""
        return f"{NOT_CARRIED}: how long the child rested{known}"
    if not longest:
        return "none on record in 24 hours; 8 hours without a break are to be allowed"
    missing = "" if longest >= _REST else f"; {in_words(_REST - longest)} short of 8 hours"
    return f"longest in 24 hours {in_words(longest)}{missing}"


def _ask(child: Child, now: int) -> Iterator[Item]:
    asleep = child.resting_since is not None
    state = child.adult.state(now)[0]
    unless = ", unless asleep" if asleep else ""
    yield Item("ask", "child", f"representations about the detention{unless}; oral ones may be "
               "refused only if the child is unfit to make them", "Code C 15.3(a), 15.3B")  # fmt: skip
    yield Item(
        "ask", "child", f"remind of free legal advice before the review{unless}", "Code C 15.4"
    )
    yield Item("ask", "solicitor", "representations, if available: reachable by telephone counts; "
               "give notice of the time", "Code C 15.3(b), Note 15CA")  # fmt: skip
    here = {
        "here": "is here: representations",
        "maybe": "may have left: find out; representations, if available",
        "untold": "may be here, this source does not say: find out; representations, if available",
    }.get(state, "is not here: reach them in time; representations by telephone count")
    yield Item("ask", "adult", here, "Code C 15.3(c), Note 15CA",
               "" if state == "here" else "warn")  # fmt: skip
    yield Item("ask", "officers", "what has been done since the last review, and why detention is "
               "still necessary; no questions to the child about the offence",
               "PACE s.37, s.40(8); Code C 15.6")  # fmt: skip
    yield Item("ask", "documents", "essential to challenge the detention: made available to child "
               "or solicitor", "Code C 3.4(b), 15.0")  # fmt: skip
    if child.charged_at is not None:
        yield Item("ask", "bail", "decide bail afresh", "PACE s.40(10), s.38")
        yield Item("ask", "authority", "decide the move to the local authority afresh; ask again, "
                   "and say which accommodation", "PACE s.38(6)", "warn")  # fmt: skip
    yield Item("ask", "record", "grounds told in the child's presence, any comment, who was heard, "
               "and the outcome", "Code C 15.5, 15.16, Note 15C")  # fmt: skip


def _before(child: Child, now: int) -> Iterator[Item]:
    for fact in child.facts:
        if fact.kind == "detention_authorised":
            blank = f"grounds {child.silence(('detention_authorised.grounds',))}"
            grounds = str(fact.attrs.get("grounds", "")) or blank
            yield Item("before", when_text(fact.at, now), f"detention authorised: {grounds}")
        elif fact.kind == "review_held":
            yield Item("before", when_text(fact.at, now), _held(child, fact))
        elif fact.kind == "review_postponed":
            blank = f"ground {child.silence(('review_postponed.ground',))}"
            ground = str(fact.attrs.get("ground", "")) or blank
            yield Item("before", when_text(fact.at, now), f"put off: {_words(ground)}")
        elif fact.kind == "extension_authorised":
            yield Item("before", when_text(fact.at, now), "extended by a superintendent")


def _held(child: Child, fact: Fact) -> str:
    def blank(name: str) -> str:
        return child.silence((f"review_held.{name}",))

    said = [_words(str(fact.attrs.get("mode") or f"mode {blank('mode')}"))]
    by = fact.attrs.get("acting_rank") or fact.attrs.get("rank")
    said.append(f"by {_words(str(by))}" if by else f"rank {blank('rank')}")
    if fact.attrs.get("asleep") is True:
        said.append("child asleep")
    for name, who in (
        ("reps_child", "child"),
        ("reps_solicitor", "solicitor"),
        ("reps_aa", "adult"),
    ):
        heard = fact.attrs.get(name)
        nothing = "nothing recorded" if blank(name) == "not recorded" else "not carried"
        said.append(f"{who} {_words(str(heard))}" if heard else f"{who}: {nothing}")
    said += [f"{n}: {fact.attrs[n]}" for n in ("grounds", "outcome") if fact.attrs.get(n)]
    return "review, " + ", ".join(said)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _next(child: Child, ruleset: RuleSet, now: int) -> Iterator[Item]:
    if child.review is None:
        return
    held = next_review(child, ruleset, now)
    yield Item("next", "held now", _due(held, now), "PACE s.40(3)(b), (c)")
    due = child.review.due
    if due is not None and due > now:
        last = next_review(child, ruleset, due)
        yield Item("next", f"at {when_text(due, now)}", _due(last, now))
    yield Item("next", "put off", "only if not practicable; if the child is being questioned and you "
               "are satisfied that stopping would prejudice the investigation; or if no review "
               "officer is readily available. Record why, and hold it as soon as practicable",
               "PACE s.40(4)-(7); Code C 15.13")  # fmt: skip


def _due(found: NextReview, now: int) -> str:
    if found.strict is None or found.literal is None:
        return "the next cannot be told while the clock stands still"
    if found.strict != found.literal:
        return (
            f"late: the next by {when_text(found.strict, now)}, counted from when this was due; "
            f"by the other reading {when_text(found.literal, now)}"
        )
    return f"makes the next one due by {when_text(found.strict, now)}"


def lines(child: Child, ruleset: RuleSet, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the sheet as lines of a width, each with the law it rests on."""
    out: list[Line] = [head(child)]
    part = ""
    for item in sheet(child, ruleset, now):
        if item.part != part:
            part = item.part
            out += [line(""), ruled(TITLES[item.part], width, glyphs)]
        law = f"  [{item.law}]" if item.law else ""
        first, *rest = wrapped(piece(f"{item.text}{law}", "", 2_000).text, width - 12, 8)
        out.append((Piece(fit(item.label, 11) + " ", "head"), Piece(first, item.tone)))
        out += [(Piece(" " * 12 + each, item.tone),) for each in rest]
    return out
