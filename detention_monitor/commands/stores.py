"""What the commands over a store share: opening it, and who acts at it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # lazy: only the live part needs a database
    from detention_monitor.live.acts import Person
    from detention_monitor.live.store import Store

AS_HELP = "Who acts, if not the user of this terminal; kept as unverified."
NEED_DB = "--db names the store: a file, or postgresql://..."


@contextmanager
def opened(db: str | None) -> Iterator[Store]:
    """Give the store that a command names, which must be there."""
    from detention_monitor.live.store import Store

    if db is None:
        raise click.UsageError(NEED_DB)
    store = Store.open(db, create=False)
    try:
        yield store
    finally:
        store.close()


def person(name: str | None) -> Person:
    """Return who acts: the user of this terminal, or who they say they are."""
    from detention_monitor.live.acts import Person

    return Person.here() if name is None else Person.typed(name)
