"""Feeds: files that grow, folders into which files are dropped, standard input, a database table.

A feed gives what it has, and where it has read to; the store keeps both in one transaction, so
that a restart neither loses nor repeats an entry. Where a place in a file is in doubt (cut short,
rewritten) it is read again from its beginning: entries that are stored already are passed over.
"""

from __future__ import annotations

import os
import select
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from glob import escape
from itertools import chain
from pathlib import Path
from typing import Protocol

import orjson

from detention_monitor.live.feed_lines import Lines
from detention_monitor.live.growing_file import PIECE, OpenFile, Place, digest_before
from detention_monitor.live.intake import Batch
from detention_monitor.recordfiles import LONGEST_LINE, SUFFIXES
from detention_monitor.records import Source
from detention_monitor.sources import Read, SetAside
from detention_monitor.vocabulary import Vocabulary

_LINGER = 10
"""Seconds for which a file that was replaced is still read: its writer may hold it open."""
HEARTBEAT = ".heartbeat"
"""A file beside a followed file (or in a folder) that its source touches as a sign of life."""


class Feed(Protocol):
    """Something that entries come from."""

    @property
    def name(self) -> str:
        """How the store knows it."""
        ...

    def poll(self, now: int) -> Iterator[Batch]:
        """Yield what has come since the last time; a batch counts once the next is asked for."""
        ...

    def descriptor(self) -> int | None:
        """Return a file descriptor that becomes readable when there is something new, if any."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


def named(path: Path) -> str:
    """Return the name of a file as text that every database holds, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


class FollowedFile:
    """A file of JSON lines that grows; it may be rotated, cut short, or come back later."""

    def __init__(self, path: Path, vocabulary: Vocabulary, position: str = "") -> None:
        """Go on from a stored position, or from the beginning."""
        self.path, self.name = path, named(path)
        self._vocabulary = vocabulary
        self._open: list[OpenFile] = []
        self._missed: list[Read] = []
        self._beat_at: int | None = None
        self._problem: str | None = None
        self._is_in_doubt = False
        """Whether the file that was read last is not there any more."""
        for raw in orjson.loads(position) if position else []:
            self._reopen(Place(**raw))

    def descriptor(self) -> int | None:
        """Return None: a file cannot be waited for."""
        return None

    def close(self) -> None:
        """Close what is open."""
        while self._open:
            self._open.pop().close()

    def is_lingering(self) -> bool:
        """Whether a file that was replaced is still being read."""
        return any(file.place.left_at is not None for file in self._open)

    def _lines(self) -> Lines:
        return Lines(self._vocabulary, self.name.rpartition("/")[2])

    def _reopen(self, place: Place) -> None:
        """Find a file again by its identity, under its own name or the one it was rotated to."""
        beside = self.path.parent.glob(f"{escape(self.path.name)}*")
        for path in chain([self.path], beside):
            with suppress(OSError):
                found = path.stat()
                if (found.st_dev, found.st_ino) == (place.dev, place.ino):
                    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                    self._open.append(OpenFile(descriptor, place, self._lines()))
                    return
        if place.left_at is None:
            self._is_in_doubt = True
            reason = (
                f"the file was replaced while the monitor did not run, and the old one is not "
                f"beside it; what was added after byte {place.offset:,} was not read; send it again"
            )
            aside = SetAside(f"{self._lines().name}:{place.lines}", reason, "")
            self._missed.append((aside, Source()))

    def poll(self, now: int) -> Iterator[Batch]:
        """Yield what was added, of files that were replaced first."""
        beat = self._heartbeat(now)
        problem = self._look(now)
        if self._missed or problem != self._problem or beat:
            self._problem = problem
            items, self._missed = self._missed, []
            yield self._batch(items, beat)
        for file in list(self._open):
            place = file.place
            over = place.left_at is not None and now >= place.left_at + _LINGER
            if place.left_at is None and file.was_rewritten():
                file.begin_again()
            while True:
                before = place.offset
                items = file.take(final=over)
                beat = now if file.lines.beat else None
                file.lines.beat = False
                if place.offset == before:
                    break
                yield self._batch(items, beat)
            if over:
                self._open.remove(file)
                file.close()
                yield self._batch([], None)

    def _look(self, now: int) -> str | None:
        """See which file has the name now; return why it cannot be read, if it cannot."""
        try:
            found = self.path.stat()
            held = self._open[-1].place if self._open else None
            if held and (held.dev, held.ino) == (found.st_dev, found.st_ino):
                held.left_at = None
                return None
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return "the file is not there"
        except OSError as error:
            return f"cannot be read: {error.strerror}"
        found = os.fstat(descriptor)
        if held is not None:
            held.left_at = now
        if held is not None or self._is_in_doubt:
            self._take_between(found, now)
            self._is_in_doubt = False
        place = Place(found.st_dev, found.st_ino, tail=digest_before(descriptor, 0))
        self._open.append(OpenFile(descriptor, place, self._lines()))
        return None

    def _take_between(self, current: os.stat_result, now: int) -> None:
        """Open the files that had the name after the one we held and before the present one.

        They were rotated while nobody looked. What was read before is older than the one we held;
        where that one is gone, all are read: an entry that is read twice is passed over.
        """
        since = 0 if self._is_in_doubt else os.fstat(self._open[-1].descriptor).st_mtime_ns
        known = {(each.place.dev, each.place.ino) for each in self._open}
        known.add((current.st_dev, current.st_ino))
        between: list[tuple[int, Path, os.stat_result]] = []
        for path in self.path.parent.glob(f"{escape(self.path.name)}*"):
            with suppress(OSError):
                found = path.stat()
                new = (found.st_dev, found.st_ino) not in known and found.st_mtime_ns >= since
                if new and path.is_file() and path.suffix != HEARTBEAT:
                    between.append((found.st_mtime_ns, path, found))
        for _, path, found in sorted(between, key=lambda each: each[0]):
            if path.suffix == ".gz" and self._is_in_doubt:
                continue  # which of them was read nobody knows; that some may be lost is said
            if path.suffix == ".gz":
                reason = "it was rotated and packed before it was read; unpack it and send it again"
                self._missed.append(
                    (SetAside(named(path).rpartition("/")[2], reason, ""), Source())
                )
                continue
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                place = Place(
                    found.st_dev, found.st_ino, tail=digest_before(descriptor, 0), left_at=now
                )
                self._open.append(OpenFile(descriptor, place, self._lines()))

    def _heartbeat(self, now: int) -> int | None:
        with suppress(OSError):
            at = min(now, int(Path(f"{self.path}{HEARTBEAT}").stat().st_mtime))
            if at != self._beat_at:
                self._beat_at = at
                return at
        return None

    def _batch(self, items: Sequence[Read], beat: int | None) -> Batch:
        position = orjson.dumps([file.place.plain() for file in self._open]).decode()
        undeclared = (file.lines.problem for file in self._open)
        problem = self._problem or next(filter(None, undeclared), None)
        return Batch(self.name, items, position, beat, problem)


class Folder:
    """A folder into which files of JSON lines are dropped; each may still grow."""

    def __init__(self, path: Path, vocabulary: Vocabulary, positions: Mapping[str, str]) -> None:
        """Go on from stored positions of its files."""
        self.path, self.name = path, named(path)
        self._vocabulary, self._positions = vocabulary, positions
        self._sizes: dict[str, tuple[int, int, int]] = {}
        self._beat_at: int | None = None
        self._problem: str | None = None

    def descriptor(self) -> int | None:
        """Return None: a folder cannot be waited for."""
        return None

    def close(self) -> None:
        """Nothing is kept open."""

    def poll(self, now: int) -> Iterator[Batch]:
        """Yield what is new in the files of the folder, by name."""
        problem, beat = None, None
        try:
            found = sorted(os.scandir(self.path), key=lambda each: each.name)
        except OSError as error:
            found, problem = [], f"cannot be read: {error.strerror}"
        for each in found:
            if each.name == HEARTBEAT:
                at = min(now, int(each.stat().st_mtime))
                if at != self._beat_at:
                    self._beat_at = beat = at
            elif each.name.endswith((".gz", ".csv")):
                problem = (
                    f"{named(Path(each.name))} is not read here; unpack it to .jsonl (see `import`)"
                )
        if problem != self._problem or beat is not None:
            self._problem = problem
            yield Batch(self.name, (), "", beat, problem)
        yield from self._gone({named(Path(each.path)) for each in found})
        for each in found:
            if each.name.endswith(SUFFIXES) and not each.name.endswith(".gz") and each.is_file():
                yield from self._file(each, now)

    def _gone(self, there: Collection[str]) -> Iterator[Batch]:
        """Yield that a file of which the declaration could not be read is there no more."""
        for name, position in list(self._positions.items()):
            path = Path(name)
            if path.parent != self.path or name in there or '"undeclared":[' not in position:
                continue
            self._positions = {**self._positions, name: "[]"}
            yield Batch(name, (), "[]", None)

    def _file(self, each: os.DirEntry[str], now: int) -> Iterator[Batch]:
        found = each.stat()
        size = (found.st_ino, found.st_size, found.st_mtime_ns)
        if self._sizes.get(each.path) == size:
            return
        path = Path(each.path)
        file = FollowedFile(path, self._vocabulary, self._positions.get(named(path), ""))
        try:
            for batch in file.poll(now):
                self._positions = {**self._positions, file.name: batch.position}
                yield batch
            if file.is_lingering():  # what it was rotated to may still be written
                self._sizes.pop(each.path, None)
            else:
                self._sizes[each.path] = size
        finally:
            file.close()


class StandardInput:
    """Lines from standard input: it has no memory, so what was read and not stored is gone."""

    name = "-"

    def __init__(self, vocabulary: Vocabulary, descriptor: int = 0) -> None:
        """Read a descriptor without waiting."""
        self._lines = Lines(vocabulary, "standard input")
        self._descriptor, self._rest, self._number = descriptor, b"", 0
        self._unsaved: Batch | None = None
        self.ended = False

    def descriptor(self) -> int | None:
        """Return the descriptor, until the input has ended."""
        return None if self.ended else self._descriptor

    def close(self) -> None:
        """Standard input is not ours to close."""

    def read_by(self, vocabulary: Vocabulary) -> None:
        """Read what comes from now on by another vocabulary."""
        self._lines.vocabulary = vocabulary

    def poll(self, now: int) -> Iterator[Batch]:
        """Yield the whole lines that have come; at the end what is left.

        A batch that could not be stored is given again: nobody else has it.
        """
        if self._unsaved is not None:
            yield self._unsaved
            self._unsaved = None
        while not self.ended and select.select([self._descriptor], [], [], 0)[0]:
            data = os.read(self._descriptor, PIECE)
            self.ended = not data
            *lines, self._rest = (self._rest + data).split(b"\n")
            if self.ended and self._rest:
                lines, self._rest = [*lines, self._rest], b""
            if len(self._rest) > LONGEST_LINE:
                self._rest = self._rest[: LONGEST_LINE + 1]
            items = []
            for line in lines:
                self._number += 1
                item = self._lines.item(line, self._number)
                items += [item] if item else []
            beat, self._lines.beat = (now if self._lines.beat else None), False
            if items or beat is not None:
                self._unsaved = Batch(self.name, items, "", beat, self._lines.problem)
                yield self._unsaved
                self._unsaved = None


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a source gives signs of life, and how old the last one is (seconds)."""

    word: str
    age: int | None = field(default=None)


def health(heartbeat_at: int | None, now: int, limit: int) -> Health:
    """Return the health of a feed: by its heartbeat only, since a quiet night is not a dead feed."""
    if heartbeat_at is None:
        return Health("feed health unknown")
    age = max(0, now - heartbeat_at)
    return Health("stale" if age > limit else "live", age)
