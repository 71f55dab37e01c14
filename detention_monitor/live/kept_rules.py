"""The files of every rule set that judged, kept in the store.

They say which rule applied on a day. And a monitor that must start again while somebody has left
the files in a state that cannot be used goes on by those it judged by last.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import sqlalchemy as sa

from detention_monitor.live.store import PROGRESS, RULESET, Store
from detention_monitor.rulefile import NOT_JUDGED, RuleSet, hash_of, load_rules


def keep(store: Store, ruleset: RuleSet, folder: Path, policy: Path | None, now: int) -> bool:
    """Keep the files of a rule set in use; return whether they are kept.

    They are not where they were changed since they were loaded: then they are soon tried anyway.
    """
    same = RULESET.c.hash == ruleset.hash
    with store.read() as connection:
        if connection.scalar(sa.select(RULESET.c.hash).where(same)) is not None:
            return True
    with TemporaryDirectory() as place:
        copied = _copied(folder, policy, Path(place))
        if hash_of(*copied) != ruleset.hash:
            return False
        # to the byte: line ends and a byte order mark count in the hash
        files = {each.name: each.read_bytes().decode() for each in copied[0].iterdir()}
        name = None if copied[1] is None else copied[1].name
        if copied[1] is not None:
            files[_POLICY] = copied[1].read_bytes().decode()
    row = {
        "hash": ruleset.hash, "kept_at": now, "policy": name,
        "files": orjson.dumps(files).decode(),
    }  # fmt: skip
    with store.write() as connection:
        if connection.scalar(sa.select(RULESET.c.hash).where(same)) is None:
            connection.execute(sa.insert(RULESET).values(row))
    return True


_POLICY = "policy/"
"""Stands for the policy file, which may have the name of a rule file."""


def _copied(folder: Path, policy: Path | None, place: Path) -> tuple[Path, Path | None]:
    """Copy the files, so that what is kept is what was hashed."""
    (place / "rules").mkdir()
    (place / "policy").mkdir()
    for each in folder.glob("*.yaml"):
        if each.name == NOT_JUDGED:
            continue  # it says nothing to whoever judges
        (place / "rules" / each.name).write_bytes(each.read_bytes())
    if policy is None:
        return place / "rules", None
    copy = place / "policy" / policy.name
    copy.write_bytes(policy.read_bytes())
    return place / "rules", copy


@contextmanager
def unpacked(store: Store, name: str) -> Iterator[tuple[Path, Path | None] | None]:
    """Give the folder and the policy of a rule set by its hash, as files; None: it was not kept."""
    with store.read() as connection:
        found = connection.execute(sa.select(RULESET).where(RULESET.c.hash == name)).mappings()
        row = found.one_or_none()
    if row is None:
        yield None
        return
    files = orjson.loads(row["files"])
    with TemporaryDirectory() as place:
        folder, policy = Path(place) / "rules", None
        folder.mkdir()
        if row["policy"] is not None:
            policy = Path(place) / "policy" / row["policy"]
            policy.parent.mkdir()
            policy.write_bytes(files.pop(_POLICY).encode())
        for each, text in files.items():
            (folder / each).write_bytes(text.encode())
        yield folder, policy


def last_kept(store: Store) -> RuleSet | None:
    """Return the rule set by which the store was judged last; None where it was not kept.

    Raises `RuleFileError` where this program can no longer read it.
    """
    with store.read() as connection:
        name = connection.scalar(sa.select(PROGRESS.c.ruleset)) or ""
    with unpacked(store, name) as kept:
        return None if kept is None else load_rules(*kept)
