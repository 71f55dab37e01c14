"""What a person takes away from the board: a picture or a text, in a file that only they can read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from detention_monitor.times import local_text


def named(what: str, now: int) -> str:
    """Return the name of a file without its ending: what it shows, and when (London's time).

    >>> named("BEFORE YOU REVIEW", 1726201800)
    'before-you-review_13-Sep-2024_0530'
    """
    _, day, month, year, clock, *_ = local_text(now).split()
    words = re.sub(r"[^a-z0-9]+", "-", what.casefold()).strip("-") or "board"
    return f"{words}_{day}-{month}-{year}_{clock.replace(':', '')}"


def write_private(folder: Path, name: str, ending: str, text: str) -> Path:
    """Write a new file readable by its owner alone; an older one is never written over.

    Raises `OSError`.
    """
    for each in _names(name, ending):
        path = folder / each
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        return path
    raise OSError(f"{folder}: too many files of this minute")


def _names(name: str, ending: str) -> Iterator[str]:
    yield f"{name}{ending}"
    yield from (f"{name}_{number}{ending}" for number in range(2, 100))
