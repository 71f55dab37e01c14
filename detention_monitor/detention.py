"""A detention: the custody records of one stay, and how they are seen at an instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

import msgspec

from detention_monitor.corrections import Problem, corrected
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.links import Links, record_name
from detention_monitor.repeated_hour import readings_of
from detention_monitor.timeline import Fact
from detention_monitor.values import Immutable, changed
from detention_monitor.vocabulary import WHOLE, Coverage

Reading = Literal["as_happened", "as_known"]


class View(Immutable, frozen=True, gc=False):
    """A detention as seen at an instant: one list of facts for each consistent reading.

    Of more readings than are judged there is one only, and `unreadable` says so (design D4).
    """

    detention: str
    records: tuple[str, ...]
    readings: tuple[tuple[Fact, ...], ...]
    problems: tuple[Problem, ...] = ()
    record_of: Mapping[str, str] = msgspec.field(default_factory=dict)
    next_entry_at: int | None = None
    unreadable: Problem | None = None


def shown_until(
    coverage: Coverage, facts: Sequence[Fact], record_of: Mapping[str, str]
) -> dict[str, int]:
    """Return by kind after which instant (seconds UTC) a record may have more than its source shows.

    That is the last entry that there is room for; a record with room left shows all of them. The
    earliest counts, where a detention has several records.
    """
    out: dict[str, int] = {}
    for kind, most in coverage.at_most:
        held: dict[str, list[int]] = {}
        for fact in facts:
            if fact.kind == kind and fact.evidence:
                held.setdefault(record_of.get(fact.evidence[0], ""), []).append(fact.at)
        full = [max(times) for times in held.values() if len(times) >= most]
        if full:
            out[kind] = min([*full, *([out[kind]] if kind in out else [])])
    return out


class Detention(Immutable, frozen=True, gc=False):
    """All entries of one stay in police detention, in the order in which they were read."""

    id: str
    entries: tuple[CustodyEvent, ...]
    coverage: Coverage = WHOLE

    @property
    def records(self) -> tuple[str, ...]:
        """The custody records it spans, in order of appearance."""
        return tuple(dict.fromkeys(entry.record for entry in self.entries))

    def last_at(self, tolerance: int) -> int:
        """Return the last instant at which something happened, in seconds UTC.

        Entries dated more than `tolerance` seconds after they were recorded are left out.
        """
        standing = [entry for entry, _ in corrected(self.entries, [])] or [*self.entries]
        dated = [entry for entry in standing if not _is_ahead(entry, tolerance)] or standing
        return max([max(each.also_at, default=each.at) for each in dated if each.also_at]
                   + [each.at for each in dated])  # fmt: skip

    def end_of(self, reading: Reading, tolerance: int) -> int:
        """Return the instant at which a whole record is judged (D1); as known, when all was known."""
        last = self.last_at(tolerance)
        if reading == "as_happened":
            return last
        return max(last, *(entry.recorded_at or 0 for entry in self.entries))

    def view(self, as_of: int, reading: Reading, tolerance: int) -> View:
        """Return the corrected entries up to an instant (seconds UTC).

        As known, only what was recorded by then counts. An entry dated more than `tolerance`
        seconds after it was recorded is left out and reported. Raises `RecordError` if the
        as-known reading is asked of entries without `recorded_at`.
        """
        known = list(self.entries)
        if reading == "as_known":
            if any(entry.recorded_at is None for entry in known):
                message = (
                    f"{self.id}: the as-known reading needs 'recorded_at' on every entry; "
                    "use the as-happened reading"
                )
                raise RecordError(message)
            known = [entry for entry in known if (entry.recorded_at or 0) <= as_of]
        problems: list[Problem] = []
        standing = [*corrected(known, problems)]  # all that is wrong with corrections is told first
        kept = []
        for entry, evidence in standing:
            if _is_ahead(entry, tolerance):
                message = "dated after it was recorded: it discharges nothing"
                problems.append(Problem("DATED_AFTER_RECORDED", entry.id, entry.at, message))
            else:
                kept.append((entry, evidence))
        readings, unreadable = readings_of(kept, as_of, problems)
        later = [at for entry, _ in kept for at in (entry.at, *entry.also_at) if at > as_of]
        return View(
            self.id,
            self.records,
            tuple(readings),
            tuple(problem for problem in problems if problem.at <= as_of),
            {entry.id: entry.record for entry in self.entries},
            min(later, default=None),
            unreadable,
        )


def _is_ahead(entry: CustodyEvent, tolerance: int) -> bool:
    return entry.recorded_at is not None and entry.at > entry.recorded_at + tolerance


@dataclass(frozen=True, slots=True)
class Conflict:
    """An entry whose id was used before for something else; the first one stays."""

    entry: CustodyEvent
    first: CustodyEvent


def without_duplicates(
    entries: Iterable[CustodyEvent],
) -> tuple[list[CustodyEvent], int, list[Conflict]]:
    """Return the entries each once, how many came again unchanged, and those that conflict."""
    kept: dict[tuple[str | None, str], CustodyEvent] = {}
    again = 0
    conflicts: list[Conflict] = []
    for entry in entries:
        first = kept.setdefault((entry.force, entry.id), entry)
        if first is entry:
            continue
        if changed(first, origin="") == changed(entry, origin=""):
            again += 1
        else:
            conflicts.append(Conflict(entry, first))
    return list(kept.values()), again, conflicts


def group(
    entries: Iterable[CustodyEvent], coverage: Mapping[str, Coverage] | None = None
) -> list[Detention]:
    """Put entries together to detentions: by `detention_id`, or by `continues` on an arrival.

    A detention is named by its id where given, else by its first record, with the force before
    it where there is one. Detentions come in the order in which their first entry was read. Where
    two forces use one id in a detention, its entries are called by force and id.
    `coverage` says by record (as `record_name` names it) what its source does not carry.
    """
    links = Links()
    by_record: dict[str, list[tuple[int, CustodyEvent]]] = {}
    for place, entry in enumerate(entries):
        by_record.setdefault(record_name(entry.force, entry.record), []).append((place, entry))
        continues = entry.attrs.get("continues")
        if entry.detention_id or continues:
            links.add(entry.force, entry.record, entry.detention_id, continues)
    gathered: dict[str, list[str]] = {}
    for name in by_record:
        gathered.setdefault(links.root(name), []).append(name)
    out = []
    for names in gathered.values():
        placed = [each for name in names for each in by_record[name]]
        if len(names) > 1:
            placed.sort(key=itemgetter(0))
        found = tuple([entry for _, entry in placed])
        if len(names) > 1:
            found = _told_apart(found)
        named = next((entry.detention_id for entry in found if entry.detention_id), names[0])
        parts = [coverage.get(name) for name in names] if coverage else []
        whole = Coverage.of_all([part for part in parts if part is not None])
        out.append(Detention(named, found, whole))
    return out


def _told_apart(entries: tuple[CustodyEvent, ...]) -> tuple[CustodyEvent, ...]:
    """Return entries of which those of two forces with one id are named with their force: `44/17`.

    Ids are unique within a force only, and findings name their evidence by the id alone.
    """
    forces: dict[str, set[str | None]] = {}
    for entry in entries:
        forces.setdefault(entry.id, set()).add(entry.force)
    shared = {(force, own) for own, users in forces.items() if len(users) > 1 for force in users}
    if not shared:
        return entries

    def named(force: str | None, own: str | None) -> str | None:
        return record_name(force, own) if own is not None and (force, own) in shared else own

    out = []
    for entry in entries:
        amends, withdraws = named(entry.force, entry.amends), named(entry.force, entry.withdraws)
        own = named(entry.force, entry.id) or entry.id
        out.append(changed(entry, id=own, amends=amends, withdraws=withdraws))
    return tuple(out)


def detentions_of(
    entries: Iterable[CustodyEvent], coverage: Mapping[str, Coverage] | None = None
) -> list[Detention]:
    """Return the detentions of some entries (`group`), each entry once (`without_duplicates`)."""
    return [
        changed(each, entries=tuple(without_duplicates(each.entries)[0]))
        for each in group(entries, coverage)
    ]
