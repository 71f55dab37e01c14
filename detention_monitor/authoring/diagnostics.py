"""Show what is wrong with rule files: to a person with the line and a caret, or to a machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.cells import cell_len

from detention_monitor import __version__
from detention_monitor.authoring.codes import CODES
from detention_monitor.errors import Diagnostic
from detention_monitor.text import printable
from detention_monitor.yamlfile import LARGEST

_WIDEST = 96
_BEFORE = 40
"""Characters kept before the fault where a line is too long to show whole."""


def shown(diagnostic: Diagnostic, folder: Path, policy: Path | None = None) -> str:
    """Return a diagnostic as a person reads it: place, fault, and the line with a caret under it.

    What is wrong with a policy file stands beside no folder of rules.
    """
    word = "" if diagnostic.severity == "error" else f"{diagnostic.severity}: "
    place = f"{diagnostic.file}:{diagnostic.line}:{diagnostic.column}"
    head = f"{place}: {word}{printable(diagnostic.message, 500)} [{diagnostic.code}]"
    path = place_of(diagnostic, folder, policy)
    snippet = _snippet(path, diagnostic.line, diagnostic.column)
    return "\n".join((head, *snippet))


def place_of(diagnostic: Diagnostic, folder: Path, policy: Path | None) -> Path:
    """Return the path of the file that a diagnostic is about."""
    path = folder / diagnostic.file
    of_policy = policy is not None and diagnostic.file == policy.name and not path.exists()
    return policy if policy is not None and of_policy else path


def _snippet(path: Path, line: int, column: int) -> list[str]:
    try:
        if not path.is_file() or path.stat().st_size > LARGEST:
            return []
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            text = next((each for number, each in enumerate(file, 1) if number == line), None)
    except OSError:
        return []
    if text is None or not text.strip() or "\0" in text:
        return []
    source, at = text.rstrip("\n"), column - 1
    start = max(0, at - _BEFORE) if len(source) > _WIDEST else 0
    cut = source[start : start + _WIDEST]
    dots = "..." if start else ""
    number = f"{line:>5} | "
    shown = printable(cut.replace("\t", "→"), _WIDEST)
    before = len(dots) + cell_len(shown[: at - start])
    return [number + dots + shown, " " * (len(number) - 2) + "| " + " " * before + "^"]


def as_json(diagnostic: Diagnostic) -> dict[str, Any]:
    """Return a diagnostic as plain data; line and column count from 1."""
    names = ("file", "line", "column", "code", "message", "severity")
    return {name: getattr(diagnostic, name) for name in names}


def sarif(
    diagnostics: Sequence[Diagnostic], folder: str, policy: Path | None = None
) -> dict[str, Any]:
    """Return diagnostics in SARIF 2.1.0, which code hosting shows beside the line.

    `folder` is what the file names are relative to, as it lies in the repository.
    """
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "detention-monitor rules check",
                        "version": __version__,
                        "rules": [_rule(code) for code in _codes(diagnostics)],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, folder, policy) for each in diagnostics],
            }
        ],
    }


def _codes(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return sorted({each.code for each in diagnostics})


def _rule(code: str) -> dict[str, Any]:
    about = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": about.about},
        "help": {"text": about.cure},
        "defaultConfiguration": {"level": about.severity},
    }


def _result(diagnostic: Diagnostic, folder: str, policy: Path | None) -> dict[str, Any]:
    uri = quote(place_of(diagnostic, Path(folder), policy).as_posix())
    region = {"startLine": diagnostic.line, "startColumn": diagnostic.column}
    return {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": diagnostic.message},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}],
    }
