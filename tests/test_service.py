"""The example of a service is one that systemd takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

UNIT = ROOT / "docs" / "detention-monitor.service"


def test_the_unit_says_what_the_monitor_needs() -> None:
    said = UNIT.read_text().splitlines()
    # reload is SIGHUP, files are the owner's alone, only the monitor itself is told to stop
    for setting in ("ExecReload=/bin/kill -HUP $MAINPID", "UMask=0077", "KillMode=mixed"):
        assert setting in said


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_finds_nothing_wrong_in_the_unit(tmp_path: Path) -> None:
    copy = tmp_path / UNIT.name
    text = UNIT.read_text()
    assert "/opt/detention-monitor/bin/detention-monitor" in text
    copy.write_text(text.replace("/opt/detention-monitor/bin/detention-monitor", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
