"""When each detention changes next with no new entry."""

from __future__ import annotations

import heapq


class Agenda:
    """The next change of each detention; instants are seconds UTC."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        """Also of detentions that have another instant by now: those are passed over."""

    def set(self, detention: str, at: int | None) -> None:
        """Say when a detention changes next; None: never."""
        if at is None:
            self._next.pop(detention, None)
        else:
            self._next[detention] = at
            heapq.heappush(self._heap, (at, detention))

    @property
    def next_at(self) -> int | None:
        """When anything changes; None: never."""
        while self._heap and self._next.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def take(self, most: int) -> list[str]:
        """Take out detentions that change next, all at one instant, in order of their names."""
        at = self.next_at
        taken: list[str] = []
        while at is not None and self.next_at == at and len(taken) < most:
            _, name = heapq.heappop(self._heap)
            del self._next[name]
            taken.append(name)
        return taken
