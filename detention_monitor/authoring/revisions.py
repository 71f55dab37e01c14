"""Where rule sets that are compared come from: a folder, or a git revision of one."""

from __future__ import annotations

import io
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from detention_monitor.errors import DetentionMonitorError


@contextmanager
def rules_of(name: str, beside: Path) -> Iterator[Path]:
    """Give the folder of rules that a name stands for: a folder, or a git revision of `beside`.

    Raises `DetentionMonitorError` where it is neither, or the revision has no such folder.
    """
    folder = Path(name)
    if folder.is_dir():
        yield folder
        return
    archive = _archive(name, beside)
    with TemporaryDirectory() as place:
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(place, filter="data")
        yield Path(place)


def _archive(revision: str, beside: Path) -> bytes:
    if revision.startswith("-"):
        raise DetentionMonitorError(f"'{revision}' is neither a folder of rules nor a git revision")
    try:
        top, _, prefix = _git(beside, "rev-parse", "--show-toplevel", "--show-prefix").partition(
            b"\n"
        )
        inside = prefix.decode().strip().rstrip("/")
        return _git(Path(top.decode()), "archive", "--format=tar", f"{revision}:{inside}")
    except FileNotFoundError as error:
        message = f"'{revision}' is not a folder, and git is not here to look for a revision"
        raise DetentionMonitorError(message) from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr.decode(errors="replace").strip().splitlines() or ["no word of why"])[
            -1
        ]
        message = (
            f"'{revision}' is neither a folder of rules nor a git revision of {beside}: {said}"
        )
        raise DetentionMonitorError(message) from error


def _git(place: Path, *words: str) -> bytes:
    command = ["git", "-C", str(place), *words]
    return subprocess.run(command, capture_output=True, check=True).stdout  # noqa: S603 - no shell
