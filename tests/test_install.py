"""A machine or an installation that lacks something says what, in one line, with the cure."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from detention_monitor import engine
from detention_monitor.paths import bundled_rules, bundled_samples

ROOT = Path(__file__).resolve().parent.parent
CHECK = ROOT / "tools" / "check_machine.py"
BUILD = 'CC="gcc -O2 -DPyEval_CallObject=PyObject_CallObject"'


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with nothing on standard input."""
    return subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("compiler", "cure"),
    [("no-such-compiler", "apt install gcc libc6-dev"), ("false", "libc6-dev python3-dev")],
    ids=["absent", "cannot-compile"],
)
def test_a_machine_that_cannot_compile_gets_one_line_with_the_cure(
    compiler: str, cure: str
) -> None:
    checked = run(sys.executable, CHECK, compiler)

    assert checked.returncode == 1
    assert checked.stdout == ""
    assert len(lines(checked.stderr)) == 1
    assert cure in checked.stderr
    assert compiler in checked.stderr


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no gcc here")
def test_a_machine_that_has_everything_hears_nothing() -> None:
    checked = run(sys.executable, CHECK, "gcc", "-O2")

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.skipif(shutil.which("make") is None, reason="no make here")
@pytest.mark.parametrize(
    ("setting", "cure"),
    [
        ("PYTHON=no-such-python", "apt install python3 python3-dev python3-venv"),
        ("ENGINE_CC=no-such-compiler", "apt install gcc"),
    ],
    ids=["python", "compiler"],
)
def test_make_stops_with_one_line_before_it_makes_anything(
    setting: str, cure: str, tmp_path: Path
) -> None:
    venv = tmp_path / "venv"

    made = run("make", "-C", ROOT, "setup", f"VENV={venv}", setting, MAKEFLAGS="", MAKELEVEL="")

    said = [line for line in lines(made.stderr) if not line.startswith("make")]
    assert made.returncode != 0
    assert len(said) == 1
    assert cure in said[0]
    assert not venv.exists()


def test_an_engine_that_cannot_be_loaded_gives_one_line_with_the_cure(tmp_path: Path) -> None:
    """As on Python 3.13 after a plain `pip install .`."""
    broken = "raise ImportError('undefined symbol: PyEval_CallObject')\n"
    (tmp_path / "durable_rules_engine.py").write_text(broken)
    story = next(bundled_samples().glob("T01*.jsonl"))

    replayed = run(
        sys.executable, "-m", "detention_monitor", "replay", story, PYTHONPATH=str(tmp_path)
    )

    assert replayed.returncode == 2
    assert replayed.stdout == ""
    assert len(lines(replayed.stderr)) == 1
    assert "undefined symbol: PyEval_CallObject" in replayed.stderr
    assert f"{BUILD} python -m pip install" in replayed.stderr


def test_every_place_that_builds_durable_rules_builds_it_alike() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    version = next(one for one in project["project"]["dependencies"] if "durable_rules" in one)
    compiler = BUILD.removeprefix('CC="').removesuffix('"')

    assert version in engine.CANNOT_LOAD
    assert BUILD in engine.CANNOT_LOAD
    assert BUILD in (ROOT / "README.md").read_text()
    assert f"ENGINE_CC ?= {compiler}\n" in (ROOT / "Makefile").read_text()
    assert project["tool"]["uv"]["extra-build-variables"]["durable-rules"]["CC"] == compiler


def test_rules_and_stories_are_found_in_a_checkout() -> None:
    assert bundled_rules() == ROOT / "rules"
    assert list(bundled_rules().glob("*.yaml"))
    assert bundled_samples() == ROOT / "sample_records"


def test_an_installed_wheel_reads_the_rules_inside_it(tmp_path: Path) -> None:
    package = tmp_path / "detention_monitor"
    (package / "rules").mkdir(parents=True)
    for name in ("__init__.py", "paths.py"):
        shutil.copy(ROOT / "detention_monitor" / name, package)
    ask = "from detention_monitor.paths import bundled_rules; print(bundled_rules())"

    told = run(sys.executable, "-P", "-c", ask, PYTHONPATH=str(tmp_path))

    assert told.stdout.strip() == str(package / "rules")
