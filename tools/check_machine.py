"""Say in one line what this machine lacks to build durable_rules, and how to get it.

Usage: python3 tools/check_machine.py COMPILER [FLAG...]. Exits 1 if something is missing.
Runs before there is a virtual environment, on any Python 3, so it uses nothing newer than 3.6.
"""

import os
import shutil
import subprocess
import sys
import sysconfig

OLDEST = (3, 11)


def lacking(compiler):
    """Return the first thing this machine lacks with its cure, or None."""
    version = "{}.{}".format(*sys.version_info[:2])
    if sys.version_info < OLDEST:
        return (
            "Python 3.11 or newer is needed; {} is Python {}."
            " Name a newer one: PYTHON=python3.12 make".format(sys.executable, version)
        )
    if not makes_environments():
        return (
            "Python's venv module is missing. Debian and Ubuntu: sudo apt install python3-venv"
            " (or python{}-venv)".format(version)
        )
    if shutil.which(compiler[0]) is None:
        return (
            "The C compiler '{0}' is missing; durable_rules is compiled on installation."
            " Debian and Ubuntu: sudo apt install gcc libc6-dev".format(compiler[0])
        )
    if not os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")):
        return (
            "Python's C headers are missing. Debian and Ubuntu: sudo apt install python3-dev"
            " (or python{}-dev)".format(version)
        )
    if not compiles(compiler):
        return (
            "'{}' cannot compile a program that includes <Python.h>."
            " Debian and Ubuntu: sudo apt install gcc libc6-dev python3-dev".format(
                " ".join(compiler)
            )
        )
    return None


def makes_environments():
    """Say whether `python -m venv` works; Debian keeps the half it needs in another package."""
    try:
        import ensurepip
        import venv
    except ImportError:
        return False
    return hasattr(venv, "create") and hasattr(ensurepip, "version")


def compiles(compiler):
    """Say whether the compiler, the C library's headers and Python's headers work together."""
    command = [*compiler, "-I", sysconfig.get_paths()["include"], "-fsyntax-only", "-x", "c", "-"]
    run = subprocess.run(
        command,
        input=b"#include <Python.h>\n",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return run.returncode == 0


if __name__ == "__main__":
    problem = lacking(sys.argv[1:] or ["gcc"])
    if problem:
        sys.exit(problem)
