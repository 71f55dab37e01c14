"""What was done about a duty: the first act in each role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from detention_monitor.timeline import Closing, Fact
from detention_monitor.values import Immutable


class Act(Immutable, frozen=True, gc=False):
    """A closing that may count: when (seconds UTC), its place among the facts, how sure."""

    at: int
    place: int
    sure: bool


def acts_of(closings: Mapping[str, Closing], facts: Sequence[Fact]) -> dict[str, Act]:
    """Return the first act in each role: an unsure one counts, and says so (design D7).

    Roles are `done`, `doubted`, `lapses`, `excused`, `mitigated`, `doubts`
    (what contradicts that it was late or undone), `after` (what the duty waits for),
    `before` (what it must come before) and `grade_x` (what step x begins with).
    """
    out: dict[str, Act] = {}
    for role, closing in closings.items():
        place = closing.certain if closing.unsure is None else closing.unsure
        assert place is not None  # a closing has at least one place
        plain = _plain(role)
        if plain not in out or place < out[plain].place:  # facts lie in order of time
            out[plain] = Act(facts[place].at, place, place == closing.certain)
    return out


@lru_cache(maxsize=1_024)
def _plain(role: str) -> str:
    """Return a role without the number that tells alternatives apart: `lapses0` is `lapses`."""
    plain = role.rstrip("0123456789")
    return plain if plain in ("lapses", "excused", "mitigated", "doubts", "after") else role


def earlier(one: Act, other: Act) -> bool:
    """Whether one act came in an earlier clock minute; in one minute the deed wins."""
    return one.at // 60 < other.at // 60


def later(act: Act, instant: int | None) -> bool:
    """Whether an act came in a later clock minute than an instant, if there is one."""
    return instant is not None and act.at // 60 > instant // 60
