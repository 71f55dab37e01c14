"""Visits to a child in a cell: which is due now, and which came late (Code C 9.3, 3.9, Annex H).

A visit is due an hour after the child was last seen; half-hourly, with rousing, where drink, drugs
or the level of consciousness give concern; or as often as the care plan says. Nothing is derived
of visits in time, so that a night of them leaves no findings but the one now due. Whoever stands
before the child has visited; interview, hospital and every place other than a cell stop the clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from detention_monitor import times
from detention_monitor.entries import Value
from detention_monitor.observation import Observation, Setting
from detention_monitor.timeline import ESTABLISHED, POSSIBLE, Fact
from detention_monitor.values import Immutable, changed
from detention_monitor.vocabulary import Coverage

AWAKE = (
    "woken", "told_after_sleep", "rights_given", "caution_given", "charged", "healthcare_seen",
    "girl_needs_asked", "communication_needs_asked", "strip_search_started", "force_used",
    "restraint_in_cell", "medication_given", "call_made", "statement_asked_for",
)  # fmt: skip
"""Acts done to or with a child who is awake: a visit, and the child was roused."""
SEEN = ("checked", "meal_offered", "clothing_removed", "clothing_replaced", *AWAKE)
"""Acts that nobody can do without standing before the child."""
AWAY = {"interview_started": "interview_ended", "questioning_started": "questioning_ended",
        "hospital_out": "hospital_back", "cell_left": "", "kept_outside_cell": ""}  # fmt: skip
"""Entries by which the child is out of the cell with somebody, and those that bring them back."""
BACK = tuple(back for back in AWAY.values() if back)
GONE = frozenset({
    "released", "bailed", "moved_to_la", "court_appearance", "left_for_court", "transferred_out",
})  # fmt: skip
"""Entries after which the child is no longer in a cell of this station."""
RESUMES = frozenset({"arrived", "detention_authorised", "bail_answered", "transferred_in"})
LEVELS = ("observation_set", "risk_assessed")
VISIT_KINDS = frozenset(
    {"cell_placed", "review_held", *SEEN, *AWAY, *BACK, *GONE, *RESUMES, *LEVELS}
)
"""Kinds of entry from which visits are worked out."""


def visits(facts: Sequence[Fact], value: Setting, coverage: Coverage) -> list[Fact]:
    """Return what is due and what came late of visits and rousings, in order of their clocks."""
    watch = _Watch(value, coverage)
    for fact in facts:
        if fact.kind in VISIT_KINDS:
            watch.take(fact)
    return watch.finish()


class _Gap(Immutable, frozen=True, gc=False):
    """Time since the child was last seen (or roused), and until when it may last."""

    fact: Fact
    seconds: int
    basis: str
    certainty: int

    @property
    def due(self) -> int:
        return self.fact.at + self.seconds


class _Clock:
    """The gap that is open, and the facts of those that were closed too late."""

    def __init__(self, name: str) -> None:
        self._name, self._number = name, 0
        self.gap: _Gap | None = None
        self.facts: list[Fact] = []

    def start(self, fact: Fact, seconds: int, basis: str, certainty: int) -> None:
        """Open a gap at an entry."""
        self._number += 1
        self.gap = _Gap(fact, seconds, basis, certainty)

    def close(self, fact: Fact, certainty: int = ESTABLISHED) -> None:
        """Close the gap by an act: nothing to say unless it came late."""
        gap, self.gap = self.gap, None
        if gap is None or fact.at <= gap.due:
            return
        self._say(gap)
        made: dict[str, Value] = {"ordinal": self._number}
        key = f"{self._name}_made:{gap.fact.key}"
        self.facts.append(Fact(f"{self._name}_made", fact.at, made, certainty, fact.evidence, key))

    def end(self, at: int) -> None:
        """Close the gap because detention at the station ended."""
        gap, self.gap = self.gap, None
        if gap is not None and at > gap.due:
            self._say(gap)

    def finish(self) -> list[Fact]:
        """Return the facts, with the gap that is still open."""
        if self.gap is not None:
            self._say(self.gap)
            self.gap = None
        return self.facts

    def change(self, fact: Fact, seconds: int, basis: str) -> None:
        """Go over to another frequency; a gap already too long ends by what was due.

        A lower frequency counts from the last visit; a higher one from the decision, or a visit is
        due when it was due before, whichever is earlier.
        """
        gap = self.gap
        if gap is None or fact.at > gap.due:
            return
        if seconds >= gap.seconds:
            self.gap = changed(gap, seconds=seconds, basis=basis)
        elif fact.at + seconds < gap.due:
            self.start(fact, seconds, basis, gap.certainty)

    def _say(self, gap: _Gap) -> None:
        attrs: dict[str, Value] = {
            "ordinal": self._number,
            "basis": gap.basis,
            "every": gap.seconds // times.MINUTE,
            "due": gap.due,
        }
        key = f"{self._name}_due:{gap.fact.key}"
        due = Fact(f"{self._name}_due", gap.fact.at, attrs, gap.certainty, gap.fact.evidence, key)
        self.facts.append(due)


class _Watch:
    """One detention on its way through its entries."""

    def __init__(self, value: Setting, coverage: Coverage) -> None:
        self._value, self._coverage = value, coverage
        self._visit, self._rousing = _Clock("visit"), _Clock("rousing")
        self._plan = Observation()
        self._in_cell, self._gone = False, False
        self._certainty = ESTABLISHED
        self._returns = ""
        self._blanks: dict[str, Fact] = {}

    def take(self, fact: Fact) -> None:
        """Take the next entry."""
        kind = fact.kind
        if kind in GONE:
            self._leave()
            self._visit.end(fact.at)
            self._rousing.end(fact.at)
            self._gone = True
        elif kind in RESUMES:
            self._gone = False
        elif self._gone:
            return
        elif kind in AWAY:
            self._take_out(fact)
        elif kind in LEVELS:
            self._set(fact)
        else:
            self._see(fact)

    def finish(self) -> list[Fact]:
        """Return every fact, those of rousing last."""
        return [*self._visit.finish(), *self._rousing.finish(), *self._blanks.values()]

    def _take_out(self, fact: Fact) -> None:
        """Take an entry by which the child is out of the cell, and note what brings them back.

        Questioning in hospital does not bring them back, nor does an interview that hospital broke
        off; a child taken out before an interview comes back only by an entry that says so.
        """
        came_from = self._in_cell or (fact.kind == "hospital_out" and bool(self._returns))
        if came_from or not AWAY[fact.kind]:
            self._leave()
            self._returns = AWAY[fact.kind]
        self._visit.close(fact)
        self._rousing.close(fact)

    def _leave(self) -> None:
        self._in_cell, self._returns = False, ""

    def _enter(self, certainty: int) -> None:
        self._in_cell, self._certainty, self._returns = True, certainty, ""

    def _see(self, fact: Fact) -> None:
        """Take an entry by which somebody saw the child, if it is one."""
        kind = fact.kind
        if kind in ("cell_placed", "checked"):
            self._enter(ESTABLISHED)  # `checked` speaks of a child in the cell
        elif kind == self._returns:
            self._enter(POSSIBLE)  # no entry says where the child went afterwards
        elif not self._in_cell or not (
            kind in SEEN or (kind == "review_held" and fact.attrs.get("mode") == "in_person")
        ):
            return
        self._visit.close(fact)
        self._open_visit(fact)
        roused = self._roused(fact)
        if roused:
            self._rousing.close(fact, roused)
        if self._rousing.gap is None:
            self._open_rousing(fact)

    def _roused(self, fact: Fact) -> int:
        """Return 2 where an entry shows that the child was roused, 1 perhaps, 0 not."""
        if fact.kind == "review_held":
            asleep = fact.attrs.get("asleep")
            return 0 if asleep is True else ESTABLISHED if asleep is False else POSSIBLE
        if fact.kind != "checked":
            return ESTABLISHED if fact.kind in (*AWAKE, *BACK, "cell_placed") else 0
        roused = fact.attrs.get("roused")
        if self._plan.rousing(self._value, fact.at) is not None:
            if roused is None:
                self._blanks.setdefault("roused", self._blank(fact, "roused"))
            elif roused is True and not fact.attrs.get("response"):
                self._blanks.setdefault("response", self._blank(fact, "response"))
        return 0 if roused is False else ESTABLISHED if roused is True else POSSIBLE

    def _blank(self, fact: Fact, what: str) -> Fact:
        attrs: dict[str, Value] = {"what": what}
        if self._coverage.carries("checked", what):
            attrs["carried"] = True
        key = f"rousing_not_recorded:{what}"
        return Fact("rousing_not_recorded", fact.at, attrs, ESTABLISHED, fact.evidence, key)

    def _open_visit(self, fact: Fact) -> None:
        if not self._plan.attended:
            seconds, basis = self._plan.frequency(self._value, fact.at)
            self._visit.start(fact, seconds, basis, self._certainty)

    def _open_rousing(self, fact: Fact) -> None:
        rousing = self._plan.rousing(self._value, fact.at)
        if rousing is not None:
            self._rousing.start(fact, *rousing, self._certainty)

    def _set(self, fact: Fact) -> None:
        """Take a new level of observation, or a risk that asks for one."""
        self._plan.take(fact)
        if not self._in_cell:
            return
        if self._plan.attended:
            self._visit.close(fact)
        elif self._visit.gap is None:
            self._open_visit(fact)
        else:
            self._visit.change(fact, *self._plan.frequency(self._value, fact.at))
        rousing = self._plan.rousing(self._value, fact.at)
        if rousing is None:
            self._rousing.close(fact)
        elif self._rousing.gap is None:
            self._rousing.start(fact, *rousing, self._certainty)
        else:
            self._rousing.change(fact, *rousing)
