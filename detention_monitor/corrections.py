"""What amendments and withdrawals make of the entries of a detention.

Entries are never changed. An amendment names the root entry it corrects (of several, the one
recorded last wins), a withdrawal takes its root away; what cannot be applied is reported, never
guessed (domain.md 2.9).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from detention_monitor.entries import CustodyEvent, Value
from detention_monitor.values import Immutable, changed


class Problem(Immutable, frozen=True, gc=False):
    """Something in the record that a reader should know before trusting the findings."""

    code: str
    entry: str
    at: int
    message: str
    """What is wrong; where kinds of entry are named, what stands before the first of them."""
    kinds: tuple[tuple[str, str], ...] = ()
    """Kinds of entry that the message names, each with the text after it."""

    def told(self, name: Callable[[str], str]) -> str:
        """Return the message with its kinds of entry in words."""
        return self.message + "".join(f"'{name(kind)}'{after}" for kind, after in self.kinds)


def corrected(
    entries: Sequence[CustodyEvent], problems: list[Problem]
) -> Iterator[tuple[CustodyEvent, tuple[str, ...]]]:
    """Yield each root entry as amended, with the ids of all entries that made it."""
    if not any(entry.amends or entry.withdraws for entry in entries):
        for entry in entries:
            yield entry, (entry.id,)
        return
    by_id = {identity(entry): entry for entry in entries}
    taken_back = _taken_back(entries)
    amendments: dict[Identity, list[CustodyEvent]] = {}
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
            cure = "); withdraw that entry and send this one as a new one"
            kinds = (by_id[root].kind, ") but is of another kind ("), (entry.kind, cure)
            message = f"amends entry {root[1]} ("
            problems.append(Problem("AMENDS_OTHER_KIND", entry.id, entry.at, message, kinds))
        elif entry.amends:
            amendments.setdefault(root, []).append(entry)
    for entry in entries:
        if entry.amends or entry.withdraws:
            continue
        own = identity(entry)
        if own in taken_back:
            for amendment in amendments.get(own, ()):
                message = f"amends entry {entry.id}, which was withdrawn"
                code = "AMENDS_WITHDRAWN"
                problems.append(Problem(code, amendment.id, amendment.at, message))
            continue
        valid = [each for each in amendments.get(own, ()) if identity(each) not in taken_back]
        ordered = sorted(valid, key=lambda each: (each.recorded_at or 0, each.id))
        yield _amended(entry, ordered), (entry.id, *(each.id for each in ordered))


def _taken_back(entries: Sequence[CustodyEvent]) -> set[Identity]:
    """Return what withdrawals take away; one that is itself withdrawn takes nothing away.

    Withdrawals that lead back to themselves take nothing away either.
    """
    targets = {identity(each): (each.force, each.withdraws) for each in entries if each.withdraws}
    undecided = Counter(target for target in targets.values() if target in targets)
    decided = [each for each in targets if each not in undecided]
    out: set[Identity] = set()
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


Identity = tuple[str | None, str]


def identity(entry: CustodyEvent) -> Identity:
    """Return what names an entry: ids are unique within a force only."""
    return entry.force, entry.id


def _root(target: Identity, by_id: Mapping[Identity, CustodyEvent]) -> Identity | None:
    seen: set[Identity] = set()
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
