"""Children who left custody: listed for a day, because breaches may still wait for a reason."""

from __future__ import annotations

from detention_monitor.boards.child import Child
from detention_monitor.boards.desk import AlertLine, Desk
from detention_monitor.boards.lines import Line, Piece, Tone, fit, piece
from detention_monitor.boards.rows import Width, when_cell, when_text

_WORDS = {
    "released": "released", "bailed": "bailed", "moved_to_la": "to local authority",
    "court_appearance": "before the court", "police_protection_ended": "protection ended",
}  # fmt: skip


def listed(desk: Desk, suite: str = "", find: str = "") -> list[Child]:
    """Return those who left: who has alerts that ask for something first, then the last to leave."""
    wanted = find.casefold().strip()
    shown = [
        each
        for each in [*desk.left(), *desk.refused()]
        if (not suite or each.suite == suite)
        and (not wanted or wanted in f"{each.name} {each.suite}".casefold())
    ]
    return sorted(shown, key=lambda each: not _asking(desk, each.detention))


def ended_text(child: Child, now: int) -> str:
    """Say how and when a child left; nothing where it is still here."""
    if child.ended is None:
        return ""
    how, at = child.ended
    return f"left {when_text(at, now)}: {_WORDS.get(how, how.replace('_', ' '))}"


def unjudged(desk: Desk) -> list[Child]:
    """Return whom the monitor does not judge and who is here, as far as the record shows; under 10 first."""
    return [each for each in desk.refused() if each.ended is None]


def unjudged_text(child: Child) -> str:
    """Say why a child is not judged, and what to do."""
    if child.refused == "under_10":
        return "recorded as under 10: not judged, check at once"
    return f"not judged: {child.refused_because}"


def _asking(desk: Desk, name: str) -> list[AlertLine]:
    return [each for each in desk.alerts() if each.detention == name and each.is_asking]


def find_child(desk: Desk, name: str) -> Child | None:
    """Return a child the desk knows, in custody or not."""
    return next((each for each in desk.children() if each.detention == name), None)


def knows(desk: Desk, name: str) -> bool:
    """Whether the desk knows a child of this name."""
    return find_child(desk, name) is not None


def heads(width: Width) -> str:
    """Return the heads of the list of those who left."""
    last = "What waits for an answer" if width != "narrow" else "What waits"
    return f"{'':<4}{'Child':<10}{'Age':<4}{'Left':<11}{'How':<20}{last}"


def cells(desk: Desk, name: str, now: int) -> Line:
    """Return a child who left, or who is not judged, as a row."""
    child = find_child(desk, name)
    if child is None:
        return ()
    if child.refused is not None:
        young = child.refused == "under_10"
        tone: Tone = "alarm" if young else "warn"
        gone = ended_text(child, now)
        said = unjudged_text(child) + (f" ({gone})" if gone else "")
        return (Piece("!!! " if young else "!!  ", tone), piece(fit(child.name, 10), "bold", 60),
                piece(said, "warn", 200))  # fmt: skip
    asking = _asking(desk, name)
    how, at = child.ended or ("", None)
    said = "nothing"
    if asking:
        more = f" and {len(asking) - 1} more" if len(asking) > 1 else ""
        said = f"{asking[0].word} {asking[0].duty or asking[0].rule}{more}"
    return (
        Piece("!   " if asking else "ok  ", "warn" if asking else "dim"),
        piece(fit(child.name, 9) + " ", "bold" if asking else "", 60),
        Piece(fit("?" if child.age is None else str(child.age), 4)),
        Piece(fit("" if at is None else when_cell(at, now), 10) + " "),
        piece(fit(_WORDS.get(how, how.replace("_", " ") or "left"), 19) + " ", "", 40),
        piece(said, "warn" if asking else "dim", 120),
    )
