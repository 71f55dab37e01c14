"""What an inspector asks first of a child, each answered in one sentence with its tone."""

from __future__ import annotations

from detention_monitor.boards.bail import Bail, untold
from detention_monitor.boards.child import Child
from detention_monitor.boards.desk import Row
from detention_monitor.boards.lines import Tone
from detention_monitor.boards.released import ended_text
from detention_monitor.boards.rows import when_text
from detention_monitor.times import HOUR, in_words

NOT_CARRIED = "not carried by this source"


def adult_text(child: Child, now: int) -> tuple[str, Tone]:
    """Say whether an adult is with the child."""
    adult = child.adult
    state, since = adult.state(now)
    who = adult.who or "an adult"
    at = "" if since is None else when_text(since, now)
    match state:
        case "here":
            return f"{who} here since {at}", "good"
        case "maybe":
            left = "no entry says they left"
            if not child.told(("every aa_left",)):
                left = f"{NOT_CARRIED}: whether they left"
            return f"{who} came {at}; {left}", "soon"
        case "left":
            return f"not here: {who} left {at}", "warn"
        case "asked":
            reply = f", {adult.reply}" if adult.reply else ""
            eta = f", expected {when_text(adult.expected_at, now)}" if adult.expected_at else ""
            return f"not here: {who} asked {at}{reply}{eta}", "warn"
        case "untold":
            asked = f"; asked {at}" if at else ""
            return f"{NOT_CARRIED}: whether an adult came{asked}", "dim"
    if not any(map(child.coverage.carries, ("aa_contacted", "aa_requested"))):
        return f"not here; {NOT_CARRIED}: whether one was asked", "warn"
    return "nobody asked: no entry shows it", "alarm"


def seen_text(child: Child, now: int) -> tuple[str, Tone]:
    """Say when one who reviews last saw the child in person, and who."""
    seen = child.seen
    since = child.unsaid
    unsaid = ""
    if since is not None:
        name = "review_held.mode" if since.how == "review" else "visited.mode"
        unsaid = (
            f"how the {since.how} {when_text(since.at, now)} was held is {child.silence((name,))}"
        )
    if child.seen_state == "not carried":
        return f"{NOT_CARRIED}: whether an inspector came in person", "dim"
    if child.seen_state == "not recorded":
        return f"cannot tell: {unsaid}", "warn"
    if seen is None:
        begun = child.authorised_at
        end = now if child.ended is None else child.ended[1]
        long = "" if begun is None else f", detained for {in_words(max(0, end - begun))}"
        late = begun is not None and end - begun > 9 * HOUR
        return f"never in person by an inspector{long}", "warn" if late else ""
    ago = in_words(max(0, now - seen.at))
    tone: Tone = "warn" if now - seen.at > 9 * HOUR else ""
    said = f"in person {when_text(seen.at, now)}, {ago} ago ({seen.who}, {seen.how})"
    return f"{said}; {unsaid}" if unsaid else said, tone


def request_text(child: Child, now: int) -> tuple[str, Tone]:
    """Say what was asked of the local authority, and what came back; or why nobody had to ask yet."""
    if child.moved_at is not None:
        return f"moved to the local authority {when_text(child.moved_at, now)}", "good"
    asked = child.request
    if asked is None and (left_out := untold(child.bail, child.coverage)):
        return f"{NOT_CARRIED}: {left_out}", "dim"
    if asked is None:
        return _unasked(child.bail, now, gone=child.ended is not None)
    of = f" of {asked.of}" if asked.of else ""
    said = f"asked {when_text(asked.at, now)}{of}: {asked.wanted}"
    if len(child.requests) > 1:
        said = f"{len(child.requests)} times; last {said}"
    if asked.replied_at is None and not child.told(("every la_replied",)):
        return f"{said}; {NOT_CARRIED}: its reply", "dim"
    if asked.replied_at is None:
        return f"{said}; no reply yet", "warn"
    tone: Tone = "good" if asked.reply == "accepted" else "warn"
    return f"{said}; {when_text(asked.replied_at, now)} {asked.reply}", tone


def _unasked(bail: Bail, now: int, *, gone: bool) -> tuple[str, Tone]:
    at = "" if bail.at is None else when_text(bail.at, now)
    match bail.state:
        case "refused":
            return f"not asked: no entry shows it; bail refused {at}", "warn"
        case "unsaid":
            return f"cannot tell: whether bail was refused {at} is not recorded", "soon"
        case "granted":
            return f"need not be asked: bail granted {at}", "dim"
        case "ended":
            return f"need not be asked: let go {at}", "dim"
    if bail.foreseen_at is not None:
        return f"not asked; refusal of bail foreseen {when_text(bail.foreseen_at, now)}", "soon"
    if bail.state == "undecided":
        return f"need not be asked yet: charged {at}, no entry shows bail decided", "dim"
    return f"need not be asked{'' if gone else ' yet'}: not charged", "dim"


def doing_text(child: Child, now: int) -> tuple[str, Tone]:
    """Say what goes on with the child now."""
    if child.ended is not None:
        return ended_text(child, now), "soon"
    for since, word in (
        (child.in_hospital_since, "in hospital"),
        (child.in_interview_since, "in interview"),
        (child.resting_since, "resting, perhaps asleep,"),
    ):
        if since is not None:
            return f"{word} since {when_text(since, now)}", ""
    blank = f"place {child.silence(('cell_placed', 'kept_outside_cell'))}"
    return (child.place or blank), "" if child.place else "dim"


def routine_text(child: Child, row: Row | None, now: int) -> tuple[str, Tone]:
    """Say when somebody last saw the child, when the next visit is due, and of meals."""
    last = child.last_contact
    nobody = (
        "no contact recorded" if child.coverage.carries("checked") else f"visits: {NOT_CARRIED}"
    )
    said = nobody if last is None else f"last {when_text(last.at, now)} ({last.how})"
    tone: Tone = ""
    routine = row.routine if row else None
    if routine is not None and routine.due_at is not None and routine.finding.duty == "A11":
        late = routine.due_at < now
        said += f"; next due {when_text(routine.due_at, now)}{', LATE' if late else ''}"
        tone = "warn" if late else ""
    none = "no meal recorded" if child.coverage.carries("meal_offered") else f"meals: {NOT_CARRIED}"
    meals = f"; meals {len(child.meals)}" if child.meals else f"; {none}"
    return said + meals, tone
