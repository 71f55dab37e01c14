"""What a replay has done so far, in a folder beside its output, so that it can go on (design D11).

A run is named by the digests of its inputs, its rules, its policy and its options; a folder of
another run is refused, never mixed in. The folder holds records: only its owner may read it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import msgspec

from detention_monitor.errors import InputChangedError, RecordError
from detention_monitor.judging import Product, Settings
from detention_monitor.partition import Partition
from detention_monitor.paths import PACKAGE
from detention_monitor.sources import SetAside
from detention_monitor.vocabulary import Coverage

MADE = "made"
"""A file in the folder for what a report makes of the results; each run writes it anew."""


class _Parts(msgspec.Struct):
    """What was read: written when all of it lies in buckets, and the reading need not be repeated."""

    run: dict[str, str]
    sizes: dict[str, int]
    not_carried: list[list[str]]
    entries: int
    set_aside: list[SetAside]


class RunState:
    """The folder of a run; `with` keeps other runs out of it, and removes it at success.

    Raises `RecordError` where there is nothing to resume, or another run is at work in it.
    """

    def __init__(self, out: Path, *, resume: bool) -> None:
        self.folder = out.with_name(f"{out.name}.parts")
        self._out, self._resume = out, resume
        self._manifest = self.folder / "read"
        self._lock = -1
        self._run: dict[str, str] = {}
        self._set_aside: list[SetAside] = []
        self._is_ours = False
        self.begun_anew = ""
        """Why nothing of an earlier run was kept, if there was one."""

    def __enter__(self) -> Self:
        if self._resume and not self.folder.is_dir():
            raise RecordError(
                f"{self._out}: nothing to resume, {self.folder.name} is not there; "
                "leave out --resume to begin"
            )
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._lock)
            raise RecordError(f"{self._out}: another replay is writing this file") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        useless = kind is not None and issubclass(kind, InputChangedError)
        if kind is None or useless or not self._manifest.exists():
            shutil.rmtree(self.folder)
        os.close(self._lock)

    @property
    def is_kept(self) -> bool:
        """Whether there is something of this run here that a later one can go on with."""
        return self._is_ours and self._manifest.exists()

    def begin(
        self, files: Sequence[str], settings: Settings, set_aside: Callable[[SetAside], None]
    ) -> Partition | None:
        """Return what an earlier run read, or None to read it now.

        Lines that were set aside then are handed on again. Raises `RecordError`, by name, for
        what changed since.
        """
        self._run = _run_of(files, settings)
        before = self._read() if self._resume else None
        if before is None:
            if self._manifest.exists():
                self.begun_anew = "an unfinished run was here; --resume would have gone on with it"
            elif self._resume:
                self.begun_anew = "the earlier run had not finished reading"
            self._empty()
            return None
        changed = [name for name in {**before.run, **self._run}
                   if before.run.get(name) != self._run.get(name)]  # fmt: skip
        if changed:
            raise RecordError(
                f"{self._out}: cannot be resumed, for this is not the same run: "
                f"{', '.join(changed)}. Leave out --resume to begin anew"
            )
        self._is_ours = True
        for each in before.set_aside:
            set_aside(each)
        coverages = [Coverage.of_names(names) for names in before.not_carried]
        buckets = [self.folder / name for name in before.sizes]
        return Partition(buckets, coverages, before.entries, len(before.set_aside))

    def also_kept(self, set_aside: Callable[[SetAside], None]) -> Callable[[SetAside], None]:
        """Return what hands a line on and keeps it for a later run."""

        def keep(each: SetAside) -> None:
            self._set_aside.append(each)
            set_aside(each)

        return keep

    def partitioned(self, parts: Partition) -> None:
        """Keep what was read. From here on the run can be resumed."""
        for path in parts.buckets:
            _sync(path)
        manifest = _Parts(
            self._run,
            {path.name: path.stat().st_size for path in parts.buckets},
            [[*each.names] for each in parts.coverages],
            parts.entries,
            self._set_aside,
        )
        unfinished = self._manifest.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.msgpack.encode(manifest))
        _sync(unfinished)
        unfinished.replace(self._manifest)
        self._is_ours = True

    def _read(self) -> _Parts | None:
        """Return what was read, if all of it is still there."""
        try:
            found = msgspec.msgpack.decode(self._manifest.read_bytes(), type=_Parts)
            whole = all(
                (self.folder / name).stat().st_size == size for name, size in found.sizes.items()
            )
        except FileNotFoundError:
            return None
        except msgspec.DecodeError as error:
            raise RecordError(f"{self._manifest}: damaged; leave out --resume") from error
        return found if whole else None

    def _empty(self) -> None:
        for path in self.folder.iterdir():
            if path.name not in ("lock", MADE):
                path.unlink()


def _run_of(files: Sequence[str], settings: Settings) -> dict[str, str]:
    """Return what must be the same for a run to go on, each part by its name for people."""
    records = {f"the records in {each}": digest(Path(each)) for each in files}
    return {
        **records,
        "the files and their order": hashlib.sha256("\0".join(files).encode()).hexdigest(),
        "the rules or the policy": settings.ruleset,
        "the column map (--map)": digest(settings.map) if settings.map else "",
        "--as-of": str(settings.as_of),
        "--as-known": settings.reading,
        "--format": settings.format,
        "--all": str(settings.all),
        "--engine": settings.engine,
        "the report": _named(settings.product),
        "--check or --seed": f"{settings.checked} {settings.seed}",
        "this program": program_digest(),
    }


def _named(product: Product | None) -> str:
    """Return the name of what a run makes of each detention, if it is not findings."""
    made = product.func if isinstance(product, partial) else product
    return "" if made is None else f"{made.__module__}.{made.__qualname__}"


def program_digest() -> str:
    """Return a digest of the code that judges: a version alone does not change with every edit."""
    out = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        out.update(path.read_bytes())
    return out.hexdigest()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal; of one that cannot be read, that it cannot."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "cannot be read"  # the file is set aside when its turn comes


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
