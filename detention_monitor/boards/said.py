"""What the entries of a record say of a child, in order of time, and what their source leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from detention_monitor.custody import ENDS, RESUMES
from detention_monitor.text import printable
from detention_monitor.timeline import ESTABLISHED, FAR, Fact, Interval
from detention_monitor.times import clock_text
from detention_monitor.values import Immutable
from detention_monitor.visits import SEEN
from detention_monitor.vocabulary import Coverage

SENIOR = ("inspector", "chief_inspector", "superintendent", "chief_superintendent",
          "assistant_chief_constable")  # fmt: skip
_REPLIES = {
    "accepted": "accepted", "no_bed": "no bed", "no_secure": "no secure bed", "refused": "refused",
    "no_reply": "no reply", "other": "other",
}  # fmt: skip


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


class Said:
    """What entries say, in order of time."""

    def __init__(self, facts: Sequence[Fact], coverage: Coverage) -> None:
        self.facts, self._coverage = facts, coverage

    def _silence(self, what: str, *names: str) -> str:
        said = "recorded" if self._coverage.holds([names]) else "carried"
        return f"{what} not {said}".strip()

    def all(self, *kinds: str) -> list[Fact]:
        """Return the entries of some kinds."""
        return [fact for fact in self.facts if fact.kind in kinds]

    def first(self, *kinds: str) -> Fact | None:
        """Return the first entry of some kinds."""
        return next(iter(self.all(*kinds)), None)

    def last(self, *kinds: str) -> Fact | None:
        """Return the last entry of some kinds."""
        found = self.all(*kinds)
        return found[-1] if found else None

    def attribute(self, name: str, *kinds: str) -> str:
        """Return what was last said of an attribute by some kinds of entry, or nothing."""
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
        """Return what is said of the adult; whether one is there are intervals of the assessment."""
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

    def seen(
        self, charged_at: int | None, how: str | None = "in_person", after: Contact | None = None
    ) -> Contact | None:
        """Return when one who reviews last stood before the child, or did it is not said `how`.

        Before charge an inspector or above, after it the custody officer too; a blank rank counts.
        """
        for fact in reversed(self.all("review_held", "visited")):
            if (fact.attrs.get("mode") or None) != how or (after and fact.at <= after.at):
                continue
            rank = str(fact.attrs.get("acting_rank") or fact.attrs.get("rank") or "")
            officer = fact.attrs.get("role") == "custody_officer"
            charged = charged_at is not None and fact.at >= charged_at
            if rank in SENIOR or not rank or (officer and charged):
                what = "review" if fact.kind == "review_held" else "visit"
                who = rank.replace("_", " ") or self._silence("rank", f"{fact.kind}.rank")
                return Contact(fact.at, who, what, how is not None)
        return None

    def last_contact(self) -> Contact | None:
        """Return when anybody of the station last stood before the child."""
        for fact in reversed(self.facts):
            remote = fact.attrs.get("mode") in ("telephone", "live_link", "papers_only")
            maybe = fact.kind in ("review_held", "visited") and not remote
            if fact.kind in SEEN or maybe:
                who = str(fact.attrs.get("rank") or fact.attrs.get("role") or "")
                how = fact.kind.replace("_", " ")
                blank = maybe and not fact.attrs.get("mode")
                how += f", {self._silence('mode', f'{fact.kind}.mode')}" if blank else ""
                return Contact(fact.at, who.replace("_", " "), how, not blank)
        return None

    def solicitor(self) -> str:
        """Return what became of the right to legal advice, in a few words."""
        kinds = (
            "legal_advice_offered",
            "legal_advice_called",
            "legal_advice_given",
            "solicitor_arrived",
        )
        last = self.last(*kinds)
        if last is None:
            return self._silence("", *kinds)
        at = clock_text(last.at)
        match last.kind:
            case "solicitor_arrived":
                return f"at the station since {at}"
            case "legal_advice_given":
                how = str(last.attrs.get("mode", "")).replace("_", " ")
                return f"advised {at}" + (f" ({how})" if how else "")
            case "legal_advice_called":
                return f"called {at}; {self._nothing('advice', *kinds[2:])}"
        match last.attrs.get("wanted"):
            case True:
                return f"wanted {at}; {self._nothing('a call', *kinds[1:])}"
            case False:
                return f"declined {at}"
        return f"offered {at}; {self._silence('answer', 'legal_advice_offered.wanted')}"

    def _nothing(self, what: str, *kinds: str) -> str:
        """Return that no entry shows what the source carries at least one of."""
        told = self._coverage.holds([kinds])
        return f"no entry shows {what}" if told else f"{what} not carried"

    def requests(self) -> list[Request]:
        """Return what was asked of the local authority, each with the reply that followed."""
        out: list[Request] = []
        for fact in self.all("la_requested", "la_replied"):
            if fact.kind == "la_requested":
                blank = self._silence("type", "la_requested.request_type")
                kind = str(fact.attrs.get("request_type", "") or blank)
                of = str(fact.attrs.get("authority", ""))
                out.append(Request(fact.at, printable(kind, 40), printable(of, 60)))
            else:
                reply = str(fact.attrs.get("reply", ""))
                blank = self._silence("answer", "la_replied.reply")
                said = _REPLIES.get(reply, printable(reply, 40)) or blank
                if out and out[-1].replied_at is None:
                    last = out.pop()
                    out.append(Request(last.at, last.wanted, last.of, fact.at, said))
                elif out:
                    last = out[-1]
                    out.append(Request(last.at, last.wanted, last.of, fact.at, said))
                else:
                    out.append(Request(fact.at, "request not recorded", "", fact.at, said))
        return out
