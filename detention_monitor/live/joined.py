"""Entries by record as they arrive, and which records make one detention."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from detention_monitor.detention import Detention, group
from detention_monitor.links import Links, record_name
from detention_monitor.live.intake import Stored
from detention_monitor.vocabulary import Coverage


class Custody:
    """All entries so far by record, and which records make one detention."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._links = Links()
        self._entries: dict[str, list[Stored]] = {}
        self._members: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}

    def add(self, arrived: Iterable[Stored]) -> set[str]:
        """Take entries; return the records that stand for the detentions they touch."""
        touched = set()
        for each in arrived:
            entry = each.entry
            name = record_name(entry.force, entry.record)
            before = {name}
            if entry.detention_id or entry.attrs.get("continues"):
                before |= self._roots_named(entry.force, entry.detention_id, entry)
            before = {self._links.root(one) for one in before}
            self._links.add(
                entry.force, entry.record, entry.detention_id, entry.attrs.get("continues")
            )
            self._entries.setdefault(name, []).append(each)
            root = self._links.root(name)
            members = self._members.setdefault(root, [])
            for old in before - {root}:
                members += self._members.pop(old, [])
            if name not in members:
                members.append(name)
            touched.add(name)
        return {self._links.root(name) for name in touched}

    def _roots_named(self, force: str | None, detention_id: str | None, entry: Any) -> set[str]:
        out = {f"id:{detention_id}"} if detention_id else set()
        continues = entry.attrs.get("continues")
        if isinstance(continues, str) and continues:
            whole = "/" in continues or force is None
            out.add(continues if whole else record_name(force, continues))
        return out

    def stands(self, root: str) -> bool:
        """Whether a record still stands for a detention, and has not become part of another."""
        return root in self._members

    def stored(self, root: str) -> list[Stored]:
        """Return the entries of a detention, in order of arrival."""
        names = self._members[root]
        held = (each for name in names for each in self._entries.get(name, ()))
        return sorted(held, key=lambda each: each.seq)

    def detention(self, root: str) -> tuple[Detention, set[str]]:
        """Return a detention as it is now, and other names under which its records were known."""
        names, held = self._members[root], self.stored(root)
        coverage: dict[str, Coverage] = {}
        for each in held:
            name = record_name(each.entry.force, each.entry.record)
            known = coverage.get(name)
            if known is None or known == each.coverage:
                coverage[name] = each.coverage
            else:
                coverage[name] = Coverage.of_all([known, each.coverage])
        [whole] = group([each.entry for each in held], coverage)
        former = {self._names.get(name, whole.id) for name in names} - {whole.id}
        for name in names:
            self._names[name] = whole.id
        return whole, former
