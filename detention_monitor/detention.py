"""A detention: the custody records of one stay, corrected as its entries say.

Entries are never changed. An amendment names the root entry it corrects (of several, the one
recorded last wins), a withdrawal takes its root away; what cannot be applied is reported, never
guessed (domain.md 2.9).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, product
from operator import itemgetter
from typing import Literal

import msgspec

from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.errors import RecordError
from detention_monitor.timeline import ESTABLISHED, Fact
from detention_monitor.values import Immutable, changed
from detention_monitor.vocabulary import WHOLE, Coverage

_MOST_READINGS = 16
Reading = Literal["as_happened", "as_known"]
_ENABLING = (
    "aa_arrived", "detention_authorised", "urgent_interview_authorised", "extension_authorised",
    "review_postponed", "review_held", "certificate_made", "certificate_produced",
)  # fmt: skip
"""Of entries in one instant these come first: where the order is unknown, the act was lawful."""


class Problem(Immutable, frozen=True, gc=False):
    """Something in the record that a reader should know before trusting the findings."""

    code: str
    entry: str
    at: int
    message: str


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
        corrected = [entry for entry, _ in _corrected(self.entries, [])] or [*self.entries]
        dated = [entry for entry in corrected if not _is_ahead(entry, tolerance)] or corrected
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
        corrected = list(_corrected(known, problems))
        kept = []
        for entry, evidence in corrected:
            if _is_ahead(entry, tolerance):
                message = "dated after it was recorded: it discharges nothing"
                problems.append(Problem("DATED_AFTER_RECORDED", entry.id, entry.at, message))
            else:
                kept.append((entry, evidence))
        readings, unreadable = _readings(kept, as_of, problems)
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


def _corrected(
    entries: Sequence[CustodyEvent], problems: list[Problem]
) -> Iterator[tuple[CustodyEvent, tuple[str, ...]]]:
    """Yield each root entry as amended, with the ids of all entries that made it."""
    if not any(entry.amends or entry.withdraws for entry in entries):
        for entry in entries:
            yield entry, (entry.id,)
        return
    by_id = {_identity(entry): entry for entry in entries}
    taken_back = _taken_back(entries)
    amendments: dict[_Identity, list[CustodyEvent]] = {}
    for entry in entries:
        target = entry.withdraws or entry.amends
        if target is None:
            continue
        named = by_id.get((entry.force, target))
        if entry.withdraws and named is not None and named.amends:
            continue  # an amendment taken back; what it amended stays
        root = _root((entry.force, target), by_id)
        if root is None:
            code = "AMENDMENT_CYCLE" if (entry.force, target) in by_id else "AMENDS_NOTHING"
            message = f"names entry {target}, which is not there or leads back to itself"
            problems.append(Problem(code, entry.id, entry.at, message))
        elif entry.amends and entry.kind != by_id[root].kind:
            message = (
                f"amends entry {root[1]} ({by_id[root].kind}) but is of another kind "
                f"({entry.kind}); withdraw that entry and send this one as a new one"
            )
            problems.append(Problem("AMENDS_OTHER_KIND", entry.id, entry.at, message))
        elif entry.amends:
            amendments.setdefault(root, []).append(entry)
    for entry in entries:
        if entry.amends or entry.withdraws:
            continue
        own = _identity(entry)
        if own in taken_back:
            for amendment in amendments.get(own, ()):
                message = f"amends entry {entry.id}, which was withdrawn"
                code = "AMENDS_WITHDRAWN"
                problems.append(Problem(code, amendment.id, amendment.at, message))
            continue
        valid = [each for each in amendments.get(own, ()) if _identity(each) not in taken_back]
        ordered = sorted(valid, key=lambda each: (each.recorded_at or 0, each.id))
        yield _amended(entry, ordered), (entry.id, *(each.id for each in ordered))


def _taken_back(entries: Sequence[CustodyEvent]) -> set[_Identity]:
    """Return what withdrawals take away; one that is itself withdrawn takes nothing away.

    Withdrawals that lead back to themselves take nothing away either.
    """
    targets = {_identity(each): (each.force, each.withdraws) for each in entries if each.withdraws}
    undecided = Counter(target for target in targets.values() if target in targets)
    decided = [each for each in targets if each not in undecided]
    out: set[_Identity] = set()
    while decided:
        one = decided.pop()
        target = targets[one]
        if one not in out:
            out.add(target)
        if target in targets:
            undecided[target] -= 1
            if not undecided[target]:
                decided.append(target)
    return out


_Identity = tuple[str | None, str]


def _identity(entry: CustodyEvent) -> _Identity:
    """Return what names an entry: ids are unique within a force only."""
    return entry.force, entry.id


def _root(target: _Identity, by_id: Mapping[_Identity, CustodyEvent]) -> _Identity | None:
    seen: set[_Identity] = set()
    while target in by_id and target not in seen:
        seen.add(target)
        entry = by_id[target]
        above = entry.amends or entry.withdraws
        if above is None:
            return target
        target = (entry.force, above)
    return None


def _amended(entry: CustodyEvent, amendments: Iterable[CustodyEvent]) -> CustodyEvent:
    first = entry.recorded_at
    for each in amendments:
        attrs: dict[str, Value] = {**entry.attrs, **each.attrs}
        if first is not None:
            attrs["first_recorded_at"] = first
        by = each.by if any((each.by.rank, each.by.role, each.by.id)) else entry.by
        known = entry.recorded_at if each.recorded_at is None else each.recorded_at
        also = [one for one in entry.also_attrs if one[0] not in each.attrs]
        entry = changed(
            entry, at=each.at, also_at=each.also_at, attrs=attrs, by=by, recorded_at=known,
            also_attrs=(*also, *each.also_attrs),
        )  # fmt: skip
    return entry


def _readings(
    entries: Sequence[tuple[CustodyEvent, tuple[str, ...]]], as_of: int, problems: list[Problem]
) -> tuple[list[tuple[Fact, ...]], Problem | None]:
    """Return the facts of each consistent reading of ambiguous times (design D4).

    Of more than 16 readings only the first is returned, with the problem that nothing is judged by it.
    """
    unclear = sorted(
        (entry for entry, _ in entries if entry.also_at and entry.at <= as_of),
        key=lambda entry: (entry.recorded_at or 0, entry.id),
    )
    doubted = [
        (entry, name, later)
        for entry, _ in entries
        if entry.also_attrs and entry.at <= as_of
        for name, later in entry.also_attrs
    ]
    if not unclear and not doubted:
        facts = [_fact(each, named, each.at) for each, named in entries if each.at <= as_of]
        return [tuple(sorted(facts, key=_order))], None
    times = [(entry, "at") for entry in unclear] + [(entry, name) for entry, name, _ in doubted]
    for entry in {_identity(entry): entry for entry, _ in times}.values():
        names = [name for each, name in times if each is entry and name != "at"]
        which = f" ({', '.join(names)})" if names else ""
        message = f"in the hour that the clock change repeats{which}: it can mean two instants"
        problems.append(Problem("TIME_AMBIGUOUS", entry.id, entry.at, message))
    choices = [(entry.at, *entry.also_at) for entry in unclear]
    splits, unreadable = _splits(choices), None
    ways = len(splits) << len(doubted)
    if ways > _MOST_READINGS:
        message = (
            f"this and {len(times) - 1} more times lie in the hour that the clock change repeats, "
            f"and can be read in {ways} ways; at most {_MOST_READINGS} are judged. "
            "Send times with an offset, as in 01:30:00+01:00"
        )
        unreadable = Problem("TIMES_UNREADABLE", times[0][0].id, times[0][0].at, message)
        problems.append(unreadable)
        splits, doubted = splits[:1], []
    out = []
    for split, later in product(splits, product((False, True), repeat=len(doubted))):
        chosen = [each[0] if place < split else each[-1] for place, each in enumerate(choices)]
        read = dict(zip(map(_identity, unclear), chosen, strict=True))
        meant: dict[_Identity, dict[str, Value]] = {}
        for entry, name, instant in compress(doubted, later):
            meant.setdefault(_identity(entry), {})[name] = instant
        facts = [
            _fact(_meaning(entry, meant), evidence, at)
            for entry, evidence in entries
            if (at := read.get(_identity(entry), entry.at)) <= as_of
        ]
        out.append(tuple(sorted(facts, key=_order)))
    return out, unreadable


def _meaning(entry: CustodyEvent, meant: Mapping[_Identity, dict[str, Value]]) -> CustodyEvent:
    """Return an entry with the times among its attributes as one reading takes them."""
    others = meant.get(_identity(entry))
    return entry if others is None else changed(entry, attrs={**entry.attrs, **others})


def _splits(choices: Sequence[tuple[int, ...]]) -> list[int]:
    """Return the consistent readings of times in the repeated hour, in order of writing.

    Within one source the clock goes back once: all before some entry are of the first pass, it and
    all after it of the second; a reading is the number of those of the first pass. Where none keeps
    the order, every split is a reading.
    """
    first, second = [each[0] for each in choices], [each[-1] for each in choices]
    count = len(choices)
    most = next((n for n in range(1, count) if first[n - 1] > first[n]), count)
    least = next((n for n in range(count - 1, 0, -1) if second[n - 1] > second[n]), 0)
    ordered = [
        split
        for split in range(most, least - 1, -1)
        if split in (0, count) or first[split - 1] <= second[split]
    ]
    return ordered or list(range(count, -1, -1))


def _order(fact: Fact) -> tuple[int, bool, str]:
    """Order facts by time; in one instant by what enables, then by id: never by order of reading."""
    return fact.at, fact.kind not in _ENABLING, fact.key


def _fact(entry: CustodyEvent, evidence: tuple[str, ...], at: int) -> Fact:
    by = entry.by
    attrs: dict[str, Value] = dict(entry.attrs)
    if by.rank is not None:
        attrs.setdefault("rank", by.rank)
    if by.acting_rank_s107 is not None:
        attrs.setdefault("acting_rank", by.acting_rank_s107)
    if by.role is not None:
        attrs.setdefault("role", by.role)
    if entry.recorded_at is not None:
        attrs.setdefault("recorded_at", entry.recorded_at)
    return Fact(entry.kind, at, attrs, ESTABLISHED, evidence, entry.id)


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


class Links:
    """Which records belong to one detention: a union of names."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def add(
        self, force: str | None, record: str, detention_id: str | None, continues: object
    ) -> None:
        """Take what one entry says of its record."""
        own, *others = link_names(force, record, detention_id, continues)
        self._parent.setdefault(own, own)
        for each in others:
            self.join(own, each)

    def join(self, one: str, other: str) -> None:
        """Take two names for one detention."""
        self._parent[self.root(one)] = self.root(other)

    def components(self) -> list[list[str]]:
        """Return the record names that belong together, each group in order of first mention."""
        out: dict[str, list[str]] = {}
        for name in list(self._parent):
            if not name.startswith("id:"):
                out.setdefault(self.root(name), []).append(name)
        return list(out.values())

    def root_of(self, name: str) -> str:
        """Return the same as `root`, and remember nothing of a record that is joined to none."""
        return self.root(name) if name in self._parent else name

    def root(self, name: str) -> str:
        """Return the name that stands for all records of a detention."""
        self._parent.setdefault(name, name)
        while self._parent[name] != name:
            self._parent[name] = self._parent[self._parent[name]]
            name = self._parent[name]
        return name


def link_names(
    force: str | None, record: str, detention_id: str | None, continues: object
) -> list[str]:
    """Return the names that an entry gives its detention: its record, then what it is joined to."""
    names = [record_name(force, record)]
    if detention_id:
        names.append(f"id:{detention_id}")
    if isinstance(continues, str) and continues:
        whole = "/" in continues or force is None
        names.append(continues if whole else record_name(force, continues))
    return names


def record_name(force: str | None, record: str) -> str:
    """Return the name of a record among those of all forces: `44/CR-0001`."""
    return f"{force}/{record}" if force else record


def detentions_of(
    entries: Iterable[CustodyEvent], coverage: Mapping[str, Coverage] | None = None
) -> list[Detention]:
    """Return the detentions of some entries (`group`), each entry once (`without_duplicates`)."""
    return [
        changed(each, entries=tuple(without_duplicates(each.entries)[0]))
        for each in group(entries, coverage)
    ]
