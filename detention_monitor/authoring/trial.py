"""Compile a rule set in a process of its own first: some definitions hang or crash the C engine.

`python -m detention_monitor.authoring.trial RULES [POLICY]` loads and compiles, and says nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from detention_monitor.errors import Diagnostic

LONGEST = 120.0
"""Seconds after which compiling is given up; the rules of this repository take about two."""


def compiles(folder: Path, policy: Path | None, *, longest: float = LONGEST) -> Diagnostic | None:
    """Compile the rules of a folder in another process; return what is wrong, or None."""
    command = [sys.executable, "-m", "detention_monitor.authoring.trial", str(folder)]
    command += [str(policy)] if policy else []
    try:
        ran = subprocess.run(  # noqa: S603 - our own module, no shell
            command, capture_output=True, text=True, timeout=longest, check=False
        )
    except subprocess.TimeoutExpired:
        message = f"the engine had not compiled these rules after {longest:.0f} seconds"
        return _about(folder, "engine-hangs", message)
    if ran.returncode == 0:
        return None
    last = ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "no word of why"
    if ran.returncode < 0:
        return _about(folder, "engine-crashes", f"the engine crashed on these rules: {last}")
    return _about(folder, "engine-refuses", last)


def _about(folder: Path, code: str, message: str) -> Diagnostic:
    return Diagnostic(str(folder), 1, 1, code, f"{message}; take back the last change")


def main() -> None:
    """Load and compile; leave with a non-zero status and one line where that fails."""
    from detention_monitor.durable import DurableBackend
    from detention_monitor.errors import DetentionMonitorError
    from detention_monitor.rulefile import load_rules

    folder, *policy = map(Path, sys.argv[1:])
    try:
        DurableBackend(load_rules(folder, policy[0] if policy else None).plan)
    except DetentionMonitorError as error:
        sys.exit(str(error).splitlines()[0])


if __name__ == "__main__":
    main()
