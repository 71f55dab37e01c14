"""What became of bail after charge, as the record shows it.

Until bail is refused nobody has to ask the local authority for accommodation, and where it is
granted nobody ever has (PACE s.38(6)): only of a child who is kept can a request be missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from detention_monitor.timeline import Fact
from detention_monitor.times import MINUTE
from detention_monitor.values import Immutable
from detention_monitor.vocabulary import Coverage

_REFUSED = (("detention_after_charge", "bail_decided.refused"),)


class Bail(Immutable, frozen=True, gc=False):
    """How bail stands since an instant (seconds UTC).

    `none`: no entry shows a charge; `undecided`: charged; `unsaid`: decided, or taken to court, and no
    entry says how; `ended`: let go without a decision on record.
    """

    state: Literal["none", "undecided", "unsaid", "granted", "refused", "ended"] = "none"
    at: int | None = None
    foreseen_at: int | None = None
    """Since when it was foreseen that bail would be refused, before it was decided."""


def bail_of(facts: Iterable[Fact]) -> Bail:
    """Return how bail stands after entries in order of time.

    A refusal stands until bail is granted, whatever is charged later. Within a clock minute there
    is no order (design D4): a decision written in the minute of the charge is about that charge.
    """
    found = Bail()
    for fact in facts:
        match fact.kind:
            case "bail_answered":
                found = Bail()
            case "refusal_anticipated" if found.foreseen_at is None:
                found = Bail(found.state, found.at, fact.at)
            case "charged" if not _settled(found, fact.at):
                found = Bail("undecided", fact.at, found.foreseen_at)
            case "bail_decided" | "detention_after_charge":
                found = _decided(found, fact)
            case "left_for_court" | "court_appearance" if found.state == "undecided":
                found = Bail("unsaid", fact.at, found.foreseen_at)
            case "released" | "bailed" if found.state in ("undecided", "unsaid"):
                found = Bail("ended", fact.at)
    return found


def untold(bail: Bail, coverage: Coverage) -> str:
    """Return what would say whether the authority had to be asked, or was, and the source leaves out."""
    match bail.state:
        case "refused" if not coverage.holds([["la_requested"]]):
            return "whether the authority was asked"
        case "undecided" | "unsaid" if not coverage.holds(_REFUSED):
            return "whether bail was refused"
        case "none" if bail.foreseen_at is None and not coverage.holds([["charged"]]):
            return "whether the child was charged"
    return ""


def _settled(found: Bail, at: int) -> bool:
    """Whether a charge at an instant leaves what was decided as it is."""
    decided = found.state in ("unsaid", "granted", "refused")
    same = found.at is not None and found.at // MINUTE == at // MINUTE
    return found.state == "refused" or (decided and same)


def _decided(found: Bail, fact: Fact) -> Bail:
    refused = True if fact.kind == "detention_after_charge" else fact.attrs.get("refused")
    if refused is False:
        return Bail("granted", fact.at)
    if found.state == "refused":
        return found
    return Bail("refused" if refused is True else "unsaid", fact.at, found.foreseen_at)
