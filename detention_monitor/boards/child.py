"""A child on the board: what an inspector asks first, taken from the record and its assessment.

Everything here is an instant (seconds UTC) or a word; how long ago or how long left is worked out
where it is shown. Nothing is judged here: duties and their state come from the assessment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detention_monitor.assess import Assessment
from detention_monitor.boards.bail import Bail, bail_of
from detention_monitor.custody import ENDS, RESUMES
from detention_monitor.detention import Detention
from detention_monitor.findings import Finding
from detention_monitor.parameters import Parameters
from detention_monitor.text import printable
from detention_monitor.timeline import ESTABLISHED, FAR, Fact, Interval
from detention_monitor.times import clock_text
from detention_monitor.values import Immutable
from detention_monitor.visits import SEEN
from detention_monitor.vocabulary import WHOLE, Coverage

SENIOR = ("inspector", "chief_inspector", "superintendent", "chief_superintendent",
          "assistant_chief_constable")  # fmt: skip
_ANCHORS = {
    "arrived": "arrival", "detention_authorised": "authority", "review_held": "review",
    "transferred_in": "first authority", "bail_answered": "return on bail",
    "extension_authorised": "extension", "warrant_issued": "warrant", "charged": "charge",
    "detention_after_charge": "decision after charge", "arrested": "arrest",
}  # fmt: skip
_REVIEWS = ("D01", "D02", "E14")
_LIMIT = "D09"
_REPLIES = {
    "accepted": "accepted", "no_bed": "no bed", "no_secure": "no secure bed", "refused": "refused",
    "no_reply": "no reply", "other": "other",
}  # fmt: skip


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


class Adult(Immutable, frozen=True, gc=False):
    """What the record says of the appropriate adult."""

    here: tuple[tuple[int, int, bool], ...] = ()
    """Stretches in which an adult is with the child: from, to, and whether that is certain."""
    who: str = ""
    left_at: int | None = None
    asked_at: int | None = None
    reply: str = ""
    expected_at: int | None = None
    carried: bool = True
    """Whether the source carries that an adult came."""

    def state(self, now: int) -> tuple[str, int | None]:
        """Return where the adult is at an instant, and since when.

        `here`, `maybe` (came; no entry says they left, and it is long ago), `left`, `asked`, `none`;
        `untold` where the source does not carry it.
        """
        for start, end, sure in self.here:
            if start <= now < end:
                return ("here" if sure else "maybe"), self.here[0][0] if not sure else start
        ended = [end for _, end, _ in self.here if end <= now]
        if ended:
            return "left", self.left_at or max(ended)
        if not self.carried:
            return "untold", self.asked_at
        if self.asked_at is not None:
            return "asked", self.asked_at
        return "none", None


class Contact(Immutable, frozen=True, gc=False):
    """Somebody saw the child: when, who, and how."""

    at: int
    who: str
    how: str
    in_person: bool


class Request(Immutable, frozen=True, gc=False):
    """What was asked of a local authority, and what came back."""

    at: int
    wanted: str
    of: str
    replied_at: int | None = None
    reply: str = ""


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
        facts = detention.view(result.as_of, "as_happened", tolerance).readings[0]
    said = _Said(facts)
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
        seen=said.seen(charged.at if charged else None),
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


class _Said:
    """What entries say, in order of time."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self.facts = facts

    def all(self, *kinds: str) -> list[Fact]:
        return [fact for fact in self.facts if fact.kind in kinds]

    def first(self, *kinds: str) -> Fact | None:
        return next(iter(self.all(*kinds)), None)

    def last(self, *kinds: str) -> Fact | None:
        found = self.all(*kinds)
        return found[-1] if found else None

    def attribute(self, name: str, *kinds: str) -> str:
        values = [fact.attrs.get(name) for fact in self.all(*kinds)]
        return next((str(each) for each in reversed(values) if each not in (None, "")), "")

    def open(self, begins: str, *ends: str) -> int | None:
        """Return since when something goes on that begins and ends with an entry."""
        since = None
        for fact in self.facts:
            if fact.kind == begins:
                since = fact.at
            elif fact.kind in ends or fact.kind in ENDS or fact.kind == "left_for_court":
                since = None
        return since

    def place(self) -> str:
        """Return where the child is kept."""
        where = ""
        for fact in self.facts:
            match fact.kind:
                case "cell_placed":
                    where = f"cell {fact.attrs.get('cell', '')}".strip()
                case "kept_outside_cell":
                    where = str(fact.attrs.get("place", "") or "not in a cell")
                case "cell_left":
                    where = "out of the cell"
                case "hospital_out":
                    where = "hospital"
                case "hospital_back":
                    where = ""
                case "left_for_court":
                    where = "on the way to court"
                case kind if kind in RESUMES:
                    where = ""
        return printable(where, 40)

    def adult(self, intervals: Iterable[Interval], *, carried: bool) -> Adult:
        here = tuple(
            (each.start, each.end + 1 if each.end < FAR else each.end,
             each.certainty == ESTABLISHED)
            for each in intervals if each.name == "aa_here"
        )  # fmt: skip
        came = self.last("aa_arrived")
        left = self.last("aa_left")
        asked = self.last("aa_contacted", "aa_requested")
        source = came or asked
        who = (
            str(source.attrs.get("relation") or source.attrs.get("scheme") or "") if source else ""
        )
        eta = asked.attrs.get("eta") if asked else None
        return Adult(
            here=here,
            who=printable(who.replace("_", " "), 40),
            left_at=left.at if left else None,
            asked_at=asked.at if asked else None,
            reply=str(asked.attrs.get("result", "")).replace("_", " ") if asked else "",
            expected_at=eta if isinstance(eta, int) else None,
            carried=carried,
        )

    def seen(self, charged_at: int | None) -> Contact | None:
        """Return when one who reviews last stood before the child.

        Before charge an inspector or above, after it the custody officer too; a blank rank counts.
        """
        for fact in reversed(self.all("review_held", "visited")):
            if fact.attrs.get("mode") != "in_person":
                continue
            rank = str(fact.attrs.get("acting_rank") or fact.attrs.get("rank") or "")
            officer = fact.attrs.get("role") == "custody_officer"
            charged = charged_at is not None and fact.at >= charged_at
            if rank in SENIOR or not rank or (officer and charged):
                what = "review" if fact.kind == "review_held" else "visit"
                return Contact(fact.at, rank.replace("_", " ") or "rank not recorded", what, True)
        return None

    def last_contact(self) -> Contact | None:
        """Return when anybody of the station last stood before the child."""
        for fact in reversed(self.facts):
            remote = fact.attrs.get("mode") in ("telephone", "live_link", "papers_only")
            if fact.kind in SEEN or (fact.kind in ("review_held", "visited") and not remote):
                who = str(fact.attrs.get("rank") or fact.attrs.get("role") or "")
                return Contact(fact.at, who.replace("_", " "), fact.kind.replace("_", " "), True)
        return None

    def solicitor(self) -> str:
        """Return what became of the right to legal advice, in a few words."""
        last = self.last(
            "legal_advice_offered", "legal_advice_called", "legal_advice_given", "solicitor_arrived"
        )
        if last is None:
            return "not recorded"
        at = clock_text(last.at)
        match last.kind:
            case "solicitor_arrived":
                return f"at the station since {at}"
            case "legal_advice_given":
                how = str(last.attrs.get("mode", "")).replace("_", " ")
                return f"advised {at}" + (f" ({how})" if how else "")
            case "legal_advice_called":
                return f"called {at}; no entry shows advice"
        match last.attrs.get("wanted"):
            case True:
                return f"wanted {at}; no entry shows a call"
            case False:
                return f"declined {at}"
        return f"offered {at}; answer not recorded"

    def requests(self) -> list[Request]:
        """Return what was asked of the local authority, each with the reply that followed."""
        out: list[Request] = []
        for fact in self.all("la_requested", "la_replied"):
            if fact.kind == "la_requested":
                kind = str(fact.attrs.get("request_type", "") or "type not recorded")
                of = str(fact.attrs.get("authority", ""))
                out.append(Request(fact.at, printable(kind, 40), printable(of, 60)))
            else:
                reply = str(fact.attrs.get("reply", ""))
                said = _REPLIES.get(reply, printable(reply, 40)) or "answer not recorded"
                if out and out[-1].replied_at is None:
                    last = out.pop()
                    out.append(Request(last.at, last.wanted, last.of, fact.at, said))
                elif out:
                    last = out[-1]
                    out.append(Request(last.at, last.wanted, last.of, fact.at, said))
                else:
                    out.append(Request(fact.at, "request not recorded", "", fact.at, said))
        return out
