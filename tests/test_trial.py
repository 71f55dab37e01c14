"""Rules are compiled in a process of their own: one that hangs, dies or refuses is told as such."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from detention_monitor.authoring.trial import compiles
from tests.conftest import RULES

BAD = Path(__file__).parent / "bad_rules"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / name, tmp_path / name)
    shutil.copy(BAD / "_sound.yaml", tmp_path / "x.yaml")
    return tmp_path


def test_sound_rules_compile(folder: Path) -> None:
    assert compiles(folder, None) is None


def test_what_takes_too_long_is_given_up(folder: Path) -> None:
    found = compiles(folder, None, longest=0.01)
    assert found is not None
    assert found.code == "engine-hangs"
    assert "take back the last change" in found.message


def test_what_is_refused_is_told_with_its_place(folder: Path) -> None:
    shutil.copy(BAD / "unknown-kind.yaml", folder / "x.yaml")
    found = compiles(folder, None)
    assert found is not None
    assert found.code == "engine-refuses"
    assert "x.yaml:13:19: no kind of entry is called 'reveiw_held'" in found.message


def test_a_crash_is_told_as_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process is this Python, with a start-up file that kills it as the engine would."""
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    died = subprocess.run([sys.executable, "-c", ""], check=False)
    assert died.returncode == -signal.SIGSEGV
    found = compiles(folder, None)
    assert found is not None
    assert found.code == "engine-crashes"
