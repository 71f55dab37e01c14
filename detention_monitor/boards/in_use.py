"""The rules behind a board: their numbers at once, the rules themselves as soon as they are read.

A monitor has already judged what it stored. So a board of the present shows it first, and reads the
rules beside it: only who asks why, or for the law, may have to wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

from detention_monitor.catalogue import load_catalogue
from detention_monitor.lawtext import LawText, load_law
from detention_monitor.parameters import Parameters, load_parameters
from detention_monitor.rulebook import RuleBook
from detention_monitor.rulefile import PARAMETERS, RuleSet, hash_of, load_rules
from detention_monitor.wording import Wording


@dataclass(frozen=True, slots=True)
class Told:
    """A rule set, and the book in which it is told in the words of its own folder."""

    ruleset: RuleSet
    book: Callable[[], RuleBook]


class InUse:
    """See the module. `note` says why these are not the rules by which was judged, if they are not.

    `texts` gives the law's own words, which the hash does not cover.
    """

    def __init__(
        self, name: str, parameters: Parameters, read: Callable[[], Told],
        texts: Callable[[], Sequence[LawText]],
    ) -> None:  # fmt: skip
        """Hold hash and numbers; `read` gives the rest, or raises `RuleFileError`."""
        self.hash, self.parameters, self.note, self.texts = name, parameters, "", texts
        self._read, self._lock = read, Lock()
        self._told: Future[Told] | None = None

    @classmethod
    def of(cls, ruleset: RuleSet) -> InUse:
        """Return rules that are read already."""
        folder = ruleset.files[0].path.parent
        read = Told(ruleset, lambda: book_of(ruleset, folder))
        return cls(ruleset.hash, ruleset.parameters, lambda: read, lambda: load_law(folder))

    @classmethod
    def folder(cls, folder: Path, policy: Path | None) -> InUse:
        """Return the rules of a folder; raise `RuleFileError` where its numbers cannot be read."""

        def read() -> Told:
            ruleset = load_rules(folder, policy)
            return Told(ruleset, lambda: book_of(ruleset, folder))

        parameters = load_parameters(folder / PARAMETERS, policy)
        return cls(hash_of(folder, policy), parameters, read, lambda: load_law(folder))

    def begin(self) -> None:
        """Read beside what goes on; a second time this does nothing."""
        with self._lock:
            if self._told is not None:
                return
            self._told = Future()
        Thread(target=self._fill, args=(self._told,), daemon=True, name="rules").start()

    def _fill(self, told: Future[Told]) -> None:
        try:
            told.set_result(self._read())
        except BaseException as error:  # noqa: BLE001 - whoever asks for the rules hears of it
            told.set_exception(error)

    @property
    def is_ready(self) -> bool:
        """Whether they are read, so that nobody waits for them."""
        return self._told is not None and self._told.done()

    def told(self) -> Told:
        """Return the rules; wait until they are read. Raises `RuleFileError`."""
        self.begin()
        assert self._told is not None  # by `begin`
        return self._told.result()


def book_of(ruleset: RuleSet, folder: Path) -> RuleBook:
    """Return the book of a rule set, in the words and by the catalogue of a folder."""
    return RuleBook(ruleset, load_catalogue(folder), Wording.load(folder))
