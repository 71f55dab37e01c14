"""Where results go: private files, the quarantine, a line of progress."""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self

import click
import orjson

from detention_monitor.replay import Progress, quiet
from detention_monitor.runstate import RunState
from detention_monitor.sources import SetAside
from detention_monitor.text import printable


def check_places(out: Path | None, quarantine: Path) -> None:
    """Raise `UsageError` now, not after hours, where results or the quarantine cannot be written."""
    for option, path in (("--out", out), ("--quarantine", quarantine)):
        check_folder(option, path)
    if out is None:
        return
    if out.exists() and not out.is_file():
        raise click.UsageError(f"--out {out}: not a file; leave out --out to write to stdout")
    if out.resolve() == quarantine.resolve():
        raise click.UsageError(
            f"--out and the quarantine are both {out}; name another --quarantine"
        )


def check_folder(option: str, path: Path | None) -> None:
    """Raise `UsageError` now, not after the work, where a file cannot be made in its folder."""
    if path is None:
        return
    if not path.parent.is_dir():
        raise click.UsageError(f"{option} {path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise click.UsageError(f"{option} {path}: you may not write to the folder {path.parent}")


class Quarantine:
    """The file of lines that were set aside; made only when there is one, readable by its owner."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, each: SetAside) -> None:
        """Write one line; the first few are named on stderr, without their text."""
        if self._file is None:
            self._file = private(self.path)
        line = {"origin": each.origin, "reason": each.reason, "line": each.line}
        self._file.write(orjson.dumps(line) + b"\n")
        self.count += 1
        if self.count <= 10:
            click.echo(f"set aside: {each.origin}: {printable(each.reason)}", err=True)
        elif self.count == 11:
            click.echo(f"set aside: more, see {self.path}", err=True)


def private(path: Path) -> BinaryIO:
    """Open a file to write, made anew or emptied, that only its owner may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):  # /dev/null stays everybody's
        os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb")


@contextmanager
def target(out: Path | None) -> Iterator[BinaryIO]:
    """Give what to write to: stdout, or a file that takes its name only once it is complete."""
    if out is None:
        yield sys.stdout.buffer
        return
    unfinished = out.with_name(f"{out.name}.unfinished")
    try:
        with private(unfinished) as file:
            yield file
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def kept(out: Path | None, files: Sequence[str], *, resume: bool) -> Iterator[RunState | None]:
    """Give the folder beside the output in which the run is kept; without an output there is none."""
    if resume and (out is None or "-" in files):
        raise click.UsageError("--resume needs files to read and --out, beside which a run is kept")
    if out is None or "-" in files:
        yield None
        return
    named = out if out.name not in ("", "..") else out.resolve()  # --out . is a folder as any
    state = RunState(named, resume=resume)
    try:
        with state:
            yield state
    finally:
        if state.begun_anew:
            click.echo(f"begun anew: {state.begun_anew}", err=True)
        if state.is_kept:
            click.echo(f"what was done is kept; --resume goes on with {out}", err=True)


@contextmanager
def progress_line() -> Iterator[Progress]:
    """Give a progress line on stderr: how much, how fast, how long still; none without a terminal."""
    if not sys.stderr.isatty():
        yield quiet
        return
    start = time.monotonic()
    shown = False
    first: tuple[float, int] | None = None  # of judging: reading has another pace

    def show(phase: str, done: int, total: int) -> None:
        nonlocal shown, first
        spent = time.monotonic() - start
        if phase == "reading":
            text = f"reading: {done:,} entries, {done / max(spent, 0.001):,.0f} a second"
        else:
            if first is None:
                first = time.monotonic(), done
            since, judged = time.monotonic() - first[0], done - first[1]
            left = f", about {since / judged * (total - done):,.0f} s left" if judged else ""
            text = f"judging: {done:,} of {total:,} parts{left}"
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        shown = True

    yield show
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)
