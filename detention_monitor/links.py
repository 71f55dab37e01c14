"""Which custody records belong to one detention: by `detention_id`, or by `continues` on an arrival."""

from __future__ import annotations


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
