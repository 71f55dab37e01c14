"""A child on the board: what an inspector asks first, taken from the record and its assessment.

Everything here is an instant (seconds UTC) or a word; how long ago or how long left is worked out
where it is shown. Nothing is judged here: duties and their state come from the assessment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from detention_monitor.assess import Assessment
from detention_monitor.boards.bail import Bail, bail_of
from detention_monitor.boards.said import Adult, Contact, Request, Said
from detention_monitor.custody import ENDS
from detention_monitor.detention import Detention, shown_until
from detention_monitor.findings import Finding
from detention_monitor.parameters import Parameters
from detention_monitor.text import printable
from detention_monitor.timeline import Fact
from detention_monitor.values import Immutable
from detention_monitor.vocabulary import WHOLE, Coverage

_ANCHORS = {
    "arrived": "arrival", "detention_authorised": "authority", "review_held": "review",
    "transferred_in": "first authority", "bail_answered": "return on bail",
    "extension_authorised": "extension", "warrant_issued": "warrant", "charged": "charge",
    "detention_after_charge": "decision after charge", "arrested": "arrest",
}  # fmt: skip
_REVIEWS = ("D01", "D02", "E14")
_LIMIT = "D09"


class Clock(Immutable, frozen=True, gc=False):
    """A clock that runs for a child: when it is due, counted from what.

    `due` is None while the clock stands still; `left` is then what remains (seconds). `latest` is
    the later of two readings of the law.
    """

    name: str
    key: str
    due: int | None
    anchor: str
    anchored_at: int | None
    latest: int | None = None
    left: int | None = None
    early: int | None = None
    """When it would be due had hospital not stopped the clock: an alert only."""
    authority: str = "statute"


class Child(Immutable, frozen=True, gc=False):
    """A child as the board knows them: see the module."""

    detention: str
    name: str
    records: tuple[str, ...]
    as_of: int
    age: int | None
    girl: bool
    suite: str
    place: str
    refused: str | None
    refused_because: str
    in_custody: bool
    ended: tuple[str, int] | None
    arrived_at: int | None
    authorised_at: int | None
    charged_at: int | None
    bail: Bail
    review: Clock | None
    limit: Clock | None
    adult: Adult
    seen: Contact | None
    unsaid: Contact | None
    """One who reviews dealt with the child since, and it is not said whether in person."""
    last_contact: Contact | None
    solicitor: str
    requests: tuple[Request, ...]
    moved_at: int | None
    resting_since: int | None
    in_hospital_since: int | None
    in_interview_since: int | None
    meals: tuple[int, ...]
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...]
    coverage: Coverage = WHOLE
    """What the source carries: of nothing else does silence say that it was not done (D6)."""

    def told(self, *needs: Sequence[str]) -> bool:
        """Whether the source carries, of each group of kinds and attributes, at least one."""
        return self.coverage.holds(needs)

    def silence(self, *needs: Sequence[str]) -> str:
        """What it means that the record does not say something, in two words."""
        return "not recorded" if self.told(*needs) else "not carried"

    @property
    def seen_state(self) -> Literal["seen", "never", "not recorded", "not carried"]:
        """Whether one who reviews stood before the child, or why that cannot be told."""
        if self.seen is not None:
            return "seen"
        if not self.told(("every review_held",), ("review_held.mode",)):
            return "not carried"
        return "never" if self.unsaid is None else "not recorded"

    @property
    def request(self) -> Request | None:
        """What was last asked of the local authority."""
        return self.requests[-1] if self.requests else None


def child_of(result: Assessment, detention: Detention | None, parameters: Parameters) -> Child:
    """Return the child that an assessment is about; `detention` has the entries behind it."""
    facts: tuple[Fact, ...] = ()
    coverage = WHOLE if detention is None else detention.coverage
    if detention is not None:
        tolerance = parameters.value("late_entry_tolerance", result.as_of)
        view = detention.view(result.as_of, "as_happened", tolerance)
        facts = view.readings[0]
        coverage = coverage.of_full(shown_until(coverage, facts, view.record_of))
    said = Said(facts, coverage)
    arrived = said.first("arrived", "transferred_in")
    ended = said.last(*ENDS)
    charged = said.last("charged")
    authorised = said.first("detention_authorised") if result.refused is not None else None
    return Child(
        detention=result.detention,
        name=printable(", ".join(result.records) or result.detention, 60),
        records=result.records,
        as_of=result.as_of,
        age=result.age,
        girl=said.attribute("sex", "arrived", "detention_authorised") == "female",
        suite=printable(result.station or "", 60),
        place=said.place(),
        refused=result.refused,
        refused_because=result.refused_because,
        in_custody=result.refused is None and result.unclosed,
        ended=None if ended is None or result.unclosed else (ended.kind, ended.at),
        arrived_at=arrived.at if arrived else None,
        authorised_at=result.authorised_at or (authorised.at if authorised else None),
        charged_at=charged.at if charged else None,
        bail=bail_of(facts),
        review=_clock(result.findings, _REVIEWS, facts),
        limit=_clock(result.findings, (_LIMIT,), facts),
        adult=said.adult(result.intervals, carried=coverage.carries("aa_arrived")),
        seen=(seen := said.seen(charged.at if charged else None)),
        unsaid=said.seen(charged.at if charged else None, how=None, after=seen),
        last_contact=said.last_contact(),
        solicitor=said.solicitor(),
        requests=tuple(said.requests()),
        moved_at=moved.at if (moved := said.last("moved_to_la")) else None,
        resting_since=said.open("rest_started", "rest_ended", "woken", "interview_started"),
        in_hospital_since=said.open("hospital_out", "hospital_back"),
        in_interview_since=said.open("interview_started", "interview_ended"),
        meals=tuple(
            each.at for each in facts
            if each.kind == "meal_offered" and each.attrs.get("meal") != "drink"
        ),
        findings=result.findings,
        facts=facts,
        coverage=coverage,
    )  # fmt: skip


def _clock(
    findings: Iterable[Finding], duties: Sequence[str], facts: Sequence[Fact]
) -> Clock | None:
    """Return the clock behind the open one of some duties; the first due, if there are several."""
    running = [
        each
        for each in findings
        if each.duty in duties
        and each.rule in ("D01-first-review", "D02-later-review", "D09-custody-limit",
                          "E14-review-after-charge")
        and each.status in ("open", "due_soon", "overdue")
    ]  # fmt: skip
    if not running:
        return None
    found = min(running, key=lambda each: (each.due_at is None, each.due_at or 0))
    anchor = next(
        (fact for id_ in found.evidence for fact in facts if id_ in fact.evidence), None
    )  # fmt: skip
    carried = None
    if anchor is not None:
        name = "relevant_time" if found.duty == _LIMIT else "first_authorised_at"
        carried = anchor.attrs.get(name)
    at = carried if isinstance(carried, int) else anchor.at if anchor else found.arose_at
    return Clock(
        name=found.title,
        key=found.key,
        due=found.due_at,
        anchor=_ANCHORS.get(anchor.kind, "") if anchor else "",
        anchored_at=at,
        latest=found.due_at_latest,
        left=None if found.minutes_left is None else 60 * found.minutes_left,
        early=found.early_at,
        authority=found.authority,
    )
