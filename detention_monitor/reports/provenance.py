"""How a report was made, so that anyone can make it again: records, rules, period, words, command."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from detention_monitor import __version__
from detention_monitor.errors import InputChangedError, RecordError
from detention_monitor.parameters import Parameters
from detention_monitor.text import printable
from detention_monitor.times import HOUR, day_of, in_words

MADE = "made.txt"
"""How a report that leaves the force was made, with the names of files: for the force alone."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that was read, by its name without folder, and the SHA-256 of its bytes."""

    name: str
    sha256: str
    stamp: tuple[int, ...] = field(default=(), compare=False, repr=False)
    """Size, time of change and place on disk before it was read; see `unchanged`."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a report rests on; printed by every one of them.

    `period` is told in words; `definitions` are pairs of a term and what it means here.
    """

    command: str
    ruleset: str
    inputs: tuple[Input, ...]
    period: str = "all records given"
    definitions: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    night: str = ""
    """What counts as a night in custody, in words; stands wherever a definition speaks of it."""
    numbers: str | None = None
    """Whose policy the rules judged by, in words; empty where there was none, None where not known."""

    @property
    def input_hash(self) -> str:
        """One digest of all files read, in any order: the same records give the same."""
        digests = sorted(each.sha256 for each in self.inputs)
        return hashlib.sha256("".join(digests).encode()).hexdigest()

    def nameless(self, command: str) -> Provenance:
        """Return what may leave the force: without paths and names of files, which may name a child.

        `command` stands for the command; the file `MADE` tells the force all of it.
        """
        inputs = tuple(Input(f"file {n}", each.sha256) for n, each in enumerate(self.inputs, 1))
        told = f"{command} (the whole command is in {MADE}, which the force keeps)"
        numbers = "a force's own policy" if self.numbers else self.numbers
        return replace(self, command=told, inputs=inputs, numbers=numbers)

    def lines(self) -> list[tuple[str, str]]:
        """Return what is printed, each with its label."""
        files = ", ".join(f"{each.name} ({each.sha256[:12]})" for each in self.inputs[:_SHOWN])
        more = len(self.inputs) - _SHOWN
        return [
            ("command", printable(self.command, 2_000)),
            ("period", self.period),
            ("rules", f"ruleset {self.ruleset}"),
            *self._numbers(),
            ("records", f"SHA-256 {self.input_hash}"),
            ("files", printable(f"{files} and {more:,} more" if more > 0 else files, 4_000)),
            ("program", f"detention-monitor {__version__}"),
            *(("note", each) for each in self.notes),
        ]

    def _numbers(self) -> list[tuple[str, str]]:
        if self.numbers is None:
            return []
        return [("numbers", printable(self.numbers or "those that come with the rules"))]


_SHOWN = 12
_NIGHT = ("night_least", "night_from", "night_to")


def night_in_words(parameters: Parameters) -> str:
    """Return what counts as a night, with each day from which that was changed."""
    starts = sorted({each.start for name in _NIGHT for each in parameters.values[name]})
    told: list[str] = []
    for start in starts:
        least, since, till = (parameters.value(name, start) for name in _NIGHT)
        clock = [f"{each // HOUR:02d}:{each % HOUR // 60:02d}" for each in (since, till)]
        text = f"at least {in_words(least)} in police detention between {clock[0]} and {clock[1]} local, in one night"  # fmt: skip
        told.append(f"from {day_of(start)} {text}" if told else text)
    return "; ".join(told)


def inputs_of(files: Sequence[str]) -> tuple[Input, ...]:
    """Return the files of a report with their digests.

    Raises `RecordError` for standard input, of which nobody could say later what it was.
    """
    if "-" in files:
        raise RecordError(
            "a report says which records it was made of, so it needs files; "
            "write standard input to a file first"
        )
    stamps = [_stamp(Path(each)) for each in files]  # first: a change while we digest shows too
    return tuple(
        Input(Path(each).name, _digest(Path(each)), stamp)
        for each, stamp in zip(files, stamps, strict=True)
    )


def unchanged(files: Sequence[str], inputs: Sequence[Input]) -> None:
    """Raise `InputChangedError` for a file that is not as it was when its digest was taken.

    To be called once the files were read: a report must not name other bytes than it counted.
    """
    for each, before in zip(files, inputs, strict=True):
        try:
            same = _stamp(Path(each)) == before.stamp
        except FileNotFoundError:
            raise InputChangedError(
                f"{each} was taken away while the report was made; nothing was written"
            ) from None
        if not same:
            raise InputChangedError(
                f"{each} was changed while the report was made, so that it cannot say what it rests on; "
                "nothing was written. Make it of a file to which nobody writes, of a copy, say"
            )


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ino


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
